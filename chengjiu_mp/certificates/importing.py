"""Importing earlier certificates from an old ledger: a dry run that says what would happen, then the good rows.

A number is the row's identity: a file that is uploaded again makes nothing new, and one that now has the document
numbers completes what was imported without.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from chengjiu_mp.certificates import earlier_held, numbering
from chengjiu_mp.certificates.earlier_models import EarlierBatch, EarlierCertificate
from chengjiu_mp.certificates.earlier_sheet import COLUMNS, plain, read_rows, template
from chengjiu_mp.certificates.errors import LedgerJustChanged, LedgerRefused
from chengjiu_mp.certificates.models import Certificate
from chengjiu_mp.certificates.years import declared_years
from chengjiu_mp.core import audit, privacy
from chengjiu_mp.core.context import Principal
from chengjiu_mp.core.db import db, violated
from chengjiu_mp.core.many_rows import insert_rows
from chengjiu_mp.core.sheet_rows import Row
from chengjiu_mp.core.spreadsheet import Sheet
from chengjiu_mp.courses import queries
from chengjiu_mp.people.documents import DocumentReading
from chengjiu_mp.people.models import Person
from chengjiu_mp.people.queries import persons_by_document
from chengjiu_mp.people.service import check_not_erased, persons_found
from chengjiu_mp.units.policy import open_units
from chengjiu_mp.units.queries import units_to_choose

ROLES = ("operator", "approver")
_CHUNK = 1000
# What must be the same for a number to be the same certificate; the source may be worded anew.
_SAME = {"name": "姓名", "course_type_id": "证书类别", "issued_on": "发证日期", "valid_until": "有效期至"}


@dataclass
class Entry:
    """What one row would do. ``action``: add, complete (only the document is new), same; of
    numbers from outside also later (none came yet).
    """

    row: int
    values: dict[str, Any] = field(repr=False)
    document: DocumentReading | None = field(repr=False)
    action: str = "add"
    there: EarlierCertificate | None = None
    notes: list[str] = field(default_factory=list)


@dataclass
class Preview:
    """A ledger read against what is there. ``faults`` is {row number in Excel: reasons}; 0 stands for the sheet."""

    entries: list[Entry] = field(default_factory=list)
    faults: dict[int, list[str]] = field(default_factory=dict)

    def count(self, action: str) -> int:
        """Return how many rows would do this."""
        return sum(one.action == action for one in self.entries)

    @property
    def news(self) -> list[Entry]:
        return [one for one in self.entries if one.action != "same"]


def ledger_template(by: Principal) -> bytes:
    """Return an empty ledger whose cells offer what the caller may choose."""
    units = units_to_choose(open_units(by, ROLES, writing=True))
    return template([kind.name for kind in _kinds()], [unit.name for unit in units])


def preview(sheet: Sheet, by: Principal) -> Preview:
    """Return what importing ``sheet`` would do; nothing is written."""
    return _matched(read_rows(sheet), by)


def _matched(read: tuple[list[Row], list[str]], by: Principal) -> Preview:
    rows, faults = read
    made = Preview(faults={0: faults} if faults else {})
    known = _Known(by, rows)
    for row in rows:
        entry = known.entry_of(row)
        if row.faults or entry is None:
            made.faults[row.number] = row.faults
        else:
            made.entries.append(entry)
    return made


def import_ledger(read: tuple[list[Row], list[str]], by: Principal, *, partial: bool = False) -> EarlierBatch | None:
    """Register the certificates of a ledger that are not there yet; return the batch, None when nothing is new.

    :param read: what :func:`earlier_sheet.read_rows` returned, ahead of the transaction: it takes a while
    :param partial: leave faulty rows out instead of refusing the file
    :raise LedgerRefused: naming every faulty row; nothing was written
    :raise LedgerJustChanged, ErasedMeanwhile: as :func:`register`
    """
    made = _matched(read, by)
    if made.faults and not (partial and made.entries):
        raise LedgerRefused(list(pointed(made.faults)))
    return register(made.news, by) if made.news else None


def register(entries: Sequence[Entry], by: Principal) -> EarlierBatch:
    """Write what :func:`preview` found new.

    :raise LedgerJustChanged: another import took one of the numbers meanwhile; nothing was written
    :raise ErasedMeanwhile: one of the people was erased meanwhile
    """
    try:
        with db.session.begin_nested():
            return _write(entries, by)
    except IntegrityError as exc:
        if violated(exc, "uq_earlier_certificate_number"):
            raise LedgerJustChanged from exc
        raise


def _write(entries: Sequence[Entry], by: Principal) -> EarlierBatch:
    people, live = _people(entries)
    adding = [one for one in entries if one.action == "add"]
    batch = EarlierBatch(added=len(adding), completed=len(entries) - len(adding), made_by=by.account_id)
    db.session.add(batch)
    db.session.flush()
    if adding:
        insert_rows(EarlierCertificate, [
            {**one.values, "batch_id": batch.id, "person_id": people.get(one.row), "revoke_reason": ""}
            for one in adding
        ])  # fmt: skip
    for one in entries:
        if one.there is not None:
            one.there.person_id = people[one.row]
    db.session.flush()
    for chunk in chunks([one.values["number"] for one in entries if one.row in people]):
        earlier_held.hold(chunk)
    check_not_erased(live)
    audit.record("earlier_certificates.imported", batch, added=batch.added, completed=batch.completed)
    return batch


def _people(entries: Sequence[Entry]) -> tuple[dict[int, int], set[int]]:
    """Return {row: person} of the rows with a document, and who of these is not erased.

    Who had the number erased is not given it back by a ledger: the row points at the person, the number stays gone.
    """
    of = {one.row: one.document for one in entries if one.document is not None}
    index = {row: privacy.document_index(one.doc_type, one.number) for row, one in of.items()}
    there = {one.doc_index: one for chunk in chunks(sorted(set(index.values()))) for one in persons_by_document(chunk)}
    ids, live = {key: one.id for key, one in there.items()}, {one.id for one in there.values() if not one.erased_at}
    new = {index[row]: one for row, one in of.items() if index[row] not in there}
    if new:
        ids |= {key: one.id for key, (one, _) in zip(new, persons_found(list(new.values())), strict=True)}
    return {row: ids[key] for row, key in index.items()}, live | {ids[key] for key in new}


class _Known:
    """What a row may name, and what is registered under its number."""

    def __init__(self, by: Principal, rows: Sequence[Row]) -> None:
        scope = open_units(by, ROLES, writing=True)
        self.kinds = _by_name((kind.name, kind.id) for kind in _kinds())
        self.units = _by_name((unit.name, unit.id) for unit in units_to_choose(scope))
        self.declared = declared_years()
        self.series = numbering.Taken()
        numbers = sorted({row.values["number"] for row in rows if "number" in row.values})
        self.ours: set[str] = set()
        self.there: dict[str, EarlierCertificate] = {}
        for chunk in chunks(numbers):
            self.ours |= set(db.session.scalars(select(Certificate.number).where(Certificate.number.in_(chunk))))
            old = select(EarlierCertificate).where(EarlierCertificate.number.in_(chunk))
            self.there |= {one.number: one for one in db.session.scalars(old)}
        self.people = self._people_of(rows)
        self.seen: dict[str, int] = {}

    @staticmethod
    def _people_of(rows: Sequence[Row]) -> dict[bytes, Person]:
        given = [row.values["document"] for row in rows if row.values.get("document")]
        indexes = sorted({privacy.document_index(one.doc_type, one.number) for one in given})
        return {one.doc_index: one for chunk in chunks(indexes) for one in persons_by_document(chunk)}

    def entry_of(self, row: Row) -> Entry | None:
        """Return what a row would do; the reasons why it cannot are added to the row."""
        values, document = dict(row.values), row.values.get("document")
        values.pop("document", None)
        values["course_type_id"] = self._one(row, "kind", self.kinds, "没有这个类别，请从下拉框里选。")
        why = "没有这个单位，或不在您的管理范围内。请照系统里的全称填写。"
        values["owner_unit_id"] = self._one(row, "unit", self.units, why)
        values.pop("kind", None), values.pop("unit", None)
        if "number" in values:
            self._check_number(row, values["number"])
        if row.faults:
            return None
        entry = Entry(row.number, values, document)
        found = self.there.get(values["number"])
        return self._new(row, entry) if found is None else self._compare(row, entry, found)

    def _one(self, row: Row, column: str, known: dict[str, list[int]], why: str) -> int | None:
        said = plain(row.values.get(column) or "")
        found = known.get(said, [])
        if said and len(found) != 1:
            row.fault(COLUMNS[column], "有几个同名的，请联系市红十字会先改名区分。" if found else why)
        return found[0] if len(found) == 1 else None

    def _check_number(self, row: Row, number: str) -> None:
        first = self.seen.setdefault(number, row.number)
        if first != row.number:
            row.fault(COLUMNS["number"], f"和第 {first} 行重复，请删去一行。")
        if number in self.ours:
            row.fault(COLUMNS["number"], "这是本系统发出的证书，不用再导入。")
        elif self.series.covers(number):
            why = "落在本系统的号段里，会和系统发的证书重号。请照证书核对；无误的，请联系系统管理员调整号段。"
            row.fault(COLUMNS["number"], why)

    def _new(self, row: Row, entry: Entry) -> Entry | None:
        year = entry.values["issued_on"].year
        if year in self.declared:
            row.fault(COLUMNS["issued_on"], f"{year} 年已声明全部录入。要补录，请先在编号台账里撤销声明。")
            return None
        if entry.document is None:
            entry.notes.append("没有证件号码，只能按编号和姓名查验")
        elif not self._same_person(entry):
            entry.notes.append("这个证件号码在系统里登记的姓名不同，请核对是不是同一个人")
        return entry

    def _same_person(self, entry: Entry) -> bool:
        if entry.document is None:
            return True
        person = self.people.get(privacy.document_index(entry.document.doc_type, entry.document.number))
        return person is None or person.name is None or person.name == entry.values["name"]

    def _compare(self, row: Row, entry: Entry, found: EarlierCertificate) -> Entry | None:
        other = [words for column, words in _SAME.items() if getattr(found, column) != entry.values[column]]
        if other:
            row.fault(COLUMNS["number"], f"已登记过，{'、'.join(other)}和登记的不一样。请照证书核对。")
            return None
        entry.action, entry.notes = "same", []
        if entry.document is not None and found.person_id is None:
            entry.action, entry.there = "complete", found
        return entry


def _kinds() -> list[Any]:
    return [kind for kind in queries.course_types() if kind.family == "certified" and kind.refresh_of_id is None]


def _by_name(pairs: Iterable[tuple[str, int]]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for name, value in pairs:
        found.setdefault(plain(name), []).append(value)
    return found


def chunks(values: Sequence[Any]) -> Iterable[Sequence[Any]]:
    """Yield values in groups that fit into one statement."""
    return (values[at : at + _CHUNK] for at in range(0, len(values), _CHUNK))


def pointed(faults: dict[int, list[str]]) -> Iterable[dict[str, str]]:
    """Yield the faults of a preview as a refusal lists them."""
    for number, reasons in faults.items():
        for reason in reasons:
            at, before = (f"/rows/{number}", f"第 {number} 行：") if number else ("/file", "")
            yield {"pointer": at, "code": "row_refused" if number else "sheet_refused", "detail": before + reason}
