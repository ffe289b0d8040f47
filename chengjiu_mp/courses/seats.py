"""Places in a run's pools: taken by one statement, given back under the rows' locks (rel-S1, S4)."""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Integer, and_, bindparam, case, select, update

from chengjiu_mp.core.db import db, execute
from chengjiu_mp.core.rows import table_of
from chengjiu_mp.courses.models import SEATED, SeatPool, Signup


@dataclass(frozen=True)
class Place:
    """A seat (``position`` None) or a place in the line; ``rank`` counts from 1 among those who wait now.

    ``over``: a seat that was added for this person alone.
    """

    pool_id: int
    state: str
    position: int | None
    rank: int
    over: bool = False


@dataclass(frozen=True)
class Pools:
    """A run's pools, locked: the open one, where people wait, and those reserved for units."""

    open: SeatPool
    reserved: tuple[SeatPool, ...] = ()

    def of(self, signup: Signup) -> SeatPool:
        """Return the pool that holds a sign-up's place."""
        return next(pool for pool in (self.open, *self.reserved) if pool.id == signup.pool_id)


def take_place(pool_id: int) -> Place:
    """Take a seat while nobody waits and one is free, else the next position; one statement, never read-then-write."""
    row = execute(_TAKE_PLACE, {"pool": pool_id}).one()
    # A seat is only given while nobody waits, so somebody waiting now means: it is us, at the end of the line.
    if row.waiting == 0:
        return Place(pool_id, "confirmed", None, 0)
    return Place(pool_id, "waitlisted", row.next_position - 1, row.waiting)


_POOL = table_of(SeatPool)
_FREE = and_(_POOL.c.waiting == 0, _POOL.c.taken < _POOL.c.capacity)
_IN_LINE = case((_FREE, 0), else_=1)
# Built once: every sign-up says it while others wait for the row.
_TAKE_PLACE = (
    update(_POOL)
    .where(_POOL.c.id == bindparam("pool"))
    .values(
        taken=_POOL.c.taken + case((_FREE, 1), else_=0),
        waiting=_POOL.c.waiting + _IN_LINE,
        next_position=_POOL.c.next_position + _IN_LINE,
    )
    .returning(_POOL.c.waiting, _POOL.c.next_position)
)


def take_places(pool_id: int, people: int) -> list[Place]:
    """Take as many seats as are free while nobody waits, up to so many, and positions for the others; one statement.

    The places stand in the order in which single people would have got them.
    """
    row = db.session.execute(_TAKE_PLACES, {"pool": pool_id, "people": people}).one()
    # Who waited before is counted too: more wait now than came, then all of them came to the line.
    queued = min(people, row.waiting)
    first, ahead = row.next_position - queued, row.waiting - queued
    line = [Place(pool_id, "waitlisted", first + n, ahead + n + 1) for n in range(queued)]
    return [Place(pool_id, "confirmed", None, 0)] * (people - queued) + line


_LEFT = case((_POOL.c.waiting == 0, _POOL.c.capacity - _POOL.c.taken), else_=0)
_COME: ColumnElement[int] = bindparam("people", type_=Integer)
_SEATED_NOW = case((_LEFT < _COME, _LEFT), else_=_COME)
_TAKE_PLACES = (
    update(_POOL)
    .where(_POOL.c.id == bindparam("pool"))
    .values(
        taken=_POOL.c.taken + _SEATED_NOW,
        waiting=_POOL.c.waiting + _COME - _SEATED_NOW,
        next_position=_POOL.c.next_position + _COME - _SEATED_NOW,
    )
    .returning(_POOL.c.waiting, _POOL.c.next_position)
)


def take_seats(pool_id: int, seats: int = 1) -> bool:
    """Take so many seats at once while nobody waits and all are free; none of them otherwise."""
    taken = db.session.execute(
        update(SeatPool)
        .where(SeatPool.id == pool_id, SeatPool.waiting == 0, SeatPool.taken + seats <= SeatPool.capacity)
        .values(taken=SeatPool.taken + seats)
        .returning(SeatPool.id)
        .execution_options(synchronize_session=False)
    ).first()
    return taken is not None


def add_seat(pool_id: int) -> None:
    """Add a seat for somebody who stands at the door of a full run, and take it; one statement.

    It goes when anybody of the run leaves: see :func:`release_place`.
    """
    db.session.execute(
        update(SeatPool)
        .where(SeatPool.id == pool_id, SeatPool.unit_id.is_(None))
        .values(taken=SeatPool.taken + 1, capacity=SeatPool.capacity + 1, extra=SeatPool.extra + 1)
        .execution_options(synchronize_session=False)
    )


def locked_pools(run_id: int) -> Pools:
    """Return the run's pools with their rows locked until the transaction ends, as they are now.

    Locks are taken in the order of the pools' ids; whoever needs two runs' takes them through :func:`both_locked`.
    """
    return _locked(run_id)[run_id]


def both_locked(run_id: int, other_id: int) -> tuple[Pools, Pools]:
    """Return the pools of two runs, locked in the one order that everybody keeps (rel-F16)."""
    found = _locked(run_id, other_id)
    return found[run_id], found[other_id]


def all_locked(run_ids: Collection[int]) -> dict[int, Pools]:
    """Return {run id: its pools} of many runs, locked in the one order that everybody keeps."""
    return _locked(*run_ids)


def _locked(*run_ids: int) -> dict[int, Pools]:
    rows = db.session.scalars(
        select(SeatPool)
        .where(SeatPool.run_id.in_(run_ids))
        .order_by(SeatPool.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()
    return {
        run_id: Pools(
            next(row for row in rows if row.run_id == run_id and row.unit_id is None),
            tuple(row for row in rows if row.run_id == run_id and row.unit_id is not None),
        )
        for run_id in run_ids
    }


def release_place(pools: Pools, signup: Signup) -> None:
    """Give back the seat or the place in the line of a live sign-up; the pools are locked by the caller.

    A reserved seat goes back to its reserve until that was released; from then on it is everybody's. While there are
    seats that were added at the door, the one given back is one of those, and is gone.
    """
    pool = pools.of(signup)
    if signup.state in SEATED:
        pool.taken -= 1
        if pool.extra:
            pool.extra -= 1
            pool.capacity -= 1
        if pool.released_at is not None:
            pool.capacity -= 1
            pools.open.capacity += 1
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
