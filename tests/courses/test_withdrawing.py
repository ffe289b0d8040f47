"""Giving places back, changing seats, ending runs."""

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from chengjiu_mp.core import clock, privacy
from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.core.models import AuditEntry
from chengjiu_mp.courses import changes, errors, publishing
from chengjiu_mp.courses.models import CourseRun, SeatPool, Signup
from chengjiu_mp.courses.owning import choose_owner
from chengjiu_mp.courses.signup_queries import rank_of
from chengjiu_mp.courses.withdrawing import withdraw
from chengjiu_mp.outbox.models import Message
from tests import factories
from tests.conftest import FrozenClock
from tests.signups import signed


def a_run(people: int, capacity: int, **values: Any) -> tuple[CourseRun, list[int]]:
    with factories.made():
        run = factories.run(capacity=capacity, **values)
    return run, [signed(run.id).signup.id for _ in range(people)]


def states() -> list[str]:
    db.session.expire_all()
    return list(db.session.scalars(select(Signup.state).order_by(Signup.id)))


def gone(signup_id: int) -> Signup:
    with unit_of_work():
        return withdraw(db.session.get_one(Signup, signup_id))


def pool() -> tuple[int, int, int]:
    row = db.session.scalars(select(SeatPool).execution_options(populate_existing=True)).one()
    return row.capacity, row.taken, row.waiting


def told(kind: str) -> int:
    return len(db.session.scalars(select(Message).where(Message.kind == kind)).all())


# Withdrawing


def test_a_freed_seat_goes_to_the_first_in_line(app: Flask) -> None:
    _, ids = a_run(5, capacity=2)
    gone(ids[0])
    assert states() == ["withdrawn", "confirmed", "confirmed", "waitlisted", "waitlisted"]
    assert pool() == (2, 2, 2)
    assert told("signup.promoted") == 1


def test_a_reason_turns_nothing_around_it(app: Flask) -> None:
    _, (row,) = a_run(1, 1)
    with unit_of_work():
        assert withdraw(db.session.get_one(Signup, row), "加班\u202e来不了").note == "加班来不了"


def test_twice_is_once(app: Flask) -> None:
    _, ids = a_run(4, capacity=1)
    for _ in "twice":
        gone(ids[0])
    assert states() == ["withdrawn", "confirmed", "waitlisted", "waitlisted"]
    assert told("signup.withdrawn") == 1
    assert len(db.session.scalars(select(AuditEntry).where(AuditEntry.action == "signup.withdrawn")).all()) == 1


def test_leaving_the_line_moves_those_behind(app: Flask) -> None:
    _, ids = a_run(4, capacity=1)
    gone(ids[1])
    assert pool() == (1, 1, 2)
    assert [rank_of(db.session.get_one(Signup, i)) for i in ids] == [None, None, 1, 2]


def test_who_comes_back_waits_at_the_end(app: Flask) -> None:
    run, ids = a_run(3, capacity=1)
    gone(ids[1])
    again = signed(run.id)
    assert (again.rank, again.signup.position) == (2, 3)


def test_nobody_withdraws_once_it_has_begun(app: Flask, frozen: FrozenClock) -> None:
    _, ids = a_run(1, capacity=1)
    frozen.now += timedelta(days=3)
    with pytest.raises(errors.CannotWithdraw):
        gone(ids[0])
    assert pool() == (1, 1, 0)


def test_who_checked_in_cannot_withdraw(app: Flask) -> None:
    _, ids = a_run(1, capacity=1)
    with unit_of_work():
        db.session.get_one(Signup, ids[0]).outcome = "attended"
    with pytest.raises(errors.CannotWithdraw):
        gone(ids[0])


def test_a_promotion_is_audited_with_whom_to_call(app: Flask) -> None:
    _, ids = a_run(2, capacity=1)
    gone(ids[0])
    row = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "signup.promoted")).one()
    assert (row.object_id, row.facts) == (ids[1], {"position": 1, "to_call": True})


# Seats


def test_more_seats_go_to_the_line_in_its_order(app: Flask) -> None:
    run, _ = a_run(5, capacity=1)
    with unit_of_work():
        publishing.set_capacity(db.session.get_one(CourseRun, run.id), 3)
    assert states() == ["confirmed"] * 3 + ["waitlisted"] * 2
    assert pool() == (3, 3, 2)


def test_nobody_is_put_out_by_fewer_seats(app: Flask) -> None:
    run, _ = a_run(3, capacity=3)
    with pytest.raises(errors.CapacityBelowTaken) as refused, unit_of_work():
        publishing.set_capacity(db.session.get_one(CourseRun, run.id), 2)
    assert refused.value.facts == {"taken": 3}
    assert pool() == (3, 3, 0)


# Publishing


def test_publishing_freezes_the_values_of_that_moment(app: Flask) -> None:
    with factories.made():
        run = factories.run("cpr_aed", state="draft")
        old = factories.syllabus("cpr_aed")
        newer = type(old)(
            course_type_id=old.course_type_id, version=2, hours=5, capacity_default=40, min_age=15,
            exam_scheme_id=old.exam_scheme_id,
        )  # fmt: skip
        db.session.add(newer)
    with unit_of_work():
        publishing.publish(db.session.get_one(CourseRun, run.id))
    kept = db.session.get_one(CourseRun, run.id)
    assert (kept.state, kept.syllabus_id, kept.exam_scheme_id) == ("published", newer.id, newer.exam_scheme_id)


