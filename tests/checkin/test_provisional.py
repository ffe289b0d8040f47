"""先签到后补录: a phone number at the door counts for nothing until somebody says who it is (feat-N19)."""

import threading
from datetime import timedelta
from types import SimpleNamespace

import pytest
from sqlalchemy import func, select

from chengjiu_mp.checkin import attendance, erasing, provisional, queries
from chengjiu_mp.checkin.errors import (
    NotCheckedIn,
    OnTheRoster,
    ProvisionalEnded,
    TooLateToComplete,
)
from chengjiu_mp.checkin.models import CheckIn, ProvisionalCheckIn, Scan
from chengjiu_mp.core import clock, context, privacy
from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.core.errors import NotFound
from chengjiu_mp.core.models import AuditEntry
from chengjiu_mp.courses import publishing
from chengjiu_mp.courses.errors import AlreadySignedUp, SignupClosed
from chengjiu_mp.courses.models import CourseRun, SeatPool, Signup
from chengjiu_mp.outbox.models import Delivery, Message
from chengjiu_mp.people.phones import PhoneRefused
from tests import factories
from tests.checkin.test_walking_in import a_door
from tests.invariants import broken
from tests.signups import entry, signed

PHONE = "13900001111"


@pytest.fixture
def door(app):
    return a_door()


def comes(door, phone=PHONE, name=""):
    with unit_of_work(), context.acting_as(door.who):
        return provisional.come_first(door.run, door.meeting, phone, name, door.who).id


def completed(row_id, **changes):
    with unit_of_work():
        made = provisional.complete(row_id, entry(**changes))
        return SimpleNamespace(signup=made.signup.id, ticket=made.ticket_token)


def row(row_id) -> ProvisionalCheckIn:
    return db.session.get_one(ProvisionalCheckIn, row_id, populate_existing=True)


def count(table):
    return db.session.scalar(select(func.count()).select_from(table))


def test_a_number_is_enough_to_be_here_and_counts_for_nothing(door):
    row_id = comes(door)
    assert [one.id for one in provisional.still_open(door.run)] == [row_id]
    assert (count(Signup), count(Scan), count(CheckIn)) == (0, 0, 0)
    assert queries.counts(door.run, door.meeting) == queries.Counts(0, 0, 0)
    assert db.session.scalars(select(Message.kind)).all() == ["checkin.complete_asked"]
    assert db.session.scalars(select(SeatPool.taken)).one() == 0


def test_completed_they_are_checked_in_from_when_they_came(door, frozen):
    row_id, came = comes(door), clock.now()
    frozen.now += timedelta(hours=1)
    done = completed(row_id, name="王奶奶", phone="13711112222")
    signup = db.session.get_one(Signup, done.signup)
    here = db.session.scalars(select(CheckIn)).one()
    assert (signup.name, signup.outcome, signup.state) == ("王奶奶", "attended", "confirmed")
    assert (here.first_at, here.by_name) == (came, "陈建国")
    scan = db.session.scalars(select(Scan)).one()
    assert (scan.source, scan.scanned_at, scan.account_id) == ("later", came, door.who.account_id)
    # The phone is the one they left, and nobody saw the document: neither is proved.
    assert provisional.phone_of(row(row_id)) == ""
    assert (signup.name_proved_at, signup.phone_proved_at) == (None, None)
    assert broken() == {}


def test_with_its_end_number_and_name_are_gone(door):
    row_id = comes(door, name="王阿姨")
    index = row(row_id).phone_index
    completed(row_id)
    left = row(row_id)
    assert (left.name, left.phone_sealed, left.phone_index == index) == ("", None, False)
    assert left.signup_id is not None


def test_a_full_run_gets_one_more_and_says_so(app):
    door = a_door(capacity=1)
    signed(door.run)
    done = completed(comes(door))
    assert db.session.get_one(Signup, done.signup).over_capacity
    assert broken() == {}


def test_the_same_number_twice_is_one_unless_a_name_tells_two_apart(door):
    first = comes(door)
    assert comes(door) == first
    assert comes(door, name="她妹妹") != first
    assert comes(door, name=" 她　妹妹 ") != first
    assert count(ProvisionalCheckIn) == 3
    assert count(Message) == 3


def test_who_is_expected_with_that_number_is_looked_for_first(door):
    with factories.made():
        factories.signup(db.session.get_one(CourseRun, door.run), "张伟", phone=PHONE)
    with pytest.raises(OnTheRoster):
        comes(door)
    assert comes(door, name="他爱人")


@pytest.mark.parametrize("hours", [-2, 9])
def test_out_of_hours_nobody_comes_first(app, frozen, hours):
    door = a_door(starts_in=timedelta(hours=3))
    frozen.now += timedelta(hours=hours + 2)
    with pytest.raises(NotCheckedIn):
        comes(door)


