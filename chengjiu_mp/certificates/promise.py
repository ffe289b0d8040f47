"""How soon the desk answers a request about a certificate. Nobody has confirmed the figure (待业务核实)."""

from datetime import date, timedelta

from chengjiu_mp.core.calendar import staff_work_on

WORKING_DAYS = 3

_FIGURES = "零一两三四五六七八九十"


def within() -> str:
    """Return the promise in words: 三个工作日内."""
    figure = _FIGURES[WORKING_DAYS] if len(_FIGURES) > WORKING_DAYS else str(WORKING_DAYS)
    return f"{figure}个工作日内"


def due_on(asked: date) -> date:
    """Return the last day on which an answer to what was asked on ``asked`` is in time."""
    day, left = asked, WORKING_DAYS
    while left:
        day += timedelta(days=1)
        left -= staff_work_on(day)
    return day
