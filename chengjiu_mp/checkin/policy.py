"""Who may check in, and when (rel-C3)."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import bindparam, exists, select

from chengjiu_mp.checkin.device_errors import DeviceRevoked
from chengjiu_mp.checkin.device_models import PairedDevice
from chengjiu_mp.checkin.errors import LateEntryRefused, LateReasonMissing, RosterNotOpen
from chengjiu_mp.core import clock
from chengjiu_mp.core.context import Principal
from chengjiu_mp.core.db import db, execute
from chengjiu_mp.core.errors import NotFound, Refusal, SignInNeeded
from chengjiu_mp.core.rows import table_of
from chengjiu_mp.courses.models import CourseRun, Meeting, Signup
from chengjiu_mp.courses.policy import ROSTER_CLOSES, ROSTER_OPENS, run_for, run_taught
from chengjiu_mp.signin.models import Account, SignInSession
from chengjiu_mp.signin.service import principal_of_account

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


def run_to_check_in(who: Principal, run_id: int, *, looking: bool = False) -> CourseRun:
    """Return the run that ``who`` may check people in to: its operators, and its instructors around its days.

    :param looking: the run itself is only looked at, and may be in no session
    :raise NotFound: missing or out of scope; :raise RosterNotOpen: the caller teaches it, on another day
    """
    taught = run_taught(who, run_id) if looking else None
    run = taught or run_for(who, run_id, roles=("instructor", "operator"))
    if not _open_to_instructors(run) and not _office_opens(who, run_id):
        raise RosterNotOpen(early=clock.now() < run.starts_at)
    return run


@dataclass(frozen=True)
class Door:
    """Who checks in to ``run``: ``by`` acts. ``device`` is the paired phone in their hand, if it is one.

    ``limited``: nobody who may is signed in on it, so it scans and ticks and does nothing else (feat-B11).
    """

    run: CourseRun
    by: Principal
    device: PairedDevice | None = None
    limited: bool = False


def gate(who: Principal, run_id: int, *, writing: bool = False) -> Door:
    """Return the way in to a run's check-in: by the caller's roles, else by the phone that was paired with it.

    :param writing: lock the phone's row, so that nothing is recorded by it once taking it back is through
    :raise RosterNotOpen, NotFound: as :func:`run_to_check_in`; :raise DeviceRevoked: paired once, and not any more
    :raise SignInNeeded: a phone that is paired with nothing
    """
    device = _newest_pairing(who.device_id, run_id, lock=writing)
    if who.has("instructor", "operator"):
        try:
            run = run_to_check_in(who, run_id, looking=writing)
            return Door(run, who, device if device and _lasts(device) else None)
        except NotFound:
            if device is None:
                raise
    if device is not None:
        return _by_device(device, who)
    if who.account_id is None and who.device_id is not None and not _helps_elsewhere(who.device_id):
        raise SignInNeeded
    raise NotFound


def ever_paired(session_id: int) -> bool:
    """Return whether a device session was ever paired with any run."""
    return bool(db.session.scalar(select(exists().where(PairedDevice.session_id == session_id))))


def _newest_pairing(session_id: int | None, run_id: int, *, lock: bool) -> PairedDevice | None:
    if session_id is None:
        return None
    # Most who scan are signed in on a phone that nobody paired.
    newest = execute(_PAIRING_LOCKED if lock else _PAIRING, {"session": session_id, "run": run_id}).scalar()
    return None if newest is None else db.session.get_one(PairedDevice, newest, populate_existing=True)


# Said by every scan, so built once.
_DEVICES = table_of(PairedDevice)
_PAIRING = (
    select(_DEVICES.c.id)
    .where(_DEVICES.c.session_id == bindparam("session"), _DEVICES.c.run_id == bindparam("run"))
    .order_by(_DEVICES.c.id.desc())
    .limit(1)
)
_PAIRING_LOCKED = _PAIRING.with_for_update()


def _lasts(device: PairedDevice) -> bool:
    return device.revoked_at is None and device.until > clock.now()


def _helps_elsewhere(session_id: int) -> bool:
    live = (PairedDevice.session_id == session_id, PairedDevice.revoked_at.is_(None), PairedDevice.until > clock.now())
    return bool(db.session.scalar(select(exists().where(*live))))


def _by_device(device: PairedDevice, who: Principal) -> Door:
    """Let a paired phone in on behalf of who paired it, for as long as they may check in themselves.

    :raise DeviceRevoked: taken back, over, signed out, or whoever paired it may not any more
    """
    if device.revoked_at is not None and device.revoked_by is not None:
        raise DeviceRevoked
    if not _lasts(device) or _signed_out(device):
        raise DeviceRevoked("这台手机的签到时间已经结束，请找老师。没上传的签到还在手机里，不会丢。")
    run = may_still_check_in(device.paired_by, device.run_id)
    if run is None:
        raise DeviceRevoked
    own = device.kind == "own"
    name = f"{device.label}的手机" if own else f"助手 {device.label}"
    by = Principal(account_id=device.paired_by if own else None, name=name, device_id=who.device_id)
    return Door(run, by, device, limited=True)


def _signed_out(device: PairedDevice) -> bool:
    # A sign-in that ends by the clock leaves its account named on the session; signing out, or in as another, does not.
    held = db.session.scalar(select(SignInSession.account_id).where(SignInSession.id == device.session_id))
    return device.kind == "own" and held != device.paired_by


def may_still_check_in(account_id: int, run_id: int) -> CourseRun | None:
    """Return the run when this account may check people in to it now, else None."""
    if not db.session.scalar(select(Account.active).where(Account.id == account_id)):
        return None
    try:
        return run_to_check_in(principal_of_account(account_id), run_id)
    except Refusal:
        return None


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
