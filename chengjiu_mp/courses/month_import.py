"""Importing a month of runs: a dry run that says what would happen, then all of it or the good rows, as drafts.

A run of the same kind at the same place and time is the same run: a file that is uploaded again makes nothing new.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from chengjiu_mp.core import clock, context
from chengjiu_mp.core.db import db
from chengjiu_mp.core.errors import Kind, Refusal
from chengjiu_mp.core.sheet_rows import Row
from chengjiu_mp.core.spreadsheet import Sheet
from chengjiu_mp.courses import queries
from chengjiu_mp.courses.clashes import Clash, clashes_among
from chengjiu_mp.courses.drafting import DEFAULT_SECTOR, DRAFTING_ROLES, Draft, draft_run
from chengjiu_mp.courses.models import CourseRun, CourseType, Syllabus
from chengjiu_mp.courses.month_sheet import AUDIENCES, COLUMNS, plain, read_rows, template
from chengjiu_mp.courses.policy import runs_visible_to, units_in_scope
from chengjiu_mp.courses.sittings import Sitting
from chengjiu_mp.units.queries import sectors, units_to_choose
from chengjiu_mp.venues.models import Venue

Key = tuple[str, int, datetime]


class MonthRefused(Refusal):
    """The file has faults, and the good rows alone were not asked for; ``errors`` names every row."""

    code = "month_refused"
    message = "场次表没有导入：有几处要改。请改好再上传，或选择只导入没有问题的行。"
    kind = Kind.INVALID

    def __init__(self, errors: list[dict[str, str]]) -> None:
        super().__init__(field="file", errors=errors)
        self.errors = errors


@dataclass
class Entry:
    """What one row would do: a new draft, or nothing because the run is there (``there``: its id)."""

    row: int
    draft: Draft
    there: int | None = None
    clashes: Sequence[Clash] = field(default=())


@dataclass
class Preview:
    """A month read against what is there. ``faults`` is {row number in Excel: reasons}; 0 stands for the sheet.

    ``left_out`` numbers the rows below the header that hold no run.
    """

    entries: list[Entry] = field(default_factory=list)
    faults: dict[int, list[str]] = field(default_factory=dict)
    left_out: list[int] = field(default_factory=list)

    @property
    def new(self) -> list[Entry]:
        return [one for one in self.entries if one.there is None]


def preview(sheet: Sheet) -> Preview:
    """Return what importing ``sheet`` would do; nothing is written."""
    return _matched(_read(sheet))


def import_month(sheet: Sheet, *, partial: bool = False) -> list[CourseRun]:
    """Draft the runs of a sheet that are not there yet and return them.

    :param partial: leave faulty rows out instead of refusing the file
    :raise MonthRefused: naming every faulty row; nothing was written
    """
    made = _read(sheet)
    if made.faults and not (partial and made.entries):
        raise MonthRefused(list(_pointed(made.faults)))
    # Two uploads of one file at once queue here; the second finds the first one's runs.
    halls = sorted({one.draft.venue_id for one in made.entries})
    db.session.execute(select(Venue.id).where(Venue.id.in_(halls)).order_by(Venue.id).with_for_update(key_share=True))
    return [draft_run(one.draft) for one in _matched(made).new]


def _pointed(faults: dict[int, list[str]]) -> Iterable[dict[str, str]]:
    for number, reasons in faults.items():
        for reason in reasons:
            at, before = (f"/rows/{number}", f"第 {number} 行：") if number else ("/file", "")
            yield {"pointer": at, "code": "row_refused" if number else "sheet_refused", "detail": before + reason}


def _read(sheet: Sheet) -> Preview:
    rows, faults, left_out = read_rows(sheet)
    made = Preview(faults={0: faults} if faults else {}, left_out=left_out)
    known, seen = _Known(), dict[Key, int]()
    for row in rows:
        draft = known.draft_of(row)
        if draft is not None:
            first = seen.setdefault(_key(draft), row.number)
            if first != row.number:
                row.faults.append(f"和第 {first} 行是同一场（课程、地点、时间都一样），请删去一行。")
        if row.faults or draft is None:
            made.faults[row.number] = row.faults
        else:
            made.entries.append(Entry(row.number, draft))
    return made


def _matched(made: Preview) -> Preview:
    there = _there([one.draft for one in made.entries])
    for one in made.entries:
        one.there = there.get(_key(one.draft))
    for one, found in zip(made.new, clashes_among([one.draft for one in made.new]), strict=True):
        one.clashes = found
    return made


def _key(draft: Draft) -> Key:
    return draft.kind, draft.venue_id, draft.meetings[0].starts_at


def _there(drafts: Sequence[Draft]) -> dict[Key, int]:
    """The caller's runs that begin when one of these would."""
    if not drafts:
        return {}
    begins = {draft.meetings[0].starts_at for draft in drafts}
    query = (
        select(CourseType.code, CourseRun.venue_id, CourseRun.starts_at, CourseRun.id)
        .join(Syllabus, Syllabus.id == CourseRun.syllabus_id)
        .join(CourseType, CourseType.id == Syllabus.course_type_id)
        .where(
            CourseRun.starts_at >= min(begins), CourseRun.starts_at <= max(begins), CourseRun.state != "cancelled",
            runs_visible_to(context.principal()),
        )
    )  # fmt: skip
    return {(row[0], row[1], row[2]): row[3] for row in db.session.execute(query)}


