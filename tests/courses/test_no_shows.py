"""feat-N24: two absences without a word mean one more tap before the next training, and nobody is refused."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from chengjiu_mp.core import clock
from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.core.models import Job
from chengjiu_mp.courses import changes, excusing, offers, reconfirming, tasks
from chengjiu_mp.courses.errors import CannotWithdraw, ExcuseTooLate, SeatReleased
from chengjiu_mp.courses.models import CourseRun, Signup
from chengjiu_mp.courses.moving import move
from chengjiu_mp.courses.signing_up import Made
from chengjiu_mp.courses.sittings import Sitting
from chengjiu_mp.courses.standing import absences
from chengjiu_mp.outbox.models import Delivery, Message
from chengjiu_mp.outbox.queries import text_of
from tests import factories, invariants
from tests.conftest import FrozenClock
from tests.signups import signed

# The clock stands at noon on Monday 23 November; the training is on Thursday at noon.
DEADLINE = datetime.fromisoformat("2026-11-25T18:00:00+08:00")


def past(person_id: int, outcome: str = "absent", days: int = 10, kind: str = "cpr_aed", **values: Any) -> int:
    """A run that this person missed or came to."""
    run = factories.run(kind, starts_in=timedelta(days=-days), state="closed")
    return factories.signup(run, person_id=person_id, outcome=outcome, **values).id


def someone(*pasts: dict[str, Any]) -> str:
    """Return the document of a person with these absences; two when none are given."""
    number = factories.resident_id()
    with factories.made():
        person = factories.person(number).id
        for one in pasts or ({}, {"days": 20}):
            past(person, **one)
    return number


def upcoming(**values: Any) -> int:
    with factories.made():
        return factories.run(**values).id


def row_of(made: Made | int) -> Signup:
    db.session.rollback()
    return db.session.get_one(Signup, made if isinstance(made, int) else made.signup.id)


def confirm(made: Made) -> Signup:
    with unit_of_work():
        return reconfirming.reconfirm(db.session.get_one(Signup, made.signup.id))


def excuse(signup_id: int, reason: str = "") -> Signup:
    with unit_of_work():
        return excusing.excuse(db.session.get_one(Signup, signup_id), reason)


# Who is asked


def test_after_two_absences_the_next_place_is_confirmed_once_more(app: Flask) -> None:
    made = signed(upcoming(), doc_number=someone())
    assert (made.signup.state, row_of(made).confirm_by) == ("confirmed", DEADLINE)
    told = text_of(f"signup.confirmed:{made.signup.id}")
    assert told is not None
    assert "请在11月25日（周三）18:00前打开入场码点“我会来”" in told.body


@pytest.mark.parametrize(
    "pasts",
    [
        ({},),
        ({}, {"days": 400}),
        ({}, {"excused_at": clock.now()}),
        ({}, {"days": 20}, {"days": 5, "outcome": "attended"}),
        ({"kind": "popular"}, {"kind": "popular", "days": 20}),
    ],
    ids=["one", "long ago", "excused", "came since", "nobody was checked in"],
)
def test_who_need_not(app: Flask, pasts: tuple[dict[str, Any], ...]) -> None:
    made = signed(upcoming(), doc_number=someone(*pasts))
    assert (made.signup.state, row_of(made).confirm_by) == ("confirmed", None)


def test_who_comes_after_the_deadline_need_not(app: Flask, frozen: FrozenClock) -> None:
    run, number = upcoming(), someone()
    frozen.now = DEADLINE
    assert signed(run, doc_number=number).signup.confirm_by is None


def test_a_new_date_moves_the_deadline_and_asks_anew(app: Flask) -> None:
    run = upcoming(capacity=1)
    made, waiting = signed(run, doc_number=someone()), signed(run, doc_number=someone())
    confirm(made)
    begins = clock.now() + timedelta(days=7)
    with unit_of_work():
        changes.reschedule(
            db.session.get_one(CourseRun, run), [Sitting(begins, begins + timedelta(hours=3))], "老师生病"
        )
    assert (row_of(made).confirm_by, row_of(made).reconfirmed_at) == (DEADLINE + timedelta(days=4), None)
    assert row_of(waiting).confirm_by == DEADLINE + timedelta(days=4)


def test_moving_takes_the_question_along(app: Flask) -> None:
    made, goal = signed(upcoming(), doc_number=someone()), upcoming(starts_in=timedelta(days=9))
    with unit_of_work():
        there = move(db.session.get_one(Signup, made.signup.id), goal).signup.id
    assert row_of(there).confirm_by == DEADLINE + timedelta(days=6)


# What time decides


def test_the_unconfirmed_seat_is_offered_on_at_18_01(app: Flask, frozen: FrozenClock) -> None:
    run = upcoming(capacity=1)
    made, number = signed(run, doc_number=someone()), factories.phone()
    waiting = signed(run, phone=number)
    frozen.now = DEADLINE + timedelta(seconds=59)
    tasks.settle()
    assert row_of(made).state == "confirmed"
    frozen.now = DEADLINE + timedelta(minutes=1)
    tasks.settle()
    tasks.settle()
    assert (row_of(made).state, row_of(waiting).state) == ("lapsed", "confirmed")
    told = db.session.scalars(select(Message.kind).where(Message.subject_id == made.signup.id)).all()
    assert sorted(told) == ["signup.confirmed", "signup.seat_released"]
    assert [name for name in invariants.broken() if name.startswith("S")] == []


def test_who_proved_a_phone_is_offered_the_seat(app: Flask, frozen: FrozenClock) -> None:
    run = upcoming(capacity=1)
    signed(run, doc_number=someone())
    waiting = signed(run)
    with unit_of_work():
        db.session.get_one(Signup, waiting.signup.id).phone_proved_at = clock.now()
    frozen.now = DEADLINE + timedelta(minutes=1)
    tasks.settle()
    assert row_of(waiting).state == "offered"


def test_who_confirmed_keeps_the_seat(app: Flask, frozen: FrozenClock) -> None:
    run = upcoming(capacity=1)
    made = signed(run, doc_number=someone())
    signed(run)
    confirm(made)
    assert confirm(made).reconfirmed_at == clock.now()
    frozen.now = DEADLINE + timedelta(minutes=1)
    tasks.settle()
    assert row_of(made).state == "confirmed"


def test_after_the_seat_went_on_the_button_says_so_and_signing_up_again_is_open(
    app: Flask, frozen: FrozenClock
) -> None:
    run, number = upcoming(capacity=1), someone()
    made = signed(run, doc_number=number)
    frozen.now = DEADLINE + timedelta(minutes=1)
    tasks.settle()
    with pytest.raises(SeatReleased):
        confirm(made)
    again = signed(run, doc_number=number)
    assert (again.signup.state, again.signup.confirm_by) == ("confirmed", None)


def test_who_was_promoted_after_the_deadline_is_not_put_out(app: Flask, frozen: FrozenClock) -> None:
    run = upcoming(capacity=1)
    first = signed(run)
    made = signed(run, doc_number=someone())
    frozen.now = DEADLINE + timedelta(hours=1)
    excuse(first.signup.id)
    tasks.settle()
    assert (row_of(made).state, row_of(made).confirm_by) == ("confirmed", None)


def test_accepting_an_offer_is_saying_so(app: Flask, frozen: FrozenClock) -> None:
    run = upcoming(capacity=1)
    first, made = signed(run), signed(run, doc_number=someone())
    with unit_of_work():
        db.session.get_one(Signup, made.signup.id).phone_proved_at = clock.now()
    excuse(first.signup.id)
    with unit_of_work():
        offers.accept(db.session.get_one(Signup, made.signup.id))
    frozen.now = DEADLINE + timedelta(minutes=2)
    tasks.settle()
    assert row_of(made).state == "confirmed"


def test_whom_no_message_reached_keeps_the_seat(app: Flask, frozen: FrozenClock) -> None:
    made = signed(upcoming(), doc_number=someone())
    with unit_of_work():
        for one in db.session.scalars(select(Delivery)):
            one.state = "undeliverable"
    frozen.now = DEADLINE + timedelta(minutes=1)
    tasks.settle()
    assert (row_of(made).state, row_of(made).confirm_by) == ("confirmed", None)


def test_a_run_that_began_during_an_outage_puts_nobody_out(app: Flask, frozen: FrozenClock) -> None:
    made = signed(upcoming(), doc_number=someone())
    frozen.now = DEADLINE + timedelta(hours=18)
    tasks.settle()
    assert row_of(made).state == "confirmed"
    assert db.session.scalars(select(Job.id).where(Job.state == "dead")).all() == []


# Excuses


def test_before_the_training_an_excuse_gives_the_seat_back_with_its_reason(app: Flask) -> None:
    run = upcoming(capacity=1)
    made, waiting = signed(run), signed(run)
    assert excuse(made.signup.id, excusing.said("临时有事", "要上班")).note == "临时有事：要上班"
    assert (row_of(made).state, row_of(waiting).state) == ("withdrawn", "confirmed")


def test_an_excused_absence_is_not_counted(app: Flask, frozen: FrozenClock) -> None:
    with factories.made():
        person = factories.person().id
        old, new = past(person, days=20), past(person, days=1)
    assert absences(person) == 2
    assert excuse(new, "身体不适").outcome == "absent"
    assert absences(person) == 1
    with pytest.raises(ExcuseTooLate):
        excuse(old)
    db.session.rollback()
    first = row_of(new).excused_at
    frozen.now += timedelta(hours=1)
    assert excuse(new, "再说一次").excused_at == first


def test_an_excuse_during_the_training_leaves_the_last_word_to_the_check_in(app: Flask) -> None:
    with factories.made():
        run = factories.run(starts_in=timedelta(hours=-1))
        away, here = factories.signup(run).id, factories.signup(run, outcome="attended").id
    assert (excuse(away).outcome, row_of(away).state) == (None, "confirmed")
    with pytest.raises(CannotWithdraw):
        excuse(here)


# Programs


def test_the_api_confirms_and_excuses_with_the_ticket(app: Flask, client: FlaskClient) -> None:
    made = signed(upcoming(), doc_number=someone())
    signup_id, ticket = made.signup.id, {"ticket_token": made.ticket_token}
    path = f"/api/v1/signups/{signup_id}"
    assert client.post(f"{path}/confirm", json={}).status_code == 404
    with factories.made():
        staff = factories.bearer("operator")
    assert client.get(path, headers=staff).get_json()["confirm_by"] == "2026-11-25T10:00:00Z"
    assert client.post(f"{path}/confirm", json=ticket).get_json()["confirm_by"] is None
    gone = client.post(f"{path}/excuse", json={**ticket, "reason": "记错时间"})
    assert (gone.get_json()["state"], gone.get_json()["excused"]) == ("withdrawn", False)
    assert row_of(signup_id).note == "记错时间"
