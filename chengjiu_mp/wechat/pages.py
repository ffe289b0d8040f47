"""Our web pages within WeChat: the signature with which one may use the JS-SDK."""

import secrets
from dataclasses import dataclass
from urllib.parse import urlsplit

from chengjiu_mp.core import clock
from chengjiu_mp.core.outside import Unreachable
from chengjiu_mp.core.site import site
from chengjiu_mp.wechat import errors, signatures
from chengjiu_mp.wechat.client import Client
from chengjiu_mp.wechat.errors import ApiRefused


@dataclass(frozen=True)
class PageConfig:
    """What ``wx.config`` takes; ``timestamp`` in seconds."""

    appid: str
    timestamp: int
    nonce: str
    signature: str


_pages: Client | None = None


def use_pages(chosen: Client | None) -> None:
    """Install the official account's client, or none; the application factory does it once."""
    global _pages
    _pages = chosen


def config_for(url: str) -> PageConfig:
    """Return the signature of a page of ours, as its address bar shows it; what follows # is no part of it.

    :raise PagesNotConfigured, NotOurPage: :raise WechatBusy: when the platform gives no ticket
    """
    if _pages is None:
        raise errors.PagesNotConfigured
    if not _is_ours(url):
        raise errors.NotOurPage(field="url")
    try:
        ticket = _pages.page_ticket()
    except (ApiRefused, Unreachable):
        raise errors.WechatBusy from None
    nonce, at = secrets.token_hex(8), int(clock.now().timestamp())
    return PageConfig(_pages.settings.appid, at, nonce, signatures.page(ticket, nonce, at, url))


def _is_ours(url: str) -> bool:
    # A browser's own address is printable ASCII; anything else could be read as another host by another reader.
    if not (url.isascii() and url.isprintable()) or " " in url or "\\" in url:
        return False
    try:
        given, ours = urlsplit(url), urlsplit(site().public_url)
    except ValueError:
        return False
    return (given.scheme, given.netloc) == (ours.scheme, ours.netloc)
