"""The rows behind a figure: the same conditions as the figure, narrowed to the caller (rel-Z3)."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select, true

from chengjiu_mp.certificates.models import Certificate
from chengjiu_mp.checkin.evidence import lacks_evidence
from chengjiu_mp.core import clock
from chengjiu_mp.core.context import Principal
from chengjiu_mp.core.db import db
from chengjiu_mp.core.errors import NotFound
from chengjiu_mp.core.paging import Page, page
from chengjiu_mp.courses.models import CourseRun, CourseType, Signup, Syllabus
from chengjiu_mp.people.name_display import mask_name
from chengjiu_mp.reports import counted
from chengjiu_mp.reports.policy import Scope, scope_of
from chengjiu_mp.units.models import Unit
from chengjiu_mp.units.plan_2022 import FIRST_YEAR

NOWHERE = 0


@dataclass(frozen=True)
class Asked:
    """Which figure: ``unit_id`` a row of the plan, 0 what belongs to no row, None all; ``since_start`` from 2022 on.

    ``days``, the first and the last, take the place of the year; ``key_group`` is one class of people."""

    year: int
    metric: str
    unit_id: int | None = None
    sector_id: int | None = None
    since_start: bool = False
    key_group: str | None = None
    days: tuple[date, date] | None = None

    @property
    def first_year(self) -> int:
        return FIRST_YEAR if self.since_start else self.year


@dataclass(frozen=True)
class Behind:
    """One row behind a figure. ``kind``: certificate, run or signup; ``count`` is what it adds to the figure.

    ``text`` is a masked name or a run's title."""

    kind: str
    id: int
    text: str
    number: str
    course: str
    unit: str
    on: date
    count: int
    run_id: int | None = None
    # A 普及 run that was closed and that no picture shows yet (待补佐证).
    lacks_evidence: bool = False


def rows_behind(who: Principal, asked: Asked, cursor: str | None = None) -> Page[Behind]:
    """Return one page of the rows behind a figure, newest first.

    :raise NotFound: when the caller holds nothing of the row
    """
    scope = scope_of(who)
    check_row(scope, asked)
    if asked.metric in ("certified", "junior"):
        found = page(certificates(asked, scope, select(Certificate)), Certificate.id, cursor)
        return Page(_described_certificates(found.items), found.next_cursor)
    if asked.metric == "trained":
        came = page(signups(asked, scope, select(Signup)), Signup.id, cursor)
        return Page(_described_signups(came.items), came.next_cursor)
    held = page(runs(asked, scope, select(CourseRun)), CourseRun.id, cursor)
    return Page(_described_runs(held.items, asked), held.next_cursor)


def total_behind(who: Principal, asked: Asked) -> int:
    """Return the sum of ``count`` over every page: the figure itself."""
    scope = scope_of(who)
    if asked.metric in ("certified", "junior"):
        return int(db.session.scalar(certificates(asked, scope, select(func.count(Certificate.id)))) or 0)
    if asked.metric == "trained":
        return int(db.session.scalar(signups(asked, scope, select(func.count(Signup.id)))) or 0)
    adds = func.count(CourseRun.id) if asked.metric == "runs" else func.sum(counted.closed_heads)
    return int(db.session.scalar(runs(asked, scope, select(adds))) or 0)


def heads_without_evidence(who: Principal, year: int) -> int:
    """Return how many of a year's heads, on site and online, no picture shows yet; they are in the figures."""
    scope = scope_of(who)
    asked = (Asked(year, metric) for metric in ("popular", "online"))
    queries = (runs(one, scope, select(func.sum(counted.closed_heads))).where(lacks_evidence()) for one in asked)
    return sum(int(db.session.scalar(query) or 0) for query in queries)


def check_row(scope: Scope, asked: Asked) -> None:
    """Let pass who holds anything of the row asked for.

    :raise NotFound: otherwise, and when there is no such row
    """
    if not asked.unit_id:
        return
    known = select(Unit.id).where(Unit.id == asked.unit_id, Unit.is_row)
    if db.session.scalar(known) is None:
        raise NotFound
    limited = scope.grants or ()
    everywhere = scope.whole or any(g.unit_ids is None for g in limited)
    held = frozenset[int]().union(*(g.unit_ids or () for g in limited))
    inside = select(Unit.id).where(Unit.row_id == asked.unit_id, Unit.id.in_(held)).limit(1)
    if not everywhere and db.session.scalar(inside) is None:
        raise NotFound


def certificates(asked: Asked, scope: Scope, query: Select[Any]) -> Select[Any]:
    """Narrow a query over Certificate to what counts; ``metric`` certified or junior."""
    query = (
        query.join(Unit, Unit.id == Certificate.owner_unit_id)
        .join(CourseType, CourseType.id == Certificate.course_type_id)
        .where(counted.certificates_on(clock.today()), scope.certificates(), _of_row(asked))
    )
    if asked.days:
        # The year that a certificate counts in is that of the run's last meeting; so is its day.
        query = query.join(CourseRun, CourseRun.id == Certificate.run_id).where(counted.within(*asked.days))
    else:
        query = query.where(Certificate.count_year.between(asked.first_year, asked.year))
    if asked.metric == "junior":
        query = query.where(counted.is_junior)
    return _of_class(query, asked, Certificate)


