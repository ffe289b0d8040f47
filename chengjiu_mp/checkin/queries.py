"""Reads: who is here, who is missing, what was refused, and whose day it is."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.orm import selectinload

from chengjiu_mp.checkin.attended_models import ExitScan
from chengjiu_mp.checkin.errors import NoMeetings
from chengjiu_mp.checkin.models import CheckIn, Scan
from chengjiu_mp.checkin.policy import CLOSES_AFTER
from chengjiu_mp.core import clock, privacy
from chengjiu_mp.core.context import Principal
from chengjiu_mp.core.db import db
from chengjiu_mp.core.errors import NotFound
from chengjiu_mp.courses.models import SEATED, CourseRun, Meeting, RunInstructor, Signup
from chengjiu_mp.courses.policy import ROSTER_CLOSES, run_for
from chengjiu_mp.instructors.models import Instructor
from chengjiu_mp.people.models import Person
from chengjiu_mp.units.models import Unit


@dataclass(frozen=True)
class Counts:
    """已到 ``arrived`` / ``expected``: people with a seat or already here; ``refused`` scans of the run."""

    arrived: int
    expected: int
    refused: int = 0


@dataclass(frozen=True)
class RosterRow:
    """One person on the roster of a meeting. ``phone`` is in the clear: mask it before it leaves the server."""

    signup_id: int
    name: str
    latin_name: str
    phone: str
    document_end: str
    checked_in: bool
    first_at: datetime | None
    by: str | None
    source: str | None
    scan_id: int | None
    over_capacity: bool


@dataclass(frozen=True)
class UnitHere:
    """A unit with people on the roster: ``arrived`` of ``expected`` are checked in to the meeting."""

    id: int
    name: str
    arrived: int
    expected: int


@dataclass(frozen=True)
class RefusedScan:
    """A scan that checked nobody in (rel-C5); ``name`` only where the ticket is one of this run."""

    code: str
    scanned_at: datetime
    by: str
    source: str
    name: str | None


def meeting_of(run_id: int, meeting_id: int | None = None) -> Meeting:
    """Return the named meeting of the run, else the one under way or next, else the last.

    :raise NotFound: the named one is not of this run; :raise NoMeetings: there is none at all
    """
    rows = db.session.scalars(select(Meeting).where(Meeting.run_id == run_id).order_by(Meeting.starts_at)).all()
    if meeting_id is not None:
        named = next((row for row in rows if row.id == meeting_id), None)
        if named is None:
            raise NotFound
        return named
    if not rows:
        raise NoMeetings
    now = clock.now()
    return next((row for row in rows if row.ends_at + CLOSES_AFTER >= now), rows[-1])


def meetings_of(run_id: int) -> Sequence[Meeting]:
    """Return all meetings of the run in their order."""
    return db.session.scalars(select(Meeting).where(Meeting.run_id == run_id).order_by(Meeting.sequence)).all()


def _on_roster() -> ColumnElement[bool]:
    return or_(Signup.state.in_(SEATED), Signup.outcome == "attended")


def counts(run_id: int, meeting_id: int) -> Counts:
    """Return the figures of a meeting."""
    arrived = select(func.count(CheckIn.id)).where(CheckIn.run_id == run_id, CheckIn.meeting_id == meeting_id)
    expected = select(func.count(Signup.id)).where(Signup.run_id == run_id, _on_roster())
    refused = select(func.count(Scan.id)).where(Scan.run_id == run_id, Scan.verdict == "refused")
    parts = (arrived.scalar_subquery(), expected.scalar_subquery(), refused.scalar_subquery())
    return Counts(*db.session.execute(select(*parts)).one())


def waiting(run_id: int) -> Sequence[Signup]:
    """Return who stands in the run's lines, the first in each first."""
    query = select(Signup).where(Signup.run_id == run_id, Signup.state == "waitlisted")
    return db.session.scalars(query.order_by(Signup.pool_id, Signup.position)).all()


