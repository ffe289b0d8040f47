"""What the platform gave us, as the environment says it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

HOST = "https://api.weixin.qq.com"


@dataclass(frozen=True)
class Template:
    """A subscribe-message template: which messages it carries, and where each of its fields comes from.

    :ivar kind: a kind of message (``signup.confirmed``) or its family (``signup``)
    :ivar data: field -> name of a variable of the message (``outbox/wording.py``), or ``=`` and constant words
    """

    kind: str
    id: str
    data: Mapping[str, str]
    page: str = ""


@dataclass(frozen=True)
class WechatSettings:
    """The mini program's identity. ``version`` is the one that a message opens: formal, trial or developer.

    :ivar code_page: the page that a mini-program code opens; empty for its first page
    :ivar pages_appid: the official account under which our web pages use the JS-SDK, with its secret; empty for none
    """

    appid: str
    secret: str = field(repr=False)
    url: str = HOST
    templates: tuple[Template, ...] = ()
    version: str = "formal"
    callback_token: str = field(default="", repr=False)
    callback_key: str = field(default="", repr=False)
    code_page: str = ""
    pages_appid: str = ""
    pages_secret: str = field(default="", repr=False)

    def of_pages(self) -> "WechatSettings | None":
        """Return the official account's own settings, None where there is none."""
        if not self.pages_appid:
            return None
        return WechatSettings(self.pages_appid, self.pages_secret, url=self.url)

    def template_for(self, kind: str) -> Template | None:
        """Return the template of a kind: its own before its family's; None when there is none."""
        found = {one.kind: one for one in self.templates}
        return found.get(kind) or found.get(kind.partition(".")[0])
