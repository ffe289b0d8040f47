"""The ledger of a year's numbers as a sheet: every number of every series in its order, with its state. No names."""

from collections.abc import Iterator

from sqlalchemy import select

from chengjiu_mp.certificates import numbering
from chengjiu_mp.certificates.models import Certificate, NumberSeries
from chengjiu_mp.certificates.void_models import NumberBlock, NumberVoid
from chengjiu_mp.core import clock, spreadsheet
from chengjiu_mp.core.db import db
from chengjiu_mp.courses.models import CourseType
from chengjiu_mp.units.models import Unit

COLUMNS = ("课程", "编号方式", "编号", "状态", "发证日期", "有效期至", "单位", "日期", "原因")
MODES = {"local": "本系统", "external": "外部取号", "test": "测试"}
STATES = {"issued": "已发", "superseded": "已换发", "revoked": "已吊销"}
_Line = list[str | int | None]


def ledger_sheet(year: int) -> bytes:
    """Return the xlsx of a year's numbers; a number without a state reads 缺号."""
    found = select(NumberSeries, CourseType.name).join(CourseType, CourseType.id == NumberSeries.course_type_id)
    rows: list[_Line] = []
    for series, kind in db.session.execute(
        found.where(NumberSeries.year == year).order_by(NumberSeries.mode, CourseType.sort, NumberSeries.id)
    ):
        rows += ([kind, MODES[series.mode], *line] for line in _lines(series))
    made = clock.local(clock.now()).strftime("%Y-%m-%d %H:%M")
    return spreadsheet.write(f"{year}年编号台账", COLUMNS, rows, above=f"{year} 年证书编号台账　{made} 导出")


def _lines(series: NumberSeries) -> Iterator[_Line]:
    mine = (
        select(Certificate, Unit.name)
        .join(Unit, Unit.id == Certificate.owner_unit_id)
        .where(Certificate.series_id == series.id)
    )
    given = {one.sequence: (one, unit) for one, unit in db.session.execute(mine)}
    gone = select(NumberVoid).where(NumberVoid.series_id == series.id)
    voids = {one.sequence: one for one in db.session.scalars(gone)}
    left = _left(series)
    for at in range(1, series.last + 1):
        void, (one, unit) = voids.get(at), given.get(at, (None, ""))
        if void is not None:
            yield [void.number, "作废", _day(one), "", unit, clock.day_of(void.made_at).isoformat(), void.reason]
        elif one is not None:
            until = one.valid_until.isoformat() if one.valid_until else "长期"
            revoked = one.revoked_on.isoformat() if one.revoked_on else ""
            yield [one.number, STATES[one.state], _day(one), until, unit, revoked, one.revoke_reason]
        else:
            number = numbering.number_at(series, at) if series.pattern else ""
            yield [number, "待用" if at in left else "缺号", "", "", left.get(at, ""), "", ""]


def _left(series: NumberSeries) -> dict[int, str]:
    blocks = (
        select(NumberBlock, Unit.name)
        .join(Unit, Unit.id == NumberBlock.unit_id)
        .where(NumberBlock.series_id == series.id, NumberBlock.closed_at.is_(None))
    )
    return {at: unit for block, unit in db.session.execute(blocks) for at in numbering.left_of(block)}


def _day(one: Certificate | None) -> str:
    return one.issued_on.isoformat() if one else ""