def units_expected(run_id: int, meeting_id: int) -> list[UnitHere]:
    """Return the units whose people are on the roster, the largest first, with how many of them are here."""
    here = and_(CheckIn.signup_id == Signup.id, CheckIn.meeting_id == meeting_id)
    query = (
        select(Unit.id, Unit.name, func.count(CheckIn.id), func.count(Signup.id))
        .join(Signup, Signup.owner_unit_id == Unit.id)
        .outerjoin(CheckIn, here)
        .where(Signup.run_id == run_id, _on_roster())
        .group_by(Unit.id, Unit.name)
        .order_by(func.count(Signup.id).desc(), Unit.id)
    )
    return [UnitHere(*row) for row in db.session.execute(query)]


def attendance(run_id: int, meeting_id: int) -> list[tuple[Signup, CheckIn | None]]:
    """Return everybody on the roster by name, with their check-in to the meeting."""
    here = and_(CheckIn.signup_id == Signup.id, CheckIn.meeting_id == meeting_id)
    query = select(Signup, CheckIn).outerjoin(CheckIn, here).where(Signup.run_id == run_id, _on_roster())
    rows = db.session.execute(query.order_by(Signup.sort_key, Signup.id))
    return [(signup, here) for signup, here in rows]


def who_came(run_id: int) -> Sequence[Signup]:
    """Return everybody who was checked in to any meeting, by name."""
    query = select(Signup).where(Signup.run_id == run_id, Signup.outcome == "attended")
    return db.session.scalars(query.order_by(Signup.sort_key, Signup.id)).all()


def roster(
    run_id: int, meeting_id: int, search: str = "", unit_id: int | None = None, *, documents: bool = True
) -> list[RosterRow]:
    """Return the roster of a meeting by name, those who are missing first.

    :param search: part of a name, or the last digits of the phone or the document
    :param unit_id: whose people alone are wanted
    :param documents: False for who may not see a document's last digits, and so not search by them either, nor by more
        of a phone than is shown
    """
    here = and_(CheckIn.signup_id == Signup.id, CheckIn.meeting_id == meeting_id)
    query = (
        select(Signup, Person, CheckIn, Scan)
        .join(Person, Person.id == Signup.person_id)
        .outerjoin(CheckIn, here)
        .outerjoin(Scan, Scan.id == CheckIn.scan_id)
        .where(Signup.run_id == run_id, _on_roster())
        .order_by(CheckIn.id.is_not(None), Signup.sort_key, Signup.id)
    )
    if unit_id is not None:
        query = query.where(Signup.owner_unit_id == unit_id)
    rows = [_row(*found, documents=documents) for found in db.session.execute(query)]
    return [row for row in rows if _matches(row, search.strip(), longest=20 if documents else 4)]


def _row(signup: Signup, person: Person, here: CheckIn | None, scan: Scan | None, *, documents: bool) -> RosterRow:
    shown = documents and not signup.erased_at
    number = privacy.unseal(person.doc_sealed, place=Person.PLACE, row=person.uid) if shown else ""
    return RosterRow(
        signup_id=signup.id, name=signup.name, latin_name=signup.latin_name, document_end=number[-4:],
        checked_in=here is not None,
        phone=privacy.unseal(signup.phone_sealed, place=Signup.PLACE_PHONE, row=signup.uid),
        first_at=here.first_at if here else None, by=here.by_name if here else None,
        source=scan.source if scan else None, scan_id=here.scan_id if here else None,
        over_capacity=signup.over_capacity,
    )  # fmt: skip


def _matches(row: RosterRow, search: str, *, longest: int) -> bool:
    # Whoever may not see a whole number must not find it digit by digit either: ``longest`` of them are compared.
    if not search:
        return True
    wanted = search.upper()
    named = wanted in row.name.upper() or wanted in row.latin_name.upper()
    if named or len(wanted) > longest:
        return named
    return row.phone.endswith(wanted) or row.document_end.upper().endswith(wanted)


