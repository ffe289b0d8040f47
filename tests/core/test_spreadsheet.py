"""Files from outside are bounded before anything decodes them; files to people hold no formula."""

import datetime as dt
import io
import secrets
import time
import zipfile

import pytest
import xlsxwriter
from python_calamine import CalamineWorkbook

from chengjiu_mp.core import spreadsheet, spreadsheet_reader
from chengjiu_mp.core.spreadsheet import SheetRefused
from tests.sheets import book, with_member


def test_cells_become_the_text_a_person_reads() -> None:
    sheet = spreadsheet.read(book([["编号", 13800138000, 12.5], [], ["", " 两头空 ", 0.5]]))
    assert sheet.rows == [["编号", "13800138000", "12.5"], ["", "", ""], ["", "两头空", "0.5"]]


def test_a_number_too_long_for_a_spreadsheet_is_marked() -> None:
    assert spreadsheet.read(book([["号码"], [320281198506151234]])).lossy == {(1, 0)}


def test_a_day_and_a_truth_are_written_out() -> None:
    memory = io.BytesIO()
    with xlsxwriter.Workbook(memory) as made:
        sheet = made.add_worksheet()
        sheet.write_datetime(0, 0, dt.date(2026, 2, 28), made.add_format({"num_format": "yyyy-mm-dd"}))
        sheet.write_boolean(0, 1, True)
    assert spreadsheet.read(memory.getvalue()).rows == [["2026-02-28", "是"]]


def test_rows_keep_their_numbers_below_empty_ones() -> None:
    assert spreadsheet.read(book([[], [], ["三"]])).cell(2, 0) == "三"


def far_cell() -> bytes:
    memory = io.BytesIO()
    with xlsxwriter.Workbook(memory) as made:
        sheet = made.add_worksheet()
        sheet.write("A1", "x")
        sheet.write("XFD1048576", "y")
    return memory.getvalue()


def entities() -> bytes:
    levels = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10))
    bomb = f'<?xml version="1.0"?><!DOCTYPE s [<!ENTITY a0 "{"A" * 1000}">{levels}]><sst><si><t>&a9;</t></si></sst>'
    return with_member(book([["x"]]), "xl/sharedStrings.xml", bomb.encode())


def many_members(count: int) -> bytes:
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w") as made:
        for n in range(count):
            made.writestr(f"xl/{n}", b"")
    return memory.getvalue()


def lying_size() -> bytes:
    """A member that says it holds 100 bytes and holds a million."""
    content = with_member(book([["x"]]), "xl/worksheets/sheet1.xml", secrets.token_bytes(1000) * 50)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        size = archive.getinfo("xl/worksheets/sheet1.xml").file_size
    return content.replace(size.to_bytes(4, "little"), (100).to_bytes(4, "little"))


HARMFUL = {
    "empty": (lambda: b"", "file_missing"),
    "text": (lambda: b"not a workbook", "file_not_xlsx"),
    "zip without a workbook": (lambda: many_members(3), "file_not_xlsx"),
    "too large": (lambda: b"PK\x03\x04" + bytes(5 * 1024 * 1024), "file_too_large"),
    "200 members and one": (lambda: many_members(201), "file_inflates"),
    "40,000 members": (lambda: many_members(40_000), "file_inflates"),
    "zip bomb": (lambda: with_member(book([["x"]]), "xl/media/a.bin", bytes(60_000_000)), "file_inflates"),
    "ratio": (lambda: with_member(book([["x"]]), "xl/worksheets/sheet1.xml", b" " * 4_000_000), "file_inflates"),
    "way out": (lambda: with_member(book([["x"]]), "../../xl/evil", b"x"), "file_inflates"),
    "far cell": (far_cell, "sheet_too_large"),
    "one row too many": (lambda: book([[n] for n in range(10_011)]), "sheet_too_large"),
    "one column too many": (lambda: book([["x"] * 41]), "sheet_too_large"),
    "entity bomb": (entities, "file_unreadable"),
    "lying size": (lying_size, "file_unreadable"),
    "nothing in it": (lambda: book([]), "sheet_empty"),
}


@pytest.mark.parametrize("name", HARMFUL)
def test_a_harmful_file_is_refused_in_chinese_within_seconds(name: str) -> None:
    make, code = HARMFUL[name]
    content = make()
    if name != "too large":
        content = content[: spreadsheet.MAX_BYTES]
    began = time.monotonic()
    with pytest.raises(SheetRefused) as refused:
        spreadsheet.read(content)
    assert refused.value.code == code
    assert "。" in refused.value.sentence
    assert time.monotonic() - began < 10


def test_ten_thousand_rows_of_forty_columns_are_read() -> None:
    sheet = spreadsheet.read(book([["值"] * 40 for _ in range(10_010)]))
    assert (len(sheet.rows), len(sheet.rows[-1])) == (10_010, 40)


def test_a_cell_without_end_comes_cut() -> None:
    # Not one character again and again, which the archive's own limits refuse.
    text = "".join(chr(0x4E00 + n * 7919 % 20_000) for n in range(30_000))
    assert spreadsheet.read(book([["姓名"], [text]])).cell(1, 0) == text[: spreadsheet_reader.CELL]


def test_one_long_text_in_thousands_of_cells_stays_in_the_child() -> None:
    """A shared text costs the file nothing, and would cost the worker its memory."""
    people = [[f"张{n}", "长" * 2_000] for n in range(3_000)]
    with pytest.raises(spreadsheet.FileInflates):
        spreadsheet.read(book(people))
    assert len(spreadsheet.read(book(people[:2_000])).rows) == 2_000


def test_a_reader_that_ends_badly_is_a_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spreadsheet, "SECONDS", 0.001)
    with pytest.raises(spreadsheet.SheetTooSlow):
        spreadsheet.read(book([["x"]]))


@pytest.mark.parametrize("text", ["=1+1", '=HYPERLINK("http://x")', "+1", "-1", "@sum", "{=1}", "http://x.cn", "\t=1"])
def test_no_exported_cell_is_a_formula(text: str) -> None:
    content = spreadsheet.write("表", ["列"], [[text]], above=text)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        sheet = archive.read("xl/worksheets/sheet1.xml").decode()
    assert "<f>" not in sheet and "hyperlink" not in sheet
    rows = CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_index(0).to_python()
    assert str(rows[2][0]).strip() == text.strip()