def test_a_wrong_number_is_refused(door):
    with pytest.raises(PhoneRefused):
        comes(door, phone="12345")


def test_it_is_completed_once(door):
    row_id = comes(door)
    completed(row_id)
    with pytest.raises(ProvisionalEnded):
        completed(row_id)
    assert count(Signup) == 1


def test_the_open_ones_are_forgotten_in_time_or_when_their_holder_asks(door, frozen):
    first, second = comes(door), comes(door, phone="13711112222")
    with unit_of_work():
        assert erasing.forget_phone(privacy.phone_index(PHONE)) == 1
    assert (row(first).phone_sealed, row(second).ended_at) == (None, None)
    ends = db.session.scalars(select(CourseRun.ends_at)).one()
    with unit_of_work():
        assert erasing.forget_open_before(ends - timedelta(seconds=1), 100) == 0
        assert erasing.forget_open_before(ends, 100) == 1
        assert erasing.forget_open_before(ends, 100) == 0
    assert (row(second).phone_sealed, row(second).end_reason) == (None, "过期")


@pytest.mark.parametrize("how", ["completed", "dropped", "erased"])
def test_with_its_end_nobody_is_told_any_more_and_the_number_is_nowhere(door, how):
    row_id = comes(door)
    if how == "completed":
        completed(row_id)
    with unit_of_work(), context.acting_as(door.who):
        if how == "dropped":
            provisional.drop(door.run, row_id, "留错了号码", door.who)
        erasing.forget_phone(privacy.phone_index(PHONE))
    told = db.session.scalars(select(Message).where(Message.kind == "checkin.complete_asked")).one()
    assert (told.phone_index, told.phone_sealed, told.erased_at) == (None, None, clock.now())
    waits = select(Delivery).where(Delivery.message_id == told.id, Delivery.state == "waiting")
    assert db.session.scalars(waits).all() == []


def test_two_who_complete_at_once_make_one(app, door):
    row_id, failures = comes(door), []

    def one():
        with app.app_context():
            try:
                completed(row_id)
            except ProvisionalEnded as refusal:
                failures.append(refusal.code)

    threads = [threading.Thread(target=one) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    db.session.rollback()
    assert (count(Signup), len(failures)) == (1, 3)
    assert broken() == {}


def test_after_the_end_it_is_still_completed_but_not_after_the_results(door, frozen):
    first, second = comes(door), comes(door, name="另一位")
    frozen.now += timedelta(hours=5)
    with factories.made():
        publishing.close(db.session.get_one(CourseRun, door.run))
    done = completed(first)
    assert db.session.get_one(Signup, done.signup).outcome == "attended"
    with factories.made():
        db.session.get_one(CourseRun, door.run).attendance_fixed_at = clock.now()
    with pytest.raises(TooLateToComplete):
        completed(second)


def test_a_week_later_it_is_too_late(door, frozen):
    row_id = comes(door)
    frozen.now += timedelta(days=8)
    with pytest.raises(TooLateToComplete):
        completed(row_id)


def test_a_cancelled_run_completes_nobody(door):
    row_id = comes(door)
    with factories.made():
        db.session.get_one(CourseRun, door.run).state = "cancelled"
    with pytest.raises(SignupClosed):
        completed(row_id)


def test_who_was_signed_up_already_is_found_on_the_roster(door):
    number = factories.resident_id()
    from_elsewhere = entry(doc_number=number)
    signed(door.run, doc_number=number)
    row_id = comes(door)
    with pytest.raises(AlreadySignedUp) as told, unit_of_work(), context.acting_as(door.who):
        provisional.complete(row_id, from_elsewhere)
    assert "按姓名找到" in told.value.sentence
    assert row(row_id).ended_at is None


def test_dropped_with_a_reason_it_is_gone_and_in_the_trail(door):
    row_id = comes(door)
    with unit_of_work(), context.acting_as(door.who):
        provisional.drop(door.run, row_id, "留错了号码", door.who)
    assert provisional.still_open(door.run) == []
    told = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "checkin.provisional_dropped")).one()
    assert told.actor_id == door.who.account_id
    with pytest.raises(ProvisionalEnded), unit_of_work():
        provisional.drop(door.run, row_id, "再来", door.who)


def test_another_instructor_drops_nothing(door):
    other, row_id = a_door(), comes(door)
    with pytest.raises(NotFound), unit_of_work():
        provisional.drop(other.run, row_id, "不是我的", other.who)
    with pytest.raises(NotFound), unit_of_work():
        provisional.drop(door.run, row_id, "不是我的", other.who)


def test_the_check_in_of_a_completed_one_can_be_annulled(door):
    completed(comes(door))
    scan = db.session.scalars(select(Scan)).one()
    with unit_of_work():
        attendance.annul(scan.id, "补错了人", door.who)
    assert count(CheckIn) == 0
    assert broken() == {}
