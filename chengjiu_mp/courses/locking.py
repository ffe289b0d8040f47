"""When a run's list of names is final: until then a ticket's holder corrects it, afterwards staff do."""

from datetime import datetime, timedelta

from chengjiu_mp.core import clock
from chengjiu_mp.courses.models import CourseRun

# The evening before: the clerk prints the list in the morning, and nobody is asked to decide weeks ahead.
LOCK_DAYS_BEFORE = 1
LOCK_HOUR = 18


def roster_locks_at(run: CourseRun) -> datetime:
    """Return the instant (UTC) from which the list is final: 18:00 in Jiangyin on the day before the first meeting."""
    return clock.at_local(clock.day_of(run.starts_at) - timedelta(days=LOCK_DAYS_BEFORE), LOCK_HOUR)


def roster_locked(run: CourseRun) -> bool:
    """Return whether the list is final now; that of a run which is not published (closed, cancelled) always is."""
    return run.state != "published" or clock.now() >= roster_locks_at(run)