def test_what_staff_should_know_is_said_and_stops_nothing(app: Flask) -> None:
    with factories.made():
        late = factories.instructor("李敏", refresh_due=clock.today())
        begins = clock.at_local(clock.today().replace(month=10, day=1)) - clock.now()
        run = factories.run(state="draft", capacity=50, instructors=[late], starts_in=begins)
        far = factories.run(state="draft", starts_in=timedelta(days=800))
    codes = [w.code for w in publishing.warnings_of(run.id)]
    assert codes == ["ratio", "holiday", "in_the_past"]
    assert [w.code for w in publishing.warnings_of(far.id)] == ["no_instructor", "holidays_unknown"]
    with factories.made():
        soon = factories.run(state="draft", capacity=20, instructors=[late])
    assert [w.code for w in publishing.warnings_of(soon.id)] == ["refresher_overdue"]


# Closing


def test_closing_marks_who_did_not_come_and_ends_the_line(app: Flask, frozen: FrozenClock) -> None:
    run, ids = a_run(3, capacity=2)
    with unit_of_work():
        db.session.get_one(Signup, ids[0]).outcome = "attended"
    frozen.now += timedelta(days=3, hours=4)
    with unit_of_work():
        publishing.close(db.session.get_one(CourseRun, run.id))
    assert states() == ["confirmed", "confirmed", "lapsed"]
    assert [db.session.get_one(Signup, i).outcome for i in ids] == ["attended", "absent", None]
    assert pool() == (2, 2, 0)
    # Who waited in vain hears of it, though the training is over: nobody else does.
    told = db.session.scalars(select(Message).where(Message.kind == "signup.not_reached")).all()
    assert [(one.subject_id, one.expires_at) for one in told] == [(ids[2], frozen.now + timedelta(days=1))]


def test_nothing_is_closed_before_its_day(app: Flask) -> None:
    run, _ = a_run(0, capacity=2)
    with pytest.raises(errors.RunNotBegun), unit_of_work():
        publishing.close(db.session.get_one(CourseRun, run.id), 5)


def test_fewer_heads_than_check_ins_want_a_reason(app: Flask, frozen: FrozenClock) -> None:
    run, ids = a_run(2, capacity=2)
    with unit_of_work():
        for one in ids:
            db.session.get_one(Signup, one).outcome = "attended"
    frozen.now += timedelta(days=3)
    with pytest.raises(errors.HeadCountUnexplained) as refused, unit_of_work():
        publishing.close(db.session.get_one(CourseRun, run.id), 1)
    assert refused.value.facts == {"checked_in": 2}
    with unit_of_work():
        publishing.close(db.session.get_one(CourseRun, run.id), 1, "一人中途离开")
    assert db.session.get_one(CourseRun, run.id).head_count == 1


def test_a_closed_run_takes_nobody_and_a_draft_is_not_closed(app: Flask) -> None:
    with factories.made():
        draft = factories.run(state="draft", starts_in=timedelta(0))
    with pytest.raises(errors.RunNotOpen), unit_of_work():
        publishing.close(db.session.get_one(CourseRun, draft.id), 5)


def test_calling_a_run_off_frees_and_tells_everybody(app: Flask) -> None:
    run, _ = a_run(3, capacity=2)
    with unit_of_work():
        changes.cancel(db.session.get_one(CourseRun, run.id), "场地停电")
    assert states() == ["run_cancelled"] * 3
    assert pool() == (2, 0, 0)
    assert told("signup.run_cancelled") == 3
    with pytest.raises(errors.SignupClosed):
        signed(run.id)


# Whom it counts for


def test_an_open_run_asks_whom_it_counts_for(app: Flask) -> None:
    run, ids = a_run(1, capacity=2)
    office = factories.unit("education").id
    with unit_of_work():
        choose_owner(db.session.get_one(Signup, ids[0]), db.session.get_one(CourseRun, run.id), office, "students")
    row = db.session.get_one(Signup, ids[0])
    assert (row.owner_unit_id, row.key_group, row.sector_id) == (office, "students", run.sector_id)


@pytest.mark.parametrize("why", ["own run", "checked in", "no such unit", "no such group"])
def test_and_nothing_else_changes_it(app: Flask, why: str) -> None:
    run, ids = a_run(1, capacity=2, open_to_all=why != "own run")
    with unit_of_work():
        db.session.get_one(Signup, ids[0]).outcome = "attended" if why == "checked in" else None
    unit = 9999 if why == "no such unit" else factories.unit("education").id
    with pytest.raises((errors.OwnerFixed, errors.UnknownChoice)), unit_of_work():
        group = "kings" if why == "no such group" else "other"
        choose_owner(db.session.get_one(Signup, ids[0]), db.session.get_one(CourseRun, run.id), unit, group)
    db.session.expire_all()
    assert db.session.get_one(Signup, ids[0]).owner_unit_id == run.unit_id


def test_messages_hold_no_name_and_go_to_the_phone_typed(app: Flask) -> None:
    with factories.made():
        run = factories.run()
    phone = factories.phone()
    signed(run.id, phone=phone, name="欧阳娜娜")
    row = db.session.scalars(select(Message)).one()
    body = privacy.unseal(row.body_sealed, place=Message.PLACE_BODY, row=row.uid)
    assert "欧阳" not in body
    assert row.phone_index == privacy.phone_index(phone)
