"""Spreadsheets for tests: 附件3 with one cell changed, registers, and files that mean harm."""

import io
import zipfile
from typing import Any

import xlsxwriter

from chengjiu_mp import reference
from chengjiu_mp.units.plan_2022 import TABLE, TABLE_SUMS
from chengjiu_mp.units.targets import COLUMNS

# Excel rows of the sheet below, from 1: title, header, 20 units, 合计, a note.
FIRST_ROW, TOTAL_ROW = 3, 23


def book(rows: list[list[Any]], name: str = "Sheet1") -> bytes:
    """Return an xlsx of these rows; a text that begins with = becomes a real formula."""
    memory = io.BytesIO()
    with xlsxwriter.Workbook(memory, {"in_memory": True}) as made:
        sheet = made.add_worksheet(name)
        for r, row in enumerate(rows):
            sheet.write_row(r, 0, row)
    return memory.getvalue()


def annex(year: int = 2026, changes: dict[tuple[int, int], Any] | None = None) -> bytes:
    """Return 附件3 for ``year``; ``changes`` sets cells by (row, column) as Excel counts them, from 1."""
    names = dict(reference.ROWS)
    rows: list[list[Any]] = [[f"{year}年应急救护培训任务分配表"], list(COLUMNS)]
    rows += [[n, names[code], *values] for n, (code, values) in enumerate(TABLE.items(), 1)]
    rows += [["合　计", "", *TABLE_SUMS], ["备注：2023年、2024年应急救护培训任务分配表另行制定。"]]
    for (r, c), value in (changes or {}).items():
        rows[r - 1][c - 1] = value
    return book(rows)


def with_member(content: bytes, name: str, data: bytes) -> bytes:
    """Return the zip with a member added or replaced."""
    memory = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(memory, "w", zipfile.ZIP_DEFLATED) as new:
        for member in old.infolist():
            if member.filename != name:
                new.writestr(member, old.read(member))
        new.writestr(name, data)
    return memory.getvalue()
