"""Progress against the plan: done and target per row, sectors, and the 百千万 counters."""

from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, func, or_, select

from chengjiu_mp.certificates.models import Certificate
from chengjiu_mp.core import clock
from chengjiu_mp.core.db import db
from chengjiu_mp.courses.models import CourseRun, CourseType, Syllabus
from chengjiu_mp.instructors.models import Instructor
from chengjiu_mp.reports import counted
from chengjiu_mp.reports.figures import Counters, Figure, Line, Progress, SectorLine
from chengjiu_mp.reports.policy import EVERYTHING, Scope
from chengjiu_mp.units import targets
from chengjiu_mp.units.models import METRICS, TargetDocument, Unit
from chengjiu_mp.units.plan_2022 import FIRST_YEAR
from chengjiu_mp.units.queries import plan_rows, sectors


def progress(year: int, scope: Scope = EVERYTHING, *, as_of: date | None = None) -> Progress:
    """Return a year's progress at the end of ``as_of`` (today by default), the rows in the plan's own order.

    A narrower scope leaves out the rows it holds nothing of, and the targets of rows it does not hold whole.
    """
    return _Count(year, scope, as_of or clock.today()).made()


class _Count:
    def __init__(self, year: int, scope: Scope, as_of: date) -> None:
        self.year, self.scope, self.as_of = year, scope, as_of
        self.rows = {unit.id: Line(unit.id, unit.name) for unit in plan_rows()}
        self.nowhere = Line(0, "未归到 20 个单位的")
        self.sectors = {s.id: SectorLine(s.id, s.name) for s in sectors()}
        self.counters = Counters()

    def made(self) -> Progress:
        self._count_certificates()
        self._count_runs()
        self._count_instructors()
        document = targets.current_document(self.year)
        given = self._set_targets(document)
        kept = [line for line in self.rows.values() if self._shown(line)]
        return Progress(
            year=self.year, as_of=self.as_of, title=document.title if document else "",
            reference=document.reference if document else "", is_sample=bool(document and document.is_sample),
            has_targets=given, rows=kept, unassigned=self.nowhere, totals=self._totals(document),
            sectors=list(self.sectors.values()), counters=self.counters, persons=self._persons(),
        )  # fmt: skip

    def _count_certificates(self) -> None:
        query = (
            select(counted.row_of, Certificate.sector_id, Certificate.count_year, counted.is_junior, func.count())
            .join(Unit, Unit.id == Certificate.owner_unit_id)
            .join(CourseType, CourseType.id == Certificate.course_type_id)
            .where(counted.certificates_on(self.as_of), self.scope.certificates())
            .where(Certificate.count_year.between(FIRST_YEAR, self.year))
            .group_by(counted.row_of, Certificate.sector_id, Certificate.count_year, counted.is_junior)
        )
        for row_id, sector_id, year, junior, count in db.session.execute(query):
            self.counters.certified += count
            self.counters.people += count
            if year == self.year:
                line = self._line(row_id)
                line.certified.done += count
                line.junior.done += count if junior else 0
                self.sectors[sector_id].certified += count

    def _count_runs(self) -> None:
        this_year = counted.from_year(self.year)
        # Labelled, for PostgreSQL takes an expression with parameters in GROUP BY for another than that in SELECT.
        keys: list[ColumnElement[Any]] = [
            key.label(f"k{n}")
            for n, key in enumerate(
                (counted.row_of, CourseRun.sector_id, this_year, CourseRun.online, counted.is_popular)
            )
        ]
        query = (
            select(*keys, func.count(), func.sum(counted.closed_heads))
            .join(Unit, Unit.id == CourseRun.unit_id)
            .join(Syllabus, Syllabus.id == CourseRun.syllabus_id)
            .join(CourseType, CourseType.id == Syllabus.course_type_id)
            .where(counted.runs_held_on(self.as_of), counted.in_years(FIRST_YEAR, self.year), self.scope.runs())
            .group_by(*keys)
        )
        for row in db.session.execute(query):
            row_id, sector_id, now, online, popular, count, heads = tuple[Any, ...](row)
            self._add_runs((row_id, sector_id, now), count, heads if popular else 0, online=online)

    def _add_runs(self, place: tuple[int | None, int, bool], count: int, heads: int, *, online: bool) -> None:
        row_id, sector_id, this_year = place
        on_site, remote = (0, heads) if online else (heads, 0)
        self.counters.runs += count
        self.counters.people += on_site
        self.counters.people_online += remote
        if this_year:
            line, sector = self._line(row_id), self.sectors[sector_id]
            line.popular.done += on_site
            for each in (line, sector):
                each.runs += count
                each.online += remote
            sector.popular += on_site

    def _count_instructors(self) -> None:
        units, known = self.scope.units(), Instructor.refresh_due.is_not(None)
        query = select(known, func.count()).where(Instructor.status == "active").group_by(known)
        query = query.where(or_(Instructor.refresh_due.is_(None), Instructor.refresh_due >= self.as_of))
        if units is not None:
            query = query.where(Instructor.unit_id.in_(units))
        found = {bool(dated): count for dated, count in db.session.execute(query)}
        self.counters.instructors, self.counters.instructors_unknown = found.get(True, 0), found.get(False, 0)

    def _set_targets(self, document: TargetDocument | None) -> bool:
        values = targets.targets_of(document.id) if document else {}
        for (unit_id, metric), value in values.items():
            if self._holds(unit_id):
                getattr(self.rows[unit_id], metric).target = value
        return bool(values)

    def _totals(self, document: TargetDocument | None) -> Line:
        total = Line(0, "合计")
        lines = [*self.rows.values(), self.nowhere]
        for metric in METRICS:
            figures: list[Figure] = [getattr(line, metric) for line in lines]
            known = [f.target for f in figures if f.target is not None]
            setattr(total, metric, Figure(sum(known) if known else None, sum(f.done for f in figures)))
        total.online, total.runs = sum(line.online for line in lines), sum(line.runs for line in lines)
        if document is not None and self.scope.whole and total.certified.target is None:
            total.certified.target, total.popular.target = document.certified_total, document.popular_total
        return total

    def _persons(self) -> int:
        query = select(func.count(Certificate.person_id.distinct())).where(
            counted.certificates_on(self.as_of), self.scope.certificates(), Certificate.count_year == self.year
        )
        return int(db.session.scalar(query) or 0)

    def _line(self, row_id: int | None) -> Line:
        return self.rows.get(row_id or 0, self.nowhere)

    def _holds(self, row_id: int) -> bool:
        held = self.scope.units()
        return held is None or row_id in held

    def _shown(self, line: Line) -> bool:
        done = line.certified.done or line.popular.done or line.online or line.runs
        return self.scope.whole or self._holds(line.unit_id) or bool(done)


def years_with_targets() -> list[int]:
    """Return the years that have a document, newest first."""
    current = select(TargetDocument.year).where(TargetDocument.replaced_at.is_(None))
    return list(db.session.scalars(current.order_by(TargetDocument.year.desc())))
