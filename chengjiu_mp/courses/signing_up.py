"""Signing up (报名): a seat, or a numbered place in the line.

Everything that can be judged or sealed beforehand is, so that the pool's row is locked as briefly as possible.
"""

from dataclasses import dataclass

from sqlalchemy import or_, select
from sqlalchemy.exc import IntegrityError

from chengjiu_mp.core import audit, clock, context, hooks, ids, privacy
from chengjiu_mp.core.db import after_commit, db, violated
from chengjiu_mp.core.errors import NotFound
from chengjiu_mp.courses import messages
from chengjiu_mp.courses.entry import Entry, EntryReading, read_entry
from chengjiu_mp.courses.errors import AlreadySignedUp, OverlappingSignup, SignupClosed, SignupNotOpen
from chengjiu_mp.courses.models import CourseRun, SeatPool, Signup
from chengjiu_mp.courses.queries import phase_of, run_with_seats
from chengjiu_mp.courses.seats import Place, take_place
from chengjiu_mp.courses.signup_queries import live_signup_of, live_signups_of, overlaps_another, owned_by, rank_of
from chengjiu_mp.people.models import Person
from chengjiu_mp.people.names import sort_key
from chengjiu_mp.people.service import person_for, write_consents

_CODE_TRIES = 3


@dataclass(frozen=True)
class Made:
    """A place and its ticket. ``fresh`` is False when the caller already held it; ``rank`` is None for a seat."""

    signup: Signup
    rank: int | None
    ticket_token: str
    fresh: bool


def sign_up(run_id: int, entry: Entry, *, channel: str, device_id: int | None = None) -> Made:
    """Return the new place, or the one that this device or account made before on the same document.

    :param device_id: the session that will own the ticket; the caller's own when None
    :raise SignupNotOpen, SignupClosed: by the run's window and state
    :raise AlreadySignedUp: when somebody else's device made the live place; nothing of it is told
    :raise Refusal: what :func:`read_entry` refuses
    """
    found = run_with_seats(run_id)
    _check_open(found.run)
    reading = read_entry(entry, found.run)
    person = person_for(reading.document)
    held = live_signups_of(person.id)
    for before in held:
        if before.run_id == run_id:
            return _own(before)
    if held and overlaps_another(run_id, person.id):
        raise OverlappingSignup(field="doc_number")
    device = device_id if device_id is not None else context.principal().device_id
    return _take(found.run, found.pool, person, _Draft(reading, entry, channel, device))


@dataclass(frozen=True)
class _Draft:
    reading: EntryReading
    entry: Entry
    channel: str
    device_id: int | None


def _check_open(run: CourseRun) -> None:
    if run.state == "draft":
        raise NotFound
    phase = phase_of(run)
    if phase == "not_open":
        raise SignupNotOpen(opens_at=run.signup_opens_at.isoformat())
    if phase != "open":
        raise SignupClosed("这一场已经取消，请看看其他场次。" if phase == "cancelled" else None, phase=phase)


def _own(signup: Signup) -> Made:
    """Return the caller's own ticket: the same device or account; or the phone on it, proved here by a code.

    The document was typed just now, so the proved phone is the second thing that fits, not the only one.
    """
    who = context.principal()
    mine = owned_by(who)
    if who.phone_index is not None:
        mine = or_(mine, Signup.phone_index == who.phone_index)
    if db.session.scalar(select(Signup.id).where(Signup.id == signup.id, mine)) is None:
        raise AlreadySignedUp
    token = privacy.unseal(signup.ticket_sealed, place=Signup.PLACE_TICKET, row=signup.uid)
    return Made(signup, rank_of(signup), token, fresh=False)


def _take(run: CourseRun, pool: SeatPool, person: Person, draft: _Draft) -> Made:
    row, token = _prepared(run, pool, person, draft)
    for _ in range(_CODE_TRIES):
        try:
            # After a refused insert PostgreSQL reads no further in this transaction; going back to the savepoint
            # also gives the place back.
            with db.session.begin_nested():
                place = take_place(pool.id)
                row.state, row.position = place.state, place.position
                db.session.add(row)
        except IntegrityError as exc:
            if violated(exc, "uq_signup_one_live"):
                # Two taps on one button both got this far; the index let only one in.
                other = live_signup_of(run.id, person.id)
                if other is None:
                    raise
                return _own(other)
            if not violated(exc, "uq_signup_run_code"):
                raise
            row, token = _prepared(run, pool, person, draft)
        else:
            _still_open(run)
            _conclude(run, row, person, draft, place)
            return Made(row, place.rank or None, token, fresh=True)
    raise RuntimeError("no free code in this run")


def _prepared(run: CourseRun, pool: SeatPool, person: Person, draft: _Draft) -> tuple[Signup, str]:
    reading, uid, token = draft.reading, ids.new_uid(), ids.new_token()
    read_at = clock.now() if draft.entry.health_notice_read and run.syllabus.health_notice else None
    row = Signup(
        uid=uid, run_id=run.id, pool_id=pool.id, person_id=person.id, name=reading.name.name,
        name_raw=reading.name.raw, sort_key=sort_key(reading.name.name)[:200],
        phone_index=privacy.phone_index(reading.phone.number),
        phone_sealed=privacy.seal(reading.phone.number, place=Signup.PLACE_PHONE, row=uid),
        ticket_hash=ids.token_hash(token), ticket_sealed=privacy.seal(token, place=Signup.PLACE_TICKET, row=uid),
        code=ids.new_spoken_code(), owner_unit_id=run.unit_id, sector_id=run.sector_id,
        key_group=run.key_group or "other", device_id=draft.device_id, channel=draft.channel,
        warnings=list(reading.warnings), health_notice_read_at=read_at,
    )  # fmt: skip
    return row, token


def _still_open(run: CourseRun) -> None:
    # The pool's row is ours now, and whoever ends or cancels a run takes it first: what is read here stays true.
    if db.session.scalar(select(CourseRun.state).where(CourseRun.id == run.id)) != "published":
        raise SignupClosed


def _conclude(run: CourseRun, row: Signup, person: Person, draft: _Draft, place: Place) -> None:
    write_consents(person, row, draft.reading.notices, draft.channel)
    audit.record("signup.made", row, unit_id=run.unit_id, state=row.state, position=row.position, channel=row.channel)
    if place.position is None:
        messages.tell_confirmed(row, run)
    else:
        messages.tell_waiting(row, run, place.rank)
    after_commit(lambda: hooks.crash_after_commit("signup"))
