"""A month day by day: what is held, what kind of day it is, and what clashes, for the console and for programs."""

import calendar
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from chengjiu_mp.core import clock
from chengjiu_mp.core.calendar import DayKind, day_kind, holiday_name, observances
from chengjiu_mp.courses.clashes import Clash, Slot, clashes, slots_between
from chengjiu_mp.courses.month import span_of

At = tuple[int | None, datetime]


@dataclass(frozen=True)
class CalendarDay:
    """A day and the meetings that begin on it. ``word`` names a holiday, an observance or 调休上班, empty for none."""

    day: date
    word: str
    kind: DayKind
    slots: Sequence[Slot]


@dataclass(frozen=True)
class CalendarMonth:
    """``codes`` {(run id, begin): what that meeting clashes over}; ``clashes`` names each overlap once."""

    first: date
    days: list[CalendarDay]
    clashes: list[Clash]
    codes: dict[At, set[str]] = field(default_factory=dict)

    @property
    def slots(self) -> list[Slot]:
        return [slot for one in self.days for slot in one.slots]


def calendar_month(first: date) -> CalendarMonth:
    """Return the month that begins on ``first``, in the caller's scope."""
    mine, known = slots_between(*span_of(first))
    found = clashes(mine, known)
    codes: dict[At, set[str]] = defaultdict(set)
    for clash in found:
        codes[clash.mine.run_id, clash.mine.starts_at].add(clash.code)
    held: dict[date, list[Slot]] = defaultdict(list)
    for slot in mine:
        held[clock.day_of(slot.starts_at)].append(slot)
    count = calendar.monthrange(first.year, first.month)[1]
    days = [_day(first + timedelta(days=n), held) for n in range(count)]
    return CalendarMonth(first, days, _once(found), dict(codes))


def _day(day: date, held: dict[date, list[Slot]]) -> CalendarDay:
    kind = day_kind(day)
    word = holiday_name(day) or observances(day.year).get(day, "")
    if kind is DayKind.WORKDAY and day.weekday() >= calendar.SATURDAY:
        word = "调休上班"
    return CalendarDay(day, word, kind, held[day])


def _once(found: Sequence[Clash]) -> list[Clash]:
    """Each overlap is found from both sides when both runs are in scope; it is told once."""
    seen: dict[tuple[str, str, frozenset[At]], Clash] = {}
    for one in found:
        pair = frozenset({(one.mine.run_id, one.mine.starts_at), (one.other.run_id, one.other.starts_at)})
        seen.setdefault((one.code, one.over, pair), one)
    return list(seen.values())
