"""A run again on another day: everything but the date."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import func, select

from chengjiu_mp.core import clock
from chengjiu_mp.core.db import db
from chengjiu_mp.courses.drafting import Draft
from chengjiu_mp.courses.models import CourseRun, SeatPool
from chengjiu_mp.courses.queries import RunAndSeats, instructors_of, meetings_of, run_with_seats
from chengjiu_mp.courses.sittings import Sitting

WEEK = timedelta(days=7)


def suggested_start(run: CourseRun) -> datetime:
    """Return the same weekday and hour a week later, or in the first week that is still ahead."""
    weeks = max(1, (clock.now() - run.starts_at) // WEEK + 1)
    return run.starts_at + weeks * WEEK


def draft_like(run: CourseRun, starts_at: datetime) -> Draft:
    """Return what a run is made of, so that it begins at ``starts_at``; see :func:`moved`."""
    pattern, by = pattern_of(run), starts_at - run.starts_at
    return moved(pattern, [Sitting(one.starts_at + by, one.ends_at + by) for one in pattern.meetings])


def pattern_of(run: CourseRun) -> Draft:
    """Return the draft that would make a run once more; instructors who teach no more are left out."""
    return replace(
        as_it_is(run_with_seats(run.id)),
        meetings=[Sitting(one.starts_at, one.ends_at) for one in meetings_of(run.id)],
        # Open from the moment it was drafted is "at once", which has no distance from the beginning.
        signup_opens_at=run.signup_opens_at if run.signup_opens_at > run.created_at else None,
        signup_closes_at=run.signup_closes_at,
        instructor_ids=[one.id for one in instructors_of(run.id) if one.status == "active"],
        # What is reserved for units is reserved in this run alone: all its seats are open in the next.
        capacity=db.session.scalar(
            select(func.sum(SeatPool.capacity - SeatPool.extra)).where(SeatPool.run_id == run.id)
        ),
    )


def moved(pattern: Draft, meetings: Sequence[Sitting]) -> Draft:
    """Return the pattern with other meetings; its windows for signing up keep their distance from the beginning.

    A window that would have opened already opens at once.
    """
    begins, by = meetings[0].starts_at, meetings[0].starts_at - pattern.meetings[0].starts_at
    opens = pattern.signup_opens_at + by if pattern.signup_opens_at else None
    closes = min(pattern.signup_closes_at + by, meetings[-1].ends_at) if pattern.signup_closes_at else None
    return replace(
        pattern,
        meetings=meetings,
        signup_opens_at=opens if opens and opens > clock.now() else None,
        # At the beginning is what a draft says by itself.
        signup_closes_at=closes if closes != begins else None,
    )


def as_it_is(found: RunAndSeats) -> Draft:
    """Return a run as the draft that would make it, without meetings, windows and instructors."""
    run = found.run
    return Draft(
        kind=run.syllabus.course_type.code, unit_id=run.unit_id, venue_id=run.venue_id, meetings=(),
        sector=found.sector.code, title=run.title, capacity=found.pool.capacity - found.pool.extra,
        open_to_all=run.open_to_all, online=run.online, key_group=run.key_group,
    )  # fmt: skip
