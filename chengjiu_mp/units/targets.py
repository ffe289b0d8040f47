"""Yearly targets from a sheet in 附件3's shape: the whole file or nothing, a newer document replaces an older one."""

import re
from dataclasses import dataclass

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from chengjiu_mp.core import audit, clock, spreadsheet
from chengjiu_mp.core.db import db, violated
from chengjiu_mp.core.spreadsheet import Sheet
from chengjiu_mp.units.errors import TargetsJustReplaced, TargetsRefused, YearOutOfPlan
from chengjiu_mp.units.models import METRICS, AnnualTarget, TargetDocument, Unit
from chengjiu_mp.units.queries import plan_rows

YEARS = range(2022, 2100)
COLUMNS = (
    "序号", "单位", "持证培训总数（名）\n（救护员、初级救护员、CPR+AED培训）", "初级救护员（名）", "普及培训（名）",
)  # fmt: skip
TOTAL = "合计"

_WORDS = {"unit": "单位", "certified": "持证培训总数", "junior": "初级救护员", "popular": "普及培训"}
_YEAR = re.compile(r"(20[0-9]{2})\s*年")
_BLANK = re.compile(r"[\s\u3000\u200b\ufeff]+")
_LARGEST = 10_000_000


@dataclass(frozen=True)
class TargetRow:
    """One row of the sheet: what its unit is to reach."""

    unit_id: int
    name: str
    certified: int
    junior: int
    popular: int


@dataclass(frozen=True)
class TargetTable:
    """A sheet that holds together, in the plan's order; the sums equal its own 合计 row."""

    year: int
    title: str
    rows: tuple[TargetRow, ...]

    def total(self, metric: str) -> int:
        return sum(getattr(row, metric) for row in self.rows)


def import_targets(
    year: int, content: bytes, title: str = "", reference: str = "", by: int | None = None
) -> TargetDocument:
    """Read an xlsx and make it the year's document; see :func:`read_targets` and :func:`adopt`."""
    return adopt(read_targets(year, spreadsheet.read(content)), title=title, reference=reference, by=by)


def adopt(table: TargetTable, *, title: str = "", reference: str = "", by: int | None = None) -> TargetDocument:
    """Make a table that was read the year's document; the older one is kept as replaced.

    :raise TargetsJustReplaced: when another document of the year came in meanwhile
    """
    current = update(TargetDocument).where(TargetDocument.year == table.year, TargetDocument.replaced_at.is_(None))
    replaced = db.session.scalars(current.values(replaced_at=clock.now()).returning(TargetDocument.id)).all()
    document = TargetDocument(
        year=table.year, title=title or table.title, reference=reference, imported_by=by,
        certified_total=table.total("certified"), popular_total=table.total("popular"),
    )  # fmt: skip
    try:
        with db.session.begin_nested():
            db.session.add(document)
    except IntegrityError as exc:
        if violated(exc, "uq_target_document_current"):
            raise TargetsJustReplaced from exc
        raise
    db.session.add_all(
        AnnualTarget(document_id=document.id, unit_id=row.unit_id, metric=metric, value=getattr(row, metric))
        for row in table.rows
        for metric in METRICS
    )
    db.session.flush()
    replaces = replaced[0] if replaced else None
    audit.record("targets.imported", document, year=table.year, rows=len(table.rows), replaces=replaces)
    return document


def read_targets(year: int, sheet: Sheet) -> TargetTable:
    """Return the table of a sheet in 附件3's shape; title lines above the header and notes below 合计 are allowed.

    :raise YearOutOfPlan: for a year before 2022 or after 2099
    :raise TargetsRefused: naming every fault: another year in the title, an unknown, double or missing unit, a cell
        that is no whole number from 0 on, more junior than certified, sums that differ from the 合计 row
    """
    if year not in YEARS:
        raise YearOutOfPlan(field="year")
    return _Reading(year, sheet).table()


