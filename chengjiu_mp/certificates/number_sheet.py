"""The sheet that goes out without numbers and comes back with them."""

import re
from collections.abc import Mapping

from chengjiu_mp.certificates.earlier_sheet import read_number
from chengjiu_mp.core.errors import Refusal
from chengjiu_mp.core.sheet_rows import BLANK, CellFault, Layout, Row
from chengjiu_mp.core.spreadsheet import Sheet
from chengjiu_mp.people.names import read_name

COLUMNS = {
    "key": "申请号", "name": "姓名", "doc_type": "证件类型", "doc_number": "证件号码", "kind": "课程", "run": "场次",
    "day": "培训日期", "unit": "单位", "number": "证书编号",
}  # fmt: skip
LAYOUT = Layout(COLUMNS, ("key", "name", "number"), ("key", "number"), 2000, "编号", "行")

_KEY = re.compile(r"Q0*([1-9][0-9]{0,8})", re.ASCII)


def key_of(waiting_id: int) -> str:
    """Return how a person who waits is named in the file; a letter in front, so that it stays text."""
    return f"Q{waiting_id:06d}"


def read_rows(sheet: Sheet) -> tuple[list[Row], list[str]]:
    """Return the filled rows; ``values`` holds key (an id), name and number, None where no number came yet."""
    return LAYOUT.read(sheet, _read_row)


def _read_row(sheet: Sheet, r: int, columns: Mapping[str, int]) -> Row:
    row = Row(r + 1)
    for name, read in (("key", _key), ("name", _name), ("number", _number)):
        try:
            if (r, columns[name]) in sheet.lossy:
                raise CellFault("表格把它当成了数字，后几位已经丢了。请把这一列设为文本，再填一次。")
            row.values[name] = read(sheet.cell(r, columns[name]).strip())
        except CellFault as fault:
            row.fault(COLUMNS[name], str(fault))
        except Refusal as refusal:
            row.fault(COLUMNS[name], refusal.sentence)
    return row


def _key(said: str) -> int:
    found = _KEY.fullmatch(BLANK.sub("", said).upper())
    if found is None:
        raise CellFault("不是我们的申请号，请不要改这一列。")
    return int(found[1])


def _name(said: str) -> str:
    return read_name(said).name


def _number(said: str) -> str | None:
    return read_number(said) if said else None
