"""The reminder of the evening before: one for each instructor, run and day, whatever happens to the beat."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, update

from chengjiu_mp.checkin import reminding, tasks
from chengjiu_mp.core import clock
from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.courses.models import CourseRun, Meeting
from chengjiu_mp.instructors.models import Instructor
from chengjiu_mp.outbox.models import Message
from chengjiu_mp.outbox.queries import text_of
from tests import factories
from tests.conftest import FrozenClock

# The class is on Thursday 26 November at 09:00.
BEGINS = datetime.fromisoformat("2026-11-26T09:00:00+08:00")


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-11-{text}:00+08:00")


def a_run(*names: str, begins: datetime = BEGINS, **values: Any) -> tuple[int, list[int]]:
    with factories.made():
        people = [factories.instructor(name) for name in names or ("王",)]
        run = factories.run(starts_in=begins - clock.now(), instructors=people, **values)
        return run.id, [one.id for one in people]


def keys() -> list[str]:
    db.session.rollback()
    return list(
        db.session.scalars(select(Message.dedupe_key).where(Message.kind == "checkin.reminder").order_by(Message.id))
    )


def look(frozen: FrozenClock, *moments: str) -> list[str]:
    for moment in moments:
        frozen.now = at(moment)
        tasks.remind()
    return keys()


def test_it_says_when_where_and_what_to_do_tonight(app: Flask, frozen: FrozenClock) -> None:
    run, (teacher,) = a_run("王建国")
    assert look(frozen, "25T18:59") == []
    (key,) = look(frozen, "25T19:00")
    assert key == f"checkin.reminder:{teacher}:{run}:2026-11-26"
    told = text_of(key)
    assert told is not None
    for words in (
        "王建国老师，明天（11月26日（周四））09:00 在澄江街道应急救护培训基地有您的课", "请今晚在有网络的地方",
        "“今天可以断网”检查", f"http://127.0.0.1:8000/teach/runs/{run}/scan",
    ):  # fmt: skip
        assert words in told.body
    assert told.expires_at == BEGINS


def test_each_instructor_hears_once_however_often_it_looks(app: Flask, frozen: FrozenClock) -> None:
    a_run("王", "李")
    assert len(look(frozen, "25T19:00", "25T19:01", "25T19:59", "25T23:00", "26T07:00", "26T07:59")) == 2


def test_two_who_look_at_once_tell_once_and_a_look_that_finds_nobody_has_nothing_to_write(
    app: Flask, frozen: FrozenClock
) -> None:
    a_run("王", "李")
    frozen.now = at("25T19:00")
    due = reminding.due_for_reminder()
    assert len(due) == 2
    for _ in range(2):
        with unit_of_work():
            reminding.remind(due)
    assert len(keys()) == 2
    assert reminding.due_for_reminder() == []


def test_nobody_is_told_at_night_and_who_was_missed_hears_in_the_morning(app: Flask, frozen: FrozenClock) -> None:
    a_run(begins=at("26T14:00"))
    assert look(frozen, "25T20:00", "25T23:00", "26T08:29") == []
    (key,) = look(frozen, "26T08:30", "26T08:31")
    told = text_of(key)
    assert told is not None
    assert "今天（11月26日（周四））14:00" in told.body
    assert "请在出发前" in told.body


def test_what_comes_too_late_is_not_sent(app: Flask, frozen: FrozenClock) -> None:
    a_run()
    assert look(frozen, "26T08:30", "26T09:30") == []


def test_each_day_of_a_course_has_its_own(app: Flask, frozen: FrozenClock) -> None:
    run, _ = a_run()
    with factories.made():
        for sequence, begins in ((2, BEGINS + timedelta(hours=5)), (3, BEGINS + timedelta(days=1))):
            db.session.add(
                Meeting(run_id=run, sequence=sequence, starts_at=begins, ends_at=begins + timedelta(hours=2))
            )
    assert [key[-10:] for key in look(frozen, "25T19:00", "26T19:00")] == ["2026-11-26", "2026-11-27"]


@pytest.mark.parametrize("change", ["cancelled", "draft", "closed"])
def test_a_run_that_does_not_take_place_reminds_nobody(app: Flask, frozen: FrozenClock, change: str) -> None:
    run, _ = a_run()
    with factories.made():
        db.session.get_one(CourseRun, run).state = change
    assert look(frozen, "25T19:00") == []


def test_who_does_not_teach_any_more_is_not_reminded(app: Flask, frozen: FrozenClock) -> None:
    a_run()
    with factories.made():
        db.session.execute(update(Instructor).values(status="retired"))
    assert look(frozen, "25T19:00") == []


def test_a_link_that_would_not_open_yet_is_not_sent(app: Flask, frozen: FrozenClock) -> None:
    """An evening class: the roster opens a day ahead of it, not at seven."""
    a_run(begins=at("26T19:30"))
    assert look(frozen, "25T19:00", "25T19:29") == []
    assert len(look(frozen, "25T19:30")) == 1
