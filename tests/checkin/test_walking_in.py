"""Who comes to the door without a sign-up: in at once, beyond the capacity only when somebody says so, and flagged."""

import threading
from datetime import timedelta
from types import SimpleNamespace

import pytest
from sqlalchemy import func, select

from chengjiu_mp.checkin.errors import NotCheckedIn, RosterNotOpen
from chengjiu_mp.checkin.models import CheckIn, Scan
from chengjiu_mp.checkin.walking_in import WalkIn, add_at_the_door, let_in_at_the_door
from chengjiu_mp.core import context
from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.core.errors import NotFound
from chengjiu_mp.core.models import AuditEntry
from chengjiu_mp.courses import copying, publishing
from chengjiu_mp.courses.errors import AlreadySignedUp, GuardianRequired, NotWaiting, RunIsFull, SignupClosed
from chengjiu_mp.courses.models import CourseRun, Meeting, SeatPool, Signup
from chengjiu_mp.courses.withdrawing import withdraw
from chengjiu_mp.outbox.models import Message
from chengjiu_mp.signin import sessions
from tests import factories
from tests.invariants import broken
from tests.signups import entry, signed

_nonces = iter(range(1_000_000))


@pytest.fixture
def door(app):
    return a_door()


def a_door(capacity=50, starts_in=timedelta(minutes=10), **values):
    with factories.made():
        teacher = factories.instructor("陈建国")
        run = factories.run(starts_in=starts_in, capacity=capacity, instructors=[teacher], **values)
        meeting = db.session.scalars(select(Meeting.id).where(Meeting.run_id == run.id)).one()
        grants = sessions.grants_of(teacher.account_id or 0)
        who = context.Principal(account_id=teacher.account_id, name="陈建国", grants=grants)
    return SimpleNamespace(run=run.id, meeting=meeting, who=who)


def came(door, *, over=False, source="name", **changes):
    how = WalkIn(door.meeting, f"door-{next(_nonces)}", over, source)
    with unit_of_work(), context.acting_as(door.who):
        made, answer = add_at_the_door(door.run, entry(**changes), how, door.who)
        return made.signup.id, answer


def seats(door):
    db.session.expire_all()
    pool = db.session.scalars(select(SeatPool).where(SeatPool.run_id == door.run)).one()
    return pool.capacity, pool.taken, pool.extra


def test_a_person_is_signed_up_and_checked_in_at_once(door):
    signup_id, answer = came(door, name="王奶奶")
    row = db.session.get_one(Signup, signup_id)
    assert (row.state, row.outcome, row.over_capacity, row.channel, row.device_id) == (
        "confirmed",
        "attended",
        False,
        "desk",
        None,
    )
    assert (answer.verdict, answer.name) == ("accepted", "王奶奶")
    assert db.session.scalars(select(Scan.source)).one() == "name"
    assert db.session.scalar(select(func.count()).select_from(Message)) == 1
    assert broken() == {}


def test_the_door_is_open_after_the_time_to_sign_up(app, frozen):
    door = a_door()
    frozen.now += timedelta(minutes=30)
    assert came(door)[1].verdict == "accepted"


def test_a_full_run_asks_first_and_takes_nobody(app):
    door = a_door(capacity=1)
    signed(door.run)
    with pytest.raises(RunIsFull) as told:
        came(door)
    assert (told.value.field, told.value.facts) == ("over", {"capacity": 1, "waiting": 0})
    assert (seats(door), db.session.scalar(select(func.count()).select_from(Signup))) == ((1, 1, 0), 1)


def test_one_more_is_flagged_and_in_the_trail(app):
    door = a_door(capacity=1)
    signed(door.run)
    signup_id, answer = came(door, over=True)
    assert answer.verdict == "accepted"
    assert db.session.get_one(Signup, signup_id).over_capacity
    assert seats(door) == (2, 2, 1)
    told = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "signup.over_capacity")).one()
    assert (told.actor_id, told.object_id) == (door.who.account_id, signup_id)
    assert broken() == {}


def test_a_tick_that_is_not_needed_flags_nobody(door):
    assert not db.session.get_one(Signup, came(door, over=True)[0]).over_capacity
    assert seats(door) == (50, 1, 0)


def test_who_waits_is_not_passed_without_the_tick(app):
    door = a_door(capacity=1)
    signed(door.run)
    signed(door.run)
    with pytest.raises(RunIsFull) as told:
        came(door)
    assert "还有 1 人候补" in told.value.sentence


def test_an_added_seat_is_the_first_to_go_and_nobody_is_called_for_it(app):
    door = a_door(capacity=1, starts_in=timedelta(minutes=20))
    first = signed(door.run).signup.id
    waiting = signed(door.run).signup.id
    came(door, over=True)
    with unit_of_work():
        withdraw(db.session.get_one(Signup, first))
    assert seats(door) == (1, 1, 0)
    assert db.session.get_one(Signup, waiting).state == "waitlisted"
    assert broken() == {}


