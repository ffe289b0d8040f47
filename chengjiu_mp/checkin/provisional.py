"""先签到后补录: a phone number at the door, who it is afterwards (feat-N19)."""

import unicodedata
from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import exists, func, select

from chengjiu_mp.checkin import messages, policy, queries
from chengjiu_mp.checkin.attendance import take_turn
from chengjiu_mp.checkin.errors import NotCheckedIn, OnTheRoster, ProvisionalEnded, TooLateToComplete
from chengjiu_mp.checkin.models import CheckIn, ProvisionalCheckIn
from chengjiu_mp.checkin.schemas import ScanIn
from chengjiu_mp.checkin.service import record_later
from chengjiu_mp.core import audit, clock, ids, privacy
from chengjiu_mp.core.context import Principal
from chengjiu_mp.core.db import db
from chengjiu_mp.core.errors import NotFound
from chengjiu_mp.core.site import site
from chengjiu_mp.courses import merging
from chengjiu_mp.courses.entry import Entry
from chengjiu_mp.courses.models import SEATED, CourseRun, Meeting, Signup
from chengjiu_mp.courses.signing_up import Made
from chengjiu_mp.courses.signup_reading import By
from chengjiu_mp.courses.walking_in import AT_THE_DOOR, walk_in
from chengjiu_mp.outbox.erasing import erase_messages_about
from chengjiu_mp.outbox.service import tell
from chengjiu_mp.people.erasing import no_index
from chengjiu_mp.people.phones import read_phone

MOST_NAME = 30


def come_first(run_id: int, meeting_id: int | None, phone: str, name: str, by: Principal) -> ProvisionalCheckIn:
    """Record that somebody is here, by their phone number; return the row, the one there is when it was sent before.

    It takes no seat and counts for nothing until :func:`complete`; the person is told where to go on.

    :param name: what they are called, may be empty; tells several of one phone apart
    :raise NotFound, RosterNotOpen, NoMeetings: as the roster; :raise NotCheckedIn: out of the meeting's hours
    :raise OnTheRoster: no name, and the phone is of somebody expected who is not here; :raise PhoneRefused
    """
    run = policy.run_to_check_in(by, run_id)
    meeting = queries.meeting_of(run.id, meeting_id)
    number, called = read_phone(phone).number, _called(name)
    take_turn(run)
    why = "run_not_open" if run.state != "published" else policy.window(run, meeting, clock.now(), "name")
    if why != "ok":
        raise NotCheckedIn(messages.sentence(why, opens=policy.opens_at(meeting)), why=why)
    index, uid, token = privacy.phone_index(number), ids.new_uid(), ids.new_token()
    if not called and _expected(run.id, index):
        raise OnTheRoster(field="phone")
    there = _open(run.id, index, called)
    if there is not None:
        return _came_again(there, meeting, by)
    row = ProvisionalCheckIn(
        uid=uid, run_id=run.id, meeting_id=meeting.id, token_hash=ids.token_hash(token),
        token_sealed=privacy.seal(token, place=ProvisionalCheckIn.PLACE_TOKEN, row=uid), name=called,
        phone_index=index, phone_sealed=privacy.seal(number, place=ProvisionalCheckIn.PLACE_PHONE, row=uid),
        account_id=by.account_id, by_name=by.name[:100],
    )  # fmt: skip
    db.session.add(row)
    db.session.flush()
    audit.record("checkin.provisional", row, unit_id=run.unit_id, meeting_id=meeting.id)
    _tell(run, row, number)
    return row


def _came_again(row: ProvisionalCheckIn, meeting: Meeting, by: Principal) -> ProvisionalCheckIn:
    """Return the open row; who came to the run's old time and comes to its new one is here from now."""
    if _too_early(row):
        row.meeting_id, row.came_at, row.account_id, row.by_name = meeting.id, clock.now(), by.account_id, by.name[:100]
        db.session.flush()
    return row


def _too_early(row: ProvisionalCheckIn) -> bool:
    """Return whether they came before their meeting opens: the run was moved to another time since."""
    return row.came_at < policy.opens_at(db.session.get_one(Meeting, row.meeting_id, populate_existing=True))


def _called(name: str) -> str:
    plain = "".join(c for c in unicodedata.normalize("NFKC", name) if c.isprintable())
    return " ".join(plain.split())[:MOST_NAME]


def _expected(run_id: int, phone_index: bytes) -> bool:
    """Return whether somebody with this phone is on the roster and not here."""
    here = exists().where(CheckIn.signup_id == Signup.id)
    query = select(Signup.id).where(Signup.run_id == run_id, Signup.phone_index == phone_index, ~here)
    return db.session.scalar(query.where(Signup.state.in_(SEATED)).limit(1)) is not None


def _open(run_id: int, phone_index: bytes, name: str) -> ProvisionalCheckIn | None:
    query = select(ProvisionalCheckIn).where(
        ProvisionalCheckIn.run_id == run_id, ProvisionalCheckIn.ended_at.is_(None),
        ProvisionalCheckIn.phone_index == phone_index, ProvisionalCheckIn.name == name,
    )  # fmt: skip
    return db.session.scalars(query).first()


def _tell(run: CourseRun, row: ProvisionalCheckIn, number: str) -> None:
    body = site().signed(
        f"您已在“{run.title}”现场签到。还要补填姓名和证件，才能登记成绩、领证书。"
        f"请在这里补填，或用手机号登录「我的」：{url_of(row)}"
    )
    tell(
        "checkin.complete_asked", dedupe_key=f"checkin.complete_asked:{row.id}", body=body, about=row,
        phone=number, unit_id=run.unit_id,
        expires_at=run.ends_at + policy.PAPER_UNTIL,
    )  # fmt: skip


