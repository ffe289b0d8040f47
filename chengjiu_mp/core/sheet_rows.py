"""The rows of a sheet whose first filled line names its columns: found here, read by whose sheet it is."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from chengjiu_mp.core.spreadsheet import Sheet

BLANK = re.compile(r"[\s\u3000\u200b\ufeff]+")
# A title and a word to who fills it in may stand above the header.
_HEADER_WITHIN = 10


# "制表人：王老师", as it stands under a sheet.
SIGNED = re.compile(r"\s*(?:制表|填表|填报|制作|审核|审批|经办|负责|联系)(?:人|单位|日期|电话)?\s*[:：]")
# More than these, and the rest are "and others".
_ROWS_TOLD = 12


def left_out_words(rows: Sequence[int], thing: str) -> str:
    """Return a sentence on the rows, ascending, that are none of the ``thing``; nothing without any."""
    spans: list[list[int]] = []
    for row in rows:
        if spans and row == spans[-1][1] + 1:
            spans[-1][1] = row
        else:
            spans.append([row, row])
    told, more = "、".join(_span(*span) for span in spans[:_ROWS_TOLD]), "等" if len(spans) > _ROWS_TOLD else ""
    return f"另有 {len(rows)} 行不是{thing}（第 {told} 行{more}），没有算进来。" if spans else ""


def _span(first: int, last: int) -> str:
    between = "、" if last == first + 1 else " 到 "
    return f"{first}{between}{last}" if last > first else f"{first}"


class CellFault(Exception):
    """A cell that does not fit; its text is the Chinese reason and repeats no personal data."""


class SheetFault(Exception):
    """A sheet whose rows cannot be read at all; its text is the Chinese reason."""


@dataclass
class Row:
    """One row by its number in Excel; ``values`` holds what was read, ``faults`` why the rest was not."""

    number: int
    values: dict[str, Any] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)

    def fault(self, heading: str, why: str) -> None:
        """Note what is wrong under a heading."""
        self.faults.append(f"{heading}：{why}")


ReadRow = Callable[[Sheet, int, dict[str, int]], Row]


@dataclass(frozen=True)
class Layout:
    """What a sheet looks like.

    ``columns`` is {field: its heading}, ``known_by`` the fields of which one at least stands in a header, ``most`` how
    many rows are taken at once; ``thing`` and ``counter`` are what a row is ("场次", "场").
    """

    columns: Mapping[str, str]
    required: tuple[str, ...]
    known_by: tuple[str, str]
    most: int
    thing: str
    counter: str

    @property
    def nothing(self) -> str:
        """What is said when no row is there."""
        return f"表头下面还没有填{self.thing}，请填好再上传。"

    def filled(self, sheet: Sheet) -> tuple[list[int], dict[str, int]]:
        """Return the indexes of the filled rows below the header, and {field: its column}.

        :raise SheetFault: without a header, a required column or a row, or with too many
        """
        header, columns = self._header(sheet)
        missing = [self.columns[name] for name in self.required if name not in columns]
        if missing:
            raise SheetFault(f"表头里没有“{'”“'.join(missing)}”这一列，请按模板填写。")
        filled = [r for r in range(header + 1, len(sheet.rows)) if any(sheet.cell(r, c) for c in columns.values())]
        if not filled:
            raise SheetFault(self.nothing)
        if len(filled) > self.most:
            most = f"一次最多导入 {self.most} {self.counter}，这份表有 {len(filled)} {self.counter}，请分几次上传。"
            raise SheetFault(most)
        return filled, columns

    def read(self, sheet: Sheet, read_row: ReadRow) -> tuple[list[Row], list[str]]:
        """Return the filled rows below the header as ``read_row(sheet, index, columns)`` reads them, and the faults of
        the sheet as such.
        """
        try:
            filled, columns = self.filled(sheet)
        except SheetFault as fault:
            return [], [str(fault)]
        return [read_row(sheet, r, columns) for r in filled], []

    def _header(self, sheet: Sheet) -> tuple[int, dict[str, int]]:
        for r, cells in enumerate(sheet.rows[:_HEADER_WITHIN]):
            words = [BLANK.sub("", cell) for cell in cells]
            columns = {name: words.index(heading) for name, heading in self.columns.items() if heading in words}
            if columns.keys() & set(self.known_by):
                return r, columns
        raise SheetFault("没有找到表头。第一行请写：" + "、".join(self.columns.values()) + "。")
