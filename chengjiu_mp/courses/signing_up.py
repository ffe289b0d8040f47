"""Signing up (报名): a seat, or a numbered place in the line, for one person or for a few together (同行报名).

Everything that can be judged or sealed beforehand is, so that the pool's row is locked as briefly as possible.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlalchemy import bindparam, select
from sqlalchemy.exc import IntegrityError

from chengjiu_mp.core import audit, hooks
from chengjiu_mp.core.db import after_commit, db, execute, savepoint, violated
from chengjiu_mp.core.errors import NotFound, TooMany
from chengjiu_mp.core.rows import adopted, insert_object, put, table_of
from chengjiu_mp.courses import messages
from chengjiu_mp.courses.entry import Entry
from chengjiu_mp.courses.errors import AlreadySignedUp, GuardianAskedLately, SignupClosed, SignupNotOpen
from chengjiu_mp.courses.fitting import party_does_not_fit, refuse_unless_seats
from chengjiu_mp.courses.models import CourseRun, Party, Signup
from chengjiu_mp.courses.queries import RunToEnter, phase_of, run_to_enter
from chengjiu_mp.courses.reserving import reserve_for
from chengjiu_mp.courses.seats import Place, locked_pools, take_place, take_seats
from chengjiu_mp.courses.signup_queries import live_signup_of, rank_of, ticket_token
from chengjiu_mp.courses.signup_reading import By, check_own, drafts_of
from chengjiu_mp.courses.signup_rows import Draft, Owner, new_signup
from chengjiu_mp.people.guardians import GuardianEntry
from chengjiu_mp.people.models import Person
from chengjiu_mp.people.service import check_not_erased, write_consents

_CODE_TRIES = 3
# Who takes a row of a unit's list agrees on a page, as everybody else; the ledger knows no other word for it.
_CONSENT_CHANNEL = {"unit_link": "page"}


@dataclass(frozen=True)
class Made:
    """A place and its ticket. ``fresh`` is False when the caller already held it; ``rank`` is None for a seat.

    ``person`` is there when it was at hand, so that nobody reads it again.
    """

    signup: Signup
    rank: int | None
    ticket_token: str
    fresh: bool
    person: Person | None = None


def sign_up(
    run_id: int, entry: Entry, *, channel: str, device_id: int | None = None, owner: Owner | None = None,
    held_back: bool = False, guardian: GuardianEntry | None = None,
) -> Made:  # fmt: skip
    """Return the new place, or the one that this device or account made before on the same document.

    :param device_id: the session that will own the ticket; the caller's own when None
    :param owner: whom it counts for when not the run's unit; that unit's reserved seats are taken first
    :param held_back: leave it ``pending``, without a place, until :func:`admit`
    :param guardian: who is asked when the person is under 14; until they agree it is ``pending``
    :raise SignupNotOpen, SignupClosed: by the run's window and state
    :raise AlreadySignedUp: when somebody else's device made the live place; nothing of it is told
    :raise Refusal: what :func:`read_entry` refuses
    """
    found = run_to_enter(run_id)
    check_open(found.run)
    (draft,) = drafts_of(found.run, [entry], By(channel, device_id, owner), guardian, places=[""])
    if isinstance(draft, Signup):
        return held(draft)
    if held_back or draft.guardian:
        made = enter(found, [draft], lambda: _no_places(found, 1))
        _ask(found.run, [draft], made)
        return made[0]
    return enter(found, [draft], lambda: [_place(found, owner)])[0]


def sign_up_together(
    run_id: int, entries: Sequence[Entry], *, channel: str, device_id: int | None = None, owner: Owner | None = None,
    split: bool = False, guardian: GuardianEntry | None = None,
) -> list[Made]:  # fmt: skip
    """Return the places of a few people who come together: seats for all of them, or none taken.

    A person whom this device signed up before keeps that place; the others are placed beside it. With a child under
    14 among them, all wait as ``pending`` for the guardian's word, so that nobody is seated without the child; those
    who split wait for nobody.

    :param split: let those who find no seat wait in the line instead, in the order given
    :raise PartyDoesNotFit: when not all of them find a seat; ``seats_left`` among the facts
    :raise Refusal: as :func:`sign_up`; ``field`` begins with the person's index, such as "people.1.doc_number"
    """
    found = run_to_enter(run_id)
    check_open(found.run)
    places = [f"people.{index}" for index in range(len(entries))]
    read = drafts_of(found.run, entries, By(channel, device_id, owner), guardian, places)
    fresh = [one for one in read if isinstance(one, Draft)]
    if not fresh:
        return [held(one) for one in read if isinstance(one, Signup)]
    party = Party(run_id=run_id, split=split)
    db.session.add(party)
    db.session.flush()
    made = enter(found, fresh, lambda: _places(found, fresh, owner, split=split), party.id)
    _ask(found.run, fresh, made)
    placed = iter(made)
    return [held(one) if isinstance(one, Signup) else next(placed) for one in read]


def admit(signup: Signup) -> Made:
    """Give a pending sign-up its place: a seat, or the end of the line. Doing it twice changes nothing.

    :raise SignupClosed: when the run has stopped taking people meanwhile; :raise AlreadySignedUp: never twice
    """
    found = run_to_enter(signup.run_id)
    db.session.refresh(signup, with_for_update=True)
    if signup.state != "pending":
        return Made(signup, rank_of(signup), ticket_token(signup), fresh=False)
    check_open(found.run)
    place = take_place(found.pool_id)
    signup.state, signup.position = place.state, place.position
    db.session.flush()
    still_open(found.run)
    audit.record("signup.admitted", signup, unit_id=found.run.unit_id, state=place.state, position=place.position)
    tell_of_place(signup, found.run, place)
    return Made(signup, place.rank or None, ticket_token(signup), fresh=True)


def check_open(run: CourseRun) -> None:
    """Refuse what comes too early or too late.

    :raise SignupNotOpen, SignupClosed: by the run's window and state; :raise NotFound: for a draft
    """
    if run.state == "draft":
        raise NotFound
    phase = phase_of(run)
    if phase == "not_open":
        raise SignupNotOpen(opens_at=run.signup_opens_at.isoformat())
    if phase != "open":
        raise SignupClosed("这一场已经取消，请看看其他场次。" if phase == "cancelled" else None, phase=phase)


def _place(found: RunToEnter, owner: Owner | None) -> Place:
    reserve = reserve_for(found.run.id, owner.unit_id) if owner else None
    if reserve is not None and take_seats(reserve):
        return Place(reserve, "confirmed", None, 0)
    return take_place(found.pool_id)


def held(signup: Signup) -> Made:
    """Return a place that was there before."""
    return Made(signup, rank_of(signup), ticket_token(signup), fresh=False)


def _no_places(found: RunToEnter, people: int) -> list[Place]:
    # Nothing is taken, but whoever ends the run must see these people too.
    locked_pools(found.run.id)
    return [Place(found.pool_id, "pending", None, 0)] * people


def _places(found: RunToEnter, drafts: Sequence[Draft], owner: Owner | None, *, split: bool) -> list[Place]:
    pending = iter(_no_places(found, len(drafts)) if any(one.guardian for one in drafts) else ())
    if split:
        return [next(pending) if one.guardian else _place(found, owner) for one in drafts]
    if places := list(pending):
        # No seat is held for a word that is still to come; whether all would fit now is said before anybody is asked.
        refuse_unless_seats(found.pool_id, len(drafts))
        return places
    for pool in (reserve_for(found.run.id, owner.unit_id) if owner else None, found.pool_id):
        if pool is not None and take_seats(pool, len(drafts)):
            return [Place(pool, "confirmed", None, 0)] * len(drafts)
    raise party_does_not_fit(found.pool_id, len(drafts))


def enter(
    found: RunToEnter, drafts: Sequence[Draft], take: Callable[[], list[Place]], party_id: int | None = None,
    *, ended: bool = False,
) -> list[Made]:  # fmt: skip
    """Write the drafts' rows with the places that ``take`` gives, and say all that follows.

    :param ended: the run may have ended; ``take`` looks at its state itself, with the pools held
    :raise AlreadySignedUp: when somebody was faster; :raise SignupClosed: when the run ended meanwhile
    :raise ErasedMeanwhile: when the person's data was erased meanwhile
    """
    run = found.run
    for _ in range(_CODE_TRIES):
        rows = [new_signup(run, draft, party_id) for draft in drafts]
        try:
            # After a refused insert PostgreSQL reads no further in this transaction; going back to the savepoint
            # also gives the places back.
            with savepoint():
                places = take()
                for (row, _), place in zip(rows, places, strict=True):
                    put(row, pool_id=place.pool_id, state=place.state, position=place.position)
                    if place.over:
                        put(row, over_capacity=True)
                    put(row, id=insert_object(row))
        except IntegrityError as exc:
            if violated(exc, "uq_signup_one_live"):
                return _lost_to(run.id, drafts, exc)
            if not violated(exc, "uq_signup_run_code"):
                raise
        else:
            if not ended:
                still_open(run)
            check_not_erased([draft.person.id for draft in drafts if not draft.is_new])
            return [
                _concluded(run, adopted(row), draft, place, token, messages.which(index, len(rows)))
                for index, ((row, token), draft, place) in enumerate(zip(rows, drafts, places, strict=True))
            ]
    raise RuntimeError("no free code in this run")


def _lost_to(run_id: int, drafts: Sequence[Draft], exc: IntegrityError) -> list[Made]:
    """Two taps on one button both got this far; the index let only one in."""
    others = [other for draft in drafts if (other := live_signup_of(run_id, draft.person.id))]
    if not others:
        raise exc
    for other in others:
        check_own(other)
    made = [held(other) for other in others]
    if len(made) < len(drafts):
        # One of a party came in by another form meanwhile: the rest is read again with the next tap.
        raise AlreadySignedUp
    return made


def _ask(run: CourseRun, drafts: Sequence[Draft], made: Sequence[Made]) -> None:
    """Tell the guardian, once for all children of a form, where to read and to answer."""
    asked = [(draft.guardian, one.signup) for draft, one in zip(drafts, made, strict=True) if draft.guardian]
    fresh = all(one.fresh for one in made)
    if asked and fresh:
        consent, signup = asked[0]
        try:
            with savepoint():
                messages.tell_guardian_asked(signup, run, consent)
        except (GuardianAskedLately, TooMany):
            return  # The sign-up stands: the guardian's page on this device says how to go on.


def still_open(run: CourseRun) -> None:
    """Look once more when the pool's row is held.

    :raise SignupClosed: when the run was ended meanwhile
    """
    # The pool's row is ours now, and whoever ends or cancels a run takes it first: what is read here stays true.
    if execute(_STATE, {"run": run.id}).scalar() != "published":
        raise SignupClosed


_RUN = table_of(CourseRun)
_STATE = select(_RUN.c.state).where(_RUN.c.id == bindparam("run"))


def _concluded(run: CourseRun, row: Signup, draft: Draft, place: Place, token: str, which: str) -> Made:
    write_consents(draft.person, row, draft.reading.notices, _CONSENT_CHANNEL.get(draft.channel, draft.channel))
    audit.record("signup.made", row, unit_id=run.unit_id, state=row.state, position=row.position, channel=row.channel)
    tell_of_place(row, run, place, which)
    after_commit(lambda: hooks.crash_after_commit("signup"))
    return Made(row, place.rank or None, token, fresh=True, person=draft.person)


def tell_of_place(row: Signup, run: CourseRun, place: Place, which: str = "") -> None:
    """Tell of a seat, or of a place in the line; who waits for somebody's word is told then.

    :param which: which of a few people, as :func:`messages.which` says it
    """
    if place.state == "confirmed":
        messages.tell_confirmed(row, run, which)
    elif place.state == "waitlisted":
        messages.tell_waiting(row, run, place.rank, which)
