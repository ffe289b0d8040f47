"""Reads over runs and sign-ups."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from itertools import islice

from sqlalchemy import ColumnElement, Select, bindparam, exists, func, or_, select
from sqlalchemy.orm import aliased, contains_eager
from sqlalchemy.orm.attributes import set_committed_value

from chengjiu_mp.core import clock, ids, privacy
from chengjiu_mp.core.db import db, execute, local_weekday
from chengjiu_mp.core.errors import NotFound
from chengjiu_mp.core.paging import page
from chengjiu_mp.core.rows import Row, as_read, table_of
from chengjiu_mp.core.site import site
from chengjiu_mp.courses.models import CourseRun, CourseType, Meeting, SeatPool, Syllabus
from chengjiu_mp.courses.series_models import SeriesRun
from chengjiu_mp.instructors.models import Instructor
from chengjiu_mp.units.models import Sector, Unit
from chengjiu_mp.venues.models import Venue

PUBLIC_STATES = ("published", "closed", "cancelled")
_MONDAY_TO_FRIDAY = range(1, 6)


@dataclass(frozen=True)
class RunAndSeats:
    """A run with what its list line and its page need; the venue, the syllabus and its type are loaded."""

    run: CourseRun
    pool: SeatPool
    unit: Unit
    sector: Sector

    @property
    def seats_left(self) -> int:
        """Return what the next person would get: none while anyone waits."""
        return 0 if self.pool.waiting else self.pool.capacity - self.pool.taken

    @property
    def phase(self) -> str:
        """Return draft, cancelled, closed, over, under_way, not_open, signup_closed, full or open."""
        return phase_of(self.run, full=self.seats_left == 0)


def phase_of(run: CourseRun, *, full: bool = False) -> str:
    """Return where a run is in its life at this moment, as :attr:`RunAndSeats.phase` names it."""
    now = clock.now()
    steps = (
        (run.state != "published", run.state),
        (now >= run.ends_at, "over"),
        (now < run.signup_opens_at, "not_open"),
        (now >= run.signup_closes_at, "under_way" if now >= run.starts_at else "signup_closed"),
        (full, "full"),
    )
    return next((name for applies, name in steps if applies), "open")


def _runs() -> Select[CourseRun, SeatPool, Unit, Sector]:
    return (
        select(CourseRun, SeatPool, Unit, Sector)
        .join(SeatPool, (SeatPool.run_id == CourseRun.id) & SeatPool.unit_id.is_(None))
        .join(Unit, Unit.id == CourseRun.unit_id)
        .join(Sector, Sector.id == CourseRun.sector_id)
        .join(CourseRun.syllabus)
        .join(Syllabus.course_type)
        .join(CourseRun.venue)
        .options(
            contains_eager(CourseRun.syllabus).contains_eager(Syllabus.course_type), contains_eager(CourseRun.venue)
        )
    )  # fmt: skip


def _read(query: Select[CourseRun, SeatPool, Unit, Sector], **values: int) -> list[RunAndSeats]:
    return [RunAndSeats(*row) for row in db.session.execute(query, values).unique()]


@dataclass(frozen=True)
class RunFilter:
    """What a list of runs is narrowed to; empty fields narrow nothing. ``unit_ids`` holds everything below a unit too.

    ``weekend`` leaves what needs no day off from Monday to Friday: every meeting begins on a Saturday or Sunday.
    """

    kind: str | None = None
    unit_ids: frozenset[int] | None = None
    day: date | None = None
    sector: str | None = None
    weekend: bool = False
    venue_id: int | None = None
    series_id: int | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        """Return them as SQL."""
        found: list[ColumnElement[bool]] = []
        if self.kind:
            found.append(CourseType.code == self.kind)
        elif self.series_id is None:
            # Instructors' own courses are nothing for the public to stumble on; their link and their kind find them.
            found.append(CourseType.family != "instructor")
        if self.unit_ids is not None:
            found.append(CourseRun.unit_id.in_(self.unit_ids))
        if self.day:
            begins, ends = clock.at_local(self.day), clock.at_local(self.day + timedelta(days=1))
            found.append(
                exists().where(Meeting.run_id == CourseRun.id, Meeting.starts_at < ends, Meeting.ends_at > begins)
            )
        if self.sector:
            found.append(Sector.code == self.sector)
        if self.weekend:
            on_a_weekday = local_weekday(Meeting.starts_at).in_(_MONDAY_TO_FRIDAY)
            found.append(~exists().where(Meeting.run_id == CourseRun.id, on_a_weekday))
        if self.venue_id:
            found.append(CourseRun.venue_id == self.venue_id)
        if self.series_id:
            found.append(CourseRun.id.in_(select(SeriesRun.run_id).where(SeriesRun.series_id == self.series_id)))
        return found


def runs_open_for_signup(narrow: RunFilter, limit: int = 60) -> list[RunAndSeats]:
    """Return published runs that people can still sign up to, or will be able to, the next one first."""
    query = _runs().where(CourseRun.state == "published", CourseRun.signup_closes_at > clock.now())
    return _read(query.where(*narrow.conditions()).order_by(CourseRun.starts_at, CourseRun.id).limit(limit))


def runs_listed(
    narrow: RunFilter, visible: ColumnElement[bool], cursor: str | None, size: int
) -> tuple[list[RunAndSeats], str | None]:
    """Return a page of published runs and those in ``visible`` (a scope), newest first, and the next cursor.

    :raise BadCursor: when the cursor is not one of ours
    """
    ids_of = (
        select(CourseRun)
        .join(CourseRun.syllabus)
        .join(Syllabus.course_type)
        .join(Sector, Sector.id == CourseRun.sector_id)
        .where(or_(CourseRun.state == "published", visible), *narrow.conditions())
    )
    found = page(ids_of, CourseRun.id, cursor, size)
    rows = _read(_runs().where(CourseRun.id.in_([run.id for run in found.items])).order_by(CourseRun.id.desc()))
    return rows, found.next_cursor


def runs_in_scope(visible: ColumnElement[bool], state: str | None = None, limit: int = 200) -> list[RunAndSeats]:
    """Return the runs that the office works with: what is ahead or open first, then the past, newest first."""
    query = _runs().where(visible)
    if state:
        query = query.where(CourseRun.state == state)
    return _read(query.order_by(CourseRun.starts_at.desc(), CourseRun.id.desc()).limit(limit))


def runs_by_id(run_ids: Sequence[int]) -> list[RunAndSeats]:
    """Return these runs, whatever their state, in the order of the ids."""
    found = {one.run.id: one for one in _read(_runs().where(CourseRun.id.in_(run_ids)))} if run_ids else {}
    return [found[run_id] for run_id in run_ids if run_id in found]


def run_with_seats(run_id: int) -> RunAndSeats:
    """Return one run, whatever its state.

    :raise NotFound: when there is none
    """
    return _one(_run_by_id(), run=run_id)


@cache
def _run_by_id() -> Select[CourseRun, SeatPool, Unit, Sector]:
    # Built once: every sign-up reads a run, and building costs more than reading.
    return _runs().where(CourseRun.id == bindparam("run"))


@dataclass(frozen=True)
class RunToEnter:
    """A run with what signing up asks of it, to be looked at alone: its syllabus with the course type and its venue are
    there; ``pool_id`` is its open pool's.
    """

    run: CourseRun
    pool_id: int


def run_to_enter(run_id: int) -> RunToEnter:
    """Return one run, whatever its state, without what only its pages show.

    :raise NotFound: when there is none
    """
    found = execute(_RUN_TO_ENTER, {"run": run_id}).one_or_none()
    if found is None:
        raise NotFound
    values = iter(found)

    def one(table: type[Row]) -> Row:
        return as_read(table, [*islice(values, len(table_of(table).c))])

    run, syllabus, course_type, venue = one(CourseRun), one(Syllabus), one(CourseType), one(Venue)
    set_committed_value(syllabus, "course_type", course_type)
    set_committed_value(run, "syllabus", syllabus)
    set_committed_value(run, "venue", venue)
    return RunToEnter(run, next(values))


_RUN, _SYLLABUS, _TYPE, _VENUE, _POOL = map(table_of, (CourseRun, Syllabus, CourseType, Venue, SeatPool))
_RUN_TO_ENTER = (
    select(*_RUN.c, *_SYLLABUS.c, *_TYPE.c, *_VENUE.c, _POOL.c.id)
    .join_from(_RUN, _POOL, (_POOL.c.run_id == _RUN.c.id) & _POOL.c.unit_id.is_(None))
    .join(_SYLLABUS, _SYLLABUS.c.id == _RUN.c.syllabus_id)
    .join(_TYPE, _TYPE.c.id == _SYLLABUS.c.course_type_id)
    .join(_VENUE, _VENUE.c.id == _RUN.c.venue_id)
    .where(_RUN.c.id == bindparam("run"))
)


def run_shown(run_id: int, visible: ColumnElement[bool]) -> RunAndSeats:
    """Return one run that is public, or in ``visible`` (a scope).

    :raise NotFound: when there is none
    """
    return _one(_runs().where(CourseRun.id == run_id, or_(CourseRun.state.in_(PUBLIC_STATES), visible)))


def run_by_token(token: str) -> RunAndSeats:
    """Return the run that a poster's link opens; a draft has no link yet.

    :raise NotFound: when there is none
    """
    if not ids.looks_like_token(token):
        raise NotFound
    return _one(_runs().where(CourseRun.token_hash == ids.token_hash(token), CourseRun.state.in_(PUBLIC_STATES)))


def _one(query: Select[CourseRun, SeatPool, Unit, Sector], **values: int) -> RunAndSeats:
    found = _read(query, **values)
    if not found:
        raise NotFound
    return found[0]


def run_token(run: CourseRun) -> str:
    return privacy.unseal(run.token_sealed, place=CourseRun.PLACE, row=run.uid)


def run_url(run: CourseRun) -> str:
    """Return the address on the poster."""
    return site().link(f"/s/{run_token(run)}")


def meetings_of(run_id: int) -> Sequence[Meeting]:
    """Return the sittings of a run in their order."""
    return db.session.scalars(select(Meeting).where(Meeting.run_id == run_id).order_by(Meeting.sequence)).all()


def instructors_of(run_id: int) -> Sequence[Instructor]:
    """Return who teaches a run."""
    return db.session.scalars(select(Instructor).join(CourseRun.instructors).where(CourseRun.id == run_id)).all()


# What a form offers


def course_types() -> Sequence[CourseType]:
    """Return the kinds in their order."""
    return db.session.scalars(select(CourseType).order_by(CourseType.sort)).all()


def current_syllabus(kind: str) -> Syllabus | None:
    """Return the newest version of a kind's values."""
    query = select(Syllabus).join(Syllabus.course_type).where(CourseType.code == kind)
    return db.session.scalars(query.order_by(Syllabus.version.desc()).limit(1)).first()


def current_syllabi() -> Sequence[Syllabus]:
    """Return the newest version of every kind's values, in the kinds' order."""
    every = aliased(Syllabus)
    newest = select(func.max(every.version)).where(every.course_type_id == CourseType.id).scalar_subquery()
    query = select(Syllabus).join(Syllabus.course_type).where(Syllabus.version == newest)
    return db.session.scalars(query.order_by(CourseType.sort)).all()


def venues_to_choose() -> Sequence[Venue]:
    """Return the venues in use."""
    return db.session.scalars(select(Venue).where(Venue.active).order_by(Venue.name, Venue.id)).all()


def instructors_to_choose() -> Sequence[Instructor]:
    """Return who may be asked to teach."""
    return db.session.scalars(
        select(Instructor).where(Instructor.status == "active").order_by(Instructor.sort_key, Instructor.id)
    ).all()
