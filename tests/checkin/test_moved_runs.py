"""A run that is moved while people already stand at its door: nobody is present at what they did not come to."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from chengjiu_mp.checkin import provisional
from chengjiu_mp.checkin.models import CheckIn, ProvisionalCheckIn, Scan
from chengjiu_mp.checkin.policy import verdict_of
from chengjiu_mp.checkin.schemas import ScanIn
from chengjiu_mp.checkin.service import record_scans
from chengjiu_mp.core import clock
from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.courses import changes, merging
from chengjiu_mp.courses.models import CourseRun, Meeting, Signup
from chengjiu_mp.courses.sittings import Sitting
from tests import factories
from tests.checkin.test_provisional import comes
from tests.checkin.test_walking_in import a_door
from tests.invariants import broken
from tests.signups import entry


@pytest.fixture
def door(app):
    return a_door()


def completed(row_id, **changed) -> int:
    with unit_of_work():
        return provisional.complete(row_id, entry(**changed)).signup.id


def scans(door, signup_id, nonce):
    with unit_of_work():
        scan = ScanIn(nonce=nonce, signup_id=signup_id, meeting_id=door.meeting, scanned_at=clock.now(), source="name")
        return record_scans(door.run, [scan], door.who)[0]


def put_off(door, days=7):
    with factories.made(), factories.acting(factories.account("operator")):
        run = db.session.get_one(CourseRun, door.run)
        times = Sitting(run.starts_at + timedelta(days=days), run.ends_at + timedelta(days=days))
        changes.reschedule(run, [times], "停电")


def merged(door):
    other = a_door(starts_in=timedelta(days=3))
    with factories.made(), factories.acting(factories.account("operator")):
        merging.merge(db.session.get_one(CourseRun, door.run), db.session.get_one(CourseRun, other.run), "停电")
    return other


def here() -> int:
    return db.session.scalar(select(func.count(CheckIn.id))) or 0


def at_the_door(door, frozen):
    """Be there when the run's first meeting opens."""
    frozen.now = db.session.scalars(select(Meeting.starts_at).where(Meeting.run_id == door.run)).one()
    db.session.rollback()


def expected(door) -> int:
    with factories.made():
        return factories.signup(db.session.get_one(CourseRun, door.run), "王芳").id


def test_who_came_to_the_old_time_is_expected_at_the_new_one(door, frozen):
    signup_id = expected(door)
    scans(door, signup_id, "came-to-the-old")
    put_off(door)
    row = db.session.get_one(Signup, signup_id)
    assert (row.state, row.outcome, here()) == ("confirmed", None, 0)
    assert db.session.scalars(select(Scan.reason).where(Scan.annuls_id.is_not(None))).all() == ["改期：停电"]
    db.session.rollback()
    at_the_door(door, frozen)
    assert scans(door, signup_id, "came-to-the-new").verdict == "accepted"
    assert here() == 1
    assert "C1" not in "".join(broken())


def test_who_came_before_a_merger_is_expected_at_the_other_run(door):
    signup_id = expected(door)
    scans(door, signup_id, "came-before-it")
    other = merged(door)
    rows = db.session.scalars(select(Signup).order_by(Signup.id)).all()
    assert [(one.run_id, one.state, one.outcome) for one in rows] == [
        (door.run, "moved", None), (other.run, "confirmed", None),
    ]  # fmt: skip
    assert here() == 0


def test_what_a_phone_uploads_later_of_the_old_time_checks_nobody_in(door):
    signup_id, at = expected(door), clock.now()
    put_off(door)
    run, meeting = db.session.get_one(CourseRun, door.run), db.session.get_one(Meeting, door.meeting)
    assert verdict_of(run, meeting, db.session.get_one(Signup, signup_id), at, "camera") == "too_early"


def test_who_left_a_number_has_a_place_at_the_new_time(door, frozen):
    row_id = comes(door)
    put_off(door)
    row = db.session.get_one(Signup, completed(row_id, name="王奶奶"))
    assert (row.run_id, row.state, row.outcome, here()) == (door.run, "confirmed", None, 0)
    db.session.rollback()
    at_the_door(door, frozen)
    assert scans(door, row.id, "comes-at-last").verdict == "accepted"


def test_who_left_a_number_and_comes_again_is_here_from_then(door, frozen):
    row_id = comes(door)
    put_off(door)
    at_the_door(door, frozen)
    assert comes(door) == row_id
    assert db.session.get_one(ProvisionalCheckIn, row_id, populate_existing=True).came_at == clock.now()
    db.session.rollback()
    assert db.session.get_one(Signup, completed(row_id)).outcome == "attended"
    assert db.session.scalars(select(CheckIn.first_at)).one() == clock.now()


def test_who_left_a_number_goes_along_with_a_merger(door):
    row_id = comes(door)
    other = merged(door)
    with factories.made():
        assert provisional.run_of(db.session.get_one(ProvisionalCheckIn, row_id)).id == other.run
    row = db.session.get_one(Signup, completed(row_id))
    assert (row.run_id, row.state, row.outcome, here()) == (other.run, "confirmed", None, 0)
