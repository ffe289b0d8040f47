"""A register as a sheet: which column is which, and one row read into values or faults."""

import re
from collections.abc import Callable
from datetime import date
from typing import Any

from chengjiu_mp.core import clock, spreadsheet
from chengjiu_mp.core.errors import Refusal
from chengjiu_mp.core.sheet_rows import BLANK, CellFault, Layout, Row
from chengjiu_mp.core.spreadsheet import Sheet
from chengjiu_mp.people.names import read_name
from chengjiu_mp.people.phones import read_phone

COLUMNS = {
    "name": "姓名", "phone": "手机号", "unit": "单位", "grade": "级别", "stars": "星级",
    "certificate_no": "证书编号", "qualified_on": "取得日期", "refresh_due": "下次复训日期",
}  # fmt: skip
REQUIRED = ("name", "phone", "unit")
LAYOUT = Layout(COLUMNS, REQUIRED, ("name", "phone"), 2000, "人", "人")

_STARS = {"": 0, "无": 0, **{n: i for i, n in enumerate("零一二三四五")}, **{str(i): i for i in range(6)}}
_DAY = re.compile(r"(\d{4})(?:[-/.年](\d{1,2})[-/.月](\d{1,2})日?|(\d{2})(\d{2}))")


def read_rows(sheet: Sheet) -> tuple[list[Row], list[str]]:
    """Return the filled rows below the header, and the faults of the sheet as such."""
    return LAYOUT.read(sheet, _read_row)


def _read_row(sheet: Sheet, r: int, columns: dict[str, int]) -> Row:
    row = Row(r + 1)
    for name, column in columns.items():
        try:
            row.values[name] = _READERS[name](sheet.cell(r, column))
        except CellFault as fault:
            row.fault(COLUMNS[name], str(fault))
        except Refusal as refusal:
            row.fault(COLUMNS[name], refusal.sentence)
    _check_days(row)
    return row


def _check_days(row: Row) -> None:
    qualified, due = row.values.get("qualified_on"), row.values.get("refresh_due")
    if qualified and qualified > clock.today():
        row.faults.append("取得日期：晚于今天，请核对。")
    if qualified and due and due < qualified:
        row.faults.append("下次复训日期：早于取得日期，请核对。")


def _name(said: str) -> str:
    return read_name(said).name


def _phone(said: str) -> str:
    return read_phone(said).number


def _stars(said: str) -> int:
    plain = BLANK.sub("", said).removesuffix("级").removesuffix("星")
    if plain and set(plain) == {"★"} and len(plain) <= 5:
        return len(plain)
    if plain not in _STARS:
        raise CellFault("请填 0 到 5 的整数，没有星级可留空。")
    return _STARS[plain]


def _day(said: str) -> date | None:
    if not said or said in ("不详", "待核实", "无"):
        return None
    found = _DAY.fullmatch(BLANK.sub("", said))
    try:
        if found is None:
            raise ValueError
        year, month, day = found[1], found[2] or found[4], found[3] or found[5]
        read = date(int(year), int(month), int(day))
    except ValueError:
        raise CellFault("请写成 2026-11-28 的样子；不知道的留空。") from None
    if not 1950 <= read.year <= 2100:
        raise CellFault("年份不对，请核对。")
    return read


def _text(longest: int, *, required: bool = False) -> Callable[[str], str]:
    def read(said: str) -> str:
        if len(said) > longest:
            raise CellFault(f"太长了，请缩短到 {longest} 个字以内。")
        if required and not said:
            raise CellFault("没有填。")
        return said

    return read


_READERS: dict[str, Callable[[str], Any]] = {
    "name": _name, "phone": _phone, "unit": _text(100, required=True), "grade": _text(20), "stars": _stars,
    "certificate_no": _text(60), "qualified_on": _day, "refresh_due": _day,
}  # fmt: skip


def template() -> bytes:
    """Return an empty register to fill in."""
    return spreadsheet.write("师资名册", list(COLUMNS.values()), [])
