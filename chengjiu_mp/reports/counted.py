"""What counts, as SQL conditions: the figures of the board and the rows behind them use these and nothing else.

Source of the rules: the counting rules agreed for the plan (docs/counting)."""

from datetime import date, datetime, timedelta

from sqlalchemy import ColumnElement, and_, case, exists, func, or_, select

from chengjiu_mp.certificates.models import Certificate
from chengjiu_mp.core import clock
from chengjiu_mp.courses.models import CourseRun, CourseType, Signup
from chengjiu_mp.units.models import Unit

METRICS = ("certified", "junior", "popular", "online", "runs")

is_junior: ColumnElement[bool] = CourseType.code == "junior"
is_popular: ColumnElement[bool] = CourseType.family == "popular"
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
    somebody = exists(select(Signup.id).where(Signup.run_id == CourseRun.id, Signup.outcome == "attended"))
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


def _begin(year: int) -> datetime:
    return clock.at_local(date(year, 1, 1))
