"""Two phones, one person: one check-in, the other marked, nothing lost (feat-N16)."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from chengjiu_mp.checkin import attendance
from chengjiu_mp.checkin.conflicts import conflicts
from chengjiu_mp.checkin.models import CheckIn, Scan
from chengjiu_mp.core import clock
from chengjiu_mp.core.db import db, unit_of_work
from tests import factories
from tests.checkin.test_scans import Hall, _who


@pytest.fixture
def halls(app):
    """A run that begins in ten minutes, and the second of its two instructors."""
    with factories.made():
        both = [factories.instructor("陈建国"), factories.instructor("李助教")]
        run = factories.run(starts_in=timedelta(minutes=10), instructors=both)
    return Hall(run.id, both[0].account_id or 0), _who(both[1].account_id or 0)


def shown(hall):
    db.session.expire_all()
    return conflicts(hall.run_id, hall.meeting_id)


def test_two_queues_merged_are_one_check_in_and_one_repeat(halls, frozen):
    hall, other = halls
    person = hall.seat("张伟")
    late, early = hall.scan(person, after=5), hall.scan(person, after=2)
    frozen.now += timedelta(minutes=10)
    hall.send(late)
    hall.send(early, by=other)
    (found,) = shown(hall)
    assert (found.name, [(one.by, one.kept, one.waited) for one in found.marks]) == (
        "张伟", [("李助教", True, True), ("陈建国", False, True)],
    )  # fmt: skip
    here = db.session.scalars(select(CheckIn)).one()
    assert (here.first_at, here.by_name) == (early.scanned_at, "李助教")
    assert db.session.scalar(select(func.count()).select_from(Scan)) == 2


def test_one_phone_scanning_twice_is_no_conflict(halls):
    hall, _ = halls
    person = hall.seat()
    hall.one(person)
    hall.one(person, after=1)
    assert shown(hall) == []


def test_what_was_annulled_or_refused_is_no_conflict(halls):
    hall, other = halls
    person = hall.seat()
    first = hall.one(person)
    with unit_of_work():
        attendance.annul(first.scan_id, "扫错了人", hall.teacher)
    hall.send(hall.scan(person), by=other)
    hall.send(hall.scan(person, after=-60))
    assert shown(hall) == []


def test_a_scan_sent_at_once_did_not_wait(halls):
    hall, other = halls
    person = hall.seat()
    hall.one(person)
    hall.send(hall.scan(person), by=other)
    (found,) = shown(hall)
    assert [one.waited for one in found.marks] == [False, False]
    assert all(one.received_at <= clock.now() for one in found.marks)
