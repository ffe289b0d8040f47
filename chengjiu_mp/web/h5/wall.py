"""A trainee's page behind the hall's code: my people of this phone, one button, and what to do when there is none."""

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from pydantic import Field
from werkzeug.wrappers import Response

from chengjiu_mp.checkin import wall_queries
from chengjiu_mp.checkin.wall_checkin import Answer, OwnSignup, check_in, people_here
from chengjiu_mp.checkin.wall_errors import NobodyTicked, WallCodeUnknown, WallRefusal
from chengjiu_mp.checkin.wall_judging import Judged, claim_for, judge_claim, judge_code, keep_refused
from chengjiu_mp.core import limits
from chengjiu_mp.core.access import PUBLIC, access
from chengjiu_mp.core.context import principal
from chengjiu_mp.core.db import unit_of_work
from chengjiu_mp.core.limits import Limit
from chengjiu_mp.core.parsing import In, RowId, from_pairs
from chengjiu_mp.courses import queries as runs
from chengjiu_mp.web import forms

blueprint = Blueprint("wall", __name__)

# What stands in the way of somebody without a seat, for the person: what happened, then what to do.
_NO = {
    "withdrawn": "报名已取消。要参加，请问现场工作人员还有没有空位。",
    "waitlisted": "还在候补，没有名额。请联系现场工作人员安排。",
    "pending": "报名还没有办完，在等监护人同意。请联系监护人。",
    "lapsed": "这个报名已经失效。要参加，请问现场工作人员还有没有空位。",
    "moved": "报名已转到另一场，请打开“我的”看新的时间和地点。",
    "run_not_open": "本场未发布或已取消，不能签到。请问现场工作人员。",
    "wall_old": "这个码已经用过了，请对着大屏幕再扫一次。",
}
_NO_OTHER = "没有签上，请找现场工作人员。"
# Taps of one phone in a minute: a family of many, impatient.
_TAPS, _TAPS_SECONDS = 20, 60


class TapPage(In):
    """``claim``: what the code was exchanged for on this phone."""

    claim: str = Field(default="", max_length=200)
    signup_id: list[RowId] = Field(default_factory=list, max_length=20)


@blueprint.get("/w/<code>")
@access(PUBLIC)
def scanned(code: str) -> str | tuple[str, int]:
    """Exchange a fresh code for this phone's form. Nobody is checked in by looking at it."""
    try:
        judged = judge_code(code[:100])
    except WallCodeUnknown as refusal:
        return _refused(refusal)
    if judged.refusal is not None:
        _keep(judged)
        return _refused(judged.refusal)
    return _form(judged, claim_for(judged, principal()))


@blueprint.post("/w")
@access(PUBLIC)
def tapped() -> str | Response | tuple[str, int]:
    """Check in whom this phone's holder ticked, and show it."""
    given, caller = from_pairs(TapPage, request.form, ignore=forms.IGNORED), principal()
    # A phone without a session can check nobody in; a hall of them shares one network.
    if caller.device_id is not None:
        limits.spend(Limit(f"wall-tap:{caller.device_id}", _TAPS, _TAPS_SECONDS))
    try:
        with unit_of_work():
            answers = check_in(given.claim, given.signup_id, caller)
    except NobodyTicked as refusal:
        judged, _ = judge_claim(given.claim, caller)
        return _form(judged, given.claim, forms.errors(refusal, "signup_id")), refusal.kind.value
    except WallRefusal as refusal:
        _keep_claim(given.claim)
        return _refused(refusal)
    return _done(answers) or redirect(url_for(".done"), 303)


@blueprint.get("/w/done")
@access(PUBLIC)
def done() -> str | Response:
    """Show whom this phone just checked in; nothing in the address."""
    rows = wall_queries.just_now(principal().device_id)
    if not rows:
        return redirect(url_for("mine.mine"), 303)
    people = [{"name": signup.name, "at": row.at, "second": row.second, "no": ""} for row, signup, _ in rows]
    twice = any(display.second_at for _, _, display in rows) and not any(one["second"] for one in people)
    return render_template("h5/wall_done.html", title="签到", back="/me", people=people, twice=twice)


def _keep(judged: Judged) -> None:
    with unit_of_work():
        keep_refused(judged, principal())


def _keep_claim(claim: str) -> None:
    with suppress(WallRefusal):
        _keep(judge_claim(claim, principal())[0])


def _refused(refusal: WallRefusal) -> tuple[str, int]:
    page = render_template("h5/wall_refused.html", title="扫码签到", back="/me", refusal=refusal)
    return page, refusal.kind.value


def _form(judged: Judged, claim: str, errors: dict[str, str] | None = None) -> str:
    caller = principal()
    own = people_here(judged, caller)
    ready = [one for one in own if one.step in ("first", "second")]
    found = runs.run_with_seats(judged.run.id)
    return render_template(
        "h5/wall_form.html", title="扫码签到", back="/me", run=found.run, meeting=judged.meeting, errors=errors or {},
        ready=[_line(one) for one in ready], second=bool(ready) and all(one.step == "second" for one in ready),
        rest=[_line(one) for one in own if one.step in ("here", "no")], claim=claim,
        signup=_signup_address(found), proved=caller.phone_index is not None,
    )  # fmt: skip


def _line(one: OwnSignup) -> dict[str, Any]:
    return {
        "id": one.signup.id, "name": one.signup.name, "latin": one.signup.latin_name, "at": one.at, "step": one.step,
        "no": _NO.get(one.code, _NO_OTHER) if one.step == "no" else "",
    }  # fmt: skip


def _signup_address(found: runs.RunAndSeats) -> str:
    """Return where to sign up while there are seats, "" when there are none or the time is over."""
    return url_for("signup.form", token=runs.run_token(found.run)) if found.phase == "open" else ""


def _done(answers: Sequence[Answer]) -> str:
    """Return the page of taps of which one was refused, "" when all went well: then an address shows it again."""
    if all(one.verdict != "refused" for one in answers):
        return ""
    people = [
        {"name": one.name, "at": None, "second": one.second,
         "no": _NO.get(one.code, _NO_OTHER) if one.verdict == "refused" else ""}
        for one in answers
    ]  # fmt: skip
    return render_template("h5/wall_done.html", title="签到", back="/me", people=people, twice=False)
