"""A month of runs as a sheet: which column is which, and one row read into values or faults."""

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from datetime import date, time, timedelta
from typing import Any

from chengjiu_mp.core import clock, spreadsheet
from chengjiu_mp.core.sheet_rows import BLANK, SIGNED, CellFault, Layout, Row
from chengjiu_mp.core.spreadsheet import Sheet, filled_down

COLUMNS = {
    "kind": "课程类别", "title": "标题", "unit": "举办单位", "venue": "地点", "day": "日期", "begins": "上课时间",
    "ends": "下课时间", "days": "连上几天", "capacity": "名额", "sector": "领域", "teachers": "师资",
    "audience": "谁可以报",
}  # fmt: skip
REQUIRED = ("kind", "unit", "venue", "day", "begins", "ends")
AUDIENCES = {"面向全市": True, "本单位专场": False}
LAYOUT = Layout(COLUMNS, REQUIRED, ("kind", "venue"), 300, "场次", "场")
TITLE = "一个月的场次：课程类别、举办单位、地点、日期、上课时间、下课时间必填，其他可以不填；师资几个人用顿号分开"

_DAY = re.compile(r"(?:(\d{4})[-/.年])?(\d{1,2})[-/.月](\d{1,2})日?|(\d{4})(\d{2})(\d{2})", re.ASCII)
_TIME = re.compile(r"(\d{1,2})[:：点时](?:(\d{2})分?)?(?:[:：]\d{2})?", re.ASCII)
_FIGURES = ("day", "begins", "ends", "days", "capacity")
# Of the required cells as many make a run of a row that no hour stands in.
_BEGUN = 3
_SERIAL = re.compile(r"[45]\d{4}", re.ASCII)
_FRACTION = re.compile(r"0(?:\.\d+)?", re.ASCII)


def read_rows(sheet: Sheet) -> tuple[list[Row], list[str], list[int]]:
    """Return the filled rows below the header, the faults of the sheet as such, and the numbers of the filled rows that
    hold no run: headings, signatures.
    """
    down, left_out = filled_down(sheet), list[int]()

    def read(_: Sheet, r: int, columns: dict[str, int]) -> Row:
        # Hours that are merged over several runs are those of each.
        timed = down.cell(r, columns["begins"]) or down.cell(r, columns["ends"])
        if not timed and _is_remark(sheet, r, columns):
            left_out.append(r + 1)
        return _read_row(down, r, columns)

    # What only a merged cell fills is no row of its own, so rows are found in the sheet as it stands.
    rows, faults = LAYOUT.read(sheet, read)
    kept = [row for row in rows if row.number not in left_out]
    return kept, faults if kept or faults else [LAYOUT.nothing], left_out


def _is_remark(sheet: Sheet, r: int, columns: Mapping[str, int]) -> bool:
    """Is a line without any hour one that no run could be: one cell, one merged over others, or a signature's?"""
    said = {name: sheet.cell(r, c) for name, c in columns.items() if sheet.cell(r, c)}
    first, last = sorted((columns["kind"], columns["venue"]))
    across = any(top <= r <= bottom and left <= first and last <= right for top, left, bottom, right in sheet.merged)
    lone = len(said) == 1 and said.keys().isdisjoint(_FIGURES)
    signed = {name for name, words in said.items() if SIGNED.match(words)}
    # With what and where and by whom, or the day, it is a run that was begun, whatever stands beside it.
    begun = len((said.keys() & set(REQUIRED)) - signed) >= _BEGUN
    return across or lone or (bool(signed) and not begun)


def _read_row(sheet: Sheet, r: int, columns: Mapping[str, int]) -> Row:
    row = Row(r + 1)
    for name, heading in COLUMNS.items():
        said = sheet.cell(r, columns[name]) if name in columns else ""
        if name in _FIGURES:
            # Digits and colons of a Chinese keyboard are the same ones.
            said = unicodedata.normalize("NFKC", said)
        try:
            if not said and name in REQUIRED:
                raise CellFault("没有填。")
            row.values[name] = _READERS[name](said)
        except CellFault as fault:
            row.fault(heading, str(fault))
    if row.values.get("begins") and row.values.get("ends") and row.values["begins"] >= row.values["ends"]:
        row.fault(COLUMNS["ends"], "不晚于上课时间，请核对。")
    return row


def plain(text: str) -> str:
    """Return a name as names are compared: without blanks, with one kind of brackets."""
    return BLANK.sub("", text).replace("(", "（").replace(")", "）")


def _day(said: str) -> date:
    if _SERIAL.fullmatch(said):
        # A day as the spreadsheet counts it, in a cell that was not formatted as one.
        return date(1899, 12, 30) + timedelta(days=int(said))
    found = _DAY.fullmatch(BLANK.sub("", said).removesuffix("00:00"))
    try:
        if found is None:
            raise ValueError
        if found[4]:
            return date(int(found[4]), int(found[5]), int(found[6]))
        return _in_year(found[1], int(found[2]), int(found[3]))
    except ValueError:
        raise CellFault("请写成 2026-12-05 的样子。") from None


def _in_year(year: str | None, month: int, day: int) -> date:
    """A day without its year is the next one of that name."""
    today = clock.today()
    if year:
        return date(int(year), month, day)
    this = date(today.year, month, day)
    return this if this >= today else date(today.year + 1, month, day)


def _time(said: str) -> time:
    words = BLANK.sub("", said)
    if _FRACTION.fullmatch(words):
        # A cell without a time's format holds the share of the day.
        minutes = min(round(float(words) * 24 * 60), 24 * 60 - 1)
        return time(minutes // 60, minutes % 60)
    found = _TIME.fullmatch(words)
    try:
        if found is None:
            raise ValueError
        return time(int(found[1]), int(found[2] or 0))
    except ValueError:
        raise CellFault("请写成 14:00 的样子。") from None


def _number(least: int, most: int) -> Callable[[str], int | None]:
    def read(said: str) -> int | None:
        words = BLANK.sub("", said).removesuffix("人").removesuffix("天")
        if not words:
            return None
        if not re.fullmatch("[0-9]{1,5}", words) or not least <= int(words) <= most:
            raise CellFault(f"请填 {least} 到 {most} 的整数，或留空。")
        return int(words)

    return read


def _text(said: str) -> str:
    if len(said) > 100:
        raise CellFault("太长了，请缩短到 100 个字以内。")
    return said


def _people(said: str) -> list[str]:
    return [plain(name) for name in re.split(r"[、,，;；/\n]+", said) if plain(name)][:20]


def _audience(said: str) -> bool:
    found = AUDIENCES.get(plain(said) or "面向全市")
    if found is None:
        raise CellFault("请填“面向全市”或“本单位专场”，或留空。")
    return found


_READERS: dict[str, Callable[[str], Any]] = {
    "kind": _text, "title": _text, "unit": _text, "venue": _text, "day": _day, "begins": _time, "ends": _time,
    "days": _number(1, 4), "capacity": _number(1, 5000), "sector": _text, "teachers": _people, "audience": _audience,
}  # fmt: skip


def template(offers: Mapping[str, Sequence[str]]) -> bytes:
    """Return an empty month to fill in.

    :param offers: {column's key: what to choose from}
    """
    choices = {COLUMNS[name]: found for name, found in offers.items()}
    return spreadsheet.write("场次", list(COLUMNS.values()), [], above=TITLE, choices=choices)
