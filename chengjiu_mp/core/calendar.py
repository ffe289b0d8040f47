"""The calendar of mainland China: working days by the yearly notice, months, observances. Dates only, no clock.

Holidays and make-up working days are announced year by year (国务院办公厅关于部分节假日安排的通知), so they are
data: the years known at release lie in ``holidays/``, later ones are imported. Without its notice a day's kind is
`unknown`.
"""

import calendar
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any

from chengjiu_mp.core.errors import Kind, Refusal

_SHIPPED = Path(__file__).parent / "holidays"
SATURDAY = calendar.SATURDAY


class DayKind(StrEnum):
    """What a day is for people who work Monday to Friday; a weekend day that makes up for a holiday is a workday."""

    WORKDAY = "workday"
    HOLIDAY = "holiday"
    WEEKEND = "weekend"
    UNKNOWN = "unknown"


class HolidayNoticeUnreadable(Refusal):
    """An imported year that does not hold together; ``line`` among the facts names the entry."""

    code = "holiday_notice_unreadable"
    message = "放假安排里有一天写得不对：日期要写成 2026-10-01 的样子，都在同一年，放假日和调休上班日不能重复。"
    kind = Kind.INVALID


@dataclass(frozen=True, slots=True)
class HolidayYear:
    """One year's notice: days off with the holiday's name, and weekend days that are worked."""

    year: int
    holidays: Mapping[date, str]
    workdays: frozenset[date]


def read_year(document: Mapping[str, Any]) -> HolidayYear:
    """Return the notice written as {"year": int, "holidays": {"YYYY-MM-DD": name}, "workdays": ["YYYY-MM-DD"]}.

    :raise HolidayNoticeUnreadable: on a day of another year, a day in both lists, a worked day that is no weekend
    """
    try:
        year = int(document["year"])
        holidays = {date.fromisoformat(day): str(name) for day, name in document["holidays"].items()}
        workdays = frozenset(map(date.fromisoformat, document["workdays"]))
    except (AttributeError, KeyError, TypeError, ValueError):
        raise HolidayNoticeUnreadable from None
    wrong = {day for day in holidays.keys() | workdays if day.year != year}
    wrong |= {day for day in workdays if day in holidays or day.weekday() < SATURDAY}
    if wrong or not holidays:
        raise HolidayNoticeUnreadable(line=min(wrong).isoformat() if wrong else None)
    return HolidayYear(year, holidays, workdays)


@cache
def shipped_years() -> Mapping[int, HolidayYear]:
    """Return the notices known at release, by year."""
    files = sorted(_SHIPPED.glob("*.json"))
    years = (read_year(json.loads(path.read_text(encoding="utf-8"))) for path in files)
    return {notice.year: notice for notice in years}


def day_kind(day: date, years: Mapping[int, HolidayYear] | None = None) -> DayKind:
    """Return the kind of `day` by the notices given (default: those shipped); `unknown` where its year has none."""
    notice = (shipped_years() if years is None else years).get(day.year)
    if notice is None:
        return DayKind.UNKNOWN
    if day in notice.holidays:
        return DayKind.HOLIDAY
    if day in notice.workdays or day.weekday() < SATURDAY:
        return DayKind.WORKDAY
    return DayKind.WEEKEND


def holiday_name(day: date, years: Mapping[int, HolidayYear] | None = None) -> str | None:
    """Return the holiday that gives this day off, or None."""
    notice = (shipped_years() if years is None else years).get(day.year)
    return notice.holidays.get(day) if notice else None


def staff_work_on(day: date, years: Mapping[int, HolidayYear] | None = None) -> bool:
    """Return whether staff can be expected at work; without a notice Monday to Friday is the best guess."""
    kind = day_kind(day, years)
    return day.weekday() < SATURDAY if kind is DayKind.UNKNOWN else kind is DayKind.WORKDAY


def add_months(day: date, months: int) -> date:
    """Return the same day `months` later (earlier when negative), or the last of that month where it is shorter.

    2024-02-29 and 36 months give 2027-02-28: a certificate is valid through the end of that day.

    :raise ValueError: when the result lies outside the years 1 to 9999
    """
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    if not date.min.year <= year <= date.max.year:
        raise ValueError("no such year")
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def nth_weekday(year: int, month: int, nth: int, weekday: int) -> date:
    """Return the `nth` (from 1) given weekday (Monday is 0) of a month.

    :raise ValueError: when the month has no such day
    """
    first = date(year, month, 1)
    found = first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (nth - 1))
    if nth < 1 or found.month != month:
        raise ValueError("no such weekday in this month")
    return found


def world_first_aid_day(year: int) -> date:
    """Return 世界急救日, the second Saturday of September."""
    return nth_weekday(year, 9, 2, SATURDAY)


def observances(year: int) -> dict[date, str]:
    """Return the days campaigns hang on, with their names."""
    return {
        date(year, 5, 8): "世界红十字日",
        date(year, 5, 12): "全国防灾减灾日",
        world_first_aid_day(year): "世界急救日",
    }
