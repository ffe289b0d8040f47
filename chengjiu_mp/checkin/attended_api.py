"""Attended shares for programs, exit scans, and what an operator puts right."""

from datetime import datetime
from typing import Literal

from flask import Blueprint
from pydantic import Field

from chengjiu_mp.checkin import leaving, policy, queries
from chengjiu_mp.checkin.attended import Attended, attended_of
from chengjiu_mp.checkin.errors import AttendanceFixed, ExitNotAsked, NoMeetings, RosterNotOpen
from chengjiu_mp.checkin.schemas import ScansIn
from chengjiu_mp.core import access
from chengjiu_mp.core.context import principal
from chengjiu_mp.core.errors import NotFound
from chengjiu_mp.core.http import route
from chengjiu_mp.core.parsing import In, Out
from chengjiu_mp.courses.models import CourseRun
from chengjiu_mp.people.name_display import mask_name

blueprint = Blueprint("attended_api", __name__, url_prefix="/api/v1")

MAY = access.roles("instructor", "operator")
_EXITS = {
    "scans": [
        {
            "nonce": "2f0c3c1e-5a0f-4f3e-9a53-6c9d1f0e7a12", "ticket": "AB2C9K", "meeting_id": 1,
            "scanned_at": "2026-11-28T16:58:00+08:00", "source": "code",
        }
    ]
}  # fmt: skip


class ExitAnswerOut(Out):
    """``left_at``: when they left, by this scan; the latest of a meeting counts."""

    nonce: str
    verdict: Literal["accepted", "refused"]
    code: str
    message: str
    left_at: datetime | None
    signup_id: int | None
    name: str | None


class ExitAnswers(Out):
    items: list[ExitAnswerOut]


class AttendedOut(Out):
    """``minutes`` of ``planned`` were attended, ``added`` of them by correction; ``share`` and ``required`` 0 … 1.

    ``no_exit``: meetings without an exit scan where one is asked for; they count 0 minutes.
    """

    signup_id: int
    name_masked: str
    came: int
    of: int
    minutes: float
    added: int
    planned: float
    share: float
    required: float
    enough: bool
    no_exit: int


class AttendedListOut(Out):
    run_id: int
    items: list[AttendedOut]


class AttendanceCorrectIn(In):
    """``minutes`` are added to what was attended."""

    minutes: int = Field(ge=1, le=6000)
    reason: str = Field(min_length=1, max_length=200, pattern=r"\S")


@route(blueprint, "POST", "/runs/<row:run_id>/exits", MAY, example=_EXITS,
       refusals=(NotFound, RosterNotOpen, ExitNotAsked))  # fmt: skip
def record_exits(run_id: int, body: ScansIn) -> ExitAnswers:
    """Record that people left, where the syllabus asks; sending the same nonces again changes nothing."""
    answers = leaving.record_exits(run_id, body.scans, principal(), sent_at=body.sent_at)
    return ExitAnswers(items=[ExitAnswerOut.model_validate(one, from_attributes=True) for one in answers])


@route(blueprint, "GET", "/runs/<row:run_id>/attended", MAY, refusals=(NotFound, RosterNotOpen, NoMeetings))
def list_attended(run_id: int) -> AttendedListOut:
    """Say of everybody who came how much of the run they attended so far."""
    return _listed(policy.run_to_check_in(principal(), run_id))


@route(blueprint, "POST", "/signups/<row:signup_id>/attendance", access.roles("operator"),
       example={"minutes": 45, "reason": "签退时手机没电，师资证明在场"},
       refusals=(NotFound, AttendanceFixed))  # fmt: skip
def correct_attendance(signup_id: int, body: AttendanceCorrectIn) -> AttendedListOut:
    """Add minutes to what somebody attended, with the reason."""
    signup = leaving.correct_attendance(signup_id, body.minutes, body.reason, principal())
    return _listed(policy.run_to_check_in(principal(), signup.run_id))


def _listed(run: CourseRun) -> AttendedListOut:
    people = queries.who_came(run.id)
    found = attended_of(run, [one.id for one in people])
    items = [_out(one.id, mask_name(one.name), found[one.id]) for one in people]
    return AttendedListOut(run_id=run.id, items=items)


def _out(signup_id: int, name: str, found: Attended) -> AttendedOut:
    return AttendedOut(
        signup_id=signup_id, name_masked=name, came=found.came, of=found.of, minutes=found.minutes, added=found.added,
        planned=found.planned, share=found.share, required=found.required, enough=found.enough, no_exit=found.no_exit,
    )  # fmt: skip
