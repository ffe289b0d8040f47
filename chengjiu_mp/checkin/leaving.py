"""签退 where the syllabus asks for it, and corrections of what somebody attended."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from chengjiu_mp.checkin import policy, tickets
from chengjiu_mp.checkin.attendance import take_turn
from chengjiu_mp.checkin.attended import syllabus_of
from chengjiu_mp.checkin.attended_models import AttendanceCorrection, ExitScan
from chengjiu_mp.checkin.errors import AttendanceFixed, ExitNotAsked
from chengjiu_mp.checkin.models import CheckIn
from chengjiu_mp.checkin.schemas import ScanIn
from chengjiu_mp.checkin.service import offset
from chengjiu_mp.core import audit, clock
from chengjiu_mp.core.context import Principal
from chengjiu_mp.core.db import db
from chengjiu_mp.core.errors import NotFound
from chengjiu_mp.courses.models import CourseRun, Meeting, Signup
from chengjiu_mp.courses.policy import run_for

_SENTENCES = {
    "ok": "已签退。",
    "unknown_ticket": "没有找到这张票。请核对六位码，或在名单里按姓名找。",
    "not_here": "这位在这一课没有签到，不能签退。请先签到或补签。",
    "too_early": "课还没有开始，不能签退。",
    "exit_closed": "签退时间已过。确实在场的，请联系市红十字会更正出勤。",
}


@dataclass(frozen=True)
class ExitAnswer:
    """What an exit scan came to; ``left_at`` is when it says that they left."""

    nonce: str
    verdict: str
    code: str
    message: str
    left_at: datetime | None = None
    signup_id: int | None = None
    name: str | None = None


def record_exits(
    run_id: int, scans: Sequence[ScanIn], by: Principal, *, sent_at: datetime | None = None
) -> list[ExitAnswer]:
    """Record that people left, and return one answer for each scan; a known nonce is answered as the first time.

    :param sent_at: the phone's clock at sending; when it is off, the scans' times are put right by the difference
    :raise ExitNotAsked: the run's syllabus asks for none; :raise NotFound, RosterNotOpen: as the roster
    """
    run = policy.run_to_check_in(by, run_id)
    if not syllabus_of(run).exit_scan:
        raise ExitNotAsked
    take_turn(run)
    meant = tickets.signups_meant(run.id, scans)
    meetings = {row.id: row for row in db.session.scalars(select(Meeting).where(Meeting.run_id == run.id))}
    off = offset(sent_at)
    right = [scan.model_copy(update={"scanned_at": scan.scanned_at + off}) for scan in scans] if off else scans
    return [_record(run, meetings.get(scan.meeting_id), meant.get(scan.nonce), scan, by) for scan in right]


def _record(run: CourseRun, meeting: Meeting | None, signup: Signup | None, scan: ScanIn, by: Principal) -> ExitAnswer:
    known = db.session.scalars(
        select(ExitScan).where(ExitScan.run_id == run.id, ExitScan.nonce == scan.nonce)
    ).first()  # fmt: skip
    if known is not None:
        whose = db.session.get_one(Signup, known.signup_id)
        return ExitAnswer(scan.nonce, "accepted", "ok", _SENTENCES["ok"], known.scanned_at, whose.id, whose.name)
    ours = signup if signup is not None and signup.run_id == run.id else None
    at = min(scan.scanned_at, clock.now())
    code = _code(meeting, ours, at)
    if code != "ok" or meeting is None or ours is None:
        return ExitAnswer(scan.nonce, "refused", code, _SENTENCES[code], name=ours.name if ours else None)
    row = ExitScan(
        run_id=run.id, meeting_id=meeting.id, signup_id=ours.id, nonce=scan.nonce, scanned_at=at,
        account_id=by.account_id, by_name=by.name[:100],
    )  # fmt: skip
    db.session.add(row)
    db.session.flush()
    audit.record("exit.recorded", ours, unit_id=run.unit_id, meeting_id=meeting.id)
    return ExitAnswer(scan.nonce, "accepted", "ok", _SENTENCES["ok"], at, ours.id, ours.name)


def _code(meeting: Meeting | None, signup: Signup | None, at: datetime) -> str:
    if signup is None or meeting is None:
        return "unknown_ticket"
    here = select(CheckIn.id).where(CheckIn.signup_id == signup.id, CheckIn.meeting_id == meeting.id)
    if db.session.scalar(here) is None:
        return "not_here"
    if at < meeting.starts_at:
        return "too_early"
    return "exit_closed" if at > meeting.ends_at + policy.CLOSES_AFTER else "ok"


def correct_attendance(signup_id: int, minutes: int, reason: str, by: Principal) -> Signup:
    """Add minutes to what somebody attended, with the reason; operators alone.

    :raise NotFound: out of scope, or nobody who came; :raise AttendanceFixed: the results were handed in
    """
    signup = db.session.get(Signup, signup_id)
    if signup is None:
        raise NotFound
    run = run_for(by, signup.run_id, roles=("operator",))
    take_turn(run)
    db.session.refresh(signup)
    if signup.outcome != "attended":
        raise NotFound
    if run.attendance_fixed_at is not None:
        raise AttendanceFixed
    db.session.add(
        AttendanceCorrection(
            run_id=run.id, signup_id=signup.id, minutes=minutes, reason=reason, account_id=by.account_id,
            by_name=by.name[:100],
        )
    )  # fmt: skip
    db.session.flush()
    audit.record("attendance.corrected", signup, unit_id=run.unit_id, minutes=minutes, reason=reason)
    return signup
