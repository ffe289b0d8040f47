"""The file that goes back: the liaison's own columns, and what became of each line, with the codes of who is in."""

from collections.abc import Sequence

from chengjiu_mp.core import spreadsheet
from chengjiu_mp.courses.models import LIVE
from chengjiu_mp.courses.signup_queries import ticket_url
from chengjiu_mp.lists import queries, sheet, upload_queries
from chengjiu_mp.lists.enrolling import cells_of, head_of
from chengjiu_mp.lists.models import UnitListLine, UnitListUpload
from chengjiu_mp.people.documents import mask_document
from chengjiu_mp.people.phones import mask_phone

ADDED = ("结果", "原因", "签到码", "领票链接")
OUTCOMES = {
    "added": "已报上", "waiting": "候补", "named": "待本人填写", "changed": "已更新", "same": "已在名单",
    "rejected": "没报上",
}  # fmt: skip
PLANS = {
    "add": "会报上", "wait": "会候补", "name": "待本人填写", "change": "会更新", "same": "已在名单", "fault": "要改",
}  # fmt: skip
_AT_ONCE = 500
SHREDDED = "（已按期删除）"


def result_file(upload: UnitListUpload, *, whole: bool) -> bytes:
    """Return an xlsx of every line with its result; before the enrolment, with what it would be.

    :param whole: numbers as the liaison wrote them, for who uploaded them; masked for anybody else
    """
    head, lines = head_of(upload), upload_queries.lines_of(upload.id)
    columns = [*(head or ["原来的内容"]), *ADDED, "行号"]
    places = _places(lines)
    rows = (_cells(line, head, places.get(line.row_id or 0), whole=whole) for line in lines)
    return spreadsheet.write("结果", columns, rows)


def word_of(line: UnitListLine) -> str:
    """Return what became of a line, or would."""
    return OUTCOMES[line.outcome] if line.outcome else PLANS[line.plan]


def shown(line: UnitListLine, head: Sequence[str]) -> dict[str, str]:
    """Return a line's known columns for a page: document and phone masked."""
    values = sheet.values_of(head, cells_of(line) or [])
    return {name: _masked(name, value) for name, value in values.items()}


def _cells(
    line: UnitListLine, head: Sequence[str], place: queries.OnList | None, *, whole: bool
) -> list[str | int | None]:
    kept, width = cells_of(line), max(len(head), 1)
    cells: list[str | int | None] = list(kept) if kept is not None else [SHREDDED]
    if kept is not None and not whole:
        names = {c: name for name, c in sheet.positions(head).items()}
        cells = [_masked(names.get(c, ""), value) for c, value in enumerate(kept)]
    cells = [*cells[:width], *[""] * (width - len(cells))]
    code, link = (place.signup.code, ticket_url(place.signup)) if place and place.signup else ("", "")
    reason = f"{line.field}：{line.reason}" if line.field else line.reason
    waits = f"现在排在候补第 {place.rank} 位，有空位会按顺序通知本人。" if place and place.rank else ""
    return [*cells, word_of(line), " ".join(filter(None, (waits, reason))), code, link, line.number]


def _places(lines: Sequence[UnitListLine]) -> dict[int, queries.OnList]:
    """Return {row id: the place it stands for}, live ones alone; a few queries whatever the length."""
    ids = [line.row_id for line in lines if line.row_id]
    found: dict[int, queries.OnList] = {}
    for begin in range(0, len(ids), _AT_ONCE):
        for one in queries.rows_with_places(ids[begin : begin + _AT_ONCE]):
            if one.row.state == "on" and one.signup is not None and one.signup.state in LIVE:
                found[one.row.id] = one
    return found


def _masked(name: str, value: str) -> str:
    if not value:
        return ""
    if name == sheet.DOC:
        return mask_document(value)
    return mask_phone(value) if name == sheet.PHONE else value
