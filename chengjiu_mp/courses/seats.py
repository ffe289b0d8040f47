"""Places in a pool: taken by one statement, given back under the row's lock (rel-S1, S4)."""

from dataclasses import dataclass

from sqlalchemy import and_, case, select, update

from chengjiu_mp.core.db import db
from chengjiu_mp.courses.models import SEATED, SeatPool, Signup


@dataclass(frozen=True)
class Place:
    """A seat (``position`` None) or a place in the line; ``rank`` counts from 1 among those who wait now."""

    state: str
    position: int | None
    rank: int


def take_place(pool_id: int) -> Place:
    """Take a seat while nobody waits and one is free, else the next position; one statement, never read-then-write."""
    free = and_(SeatPool.waiting == 0, SeatPool.taken < SeatPool.capacity)
    seat, line = case((free, 1), else_=0), case((free, 0), else_=1)
    row = db.session.execute(
        update(SeatPool)
        .where(SeatPool.id == pool_id)
        .values(
            taken=SeatPool.taken + seat,
            waiting=SeatPool.waiting + line,
            next_position=SeatPool.next_position + line,
        )
        .returning(SeatPool.waiting, SeatPool.next_position)
        .execution_options(synchronize_session=False)
    ).one()
    # A seat is only given while nobody waits, so somebody waiting now means: it is us, at the end of the line.
    if row.waiting == 0:
        return Place("confirmed", None, 0)
    return Place("waitlisted", row.next_position - 1, row.waiting)


def locked_pool(pool_id: int) -> SeatPool:
    """Return the pool with its row locked until the transaction ends, as it is now."""
    return db.session.scalars(
        select(SeatPool)
        .where(SeatPool.id == pool_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()  # fmt: skip


def release_place(pool: SeatPool, signup: Signup) -> None:
    """Give back the seat or the place in the line of a live sign-up; the pool is locked by the caller."""
    if signup.state in SEATED:
        pool.taken -= 1
    elif signup.state == "waitlisted":
        pool.waiting -= 1
        signup.position = None


def first_in_line(pool: SeatPool) -> Signup | None:
    """Return who waits with the smallest position."""
    return db.session.scalars(
        select(Signup)
        .where(Signup.pool_id == pool.id, Signup.state == "waitlisted")
        .order_by(Signup.position)
        .limit(1)
        .execution_options(populate_existing=True)
    ).first()
