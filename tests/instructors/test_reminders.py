"""rel-R1: each stage of each due date makes exactly one message, whatever happens to the scan."""

import threading
from datetime import date, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from chengjiu_mp.core import clock, context
from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.core.models import BeatSlot, Job
from chengjiu_mp.instructors import reminders, tasks
from chengjiu_mp.instructors.models import Instructor, RefresherReminder
from chengjiu_mp.instructors.refreshing import record_refresher
from chengjiu_mp.outbox.models import Delivery, Message
from chengjiu_mp.outbox.queries import text_of
from tests import factories
from tests.conftest import FrozenClock

TODAY = date(2026, 11, 23)


def due_in(days: int | None, **values) -> Instructor:
    due = None if days is None else TODAY + timedelta(days=days)
    with factories.made():
        return factories.instructor(refresh_due=due, **values)


def told() -> list[tuple[int, int]]:
    db.session.rollback()
    query = select(RefresherReminder.instructor_id, RefresherReminder.stage).order_by(RefresherReminder.id)
    reminded = [(row[0], row[1]) for row in db.session.execute(query)]
    messages = db.session.scalars(select(Message.subject_id).where(Message.kind == "refresher.reminder")).all()
    assert sorted(messages) == sorted(one for one, _ in reminded)
    return reminded


def run_the_beat(frozen: FrozenClock, days: range) -> None:
    for day in days:
        frozen.now = clock.at_local(TODAY + timedelta(days=day), 8, 40)
        tasks.plan_reminders()
        for job_id in db.session.scalars(select(Job.id).where(Job.kind == reminders.JOB, Job.state == "queued")).all():
            db.session.rollback()
            tasks.remind(job_id)


def test_each_stage_is_told_once_on_its_day(app: Flask, frozen: FrozenClock) -> None:
    who = due_in(100)
    days = []
    for day in range(115):
        before = len(told())
        run_the_beat(frozen, range(day, day + 1))
        days += [day] if len(told()) > before else []
    assert told() == [(who.id, stage) for stage in (90, 60, 30, 7, 0)]
    assert days == [10, 40, 70, 93, 100]


def test_the_same_day_twice_tells_nothing_more(app: Flask) -> None:
    who = due_in(90)
    reminders.scan(0)
    reminders.scan(0)
    assert told() == [(who.id, 90)]


def test_after_an_outage_only_the_newest_stage_is_told(app: Flask, frozen: FrozenClock) -> None:
    who = due_in(90)
    run_the_beat(frozen, range(1))
    run_the_beat(frozen, range(84, 87))
    assert told() == [(who.id, 90), (who.id, 7)]


def test_an_outage_of_three_days_over_a_stage_tells_it_late_and_once(app: Flask, frozen: FrozenClock) -> None:
    who = due_in(61)
    run_the_beat(frozen, range(1))
    run_the_beat(frozen, range(3, 6))
    assert told() == [(who.id, 90), (who.id, 60)]


def test_who_is_overdue_when_found_is_told_once(app: Flask, frozen: FrozenClock) -> None:
    who = due_in(-200)
    run_the_beat(frozen, range(3))
    assert told() == [(who.id, 0)]


@pytest.mark.parametrize("values", [{"status": "suspended"}, {"status": "retired"}])
def test_who_does_not_teach_is_never_told(app: Flask, values: dict[str, str]) -> None:
    due_in(7, **values)
    reminders.scan(0)
    assert told() == []


def test_an_unknown_or_distant_date_is_never_told(app: Flask) -> None:
    due_in(None)
    due_in(91)
    reminders.scan(0)
    assert told() == []


def test_a_new_due_date_begins_its_own_stages(app: Flask, frozen: FrozenClock) -> None:
    who = due_in(7)
    reminders.scan(0)
    with unit_of_work():
        db.session.get_one(Instructor, who.id).refresh_due = TODAY + timedelta(days=30)
    reminders.scan(0)
    assert told() == [(who.id, 7), (who.id, 30)]


