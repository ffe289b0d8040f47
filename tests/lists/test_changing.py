"""Swaps by a tap: the seat goes to exactly the one who comes instead, whoever waits; until the roster locks."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from chengjiu_mp.core import context
from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.core.errors import NotFound
from chengjiu_mp.courses import errors as course_errors
from chengjiu_mp.courses.entry import Entry
from chengjiu_mp.courses.locking import roster_locks_at
from chengjiu_mp.courses.models import CourseRun, SeatPool, Signup
from chengjiu_mp.courses.reserving import reserve_places
from chengjiu_mp.courses.withdrawing import withdraw
from chengjiu_mp.lists import changing, errors, making, queries, sheet
from chengjiu_mp.lists.erasing import erase_rows
from chengjiu_mp.lists.models import UnitList, UnitListLine, UnitListRow
from chengjiu_mp.lists.policy import list_for
from chengjiu_mp.outbox.models import Message
from tests import factories, invariants, rosters, signups


def full_list(capacity: int = 2, people: int = 2, **reserve: int) -> tuple[int, int]:
    """Return a list whose people hold every seat of its run, and the run."""
    with factories.made():
        run = factories.run(capacity=capacity)
        run_id = run.id
        if reserve:
            reserve_places(run, factories.unit("chengjiang").id, reserve["places"])
    list_id = rosters.a_list(run_id)
    rosters.enrolled(list_id, rosters.sheet([rosters.person(n) for n in range(people)]))
    return list_id, run_id


def instead(list_id: int, n: int = 50, row: int = 0) -> Signup:
    given = rosters.person(n)
    entry = Entry(name=given["姓名"], doc_number=given["证件号码"], phone=given["手机号"])
    with unit_of_work():
        of = db.session.get_one(UnitList, list_id)
        made = changing.send_instead(of, queries.people_of(list_id)[row].row, entry)
        signup_id = made.signup.id
    return db.session.get_one(Signup, signup_id)


def states(run_id: int) -> list[tuple[str, int | None]]:
    rows = db.session.execute(select(Signup.state, Signup.position).where(Signup.run_id == run_id).order_by(Signup.id))
    return [(row[0], row[1]) for row in rows]


def test_the_seat_goes_to_who_comes_instead_though_somebody_waits(app):
    list_id, run_id = full_list()
    waiting = signups.signed(run_id).signup.id
    fresh = instead(list_id)
    assert fresh.state == "confirmed"
    assert db.session.get_one(Signup, waiting).state == "waitlisted"
    assert states(run_id)[0] == ("withdrawn", None)
    assert [one.name for one in queries.people_of(list_id)] == [rosters.person(1)["姓名"], fresh.name]
    assert invariants.broken() == {}


def test_a_reserved_seat_is_passed_on_within_its_reserve(app):
    list_id, _ = full_list(capacity=3, people=1, places=1)
    fresh = instead(list_id)
    pool = db.session.get_one(SeatPool, fresh.pool_id)
    assert (pool.unit_id is not None, pool.taken) == (True, 1)
    assert invariants.broken() == {}


def test_a_place_in_the_line_keeps_its_position(app):
    list_id, run_id = full_list(capacity=1)
    last = signups.signed(run_id).signup.id
    fresh = instead(list_id, row=1)
    assert (fresh.state, fresh.position) == ("waitlisted", 1)
    assert db.session.get_one(Signup, last).position == 2
    assert invariants.broken() == {}


def test_both_are_told(app):
    list_id, _ = full_list(people=1)
    instead(list_id)
    kinds = db.session.scalars(select(Message.kind).order_by(Message.id)).all()
    assert kinds == ["signup.confirmed", "signup.withdrawn", "signup.confirmed"]


def test_who_is_on_the_list_or_in_the_run_cannot_come_instead(app):
    list_id, run_id = full_list(capacity=5)
    with pytest.raises(errors.OnOtherList):
        instead(list_id, n=1)
    signups.signed(run_id, doc_number=rosters.person(60)["证件号码"])
    with pytest.raises(course_errors.AlreadySignedUp):
        instead(list_id, n=60)
    assert [state for state, _ in states(run_id)] == ["confirmed"] * 3


def test_nothing_changes_once_the_roster_is_locked(app, frozen):
    list_id, run_id = full_list()
    locks_at = roster_locks_at(db.session.get_one(CourseRun, run_id))
    frozen.now = locks_at - timedelta(seconds=1)
    instead(list_id)
    frozen.now = locks_at
    with pytest.raises(course_errors.RosterLocked):
        instead(list_id, n=51)
    with pytest.raises(course_errors.RosterLocked), unit_of_work():
        changing.remove(db.session.get_one(UnitList, list_id), queries.people_of(list_id)[0].row)


def test_a_removed_person_frees_the_seat_for_who_waits_and_may_come_back(app):
    list_id, run_id = full_list()
    waiting = signups.signed(run_id).signup.id
    with unit_of_work():
        changing.remove(db.session.get_one(UnitList, list_id), queries.people_of(list_id)[0].row, "出差")
    assert db.session.get_one(Signup, waiting).state in ("confirmed", "offered")
    again = rosters.enrolled(list_id, rosters.sheet([rosters.person(0)]))
    assert rosters.lines(again.id)[0].outcome == "waiting"
    assert invariants.broken() == {}


def test_who_was_taken_off_and_stands_in_the_sheet_again_is_pointed_out(app):
    list_id, _ = full_list(people=1)
    with unit_of_work():
        changing.remove(db.session.get_one(UnitList, list_id), queries.people_of(list_id)[0].row)
    (line,) = rosters.lines(rosters.uploaded(list_id, rosters.sheet([rosters.person(0)])))
    assert (line.plan, "之前移出过名单" in line.reason) == ("add", True)


def test_a_move_to_a_full_run_keeps_the_seat_until_the_new_one_is_sure(app):
    list_id, early = full_list(people=1)
    with factories.made():
        late = factories.run(capacity=1, starts_in=timedelta(days=9))
        factories.signup(late, name="占座")
        late_id = late.id
    with unit_of_work():
        of = db.session.get_one(UnitList, list_id)
        making.set_runs(of, [late_id])
        row = queries.people_of(list_id)[0].row
        changing.change_run(of, row, late_id)
    one = queries.people_of(list_id)[0]
    assert (one.row.run_id, one.signup and one.signup.run_id) == (late_id, early)
    assert states(late_id)[-1][0] == "waitlisted"
    with unit_of_work():
        changing.change_run(db.session.get_one(UnitList, list_id), queries.people_of(list_id)[0].row, early)
    one = queries.people_of(list_id)[0]
    assert (one.row.run_id, one.signup and one.signup.state) == (early, "confirmed")
    assert states(late_id)[-1][0] == "withdrawn"


@pytest.mark.parametrize("by", ["tap", "sheet"])
@pytest.mark.parametrize("third", [True, False])
def test_the_last_word_on_a_run_is_the_one_that_stands(app, *, third, by):
    """A seat that comes free in the run of an earlier word takes nobody away again."""
    list_id, early = full_list(people=1)
    with factories.made():
        full, free = (factories.run(capacity=1, starts_in=timedelta(days=days)).id for days in (20, 30))
    [holder] = [signups.signed(full).signup.id]
    with unit_of_work():
        making.set_runs(db.session.get_one(UnitList, list_id), [early, full, free])
    last = free if third else early
    for run_id in (full, last):
        if by == "tap":
            with unit_of_work():
                changing.change_run(db.session.get_one(UnitList, list_id), queries.people_of(list_id)[0].row, run_id)
        else:
            words = sheet.run_label(db.session.get_one(CourseRun, run_id))
            rosters.enrolled(list_id, rosters.sheet([rosters.person(0, 场次=words)]))
    assert states(full)[-1][0] == "withdrawn"
    with unit_of_work():
        withdraw(db.session.get_one(Signup, holder))
    one = queries.people_of(list_id)[0]
    assert (one.row.run_id, one.signup and (one.signup.run_id, one.signup.state)) == (last, (last, "confirmed"))
    assert invariants.broken() == {}


def test_a_run_that_is_not_the_lists_is_no_goal(app):
    list_id, _ = full_list(people=1)
    with factories.made():
        other = factories.run(starts_in=timedelta(days=9)).id
    with pytest.raises(course_errors.UnknownChoice), unit_of_work():
        changing.change_run(db.session.get_one(UnitList, list_id), queries.people_of(list_id)[0].row, other)


def test_a_liaison_of_another_unit_finds_nothing(app):
    list_id, _ = full_list(people=1)
    with factories.made():
        stranger = factories.account("unit_manager", "huashi")
    with factories.acting(stranger), pytest.raises(NotFound):
        list_for(context.principal(), list_id)
    assert db.session.scalars(select(UnitListRow)).one().state == "on"


def test_what_a_list_holds_of_a_person_ends_with_the_sign_up(app):
    full_list(people=1)
    with unit_of_work():
        signup_id = db.session.scalars(select(Signup.id)).one()
        assert erase_rows([signup_id]) == 1
    row = db.session.scalars(select(UnitListRow)).one()
    assert (queries.name_of(row), row.doc_index) == ("已删除", None)
    assert set(db.session.scalars(select(UnitListLine.cells_sealed))) == {None}
