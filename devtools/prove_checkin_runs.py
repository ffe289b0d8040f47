"""The runs of `./dev prove checkin`: one opened for each permutation, and what the database says of it afterwards."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import select

from chengjiu_mp.checkin import attendance
from chengjiu_mp.checkin.models import CheckIn
from chengjiu_mp.checkin.models import Scan as ScanRow
from chengjiu_mp.checkin.schemas import ScanIn
from chengjiu_mp.checkin.service import record_scans
from chengjiu_mp.core import ids
from chengjiu_mp.core.context import Principal
from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.courses.models import CourseRun, Meeting, Signup
from chengjiu_mp.instructors.models import Instructor
from chengjiu_mp.signin import sessions
from devtools.prove_checkin_plan import MINUTE, PHONES, Planned, Scan, Ticket

NAMES = dict(zip(PHONES, ("陈建国", "刘芳"), strict=True))
# Kinds of tickets that are states of a sign-up to the run; the others are told apart below.
STATES = {"seated": "confirmed", "annulled": "confirmed", "offered": "offered", "waitlisted": "waitlisted",
          "withdrawn": "withdrawn", "pending": "pending"}  # fmt: skip


class Teachers(NamedTuple):
    """Two instructors, and the token of each one's phone."""

    instructor_ids: list[int]
    account_ids: list[int]
    tokens: list[str]

    @staticmethod
    def made() -> "Teachers":
        """Make them."""
        from tests import factories  # the makers of the tests

        with unit_of_work():
            rows = [factories.instructor(name) for name in NAMES.values()]
            accounts = [row.account_id or 0 for row in rows]
            tokens = [sessions.open_session("bearer", account)[0] for account in accounts]
            return Teachers([row.id for row in rows], accounts, tokens)


class Venue(NamedTuple):
    """A run that began an hour ago; whose ticket says what, and which sign-up it is."""

    run_id: int
    meeting_id: int
    stray_id: int
    began: datetime
    texts: Mapping[Ticket, str]
    signups: Mapping[Ticket, int]

    def body(self, scan: Scan) -> dict[str, Any]:
        """Return a scan as a phone sends it."""
        return {
            "nonce": scan.nonce, "ticket": self.texts[scan.ticket], "source": "camera",
            "meeting_id": self.meeting_id if scan.meeting else self.stray_id,
            "scanned_at": (self.began + timedelta(seconds=scan.at)).isoformat(),
        }  # fmt: skip


def open_run(plan: Planned, teachers: Teachers) -> Venue:
    """Return a fresh run with fresh people, who share nothing with those before; some were there and were annulled."""
    from tests import factories

    texts: dict[Ticket, str] = {}
    signups: dict[Ticket, int] = {}
    with unit_of_work():
        teach = [db.session.get_one(Instructor, one) for one in teachers.instructor_ids]
        run, other = (
            factories.run(starts_in=timedelta(minutes=-60), capacity=len(plan.tickets), instructors=teach)
            for _ in range(2)
        )
        for one in plan.tickets:
            texts[one], row = _ticket(one, run, other)
            if row is not None:
                signups[one] = row.id
        meetings = [db.session.scalars(select(Meeting.id).where(Meeting.run_id == of.id)).one() for of in (run, other)]
        venue = Venue(run.id, meetings[0], meetings[1], run.starts_at, texts, signups)
    first = teachers.account_ids[0]
    _annul(venue, Principal(account_id=first, name=NAMES["one"], grants=_grants(first)))
    db.session.remove()
    return venue


def _grants(account_id: int) -> Any:
    found = sessions.grants_of(account_id)
    db.session.rollback()
    return found


def _ticket(who: Ticket, run: CourseRun, other: CourseRun) -> tuple[str, Signup | None]:
    """Return what the ticket says, and its sign-up to the run or to another one; None where there is none."""
    from tests import factories

    if who.kind == "unknown":
        return ids.new_token(), None
    if who.kind == "poster":
        return f"https://example.test/s/{ids.new_token()}", None
    state = STATES.get(who.kind, "confirmed")
    place = {"position": who.number} if state == "waitlisted" else {}
    row = factories.signup(other if who.kind == "elsewhere" else run, f"学员{who.number}", state, **place)
    return f"https://example.test/i/{factories.ticket(row)}", row


