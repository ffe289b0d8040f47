"""Places reserved for a unit inside an open run, and their release by a rule (feat-A11)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from chengjiu_mp.core import audit, clock
from chengjiu_mp.core.db import db, violated
from chengjiu_mp.courses.errors import AlreadyReserved, PlacesNotFree, UnknownChoice
from chengjiu_mp.courses.models import CourseRun, SeatPool
from chengjiu_mp.courses.promoting import promote_from_waitlist
from chengjiu_mp.courses.publishing import locked_published
from chengjiu_mp.courses.queries import run_with_seats
from chengjiu_mp.courses.seats import locked_pools
from chengjiu_mp.units.models import Unit
from chengjiu_mp.units.queries import ancestor_ids

# What a unit has not used three days ahead goes to everybody who waits.
RELEASED_BEFORE = timedelta(days=3)


def reserve_places(run: CourseRun, unit_id: int, places: int, release_at: datetime | None = None) -> SeatPool:
    """Keep free seats of a run for a unit and everything below it; the public sees so many fewer.

    :param release_at: when the unused ones go to everybody; when None three days before the run, or three days from
        now for a run that is nearer
    :raise RunNotOpen: when it is not published; :raise UnknownChoice: when there is no such unit
    :raise PlacesNotFree: when not so many seats are free; :raise AlreadyReserved: this unit has some here
    """
    unit = db.session.get(Unit, unit_id)
    if unit is None or not unit.active:
        raise UnknownChoice(field="unit_id")
    run, pools = locked_published(run)
    free = 0 if pools.open.waiting else pools.open.capacity - pools.open.taken
    if places > free:
        raise PlacesNotFree(f"现在最多还能预留 {free} 个名额。", field="places", free=free)
    pools.open.capacity -= places
    due = release_at or max(run.starts_at - RELEASED_BEFORE, min(clock.now() + RELEASED_BEFORE, run.signup_closes_at))
    reserve = SeatPool(run_id=run.id, unit_id=unit_id, capacity=places, release_at=due)
    try:
        with db.session.begin_nested():
            db.session.add(reserve)
    except IntegrityError as exc:
        if violated(exc, "uq_seat_pool_unit"):
            raise AlreadyReserved(field="unit_id") from exc
        raise
    audit.record("run.places_reserved", run, unit_id=run.unit_id, for_unit=unit_id, places=places)
    return reserve


def release_places(run_id: int, pool_id: int) -> int:
    """Give what is unused of a reserve to everybody, first to who waits; return how many. Twice is once."""
    pools, found = locked_pools(run_id), run_with_seats(run_id)
    reserve = next((pool for pool in pools.reserved if pool.id == pool_id), None)
    if reserve is None or reserve.released_at is not None:
        return 0
    unused = reserve.capacity - reserve.taken
    reserve.capacity, reserve.released_at = reserve.taken, clock.now()
    pools.open.capacity += unused
    db.session.flush()
    audit.record("run.places_released", found.run, unit_id=found.run.unit_id, for_unit=reserve.unit_id, places=unused)
    if found.run.state == "published":
        promote_from_waitlist(pools, found.run)
    return unused


def reserve_for(run_id: int, unit_id: int) -> int | None:
    """Return the id of the reserve that a unit's people may use: its own, else the nearest above it."""
    rows = db.session.execute(
        select(SeatPool.unit_id, SeatPool.id).where(
            SeatPool.run_id == run_id, SeatPool.unit_id.is_not(None), SeatPool.released_at.is_(None)
        )
    ).all()
    if not rows:
        return None
    by_unit = {row.unit_id: row.id for row in rows}
    return next((by_unit[unit] for unit in ancestor_ids(unit_id) if unit in by_unit), None)


def reserves_due() -> list[tuple[int, int]]:
    """Return (run id, pool id) of the reserves whose time has come."""
    due = select(SeatPool.run_id, SeatPool.id).where(SeatPool.released_at.is_(None), SeatPool.release_at <= clock.now())
    return [(row[0], row[1]) for row in db.session.execute(due.order_by(SeatPool.id).limit(200))]


def reserved_in(run_ids: Sequence[int]) -> dict[int, tuple[int, int]]:
    """Return {run id: (seats taken, seats)} of these runs' reserves, released ones too; runs without are missing."""
    rows = db.session.execute(
        select(SeatPool.run_id, func.sum(SeatPool.taken), func.sum(SeatPool.capacity))
        .where(SeatPool.run_id.in_(run_ids), SeatPool.unit_id.is_not(None))
        .group_by(SeatPool.run_id)
    )
    return {row[0]: (row[1], row[2]) for row in rows}


@dataclass(frozen=True)
class Reserved:
    """A reserve and the unit it is for."""

    pool: SeatPool
    unit: Unit


def reserves_listed(run_id: int) -> list[Reserved]:
    """Return the reserves of a run, released ones too, in the order they were made."""
    rows = db.session.execute(
        select(SeatPool, Unit).join(Unit, Unit.id == SeatPool.unit_id).where(SeatPool.run_id == run_id)
        .order_by(SeatPool.id)
    )  # fmt: skip
    return [Reserved(row[0], row[1]) for row in rows]
