"""场次日历: a month as a grid on a desk, as a list of days on a phone, with what clashes."""

from datetime import date
from typing import Any

from flask import Blueprint, render_template, request, url_for

from chengjiu_mp.core import clock, context
from chengjiu_mp.core.access import STAFF, access
from chengjiu_mp.core.calendar import DayKind, add_months
from chengjiu_mp.core.day_words import WEEKDAYS
from chengjiu_mp.courses.clashes import VENUE, Slot
from chengjiu_mp.courses.month import month_of
from chengjiu_mp.courses.month_calendar import CalendarDay, CalendarMonth, calendar_month
from chengjiu_mp.courses.publishing import PUBLISHING_ROLES

blueprint = Blueprint("console_calendar", __name__, url_prefix="/console/calendar")


@blueprint.get("/")
@access(STAFF)
def index() -> str:
    """Show a month."""
    first = month_of(request.args.get("month"))
    shown = calendar_month(first)
    return render_template(
        "admin/calendar.html", title=f"{first.year}年{first.month}月", first=first,
        days=[_day(one, shown) for one in shown.days], before=_address(add_months(first, -1)),
        after=_address(add_months(first, 1)), weekdays=WEEKDAYS, said=shown.clashes,
        drafts=len({one.run_id for one in shown.slots if one.state == "draft"}), empty=not shown.slots,
        publisher=context.principal().has(*PUBLISHING_ROLES),
        drafter=context.principal().has("operator", "unit_manager"),
    )  # fmt: skip


def _address(first: date) -> str:
    return url_for(".index", month=f"{first:%Y-%m}")


def _day(one: CalendarDay, shown: CalendarMonth) -> dict[str, Any]:
    return {
        "day": one.day, "word": one.word, "off": one.kind in (DayKind.HOLIDAY, DayKind.WEEKEND),
        "holiday": one.kind is DayKind.HOLIDAY, "today": one.day == clock.today(),
        "runs": [_entry(slot, shown.codes.get((slot.run_id, slot.starts_at), set())) for slot in one.slots],
    }  # fmt: skip


def _entry(slot: Slot, codes: set[str]) -> dict[str, Any]:
    return {
        "href": url_for("console_runs.show", run_id=slot.run_id), "title": slot.title, "starts_at": slot.starts_at,
        "ends_at": slot.ends_at, "place": slot.venue_name if slot.venue_id else "线上", "draft": slot.state == "draft",
        "clashes": ["地点撞期" if code == VENUE else "师资撞期" for code in sorted(codes, reverse=True)],
    }  # fmt: skip
