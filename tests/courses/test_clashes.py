"""One hall, one instructor, one hour: what clashes, and whose business it is."""

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from chengjiu_mp.core import clock
from chengjiu_mp.core.db import db
from chengjiu_mp.courses.clashes import INSTRUCTOR, VENUE, Slot, clashes, clashes_of, slots_between
from chengjiu_mp.courses.models import CourseRun
from chengjiu_mp.courses.publishing import warnings_of
from tests import factories
from tests.counting import statements

pytestmark = pytest.mark.usefixtures("app")

NOON = clock.at_local(clock.local(clock.now()).date(), 12)


def slot(begins: float, ends: float, venue: int | None = 1, teacher: int = 0, run: int | None = None) -> Slot:
    starts, stops = NOON + timedelta(hours=begins), NOON + timedelta(hours=ends)
    teachers = {teacher: "陈建国"} if teacher else {}
    return Slot(starts, stops, venue, "训练厅", teachers, run, "另一场", "published")


@pytest.mark.parametrize(
    ("mine", "other", "codes"),
    [
        (slot(0, 3), slot(2, 4), [VENUE]),
        (slot(0, 3), slot(1, 2), [VENUE]),
        (slot(1, 2), slot(0, 3), [VENUE]),
        (slot(0, 3), slot(3, 4), []),
        (slot(3, 4), slot(0, 3), []),
        (slot(0, 3), slot(0, 3, venue=2), []),
        (slot(0, 3, venue=None), slot(0, 3, venue=None), []),
        (slot(0, 3, teacher=5), slot(0, 3, venue=2, teacher=5), [INSTRUCTOR]),
        (slot(0, 3, teacher=5), slot(0, 3, teacher=5), [VENUE, INSTRUCTOR]),
        (slot(0, 3, venue=None, teacher=5), slot(0, 3, teacher=5), [INSTRUCTOR]),
        (slot(0, 3, teacher=5), slot(0, 3, venue=2, teacher=6), []),
        (slot(0, 3, run=7), slot(0, 3, run=7), []),
    ],
)
def test_what_meets_at_the_same_time_clashes(mine: Slot, other: Slot, codes: list[str]) -> None:
    assert [one.code for one in clashes([mine], [other])] == codes


def test_a_slot_does_not_clash_with_itself() -> None:
    one = slot(0, 3)
    assert clashes([one], [one, slot(0, 3)]) == clashes([one], [slot(0, 3)])


def a_run(title: str = "本场", **values: Any) -> CourseRun:
    with factories.made():
        return factories.run(title=title, **values)


def test_a_run_names_the_other_run_its_hall_and_its_instructor() -> None:
    with factories.made():
        hall, teacher = factories.venue(name="训练厅").id, factories.instructor("陈建国")
        mine = factories.run(venue_id=hall, instructors=[teacher])
        factories.run(title="社区班", venue_id=hall, instructors=[teacher], starts_in=timedelta(days=3, hours=2))
    said = [one.sentence for one in clashes_of(mine.id)]
    when = "（11月26日（周四）14:00–17:00）"
    assert said == [
        f"地点撞期：训练厅同一时间还有“社区班”{when}。",
        f"师资撞期：陈建国同一时间还要教“社区班”{when}。",
    ]
    assert {one.code for one in warnings_of(mine.id)} >= {VENUE, INSTRUCTOR}


@pytest.mark.parametrize(
    ("values", "counts"),
    [
        ({"state": "cancelled"}, False), ({"state": "closed"}, True), ({"online": True}, False),
        ({"state": "draft"}, True), ({"starts_in": timedelta(days=3, hours=3)}, False),
    ],
)  # fmt: skip
def test_only_what_really_takes_the_hall_counts(values: dict[str, Any], counts: bool) -> None:
    with factories.made():
        boss, hall = factories.account("operator"), factories.venue().id
        mine = factories.run(venue_id=hall)
        factories.run(venue_id=hall, **values)
    with factories.acting(boss):
        assert bool(clashes_of(mine.id)) is counts


def test_another_units_draft_is_nobody_elses_business() -> None:
    with factories.made():
        hall, here = factories.venue().id, factories.account("unit_manager", "chengjiang")
        mine = factories.run(venue_id=hall)
        other = factories.run(title="别处的", venue_id=hall, unit_id=factories.unit("nanzha").id, state="draft")
    with factories.acting(here):
        assert clashes_of(mine.id) == []
        with factories.made():
            db.session.get_one(CourseRun, other.id).state = "published"
        assert [one.other.title for one in clashes_of(mine.id)] == ["别处的"]


def test_a_month_costs_the_same_for_many_runs(app: Flask) -> None:
    with factories.made():
        boss, hall = factories.account("operator"), factories.venue().id
    span = (clock.now(), clock.now() + timedelta(days=30))
    counts = []
    for _ in range(2):
        for _ in range(6):
            a_run(venue_id=hall)
        with app.app_context(), factories.acting(boss), statements() as sent:
            mine, known = slots_between(*span)
            clashes(mine, known)
        counts.append(len(sent))
    assert counts == [3, 3]
