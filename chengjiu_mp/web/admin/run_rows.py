"""A run as a line of the console's tables."""

from collections.abc import Sequence

from flask import url_for

from chengjiu_mp.core import clock
from chengjiu_mp.courses.queries import RunAndSeats
from chengjiu_mp.courses.reserving import reserved_in
from chengjiu_mp.web.h5.run_words import pill
from chengjiu_mp.web.templating import day_time_range, keep_dates

RUN_COLUMNS = ["场次", "时间", "单位", {"label": "已报", "num": True}, {"label": "名额", "num": True}, "状态"]


def run_rows(runs: Sequence[RunAndSeats]) -> list[list[object]]:
    """Return a line of ``RUN_COLUMNS`` for each run; places reserved for units are seats like the others."""
    reserved = reserved_in([one.run.id for one in runs])
    return [_row(one, *reserved.get(one.run.id, (0, 0))) for one in runs]


def _row(found: RunAndSeats, reserved_taken: int, reserved: int) -> list[object]:
    word, tone = run_state(found)
    name = {"text": found.run.title, "href": url_for("console_runs.show", run_id=found.run.id)}
    when = day_time_range(found.run.starts_at, found.run.ends_at)
    if (year := clock.local(found.run.starts_at).year) != clock.today().year:
        when = f"{year}年{when}"
    state = {"text": word, "tone": tone}
    return [
        name,
        keep_dates(when),
        found.unit.name,
        found.pool.taken + reserved_taken,
        found.pool.capacity + reserved,
        state,
    ]


def run_state(found: RunAndSeats) -> tuple[str, str]:
    """Return where a run stands in a word, and its tone."""
    word, tone = pill(found)
    return (word, tone) if word else (("报名中", "ok") if found.phase == "open" else ("已满，候补中", "warn"))
