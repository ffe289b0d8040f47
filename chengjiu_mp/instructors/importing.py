"""Importing the register: a dry run that says what would happen, then all of it or nothing."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from chengjiu_mp.core import audit, ids, privacy
from chengjiu_mp.core.context import Principal
from chengjiu_mp.core.db import db, violated
from chengjiu_mp.core.sheet_rows import Row
from chengjiu_mp.core.spreadsheet import Sheet
from chengjiu_mp.instructors.accounts import account_for
from chengjiu_mp.instructors.errors import RegisterJustChanged, RegisterRefused
from chengjiu_mp.instructors.models import Instructor, Refresher
from chengjiu_mp.instructors.policy import EDITORS
from chengjiu_mp.instructors.refreshing import phone_of
from chengjiu_mp.instructors.sheet import COLUMNS, read_rows
from chengjiu_mp.people.name_display import sort_key
from chengjiu_mp.units.models import Unit
from chengjiu_mp.units.policy import open_units

_UNIQUE = ("uq_instructor_phone_index", "uq_account_phone_index", "uq_instructor_account_id")


@dataclass
class Entry:
    """What one row would do. ``action``: add, update, same; ``changes`` names the columns that would change."""

    row: int
    values: dict[str, Any]
    instructor: Instructor | None
    changes: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def action(self) -> str:
        if self.instructor is None:
            return "add"
        return "update" if self.changes else "same"


@dataclass
class Preview:
    """A register read against what is there. ``faults`` is {row number in Excel: reasons}; 0 stands for the sheet."""

    entries: list[Entry] = field(default_factory=list)
    faults: dict[int, list[str]] = field(default_factory=dict)

    def count(self, action: str) -> int:
        return sum(entry.action == action for entry in self.entries)


def preview(sheet: Sheet, by: Principal) -> Preview:
    """Return what importing ``sheet`` would do; nothing is written."""
    rows, faults = read_rows(sheet)
    made = Preview(faults={0: faults} if faults else {})
    register = _Register(by)
    for row in rows:
        entry = register.match(row)
        if row.faults:
            made.faults[row.number] = row.faults
        elif entry is not None:
            made.entries.append(entry)
    return made


def import_register(sheet: Sheet, by: Principal) -> Preview:
    """Write a register: add, update by phone or certificate number, leave what is the same. Blank cells erase nothing.

    :raise RegisterRefused: naming every faulty row; nothing was written
    :raise RegisterJustChanged: when another import came between
    """
    made = preview(sheet, by)
    if made.faults:
        raise RegisterRefused(list(_pointed(made.faults)))
    try:
        with db.session.begin_nested():
            for entry in made.entries:
                if entry.action != "same":
                    _write(entry)
    except IntegrityError as exc:
        if any(violated(exc, name) for name in _UNIQUE):
            raise RegisterJustChanged from exc
        raise
    return made


def _pointed(faults: dict[int, list[str]]) -> Iterable[dict[str, str]]:
    for number, reasons in faults.items():
        for reason in reasons:
            at, before = (f"/rows/{number}", f"第 {number} 行：") if number else ("/file", "")
            yield {"pointer": at, "code": "row_refused" if number else "sheet_refused", "detail": before + reason}


class _Register:
    """What is registered now, by phone and by certificate number, and what earlier rows of the sheet said."""

    def __init__(self, by: Principal) -> None:
        everybody = db.session.scalars(select(Instructor)).all()
        self.by_phone = {one.phone_index: one for one in everybody}
        self.by_number = {one.certificate_no: one for one in everybody if one.certificate_no}
        latest = select(Refresher.instructor_id, func.max(Refresher.next_due)).group_by(Refresher.instructor_id)
        self.recorded: dict[int, date] = {row[0]: row[1] for row in db.session.execute(latest)}
        self.units: dict[str, list[Unit]] = {}
        for unit in db.session.scalars(select(Unit).where(Unit.active)):
            self.units.setdefault(_plain(unit.name), []).append(unit)
        self.held = open_units(by, EDITORS, writing=True)
        self.seen: dict[tuple[str, Any], int] = {}

    def match(self, row: Row) -> Entry | None:
        """Return what a row would do; its own faults are added to the row."""
        values = row.values
        if "unit" in values:
            values["unit_id"] = self._unit(row, values.pop("unit"))
        if "phone" not in values:
            return None
        index = privacy.phone_index(values["phone"])
        self._once(row, "phone", index)
        number = values.get("certificate_no", "")
        if number:
            self._once(row, "certificate_no", number)
        found, other = self.by_phone.get(index), self.by_number.get(number) if number else None
        if found is not None and other is not None and found is not other:
            row.faults.append("手机号和证书编号属于名册里的两个人，请核对。")
        found = found or other
        if found is not None and not self._mine(found.unit_id):
            row.faults.append("这位师资登记在您管理范围以外的单位，请联系市红十字会修改。")
        if row.faults:
            return None
        entry = Entry(row.number, values, found)
        if found is not None:
            self._compare(entry, found)
        return entry

    def _unit(self, row: Row, said: str) -> int | None:
        named = self.units.get(_plain(said), [])
        if len(named) == 1 and self._mine(named[0].id):
            return named[0].id
        why = "没有这个单位，请照系统里的全称填写。" if not named else "有几个单位同名，请联系市红十字会先改名区分。"
        row.faults.append("单位：" + ("不在您的管理范围内。" if len(named) == 1 else why))
        return None

    def _mine(self, unit_id: int) -> bool:
        return self.held is None or unit_id in self.held

    def _once(self, row: Row, column: str, value: Any) -> None:
        first = self.seen.setdefault((column, value), row.number)
        if first != row.number:
            row.faults.append(f"{COLUMNS[column]}：和第 {first} 行重复，请删去一行。")

    def _compare(self, entry: Entry, found: Instructor) -> None:
        known = {"phone": phone_of(found)}
        recorded = self.recorded.get(found.id)
        due = entry.values.get("refresh_due")
        if due and recorded and due < recorded:
            entry.values.pop("refresh_due")
            entry.notes.append(f"系统里已有更新的复训登记，保留 {recorded.isoformat()}")
        for column, value in entry.values.items():
            # A blank cell says nothing: it never erases what is known.
            if value not in ("", None, 0) and value != known.get(column, getattr(found, column, None)):
                entry.changes.append(column)
        if "name" in entry.changes:
            entry.notes.append(f"名册里这一行现在是“{found.name}”，请确认是同一个人")


def _write(entry: Entry) -> None:
    values, row = entry.values, entry.instructor
    if row is None:
        uid = ids.new_uid()
        row = Instructor(uid=uid, status="active", grade="", stars=0, certificate_no="")
        entry.changes = [column for column, value in values.items() if value not in ("", None)]
    for column in entry.changes:
        if column != "phone":
            setattr(row, column, values[column])
    row.sort_key = sort_key(row.name)
    if "phone" in entry.changes:
        row.phone_index = privacy.phone_index(values["phone"])
        row.phone_sealed = privacy.seal(values["phone"], place=Instructor.PLACE, row=row.uid)
    if entry.instructor is None or {"phone", "name"} & set(entry.changes) or row.account_id is None:
        row.account_id = account_for(row.name, phone_of(row), row.account_id).id
    db.session.add(row)
    db.session.flush()
    action = "instructor.added" if entry.instructor is None else "instructor.updated"
    audit.record(action, row, unit_id=row.unit_id, changed=sorted(entry.changes), row=entry.row)


def _plain(text: str) -> str:
    return "".join(text.split()).replace("(", "（").replace(")", "）")
