"""The printed 签到表, and entering what came back of it (feat-N14)."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, select

from chengjiu_mp.checkin import policy, queries
from chengjiu_mp.checkin.attendance import take_turn
from chengjiu_mp.checkin.errors import NothingTyped, TooManyTyped
from chengjiu_mp.checkin.models import PaperSheet
from chengjiu_mp.checkin.paper_marks import Mark, read_marks
from chengjiu_mp.checkin.schemas import ScanAnswer, ScanIn
from chengjiu_mp.checkin.service import record_scans
from chengjiu_mp.core import audit, clock
from chengjiu_mp.core.context import Principal
from chengjiu_mp.core.db import db
from chengjiu_mp.courses.models import Meeting, Signup
from chengjiu_mp.courses.signup_queries import phone_of, ticket_url

MOST_AT_ONCE = 200
_NO_MARK = "“{typed}”看不懂。请填六位码，或签到表上的序号。"
_NO_ROW = "签到表上没有 {row} 号。请核对，或填六位码。"
_NO_SHEET = "没有印过表号 {sheet} 的签到表，或者上面没有 {row} 号。请核对，或填六位码。"
_TWO_ROWS = "{row} 号在几张签到表上不是同一个人。请写上表号，如 {sheet}-{row}，或填六位码。"


@dataclass(frozen=True)
class SheetRow:
    """One person's line. ``code`` is the spoken one, ``url`` what the square code says; no document, nothing of it."""

    number: int
    name: str
    latin_name: str
    phone_end: str
    code: str
    url: str
    over_capacity: bool


@dataclass(frozen=True)
class Sheet:
    """What is printed; ``number`` tells it from the run's other sheets."""

    number: int
    meeting: Meeting
    rows: Sequence[SheetRow]
    printed_at: datetime


@dataclass(frozen=True)
class Entered:
    """What became of one thing typed; ``verdict`` is that of the scan, "refused" where there was none to make."""

    typed: str
    verdict: str
    sentence: str
    name: str | None = None


def print_sheet(run_id: int, meeting_id: int | None, by: Principal) -> Sheet:
    """Return the sheet of a meeting, in the roster's order, and remember whose row each number is.

    :raise NotFound: missing or out of scope; :raise RosterNotOpen, NoMeetings: as the roster's page
    """
    run = policy.run_to_check_in(by, run_id)
    meeting = queries.meeting_of(run.id, meeting_id)
    take_turn(run)
    people = [signup for signup, _ in queries.attendance(run.id, meeting.id)]
    sheet = _sheet_of(run.id, [one.id for one in people], by)
    audit.record(
        "checkin.sheet_printed", run, unit_id=run.unit_id, meeting_id=meeting.id, number=sheet.number, rows=len(people)
    )
    rows = [_row(number, signup) for number, signup in enumerate(people, 1)]
    return Sheet(sheet.number, meeting, rows, clock.now())


def _sheet_of(run_id: int, signup_ids: list[int], by: Principal) -> PaperSheet:
    last = db.session.scalars(_sheets(run_id).limit(1)).first()
    if last is not None and last.signup_ids == signup_ids:
        return last
    number = last.number + 1 if last else 1
    made = PaperSheet(run_id=run_id, number=number, signup_ids=signup_ids, account_id=by.account_id)
    db.session.add(made)
    db.session.flush()
    return made


def _sheets(run_id: int) -> Select[PaperSheet]:
    return select(PaperSheet).where(PaperSheet.run_id == run_id).order_by(PaperSheet.number.desc())


def _row(number: int, signup: Signup) -> SheetRow:
    return SheetRow(
        number, signup.name, signup.latin_name, phone_of(signup)[-4:], signup.code, ticket_url(signup),
        signup.over_capacity,
    )  # fmt: skip


def enter_paper(
    run_id: int, meeting_id: int, text: str, form_key: str, by: Principal, *, late: str = ""
) -> list[Entered]:
    """Check in whom ``text`` names, each as a scan from paper; return what became of each, in the order typed.

    :param form_key: made with the form: the same form sent twice is answered as the first time
    :param late: why, once the run is closed
    :raise NothingTyped, TooManyTyped: about the field ``codes``; :raise NotFound, RosterNotOpen, NoMeetings
    :raise LateReasonMissing, LateEntryRefused: as :func:`policy.late_reason`
    """
    run = policy.run_to_check_in(by, run_id)
    late = policy.late_reason(run, late)
    marks = read_marks(text)
    if not marks:
        raise NothingTyped(field="codes")
    if len(marks) > MOST_AT_ONCE:
        raise TooManyTyped(field="codes", most=MOST_AT_ONCE)
    numbers = _Numbers(run.id) if any(mark.row for mark in marks) else None
    meant = [numbers.signup_of(mark) if numbers and mark.row else None for mark in marks]
    read = [_read(mark, whose, meeting_id, form_key) for mark, whose in zip(marks, meant, strict=True)]
    scans = [one for one in read if isinstance(one, ScanIn)]
    answers = iter(record_scans(run.id, scans, by, late=late) if scans else ())
    return [
        _entered(mark, next(answers)) if isinstance(one, ScanIn) else one for mark, one in zip(marks, read, strict=True)
    ]


def _read(mark: Mark, whose: int | str | None, meeting_id: int, form_key: str) -> ScanIn | Entered:
    if isinstance(whose, str):
        return Entered(mark.typed, "refused", whose)
    if whose is None and not mark.ticket.readable:
        return Entered(mark.typed, "refused", _NO_MARK.format(typed=mark.typed[:20]))
    return _scan(mark, whose, meeting_id, form_key)


def _scan(mark: Mark, signup_id: int | None, meeting_id: int, form_key: str) -> ScanIn:
    # What was typed is somebody's ticket: the nonce, which stays, holds only its fingerprint.
    print_ = hashlib.sha256(mark.key.encode()).hexdigest()[:20]
    return ScanIn(
        nonce=f"{form_key[:40]}.{print_}", signup_id=signup_id, meeting_id=meeting_id, scanned_at=clock.now(),
        ticket=None if signup_id else mark.ticket.token or mark.ticket.code, source="paper",
    )  # fmt: skip


def _entered(mark: Mark, answer: ScanAnswer) -> Entered:
    return Entered(mark.typed, answer.verdict, answer.message, answer.name)


class _Numbers:
    """Whose row is meant, by all the sheets that were printed of a run."""

    def __init__(self, run_id: int) -> None:
        self.sheets = {one.number: one.signup_ids for one in db.session.scalars(_sheets(run_id))}

    def signup_of(self, mark: Mark) -> int | str:
        """Return the sign-up of a row, or the sentence that says why it names nobody."""
        row = mark.row or 0
        if mark.sheet is not None:
            ids = self.sheets.get(mark.sheet, [])
            return ids[row - 1] if row <= len(ids) else _NO_SHEET.format(sheet=mark.sheet, row=row)
        meant = {ids[row - 1] for ids in self.sheets.values() if row <= len(ids)}
        if not meant:
            return _NO_ROW.format(row=row)
        return meant.pop() if len(meant) == 1 else _TWO_ROWS.format(row=row, sheet=max(self.sheets))
