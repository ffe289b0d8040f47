"""场次日历: a month as a grid on a desk, as a list of days on a phone, with what clashes."""

import calendar
from collections import defaultdict
from datetime import date, datetime, timedelta
from typing import Any

from flask import Blueprint, render_template, request, url_for

from chengjiu_mp.core import clock, context
from chengjiu_mp.core.access import STAFF, access
from chengjiu_mp.core.calendar import DayKind, add_months, day_kind, holiday_name, observances
from chengjiu_mp.core.day_words import WEEKDAYS
from chengjiu_mp.courses.clashes import VENUE, Clash, Slot, clashes, slots_between
from chengjiu_mp.courses.month import month_of, span_of
from chengjiu_mp.courses.publishing import PUBLISHING_ROLES

blueprint = Blueprint("console_calendar", __name__, url_prefix="/console/calendar")

At = tuple[int | None, datetime]


@blueprint.get("/")
@access(STAFF)
def index() -> str:
    """Show a month."""
    first = month_of(request.args.get("month"))
    mine, known = slots_between(*span_of(first))
    found = clashes(mine, known)
    return render_template(
        "admin/calendar.html", title=f"{first.year}年{first.month}月", first=first, days=_days(first, mine, found),
        before=_address(add_months(first, -1)), after=_address(add_months(first, 1)), weekdays=WEEKDAYS,
        said=_once(found), drafts=len({one.run_id for one in mine if one.state == "draft"}), empty=not mine,
        publisher=context.principal().has(*PUBLISHING_ROLES),
        drafter=context.principal().has("operator", "unit_manager"),
    )  # fmt: skip


def _address(first: date) -> str:
    return url_for(".index", month=f"{first:%Y-%m}")


def _days(first: date, mine: list[Slot], found: list[Clash]) -> list[dict[str, Any]]:
    codes: dict[At, set[str]] = defaultdict(set)
    for clash in found:
        codes[clash.mine.run_id, clash.mine.starts_at].add(clash.code)
    held: dict[date, list[Slot]] = defaultdict(list)
    for slot in mine:
        held[clock.day_of(slot.starts_at)].append(slot)
    count = calendar.monthrange(first.year, first.month)[1]
    return [_day(first + timedelta(days=n), held, codes) for n in range(count)]


def _day(day: date, held: dict[date, list[Slot]], codes: dict[At, set[str]]) -> dict[str, Any]:
    kind = day_kind(day)
    word = holiday_name(day) or observances(day.year).get(day, "")
    if kind is DayKind.WORKDAY and day.weekday() >= calendar.SATURDAY:
        word = "调休上班"
    return {
        "day": day, "word": word, "off": kind in (DayKind.HOLIDAY, DayKind.WEEKEND), "holiday": kind is DayKind.HOLIDAY,
        "today": day == clock.today(), "runs": [_entry(one, codes[one.run_id, one.starts_at]) for one in held[day]],
    }  # fmt: skip


def _entry(slot: Slot, codes: set[str]) -> dict[str, Any]:
    return {
        "href": url_for("console_runs.show", run_id=slot.run_id), "title": slot.title, "starts_at": slot.starts_at,
        "ends_at": slot.ends_at, "place": slot.venue_name if slot.venue_id else "线上", "draft": slot.state == "draft",
        "clashes": ["地点撞期" if code == VENUE else "师资撞期" for code in sorted(codes, reverse=True)],
    }  # fmt: skip


def _once(found: list[Clash]) -> list[Clash]:
    """Each overlap is found from both sides when both runs are in scope; it is told once."""
    seen: dict[tuple[str, str, frozenset[At]], Clash] = {}
    for one in found:
        pair = frozenset({(one.mine.run_id, one.mine.starts_at), (one.other.run_id, one.other.starts_at)})
        seen.setdefault((one.code, one.over, pair), one)
    return list(seen.values())
