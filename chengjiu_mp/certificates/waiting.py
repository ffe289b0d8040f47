"""待取号: who waits for a number from outside, and the file to fetch the numbers with
(docs/decisions/2026-11-26-no-certificate-before-its-number.md).
"""

import hashlib
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import ColumnElement, Select, and_, func, select, update

from chengjiu_mp.certificates.errors import NobodyWaits
from chengjiu_mp.certificates.models import Certificate
from chengjiu_mp.certificates.number_sheet import COLUMNS, key_of
from chengjiu_mp.certificates.states import reason_given
from chengjiu_mp.certificates.waiting_models import NumberExport, WaitingNumber
from chengjiu_mp.core import audit, clock, privacy, spreadsheet
from chengjiu_mp.core.audit import Deed
from chengjiu_mp.core.context import Principal
from chengjiu_mp.core.db import db
from chengjiu_mp.core.limits import Limit
from chengjiu_mp.core.rows import insert_into
from chengjiu_mp.courses.models import CourseRun, CourseType, Signup
from chengjiu_mp.exams.attempts import stands_passed
from chengjiu_mp.exams.models import ExamResult
from chengjiu_mp.people.document_types import DocType
from chengjiu_mp.people.models import Person
from chengjiu_mp.units.models import Unit

WAITING_WORDS = "考核已经合格，正在取证书编号。取到后证书自动做好，会发短信告诉您，不用再来办。"
# One file of the platform; what is over it goes into the next.
MOST = 2000


@dataclass(frozen=True)
class Waits:
    """One who waits; ``kind`` and ``unit`` are names."""

    id: int
    signup: Signup = field(repr=False)
    kind: str
    run: CourseRun
    unit: str
    since: datetime


def wait(signups: Iterable[Signup], course_type_id: int, year: int) -> None:
    """Put these people in line for a number, in the current transaction.

    Who waits already, from before their result was corrected, keeps the place in line.
    """
    for signup in signups:
        fresh = insert_into(WaitingNumber).values(
            signup_id=signup.id, run_id=signup.run_id, course_type_id=course_type_id, year=year, state="waiting",
            since=clock.now(),
        )  # fmt: skip
        added = db.session.scalar(fresh.on_conflict_do_nothing().returning(WaitingNumber.id))
        if added is None:
            continue
        row = db.session.get_one(WaitingNumber, added)
        audit.record("number.awaited", row, unit_id=signup.owner_unit_id, run_id=signup.run_id, signup_id=signup.id)


def close_for(certificates: Iterable[Certificate]) -> None:
    """Let nobody wait on who got one of our own numbers: the rule changed since they waited."""
    for certificate in certificates:
        held = update(WaitingNumber).where(
            WaitingNumber.signup_id == certificate.signup_id, WaitingNumber.state == "waiting"
        )
        db.session.execute(held.values(state="numbered", certificate_id=certificate.id))


def still_waits() -> ColumnElement[bool]:
    """Return, as SQL over Signup and WaitingNumber, whether a number is still wanted.

    Who had their data erased meanwhile has no name to print and waits no more; neither does who has no pass any more.
    """
    passed = select(ExamResult.id).where(ExamResult.signup_id == Signup.id, stands_passed()).exists()
    return and_(WaitingNumber.state == "waiting", Signup.erased_at.is_(None), passed)


def _waiting() -> Select[int, Signup, str, CourseRun, str, datetime]:
    return (
        select(WaitingNumber.id, Signup, CourseType.name, CourseRun, Unit.name, WaitingNumber.since)
        .join(Signup, Signup.id == WaitingNumber.signup_id)
        .join(CourseType, CourseType.id == WaitingNumber.course_type_id)
        .join(CourseRun, CourseRun.id == WaitingNumber.run_id)
        .join(Unit, Unit.id == Signup.owner_unit_id)
        .where(still_waits())
    )


def who_waits(run_id: int | None = None, limit: int = MOST) -> list[Waits]:
    """Return who waits, of one run or of all, the longest waiting first."""
    query = _waiting().order_by(WaitingNumber.id).limit(limit)
    if run_id is not None:
        query = query.where(WaitingNumber.run_id == run_id)
    return [Waits(*row) for row in db.session.execute(query)]


