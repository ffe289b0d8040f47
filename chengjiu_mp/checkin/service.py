"""Recording scans. They are only ever added; the check-in and the outcome follow from their fold."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from sqlalchemy import select

from chengjiu_mp.checkin import policy, tickets
from chengjiu_mp.checkin.answers import answers_for
from chengjiu_mp.checkin.attendance import refold, take_turn
from chengjiu_mp.checkin.errors import NoMeetings
from chengjiu_mp.checkin.models import Scan
from chengjiu_mp.checkin.schemas import ScanAnswer, ScanIn
from chengjiu_mp.core import audit, clock, hooks
from chengjiu_mp.core.context import Principal
from chengjiu_mp.core.db import after_commit, db
from chengjiu_mp.courses.models import CourseRun, Meeting, Signup

# A request is under way for seconds; only what exceeds them is the phone's clock.
_CLOCK_NOISE = timedelta(seconds=10)


def record_scans(
    run_id: int, scans: Sequence[ScanIn], by: Principal, *, sent_at: datetime | None = None, late: str = ""
) -> list[ScanAnswer]:
    """Record scans and return one answer for each, in their order; a known nonce is answered as the first time.

    :param sent_at: the phone's clock at sending; when it is off, the scans' times are put right by the difference
    :param late: why paper is entered after the run was closed; without it such scans are refused
    :raise NotFound: the run is missing or out of the caller's scope; :raise RosterNotOpen: not around its days
    :raise LateEntryRefused: ``late``, and the results were handed in
    """
    return _recorded(policy.run_to_check_in(by, run_id), scans, by, _offset(sent_at), late=late)


def record_later(run: CourseRun, scan: ScanIn, by: Principal) -> ScanAnswer:
    """Record that somebody came who said only later who they are; the caller has judged that.

    :param by: who saw them come
    """
    return _recorded(run, [scan], by, timedelta(0), source="later")[0]


def _recorded(
    run: CourseRun, scans: Sequence[ScanIn], by: Principal, offset: timedelta, source: str | None = None, late: str = ""
) -> list[ScanAnswer]:
    take_turn(run)
    late = policy.late_reason(run, late) if late else ""
    meetings = _meetings(run)
    meant = tickets.signups_meant(run.id, scans)
    known = _known(run.id, scans)
    upload = _Upload(run, meetings, by, offset, source)
    upload.late = late
    for scan in scans:
        if scan.nonce not in known:
            known[scan.nonce] = upload.record(scan, meant.get(scan.nonce))
    upload.tell()
    return answers_for(run, [known[scan.nonce] for scan in scans], by)


def _meetings(run: CourseRun) -> dict[int, Meeting]:
    """Return the run's meetings by id, in their order.

    :raise NoMeetings: when none is planned
    """
    rows = db.session.scalars(select(Meeting).where(Meeting.run_id == run.id).order_by(Meeting.sequence))
    meetings = {row.id: row for row in rows}
    if not meetings:
        raise NoMeetings
    return meetings


def _known(run_id: int, scans: Iterable[ScanIn]) -> dict[str, Scan]:
    nonces = {scan.nonce for scan in scans}
    rows = db.session.scalars(select(Scan).where(Scan.run_id == run_id, Scan.nonce.in_(nonces)))
    return {row.nonce: row for row in rows}


def _offset(sent_at: datetime | None) -> timedelta:
    """Return by how much the phone's clock is behind ours; nothing within the noise of a request."""
    behind = clock.now() - sent_at if sent_at else timedelta(0)
    return behind if abs(behind) > _CLOCK_NOISE else timedelta(0)


class _Upload:
    """One request's scans on their way into the table."""

    def __init__(
        self, run: CourseRun, meetings: dict[int, Meeting], by: Principal, offset: timedelta, source: str | None
    ) -> None:
        self.run, self.meetings, self.by, self.offset, self.source = run, meetings, by, offset, source
        self.counts: dict[str, int] = {}
        # Why it is entered after the run was closed.
        self.late = ""

    def record(self, given: ScanIn, signup: Signup | None) -> Scan:
        """Add one scan with its verdict, and fold."""
        at, remark = self._when(given.scanned_at)
        meeting = self.meetings.get(given.meeting_id)
        code = policy.verdict_of(self.run, meeting, signup, at, given.source, late=bool(self.late))
        if code == "unknown_ticket" and given.ticket is not None and not tickets.read_ticket(given.ticket).readable:
            code = "not_a_ticket"
        source = self.source or given.source
        remark = "；".join(filter(None, (remark, self.late)))[:200]
        scan = Scan(
            run_id=self.run.id, meeting_id=(meeting or next(iter(self.meetings.values()))).id,
            signup_id=signup.id if signup else None, nonce=given.nonce, source=source, scanned_at=at,
            received_at=clock.now(), account_id=self.by.account_id, by_name=self.by.name[:100],
            verdict="accepted" if code == "ok" else "refused", code=code, reason=remark,
        )  # fmt: skip
        if signup is not None and meeting is not None and code == "ok":
            refold(self.run, signup, meeting, scan)
        else:
            db.session.add(scan)
            db.session.flush()
        self.counts[scan.verdict] = self.counts.get(scan.verdict, 0) + 1
        return scan

    def _when(self, scanned_at: datetime) -> tuple[datetime, str]:
        """Return the time that counts, and what the record says of the phone's clock."""
        now, at, remark = clock.now(), scanned_at + self.offset, ""
        if self.offset:
            remark = f"手机时间相差 {round(self.offset.total_seconds())} 秒，已校正"
        if at > now + policy.CLOCK_TOLERANCE:
            return now, "手机时间超前，已按收到的时间记"
        return at, remark

    def tell(self) -> None:
        """Leave the audit row of what was added, and let a planted crash strike once it is committed."""
        if self.counts:
            why = {"reason": self.late} if self.late else {}
            audit.record("scans.recorded", self.run, unit_id=self.run.unit_id, **self.counts, **why)
        after_commit(lambda: hooks.crash_after_commit("scans"))