class _Reading:
    """One pass over a sheet that collects every fault."""

    def __init__(self, year: int, sheet: Sheet) -> None:
        self.year, self.sheet, self.faults = year, sheet, list[dict[str, str]]()
        self.units = {_plain(u.name): u for u in plan_rows()}

    def table(self) -> TargetTable:
        header = self._header()
        title = self._title(header)
        found, total_at = self._rows(header)
        self._check_complete(total_at or header)
        if total_at is None:
            self._fault(None, "no_total", "没有找到“合计”这一行，请补上后再导入。")
        elif not self.faults:
            self._check_sums(found, total_at)
        if self.faults:
            raise TargetsRefused(self.faults)
        order = {u.id: u.sort for u in self.units.values()}
        return TargetTable(self.year, title, tuple(sorted(found, key=lambda row: order[row.unit_id])))

    def _header(self) -> int:
        for r, cells in enumerate(self.sheet.rows):
            columns = {name: _column(cells, words) for name, words in _WORDS.items()}
            if columns["unit"] is not None:
                missing = [_WORDS[name] for name, at in columns.items() if at is None]
                if missing:
                    self._stop(r, "no_column", f"表头里没有“{'”“'.join(missing)}”这一列，请按模板填写。")
                self.columns: dict[str, int] = {name: at for name, at in columns.items() if at is not None}
                return r
        return self._stop(None, "no_header", "没有找到表头（序号、单位、持证培训总数……），请按模板填写。")

    def _title(self, header: int) -> str:
        for r in range(header):
            line = "".join(self.sheet.rows[r])
            years = _YEAR.findall(line)
            if years and str(self.year) not in years:
                self._fault(r, "wrong_year", f"标题里写的是 {years[0]} 年，您要导入的是 {self.year} 年，请核对。")
            if years:
                return line.strip()[:200]
        self._fault(None, "no_year", f"表头上方没有写明年份，请加一行标题，例如“{self.year}年应急救护培训任务分配表”。")
        return ""

    def _rows(self, header: int) -> tuple[list[TargetRow], int | None]:
        found: list[TargetRow] = []
        seen: dict[int, int] = {}
        for r in range(header + 1, len(self.sheet.rows)):
            if not any(self.sheet.rows[r]):
                continue
            if TOTAL in (_plain(self.sheet.cell(r, c)) for c in range(self.columns["unit"] + 1)):
                return found, r
            unit = self._unit(r, seen)
            values = {metric: self._number(r, metric) for metric in METRICS}
            if unit is None or any(v is None for v in values.values()):
                continue
            row = TargetRow(unit.id, unit.name, **{m: v for m, v in values.items() if v is not None})
            if row.junior > row.certified:
                self._fault(
                    r, "junior_above_certified", f"初级救护员 {row.junior} 名，比持证总数 {row.certified} 名还多。"
                )
            found.append(row)
        return found, None

    def _unit(self, r: int, seen: dict[int, int]) -> Unit | None:
        said = self.sheet.cell(r, self.columns["unit"])
        unit = self.units.get(_plain(said))
        if unit is None:
            self._fault(r, "unknown_unit", f"单位“{said[:20]}”不在 20 个单位里，请照任务表原名填写。")
        elif unit.id in seen:
            self._fault(r, "double_unit", f"“{unit.name}”在第 {seen[unit.id] + 1} 行已经出现过，请删去一行。")
        else:
            seen[unit.id] = r
            return unit
        return None

    def _number(self, r: int, metric: str) -> int | None:
        said = self.sheet.cell(r, self.columns[metric]).replace(",", "").replace("，", "")
        if re.fullmatch("[0-9]{1,8}", said) and int(said) <= _LARGEST:
            return int(said)
        why = "没有填" if not said else "不能是负数" if re.fullmatch(r"-[0-9.]+", said) else "不是整数"
        self._fault(r, "not_a_number", f"“{_WORDS[metric]}”{why}，请填 0 或正整数。")
        return None

    def _check_complete(self, near: int) -> None:
        # A row with a bad number has been named already: only units that no row mentions are missing.
        mentioned = {_plain(self.sheet.cell(r, self.columns["unit"])) for r in range(len(self.sheet.rows))}
        missing = [u.name for name, u in self.units.items() if name not in mentioned]
        if missing:
            self._fault(near, "missing_unit", f"缺少 {len(missing)} 个单位：{'、'.join(missing)}。")

    def _check_sums(self, found: list[TargetRow], total_at: int) -> None:
        for metric in METRICS:
            said, summed = self._number(total_at, metric), sum(getattr(row, metric) for row in found)
            if said is not None and said != summed:
                words = f"合计写的“{_WORDS[metric]}”是 {said}，20 行加起来是 {summed}，请核对。"
                self._fault(total_at, "sum_differs", words)

    def _fault(self, r: int | None, code: str, words: str) -> None:
        at = "" if r is None else f"第 {r + 1} 行："
        self.faults.append({"pointer": "/file" if r is None else f"/rows/{r + 1}", "code": code, "detail": at + words})

    def _stop(self, r: int | None, code: str, words: str) -> int:
        self._fault(r, code, words)
        raise TargetsRefused(self.faults)


def _plain(text: str) -> str:
    """Names are compared without blanks and with one kind of brackets: 合　计 is 合计."""
    return _BLANK.sub("", text).replace("(", "（").replace(")", "）")


def _column(cells: list[str], words: str) -> int | None:
    return next((c for c, cell in enumerate(cells) if _plain(cell).startswith(words)), None)


def template(year: int) -> bytes:
    """Return an xlsx in 附件3's shape with the 20 rows and zeros to fill in."""
    rows: list[tuple[str | int | None, ...]] = [
        (number, unit.name, 0, 0, 0) for number, unit in enumerate(plan_rows(), 1)
    ]
    return spreadsheet.write(
        "任务分配表", COLUMNS, [*rows, ("", "合　计", 0, 0, 0)], above=f"{year}年应急救护培训任务分配表"
    )


def documents() -> list[TargetDocument]:
    """Return every document, newest year first, the current one of a year before its older ones."""
    rows = db.session.scalars(select(TargetDocument).order_by(TargetDocument.year.desc(), TargetDocument.id.desc()))
    return list(rows)


def current_document(year: int) -> TargetDocument | None:
    """Return the document that holds for a year, None when none was handed down (年度任务未下达)."""
    query = select(TargetDocument).where(TargetDocument.year == year, TargetDocument.replaced_at.is_(None))
    return db.session.scalars(query).first()


def targets_of(document_id: int) -> dict[tuple[int, str], int]:
    """Return {(row's unit id, metric): target} of a document; empty when it holds yearly totals only."""
    query = select(AnnualTarget.unit_id, AnnualTarget.metric, AnnualTarget.value)
    rows = db.session.execute(query.where(AnnualTarget.document_id == document_id))
    return {(r.unit_id, r.metric): r.value for r in rows}
