"""Signing up (报名): a seat, or a numbered place in the line, for one person or for a few together (同行报名).

Everything that can be judged or sealed beforehand is, so that the pool's row is locked as briefly as possible.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlalchemy import or_, select
from sqlalchemy.exc import IntegrityError

from chengjiu_mp.core import audit, context, hooks
from chengjiu_mp.core.db import after_commit, db, violated
from chengjiu_mp.core.errors import NotFound
from chengjiu_mp.courses import messages
from chengjiu_mp.courses.entry import Entry, read_entry
from chengjiu_mp.courses.errors import (
    AlreadySignedUp,
    OverlappingSignup,
    PartyDoesNotFit,
    SignupClosed,
    SignupNotOpen,
)
from chengjiu_mp.courses.models import CourseRun, Party, SeatPool, Signup
from chengjiu_mp.courses.queries import RunAndSeats, phase_of, run_with_seats
from chengjiu_mp.courses.reserving import reserve_for
from chengjiu_mp.courses.seats import Place, take_place, take_seats
from chengjiu_mp.courses.signup_queries import (
    live_signup_of,
    live_signups_of,
    overlaps_another,
    owned_by,
    rank_of,
    ticket_token,
)
from chengjiu_mp.courses.signup_rows import DESK, Draft, Owner, new_signup
from chengjiu_mp.courses.standing import judge
from chengjiu_mp.people.models import Person
from chengjiu_mp.people.service import person_for, write_consents

_CODE_TRIES = 3


@dataclass(frozen=True)
class Made:
    """A place and its ticket. ``fresh`` is False when the caller already held it; ``rank`` is None for a seat."""

    signup: Signup
    rank: int | None
    ticket_token: str
    fresh: bool


def sign_up(
    run_id: int, entry: Entry, *, channel: str, device_id: int | None = None, owner: Owner | None = None,
    held_back: bool = False,
) -> Made:  # fmt: skip
    """Return the new place, or the one that this device or account made before on the same document.

    :param device_id: the session that will own the ticket; the caller's own when None
    :param owner: whom it counts for when not the run's unit; that unit's reserved seats are taken first
    :param held_back: leave it ``pending``, without a place, until :func:`admit`
    :raise SignupNotOpen, SignupClosed: by the run's window and state
    :raise AlreadySignedUp: when somebody else's device made the live place; nothing of it is told
    :raise Refusal: what :func:`read_entry` refuses
    """
    found = run_with_seats(run_id)
    _check_open(found.run)
    draft = _draft(found.run, entry, channel, device_id, owner)
    if isinstance(draft, Made):
        return draft
    if held_back:
        return _enter(found, [draft], lambda: [Place(found.pool.id, "pending", None, 0)])[0]
    return _enter(found, [draft], lambda: [_place(found, owner)])[0]


def sign_up_together(
    run_id: int, entries: Sequence[Entry], *, channel: str, device_id: int | None = None, owner: Owner | None = None,
    split: bool = False,
) -> list[Made]:  # fmt: skip
    """Return the places of a few people who come together: seats for all of them, or none taken.

    A person whom this device signed up before keeps that place; the others are placed beside it.

    :param split: let those who find no seat wait in the line instead, in the order given
    :raise PartyDoesNotFit: when not all of them find a seat; ``seats_left`` among the facts
    :raise Refusal: as :func:`sign_up`; ``field`` begins with the person's index, such as "people.1.doc_number"
    """
    found = run_with_seats(run_id)
    _check_open(found.run)
    read: list[Draft | Made] = []
    for index, entry in enumerate(entries):
        with_index = f"people.{index}"
        read.append(_draft(found.run, entry, channel, device_id, owner, at=with_index))
    fresh = [one for one in read if isinstance(one, Draft)]
    if not fresh:
        return [one for one in read if isinstance(one, Made)]
    party = Party(run_id=run_id)
    db.session.add(party)
    db.session.flush()
    made = iter(_enter(found, fresh, lambda: _places(found, len(fresh), owner, split=split), party.id))
    return [one if isinstance(one, Made) else next(made) for one in read]


def admit(signup: Signup) -> Made:
    """Give a pending sign-up its place: a seat, or the end of the line. Doing it twice changes nothing.

    :raise SignupClosed: when the run has stopped taking people meanwhile; :raise AlreadySignedUp: never twice
    """
    found = run_with_seats(signup.run_id)
    db.session.refresh(signup, with_for_update=True)
    if signup.state != "pending":
        return Made(signup, rank_of(signup), ticket_token(signup), fresh=False)
    _check_open(found.run)
    place = take_place(found.pool.id)
    signup.state, signup.position = place.state, place.position
    db.session.flush()
    _still_open(found.run)
    audit.record("signup.admitted", signup, unit_id=found.run.unit_id, state=place.state, position=place.position)
    _tell(signup, found.run, place)
    return Made(signup, place.rank or None, ticket_token(signup), fresh=True)


def _check_open(run: CourseRun) -> None:
    if run.state == "draft":
        raise NotFound
    phase = phase_of(run)
    if phase == "not_open":
        raise SignupNotOpen(opens_at=run.signup_opens_at.isoformat())
    if phase != "open":
        raise SignupClosed("这一场已经取消，请看看其他场次。" if phase == "cancelled" else None, phase=phase)


def _draft(
    run: CourseRun, entry: Entry, channel: str, device_id: int | None, owner: Owner | None, at: str = ""
) -> Draft | Made:
    reading = read_entry(entry, run, at=at)
    person = person_for(reading.document)
    held = live_signups_of(person.id)
    for before in held:
        if before.run_id == run.id:
            return _own(before, at)
    if held and overlaps_another(run.id, person.id):
        raise OverlappingSignup(field=_field(at))
    return Draft(
        reading, person, channel, _device(channel, device_id), owner, confirm_by=judge(held, run, at),
        health_notice_read=bool(entry.health_notice_read and run.syllabus.health_notice),
    )  # fmt: skip


def _device(channel: str, given: int | None) -> int | None:
    # What staff enter at a desk is the person's own: a ticket never belongs to the staff's device.
    if given is not None or channel == DESK:
        return given
    return context.principal().device_id


def _field(at: str) -> str:
    return f"{at}.doc_number" if at else "doc_number"


def _own(signup: Signup, at: str = "") -> Made:
    """Return the caller's own ticket: the same device or account; or the phone on it, proved here by a code.

    The document was typed just now, so the proved phone is the second thing that fits, not the only one.
    """
    who = context.principal()
    mine = owned_by(who)
    if who.phone_index is not None:
        mine = or_(mine, Signup.phone_index == who.phone_index)
    if db.session.scalar(select(Signup.id).where(Signup.id == signup.id, mine)) is None:
        raise AlreadySignedUp(field=_field(at) if at else None)
    return Made(signup, rank_of(signup), ticket_token(signup), fresh=False)


def _place(found: RunAndSeats, owner: Owner | None) -> Place:
    reserve = reserve_for(found.run.id, owner.unit_id) if owner else None
    if reserve is not None and take_seats(reserve):
        return Place(reserve, "confirmed", None, 0)
    return take_place(found.pool.id)


def _places(found: RunAndSeats, people: int, owner: Owner | None, *, split: bool) -> list[Place]:
    for pool in (reserve_for(found.run.id, owner.unit_id) if owner else None, found.pool.id):
        if pool is not None and take_seats(pool, people):
            return [Place(pool, "confirmed", None, 0)] * people
    if split:
        return [_place(found, owner) for _ in range(people)]
    left = db.session.execute(
        select(SeatPool.capacity - SeatPool.taken, SeatPool.waiting).where(SeatPool.id == found.pool.id)
    )
    free, waiting = left.one()
    seats = 0 if waiting else max(free, 0)
    said = f"只剩 {seats} 个名额，不够 {people} 人一起。" if seats else f"名额已满，{people} 人要一起排队候补。"
    raise PartyDoesNotFit(f"{said}可以选择“能报几位报几位，其余候补”，或者换一场。", seats_left=seats, people=people)


def _enter(
    found: RunAndSeats, drafts: Sequence[Draft], take: Callable[[], list[Place]], party_id: int | None = None
) -> list[Made]:
    run = found.run
    for _ in range(_CODE_TRIES):
        rows = [new_signup(run, draft, party_id) for draft in drafts]
        try:
            # After a refused insert PostgreSQL reads no further in this transaction; going back to the savepoint
            # also gives the places back.
            with db.session.begin_nested():
                places = take()
                for (row, _), place in zip(rows, places, strict=True):
                    row.pool_id, row.state, row.position = place.pool_id, place.state, place.position
                db.session.add_all(row for row, _ in rows)
        except IntegrityError as exc:
            if violated(exc, "uq_signup_one_live"):
                return [_lost_to(run.id, draft.person, exc) for draft in drafts]
            if not violated(exc, "uq_signup_run_code"):
                raise
        else:
            _still_open(run)
            return [
                _concluded(run, row, draft, place, token)
                for (row, token), draft, place in zip(rows, drafts, places, strict=True)
            ]
    raise RuntimeError("no free code in this run")


def _lost_to(run_id: int, person: Person, exc: IntegrityError) -> Made:
    """Two taps on one button both got this far; the index let only one in."""
    other = live_signup_of(run_id, person.id)
    if other is None:
        raise exc
    return _own(other)


def _still_open(run: CourseRun) -> None:
    # The pool's row is ours now, and whoever ends or cancels a run takes it first: what is read here stays true.
    if db.session.scalar(select(CourseRun.state).where(CourseRun.id == run.id)) != "published":
        raise SignupClosed


def _concluded(run: CourseRun, row: Signup, draft: Draft, place: Place, token: str) -> Made:
    write_consents(draft.person, row, draft.reading.notices, draft.channel)
    audit.record("signup.made", row, unit_id=run.unit_id, state=row.state, position=row.position, channel=row.channel)
    _tell(row, run, place)
    after_commit(lambda: hooks.crash_after_commit("signup"))
    return Made(row, place.rank or None, token, fresh=True)


def _tell(row: Signup, run: CourseRun, place: Place) -> None:
    if place.state == "confirmed":
        messages.tell_confirmed(row, run)
    elif place.state == "waitlisted":
        messages.tell_waiting(row, run, place.rank)
