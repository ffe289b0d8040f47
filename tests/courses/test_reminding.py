"""The reminder of the day before: one per seat and date, whatever happens to the beat."""

import threading
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from chengjiu_mp.core import clock, context
from chengjiu_mp.core.context import Principal
from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.courses import changes, reminding, tasks
from chengjiu_mp.courses.models import CourseRun, Signup
from chengjiu_mp.courses.sittings import Sitting
from chengjiu_mp.courses.withdrawing import withdraw
from chengjiu_mp.outbox.models import Message
from chengjiu_mp.outbox.queries import text_of
from tests import factories
from tests.conftest import FrozenClock
from tests.signups import signed

# The training is on Thursday 26 November at 14:00.
BEGINS = datetime.fromisoformat("2026-11-26T14:00:00+08:00")


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-11-{text}:00+08:00")


def a_run(**values: Any) -> int:
    with factories.made():
        return factories.run(starts_in=BEGINS - clock.now(), **values).id


def reminders() -> list[int]:
    db.session.rollback()
    query = select(Message.subject_id).where(Message.kind == "signup.reminder").order_by(Message.id)
    return list(db.session.scalars(query))


def look(frozen: FrozenClock, *moments: str) -> list[int]:
    for moment in moments:
        frozen.now = at(moment)
        tasks.remind()
    return reminders()


def test_it_says_when_where_what_to_bring_and_how_to_say_no(app: Flask, frozen: FrozenClock) -> None:
    made = signed(a_run())
    assert look(frozen, "25T08:59") == []
    assert look(frozen, "25T09:00") == [made.signup.id]
    told = text_of(f"signup.reminder:{made.signup.id}:{int(BEGINS.timestamp())}")
    assert told is not None
    for words in (
        "11月26日（周四）14:00–17:00", "澄江街道应急救护培训基地", "江阴市澄江中路 1 号",
        f"/i/{made.ticket_token} ", f"来不了请点这里说一声：http://127.0.0.1:8000/i/{made.ticket_token}/excuse",
    ):  # fmt: skip
        assert words in told.body
    assert told.expires_at == BEGINS
    assert made.signup.name not in told.body


def test_what_to_wear_is_in_it(app: Flask, frozen: FrozenClock) -> None:
    run = a_run()
    made = signed(run)
    look(frozen, "25T10:00")
    with unit_of_work():
        bring = factories.syllabus().bring
    told = text_of(f"signup.reminder:{made.signup.id}:{int(BEGINS.timestamp())}")
    assert told is not None
    assert bring
    assert bring in told.body


@pytest.mark.parametrize(
    "moments", [("25T09:00", "25T09:01", "25T17:59", "26T08:30", "26T10:00"), ("25T18:30", "25T19:59", "26T09:00")]
)
def test_one_and_no_more_however_often_it_looks(app: Flask, frozen: FrozenClock, moments: tuple[str, ...]) -> None:
    made = signed(a_run())
    assert look(frozen, *moments) == [made.signup.id]


def test_nobody_is_reminded_at_night(app: Flask, frozen: FrozenClock) -> None:
    signed(a_run())
    assert look(frozen, "25T20:00", "25T23:00", "26T07:00", "26T08:29") == []
    assert len(look(frozen, "26T08:30")) == 1


def test_after_an_outage_it_comes_while_it_still_helps(app: Flask, frozen: FrozenClock) -> None:
    signed(a_run())
    assert len(look(frozen, "26T10:59")) == 1


def test_what_comes_too_late_is_not_sent(app: Flask, frozen: FrozenClock) -> None:
    signed(a_run())
    assert look(frozen, "26T11:00", "26T13:00", "26T15:00", "27T09:00") == []


def test_who_joins_later_is_reminded_at_once(app: Flask, frozen: FrozenClock) -> None:
    run = a_run()
    frozen.now = at("26T09:30")
    made = signed(run)
    assert look(frozen, "26T09:31") == [made.signup.id]


def test_who_waits_left_or_was_called_off_is_not_reminded(app: Flask, frozen: FrozenClock) -> None:
    run, gone = a_run(capacity=2), a_run(capacity=2)
    sits, left = signed(run), signed(run)
    signed(gone)
    with unit_of_work():
        withdraw(db.session.get_one(Signup, left.signup.id))
    with unit_of_work():
        changes.cancel(db.session.get_one(CourseRun, gone), "台风")
    with unit_of_work():
        factories.signup(db.session.get_one(CourseRun, run), state="waitlisted", position=9)
    assert look(frozen, "25T10:00") == [sits.signup.id]


def test_a_new_date_is_reminded_of_again(app: Flask, frozen: FrozenClock) -> None:
    run = a_run()
    made = signed(run)
    look(frozen, "25T10:00")
    later = BEGINS + timedelta(days=3)
    with unit_of_work():
        changes.reschedule(db.session.get_one(CourseRun, run), [Sitting(later, later + timedelta(hours=3))], "老师生病")
    assert look(frozen, "26T10:00") == [made.signup.id]
    assert look(frozen, "28T10:00", "28T10:01") == [made.signup.id] * 2


def test_two_that_look_at_once_remind_once(app: Flask, frozen: FrozenClock) -> None:
    run = a_run()
    for _ in range(5):
        signed(run)
    frozen.now = at("25T10:00")
    start = threading.Barrier(2)

    def beat() -> None:
        with app.app_context(), context.acting_as(Principal()):
            due = reminding.due_for_reminder()
            db.session.rollback()
            start.wait()
            with unit_of_work():
                reminding.remind(due)
            db.session.remove()

    threads = [threading.Thread(target=beat) for _ in range(2)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert len(reminders()) == len(set(reminders())) == 5


def test_a_hall_is_reminded_in_batches(app: Flask, frozen: FrozenClock) -> None:
    with factories.made():
        run = factories.run(starts_in=BEGINS - clock.now(), capacity=120)
        for _ in range(reminding.BATCH + 5):
            factories.signup(run)
    assert len(look(frozen, "25T10:00")) == reminding.BATCH + 5
