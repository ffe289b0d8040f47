"""Copies and weekly series: dates, holidays, clashes, and drafts all at once."""

from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from chengjiu_mp.core import clock
from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.core.errors import NotFound
from chengjiu_mp.courses.copying import draft_like, pattern_of, suggested_start
from chengjiu_mp.courses.drafting import Draft, draft_run, edit_draft
from chengjiu_mp.courses.errors import UnknownChoice
from chengjiu_mp.courses.models import CourseRun, Meeting, SeatPool
from chengjiu_mp.courses.publishing_many import publish_all, warnings_once
from chengjiu_mp.courses.queries import instructors_of, meetings_of, run_with_seats
from chengjiu_mp.courses.series import NoDates, TooManyDates, Weekly, make_series, planned, runs_of_series
from chengjiu_mp.courses.series_models import CourseSeries
from tests import factories
from tests.conftest import FrozenClock
from tests.counting import statements

pytestmark = pytest.mark.usefixtures("app")

SATURDAY = date(2026, 11, 28)


def a_run(**values: Any) -> CourseRun:
    with factories.made():
        return factories.run(**values)


def weekly(**changes: Any) -> Weekly:
    asked = {"weekdays": frozenset({5}), "first": SATURDAY, "begins": time(14), "ends": time(17), "count": 3}
    return Weekly(**{**asked, **changes})


def pattern(run: CourseRun | None = None) -> Draft:
    return pattern_of(run or a_run())


def days(plan: Weekly, of: Draft | None = None) -> list[tuple[str, bool]]:
    return [(f"{one.day:%m-%d}", one.draft is not None) for one in planned(plan, of or pattern())]


# Copies


def test_a_copy_has_everything_but_the_date(frozen: FrozenClock) -> None:
    with factories.made():
        teacher, gone = factories.instructor("陈建国"), factories.instructor("离岗的", status="retired")
        run = factories.run(
            title="社区班", capacity=24, instructors=[teacher, gone], key_group="students", open_to_all=False,
            created_at=clock.now() - timedelta(days=9),
            signup_opens_at=clock.now() - timedelta(days=2), signup_closes_at=clock.now() + timedelta(days=2),
        )  # fmt: skip
        db.session.add(
            Meeting(run_id=run.id, sequence=2, starts_at=run.ends_at, ends_at=run.ends_at + timedelta(hours=1))
        )
    begins = run.starts_at + timedelta(days=7, hours=1)
    with unit_of_work():
        made = draft_run(draft_like(run, begins)).id
    found, was = run_with_seats(made), run_with_seats(run.id)
    for name in ("title", "venue_id", "unit_id", "sector_id", "key_group", "open_to_all", "online", "syllabus_id"):
        assert getattr(found.run, name) == getattr(was.run, name), name
    assert (found.run.state, found.pool.capacity, found.pool.taken) == ("draft", 24, 0)
    assert [one.starts_at for one in meetings_of(made)] == [begins, begins + timedelta(hours=3)]
    assert found.run.signup_opens_at == run.signup_opens_at + timedelta(days=7, hours=1)
    assert found.run.signup_closes_at == run.signup_closes_at + timedelta(days=7, hours=1)
    assert [one.name for one in instructors_of(made)] == ["陈建国"]


@pytest.mark.parametrize(("after", "weeks"), [(3, 1), (0, 1), (-1, 1), (-8, 2), (-70, 10)])
def test_a_week_later_is_suggested_or_the_first_that_is_ahead(after: int, weeks: int) -> None:
    run = a_run(starts_in=timedelta(days=after, hours=1))
    assert suggested_start(run) - run.starts_at == timedelta(weeks=weeks)
    assert suggested_start(run) > clock.now()


# Dates


def test_a_series_ends_after_its_count_or_on_its_last_day() -> None:
    assert days(weekly()) == [("11-28", True), ("12-05", True), ("12-12", True)]
    assert days(weekly(count=None, last=date(2026, 12, 5))) == [("11-28", True), ("12-05", True)]
    two = weekly(weekdays=frozenset({1, 5}), first=date(2026, 11, 24), count=4)
    assert [day for day, _ in days(two)] == ["11-24", "11-28", "12-01", "12-05"]


def test_holidays_are_skipped_and_made_up_for_or_only_warned_of(frozen: FrozenClock) -> None:
    frozen.now = datetime.fromisoformat("2026-09-01T12:00:00+08:00")
    plan = weekly(weekdays=frozenset({3}), first=date(2026, 9, 24))
    assert days(plan) == [("09-24", True), ("10-01", False), ("10-08", True), ("10-15", True)]
    warned = planned(weekly(weekdays=frozenset({3}), first=date(2026, 9, 24), skip_holidays=False), pattern())
    assert [[w.code for w in one.warnings] for one in warned] == [[], ["holiday"], []]
    assert "国庆" in warned[1].warnings[0].sentence


def test_a_year_without_its_notice_is_said_to_be_unknown() -> None:
    found = planned(weekly(first=date(2026, 12, 26), count=2), pattern())
    assert [[w.code for w in one.warnings] for one in found] == [[], ["holidays_unknown"]]


def test_what_is_past_makes_no_run() -> None:
    plan = weekly(weekdays=frozenset({0}), first=date(2026, 11, 16), count=2, begins=time(9))
    assert days(plan) == [("11-16", False), ("11-23", False), ("11-30", True), ("12-07", True)]


