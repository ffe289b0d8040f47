"""Spreadsheets in and out: files from outside are bounded before anything decodes them, files to people hold no formula
(rel-A13, U1, U2, X1).
"""

import io
import json
import struct
import subprocess
import sys
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

import xlsxwriter
from xlsxwriter.utility import xl_col_to_name
from xlsxwriter.workbook import Workbook
from xlsxwriter.worksheet import Worksheet

from chengjiu_mp.core import spreadsheet_reader
from chengjiu_mp.core.errors import Kind, Refusal

MAX_BYTES = 5 * 1024 * 1024
MAX_MEMBERS = 200
MAX_RATIO = 100
MAX_DIRECTORY = 64 * 1024
SECONDS = 60
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

_CHOICES = "可选项"
_OFFERED_ROWS = 500
_READER = Path(spreadsheet_reader.__file__)
_END = b"PK\x05\x06"


class SheetRefused(Refusal):
    """Base of the refusals of a file; ``field`` is ``file``."""

    code = "file_unreadable"
    message = "这个文件读不出来。请用 Excel 或 WPS 打开，另存为“Excel 工作簿（.xlsx）”，不要加密码，再上传。"
    kind = Kind.INVALID

    def __init__(self, message: str | None = None, *, field: str | None = "file", **facts: object) -> None:
        super().__init__(message, field=field, **facts)


class FileMissing(SheetRefused):
    code = "file_missing"
    message = "请先选择一个表格文件（.xlsx）。"


class FileTooLarge(SheetRefused):
    code = "file_too_large"
    message = "文件超过了 5 MB。请删去图片和不用的工作表，另存后再上传。"
    kind = Kind.TOO_LARGE


class NotXlsx(SheetRefused):
    code = "file_not_xlsx"
    message = "这不是 .xlsx 表格，或者加了密码。请用 Excel 或 WPS 另存为“Excel 工作簿（.xlsx）”再上传。"


class FileInflates(SheetRefused):
    """Too many members, too much content, or a compression no honest sheet has."""

    code = "file_inflates"
    message = "这个文件展开后太大，为安全起见没有打开。请把需要的行复制到一个新表格里再上传。"


class SheetTooLarge(SheetRefused):
    code = "sheet_too_large"
    message = "表格的范围太大（最多 10000 行、40 列）。请删去远处多余的单元格，或把内容复制到新表格里再上传。"


class SheetTooSlow(SheetRefused):
    code = "sheet_too_slow"
    message = "这个表格读了很久还没有读完，已经停下。请把内容复制到一个新表格里再上传。"


class SheetEmpty(SheetRefused):
    code = "sheet_empty"
    message = "表格里没有内容。请确认填好的是第一张工作表，再上传。"


@dataclass(frozen=True)
class Sheet:
    """The first visible sheet with content, from its cell A1: text per cell, all rows of one length.

    ``lossy`` holds the (row, column) indexes from 0 of numbers too long for a spreadsheet: their last digits are gone.
    ``merged`` holds the squares (top, left, bottom, right) of merged cells, whose text stands in the first cell alone.
    """

    rows: list[list[str]]
    name: str = ""
    lossy: frozenset[tuple[int, int]] = field(default=frozenset())
    merged: tuple[tuple[int, int, int, int], ...] = ()

    def cell(self, row: int, column: int) -> str:
        """Return a cell's text, empty outside of the sheet; indexes from 0."""
        return self.rows[row][column] if row < len(self.rows) and column < len(self.rows[row]) else ""


def filled_down(sheet: Sheet) -> Sheet:
    """Return the sheet with the text of a merged cell in each row that it goes down over, as it is meant."""
    rows = [list(row) for row in sheet.rows]
    for top, left, bottom, _ in sheet.merged:
        if not sheet.cell(top, left):
            continue  # An empty frame, which may stand beside or below all that is filled.
        for r in range(top + 1, min(bottom + 1, len(rows))):
            rows[r][left] = rows[r][left] or sheet.cell(top, left)
    return replace(sheet, rows=rows)


_REFUSALS: dict[str, type[SheetRefused]] = {
    c.code: c for c in (SheetRefused, FileInflates, SheetTooLarge, SheetTooSlow, SheetEmpty)
}


