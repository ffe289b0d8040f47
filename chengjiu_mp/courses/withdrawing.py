"""Giving a place back, and the one function that moves the line."""

from sqlalchemy import select

from chengjiu_mp.core import audit, clock
from chengjiu_mp.core.db import db
from chengjiu_mp.courses import messages
from chengjiu_mp.courses.errors import CannotWithdraw
from chengjiu_mp.courses.models import LIVE, CourseRun, SeatPool, Signup
from chengjiu_mp.courses.queries import run_with_seats
from chengjiu_mp.courses.seats import first_in_line, locked_pool, release_place


def withdraw(signup: Signup, reason: str = "") -> Signup:
    """Give the place back; a second call changes nothing (rel-S7).

    :raise CannotWithdraw: when the training has begun
    """
    pool = locked_pool(signup.pool_id)
    db.session.refresh(signup)
    if signup.state not in LIVE:
        return signup
    run = run_with_seats(signup.run_id).run
    if signup.outcome is not None or run.state == "closed" or clock.now() >= run.starts_at:
        raise CannotWithdraw
    was = signup.state
    release_place(pool, signup)
    signup.state, signup.ended_at = "withdrawn", clock.now()
    signup.note = reason[:500]
    db.session.flush()
    audit.record("signup.withdrawn", signup, unit_id=run.unit_id, was=was)
    messages.tell_withdrawn(signup, run)
    promote_from_waitlist(pool, run)
    return signup


def promote_from_waitlist(pool: SeatPool, run: CourseRun) -> list[Signup]:
    """Give free seats to who waits, the smallest position first, until one of the two runs out (rel-S2, S4).

    The caller holds the pool's row (:func:`locked_pool`). Nobody is asked first: a person without a proved phone is
    confirmed at once and listed for a call, so that no seat waits for a message nobody reads.
    """
    moved: list[Signup] = []
    while pool.waiting and pool.taken < pool.capacity and (next_one := first_in_line(pool)):
        position, next_one.state, next_one.position = next_one.position, "confirmed", None
        pool.waiting -= 1
        pool.taken += 1
        db.session.flush()
        to_call = next_one.phone_proved_at is None
        audit.record("signup.promoted", next_one, unit_id=run.unit_id, position=position, to_call=to_call)
        messages.tell_promoted(next_one, run)
        moved.append(next_one)
    return moved


def release_all(pool: SeatPool, states: tuple[str, ...], state: str) -> list[Signup]:
    """End every place in one of ``states`` as ``state`` and return them; the pool is locked by the caller."""
    rows = db.session.scalars(
        select(Signup)
        .where(Signup.pool_id == pool.id, Signup.state.in_(states))
        .order_by(Signup.id)
        .execution_options(populate_existing=True)
    ).all()
    for row in rows:
        release_place(pool, row)
        row.state, row.ended_at = state, clock.now()
    db.session.flush()
    return list(rows)
