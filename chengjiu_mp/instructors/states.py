"""What a refresher date means today. An unknown date is 待核实, never overdue."""

from datetime import date, timedelta
from enum import StrEnum

from chengjiu_mp.core.day_words import date_long
from chengjiu_mp.instructors.models import Instructor

STAGES = (90, 60, 30, 7, 0)
SOON = timedelta(days=STAGES[0])


class DueState(StrEnum):
    """The state of an instructor on a day; the last day itself is still in time."""

    VALID = "valid"
    SOON = "soon"
    OVERDUE = "overdue"
    UNKNOWN = "unknown"
    SUSPENDED = "suspended"
    RETIRED = "retired"


WORDS = {
    DueState.VALID: ("有效", "ok"), DueState.SOON: ("临期", "warn"), DueState.OVERDUE: ("已过期", "bad"),
    DueState.UNKNOWN: ("待核实", "plain"), DueState.SUSPENDED: ("暂停", "plain"), DueState.RETIRED: ("已退出", "plain"),
}  # fmt: skip


def due_state(instructor: Instructor, today: date) -> DueState:
    """Return the state on ``today``."""
    if instructor.status != "active":
        return DueState(instructor.status)
    if instructor.refresh_due is None:
        return DueState.UNKNOWN
    if overdue_on(instructor, today):
        return DueState.OVERDUE
    return DueState.SOON if instructor.refresh_due - today <= SOON else DueState.VALID


def overdue_on(instructor: Instructor, day: date) -> bool:
    """Return whether the refresher is past on ``day``: what assigning to a run and examining both ask."""
    return instructor.refresh_due is not None and instructor.refresh_due < day


def unfit_on(instructor: Instructor, day: date) -> tuple[DueState, str] | None:
    """Return why somebody may not act as an instructor on ``day``, in words for a sentence; None when they may.

    An unknown refresher date is 待核实 and stands in nobody's way.
    """
    if instructor.status != "active":
        state = DueState(instructor.status)
        return state, f"{instructor.name}的师资资格{'已暂停' if state is DueState.SUSPENDED else '已退出'}"
    if overdue_on(instructor, day):
        return DueState.OVERDUE, f"{instructor.name}的复训已在{date_long(instructor.refresh_due)}到期"
    return None


def stage_of(due: date, today: date) -> int | None:
    """Return the newest reminder stage that a day has reached: 90 down to 0, None while it is too early."""
    left = (due - today).days
    reached = [stage for stage in STAGES if left <= stage]
    return reached[-1] if reached else None
