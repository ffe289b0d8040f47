"""What the templates may call: dates and figures in Chinese words, and the address of a static file.

Datetimes come in aware and are shown in Asia/Shanghai; dates are shown as they are.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from flask import Flask, url_for

SHANGHAI = ZoneInfo("Asia/Shanghai")
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


def thousands(number: float | None) -> str:
    """105,000; nothing to show reads —."""
    return "—" if number is None else f"{number:,}"


def percent(part: float, whole: float | None) -> str:
    """Share of the whole, rounded down: 100% is never shown one short of the target; — without a target."""
    if not whole:
        return "—"
    return f"{int(100 * part // whole)}%"


def stable_id(words: str) -> str:
    """Short id for an element, the same for the same words."""
    return hashlib.sha256(words.encode()).hexdigest()[:8]


_SHOWN = (month, day_number, weekday, day, date_long, clock_time, day_time, time_range, day_time_range)
FILTERS: dict[str, Callable[..., Any]] = {each.__name__: each for each in (*_SHOWN, thousands, percent, stable_id)}


@cache
def _fingerprint(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:8]


def register(app: Flask) -> None:
    """Give the templates the filters above and `asset(name)`, a static address that changes with its content."""

    def asset(name: str) -> str:
        folder = Path(str(app.static_folder))
        return url_for("static", filename=name, v=_fingerprint(folder / name))

    app.jinja_env.filters.update(FILTERS)
    app.jinja_env.globals["asset"] = asset
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
