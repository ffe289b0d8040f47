"""What a mini-program code leads to: its scene holds the same token as the link, and the platform's 32 characters are
enough for it.

``s=`` and a poster's token: a run, or the list of a series, a venue or a unit. ``i=`` and a ticket's token.
"""

from dataclasses import dataclass

from chengjiu_mp.core.errors import Kind, NotFound, Refusal
from chengjiu_mp.core.outside import Unreachable
from chengjiu_mp.core.site import site
from chengjiu_mp.courses import links, queries, signup_queries
from chengjiu_mp.wechat.client import connected
from chengjiu_mp.wechat.errors import ApiRefused, CodeNotDrawn
from chengjiu_mp.wechat.fields import scene_fits

PLACES = {"s": "/s/", "i": "/i/"}


class SceneWrong(Refusal):
    """Empty, longer than 32 characters, or with a character that no code can hold, such as a %."""

    code = "scene_wrong"
    message = "这个小程序码里的内容读不懂。请重新扫一次，或到首页查找场次。"
    kind = Kind.INVALID


@dataclass(frozen=True)
class Opened:
    """``kind``: run, series, venue, unit or ticket; ``id`` of it; ``token`` opens it, and so does ``url`` in a page."""

    kind: str
    id: int
    token: str
    title: str
    url: str


def scene_of(url: str) -> str:
    """Return the scene of a link of ours: /s/… or /i/…

    :raise ValueError: for any other
    """
    path = url.removeprefix(site().public_url)
    for letter, place in PLACES.items():
        scene = f"{letter}={path.removeprefix(place)}"
        if path.startswith(place) and scene_fits(scene):
            return scene
    raise ValueError("no scene for this link")


def opened(scene: str) -> Opened:
    """Return what a scanned scene leads to; it is decoded once already.

    :raise SceneWrong: what no code of ours can hold; :raise NotFound: when it leads nowhere (any more)
    """
    letter, equals, token = scene.partition("=")
    if not scene_fits(scene) or not equals or letter not in PLACES:
        raise SceneWrong(field="scene")
    url = site().link(PLACES[letter] + token)
    if letter == "i":
        signup = signup_queries.signup_by_ticket(token)
        return Opened("ticket", signup.id, token, signup.run.title, url)
    try:
        run = queries.run_by_token(token).run
    except NotFound:
        found = links.link_by_token(token)
        return Opened(found.link.kind, found.link.id, token, found.title, url)
    return Opened("run", run.id, token, run.title, url)


def mini_code(url: str) -> bytes:
    """Return the mini-program code of a link as JPEG or PNG; asks the platform, so outside of any transaction.

    :raise CodeNotDrawn: where WeChat is off, or gives none
    """
    client = connected()
    if client is None:
        raise CodeNotDrawn
    try:
        return client.unlimited_code(scene_of(url), client.settings.code_page, width=1280)
    except (ApiRefused, Unreachable):
        raise CodeNotDrawn from None
