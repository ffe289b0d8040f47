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
    """The mini program's identity. ``version`` is the one that a message opens: formal, trial or developer."""

    appid: str
    secret: str = field(repr=False)
    url: str = HOST
    templates: tuple[Template, ...] = ()
    version: str = "formal"
    callback_token: str = field(default="", repr=False)
    callback_key: str = field(default="", repr=False)

    def template_for(self, kind: str) -> Template | None:
        """Return the template of a kind: its own before its family's; None when there is none."""
        found = {one.kind: one for one in self.templates}
        return found.get(kind) or found.get(kind.partition(".")[0])
