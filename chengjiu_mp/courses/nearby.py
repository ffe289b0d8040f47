"""What else somebody can join when a run is full, past or called off: the next runs with seats, the nearest first."""

from collections.abc import Collection, Iterable
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, and_, case, exists, or_, select
from sqlalchemy.orm import aliased

from chengjiu_mp.core import clock
from chengjiu_mp.core.day_words import day_time
from chengjiu_mp.core.db import db
from chengjiu_mp.courses.models import CourseRun, CourseType, Meeting, SeatPool, Syllabus
from chengjiu_mp.courses.queries import RunAndSeats, run_url, runs_by_id
from chengjiu_mp.people.ages import birthday
from chengjiu_mp.units.models import Unit

# Where a run leads nowhere any more, or to a line only.
ENDED_PHASES = ("full", "under_way", "signup_closed", "over", "closed", "cancelled")


def runs_nearby(
    run: CourseRun, *, limit: int = 3, born: date | None = None, clear_of: Collection[int] = (), only: int | None = None
) -> list[RunAndSeats]:
    """Return runs ahead with a seat free now: the same kind of course first, then the same town, then the day.

    A unit's own runs are shown beside another run of that unit only, instructors' courses and refreshers beside their
    own kind. Beside a refresher, courses of the kind that it renews come before the rest.

    :param born: leave out what this person would be too young for on its first day
    :param clear_of: ids of runs the person holds a place in; what meets at the same time as one of them is left out
    :param only: runs of this kind of course alone
    """
    kind, renewed, row = _place_of(run)
    query = (
        select(CourseRun.id)
        .join(SeatPool, (SeatPool.run_id == CourseRun.id) & SeatPool.unit_id.is_(None))
        .join(Syllabus, Syllabus.id == CourseRun.syllabus_id)
        .join(CourseType, CourseType.id == Syllabus.course_type_id)
        .join(Unit, Unit.id == CourseRun.unit_id)
        .where(CourseRun.id != run.id, _takes_sign_ups(), or_(CourseType.id == kind, CourseType.family != "instructor"))
        .where(or_(CourseRun.open_to_all, CourseRun.unit_id == run.unit_id))
        .where(or_(CourseType.id == kind, CourseType.refresh_of_id.is_(None)))
        .order_by(
            case((CourseType.id == kind, 0), (CourseType.id == renewed, 1), else_=2),
            case((Unit.row_id == row, 0), else_=1),
            CourseRun.starts_at, CourseRun.id,
        )
        .limit(limit)
    )  # fmt: skip
    if born is not None:
        query = query.where(_old_enough(born))
    if clear_of:
        query = query.where(~_meets_with(clear_of))
    if only is not None:
        query = query.where(CourseType.id == only)
    return runs_by_id(db.session.scalars(query).all())


def offered(runs: Iterable[RunAndSeats]) -> list[dict[str, Any]]:
    """Return what a refusal offers instead: [{id, title, starts_at, day, place, min_age, url}]."""
    return [
        {
            "id": found.run.id, "title": found.run.title, "starts_at": found.run.starts_at.isoformat(),
            "day": day_time(found.run.starts_at), "place": found.run.venue.name,
            "min_age": found.run.syllabus.min_age, "url": run_url(found.run),
        }
        for found in runs
    ]  # fmt: skip


def alternatives_to(found: RunAndSeats) -> list[RunAndSeats]:
    """Return what a run's page offers instead: nothing while it has a seat itself or is still to open."""
    return runs_nearby(found.run) if found.phase in ENDED_PHASES else []


def nearness(run: RunAndSeats, other: RunAndSeats) -> tuple[bool, bool]:
    """Return why ``other`` is offered: whether it is the same kind of course, whether it is in the same town."""
    same_kind = run.run.syllabus.course_type_id == other.run.syllabus.course_type_id
    return same_kind, run.unit.row_id is not None and run.unit.row_id == other.unit.row_id


def _place_of(run: CourseRun) -> tuple[int, int | None, int | None]:
    """Return a run's kind, the kind that it renews if it is a refresher, and its unit's row."""
    tables = select(CourseType.id, CourseType.refresh_of_id, Unit.row_id).select_from(CourseRun)
    tables = tables.join(Syllabus, Syllabus.id == CourseRun.syllabus_id).join(Unit, Unit.id == CourseRun.unit_id)
    tables = tables.join(CourseType, CourseType.id == Syllabus.course_type_id)
    found = db.session.execute(tables.where(CourseRun.id == run.id)).one()
    return found.id, found.refresh_of_id, found.row_id


def _takes_sign_ups() -> ColumnElement[bool]:
    now = clock.now()
    return and_(
        CourseRun.state == "published", CourseRun.signup_opens_at <= now, CourseRun.signup_closes_at > now,
        CourseRun.starts_at > now, SeatPool.waiting == 0, SeatPool.taken < SeatPool.capacity,
    )  # fmt: skip


def _old_enough(born: date) -> ColumnElement[bool]:
    """Syllabi ask for a handful of ages: each has one first day from which this person may come."""
    ages = db.session.scalars(select(Syllabus.min_age).distinct()).all()
    firsts = {age: clock.at_local(birthday(born, age)) for age in ages}
    return or_(*(and_(Syllabus.min_age == age, CourseRun.starts_at >= first) for age, first in firsts.items()))


def _meets_with(run_ids: Collection[int]) -> ColumnElement[bool]:
    theirs, mine = aliased(Meeting), aliased(Meeting)
    return exists(
        select(theirs.id)
        .join(mine, (mine.starts_at < theirs.ends_at) & (theirs.starts_at < mine.ends_at))
        .where(theirs.run_id == CourseRun.id, mine.run_id.in_(run_ids))
    )
