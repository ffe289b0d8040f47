"""Who was trained, by class of people (重点人群, 四加强 point 2) and by 六进: each row counts once in either."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import Any

from sqlalchemy import func, select

from chengjiu_mp.certificates.models import Certificate
from chengjiu_mp.core import clock, spreadsheet
from chengjiu_mp.core.day_words import date_long
from chengjiu_mp.core.db import db
from chengjiu_mp.courses.models import CourseRun, Signup
from chengjiu_mp.reports import counted, drilldown
from chengjiu_mp.reports.drilldown import Asked
from chengjiu_mp.reports.errors import DaysBackwards
from chengjiu_mp.reports.figures import Classes, ClassLine
from chengjiu_mp.reports.policy import Scope
from chengjiu_mp.units.models import KEY_GROUPS
from chengjiu_mp.units.queries import sectors

Days = tuple[date, date]
COLUMNS = ("持证班参训", "新增持证", "其中初级", "普及（现场）", "普及（线上）")
FIELDS = ("trained", "certified", "junior", "popular", "online")


def days_between(since: date | None, until: date | None) -> Days:
    """Return the first and the last day: by default this year so far.

    :raise DaysBackwards: when the first is after the last
    """
    last = until or clock.today()
    first = since or date(last.year, 1, 1)
    if first > last:
        raise DaysBackwards(field="since")
    return first, last


def by_class(scope: Scope, days: Days, unit_id: int | None = None) -> Classes:
    """Return the figures of a period by class and by sector; every figure opens as an :class:`Asked` of the same days.

    A run counts on the day of its last meeting, and so do the certificates it gave.

    :raise NotFound: when the caller holds nothing of the row ``unit_id``
    """
    asked = Asked(days[1].year, "trained", unit_id, days=days)
    drilldown.check_row(scope, asked)
    groups = {code: ClassLine(code, name) for code, name in KEY_GROUPS.items()}
    sixes = {one.id: ClassLine(str(one.id), f"进{one.name}") for one in sectors()}
    totals = ClassLine("", "合计")
    for metric, group, sector_id, count in _counts(scope, asked):
        for line in (groups[group], sixes[sector_id], totals):
            setattr(line, metric, getattr(line, metric) + count)
    persons = drilldown.signups(asked, scope, select(func.count(Signup.person_id.distinct())))
    return Classes(
        *days, unit_id, list(groups.values()), list(sixes.values()), totals, int(db.session.scalar(persons) or 0)
    )


def _counts(scope: Scope, asked: Asked) -> Iterator[tuple[str, str, int, int]]:
    """Yield (metric, class, sector, how many), one statement per metric: those behind the drill-down."""
    narrowed: dict[str, Any] = {
        "trained": (Signup, drilldown.signups, func.count()),
        "certified": (Certificate, drilldown.certificates, func.count()),
        "junior": (Certificate, drilldown.certificates, func.count()),
        "popular": (CourseRun, drilldown.runs, func.sum(counted.closed_heads)),
        "online": (CourseRun, drilldown.runs, func.sum(counted.closed_heads)),
    }
    for metric, (of, narrow, adds) in narrowed.items():
        # Labelled, for PostgreSQL takes an expression with parameters in GROUP BY for another than that in SELECT.
        group = counted.class_of(of.key_group).label("key_class")
        query = narrow(replace(asked, metric=metric), scope, select(group, of.sector_id, adds))
        for key, sector_id, count in db.session.execute(query.group_by(group, of.sector_id)):
            yield metric, key, sector_id, int(count)


def sheet_of(found: Classes, where: str) -> bytes:
    """Return the report as an xlsx; ``where`` names the row of the plan, or the whole city."""
    lines = [["按人群", line] for line in found.groups] + [["按六进", line] for line in found.sectors]
    rows = [[kind, line.name, *(getattr(line, f) for f in FIELDS)] for kind, line in [*lines, ["", found.totals]]]  # type: ignore[attr-defined]
    above = f"{where} {date_long(found.since)}至{date_long(found.until)} 培训人群（人次）"
    return spreadsheet.write("培训人群", ["分法", "类别", *COLUMNS], rows, above=above)
