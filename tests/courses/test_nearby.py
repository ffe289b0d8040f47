"""What a run's page offers instead: order, reasons, and what is never offered."""

from datetime import date, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from chengjiu_mp.core import clock
from chengjiu_mp.core.db import db
from chengjiu_mp.courses.models import CourseRun, SeatPool
from chengjiu_mp.courses.nearby import alternatives_to, nearness, runs_nearby
from chengjiu_mp.courses.queries import run_with_seats
from chengjiu_mp.people.ages import age_on, birthday
from tests import factories
from tests.counting import statements

pytestmark = pytest.mark.usefixtures("app")


def a_run(title: str = "", **values: Any) -> CourseRun:
    with factories.made():
        unit = values.pop("unit", None)
        if unit:
            values["unit_id"] = factories.unit(unit).id
        if title:
            values["title"] = title
        return factories.run(**values)


def titles(run: CourseRun, **asked: Any) -> list[str]:
    return [one.run.title for one in runs_nearby(run, **asked)]


def in_days(days: float) -> dict[str, Any]:
    return {"starts_in": timedelta(days=days)}


def test_kind_comes_before_town_and_town_before_day() -> None:
    run = a_run(**in_days(1))
    a_run("别类别镇", kind="popular", unit="nanzha", **in_days(2))
    a_run("别类本镇", kind="popular", **in_days(3))
    a_run("同类别镇", unit="nanzha", **in_days(4))
    a_run("同类本镇，晚", **in_days(6))
    a_run("同类本镇，早", **in_days(5))
    expected = ["同类本镇，早", "同类本镇，晚", "同类别镇", "别类本镇", "别类别镇"]
    assert titles(run, limit=9) == expected
    assert titles(run) == expected[:3]


def test_the_reasons_go_with_the_order() -> None:
    run = a_run()
    a_run(**in_days(4))
    a_run(unit="nanzha", **in_days(4))
    a_run(kind="popular", **in_days(4))
    a_run(kind="popular", unit="nanzha", **in_days(4))
    found = run_with_seats(run.id)
    reasons = [nearness(found, one) for one in runs_nearby(run, limit=9)]
    assert reasons == [(True, True), (True, False), (False, True), (False, False)]


def test_a_unit_below_the_town_is_in_the_town() -> None:
    run = a_run()
    with factories.made():
        factories.run(title="中心小学", unit_id=factories.child_unit().id, starts_in=timedelta(days=9))
    a_run("别镇", unit="nanzha", **in_days(4))
    assert titles(run) == ["中心小学", "别镇"]


@pytest.mark.parametrize(
    "values",
    [
        {"state": "draft"}, {"state": "cancelled"}, {"state": "closed"}, {"kind": "instructor_refresh"},
        {"starts_in": timedelta(hours=-1)},
        {"starts_in": timedelta(hours=-1), "signup_closes_at": clock.at_local(date(2026, 11, 24))}, {"signup_opens_at": clock.at_local(date(2026, 11, 24))},
        {"signup_closes_at": clock.at_local(date(2026, 11, 23), 12)}, {"open_to_all": False, "unit": "nanzha"},
    ],
)  # fmt: skip
def test_what_cannot_be_joined_is_not_offered(values: dict[str, Any]) -> None:
    a_run("另一场", **values)
    assert titles(a_run()) == []


def test_a_unit_offers_its_own_runs_beside_its_own() -> None:
    a_run("本单位专场", open_to_all=False)
    assert titles(a_run()) == ["本单位专场"]


@pytest.mark.parametrize("counts", [{"taken": 50}, {"waiting": 1}])
def test_a_run_without_a_seat_for_the_next_person_is_not_offered(counts: dict[str, int]) -> None:
    run, other = a_run(), a_run("另一场")
    assert titles(run) == ["另一场"]
    with factories.made():
        pool = db.session.scalars(select(SeatPool).where(SeatPool.run_id == other.id)).one()
        for name, value in counts.items():
            setattr(pool, name, value)
    assert titles(run) == []


def test_the_age_is_that_of_the_first_day() -> None:
    run = a_run()
    a_run("生日前", **in_days(4))
    a_run("生日当天", **in_days(5))
    # 14 on the 28th, the day of the second.
    assert titles(run, born=date(2012, 11, 28)) == ["生日当天"]
    assert titles(run, born=date(2012, 11, 27)) == ["生日前", "生日当天"]


def test_a_leap_day_child_comes_of_age_on_the_first_of_march() -> None:
    birth = date(2012, 2, 29)
    days = [birthday(birth, age) for age in (14, 16)]
    assert days == [date(2026, 3, 1), date(2028, 2, 29)]
    assert [age_on(birth, day) - age_on(birth, day - timedelta(days=1)) for day in days] == [1, 1]


def test_what_overlaps_a_place_held_is_left_out() -> None:
    run, held = a_run(), a_run(**in_days(6))
    a_run("冲突", starts_in=timedelta(days=6, hours=2))
    a_run("接着", starts_in=timedelta(days=6, hours=3))
    assert titles(run, clear_of=[held.id]) == ["接着"]


@pytest.mark.parametrize(
    ("values", "offered"),
    [({}, False), ({"state": "cancelled"}, True), ({"state": "closed"}, True), ({"capacity": 0}, True)],
)
def test_only_a_run_that_leads_nowhere_offers_others(values: dict[str, Any], offered: bool) -> None:
    a_run("另一场")
    run = a_run(**{k: v for k, v in values.items() if k != "capacity"})
    if "capacity" in values:
        with factories.made():
            pool = db.session.scalars(select(SeatPool).where(SeatPool.run_id == run.id)).one()
            pool.taken = pool.capacity
    assert bool(alternatives_to(run_with_seats(run.id))) is offered


def test_it_costs_the_same_for_many_runs(app: Flask) -> None:
    run = a_run()
    for _ in range(5):
        a_run()
    with app.app_context(), statements() as sent:
        runs_nearby(run)
    assert len(sent) == 3
