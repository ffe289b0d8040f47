"""Where people reach us: the address that every link and code carries, and the phone to call."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Site:
    """``public_url`` has no slash at its end (PUBLIC_URL); ``help_phone`` is answered in working hours."""

    public_url: str
    help_phone: str

    def link(self, path: str) -> str:
        """Return the full address of a path that begins with a slash."""
        return self.public_url + path


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
