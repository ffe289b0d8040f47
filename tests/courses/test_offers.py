"""An offered seat: who is asked, how long it is held, what becomes of it."""

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from chengjiu_mp.core import clock, context, privacy
from chengjiu_mp.core.context import Principal
from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.courses import errors, offers, tasks
from chengjiu_mp.courses.models import CourseRun, SeatPool, Signup
from chengjiu_mp.courses.promoting import held_until
from chengjiu_mp.courses.queue_facts import Freed, seats_freed_before
from chengjiu_mp.courses.withdrawing import withdraw
from chengjiu_mp.outbox.models import Delivery, Message
from tests import factories
from tests.conftest import FrozenClock
from tests.courses.test_line_model import delivered
from tests.signups import signed


def full_run(waiting: int, *, proved: bool = True, **values: Any) -> tuple[CourseRun, int, list[int]]:
    """Return a run of one seat, who sits in it, and who waits."""
    with factories.made():
        run = factories.run(capacity=1, **values)
    seated = signed(run.id).signup.id
    line = []
    for _ in range(waiting):
        phone = factories.phone()
        with context.acting_as(Principal(phone_index=privacy.phone_index(phone) if proved else None)):
            line.append(signed(run.id, phone=phone).signup.id)
    return run, seated, line


def gone(signup_id: int) -> None:
    with unit_of_work():
        withdraw(db.session.get_one(Signup, signup_id))


def now_is(signup_id: int) -> str:
    db.session.expire_all()
    return db.session.get_one(Signup, signup_id).state


def told(kind: str) -> list[int]:
    return list(db.session.scalars(select(Message.subject_id).where(Message.kind == kind).order_by(Message.id)))


def to_call() -> list[int]:
    """Return whom staff are to call about a promotion, beside the message itself."""
    calls = (
        select(Message.subject_id).join(Delivery).where(Message.kind == "signup.promoted", Delivery.channel == "call")
    )
    return list(db.session.scalars(calls))


def test_who_proved_a_phone_is_asked_and_the_seat_is_held(app: Flask) -> None:
    _, seated, line = full_run(2)
    gone(seated)
    assert [now_is(one) for one in line] == ["offered", "waitlisted"]
    assert (told("signup.offered"), told("signup.promoted")) == ([line[0]], [])
    pool = db.session.scalars(select(SeatPool)).one()
    assert (pool.taken, pool.waiting) == (1, 1)


def test_who_proved_none_is_confirmed_at_once(app: Flask) -> None:
    _, seated, line = full_run(1, proved=False)
    gone(seated)
    assert now_is(line[0]) == "confirmed"
    assert told("signup.promoted") == line
    assert to_call() == line


def test_accepting_twice_is_once(app: Flask) -> None:
    _, seated, line = full_run(1)
    gone(seated)
    for _ in "twice":
        with unit_of_work():
            offers.accept(db.session.get_one(Signup, line[0]))
    assert now_is(line[0]) == "confirmed"
    assert told("signup.promoted") == line
    assert to_call() == []


def test_the_clock_starts_when_the_message_arrives(app: Flask, frozen: FrozenClock) -> None:
    _, seated, line = full_run(2, starts_in=timedelta(days=9))
    gone(seated)
    frozen.now += timedelta(days=5)
    tasks.settle()
    assert now_is(line[0]) == "offered"
    delivered(line[0])
    tasks.settle()
    db.session.expire_all()
    assert db.session.get_one(Signup, line[0]).offer_ends_at == frozen.now + timedelta(hours=24)
    frozen.now += timedelta(hours=23, minutes=59)
    tasks.settle()
    assert now_is(line[0]) == "offered"
    frozen.now += timedelta(minutes=1)
    for _ in "twice":
        tasks.settle()
    assert [now_is(one) for one in line] == ["lapsed", "offered"]
    assert (told("signup.offer_lapsed"), told("signup.offered")) == ([line[0]], line)
    with pytest.raises(errors.OfferGone), unit_of_work():
        offers.accept(db.session.get_one(Signup, line[0]))


def test_declining_offers_it_on(app: Flask) -> None:
    _, seated, line = full_run(2)
    gone(seated)
    gone(line[0])
    assert [now_is(one) for one in line] == ["withdrawn", "offered"]


def test_whom_no_channel_reaches_gets_the_seat(app: Flask) -> None:
    _, seated, line = full_run(1)
    gone(seated)
    with unit_of_work():
        for row in db.session.scalars(select(Delivery)).all():
            row.state, row.reason = "undeliverable", "not_connected"
    tasks.settle()
    assert now_is(line[0]) == "confirmed"


@pytest.mark.parametrize(
    ("arrives_ahead", "held"),
    [
        (timedelta(days=5), timedelta(hours=24)),
        (timedelta(hours=30), timedelta(hours=18)),
        (timedelta(hours=12, minutes=30), timedelta(hours=1)),
        (timedelta(hours=5), timedelta(hours=1)),
        (timedelta(minutes=40), timedelta(minutes=40)),
    ],
)
def test_how_long_a_seat_is_held(app: Flask, arrives_ahead: timedelta, held: timedelta) -> None:
    with factories.made():
        run = factories.run(starts_in=timedelta(days=8))
    at = run.starts_at - arrives_ahead
    assert held_until(run, at) == at + held


def test_nobody_is_asked_in_the_last_hour(app: Flask, frozen: FrozenClock) -> None:
    run, seated, line = full_run(1, starts_in=timedelta(days=2))
    frozen.now = run.starts_at - timedelta(minutes=59)
    gone(seated)
    assert now_is(line[0]) == "confirmed"


def test_an_offer_is_not_left_hanging_into_the_class(app: Flask, frozen: FrozenClock) -> None:
    run, seated, line = full_run(1, starts_in=timedelta(days=2))
    gone(seated)
    frozen.now = run.starts_at - timedelta(minutes=30)
    tasks.settle()
    assert now_is(line[0]) == "confirmed"


def test_what_is_promised_is_what_happened_before(app: Flask, frozen: FrozenClock) -> None:
    assert seats_freed_before(full_run(0)[0]) is None
    past, seated, line = full_run(3, proved=False)
    gone(seated)
    with unit_of_work():
        row = db.session.get_one(CourseRun, past.id)
        row.state, row.ends_at = "closed", clock.now() - timedelta(days=1)
        db.session.get_one(Signup, line[1]).state = "lapsed"
        db.session.get_one(Signup, line[1]).position = None
    assert seats_freed_before(past) == Freed(runs=1, people=1)