class _Known:
    """What a row may name, by the name."""

    def __init__(self) -> None:
        scope = units_in_scope(context.principal(), DRAFTING_ROLES)
        self.kinds = _by_name((kind.name, kind.code) for kind in queries.course_types())
        self.units = _by_name((unit.name, unit.id) for unit in units_to_choose(scope))
        self.venues = _by_name((venue.name, venue.id) for venue in queries.venues_to_choose())
        self.sectors = _by_name((sector.name, sector.code) for sector in sectors())
        self.teachers = _by_name((one.name, one.id) for one in queries.instructors_to_choose())

    def draft_of(self, row: Row) -> Draft | None:
        """Return the run of a row, None when it names something unknown; the reasons are added to the row."""
        values = row.values
        kind = self._one(row, "kind", self.kinds, "没有这个课程类别，请从下拉框里选。")
        unit = self._one(row, "unit", self.units, "没有这个单位，或不在您的管理范围内。请从下拉框里选。")
        venue = self._one(row, "venue", self.venues, "没有这个地点，请从下拉框里选；新地点请先登记。")
        sector = self._one(row, "sector", self.sectors, "请填六个领域之一，或留空。") or DEFAULT_SECTOR
        teachers = self._teachers(row)
        sittings = _sittings(row)
        if row.faults:
            return None
        return Draft(
            kind=kind, unit_id=unit, venue_id=venue, meetings=sittings, sector=sector, title=values["title"],
            capacity=values["capacity"], instructor_ids=teachers, open_to_all=values["audience"],
        )  # fmt: skip

    def _one(self, row: Row, column: str, known: dict[str, list[Any]], why: str) -> Any:
        said = plain(row.values.get(column) or "")
        if not said:
            return None
        found = known.get(said, [])
        if len(found) == 1:
            return found[0]
        row.fault(COLUMNS[column], "有几个同名的，请先改名区分。" if found else why)
        return None

    def _teachers(self, row: Row) -> list[int]:
        ids = []
        for number, name in enumerate(row.values.get("teachers") or [], 1):
            found = self.teachers.get(name, [])
            if len(found) == 1:
                ids.append(found[0])
            elif found:
                row.fault(COLUMNS["teachers"], f"第 {number} 位有同名的人，请留空，导入后在场次里选。")
            else:
                row.fault(COLUMNS["teachers"], f"第 {number} 位不在在岗师资名册里，请核对姓名。")
        return ids


def _by_name(pairs: Iterable[tuple[str, Any]]) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for name, value in pairs:
        found.setdefault(plain(name), []).append(value)
    return found


def _sittings(row: Row) -> list[Sitting]:
    day, begins, ends = (row.values.get(name) for name in ("day", "begins", "ends"))
    if day is None or begins is None or ends is None:
        return []
    sittings = [
        Sitting(*(datetime.combine(day + timedelta(days=n), at, clock.SHANGHAI) for at in (begins, ends)))
        for n in range(row.values.get("days") or 1)
    ]
    if sittings[0].starts_at <= clock.now():
        row.fault(COLUMNS["day"], "这个时间已经过去，请核对。")
    if sittings[0].starts_at > clock.now() + timedelta(days=400):
        row.fault(COLUMNS["day"], "离今天超过一年，请核对年份。")
    return sittings


def month_template() -> bytes:
    """Return an empty month whose cells offer what the caller may choose."""
    return template({
        "kind": [kind.name for kind in queries.course_types()],
        "unit": [unit.name for unit in units_to_choose(units_in_scope(context.principal(), DRAFTING_ROLES))],
        "venue": sorted({venue.name for venue in queries.venues_to_choose()}),
        "sector": [sector.name for sector in sectors()],
        "audience": list(AUDIENCES),
    })  # fmt: skip