def refused_scans(run_id: int) -> list[RefusedScan]:
    """Return the refused scans of a run, the newest first, at most 100."""
    query = (
        select(Scan, Signup.name)
        .outerjoin(Signup, and_(Signup.id == Scan.signup_id, Signup.run_id == run_id))
        .where(Scan.run_id == run_id, Scan.verdict == "refused")
        .order_by(Scan.scanned_at.desc(), Scan.id.desc())
        .limit(100)
    )
    return [
        RefusedScan(scan.code, scan.scanned_at, scan.by_name, scan.source, name)
        for scan, name in db.session.execute(query)
    ]


def last_scan(scan_id: int, run_id: int) -> tuple[Scan, Signup] | None:
    """Return a scan of this run that can be undone, with its sign-up; None when it checks nobody in (any more)."""
    query = select(Scan, Signup).join(Signup, Signup.id == Scan.signup_id).join(CheckIn, CheckIn.signup_id == Signup.id)
    query = query.where(Scan.id == scan_id, Scan.run_id == run_id, CheckIn.meeting_id == Scan.meeting_id)
    found = db.session.execute(query).first()
    return (found[0], found[1]) if found else None


def first_check_in(signup_id: int) -> CheckIn | None:
    """Return when and by whom a sign-up was first checked in, for its ticket page."""
    query = select(CheckIn).where(CheckIn.signup_id == signup_id)
    return db.session.scalars(query.order_by(CheckIn.first_at, CheckIn.id).limit(1)).first()


def export_person(signup_ids: Collection[int]) -> list[dict[str, Any]]:
    """Return when a person came and left, for the person, the earliest first; who held the phone is not theirs."""
    gone = select(func.max(ExitScan.scanned_at)).where(
        ExitScan.signup_id == CheckIn.signup_id, ExitScan.meeting_id == CheckIn.meeting_id
    )
    query = select(CheckIn, Meeting.starts_at, gone.scalar_subquery())
    mine = query.join(Meeting, Meeting.id == CheckIn.meeting_id).where(CheckIn.signup_id.in_(signup_ids))
    return [
        {
            "signup_id": here.signup_id, "meeting_starts_at": starts_at, "checked_in_at": here.first_at,
            "left_at": left_at,
        }
        for here, starts_at, left_at in db.session.execute(mine.order_by(CheckIn.first_at))
    ]  # fmt: skip


def runs_to_teach(who: Principal, days: int = 30) -> Sequence[CourseRun]:
    """Return the published runs the caller teaches, from last week's to those ``days`` ahead, the earliest first."""
    query = _published(timedelta(days=days)).where(
        CourseRun.id.in_(
            select(RunInstructor.run_id)
            .join(Instructor, Instructor.id == RunInstructor.instructor_id)
            .where(Instructor.account_id == who.account_id)
        )
    )
    return db.session.scalars(query).unique().all()


def _published(ahead: timedelta) -> Select[CourseRun]:
    now = clock.now()
    return (
        select(CourseRun)
        .where(CourseRun.state.in_(("published", "closed")))
        .where(CourseRun.ends_at >= now - ROSTER_CLOSES, CourseRun.starts_at <= now + ahead)
        .options(selectinload(CourseRun.meetings), selectinload(CourseRun.venue))
        .order_by(CourseRun.starts_at, CourseRun.id)
    )


def seen_run(who: Principal, run_id: int) -> CourseRun:
    """Return a run in the caller's scope with its place, for a page's heading.

    :raise NotFound: missing or out of scope
    """
    run_for(who, run_id)
    return with_venue(run_id)


def with_venue(run_id: int) -> CourseRun:
    """Return a run that the caller was let in to, with its place."""
    query = select(CourseRun).where(CourseRun.id == run_id).options(selectinload(CourseRun.venue))
    return db.session.scalars(query.execution_options(populate_existing=True)).one()