def test_a_new_capacity_takes_the_added_seats_in(app):
    door = a_door(capacity=1)
    signed(door.run)
    came(door, over=True)
    with unit_of_work():
        publishing.set_capacity(db.session.get_one(CourseRun, door.run), 5)
    assert seats(door) == (5, 2, 0)


def test_the_next_run_like_it_has_the_seats_of_the_room(app):
    door = a_door(capacity=1)
    signed(door.run)
    came(door, over=True)
    assert copying.pattern_of(db.session.get_one(CourseRun, door.run)).capacity == 1


def test_two_doors_and_one_seat(app):
    door = a_door(capacity=1)
    start, outcomes = threading.Barrier(2), []

    def one(person):
        with app.app_context():
            context.set_request("test", context.SYSTEM)
            start.wait()
            try:
                with unit_of_work():
                    how = WalkIn(door.meeting, f"race-{person.phone}")
                    add_at_the_door(door.run, person, how, door.who)
                outcomes.append("in")
            except RunIsFull:
                outcomes.append("full")
            finally:
                db.session.remove()

    threads = [threading.Thread(target=one, args=(entry(),)) for _ in range(2)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert sorted(outcomes) == ["full", "in"]
    assert seats(door) == (1, 1, 0)
    assert broken() == {}


def test_who_is_on_the_roster_is_ticked_there(door):
    number = factories.resident_id()
    signed(door.run, doc_number=number)
    with pytest.raises(AlreadySignedUp) as told:
        came(door, doc_number=number)
    assert "请回名单" in told.value.sentence


def test_a_child_needs_its_guardian_here_too(app):
    door = a_door(kind="popular")
    with pytest.raises(GuardianRequired):
        came(door, doc_number=factories.resident_id(1, birth="20150615"))


def test_outside_of_the_hours_nobody_is_signed_up(app):
    door = a_door(starts_in=timedelta(hours=2))
    with pytest.raises(NotCheckedIn) as told:
        came(door)
    assert told.value.facts == {"why": "too_early"}
    assert db.session.scalars(select(Signup)).all() == []
    assert db.session.scalars(select(CheckIn)).all() == []
    assert db.session.scalars(select(Message)).all() == []


def test_from_paper_within_a_week(app, frozen):
    door = a_door()
    frozen.now += timedelta(days=3)
    assert came(door, source="paper")[1].verdict == "accepted"
    frozen.now += timedelta(days=9)
    with pytest.raises(RosterNotOpen):
        came(door, source="paper")


@pytest.mark.parametrize("state", ["closed", "cancelled"])
def test_what_is_over_takes_nobody(app, state):
    door = a_door()
    with factories.made():
        db.session.get_one(CourseRun, door.run).state = state
    with pytest.raises(SignupClosed):
        came(door)


def waits(door):
    return signed(door.run).signup.id


def let_in(door, signup_id):
    with unit_of_work(), context.acting_as(door.who):
        how = WalkIn(door.meeting, f"door-{next(_nonces)}", over=True)
        return let_in_at_the_door(door.run, signup_id, how, door.who)


def test_who_waits_at_the_door_is_let_in_beyond_the_capacity_and_the_line_stays(app):
    door = a_door(capacity=1)
    signed(door.run)
    first, second = waits(door), waits(door)
    assert let_in(door, second).verdict == "accepted"
    row = db.session.get_one(Signup, second, populate_existing=True)
    assert (row.state, row.outcome, row.over_capacity, row.position) == ("confirmed", "attended", True, None)
    assert db.session.get_one(Signup, first, populate_existing=True).state == "waitlisted"
    assert seats(door) == (2, 2, 1)
    told = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "signup.let_in")).one()
    assert (told.actor_id, told.object_id) == (door.who.account_id, second)
    assert broken() == {}


def test_letting_in_twice_or_a_stranger_is_refused(app):
    door, other = a_door(capacity=1), a_door(capacity=1)
    signed(door.run)
    waiting = waits(door)
    let_in(door, waiting)
    with pytest.raises(NotWaiting):
        let_in(door, waiting)
    with pytest.raises(NotFound):
        let_in(other, waiting)
    assert broken() == {}


def test_before_the_hours_nobody_is_let_in(app):
    door = a_door(capacity=1, starts_in=timedelta(hours=2))
    signed(door.run)
    waiting = waits(door)
    with pytest.raises(NotCheckedIn):
        let_in(door, waiting)
    assert db.session.get_one(Signup, waiting, populate_existing=True).state == "waitlisted"
    assert seats(door) == (1, 1, 0)
