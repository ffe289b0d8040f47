"""The liaison's sheet: its template with drop-downs, and its lines found again however they come back."""

import io
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import xlsxwriter

from chengjiu_mp.core import clock
from chengjiu_mp.core.sheet_rows import SIGNED
from chengjiu_mp.core.spreadsheet import Sheet, filled_down
from chengjiu_mp.courses.models import CourseRun
from chengjiu_mp.lists.errors import ColumnsMissing, NoPeople
from chengjiu_mp.people.documents import DocType
from chengjiu_mp.units.models import KEY_GROUPS

NAME, DOC_TYPE, DOC, PHONE, GROUP, RUN, BIRTH, LATIN_SURNAME, LATIN_GIVEN = (
    "姓名", "证件类型", "证件号码", "手机号", "人群类别", "场次", "出生日期", "护照上的姓", "护照上的名",
)  # fmt: skip
COLUMNS = (NAME, DOC_TYPE, DOC, PHONE, GROUP, RUN, BIRTH, LATIN_SURNAME, LATIN_GIVEN)
NEEDED = (NAME, DOC, PHONE)
# What else people write over these columns.
_ALSO = {"教师姓名": NAME, "学员姓名": NAME, "学生姓名": NAME, "员工姓名": NAME, "职工姓名": NAME, "参训人员姓名": NAME,
         "手机": PHONE, "手机号码": PHONE, "联系电话": PHONE, "联系手机": PHONE, "联系方式": PHONE, "电话": PHONE,
         "电话号码": PHONE, "身份证": DOC, "身份证号": DOC, "身份证号码": DOC, "证件号": DOC, "公民身份号码": DOC,
         "公民身份证号码": DOC, "居民身份证号": DOC, "居民身份证号码": DOC, "身份证件号码": DOC,
         "人员类别": GROUP, "重点人群": GROUP, "出生年月": BIRTH, "生日": BIRTH,
         "护照姓": LATIN_SURNAME, "英文姓": LATIN_SURNAME, "拉丁字母姓": LATIN_SURNAME,
         "护照名": LATIN_GIVEN, "英文名": LATIN_GIVEN, "拉丁字母名": LATIN_GIVEN}  # fmt: skip

# What an office puts down once for many: of a cell that is merged over their lines all of them have the text.
_SHARED = (GROUP, RUN, DOC_TYPE)
# Without any of these a line holds nobody: a number drawn down too far, a signature under the list.
_SOMEBODY = (NAME, DOC, PHONE, LATIN_SURNAME, LATIN_GIVEN)
# Cells longer than this hold no name, number or date.
MAX_CELL = 200
LAST_ROW = 10_001
_HEADER_WITHIN = 10
_EXAMPLE = ("示例：张三", DocType.RESIDENT_ID.label, "11010519491231002X", "13900000000", "教职工", "", "", "", "")
_IS_EXAMPLE = re.compile(r"(?:示例|例如|例)[：:]|\(示例\)|（示例）")
# As every document has one, and no day or name that stands beside a signature.
_IS_NUMBER = re.compile(r"[A-Za-z0-9()（）０-９]{8,}")
_NOTES = (
    "一行一个人，填在“名单”这张表里。姓名、证件号码、手机号必填，其余可以留空。",
    "证件号码、手机号两列已经设为文本，直接输入即可；从别处复制时，请“只粘贴值”。",
    "姓名和证件上一致；少数民族姓名中间的“·”请保留。",
    "证件类型留空会自动识别。用护照、通行证的，请再填出生日期。",
    "护照上的姓、护照上的名照护照填字母，只有一项的填一项；没有护照的留空。",
    "场次从下拉里选；只有一个场次时可以留空。",
    "第一行是表头，请不要改。“示例”那一行会自动跳过，删不删都可以。",
    "上传后先看核对结果，再确认报名；改好后整张表再传一次就行，已经报上的不会重复。",
)


@dataclass(frozen=True)
class Line:
    """One line: its number as the spreadsheet counts, its cells as they stood, and the known columns by name."""

    number: int
    cells: list[str]
    values: dict[str, str]
    lossy: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Found:
    """A sheet that was understood: its header as it stood, the lines that hold anybody, and the numbers of the others
    that are not empty: titles, the example, signatures.
    """

    head: list[str]
    lines: list[Line]
    left_out: list[int]


def find_lines(sheet: Sheet) -> Found:
    """Return the header and the lines below it; the example and lines without anybody are left out and told of.

    :raise ColumnsMissing: when a needed column has no header; :raise NoPeople: when nothing stands below
    """
    top = next((r for r in range(min(_HEADER_WITHIN, len(sheet.rows))) if NAME in _header(sheet, r)), None)
    at = _header(sheet, top) if top is not None else {}
    if missing := [name for name in NEEDED if name not in at]:
        raise ColumnsMissing(
            f"没有找到这几列：{'、'.join(missing)}。请用名单页上的模板，不要改第一行的列名。", columns=missing
        )
    first = (top or 0) + 1
    lines = list(_lines(sheet, first, at))
    if not lines:
        raise NoPeople
    taken = {line.number for line in lines} | {first}
    left_out = [r for r, cells in enumerate(sheet.rows, 1) if r not in taken and any(cell.strip() for cell in cells)]
    return Found([_bounded(cell) for cell in sheet.rows[first - 1]], lines, left_out)


def values_of(head: Sequence[str], cells: Sequence[str]) -> dict[str, str]:
    """Return the known columns of a kept line."""
    return _values(cells, positions(head))


