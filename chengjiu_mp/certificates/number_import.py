"""Importing the numbers that came from outside: a dry run that lists what does not fit, then the rest is issued.

The application's key is the row's identity: the same file again changes nothing.
"""

from collections.abc import Sequence
from itertools import groupby
from typing import NamedTuple

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from chengjiu_mp.certificates import delivery, issuing, numbering
from chengjiu_mp.certificates.earlier_models import EarlierCertificate
from chengjiu_mp.certificates.errors import NumbersJustChanged, NumbersRefused
from chengjiu_mp.certificates.importing import Entry, Preview, chunks, pointed
from chengjiu_mp.certificates.lookup import same_name
from chengjiu_mp.certificates.models import Certificate
from chengjiu_mp.certificates.number_sheet import COLUMNS, read_rows
from chengjiu_mp.certificates.void_models import NumberVoid
from chengjiu_mp.certificates.waiting_models import WaitingNumber
from chengjiu_mp.core import audit
from chengjiu_mp.core.context import Principal
from chengjiu_mp.core.db import db, violated
from chengjiu_mp.core.sheet_rows import Row
from chengjiu_mp.core.spreadsheet import Sheet
from chengjiu_mp.courses.models import Signup
from chengjiu_mp.exams.service import hold_rounds


class _There(NamedTuple):
    waiting: WaitingNumber
    signup: Signup
    number: str | None


def preview(sheet: Sheet) -> Preview:
    """Return what importing ``sheet`` would do; nothing is written. Entries: add, same, or later (no number yet)."""
    return _matched(read_rows(sheet))


def _matched(read: tuple[list[Row], list[str]]) -> Preview:
    rows, faults = read
    made = Preview(faults={0: faults} if faults else {})
    known = _Known(rows)
    for row in rows:
        entry = None if row.faults else known.entry_of(row)
        if row.faults or entry is None:
            made.faults[row.number] = row.faults
        else:
            made.entries.append(entry)
    return made


def import_numbers(read: tuple[list[Row], list[str]], by: Principal, *, partial: bool = False) -> list[Certificate]:
    """Issue the certificates whose numbers a file brings; return the new ones.

    :param read: what :func:`number_sheet.read_rows` returned, ahead of the transaction: it takes a while
    :param partial: leave faulty rows out instead of refusing the file
    :raise NumbersRefused: naming every faulty row; :raise NumbersJustChanged: another import was first
    """
    made = _matched(read)
    news = [entry for entry in made.entries if entry.action == "add"]
    if made.faults and not (partial and news):
        raise NumbersRefused(list(pointed(made.faults)))
    try:
        with db.session.begin_nested():
            return _write(news, by)
    except IntegrityError as exc:
        if violated(exc, "uq_certificate_number"):
            raise NumbersJustChanged from exc
        raise


def _write(news: Sequence[Entry], by: Principal) -> list[Certificate]:
    ids = {entry.values["key"]: entry.values["number"] for entry in news}
    for run_id in sorted(set(db.session.scalars(select(WaitingNumber.run_id).where(WaitingNumber.id.in_(ids))))):
        hold_rounds(run_id)
    # The rows are the lock: of two imports at once the second finds that they wait no more.
    held = update(WaitingNumber).where(WaitingNumber.id.in_(ids), WaitingNumber.state == "waiting")
    waiting = db.session.scalars(held.values(state="waiting").returning(WaitingNumber))
    rows = sorted(waiting, key=lambda one: (one.run_id, one.year, one.id))
    made: list[Certificate] = []
    for (run_id, year), some in groupby(rows, key=lambda one: (one.run_id, one.year)):
        mine = {one.signup_id: one for one in some}
        numbers = {signup_id: ids[one.id] for signup_id, one in mine.items()}
        for certificate in issuing.issue_numbered(run_id, year, numbers, by):
            _close(mine[certificate.signup_id], certificate)
            made.append(certificate)
    if len(made) != len(ids):
        raise NumbersJustChanged
    return made


def _close(row: WaitingNumber, certificate: Certificate) -> None:
    held = update(WaitingNumber).where(WaitingNumber.id == row.id, WaitingNumber.state == "waiting")
    closed = held.values(state="numbered", certificate_id=certificate.id).returning(WaitingNumber.id)
    if db.session.scalar(closed) is None:
        raise NumbersJustChanged
    spoiled = select(Certificate).join(NumberVoid, NumberVoid.certificate_id == Certificate.id)
    spoiled = spoiled.where(Certificate.signup_id == row.signup_id).order_by(Certificate.id.desc()).limit(1)
    if (before := db.session.scalars(spoiled).first()) is not None:
        delivery.follow(before, certificate)
    audit.record("number.received", row, unit_id=certificate.owner_unit_id, number=certificate.number)


class _Known:
    """Who waits under the file's keys, and who has the file's numbers already."""

    def __init__(self, rows: Sequence[Row]) -> None:
        good = [row for row in rows if not row.faults]
        self.there: dict[int, _There] = {}
        self.taken: set[str] = set()
        for some in chunks(sorted({row.values["key"] for row in good})):
            found = (
                select(WaitingNumber, Signup, Certificate.number)
                .join(Signup, Signup.id == WaitingNumber.signup_id)
                .outerjoin(Certificate, Certificate.id == WaitingNumber.certificate_id)
                .where(WaitingNumber.id.in_(some))
            )
            self.there |= {row[0].id: _There(*row) for row in db.session.execute(found)}
        for some in chunks(sorted({row.values["number"] for row in good if row.values["number"]})):
            for column in (Certificate.number, EarlierCertificate.number):
                self.taken |= set(db.session.scalars(select(column).where(column.in_(some))))
        runs = {one.waiting.run_id for one in self.there.values()}
        self.entitled = {signup_id for run_id in runs for signup_id in issuing.entitled(run_id)}
        self.series = numbering.Taken()
        self.seen: dict[object, int] = {}

    def entry_of(self, row: Row) -> Entry | None:
        """Return what a row would do; the reasons why it cannot are added to the row."""
        key, number = row.values["key"], row.values["number"]
        there = self.there.get(key)
        if there is None:
            row.fault(COLUMNS["key"], "没有这个申请号。请用从这里导出的表，不要改这一列。")
            return None
        self._once(row, "key", key)
        if there.signup.erased_at is not None:
            row.fault(COLUMNS["name"], "本人已经要求删除资料，不再发证。")
        elif not same_name(row.values["name"], there.signup.name):
            row.fault(COLUMNS["name"], "和登记的姓名不一样。请核对是不是填错了行。")
        action = self._action(row, there, number)
        return None if row.faults else Entry(row.number, row.values, None, action)

    def _action(self, row: Row, there: _There, number: str | None) -> str:
        if there.number is not None:
            if number not in (None, there.number):
                row.fault(COLUMNS["number"], "这个人已经有编号了，和表里的不一样。编号发出后不能再改。")
            return "same"
        if number is None:
            return "later"
        self._once(row, "number", number)
        if number in self.taken:
            row.fault(COLUMNS["number"], "已经是别的证书的编号。请到取号的平台核对。")
        elif self.series.covers(number):
            row.fault(COLUMNS["number"], "落在本系统的号段里，不是外部平台给的编号。请核对。")
        if there.signup.id not in self.entitled:
            row.fault(COLUMNS["name"], "现在没有合格的成绩或出勤，不能发证。请先核对这一场的成绩。")
        return "add"

    def _once(self, row: Row, column: str, value: object) -> None:
        first = self.seen.setdefault((column, value), row.number)
        if first != row.number:
            row.fault(COLUMNS[column], f"和第 {first} 行重复，请删去一行。")