def test_a_run_may_last_some_days_running() -> None:
    found = planned(weekly(days=2, count=1), pattern())[0].draft
    assert found is not None
    assert [clock.day_of(one.starts_at) for one in found.meetings] == [SATURDAY, date(2026, 11, 29)]


def test_the_windows_for_signing_up_keep_their_distance() -> None:
    run = a_run(
        signup_opens_at=clock.now() - timedelta(days=3),
        signup_closes_at=clock.now() + timedelta(days=2),
        created_at=clock.now() - timedelta(days=9),
    )  # fmt: skip  three days ahead, 12:00
    first, second, _ = (one.draft for one in planned(weekly(), pattern(run)))
    assert first and second
    # Six days ahead of the first is past, so it opens at once.
    assert (first.signup_opens_at, second.signup_opens_at) == (None, clock.at_local(date(2026, 11, 29), 14))
    assert [one.signup_closes_at for one in (first, second)] == [
        clock.at_local(date(2026, 11, 27), 14),
        clock.at_local(date(2026, 12, 4), 14),
    ]


def test_a_series_after_a_run_that_was_open_from_the_start_is_open_from_the_start(frozen: FrozenClock) -> None:
    plain = replace(pattern(), signup_opens_at=None)
    with unit_of_work():
        run = draft_run(plain)
    frozen.now += timedelta(minutes=7)
    with unit_of_work():
        edit_draft(db.session.get_one(CourseRun, run.id), plain)
    frozen.now += timedelta(days=1)
    assert [one.draft.signup_opens_at for one in planned(weekly(), pattern(run)) if one.draft] == [None] * 3


@pytest.mark.parametrize("last", [date(2026, 11, 27), date(2026, 11, 1)])
def test_no_date_at_all_is_told(last: date) -> None:
    with pytest.raises(NoDates):
        planned(weekly(count=None, last=last), pattern())


@pytest.mark.parametrize("changes", [{"weekdays": frozenset(range(7)), "last": date(2027, 3, 1)},
                                     {"last": date(2099, 1, 1)}])  # fmt: skip
def test_a_series_is_bounded(changes: dict[str, Any]) -> None:
    with pytest.raises(TooManyDates):
        planned(weekly(count=None, **changes), pattern())


def test_each_date_says_what_it_clashes_with() -> None:
    run = a_run(starts_in=timedelta(days=12, hours=3))  # the second Saturday, 15:00
    found = planned(weekly(), pattern(run))
    assert [[w.code for w in one.warnings] for one in found] == [[], ["venue_clash"], []]
    itself = planned(weekly(weekdays=frozenset({5, 6}), days=2, count=2), pattern(a_run()))
    assert [[w.code for w in one.warnings] for one in itself] == [["venue_clash"], ["venue_clash"]]


# Made, and published


def made(uid: str = "a" * 32, **changes: Any) -> int:
    drafts = [one.draft for one in planned(weekly(**changes), pattern()) if one.draft]
    with unit_of_work():
        return make_series(uid, "周末班", drafts).id


def test_all_runs_are_drafted_together_or_none() -> None:
    series = made()
    runs = runs_of_series(series)
    assert [one.run.state for one in runs] == ["draft"] * 3
    assert [clock.day_of(one.run.starts_at) for one in runs] == [SATURDAY + timedelta(weeks=n) for n in range(3)]
    broken = pattern()
    drafts = [one.draft for one in planned(weekly(), broken) if one.draft]
    drafts[2] = Draft(**{**drafts[2].__dict__, "venue_id": 999_999})
    before = db.session.scalar(select(func.count(CourseRun.id)))
    with pytest.raises(UnknownChoice), unit_of_work():
        make_series("b" * 32, "", drafts)
    assert db.session.scalar(select(func.count(CourseRun.id))) == before


def test_the_button_pressed_twice_makes_one_series() -> None:
    assert made() == made()
    assert db.session.scalar(select(func.count(CourseSeries.id))) == 1
    assert len(runs_of_series(made())) == 3


def test_all_drafts_go_public_at_once_with_each_warning_once() -> None:
    with factories.made():
        boss = factories.account("operator")
    series = made()
    ids = [one.run.id for one in runs_of_series(series)]
    with factories.acting(boss):
        said = warnings_once(ids)
        assert [(one.code, one.run_ids) for one in said] == [("no_instructor", tuple(ids))]
        with unit_of_work():
            assert len(publish_all(ids[:1])) == 1
        with unit_of_work():
            assert [run.id for run in publish_all(ids)] == ids[1:]
    assert {one.run.state for one in runs_of_series(series)} == {"published"}


def test_one_run_out_of_scope_stops_all() -> None:
    with factories.made():
        other = factories.run(state="draft", unit_id=factories.unit("nanzha").id).id
        mine = factories.run(state="draft").id
        here = factories.account("operator", "chengjiang")
    with factories.acting(here), pytest.raises(NotFound), unit_of_work():
        publish_all([mine, other])
    assert run_with_seats(mine).run.state == "draft"


def test_many_dates_cost_what_few_do(app: Flask) -> None:
    of, counts = pattern(), []
    for count in (3, 60):
        with app.app_context(), statements() as sent:
            assert len(planned(weekly(weekdays=frozenset(range(7)), count=count), of)) == count
        counts.append(len(sent))
    assert counts[0] == counts[1]


def test_a_copy_opens_the_seats_that_were_reserved() -> None:
    with factories.made():
        run = factories.run(capacity=20)
        db.session.add(SeatPool(run_id=run.id, unit_id=factories.unit("nanzha").id, capacity=10))
    assert pattern_of(run).capacity == 30