def url_of(row: ProvisionalCheckIn) -> str:
    """Return the address at which the person completes it."""
    return site().link(f"/b/{token_of(row)}")


def token_of(row: ProvisionalCheckIn) -> str:
    """Return what opens the form."""
    return privacy.unseal(row.token_sealed, place=ProvisionalCheckIn.PLACE_TOKEN, row=row.uid)


def phone_of(row: ProvisionalCheckIn) -> str:
    """Return the number that was left, empty once the row has ended."""
    if row.phone_sealed is None:
        return ""
    return privacy.unseal(row.phone_sealed, place=ProvisionalCheckIn.PLACE_PHONE, row=row.uid)


def by_token(token: str) -> ProvisionalCheckIn:
    """Return the row of a link.

    :raise NotFound: there is none
    """
    row = db.session.scalars(
        select(ProvisionalCheckIn).where(ProvisionalCheckIn.token_hash == ids.token_hash(token))
    ).first() if ids.looks_like_token(token) else None  # fmt: skip
    if row is None:
        raise NotFound
    return row


def of_run(who: Principal, run_id: int, row_id: int) -> ProvisionalCheckIn:
    """Return a row of a run that the caller may check in to.

    :raise NotFound: out of scope or of another run; :raise RosterNotOpen: as the roster
    """
    run = policy.run_to_check_in(who, run_id)
    row = db.session.get(ProvisionalCheckIn, row_id)
    if row is None or row.run_id != run.id:
        raise NotFound
    return row


def still_open(run_id: int) -> Sequence[ProvisionalCheckIn]:
    """Return who came to a run and is not completed, the earliest first."""
    query = select(ProvisionalCheckIn).where(ProvisionalCheckIn.run_id == run_id, ProvisionalCheckIn.ended_at.is_(None))
    return db.session.scalars(query.order_by(ProvisionalCheckIn.came_at, ProvisionalCheckIn.id)).all()


def open_for_phone(phone_index: bytes) -> Sequence[ProvisionalCheckIn]:
    """Return what waits for the holder of a phone."""
    query = select(ProvisionalCheckIn).where(
        ProvisionalCheckIn.phone_index == phone_index, ProvisionalCheckIn.ended_at.is_(None)
    )
    return db.session.scalars(query.order_by(ProvisionalCheckIn.came_at.desc()).limit(10)).all()


def run_of(row: ProvisionalCheckIn) -> CourseRun:
    """Return the run that completing signs up to: the one they came to, or what it was merged into since."""
    return merging.end_of(db.session.get_one(CourseRun, row.run_id))


def complete(row_id: int, entry: Entry, *, by: By = AT_THE_DOOR) -> Made:
    """Sign the person up and check them in from the moment they came; return the place.

    They were let in then: a seat is added when none is free. The phone is the one they left. Whose run was moved since,
    to another time or into another run, has the place and is not checked in: they have not come to that yet.

    :param by: who fills it in; staff by default
    :raise ProvisionalEnded: completed or dropped before; :raise TooLateToComplete: the results were handed in
    :raise Refusal: as :func:`walk_in`, :class:`AlreadySignedUp` among them
    """
    row = db.session.get_one(ProvisionalCheckIn, row_id)
    run = run_of(row)
    # Seats first, as everywhere, then the row: two forms for one person queue here.
    take_turn(run)
    db.session.refresh(row, with_for_update=True)
    if row.ended_at is not None:
        raise ProvisionalEnded
    if run.attendance_fixed_at is not None or clock.now() > run.ends_at + policy.PAPER_UNTIL:
        raise TooLateToComplete
    made = walk_in(run.id, replace(entry, phone=phone_of(row)), over=True, by=by, ended=True)
    if run.id == row.run_id and not _too_early(row):
        _check_in(row, run, made.signup.id)
    row.signup_id = made.signup.id
    end(row, "")
    audit.record("checkin.completed", made.signup, unit_id=run.unit_id, provisional_id=row.id)
    return made


def _check_in(row: ProvisionalCheckIn, run: CourseRun, signup_id: int) -> None:
    scan = ScanIn(nonce=f"later.{row.uid}", signup_id=signup_id, meeting_id=row.meeting_id, scanned_at=row.came_at)
    answer = record_later(run, scan, Principal(account_id=row.account_id, name=row.by_name))
    if answer.verdict == "refused":
        raise NotCheckedIn(answer.message, why=answer.code)


def drop(run_id: int, row_id: int, reason: str, by: Principal) -> None:
    """End a row that is to become nothing; the trail keeps who and why.

    :raise NotFound: out of scope or of another run; :raise ProvisionalEnded: completed or dropped meanwhile
    """
    row = of_run(by, run_id, row_id)
    run = db.session.get_one(CourseRun, row.run_id)
    take_turn(run)
    db.session.refresh(row, with_for_update=True)
    if row.ended_at is not None:
        raise ProvisionalEnded
    end(row, reason)
    audit.record("checkin.provisional_dropped", row, unit_id=run.unit_id, reason=reason)


def end(row: ProvisionalCheckIn, reason: str) -> None:
    """End a row: number and name go, from what was to be told as well; the row stays, so that its link says that it is
    over.
    """
    row.ended_at, row.end_reason = clock.now(), reason
    row.name, row.phone_index, row.phone_sealed = "", no_index(), None
    erase_messages_about({ProvisionalCheckIn.__tablename__: [row.id]})
    db.session.flush()


def open_count(run_id: int) -> int:
    """Return how many of a run wait to be completed."""
    query = select(func.count(ProvisionalCheckIn.id)).where(
        ProvisionalCheckIn.run_id == run_id, ProvisionalCheckIn.ended_at.is_(None)
    )
    return db.session.scalar(query) or 0
