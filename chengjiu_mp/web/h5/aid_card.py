"""我的急救卡: the holder's certificates with one large code each, kept on the phone when the holder asks for that.

What is kept lies in the browser's storage alone. The pass of the look-up is not among it: the kept page is asked for
without cookies and holds nobody, and what a kept certificate is worth is asked by its public code.
"""

from datetime import date
from typing import Any

from flask import Blueprint, Response, render_template, request, session, url_for

from chengjiu_mp.certificates import renewing, signing, versions
from chengjiu_mp.certificates.earlier import EarlierSeen, earlier_of_people
from chengjiu_mp.certificates.queries import Seen, certificates_of_people
from chengjiu_mp.certificates.states import WORDS
from chengjiu_mp.core import clock, qr
from chengjiu_mp.core.access import PUBLIC, access
from chengjiu_mp.core.calendar import add_months
from chengjiu_mp.core.day_words import day_time
from chengjiu_mp.courses.queries import run_token
from chengjiu_mp.web.h5 import certificates, kept_page
from chengjiu_mp.web.h5.kept_page import KeptPage

blueprint = Blueprint("aid_card", __name__)

# What to do about a certificate that is not valid.
ENDED = {
    "revoked": "这张证书已经吊销，不再有效。有疑问请打电话问市红十字会。",
    "expired": "有效期已过，可以再学一次，重新取证。",
    "corrected": "这张证书已换发新证，请联网重新验证手机号，以新证为准。",
    "unknown": "系统里查不到这张证书，请打电话问市红十字会。",
}
KEPT = KeptPage(
    "card", "aid_card.page", "aid_card.manifest", "h5/aid_card.html",
    ("app.css", "app.js", "aid-card.css", "aid-card.js", "icons/favicon.svg"), patience=3000, bare=True,
)  # fmt: skip


@blueprint.get("/card")
@access(PUBLIC)
def page() -> str:
    """Show the cards of who proved the phone within half an hour; else the page that shows what the phone kept."""
    people = frozenset[int]() if "X-Kept" in request.headers else certificates.people_here()
    if not people and "X-Kept" not in request.headers:
        session[certificates.ONWARD] = url_for(".page")
    cards = _cards(people) if people else []
    return render_template(
        "h5/aid_card.html", title="我的急救卡", back="/me", known=bool(people), words=WORDS, tones=certificates.TONES,
        ended=ENDED,
        cards=sorted(cards, key=lambda one: one["kept"]["state"] != "valid"), now=clock.now(),
    )  # fmt: skip


@blueprint.get("/card.webmanifest")
@access(PUBLIC)
def manifest() -> Response:
    """Let the card be put on the home screen."""
    return kept_page.manifest("澄救 · 我的急救卡", "急救卡", url_for(".page"), url_for(".page"), "#ffffff")


@blueprint.get("/card-sw.js")
@access(PUBLIC)
def service_worker() -> Response:
    """Send the card's service worker, which a page installs only when its holder keeps the card."""
    return kept_page.service_worker(KEPT)


def _cards(people: frozenset[int]) -> list[dict[str, Any]]:
    """Return everything these people hold; what was issued as a test is worth nothing and has no card."""
    issued = [one for one in certificates_of_people(people) if not one.certificate.is_test]
    return [*map(_card, issued), *map(_earlier, earlier_of_people(people))]


def _card(seen: Seen) -> dict[str, Any]:
    """Return {kept, qr, offline, near}: ``kept`` is what the phone may keep beside both codes."""
    good, until = seen.state == "valid", seen.certificate.valid_until
    offline = signing.code_url(seen.version) if good else None
    token = versions.verify_path(seen.version).rpartition("/")[2]
    return {
        "kept": _kept(seen, until, token), "until": until, "renew": _renewal(until),
        "near": _nearest(seen) if good else None,
        "qr": qr.qr_svg(versions.verify_url(seen.version), label="查验二维码") if good else "",
        "offline": qr.qr_svg(offline, label="离线核验码") if offline else "",
    }  # fmt: skip


def _earlier(seen: EarlierSeen) -> dict[str, Any]:
    until = seen.certificate.valid_until
    kept = _kept(seen, until, "")
    return {"kept": kept, "until": until, "renew": _renewal(until), "qr": "", "offline": "", "near": None}


def _kept(seen: Seen | EarlierSeen, until: date | None, token: str) -> dict[str, str]:
    renewal = _renewal(until)
    return {
        "kind": seen.kind, "name": seen.name, "number": seen.certificate.number, "state": seen.state, "token": token,
        "until": until.isoformat() if until else "", "renew": renewal.isoformat() if renewal else "",
    }  # fmt: skip


def _renewal(until: date | None) -> date | None:
    """Return from when on the holder renews; None for what does not end."""
    return add_months(until, -renewing.SOON_MONTHS) if until else None


def _nearest(seen: Seen) -> dict[str, str] | None:
    shorter = renewing.refreshers(seen.certificate)
    found = next(iter(shorter or renewing.runs_again(seen.certificate)), None)
    if found is None:
        return None
    where = f"{day_time(found.run.starts_at)}，{found.run.venue.name}"
    return {"href": f"/s/{run_token(found.run)}", "words": f"最近的{'复训班' if shorter else '同类课'}：{where}"}
