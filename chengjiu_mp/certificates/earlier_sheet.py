"""An old ledger as a sheet: which column is which, and one row read into values or faults."""

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

from chengjiu_mp.certificates.verifying import tidy_number
from chengjiu_mp.core import clock, spreadsheet
from chengjiu_mp.core.errors import Refusal
from chengjiu_mp.core.sheet_rows import BLANK, CellFault, Layout, Row
from chengjiu_mp.core.spreadsheet import Sheet
from chengjiu_mp.people.document_types import DocType
from chengjiu_mp.people.documents import DocumentReading, Verdict, read_document
from chengjiu_mp.people.names import read_name

COLUMNS = {
    "name": "姓名", "number": "证书编号", "kind": "证书类别", "issued_on": "发证日期", "valid_until": "有效期至",
    "unit": "单位", "source": "来源", "doc_number": "证件号码", "doc_type": "证件类型", "state": "状态",
}  # fmt: skip
REQUIRED = ("name", "number", "kind", "issued_on", "valid_until", "unit", "source")
MOST = 2000
LAYOUT = Layout(COLUMNS, REQUIRED, ("name", "number"), MOST, "证书", "张")
TITLE = "证件号码、证件类型、状态可以不填；长期有效的写“长期”；来源会公开显示，例如“2023 年纸质台账”"
STATES = {"正常": "issued", "已吊销": "revoked", "已更正": "superseded"}
FOREVER = "长期"
DOC_TYPES = {one.label: one for one in DocType}

_DAY = re.compile(r"(\d{4})(?:[-/.年](\d{1,2})[-/.月](\d{1,2})日?|(\d{2})(\d{2}))", re.ASCII)
# Letters, digits and Han characters with the brackets and strokes of old registers.
_NUMBER = re.compile(r"(?=.*[0-9])[0-9A-Z\u3400-\u9fff()（）〔〕【】\[\]\-—_/.·]{4,60}")
# Long enough for a phone or a document: neither belongs into what the public reads.
_LONG_DIGITS = re.compile(r"\d{9,}")
_OLDEST = 1980


def read_rows(sheet: Sheet) -> tuple[list[Row], list[str]]:
    """Return the filled rows below the header, and the faults of the sheet as such."""
    return LAYOUT.read(sheet, _read_row)


def _read_row(sheet: Sheet, r: int, columns: Mapping[str, int]) -> Row:
    row = Row(r + 1)
    for name, heading in COLUMNS.items():
        said = sheet.cell(r, columns[name]).strip() if name in columns else ""
        try:
            if not said and name in REQUIRED:
                raise CellFault("没有填。长期有效的请写“长期”。" if name == "valid_until" else "没有填。")
            if name in columns and (r, columns[name]) in sheet.lossy:
                raise CellFault("表格把它当成了数字，后几位已经丢了。请把这一列设为文本，再填一次。")
            row.values[name] = _READERS[name](said)
        except CellFault as fault:
            row.fault(heading, str(fault))
        except Refusal as refusal:
            row.fault(heading, refusal.sentence)
    _read_document(row)
    _check_days(row)
    return row


def _read_document(row: Row) -> None:
    """Replace the two cells by what they say together; a ledger without the number is taken as well."""
    number, chosen = row.values.pop("doc_number", ""), row.values.pop("doc_type", None)
    row.values["document"] = None
    if not number:
        return
    try:
        reading: DocumentReading = read_document(number, chosen, today=clock.today())
        if reading.verdict is Verdict.RETYPE:
            raise CellFault(f"像是{reading.doc_type.label}的号码，请核对证件类型。")
        row.values["document"] = reading
    except CellFault as fault:
        row.fault(COLUMNS["doc_number"], str(fault))
    except Refusal as refusal:
        row.fault(COLUMNS["doc_number"], refusal.sentence)


def _check_days(row: Row) -> None:
    issued, until = row.values.get("issued_on"), row.values.get("valid_until")
    if issued and issued > clock.today():
        row.fault(COLUMNS["issued_on"], "晚于今天，请核对。")
    if issued and until and until < issued:
        row.fault(COLUMNS["valid_until"], "早于发证日期，请核对。")


def plain(text: str) -> str:
    """Return a name as names are compared: without blanks, with one kind of brackets."""
    return BLANK.sub("", text).replace("(", "（").replace(")", "）")


def _name(said: str) -> str:
    return read_name(said).name


def read_number(said: str) -> str:
    """Return the number of a certificate as we write it.

    :raise CellFault: it does not look like one
    """
    number = tidy_number(said)
    if not _NUMBER.fullmatch(number):
        raise CellFault("不像证书编号：4 到 60 个字母、数字或汉字，至少有一个数字。请照证书填写。")
    return number


def _day(said: str) -> date:
    found = _DAY.fullmatch(BLANK.sub("", said).removesuffix("00:00:00").removesuffix("00:00"))
    try:
        if found is None:
            raise ValueError
        read = date(int(found[1]), int(found[2] or found[4]), int(found[3] or found[5]))
    except ValueError:
        raise CellFault("请写成 2023-11-28 的样子。") from None
    if not _OLDEST <= read.year <= 2100:
        raise CellFault("年份不对，请核对。")
    return read


def _until(said: str) -> date | None:
    return None if BLANK.sub("", said) == FOREVER else _day(said)


def _text(said: str) -> str:
    if len(said) > 100:
        raise CellFault("太长了，请缩短到 100 个字以内。")
    return said


def _source(said: str) -> str:
    if len(said) > 60:
        raise CellFault("太长了，请缩短到 60 个字以内。")
    if any(unicodedata.category(c) in ("Cc", "Cf", "Co", "Cs", "Cn") for c in said):
        raise CellFault("有显示不出来的字，请重新填写。")
    if _LONG_DIGITS.search(BLANK.sub("", said)):
        raise CellFault("会公开显示，请不要写手机号、证件号码。")
    return said


def _doc_type(said: str) -> DocType | None:
    found = DOC_TYPES.get(plain(said))
    if said and found is None:
        raise CellFault("没有这种证件，请从下拉框里选，或留空。")
    return found


def _state(said: str) -> str:
    found = STATES.get(plain(said) or "正常")
    if found is None:
        raise CellFault("请填“正常”“已吊销”或“已更正”，或留空。")
    return found


_READERS: dict[str, Callable[[str], Any]] = {
    "name": _name, "number": read_number, "kind": _text, "issued_on": _day, "valid_until": _until, "unit": _text,
    "source": _source, "doc_number": str, "doc_type": _doc_type, "state": _state,
}  # fmt: skip


def template(kinds: Sequence[str], units: Sequence[str]) -> bytes:
    """Return an empty ledger whose cells offer what the caller may choose."""
    offered = {"kind": kinds, "unit": units, "doc_type": list(DOC_TYPES), "state": list(STATES)}
    choices = {COLUMNS[name]: found for name, found in offered.items()}
    return spreadsheet.write("历史证书", list(COLUMNS.values()), [], above=TITLE, choices=choices)
