"""What counts, as SQL conditions: the figures of the board and the rows behind them use these and nothing else.

Source of the rules: the counting rules agreed for the plan (docs/counting)."""

from datetime import date, datetime, timedelta

from sqlalchemy import ColumnElement, and_, case, exists, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute

from chengjiu_mp.certificates.models import Certificate
from chengjiu_mp.core import clock
from chengjiu_mp.courses.models import CourseRun, CourseType, Signup
from chengjiu_mp.units.models import KEY_GROUPS, Unit

METRICS = ("certified", "junior", "popular", "online", "runs", "trained")
OTHER = "other"

is_junior: ColumnElement[bool] = CourseType.code == "junior"
is_popular: ColumnElement[bool] = CourseType.family == "popular"
# Who came to a course that leads to a certificate; heads of popular courses are counted, not named.
is_certified: ColumnElement[bool] = CourseType.family == "certified"
attended: ColumnElement[bool] = Signup.outcome == "attended"
# A run that is over but not closed has no head count yet.
closed_heads = case((CourseRun.state == "closed", func.coalesce(CourseRun.head_count, 0)), else_=0)
# Units without a row, the city itself, answer together under no row.
row_of = Unit.row_id


def certificates_on(as_of: date) -> ColumnElement[bool]:
    """Return which certificates count at the end of a day: counted at issue, and not revoked by then."""
    return and_(
        Certificate.counted,
        Certificate.is_test.is_(False),
        Certificate.issued_on <= as_of,
        or_(Certificate.revoked_on.is_(None), Certificate.revoked_on > as_of),
    )


def runs_held_on(as_of: date) -> ColumnElement[bool]:
    """Return which runs were held by the end of a day: closed, or over with somebody present; none for instructors."""
    somebody = exists(select(Signup.id).where(Signup.run_id == CourseRun.id, attended).correlate(CourseRun))
    return and_(
        CourseType.family != "instructor",
        CourseRun.ends_at < clock.at_local(as_of + timedelta(days=1)),
        or_(CourseRun.state == "closed", and_(CourseRun.state == "published", somebody)),
    )


def in_years(first: int, last: int) -> ColumnElement[bool]:
    """Return which runs had their last meeting in the plan years ``first`` to ``last``, on Jiangyin's calendar."""
    return and_(CourseRun.ends_at >= _begin(first), CourseRun.ends_at < _begin(last + 1))


def from_year(year: int) -> ColumnElement[bool]:
    """Return which runs had their last meeting in the plan year ``year`` or later."""
    return CourseRun.ends_at >= _begin(year)


def within(since: date, until: date) -> ColumnElement[bool]:
    """Return which runs had their last meeting on the days ``since`` to ``until``, on Jiangyin's calendar."""
    return and_(CourseRun.ends_at >= clock.at_local(since), CourseRun.ends_at < clock.at_local(until + timedelta(1)))


def class_of(column: InstrumentedAttribute[str] | InstrumentedAttribute[str | None]) -> ColumnElement[str]:
    """Return the one class that a row belongs to: what the plan does not name, or nobody said, is 其他."""
    named = [code for code in KEY_GROUPS if code != OTHER]
    return case((column.in_(named), column), else_=OTHER)


def _begin(year: int) -> datetime:
    return clock.at_local(date(year, 1, 1))
