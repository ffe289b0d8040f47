"""A month of runs, and what a month's poster lists."""

import re
from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import ColumnElement, Select, select

from chengjiu_mp.core import clock
from chengjiu_mp.core.calendar import add_months
from chengjiu_mp.core.db import db
from chengjiu_mp.courses.models import CourseRun, Syllabus
from chengjiu_mp.courses.queries import RunAndSeats, RunFilter, runs_by_id
from chengjiu_mp.units.models import Sector

_MONTH = re.compile(r"(20\d\d)-(0[1-9]|1[0-2])", re.ASCII)
EARLIEST, LATEST = date(2020, 1, 1), date(2098, 12, 1)


def month_of(text: str | None) -> date:
    """Return the first day of a month written as 2026-12; of this month when it is written otherwise."""
    found = _MONTH.fullmatch(text or "")
    first = date(int(found[1]), int(found[2]), 1) if found else clock.today().replace(day=1)
    return min(max(first, EARLIEST), LATEST)


def span_of(first: date) -> tuple[datetime, datetime]:
    """Return the instants at which a month begins and ends in Jiangyin."""
    return clock.at_local(first), clock.at_local(add_months(first, 1))


def drafts_of_month(first: date, visible: ColumnElement[bool]) -> list[RunAndSeats]:
    """Return the drafts that begin in a month, in ``visible`` (a scope), by their day."""
    begins, ends = span_of(first)
    query = select(CourseRun.id).where(
        visible, CourseRun.state == "draft", CourseRun.starts_at >= begins, CourseRun.starts_at < ends
    )
    return runs_by_id(_by_day(query))


def runs_to_print(first: date, narrow: RunFilter) -> list[RunAndSeats]:
    """Return a month's published runs that have not begun yet, by their day."""
    begins, ends = span_of(first)
    query = (
        select(CourseRun.id)
        .join(CourseRun.syllabus)
        .join(Syllabus.course_type)
        .join(Sector, Sector.id == CourseRun.sector_id)
        .where(
            CourseRun.state == "published", CourseRun.starts_at >= max(begins, clock.now()), CourseRun.starts_at < ends,
            *narrow.conditions(),
        )
    )  # fmt: skip
    return runs_by_id(_by_day(query))


def _by_day(query: Select[int]) -> Sequence[int]:
    return db.session.scalars(query.order_by(CourseRun.starts_at, CourseRun.id).limit(300)).all()
