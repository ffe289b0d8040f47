"""Limits that hold with several processes and without Redis (rel-T1, T2).

Each key has one row. Counting takes the row's lock, so two processes cannot both take the last try. The window is cut
into ten buckets and every bucket that overlaps it counts whole: the answer may be a tenth of a window too strict,
never too lax, in any sliding window."""

import math
from dataclasses import dataclass
from functools import cache

from sqlalchemy import Executable, bindparam, delete, func, update
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from chengjiu_mp.core import clock
from chengjiu_mp.core.db import db, execute, is_postgresql, unit_of_work
from chengjiu_mp.core.errors import TooMany
from chengjiu_mp.core.models import LimitCounter
from chengjiu_mp.core.rows import insert_into, table_of

_BUCKETS = 10


@dataclass(frozen=True)
class Limit:
    """At most ``times`` per ``seconds`` for one ``key``. The key holds ids or keyed hashes, never personal data.

    A ``soft`` one only tells how full it is: it counts on beyond ``times`` and refuses nobody.
    """

    key: str
    times: int
    seconds: int
    soft: bool = False


def spend(*limits: Limit) -> dict[str, int]:
    """Count one try against every limit, in a transaction of its own: a try that then fails was still a try.

    Return {key: tries in its window, with this one}. A refused try counts nowhere: who asks for somebody else's codes
    ten times in one minute must not use up that phone's whole day.

    :raise TooMany: when any limit is used up; ``retry_after`` says in how many seconds to come back
    """
    with unit_of_work():
        return count(*limits)


def count(*limits: Limit) -> dict[str, int]:
    """Count one try as :func:`spend` does, in the current transaction: the caller ends it soon and whatever comes next,
    for everybody behind one network waits for its row.

    :raise TooMany: as :func:`spend`; the transaction is to be rolled back
    """
    taken = {limit.key: _take(limit) for limit in sorted(limits, key=lambda one: one.key)}
    if waits := [wait for _, wait in taken.values() if wait]:
        raise TooMany(retry_after=max(waits))
    return {key: tries for key, (tries, _) in taken.items()}


def use_up(key: str, seconds: int) -> bool:
    """Take ``key`` once and for all in the current transaction; return whether this call was the first.

    Of two transactions at once the second waits for the first, and is the first itself when that one rolls back.
    """
    row = insert_into(LimitCounter).values(key=key, hits={}, touched_at=clock.now().timestamp() + seconds)
    taken = row.on_conflict_do_nothing(index_elements=["key"]).returning(LimitCounter.key)
    return db.session.execute(taken).first() is not None


def give_back(*limits: Limit) -> None:
    """Take the newest try off each limit's count, in the current transaction: it turned out to be none to count."""
    now = clock.now().timestamp()
    for limit in sorted(limits, key=lambda one: one.key):
        hits = _locked_hits(limit.key)
        if hits:
            newest = max(hits, key=int)
            hits[newest] -= 1
            left = {bucket: tries for bucket, tries in hits.items() if tries}
            db.session.execute(_COUNTED, {"counter": limit.key, "hits": left, "touched_at": now + limit.seconds})


def _take(limit: Limit) -> tuple[int, int]:
    """Count one try; return the tries in the window, and 0 or the seconds to wait when the limit is used up."""
    now = clock.now().timestamp()
    width = limit.seconds / _BUCKETS
    current = math.floor(now / width)
    hits = {int(k): n for k, n in _locked_hits(limit.key).items() if int(k) >= current - _BUCKETS}
    tries = sum(hits.values())
    if tries >= limit.times and not limit.soft:
        oldest = min(hits, default=current)
        return tries, max(1, math.ceil((oldest + _BUCKETS + 1) * width - now))
    hits[current] = hits.get(current, 0) + 1
    change = {"hits": {str(k): n for k, n in hits.items()}, "touched_at": now + limit.seconds}
    execute(_COUNTED, {"counter": limit.key, **change})
    return tries + 1, 0


def _locked_hits(key: str) -> dict[str, int]:
    fresh = {"key": key, "hits": {}, "touched_at": 0.0}
    found: dict[str, int] = execute(_lock(is_postgresql()), fresh).scalar_one()
    return found


# Statements are built once: every sign-up says them.
_TABLE = table_of(LimitCounter)
_COUNTED = update(_TABLE).where(_TABLE.c.key == bindparam("counter"))


@cache
def _lock(on_postgresql: bool) -> Executable:
    """Return what inserts a counter or, when it is there, takes its row's lock; its hits come back."""
    fresh = (pg_insert if on_postgresql else sqlite_insert)(_TABLE)
    locked = fresh.on_conflict_do_update(index_elements=["key"], set_={"key": fresh.excluded.key})
    return locked.returning(_TABLE.c.hits)


def sweep() -> int:
    """Delete counters whose window has passed; return how many."""
    past = LimitCounter.touched_at < clock.now().timestamp()
    return len(db.session.scalars(delete(LimitCounter).where(past).returning(LimitCounter.key)).all())


def active() -> int:
    """Return how many counters are kept."""
    return db.session.scalar(db.select(func.count()).select_from(LimitCounter)) or 0
