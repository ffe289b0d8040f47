"""Weekly series: the list of dates with what speaks against each, then drafts for all of them in one transaction."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta

from sqlalchemy import ColumnElement, and_, case, func, select, true
from sqlalchemy.exc import IntegrityError

from chengjiu_mp.core import audit, clock, context
from chengjiu_mp.core.calendar import DayKind, day_kind, holiday_name
from chengjiu_mp.core.db import db, violated
from chengjiu_mp.core.errors import Kind, NotFound, Refusal
from chengjiu_mp.courses.clashes import Clash, clashes_among
from chengjiu_mp.courses.copying import moved
from chengjiu_mp.courses.drafting import Draft, draft_run
from chengjiu_mp.courses.models import CourseRun
from chengjiu_mp.courses.policy import units_in_scope
from chengjiu_mp.courses.publishing import Warned
from chengjiu_mp.courses.queries import RunAndSeats, runs_by_id
from chengjiu_mp.courses.series_models import CourseSeries, SeriesRun
from chengjiu_mp.courses.sittings import Sitting
from chengjiu_mp.people.invisible import to_be_seen

MOST = 60
_LONGEST = timedelta(days=366)


class NoDates(Refusal):
    code = "no_dates"
    message = "照这样没有排出任何一天。请核对星期几、开始和结束的日期。"
    kind = Kind.INVALID


class TooManyDates(Refusal):
    code = "too_many_dates"
    message = f"一次最多排 {MOST} 场，跨度不超过一年。请把结束日期提前，或分几次排。"
    kind = Kind.INVALID


@dataclass(frozen=True)
class Weekly:
    """When a series meets. ``weekdays`` counts Monday as 0; ``days`` is how many days running each run lasts.

    It ends after ``count`` runs or on the day ``last``. Days off by the yearly notice are skipped or only warned of.
    """

    weekdays: frozenset[int]
    first: date
    begins: time
    ends: time
    count: int | None = None
    last: date | None = None
    days: int = 1
    skip_holidays: bool = True


@dataclass(frozen=True)
class Planned:
    """A day of a series: the run to be, or None when the day is skipped, and what to look at."""

    day: date
    draft: Draft | None
    warnings: Sequence[Warned | Clash] = field(default=())


def planned(weekly: Weekly, pattern: Draft) -> list[Planned]:
    """Return every day of the series in order; nothing is written.

    :param pattern: what each run is made of; its windows for signing up move along
    :raise NoDates, TooManyDates: when the days make no series
    """
    days = [_planned_day(day, weekly, pattern) for day in _days(weekly)]
    runs = [one for one in days if one.draft]
    if not runs:
        raise NoDates(field="first")
    if len(runs) > MOST or days[-1].day - weekly.first > _LONGEST:
        raise TooManyDates(field="last")
    found = dict(zip([one.day for one in runs], clashes_among([one.draft for one in runs if one.draft]), strict=True))
    return [replace(one, warnings=[*one.warnings, *found.get(one.day, ())]) for one in days]


def _days(weekly: Weekly) -> Iterator[date]:
    """The days of the pattern, one more run than allowed at most; skipped days do not count."""
    wanted, made, day = min(weekly.count or MOST + 1, MOST + 1), 0, weekly.first
    last = weekly.last or weekly.first + _LONGEST + timedelta(days=7)
    while made < wanted and day <= last and day - weekly.first <= _LONGEST + timedelta(days=7):
        if day.weekday() in weekly.weekdays:
            made += not _left_out(day, weekly)
            yield day
        day += timedelta(days=1)


def _meets_on(day: date, weekly: Weekly) -> list[date]:
    return [day + timedelta(days=n) for n in range(weekly.days)]


def _left_out(day: date, weekly: Weekly) -> bool:
    """What has begun cannot be signed up to; days off are left out on request."""
    if datetime.combine(day, weekly.begins, clock.SHANGHAI) <= clock.now():
        return True
    return weekly.skip_holidays and any(day_kind(one) is DayKind.HOLIDAY for one in _meets_on(day, weekly))


def _planned_day(day: date, weekly: Weekly, pattern: Draft) -> Planned:
    off = {name: None for one in _meets_on(day, weekly) if (name := holiday_name(one))}
    warned = [Warned("holiday", f"{name}放假。") for name in off]
    if any(day_kind(one) is DayKind.UNKNOWN for one in _meets_on(day, weekly)):
        warned.append(Warned("holidays_unknown", f"{day.year} 年的放假安排还没有导入。"))
    if datetime.combine(day, weekly.begins, clock.SHANGHAI) <= clock.now():
        warned.append(Warned("in_the_past", "这一天已经过去。"))
    if _left_out(day, weekly):
        return Planned(day, None, warned)
    sittings = [
        Sitting(*(datetime.combine(one, at, clock.SHANGHAI) for at in (weekly.begins, weekly.ends)))
        for one in _meets_on(day, weekly)
    ]
    return Planned(day, moved(pattern, sittings), warned)


def make_series(uid: str, title: str, drafts: Sequence[Draft]) -> CourseSeries:
    """Draft every run and the series they belong to; the same ``uid`` again returns the series that is there.

    :param uid: 32 hex characters, new for each list that was looked at
    :raise NotFound, UnknownChoice, RunTimesWrong: as :func:`courses.drafting.draft_run`
    """
    series = CourseSeries(
        uid=uid, unit_id=drafts[0].unit_id, title=to_be_seen(title)[:100], created_by=context.principal().account_id
    )
    try:
        with db.session.begin_nested():
            db.session.add(series)
    except IntegrityError as exc:
        if not violated(exc, "uq_course_series_uid"):
            raise
        # The button was pressed twice.
        return db.session.scalars(select(CourseSeries).where(CourseSeries.uid == uid)).one()
    runs = [draft_run(draft) for draft in drafts]
    series.title = series.title or runs[0].title
    db.session.add_all(SeriesRun(run_id=run.id, series_id=series.id) for run in runs)
    db.session.flush()
    audit.record("series.made", series, unit_id=series.unit_id, rows=len(runs))
    return series


def series_in_scope(series_id: int) -> CourseSeries:
    """Return a series of a unit in the caller's scope.

    :raise NotFound: when it is missing or out of scope
    """
    scope, found = units_in_scope(context.principal()), db.session.get(CourseSeries, series_id)
    if found is None or (scope is not None and found.unit_id not in scope):
        raise NotFound
    return found


def series_listed() -> Sequence[tuple[CourseSeries, int, int]]:
    """Return the series in the caller's scope, the newest first, with how many runs and how many drafts each holds."""
    scope = units_in_scope(context.principal())
    drafts = func.sum(case((CourseRun.state == "draft", 1), else_=0))
    query = (
        select(CourseSeries, func.count(SeriesRun.run_id), drafts)
        .join(SeriesRun, SeriesRun.series_id == CourseSeries.id)
        .join(CourseRun, CourseRun.id == SeriesRun.run_id)
        .where(true() if scope is None else CourseSeries.unit_id.in_(scope))
        .group_by(CourseSeries.id)
        .order_by(CourseSeries.id.desc())
        .limit(200)
    )
    return [(row[0], row[1], row[2]) for row in db.session.execute(query)]


def runs_of_series(series_id: int) -> list[RunAndSeats]:
    """Return the runs of a series, whatever their state, by their day."""
    return _runs_of(series_id, true())


def drafts_of_series(series_id: int, visible: ColumnElement[bool]) -> list[RunAndSeats]:
    """Return what is still to be published of a series, in ``visible`` (a scope), by its day."""
    return _runs_of(series_id, and_(visible, CourseRun.state == "draft"))


def _runs_of(series_id: int, narrow: ColumnElement[bool]) -> list[RunAndSeats]:
    ids = select(SeriesRun.run_id).join(CourseRun, CourseRun.id == SeriesRun.run_id)
    ids = ids.where(SeriesRun.series_id == series_id, narrow).order_by(CourseRun.starts_at, CourseRun.id)
    return runs_by_id(db.session.scalars(ids).all())


def series_of(run_id: int) -> CourseSeries | None:
    """Return the series that a run belongs to."""
    query = select(CourseSeries).join(SeriesRun, SeriesRun.series_id == CourseSeries.id)
    return db.session.scalars(query.where(SeriesRun.run_id == run_id)).first()
