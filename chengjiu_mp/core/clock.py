"""Business time: one place that says what now is, and that a test can set.

Instants are timezone-aware UTC; days are calendar days in Asia/Shanghai (no daylight saving since 1991). Leases do
not use this clock: they are judged by the database's own (``core/jobs.py``), so that a test's or a machine's clock
can never free somebody's lease."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")

_source: Callable[[], datetime | None] | None = None


def set_source(source: Callable[[], datetime | None] | None) -> None:
    """Let ``source`` say what now is; without one, or where it answers ``None``, it is the real time. Tests and the
    test hooks use it.
    """
    global _source
    _source = source


def now() -> datetime:
    """Return the current instant, UTC and aware."""
    return (_source and _source()) or datetime.now(UTC)


def today() -> date:
    """Return the current day in Asia/Shanghai."""
    return now().astimezone(SHANGHAI).date()


def local(instant: datetime) -> datetime:
    """Return ``instant`` as wall time in Asia/Shanghai."""
    return instant.astimezone(SHANGHAI)


def day_of(instant: datetime) -> date:
    """Return the Asia/Shanghai day that ``instant`` falls in."""
    return local(instant).date()


def at_local(day: date, hour: int = 0, minute: int = 0) -> datetime:
    """Return the UTC instant of a wall time in Asia/Shanghai."""
    return datetime.combine(day, time(hour, minute), SHANGHAI).astimezone(UTC)


@contextmanager
def standing_at(instant: datetime) -> Iterator[None]:
    """Let business time stand at ``instant`` within the block: seeds build a past with it."""
    global _source
    before, _source = _source, lambda: instant
    try:
        yield
    finally:
        _source = before