def _values(cells: Sequence[str], at: dict[str, int]) -> dict[str, str]:
    found = {name: cells[c] if c < len(cells) else "" for name, c in at.items()}
    return found | {name: _quoted(found.get(name, "")) for name in (DOC, PHONE) if name in found}


def _header(sheet: Sheet, row: int) -> dict[str, int]:
    return positions(sheet.rows[row])


def positions(cells: Sequence[str]) -> dict[str, int]:
    """Return {column: index} of a header, whatever blanks, stars or remarks stand in it."""
    found: dict[str, int] = {}
    for c, cell in enumerate(cells):
        words = re.sub(r"\(.*|[\s*]", "", unicodedata.normalize("NFKC", cell[:MAX_CELL]))
        name = _ALSO.get(words, words)
        if name in COLUMNS:
            found.setdefault(name, c)
    return found


def _lines(sheet: Sheet, first: int, at: dict[str, int]) -> Iterator[Line]:
    lossy: dict[int, set[str]] = {}
    names = {c: name for name, c in at.items()}
    for r, c in sheet.lossy:
        if c in names:
            lossy.setdefault(r, set()).add(names[c])
    down, across = filled_down(sheet), _across(sheet, at)
    for r in range(first, len(sheet.rows)):
        cells = [_bounded(cell) for cell in sheet.rows[r]]
        for c in (at[name] for name in _SHARED if name in at):
            cells[c] = _bounded(down.cell(r, c))
        values = _values(cells, at)
        # Beside a phone or a document's number it is a person, with the name written too wide: told of, never passed
        # over.
        signed = SIGNED.match(values[NAME]) and not _IS_NUMBER.fullmatch(re.sub(r"\s", "", values[DOC]))
        heading = (r in across or signed) and not values[PHONE]
        nobody = heading or not any(values.get(name) for name in _SOMEBODY)
        if nobody or _IS_EXAMPLE.match(values[NAME]):
            continue
        yield Line(r + 1, cells, values, frozenset(lossy.get(r, ())))


def _across(sheet: Sheet, at: dict[str, int]) -> frozenset[int]:
    """Return the rows that one cell fills from the name to the number: most are headings and signatures."""
    first, last = sorted((at[NAME], at[DOC]))
    rows = [range(top, min(bottom + 1, len(sheet.rows))) for top, left, bottom, right in sheet.merged
            if left <= first and last <= right]  # fmt: skip
    return frozenset(r for each in rows for r in each)


def _bounded(cell: str) -> str:
    return cell.replace("\x00", "\ufffd")[:MAX_CELL].strip()


def _quoted(cell: str) -> str:
    """Return a number without the mark that says "text" to a spreadsheet, where it came along as a character."""
    return cell[1:].strip() if cell[:1] in ("'", "‘", "’", "＇", "`") else cell


# Runs by the words of the drop-down


def run_label(run: CourseRun) -> str:
    """Return a run's words in the drop-down; the number in front finds it again."""
    at = clock.local(run.starts_at)
    return f"{run.id}｜{at.month}月{at.day}日 {at:%H:%M} {run.title}"


def run_of(words: str, runs: Sequence[CourseRun]) -> CourseRun | None:
    """Return the run that a cell names, None when it names none of these."""
    text = unicodedata.normalize("NFKC", words).strip()
    number = re.match(r"([0-9]{1,9})(?:\.0)?(?:\s*[|｜号]|$)", text)
    wanted = int(number[1]) if number else 0
    return next((run for run in runs if run.id == wanted or run.title == words.strip()), None)


# The template


def template(runs: Sequence[CourseRun]) -> bytes:
    """Return an xlsx to fill in: drop-downs, an example, a sheet of notes; number columns are text."""
    memory = io.BytesIO()
    plain = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False, "in_memory": True}
    with xlsxwriter.Workbook(memory, plain) as book:
        people, notes, choices = (book.add_worksheet(name) for name in ("名单", "填写说明", "选项"))
        text = book.add_format({"num_format": 49})
        bold = book.add_format({"bold": True, "num_format": 49, "border": 1, "bg_color": "#D9EEF0"})
        pale = book.add_format({"num_format": 49, "font_color": "#808080"})
        labels = [run_label(run) for run in runs]
        for c, (name, width) in enumerate(zip(COLUMNS, (14, 22, 24, 16, 16, 44, 14, 18, 18), strict=True)):
            people.set_column(c, c, width, text)
            people.write_string(0, c, name, bold)
            people.write_string(1, c, labels[0] if name == RUN and labels else _EXAMPLE[c], pale)
        people.freeze_panes(1, 0)
        options = (
            (DOC_TYPE, [one.label for one in DocType]), (GROUP, list(KEY_GROUPS.values())), (RUN, labels),
        )  # fmt: skip
        for c, (name, words) in enumerate(options):
            _drop_down(people, choices, c, name, words)
        choices.hide()
        notes.set_column(0, 0, 90)
        for r, sentence in enumerate(_NOTES):
            notes.write_string(r, 0, f"{r + 1}. {sentence}")
    return memory.getvalue()


def _drop_down(
    people: xlsxwriter.worksheet.Worksheet, choices: xlsxwriter.worksheet.Worksheet, column: int, name: str,
    words: Sequence[str],
) -> None:  # fmt: skip
    if not words:
        return
    for r, word in enumerate(words):
        choices.write_string(r, column, word)
    letter = "ABC"[column]
    source = f"=选项!${letter}$1:${letter}${len(words)}"
    told = {"error_title": name, "error_message": "请从下拉里选，或者留空。"}
    at = COLUMNS.index(name)
    people.data_validation(1, at, LAST_ROW, at, {"validate": "list", "source": source, **told})
