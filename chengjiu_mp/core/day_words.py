"""Dates and times in Chinese words, on Jiangyin's clock.

Datetimes come in aware; dates are shown as they are. An unknown one reads 待核实.
"""

import datetime as dt

from chengjiu_mp.core.clock import SHANGHAI

WEEKDAYS = "一二三四五六日"
DASH = "–"


def _local(moment: dt.date | dt.datetime) -> dt.date | dt.datetime:
    """Return the moment on Jiangyin's clock; a date has none and stays.

    :raise ValueError: for a datetime without a zone, which could mean either clock
    """
    if not isinstance(moment, dt.datetime):
        return moment
    if moment.tzinfo is None:
        raise ValueError("a datetime without a zone cannot be shown")
    return moment.astimezone(SHANGHAI)


def month(moment: dt.date | dt.datetime) -> str:
    """11月."""
    return f"{_local(moment).month}月"


def day_number(moment: dt.date | dt.datetime) -> str:
    """28."""
    return str(_local(moment).day)


def weekday(moment: dt.date | dt.datetime) -> str:
    """周六."""
    return "周" + WEEKDAYS[_local(moment).weekday()]


def day(moment: dt.date | dt.datetime | None) -> str:
    """11月28日（周六）; an unknown date reads 待核实."""
    if moment is None:
        return "待核实"
    return f"{month(moment)}{day_number(moment)}日（{weekday(moment)}）"


def date_long(moment: dt.date | dt.datetime | None) -> str:
    """2026年11月28日; an unknown date reads 待核实."""
    if moment is None:
        return "待核实"
    return f"{_local(moment).year}年{month(moment)}{day_number(moment)}日"


def clock_time(moment: dt.datetime) -> str:
    """14:00."""
    return f"{_local(moment):%H:%M}"


def day_time(moment: dt.datetime | None) -> str:
    """11月28日（周六）14:00; an unknown moment reads 待核实."""
    return "待核实" if moment is None else day(moment) + clock_time(moment)


def day_time_long(moment: dt.datetime | None) -> str:
    """2026年11月28日 14:00, for records that are read years later; an unknown moment reads 待核实."""
    return "待核实" if moment is None else f"{date_long(moment)} {clock_time(moment)}"


def time_range(start: dt.datetime, end: dt.datetime | None = None) -> str:
    """14:00–17:00, and with the later day named when it is another one."""
    if end is None:
        return clock_time(start)
    if _day_of(start) == _day_of(end):
        return clock_time(start) + DASH + clock_time(end)
    return clock_time(start) + " 至 " + day_time(end)


def day_time_range(start: dt.datetime, end: dt.datetime | None = None) -> str:
    """11月28日（周六）14:00–17:00."""
    return day(start) + time_range(start, end)


def _day_of(moment: dt.datetime) -> tuple[int, int, int]:
    here = _local(moment)
    return here.year, here.month, here.day
