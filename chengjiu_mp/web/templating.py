"""What the templates may call: dates and figures in Chinese words, and the address of a static file.

Datetimes come in aware and are shown in Asia/Shanghai; dates are shown as they are.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from flask import Flask, url_for
from markupsafe import Markup, escape

from chengjiu_mp.core.day_words import (
    clock_time,
    date_long,
    day,
    day_number,
    day_time,
    day_time_long,
    day_time_range,
    month,
    time_range,
    weekday,
)
from chengjiu_mp.people.documents import mask_document
from chengjiu_mp.people.name_display import mask_name
from chengjiu_mp.people.phones import mask_phone

__all__ = [
    "FILTERS", "clock_time", "date_long", "day", "day_number", "day_time", "day_time_long", "day_time_range",
    "month", "percent", "register", "stable_id", "thousands", "time_range", "weekday",
]  # fmt: skip


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


# With what ends its clause: no line may begin with that.
_DATE = re.compile(r"（?\d+月\d+日（周.）(?:\d\d:\d\d(?:–\d\d:\d\d)?)?[，。、；：）]?")


def keep_dates(words: object) -> Markup:
    """Keep a day with its weekday, and a time with itself, from breaking across lines."""
    return Markup(_DATE.sub(_kept, str(escape(words))))  # noqa: S704  escaped before


def _kept(found: re.Match[str]) -> str:
    day_words, end, times = found[0].partition("）")
    # A day with a range is longer than a phone's column: it may break before the times.
    parts = (day_words + end, times) if "–" in times else (found[0],)
    return "<wbr>".join(f'<span class="kept">{part}</span>' for part in parts)


# A telephone number with its area's, and any long row of digits.
_NUMBER = re.compile(r"\d{3,4}-\d{7,8}|\d{7,}", re.ASCII)


def keep_numbers(words: object) -> Markup:
    """Keep a telephone number, which may break at its hyphen, from breaking across lines."""
    return Markup(_NUMBER.sub(r'<span class="kept">\g<0></span>', str(escape(words))))  # noqa: S704  escaped before


_SHOWN = (month, day_number, weekday, day, date_long, clock_time, day_time, day_time_long, time_range, day_time_range)
_MASKS = (mask_name, mask_phone, mask_document)
FILTERS: dict[str, Callable[..., Any]] = {
    each.__name__: each for each in (*_SHOWN, *_MASKS, thousands, percent, stable_id, keep_dates, keep_numbers)
}


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
