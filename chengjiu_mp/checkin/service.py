"""Recording scans. They are only ever added; the check-in and the outcome follow from their fold."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from chengjiu_mp.checkin import policy, tickets
from chengjiu_mp.checkin.answers import Facts, answers_for, facts_of, meetings_of, read_scans
from chengjiu_mp.checkin.attendance import refold, take_turn_of, write_arrivals
from chengjiu_mp.checkin.errors import NoMeetings
from chengjiu_mp.checkin.models import Scan
from chengjiu_mp.checkin.schemas import ScanAnswer, ScanIn
from chengjiu_mp.core import clock, hooks
from chengjiu_mp.core.audit import Deed, record_each
from chengjiu_mp.core.context import Principal
from chengjiu_mp.core.db import after_commit
from chengjiu_mp.core.rows import filled, insert_object
from chengjiu_mp.courses.models import CourseRun, Signup

# A request is under way for seconds; only what exceeds them is the phone's clock.
_CLOCK_NOISE = timedelta(seconds=10)


def record_scans(
    run_id: int, scans: Sequence[ScanIn], by: Principal, *, sent_at: datetime | None = None, late: str = ""
) -> list[ScanAnswer]:
    """Record scans and return one answer for each, in their order; a known nonce is answered as the first time.

    :param sent_at: the phone's clock at sending; when it is off, the scans' times are put right by the difference
    :param late: why paper is entered after the run was closed; without it such scans are refused
    :raise NotFound: the run is missing or out of the caller's scope; :raise RosterNotOpen: not around its days
    :raise DeviceRevoked: the phone is not paired with the run any more
    :raise LateEntryRefused: ``late``, and the results were handed in
    """
    take_turn_of(run_id)
    door = policy.gate(by, run_id, writing=True)
    late = policy.late_reason(door.run, late) if late and not door.limited else ""
    return _recorded(door, scans, offset(sent_at), late=late)


def record_later(run: CourseRun, scan: ScanIn, by: Principal) -> ScanAnswer:
    """Record that somebody came who said only later who they are; the caller has judged that.

    :param by: who saw them come
    """
    take_turn_of(run.id)
    return _recorded(policy.Door(run, by), [scan], timedelta(0), source="later")[0]


def _recorded(
    door: policy.Door, scans: Sequence[ScanIn], offset: timedelta, source: str | None = None, late: str = ""
) -> list[ScanAnswer]:
    run = door.run
    meetings = meetings_of(run.id)
    if not meetings:
        raise NoMeetings
    meant = tickets.signups_meant(run.id, scans)
    facts = Facts(meetings, {row.id: row for row in meant.values()})
    known = read_scans(run.id, facts, [scan.nonce for scan in scans])
    upload = _Upload(door, facts, offset, source)
    upload.late = late
    for scan in scans:
        if scan.nonce not in known:
            known[scan.nonce] = upload.record(scan, meant.get(scan.nonce))
    upload.tell()
    asked = [known[scan.nonce] for scan in scans]
    # A nonce that comes again with another ticket is answered as the first time.
    whole = all(scan.signup_id is None or scan.signup_id in facts.signups for scan in asked)
    return answers_for(run, asked, door.by, facts if whole else facts_of(run.id, asked))


def offset(sent_at: datetime | None) -> timedelta:
    """Return by how much the phone's clock is behind ours; nothing within the noise of a request."""
    behind = clock.now() - sent_at if sent_at else timedelta(0)
    return behind if abs(behind) > _CLOCK_NOISE else timedelta(0)


class _Upload:
    """One request's scans on their way into the table."""

    def __init__(self, door: policy.Door, facts: Facts, offset: timedelta, source: str | None) -> None:
        self.run, self.by, self.facts, self.offset, self.source = door.run, door.by, facts, offset, source
        self.limited, self.device = door.limited, door.device
        self.counts: dict[str, int] = {}
        # Why it is entered after the run was closed.
        self.late = ""
        self.arrived: list[Signup] = []
        self.deeds: list[Deed] = []
        if self.device is not None:
            self.device.seen_at = clock.now()

    def record(self, given: ScanIn, signup: Signup | None) -> Scan:
        """Add one scan with its verdict, and fold."""
        at, remark = self._when(given.scanned_at)
        meetings = self.facts.meetings
        meeting = meetings.get(given.meeting_id)
        # Paper is typed in for a week: that is not for a paired phone.
        source = "name" if self.limited and given.source == "paper" else given.source
        code = policy.verdict_of(self.run, meeting, signup, at, source, late=bool(self.late))
        if code == "unknown_ticket" and given.ticket is not None and not tickets.read_ticket(given.ticket).readable:
            code = "not_a_ticket"
        remark = "；".join(filter(None, (remark, self.late)))[:200]
        scan = filled(
            Scan, run_id=self.run.id, meeting_id=(meeting or next(iter(meetings.values()))).id,
            signup_id=signup.id if signup else None, nonce=given.nonce, source=self.source or source, scanned_at=at,
            received_at=clock.now(), account_id=self.by.account_id, by_name=self.by.name[:100],
            device_id=self.device.id if self.device else None,
            verdict="accepted" if code == "ok" else "refused", code=code, annuls_id=None, reason=remark,
        )  # fmt: skip
        self._add(scan, signup)
        self.counts[scan.verdict] = self.counts.get(scan.verdict, 0) + 1
        return scan

    def _add(self, scan: Scan, signup: Signup | None) -> None:
        before = self.facts.of(scan)
        if scan.code != "ok" or signup is None:
            scan.id = insert_object(scan)
            before.append(scan)
        elif refold(self.run, signup, scan, before):
            self.arrived.append(signup)
            facts = {"scan_id": scan.id, "source": scan.source} | ({"reason": self.late} if self.late else {})
            self.deeds.append(Deed("checkin.made", signup, self.run.unit_id, facts))

    def _when(self, scanned_at: datetime) -> tuple[datetime, str]:
        """Return the time that counts, and what the record says of the phone's clock."""
        now, at, remark = clock.now(), scanned_at + self.offset, ""
        if self.offset:
            remark = f"手机时间相差 {round(self.offset.total_seconds())} 秒，已校正"
        if at > now + policy.CLOCK_TOLERANCE:
            return now, "手机时间超前，已按收到的时间记"
        return at, remark

    def tell(self) -> None:
        """Write what changed on the sign-ups and the audit rows; let a planted crash strike once it is committed."""
        write_arrivals(self.arrived)
        if self.counts:
            more: dict[str, Any] = {"device_id": self.device.id} if self.device else {}
            more |= {"reason": self.late} if self.late else {}
            record_each([*self.deeds, Deed("scans.recorded", self.run, self.run.unit_id, {**self.counts, **more})])
        after_commit(lambda: hooks.crash_after_commit("scans"))
