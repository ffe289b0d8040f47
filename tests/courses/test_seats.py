"""Seats under pressure: real threads, real commits; and a model that walks at random beside the database."""

import threading
from collections.abc import Callable
from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from sqlalchemy import func, select

from chengjiu_mp.core import context
from chengjiu_mp.core.context import Principal
from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.courses import rules
from chengjiu_mp.courses.errors import AlreadySignedUp, CapacityBelowTaken
from chengjiu_mp.courses.models import LIVE, SEATED, CourseRun, SeatPool, Signup
from chengjiu_mp.courses.publishing import set_capacity
from chengjiu_mp.courses.signing_up import sign_up
from chengjiu_mp.courses.withdrawing import withdraw
from chengjiu_mp.signin import sessions
from tests import factories
from tests.signups import entry

# Each walk has a day of its own: its eight people may not sit in two runs at once.
_days = count(1)


def in_parallel(app: Flask, works: list[Callable[[], object]]) -> list[object]:
    """Run each in a thread of its own, all at once; return results and exceptions in order."""
    start = threading.Barrier(len(works))
    results: list[object] = [None] * len(works)

    def call(at: int) -> None:
        with app.app_context(), context.acting_as(Principal()):
            start.wait()
            try:
                results[at] = works[at]()
            except Exception as exc:  # noqa: BLE001  what a thread raised is a result here
                results[at] = exc
            finally:
                db.session.remove()

    threads = [threading.Thread(target=call, args=(at,)) for at in range(len(works))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def signing(run_id: int, number: str) -> Callable[[], object]:
    def work() -> tuple[str, int | None]:
        with unit_of_work():
            made = sign_up(run_id, entry(doc_number=number), channel="api")
        return made.signup.state, made.rank

    return work


def withdrawing(signup_id: int) -> Callable[[], object]:
    def work() -> str:
        with unit_of_work():
            return withdraw(db.session.get_one(Signup, signup_id)).state

    return work


def check_pool() -> None:
    """S1, S2, S3, S4 as they must hold in every committed snapshot."""
    for pool in db.session.scalars(select(SeatPool)):
        rows = db.session.scalars(select(Signup).where(Signup.pool_id == pool.id)).all()
        seated = [r for r in rows if r.state in SEATED]
        waiting = [r for r in rows if r.state == "waitlisted"]
        assert pool.taken == len(seated) <= pool.capacity
        assert pool.waiting == len(waiting)
        assert pool.taken == pool.capacity or not waiting
        live = [r.person_id for r in rows if r.state in LIVE]
        assert len(live) == len(set(live))
        assert len({r.position for r in waiting}) == len(waiting)
        assert all(r.position and r.position < pool.next_position for r in waiting)
    db.session.rollback()


@pytest.mark.slow
def test_fifty_at_once_on_twenty_seats(app: Flask) -> None:
    with factories.made():
        run = factories.run(capacity=20).id
    people = [factories.resident_id() for _ in range(50)]
    results: list[Any] = in_parallel(app, [signing(run, number) for number in people])
    assert [r for r in results if isinstance(r, Exception)] == []
    assert results.count(("confirmed", None)) == 20
    assert sorted(rank for state, rank in results if state == "waitlisted") == list(range(1, 31))
    positions = db.session.scalars(select(Signup.position).where(Signup.state == "waitlisted"))
    assert set(positions) == set(range(1, 31))
    check_pool()


@pytest.mark.slow
def test_one_person_tapping_twenty_times_holds_one_place(app: Flask) -> None:
    with factories.made():
        run = factories.run(capacity=20).id
    results = in_parallel(app, [signing(run, factories.resident_id(1))] * 20)
    assert results.count(("confirmed", None)) == 1
    assert sum(isinstance(r, AlreadySignedUp) for r in results) == 19
    check_pool()


@pytest.mark.slow
def test_one_device_tapping_twenty_times_gets_one_ticket(app: Flask) -> None:
    with factories.made():
        run, mine = factories.run(capacity=20).id, sessions.open_session("device")[1].id

    def tap() -> str:
        with context.acting_as(Principal(device_id=mine)), unit_of_work():
            return sign_up(run, entry(doc_number=factories.resident_id(1)), channel="page").ticket_token

    results = in_parallel(app, [tap] * 20)
    assert len(set(results)) == 1
    check_pool()


@pytest.mark.slow
def test_withdrawals_in_parallel_promote_each_waiting_person_once(app: Flask) -> None:
    with factories.made():
        run = factories.run(capacity=10).id
    for _ in range(25):
        with unit_of_work():
            sign_up(run, entry(), channel="api")
    seated = db.session.scalars(select(Signup.id).where(Signup.state == "confirmed")).all()
    # Each gives back twice: a second withdrawal frees nothing (rel-S7).
    results = in_parallel(app, [withdrawing(one) for one in seated] * 2 + [signing(run, factories.resident_id())])
    assert [r for r in results if isinstance(r, Exception)] == []
    check_pool()
    left = db.session.scalars(select(Signup).where(Signup.state == "waitlisted").order_by(Signup.position)).all()
    assert len(left) == 6
    assert [r.position for r in left[:5]] == [11, 12, 13, 14, 15]


class Seats(RuleBasedStateMachine):
    """The model: who sits, who waits in which order, how many seats. Compared with the database after each step."""

    def __init__(self) -> None:
        super().__init__()
        with factories.made():
            self.run_id = factories.run(capacity=3, starts_in=timedelta(days=next(_days))).id
        self.numbers = [factories.resident_id(n) for n in range(8)]
        self.capacity, self.seated, self.waiting = 3, list[int](), list[int]()
        self.ids: dict[int, int] = {}

    def _fill(self) -> None:
        while self.waiting and len(self.seated) < self.capacity:
            self.seated.append(self.waiting.pop(0))

    @rule(who=st.integers(0, 7))
    def sign_up(self, who: int) -> None:
        with context.acting_as(Principal()):
            try:
                with unit_of_work():
                    made = sign_up(self.run_id, entry(doc_number=self.numbers[who]), channel="api")
            except AlreadySignedUp:
                assert who in self.seated + self.waiting
                return
        assert who not in self.seated + self.waiting
        self.ids[who] = made.signup.id
        self.waiting.append(who)
        self._fill()
        assert (made.signup.state == "confirmed") == (who in self.seated)

    @precondition(lambda self: self.ids)
    @rule(data=st.data())
    def withdraw(self, data: st.DataObject) -> None:
        who = data.draw(st.sampled_from(sorted(self.ids)))
        with unit_of_work():
            withdraw(db.session.get_one(Signup, self.ids[who]))
        self.seated = [p for p in self.seated if p != who]
        self.waiting = [p for p in self.waiting if p != who]
        self._fill()

    @rule(capacity=st.integers(1, 6))
    def set_capacity(self, capacity: int) -> None:
        try:
            with unit_of_work():
                set_capacity(db.session.get_one(CourseRun, self.run_id), capacity)
        except CapacityBelowTaken:
            assert capacity < len(self.seated)
            return
        assert capacity >= len(self.seated)
        self.capacity = capacity
        self._fill()

    @invariant()
    def database_agrees(self) -> None:
        check_pool()
        rows = db.session.execute(
            select(Signup.id, Signup.state)
            .where(Signup.run_id == self.run_id, Signup.state.in_(LIVE))
            .order_by(Signup.position)
        ).all()
        assert {i for i, state in rows if state == "confirmed"} == {self.ids[p] for p in self.seated}
        assert [i for i, state in rows if state == "waitlisted"] == [self.ids[p] for p in self.waiting]
        pool = db.session.scalars(select(SeatPool).where(SeatPool.run_id == self.run_id)).one()
        assert (pool.capacity, pool.taken, pool.waiting) == (self.capacity, len(self.seated), len(self.waiting))
        db.session.remove()


@pytest.mark.slow
def test_the_database_walks_as_the_model_does(app: Flask) -> None:
    # Its eight people go from walk to walk, and sit in every one's run.
    rules.use_rules(rules.Rules(per_person=1000))
    walks = settings(
        max_examples=15, stateful_step_count=18, deadline=None, derandomize=True, database=None,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    run_state_machine_as_test(Seats, settings=walks)
    assert (db.session.scalar(select(func.count()).select_from(Signup)) or 0) > 0