def read(content: bytes, *, seconds: float | None = None) -> Sheet:
    """Return the first sheet of an xlsx.

    :param seconds: how long the child may take; a Celery task has less than a request has
    :raise SheetRefused: one of the classes above; nothing was decoded when the directory of the file is out of bounds
    """
    check(content)
    # Isolated (-I): neither the working folder nor the environment decides what the child imports.
    command = [sys.executable, "-I", str(_READER)]
    try:
        done = subprocess.run(command, input=content, capture_output=True, timeout=seconds or SECONDS, check=False)  # noqa: S603
    except subprocess.TimeoutExpired:
        raise SheetTooSlow from None
    if done.returncode != 0:
        # It ran into its own limits: the memory for a far cell, as a rule.
        raise SheetTooLarge
    answer = json.loads(done.stdout)
    if "code" in answer:
        raise _REFUSALS[answer["code"]]
    merged = tuple((top, left, bottom, right) for top, left, bottom, right in answer["merged"])
    return Sheet(answer["rows"], answer["name"], frozenset((r, c) for r, c in answer["lossy"]), merged)


def check(content: bytes) -> None:
    """Judge a file by its size and its directory alone.

    :raise SheetRefused: when it is empty, too large, no zip, or its directory promises too much
    """
    if not content:
        raise FileMissing
    if len(content) > MAX_BYTES:
        raise FileTooLarge
    _check_directory_size(content)
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = archive.infolist()
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError):
        raise NotXlsx from None
    inflated = sum(m.file_size for m in members)
    if len(members) > MAX_MEMBERS or inflated > spreadsheet_reader.INFLATED:
        raise FileInflates
    if any(m.file_size > MAX_RATIO * max(m.compress_size, 1) and m.file_size > 65536 for m in members):
        raise FileInflates
    names = [m.filename for m in members]
    if any(".." in n.split("/") or n.startswith(("/", "\\")) or "\\" in n for n in names):
        raise FileInflates("这个文件的内部结构不正常，为安全起见没有打开。请把内容复制到新表格里再上传。")
    if "[Content_Types].xml" not in names or not any(n.startswith("xl/") for n in names):
        raise NotXlsx


def _check_directory_size(content: bytes) -> None:
    """Refuse a directory of many members before the library makes an object of each."""
    at = content.rfind(_END, max(len(content) - 65557, 0))
    if not content.startswith(b"PK\x03\x04") or at < 0 or at + 22 > len(content):
        raise NotXlsx
    count, size = struct.unpack_from("<HL", content, at + 10)
    if count > MAX_MEMBERS or size > MAX_DIRECTORY:
        raise FileInflates


def write(
    title: str,
    columns: Sequence[str],
    rows: Iterable[Sequence[str | int | None]],
    *,
    above: str = "",
    choices: Mapping[str, Sequence[str]] | None = None,
    made: datetime | None = None,
) -> bytes:
    """Return an xlsx of one sheet; text is always written as text, so that no cell is a formula (rel-X1).

    :param above: a title line over the header
    :param made: the moment that the file says it was made at; the same cells then give the same bytes
    :param choices: {column: what its cells offer to choose from}; other text is allowed after a question
    """
    memory = io.BytesIO()
    plain = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False, "in_memory": True}
    with xlsxwriter.Workbook(memory, plain) as book:
        if made:
            book.set_properties({"created": made.replace(tzinfo=None)})
        sheet = book.add_worksheet(title[:31])
        bold = book.add_format({"bold": True, "text_wrap": True, "valign": "vcenter", "align": "center", "border": 1})
        cell, heading = book.add_format({"border": 1}), book.add_format({"bold": True, "font_size": 14})
        top = 1 if above else 0
        if above:
            sheet.write_string(0, 0, above, heading)
        for c, words in enumerate(columns):
            sheet.write_string(top, c, words, bold)
            sheet.set_column(c, c, max(10, min(40, 2 * max(map(len, words.split("\n"))) + 2)))
        _offer(book, sheet, top + 1, [(columns.index(words), found) for words, found in (choices or {}).items()])
        for r, row in enumerate(rows, top + 1):
            for c, value in enumerate(row):
                if isinstance(value, int):
                    sheet.write_number(r, c, value, cell)
                else:
                    sheet.write_string(r, c, value or "", cell)
    return memory.getvalue()


def _offer(book: Workbook, sheet: Worksheet, top: int, choices: Sequence[tuple[int, Sequence[str]]]) -> None:
    """Put the choices on a sheet of their own: a list written into the cell itself ends after 255 characters."""
    if not choices:
        return
    lists = book.add_worksheet(_CHOICES)
    for place, (column, found) in enumerate(choices):
        for r, words in enumerate(found):
            lists.write_string(r, place, words)
        lists.set_column(place, place, max([10, *(min(60, 2 * len(words)) for words in found)]))
        if found:
            letter = xl_col_to_name(place, col_abs=True)
            source = f"='{_CHOICES}'!{letter}$1:{letter}${len(found)}"
            rule = {"validate": "list", "source": source, "error_type": "warning"}
            rule |= {"error_title": "不在可选项里", "error_message": "建议从下拉框里选。确定要这样填吗？"}
            sheet.data_validation(top, column, top + _OFFERED_ROWS, column, rule)
