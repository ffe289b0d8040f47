"""Where people reach us: the address that every link and code carries, and the phone to call."""

import re
from dataclasses import dataclass

_RUN_ON = re.compile(r"(https?://[!-~]+)(?:。|(?=[^!-~\s]))")


@dataclass(frozen=True)
class Site:
    """``public_url`` has no slash at its end (PUBLIC_URL); ``help_phone`` is answered in working hours.

    ``sign`` stands at the head of every message. A provider approves one and sends no other (CHENGJIU_SMS_SIGN).
    """

    public_url: str
    help_phone: str
    sign: str = "澄救"

    def link(self, path: str) -> str:
        """Return the full address of a path that begins with a slash."""
        return self.public_url + path

    def signed(self, text: str) -> str:
        """Return a message's text with its sign, as providers write it, and every address set off from what follows.

        Phones take Han characters and their full stop for a part of the address that they make a link of.
        """
        parted = _RUN_ON.sub(r"\1 ", text).rstrip()
        return f"【{self.sign}】{parted}"


_site: Site | None = None


def use_site(chosen: Site) -> None:
    """Install the process's site; the application factory does it once."""
    global _site
    _site = chosen


def site() -> Site:
    """Return the process's site."""
    if _site is None:
        raise RuntimeError("no site: build the application first")
    return _site
