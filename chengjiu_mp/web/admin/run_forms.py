"""The form of a run: dates and times as staff type them, in Jiangyin's time."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from pydantic import Field

from chengjiu_mp.core import clock
from chengjiu_mp.core.context import Principal
from chengjiu_mp.core.parsing import In, RowId, TimeOfDay
from chengjiu_mp.courses import queries
from chengjiu_mp.courses.copying import as_it_is
from chengjiu_mp.courses.drafting import DRAFTING_ROLES, Draft
from chengjiu_mp.courses.errors import RunTimesWrong
from chengjiu_mp.courses.models import Meeting
from chengjiu_mp.courses.policy import units_in_scope
from chengjiu_mp.courses.queries import RunAndSeats
from chengjiu_mp.courses.sittings import Sitting
from chengjiu_mp.units.models import KEY_GROUPS
from chengjiu_mp.units.queries import sectors, units_to_choose

SITTINGS = range(1, 5)


class SittingPage(In):
    """One line of the timetable; an empty line is left out."""

    day: date | None = None
    begins: TimeOfDay | None = None
    ends: TimeOfDay | None = None


class RunPage(In):
    kind: str = Field("cpr_aed", max_length=30)
    unit_id: RowId
    venue_id: RowId
    sector: str = Field("community", max_length=20)
    title: str = Field("", max_length=100)
    capacity: int | None = Field(None, ge=1, le=5000)
    opens: datetime | None = None
    closes: datetime | None = None
    instructor_ids: list[RowId] = Field(default_factory=list, max_length=20)
    audience: str = Field("all", pattern="^(all|unit)$")
    online: bool = False
    key_group: str | None = Field(None, max_length=20)
    m1: SittingPage | None = None
    m2: SittingPage | None = None
    m3: SittingPage | None = None
    m4: SittingPage | None = None


def draft_of(given: RunPage) -> Draft:
    """Return the draft that was filled in.

    :raise RunTimesWrong: when a line of the timetable is half filled in
    """
    return Draft(
        kind=given.kind, unit_id=given.unit_id, venue_id=given.venue_id, sector=given.sector, title=given.title,
        capacity=given.capacity, signup_opens_at=_instant(given.opens), signup_closes_at=_instant(given.closes),
        instructor_ids=given.instructor_ids, open_to_all=given.audience == "all", online=given.online,
        key_group=given.key_group,
        meetings=sittings_of([line for line in (given.m1, given.m2, given.m3, given.m4) if line is not None]),
    )  # fmt: skip


def sittings_of(lines: Sequence[SittingPage]) -> list[Sitting]:
    """Return the sittings of a timetable.

    :raise RunTimesWrong: when a line is half filled in
    """
    return [_sitting(line) for line in lines]


def _instant(typed: datetime | None) -> datetime | None:
    return typed.replace(tzinfo=clock.SHANGHAI) if typed and typed.tzinfo is None else typed


def _sitting(line: SittingPage) -> Sitting:
    if line.day is None or line.begins is None or line.ends is None:
        raise RunTimesWrong("课次的日期、开始和结束时间都要填。", field="meetings")
    return Sitting(*(datetime.combine(line.day, at, clock.SHANGHAI) for at in (line.begins, line.ends)))


def choices(who: Principal) -> dict[str, Any]:
    """Return what the form's lists offer to this caller."""
    scope = units_in_scope(who, DRAFTING_ROLES)
    return {
        "kinds": [(kind.code, kind.name) for kind in queries.course_types()],
        "units": [(unit.id, unit.name) for unit in units_to_choose(scope)],
        "venues": [(venue.id, venue.name) for venue in queries.venues_to_choose()],
        "sectors": [(sector.code, sector.name) for sector in sectors()],
        "groups": [("", "不限"), *KEY_GROUPS.items()],
        "teachers": [(str(one.id), one.name) for one in queries.instructors_to_choose()],
    }


def typed(found: RunAndSeats, meetings: list[Meeting], teachers: list[int]) -> dict[str, str | list[str]]:
    """Return a run as the form's fields would hold it."""
    return fields_of(
        replace(
            as_it_is(found),
            meetings=[Sitting(one.starts_at, one.ends_at) for one in meetings],
            signup_opens_at=found.run.signup_opens_at,
            signup_closes_at=found.run.signup_closes_at,
            instructor_ids=teachers,
        )
    )


def fields_of(draft: Draft) -> dict[str, str | list[str]]:
    """Return a draft as the form's fields would hold it."""
    values: dict[str, str | list[str]] = {
        "kind": draft.kind, "unit_id": str(draft.unit_id), "venue_id": str(draft.venue_id), "sector": draft.sector,
        "title": draft.title, "capacity": str(draft.capacity or ""), "opens": _local(draft.signup_opens_at),
        "closes": _local(draft.signup_closes_at), "key_group": draft.key_group or "",
        "audience": "all" if draft.open_to_all else "unit", "online": "1" if draft.online else "",
        "instructor_ids": [str(one) for one in draft.instructor_ids],
    }  # fmt: skip
    return values | timetable(draft.meetings)


def timetable(meetings: Sequence[Sitting | Meeting]) -> dict[str, str]:
    """Return a run's sittings as the form's fields would hold them."""
    values: dict[str, str] = {}
    for number, meeting in enumerate(meetings, 1):
        day, _, begins = _local(meeting.starts_at).partition("T")
        at = f"m{number}"
        values |= {f"{at}.day": day, f"{at}.begins": begins, f"{at}.ends": _local(meeting.ends_at).partition("T")[2]}
    return values


def _local(instant: datetime | None) -> str:
    return f"{clock.local(instant):%Y-%m-%dT%H:%M}" if instant else ""