def signups(asked: Asked, scope: Scope, query: Select[Any]) -> Select[Any]:
    """Narrow a query over Signup to who came to a held course that leads to a certificate."""
    query = (
        query.join(Unit, Unit.id == Signup.owner_unit_id)
        .join(CourseRun, CourseRun.id == Signup.run_id)
        .join(Syllabus, Syllabus.id == CourseRun.syllabus_id)
        .join(CourseType, CourseType.id == Syllabus.course_type_id)
        .where(counted.runs_held_on(clock.today()), counted.is_certified, counted.attended, _in_time(asked))
        .where(scope.signups(), _of_row(asked))
    )
    return _of_class(query, asked, Signup)


def runs(asked: Asked, scope: Scope, query: Select[Any]) -> Select[Any]:
    """Narrow a query over CourseRun to those held; for heads, to closed popular ones, on site or online."""
    query = (
        query.join(Unit, Unit.id == CourseRun.unit_id)
        .join(Syllabus, Syllabus.id == CourseRun.syllabus_id)
        .join(CourseType, CourseType.id == Syllabus.course_type_id)
        .where(counted.runs_held_on(clock.today()), _in_time(asked))
        .where(scope.runs(), _of_row(asked))
    )
    if asked.metric != "runs":
        query = query.where(counted.is_popular, CourseRun.online.is_(asked.metric == "online"))
        query = query.where(CourseRun.state == "closed")
    return _of_class(query, asked, CourseRun)


def _of_row(asked: Asked) -> ColumnElement[bool]:
    if asked.unit_id is None:
        return true()
    return Unit.row_id.is_(None) if asked.unit_id == NOWHERE else Unit.row_id == asked.unit_id


def _in_time(asked: Asked) -> ColumnElement[bool]:
    return counted.within(*asked.days) if asked.days else counted.in_years(asked.first_year, asked.year)


def _of_class(query: Select[Any], asked: Asked, of: type[Certificate] | type[Signup] | type[CourseRun]) -> Select[Any]:
    if asked.sector_id:
        query = query.where(of.sector_id == asked.sector_id)
    return query.where(counted.class_of(of.key_group) == asked.key_group) if asked.key_group else query


def _described_certificates(found: list[Certificate]) -> list[Behind]:
    query = (
        select(Certificate.id, Signup.name, CourseType.name.label("course"), Unit.name.label("unit"))
        .join(Signup, Signup.id == Certificate.signup_id)
        .join(CourseType, CourseType.id == Certificate.course_type_id)
        .join(Unit, Unit.id == Certificate.owner_unit_id)
        .where(Certificate.id.in_([c.id for c in found]))
    )
    known = {row.id: row for row in db.session.execute(query)}
    return [
        Behind(
            "certificate", c.id, mask_name(known[c.id].name), c.number, known[c.id].course, known[c.id].unit,
            c.issued_on, 1,
        )
        for c in found
    ]  # fmt: skip


def _described_runs(found: list[CourseRun], asked: Asked) -> list[Behind]:
    query = (
        select(CourseRun.id, CourseType.name.label("course"), Unit.name.label("unit"))
        .join(Syllabus, Syllabus.id == CourseRun.syllabus_id)
        .join(CourseType, CourseType.id == Syllabus.course_type_id)
        .join(Unit, Unit.id == CourseRun.unit_id)
        .where(CourseRun.id.in_([r.id for r in found]))
    )
    known = {row.id: row for row in db.session.execute(query)}
    bare = set(db.session.scalars(select(CourseRun.id).where(CourseRun.id.in_(known), lacks_evidence())))
    return [
        Behind(
            "run", r.id, r.title, "", known[r.id].course, known[r.id].unit, clock.day_of(r.ends_at),
            1 if asked.metric == "runs" else r.head_count or 0, lacks_evidence=r.id in bare,
        )
        for r in found
    ]  # fmt: skip


def _described_signups(found: list[Signup]) -> list[Behind]:
    query = (
        select(Signup.id, CourseRun.ends_at, CourseType.name.label("course"), Unit.name.label("unit"))
        .join(CourseRun, CourseRun.id == Signup.run_id)
        .join(Syllabus, Syllabus.id == CourseRun.syllabus_id)
        .join(CourseType, CourseType.id == Syllabus.course_type_id)
        .join(Unit, Unit.id == Signup.owner_unit_id)
        .where(Signup.id.in_([one.id for one in found]))
    )
    known = {row.id: row for row in db.session.execute(query)}
    return [
        Behind(
            "signup", one.id, mask_name(one.name), "", known[one.id].course, known[one.id].unit,
            clock.day_of(known[one.id].ends_at), 1, one.run_id,
        )
        for one in found
    ]  # fmt: skip
