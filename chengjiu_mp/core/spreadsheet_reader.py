"""Reads one xlsx within hard limits, in a process of its own. Run as a script: bytes in, one JSON line out.

A sheet that names a far cell makes the parser allocate its whole range, and a crafted one may never end; here that
ends this process, never the web server. Only the standard library and the parser are imported, so that it starts in
tens of milliseconds."""

import io
import json
import resource
import sys
import zipfile
from datetime import date, datetime, time
from typing import Any

MEMORY = 512 * 1024 * 1024
CPU_SECONDS = 60
INFLATED = 50 * 1024 * 1024
# 10,000 people, and what stands above them: a title, the header, an example.
ROWS, COLUMNS = 10_010, 40
# What the caller gets into its own memory: no cell that is read holds more, and a full sheet of people a tenth of that.
CELL, TEXT = 2_000, 5_000_000
# A spreadsheet keeps 15 digits of a number; a longer one has lost its tail before it came here.
EXACT = 10**15


def confine() -> None:
    """Give this process its limits."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def inflates_honestly(content: bytes) -> bool:
    """Return whether every member holds what the directory says and all of them stay within the limit."""
    left = INFLATED
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for member in archive.infolist():
            with archive.open(member) as stream:
                while block := stream.read(65536):
                    left -= len(block)
                    if left < 0:
                        return False
    return True


def text_of(value: Any) -> str:
    """Return a cell as a person reads it: whole numbers without a fraction, days as 2026-11-28.

    At most ``CELL`` characters: what is cut off is longer than anything that is kept of a sheet.
    """
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.strftime("%Y-%m-%d %H:%M")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, time):
        return value.strftime("%H:%M")
    return str(value).strip()[:CELL]


def read(content: bytes) -> dict[str, Any]:
    """Return {"name", "rows", "lossy", "merged"} of the first visible sheet with content, or {"code"}.

    ``lossy`` is [[row, column]], ``merged`` [[top, left, bottom, right]].
    """
    from python_calamine import CalamineError, CalamineWorkbook, SheetVisibleEnum  # noqa: PLC0415  after the limits

    try:
        if not inflates_honestly(content):
            return {"code": "file_inflates"}
        book = CalamineWorkbook.from_filelike(io.BytesIO(content))
        for number, known in enumerate(book.sheets_metadata):
            if known.visible != SheetVisibleEnum.Visible:
                continue
            sheet = book.get_sheet_by_index(number)
            if sheet.end is None:
                continue
            if sheet.end[0] >= ROWS or sheet.end[1] >= COLUMNS:
                return {"code": "sheet_too_large"}
            return _rows(known.name, sheet.to_python(skip_empty_area=False)) | {"merged": _merged(sheet)}
    except (CalamineError, zipfile.BadZipFile, NotImplementedError, ValueError, RuntimeError, EOFError, OSError):
        return {"code": "file_unreadable"}
    except MemoryError:
        return {"code": "sheet_too_large"}
    return {"code": "sheet_empty"}


def _rows(name: str, rows: list[list[Any]]) -> dict[str, Any]:
    texts = [[text_of(c) for c in r] for r in rows]
    if sum(len(text) for row in texts for text in row) > TEXT:
        return {"code": "file_inflates"}
    return {"name": name, "rows": texts, "lossy": _lossy(rows)}


def _merged(sheet: Any) -> list[list[int]]:
    """Return the merged squares within bounds; a crafted sheet lays one over the other, where a real one cannot."""
    found, left = [], ROWS * COLUMNS
    for first, last in sheet.merged_cell_ranges or ():
        square = [*first, min(last[0], ROWS), min(last[1], COLUMNS)]
        left -= max(square[2] - square[0] + 1, 1)
        if left < 0:
            break
        found.append(square)
    return found


def _lossy(rows: list[list[Any]]) -> list[tuple[int, int]]:
    return [
        (r, c)
        for r, row in enumerate(rows)
        for c, value in enumerate(row)
        if isinstance(value, float) and abs(value) >= EXACT
    ]


if __name__ == "__main__":
    confine()
    sys.stdout.write(json.dumps(read(sys.stdin.buffer.read())))
