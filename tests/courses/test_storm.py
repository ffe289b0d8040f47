"""Many hands at once: sign-ups, withdrawals, seats, moves and offers in real threads (rel-F13, F16)."""

import random
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.core.errors import Refusal
from chengjiu_mp.courses import moving, offers, publishing, reserving, tasks
from chengjiu_mp.courses.models import CourseRun, SeatPool, Signup
from chengjiu_mp.courses.signing_up import sign_up, sign_up_together
from chengjiu_mp.courses.withdrawing import withdraw
from tests import factories, invariants
from tests.courses.test_seats import in_parallel
from tests.signups import entry

HANDS = 8


def two_runs(capacity: int) -> list[int]:
    with factories.made():
        return [factories.run(capacity=capacity, starts_in=timedelta(days=5 + n)).id for n in range(2)]


def doing(work: Callable[[], Any]) -> str:
    """Do one thing as a request would; a refusal is an answer, anything else is a fault."""
    try:
        with unit_of_work():
            work()
    except Refusal as refusal:
        return refusal.code
    return "done"


def hand(seed: int, runs: list[int], steps: int) -> Callable[[], list[str]]:
    """Return what one of the many does: a random mix over people of its own."""
    dice, numbers = random.Random(seed), [factories.resident_id() for _ in range(6)]

    def mine() -> list[int]:
        return list(db.session.scalars(select(Signup.id).where(Signup.name == f"第{'一二三四五六七八'[seed]}位")))

    def step() -> str:
        run, name = dice.choice(runs), f"第{'一二三四五六七八'[seed]}位"
        verb = dice.choice(["sign"] * 4 + ["leave"] * 3 + ["move", "move", "seats", "accept", "together", "reserve"])
        if verb == "sign":
            return doing(lambda: sign_up(run, entry(name=name, doc_number=dice.choice(numbers)), channel="api"))
        if verb == "together":
            two = [entry(name=name) for _ in range(2)]
            return doing(lambda: sign_up_together(run, two, channel="page", split=dice.random() < 0.5))
        if verb == "seats":
            return doing(lambda: publishing.set_capacity(db.session.get_one(CourseRun, run), dice.randint(4, 9)))
        if verb == "reserve":
            return doing(lambda: reserving.reserve_places(db.session.get_one(CourseRun, run), 3, 1))
        held = mine()
        db.session.rollback()
        if not held:
            return "none"
        one = dice.choice(held)
        work: dict[str, Callable[[], Any]] = {
            "leave": lambda: withdraw(db.session.get_one(Signup, one)),
            "move": lambda: moving.move(db.session.get_one(Signup, one), run),
            "accept": lambda: offers.accept(db.session.get_one(Signup, one)),
        }
        return doing(work[verb])

    return lambda: [step() for _ in range(steps)]


@pytest.mark.slow
def test_a_storm_leaves_every_count_right(app: Flask) -> None:
    runs = two_runs(capacity=6)
    results = in_parallel(app, [hand(seed, runs, steps=15) for seed in range(HANDS)])
    assert [one for one in results if isinstance(one, Exception)] == []
    assert sum(one.count("done") for one in results if isinstance(one, list)) > HANDS * 3
    tasks.settle()
    assert invariants.broken() == {}


@pytest.mark.slow
def test_moves_in_both_directions_never_lock_each_other_out(app: Flask) -> None:
    runs = two_runs(capacity=20)
    ids = []
    for at in (0, 1):
        for _ in range(6):
            with unit_of_work():
                ids.append((sign_up(runs[at], entry(), channel="api").signup.id, 1 - at))

    def to_and_fro(signup_id: int, to: int) -> Callable[[], int]:
        def work() -> int:
            here, goal = signup_id, to
            for _ in range(6):
                with unit_of_work():
                    here = moving.move(db.session.get_one(Signup, here), runs[goal]).signup.id
                goal = 1 - goal
            return here

        return work

    results = in_parallel(app, [to_and_fro(*one) for one in ids])
    assert [one for one in results if isinstance(one, Exception)] == []
    assert invariants.broken() == {}
    assert db.session.scalars(select(SeatPool.taken).order_by(SeatPool.id)).all() == [6, 6]


@pytest.mark.slow
def test_two_forms_with_the_same_people_the_other_way_round_never_lock_each_other_out(app: Flask) -> None:
    run, _ = two_runs(capacity=400)

    def sending(forms: list[list[str]]) -> Callable[[], list[str]]:
        def send(numbers: list[str]) -> str:
            people = [entry(doc_number=number) for number in numbers]
            return doing(lambda: sign_up_together(run, people, channel="page"))

        return lambda: [send(numbers) for numbers in forms]

    families = [[factories.resident_id() for _ in range(4)] for _ in range(25)]
    results = in_parallel(app, [sending(families), sending([one[::-1] for one in families])])
    assert [one for one in results if isinstance(one, Exception)] == []
    assert sum(one.count("done") for one in results if isinstance(one, list)) == len(families)
    assert invariants.broken() == {}