def test_a_clock_that_goes_back_tells_no_older_stage(app: Flask, frozen: FrozenClock) -> None:
    who = due_in(7)
    reminders.scan(0)
    frozen.now -= timedelta(days=20)
    reminders.scan(0)
    assert told() == [(who.id, 7)]


def test_a_recorded_refresher_silences_the_old_date(app: Flask) -> None:
    who = due_in(7)
    with unit_of_work():
        record_refresher(db.session.get_one(Instructor, who.id), TODAY, "2026 年秋季复训班")
    reminders.scan(0)
    assert told() == []


def test_a_leap_day_is_due_on_the_28th(app: Flask, frozen: FrozenClock) -> None:
    frozen.now = datetime.fromisoformat("2028-02-29T10:00:00+08:00")
    with factories.made():
        who = factories.instructor()
        record_refresher(who, date(2028, 2, 29), "复训班")
    assert who.refresh_due == date(2030, 2, 28)
    frozen.now = datetime.fromisoformat("2030-02-28T08:40:00+08:00")
    reminders.scan(0)
    assert told() == [(who.id, 0)]


def test_two_scans_at_once_tell_once(app: Flask) -> None:
    people = [due_in(days).id for days in (90, 60, 30, 7, 0, -3)]
    ready, failures = threading.Barrier(2), []

    def scan() -> None:
        with app.app_context():
            context.set_request("test", context.SYSTEM)
            ready.wait()
            try:
                reminders.scan(0)
            except Exception as exc:  # noqa: BLE001  the thread must hand it over
                failures.append(exc)
            finally:
                db.session.remove()

    threads = [threading.Thread(target=scan) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert sorted(told()) == sorted(zip(people, (90, 60, 30, 7, 0, 0), strict=True))
    assert len(db.session.scalars(select(Delivery.id)).all()) == len(people)


def test_two_beats_plan_one_scan_a_day(app: Flask, frozen: FrozenClock) -> None:
    for _ in range(2):
        tasks.plan_reminders()
    frozen.now += timedelta(hours=3)
    tasks.plan_reminders()
    assert len(db.session.scalars(select(BeatSlot.id)).all()) == 1
    assert len(db.session.scalars(select(Job.id)).all()) == 1


def test_a_scan_that_broke_off_is_taken_up_again(
    app: Flask, frozen: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = [due_in(7).id for _ in range(3)]
    monkeypatch.setattr(reminders, "BATCH", 1)
    real, left = reminders.remind, [1]

    def break_off(*arguments) -> bool:
        if not left.pop() if left else True:
            raise RuntimeError
        return real(*arguments)

    monkeypatch.setattr(reminders, "remind", break_off)
    with pytest.raises(RuntimeError):
        reminders.scan(0)
    assert len(told()) == 1
    monkeypatch.setattr(reminders, "remind", real)
    reminders.scan(0)
    assert told() == [(one, 7) for one in people]


@pytest.mark.parametrize(
    ("days", "words"),
    [(30, "将于2026年12月23日到期，还有 30 天"), (0, "今天（2026年11月23日）到期"), (-1, "已于2026年11月22日到期")],
)
def test_the_words_say_when_and_whom_to_call(app: Flask, days: int, words: str) -> None:
    who = due_in(days)
    reminders.scan(0)
    (stage,) = [stage for _, stage in told()]
    said = text_of(f"refresher:{who.id}:{who.refresh_due}:{stage}")
    assert said is not None and words in said.body and "0510-86800000" in said.body and "陈建国" in said.body


def test_a_reminder_is_not_worth_sending_once_the_next_stage_speaks(app: Flask) -> None:
    who = due_in(65)
    reminders.scan(0)
    message = db.session.scalars(select(Message).where(Message.subject_id == who.id)).one()
    assert message.expires_at == clock.at_local(TODAY + timedelta(days=5))
