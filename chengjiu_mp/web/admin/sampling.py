"""抽查比例: an operator of the city types another share, looks at what it does, and puts it in force."""

import re

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from chengjiu_mp.core.access import STAFF, access, roles
from chengjiu_mp.core.context import principal
from chengjiu_mp.core.day_words import date_long
from chengjiu_mp.core.db import unit_of_work
from chengjiu_mp.core.errors import NotAllowed, Refusal, StaleVersion
from chengjiu_mp.exams.sampling import EDITORS, ShareIn, percent, set_share, share_in_force, shares
from chengjiu_mp.web.admin.scope import require_city

blueprint = Blueprint("console_sampling", __name__, url_prefix="/console/settings/sampling")

MAY = roles(*EDITORS)
_NUMBER = re.compile(r"\d{1,3}(\.\d{1,2})?")
_PLAIN = str.maketrans("０１２３４５６７８９．。％", "0123456789..%")
WRONG = "请填 0 到 100 的数字，最多两位小数，例如 5。填 0 就是不抽查。"


@blueprint.get("/")
@access(STAFF)
def index() -> str:
    """Show the share in force, those before it, and the form to those who may."""
    return _page()


@blueprint.post("/preview")
@access(MAY)
def preview() -> str | tuple[str, int]:
    """Show what the typed share does, before it is in force."""
    require_city(*EDITORS, writing=True)
    given = _given()
    if given is None:
        return _page(WRONG), 422
    now = share_in_force()
    if now.version != given.based_on:
        return _page(problem=StaleVersion().sentence), 409
    if now.sample_share == given.sample_share:
        return _page(f"现在就是 {percent(now.sample_share)}，没有改动。"), 422
    return render_template(
        "admin/sampling_preview.html", title="核对抽查比例", back=url_for(".index"), given=given,
        typed=_typed(), before=percent(now.sample_share), after=percent(given.sample_share),
    )  # fmt: skip


@blueprint.post("/")
@access(MAY)
def put() -> Response | tuple[str, int]:
    """Put in force what was looked at."""
    require_city(*EDITORS, writing=True)
    given = _given()
    if given is None:
        return _page(WRONG), 422
    try:
        with unit_of_work():
            set_share(given, principal())
    except Refusal as refusal:
        return _page(problem=refusal.sentence), refusal.kind.value
    return redirect(url_for(".index"), 303)


def _typed() -> str:
    return request.form.get("percent", "").strip().translate(_PLAIN).removesuffix("%").strip()[:10]


def _given() -> ShareIn | None:
    """Return what was typed, None when it is no share."""
    text, based = _typed(), request.form.get("based_on", "")
    if not _NUMBER.fullmatch(text) or float(text) > 100:
        return None
    based_on = int(based) if based.isascii() and based.isdigit() and len(based) < 10 else 0
    return ShareIn(based_on=based_on, sample_share=round(float(text) / 100, 6))


def _page(wrong: str = "", problem: str = "") -> str:
    now = share_in_force()
    return render_template(
        "admin/sampling.html", title="成绩抽查比例", back=url_for("console_settings.index"), version=now.version,
        now=percent(now.sample_share), may=_may(), typed=_typed() if wrong else percent(now.sample_share)[:-1],
        errors={"percent": wrong} if wrong else {}, problem=problem,
        rows=[[percent(row.sample_share), date_long(row.set_at), name or "—"] for row, name in shares()],
    )  # fmt: skip


def _may() -> bool:
    try:
        require_city(*EDITORS, writing=True)
    except NotAllowed:
        return False
    return True
