"""出勤: how much each person attended, 签退 where the syllabus asks, and corrections by an operator. Forms alone."""

from typing import Literal

from flask import Blueprint, redirect, render_template, request, url_for
from pydantic import Field
from werkzeug.wrappers import Response

from chengjiu_mp.checkin import leaving, policy, queries
from chengjiu_mp.checkin.attended import attended_of, exits_of, line_at, percent, syllabus_of
from chengjiu_mp.checkin.schemas import ScanIn
from chengjiu_mp.core import clock, ids
from chengjiu_mp.core.access import access, roles
from chengjiu_mp.core.context import principal
from chengjiu_mp.core.db import unit_of_work
from chengjiu_mp.core.errors import NotFound
from chengjiu_mp.core.parsing import In, RowId, from_pairs
from chengjiu_mp.courses.policy import run_for
from chengjiu_mp.web import forms

blueprint = Blueprint("attended", __name__)

MAY = roles("instructor", "operator")


class AttendedQuery(In):
    meeting: RowId | None = None
    said: Literal["", "corrected"] = ""


class ExitPage(In):
    """One person by name, or whom a typed code means."""

    meeting_id: RowId
    signup_id: RowId | None = None
    code: str = Field("", max_length=500)
    nonce: str = Field(min_length=8, max_length=64, pattern=r"^[a-z2-7]+$")


class CorrectPage(In):
    signup_id: RowId
    minutes: int = Field(ge=1, le=6000)
    reason: str = Field(min_length=1, max_length=200, pattern=r"\S")


@blueprint.get("/teach/runs/<row:run_id>/attended")
@access(MAY)
def page(run_id: int) -> str:
    """Show everybody who came, with what they attended; who has not left yet first, where people are scanned out."""
    asked = from_pairs(AttendedQuery, request.args)
    return _page(run_id, asked.meeting, said=asked.said)


@blueprint.post("/teach/runs/<row:run_id>/exits")
@access(MAY)
def leave(run_id: int) -> str:
    """Record that somebody left."""
    given = from_pairs(ExitPage, request.form, ignore=forms.IGNORED)
    if given.signup_id is None and not given.code.strip():
        return _page(run_id, given.meeting_id)
    scan = ScanIn(
        nonce=given.nonce, signup_id=given.signup_id, ticket=None if given.signup_id else given.code,
        meeting_id=given.meeting_id, scanned_at=clock.now(), source="name" if given.signup_id else "code",
    )  # fmt: skip
    with unit_of_work():
        answer = leaving.record_exits(run_id, [scan], principal())[0]
    return _page(run_id, given.meeting_id, answer)


@blueprint.post("/teach/runs/<row:run_id>/attended")
@access(roles("operator"))
def correct(run_id: int) -> Response:
    """Add minutes to what somebody attended, with the reason."""
    given = from_pairs(CorrectPage, request.form, ignore=forms.IGNORED)
    with unit_of_work():
        leaving.correct_attendance(given.signup_id, given.minutes, given.reason, principal())
    return redirect(url_for(".page", run_id=run_id, said="corrected"), 303)


def _page(run_id: int, meeting_id: int | None, answer: leaving.ExitAnswer | None = None, said: str = "") -> str:
    run = policy.run_to_check_in(principal(), run_id)
    meeting, asked, people = queries.meeting_of(run.id, meeting_id), syllabus_of(run), queries.who_came(run.id)
    found, left = attended_of(run, [one.id for one in people]), exits_of(run.id)
    here = {one.id for one, check_in in queries.attendance(run.id, meeting.id) if check_in is not None}
    lines = [
        {"id": one.id, "name": one.name, "of": found[one.id], "share": percent(found[one.id].share),
         "here": one.id in here, "left_at": left.get((one.id, meeting.id))}
        for one in people
    ]  # fmt: skip
    return render_template(
        "h5/attended.html", title="出勤", back=url_for("teach.roster", run_id=run.id), meeting=meeting, lines=lines,
        run=queries.seen_run(principal(), run.id), meetings=queries.meetings_of(run.id), exit_scan=asked.exit_scan,
        required=percent(asked.min_attendance_ratio), answer=answer, said=said, new_nonce=ids.new_token,
        door=int(line_at(meeting).total_seconds() // 60),
        open=asked.exit_scan and meeting.starts_at <= clock.now() <= meeting.ends_at + policy.CLOSES_AFTER,
        corrects=_operates(run_id) and run.attendance_fixed_at is None, path=url_for(".page", run_id=run.id),
    )  # fmt: skip


def _operates(run_id: int) -> bool:
    try:
        run_for(principal(), run_id, roles=("operator",))
    except NotFound:
        return False
    return True