def number_waiting(run_id: int | None = None) -> int:
    """Return how many wait, of one run or of all."""
    found = select(func.count()).select_from(_waiting().subquery())
    if run_id is not None:
        found = select(func.count()).select_from(_waiting().where(WaitingNumber.run_id == run_id).subquery())
    return int(db.session.scalar(found) or 0)


def waiting_of_people(person_ids: Collection[int]) -> list[Waits]:
    """Return what these people wait for, the newest first."""
    mine = _waiting().where(Signup.person_id.in_(person_ids)).order_by(WaitingNumber.id.desc())
    return [Waits(*row) for row in db.session.execute(mine)]


def waits_for_number(signup_id: int) -> bool:
    """Return whether a sign-up waits for its number."""
    return db.session.scalar(_waiting().where(WaitingNumber.signup_id == signup_id)) is not None


def runs_waiting() -> list[tuple[CourseRun, int]]:
    """Return the runs somebody waits in, with how many, the oldest first."""
    who = _waiting().with_only_columns(WaitingNumber.run_id).subquery()
    counted = select(who.c.run_id, func.count().label("people")).group_by(who.c.run_id).subquery()
    query = select(CourseRun, counted.c.people).join(counted, counted.c.run_id == CourseRun.id).order_by(CourseRun.id)
    return [(run, int(people)) for run, people in db.session.execute(query)]


def export_limit(by: Principal) -> Limit:
    """Return the limit to spend ahead of an export: a file a few times a day."""
    return Limit(f"number-export:{by.key}", 20, 86400)


def export(by: Principal, reason: str, *, run_id: int | None, with_documents: bool) -> tuple[NumberExport, bytes]:
    """Return the file of who waits, of one run or of all, and its row. Who may is the caller's to check.

    Each document number that is written is a line of the audit trail with the reason (rel-P5).

    :raise ReasonMissing: a reason of fewer than two characters; :raise NobodyWaits: nobody
    """
    reason = reason_given(reason)
    found = who_waits(run_id)
    if not found:
        raise NobodyWaits(field="reason")
    batch = NumberExport(
        run_id=run_id, rows=len(found), with_documents=with_documents, reason=reason, sha256="", made_by=by.account_id
    )
    db.session.add(batch)
    db.session.flush()
    content = _file(batch, found)
    batch.sha256 = hashlib.sha256(content).hexdigest()
    audit.record("numbers.exported", batch, rows=batch.rows, reason=reason, documents=with_documents)
    if with_documents:
        audit.record_each(
            Deed("number.document_shown", one.signup, one.signup.owner_unit_id, {"reason": reason}) for one in found
        )
    db.session.flush()
    return batch, content


def _file(batch: NumberExport, found: Sequence[Waits]) -> bytes:
    numbers = _documents([one.signup.person_id for one in found]) if batch.with_documents else {}
    rows = []
    for one in found:
        doc_type, number = numbers.get(one.signup.person_id, ("", ""))
        day = clock.day_of(one.run.ends_at).isoformat()
        rows.append(
            [key_of(one.id), one.signup.name, doc_type, number, one.kind, one.run.title, day, one.unit, ""]
        )  # fmt: skip
    made = clock.local(batch.made_at).strftime("%Y-%m-%d %H:%M")
    above = f"待取号名单　批次 {batch.id}　共 {batch.rows} 人　{made}　取到编号后填在最后一列，原样导回"
    return spreadsheet.write("待取号", list(COLUMNS.values()), rows, above=above)


def _documents(person_ids: Collection[int]) -> dict[int, tuple[str, str]]:
    people = db.session.scalars(select(Person).where(Person.id.in_(person_ids), Person.erased_at.is_(None)))
    return {
        one.id: (DocType(one.doc_type).label, privacy.unseal(one.doc_sealed, place=Person.PLACE, row=one.uid))
        for one in people
    }


def exports(limit: int = 50) -> list[NumberExport]:
    """Return the files that were made, the newest first."""
    return list(db.session.scalars(select(NumberExport).order_by(NumberExport.id.desc()).limit(limit)))