def _annul(venue: Venue, by: Principal) -> None:
    for who, text in venue.texts.items():
        if who.kind == "annulled":
            # Earlier than any scan that is uploaded later: it would win if it still counted.
            at = venue.began - timedelta(seconds=10 * MINUTE)
            scan = ScanIn(nonce=f"before-{who.number}", ticket=text, meeting_id=venue.meeting_id, scanned_at=at)
            with unit_of_work():
                (answer,) = record_scans(venue.run_id, [scan], by)
                attendance.annul(answer.scan_id, "认错人了", by)


@dataclass
class Found:
    """What came of a run. ``state`` depends on no row's number; ``verdicts`` by nonce."""

    state: Any
    verdicts: dict[str, str]
    lost: int = 0
    doubled: int = 0
    wrong: int = 0
    winners: dict[int, tuple[str, int, str]] = field(default_factory=dict)


def read_run(plan: Planned, venue: Venue) -> Found:
    """Return what the database says of the run now, held against the plan."""
    db.session.rollback()
    scans = db.session.scalars(select(ScanRow).where(ScanRow.run_id == venue.run_id)).all()
    here = db.session.scalars(select(CheckIn).where(CheckIn.run_id == venue.run_id)).all()
    by_id = {row.id: row for row in scans}
    winners = {
        row.signup_id: (by_id[row.scan_id].nonce, _seconds(venue, row.first_at), row.by_name) for row in here
    }  # fmt: skip
    found = Found([_people(venue, winners), _scans(venue, scans)], {row.nonce: row.verdict for row in scans})
    found.winners = winners
    missing = [scan for scan in plan.scans if scan.nonce not in found.verdicts]
    absent = [who for who in plan.winners if venue.signups[who] not in winners]
    found.lost = len(missing) + len(absent)
    found.doubled = _beyond_one((row.signup_id, row.meeting_id) for row in here) + _beyond_one(r.nonce for r in scans)
    found.wrong = _wrong(plan, venue, found, scans)
    db.session.remove()
    return found


def _beyond_one(keys: Iterable[Any]) -> int:
    return sum(count - 1 for count in Counter(keys).values())


def _wrong(plan: Planned, venue: Venue, found: Found, scans: Iterable[ScanRow]) -> int:
    """Count people whose check-in is not the rule's, refused scans that are not, and people accepted not just once."""
    rule = {venue.signups[who]: (scan.nonce, scan.at, NAMES[scan.phone]) for who, scan in plan.winners.items()}
    people = sum(winner != rule.get(key) for key, winner in found.winners.items())
    refused = {nonce for nonce, verdict in found.verdicts.items() if verdict == "refused"}
    accepted = Counter(
        row.signup_id for row in scans
        if row.verdict == "accepted" and row.annuls_id is None and not row.nonce.startswith("before-")
    )  # fmt: skip
    return people + len(refused ^ plan.refused) + sum(accepted[key] != 1 for key in found.winners)


def _people(venue: Venue, winners: Mapping[int, tuple[str, int, str]]) -> list[Any]:
    """Return who is in, since when, by which scan and by whom, and what coming changed on the sign-up."""
    numbers = {key: who.number for who, key in venue.signups.items()}
    rows = db.session.scalars(select(Signup).where(Signup.id.in_(numbers)).execution_options(populate_existing=True))
    return sorted(
        [numbers[row.id], row.state, row.outcome or "", row.name_proved_at is not None,
         row.phone_proved_at is not None, winners.get(row.id, [])]
        for row in rows
    )  # fmt: skip


def _scans(venue: Venue, scans: Iterable[ScanRow]) -> list[Any]:
    """Return every scan on record. Which of a person's scans was the first to arrive is left out: chance decides it."""
    by_id = {row.id: row for row in scans}
    numbers = {key: who.number for who, key in venue.signups.items()}
    return sorted(
        [f"annulment of {by_id[row.annuls_id].nonce}" if row.annuls_id else row.nonce,
         numbers.get(row.signup_id or 0, -1), "refused" if row.verdict == "refused" else "counts",
         row.code if row.verdict == "refused" else "", _seconds(venue, row.scanned_at) if not row.annuls_id else 0,
         row.by_name, row.source, row.reason]
        for row in by_id.values()
    )  # fmt: skip


def _seconds(venue: Venue, instant: datetime) -> int:
    return round((instant - venue.began).total_seconds())
