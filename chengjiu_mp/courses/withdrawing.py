"""Giving a place back."""

from sqlalchemy import select

from chengjiu_mp.core import audit, clock
from chengjiu_mp.core.db import db
from chengjiu_mp.courses import messages
from chengjiu_mp.courses.errors import CannotWithdraw
from chengjiu_mp.courses.models import LIVE, Signup
from chengjiu_mp.courses.promoting import promote_from_waitlist
from chengjiu_mp.courses.queries import run_with_seats
from chengjiu_mp.courses.seats import Pools, locked_pools, release_place
from chengjiu_mp.people.invisible import to_be_seen


def withdraw(signup: Signup, reason: str = "") -> Signup:
    """Give the place back; a second call changes nothing (rel-S7).

    :raise CannotWithdraw: when the training has begun
    """
    pools = locked_pools(signup.run_id)
    db.session.refresh(signup)
    if signup.state not in LIVE:
        return signup
    run = run_with_seats(signup.run_id).run
    if signup.outcome is not None or run.state == "closed" or clock.now() >= run.starts_at:
        raise CannotWithdraw
    was = signup.state
    release_place(pools, signup)
    signup.state, signup.ended_at = "withdrawn", clock.now()
    signup.note = to_be_seen(reason)[:500]
    db.session.flush()
    audit.record("signup.withdrawn", signup, unit_id=run.unit_id, was=was)
    messages.tell_withdrawn(signup, run)
    promote_from_waitlist(pools, run)
    return signup


def release_all(pools: Pools, states: tuple[str, ...], state: str) -> list[Signup]:
    """End every place of a run in one of ``states`` as ``state`` and return them; the pools are locked by the
    caller.
    """
    rows = db.session.scalars(
        select(Signup)
        .where(Signup.run_id == pools.open.run_id, Signup.state.in_(states))
        .order_by(Signup.id)
        .execution_options(populate_existing=True)
    ).all()
    for row in rows:
        release_place(pools, row)
        row.state, row.ended_at = state, clock.now()
    db.session.flush()
    return list(rows)
