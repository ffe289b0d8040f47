"""Putting one person in another's place: the seat passes on, whoever else waits (a unit sends somebody else)."""

from sqlalchemy.exc import IntegrityError

from chengjiu_mp.core import audit, clock
from chengjiu_mp.core.db import db, violated
from chengjiu_mp.courses import messages
from chengjiu_mp.courses.entry import Entry, read_entry
from chengjiu_mp.courses.errors import AlreadySignedUp, CannotSubstitute, OverlappingSignup, RosterLocked
from chengjiu_mp.courses.locking import roster_locked
from chengjiu_mp.courses.models import LIVE, SEATED, CourseRun, Signup
from chengjiu_mp.courses.moving import leave_kept
from chengjiu_mp.courses.queries import run_with_seats
from chengjiu_mp.courses.refreshing import check_may_renew
from chengjiu_mp.courses.seats import locked_pools
from chengjiu_mp.courses.signing_up import Made
from chengjiu_mp.courses.signup_queries import live_signup_of, overlaps_another, rank_of
from chengjiu_mp.courses.signup_rows import Draft, Owner, new_signup
from chengjiu_mp.people.service import check_not_erased, person_for, write_consents

_CODE_TRIES = 3


def substitute(signup: Signup, entry: Entry, *, channel: str, key_group: str | None = None) -> Made:
    """Return the place of who comes instead: exactly the seat, or the position in the line, that ``signup`` held.

    Nobody is promoted in between, because the pools stay locked and no place becomes free. Who comes instead is
    judged as anybody who signs up, and counts for the same unit.

    :raise CannotSubstitute: the place has ended or is being moved; :raise RosterLocked: the list of names is final
    :raise AlreadySignedUp, OverlappingSignup: of who would come; :raise Refusal: what :func:`read_entry` refuses
    """
    run = run_with_seats(signup.run_id).run
    if roster_locked(run):
        raise RosterLocked
    reading = read_entry(entry, run)
    person = person_for(reading.document)
    locked_pools(run.id)
    db.session.refresh(signup)
    _check(signup, run, person.id)
    owner = Owner(signup.owner_unit_id, signup.sector_id, key_group or signup.key_group)
    draft = Draft(reading, person, channel, None, owner)
    state, position = "confirmed" if signup.state in SEATED else "waitlisted", signup.position
    signup.state, signup.position, signup.ended_at = "withdrawn", None, clock.now()
    signup.note = "换人"
    db.session.flush()
    row, token = _placed(run, draft, signup.pool_id, state, position)
    check_not_erased([person.id])
    write_consents(person, row, reading.notices, channel)
    audit.record("signup.substituted", signup, unit_id=run.unit_id, by=f"signup:{row.id}")
    audit.record("signup.made", row, unit_id=run.unit_id, state=state, position=position, channel=channel)
    rank = rank_of(row)
    messages.tell_withdrawn(signup, run)
    if rank is None:
        messages.tell_confirmed(row, run)
    else:
        messages.tell_waiting(row, run, rank)
    return Made(row, rank, token, fresh=True)


def _check(signup: Signup, run: CourseRun, person_id: int) -> None:
    moving = leave_kept(signup) is not None or (signup.state == "waitlisted" and signup.moves_from_id is not None)
    if signup.state not in LIVE or signup.state == "pending" or signup.outcome is not None or moving:
        raise CannotSubstitute
    if live_signup_of(run.id, person_id):
        raise AlreadySignedUp
    if overlaps_another(run.id, person_id):
        raise OverlappingSignup
    check_may_renew(person_id, run)


def _placed(run: CourseRun, draft: Draft, pool_id: int, state: str, position: int | None) -> tuple[Signup, str]:
    for _ in range(_CODE_TRIES):
        row, token = new_signup(run, draft)
        row.pool_id, row.state, row.position = pool_id, state, position
        try:
            with db.session.begin_nested():
                db.session.add(row)
        except IntegrityError as exc:
            if violated(exc, "uq_signup_one_live"):
                raise AlreadySignedUp from exc
            if not violated(exc, "uq_signup_run_code"):
                raise
        else:
            return row, token
    raise RuntimeError("no free code in this run")
