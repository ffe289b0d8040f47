"""Who may check in, and when (rel-C3)."""

from datetime import datetime, timedelta

from chengjiu_mp.checkin.errors import LateEntryRefused, LateReasonMissing, RosterNotOpen
from chengjiu_mp.core import clock
from chengjiu_mp.core.context import Principal
from chengjiu_mp.core.errors import NotFound
from chengjiu_mp.courses.models import CourseRun, Meeting, Signup
from chengjiu_mp.courses.policy import ROSTER_CLOSES, ROSTER_OPENS, run_for

OPENS_BEFORE = timedelta(minutes=30)
# People come late and halls have no network: what the phone dates within this is still a check-in.
CLOSES_AFTER = timedelta(hours=2)
# The paper list is typed in afterwards, as long as the instructor sees the names.
PAPER_UNTIL = ROSTER_CLOSES
CLOCK_TOLERANCE = timedelta(minutes=5)

# Sign-ups that do not get in, by state; the code's sentence says what to do.
_STATE_CODES = {
    "withdrawn": "withdrawn", "waitlisted": "waitlisted", "pending": "pending", "lapsed": "lapsed",
    "refused": "lapsed", "moved": "moved", "run_cancelled": "run_not_open",
}  # fmt: skip


def run_to_check_in(who: Principal, run_id: int) -> CourseRun:
    """Return the run that ``who`` may check people in to: its operators, and its instructors around its days.

    :raise NotFound: missing or out of scope; :raise RosterNotOpen: the caller teaches it, on another day
    """
    run = run_for(who, run_id, roles=("instructor", "operator"))
    if not _open_to_instructors(run) and not _office_opens(who, run_id):
        raise RosterNotOpen(early=clock.now() < run.starts_at)
    return run


def _open_to_instructors(run: CourseRun) -> bool:
    return run.starts_at - ROSTER_OPENS <= clock.now() <= run.ends_at + ROSTER_CLOSES


def _office_opens(who: Principal, run_id: int) -> bool:
    try:
        run_for(who, run_id, roles=("operator",))
    except NotFound:
        return False
    return True


def opens_at(meeting: Meeting) -> datetime:
    """Return the instant from which the meeting's check-in is open."""
    return meeting.starts_at - OPENS_BEFORE


def verdict_of(
    run: CourseRun, meeting: Meeting | None, signup: Signup | None, at: datetime, source: str, *, late: bool = False
) -> str:
    """Return "ok", or the code of why this scan checks nobody in.

    :param at: when it was scanned, by a clock that was put right
    :param late: as :func:`window`
    """
    if run.state in {"draft", "cancelled"}:
        return "run_not_open"
    if signup is None:
        return "unknown_ticket"
    if signup.run_id != run.id:
        return "wrong_run"
    if meeting is None:
        return "unknown_meeting"
    if signup.state in _STATE_CODES:
        return _STATE_CODES[signup.state]
    return window(run, meeting, at, source, late=late)


def window(run: CourseRun, meeting: Meeting, at: datetime, source: str, *, late: bool = False) -> str:
    """Return "ok" within the hours of the meeting's check-in, else the code of why not.

    :param late: somebody said why paper is entered after the run was closed
    """
    if at < opens_at(meeting):
        return "too_early"
    if at > meeting.ends_at + (PAPER_UNTIL if source == "paper" else CLOSES_AFTER):
        return "run_closed"
    if run.closed_at is not None and at > run.closed_at and not (late and source == "paper"):
        return "run_closed"
    return "ok"


def late_reason(run: CourseRun, given: str) -> str:
    """Return why paper is entered into a closed run, empty where the run is open and nothing needs saying.

    :raise LateReasonMissing: about ``reason``; :raise LateEntryRefused: the results were handed in
    """
    if run.closed_at is None:
        return ""
    if run.attendance_fixed_at is not None:
        raise LateEntryRefused
    if not given.strip():
        raise LateReasonMissing(field="reason")
    return given.strip()
