"""The line as a model beside the database: three runs, a reserve, offers, moves, families, mergers; compared after each
step (rel-S1 to S7).
"""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from chengjiu_mp.core import clock, context, privacy
from chengjiu_mp.core.context import Principal
from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.core.errors import Refusal
from chengjiu_mp.core.models import Job
from chengjiu_mp.courses import (
    merging,
    moving,
    offers,
    promoting,
    publishing,
    reserving,
    seats,
    signing_up,
    tasks,
    withdrawing,
)
from chengjiu_mp.courses.models import LIVE, CourseRun, SeatPool, Signup
from chengjiu_mp.courses.signing_up import sign_up, sign_up_together
from chengjiu_mp.courses.signup_rows import Owner
from chengjiu_mp.outbox import delivery
from chengjiu_mp.outbox.models import Delivery, Message
from tests import factories, invariants
from tests.signups import entry

PEOPLE = 7
Pick = Callable[[list[Any]], Any]
RUNS, SEATS = 3, 2
_VERBS = (
    ["sign up"] * 5 + ["together"] * 2 + ["withdraw"] * 3 + ["accept"] * 3 + ["move"] * 4 + ["lapse"] * 2
    + ["seats", "reserve", "release", "merge"]
)  # fmt: skip
_MOVES = select(Job.id).where(Job.kind == promoting.FINISH_MOVE, Job.state == "queued")
# Each walk has days of its own: its people may not sit in two runs at once.
_days = count(40)


def delivered(signup_id: int) -> None:
    """Let the worker's side deliver what was said to a sign-up about its offer."""
    of = select(Delivery.id).join(Message).where(Message.dedupe_key == f"signup.offered:{signup_id}")
    effects = [delivery.deliver(one) for one in db.session.scalars(of).all()]
    with unit_of_work():
        for effect in effects:
            if effect is not None:
                effect()


def moved_id(signup_id: int) -> int:
    """Return the id of the place that a merged one became."""
    return db.session.scalars(
        select(Signup.id).where(Signup.moves_from_id == signup_id).order_by(Signup.id.desc())
    ).first()  # type: ignore[return-value]


@dataclass
class Modelled:
    """One run in the model: who sits, who is offered a seat, who waits in which order; the reserve beside it."""

    capacity: int
    seated: list[int] = field(default_factory=list)
    offered: list[int] = field(default_factory=list)
    waiting: list[int] = field(default_factory=list)
    reserve: int = 0
    inside: list[int] = field(default_factory=list)
    released: bool = False

    @property
    def free(self) -> int:
        return self.capacity - len(self.seated) - len(self.offered)

    def live(self) -> list[int]:
        return [*self.seated, *self.offered, *self.waiting, *self.inside]

    def drop(self, who: int) -> None:
        if who in self.inside and self.released:
            self.capacity += 1
        for places in (self.seated, self.offered, self.waiting, self.inside):
            if who in places:
                places.remove(who)


class Walk:
    """Even people prove their phone when they sign up alone, and are asked; others are confirmed at once."""

    def __init__(self) -> None:
        with factories.made():
            self.unit = factories.unit("nanzha").id
        self.runs = [self.a_run() for _ in range(RUNS)]
        self.model = [Modelled(SEATS) for _ in range(RUNS)]
        self.numbers = [factories.resident_id() for _ in range(PEOPLE)]
        self.phones = [factories.phone() for _ in range(PEOPLE)]
        self.ids: dict[tuple[int, int], int] = {}
        # {(who, the run that is waited for): the run whose place is kept until then}
        self.kept: dict[tuple[int, int], int] = {}
        # {(who, run)} of the places whose phone was proved.
        self.proved: set[tuple[int, int]] = set()

    def a_run(self) -> int:
        with factories.made():
            return factories.run(capacity=SEATS, starts_in=timedelta(days=next(_days))).id

    def _run(self, at: int) -> CourseRun:
        return db.session.get_one(CourseRun, self.runs[at])

    def step(self, pick: Pick) -> None:
        """Take one step: what happens, to whom and where is all picked."""
        at = pick(list(range(RUNS)))
        verb = pick(_VERBS)
        if verb == "sign up":
            self.sign_up(pick(list(range(PEOPLE))), at, unit=pick([True, False]))
        elif verb == "together":
            self.sign_up_together(at, pick([0, 1, 2, 3, 4]), pick([2, 3, 4]), split=pick([True, False]))
        elif verb == "merge":
            self.merge(at, (at + pick([1, 2])) % RUNS)
        elif verb == "seats":
            self.change_capacity(at, pick([1, 2, 3, 4, 5]))
        elif verb == "reserve":
            self.reserve(at, pick([1, 2, 3]))
        elif verb == "release":
            self.release(at)
        else:
            run = self.model[at]
            held = {
                "withdraw": run.live(),
                "accept": run.offered,
                "lapse": run.offered,
                "move": [*run.seated, *run.waiting],
            }
            known = held[verb] or [who for who, where in self.ids if where == at]
            if known:
                who = pick(sorted(known))
                if verb == "move":
                    self.move(who, at, (at + pick([1, 2])) % RUNS)
                else:
                    {"withdraw": self.withdraw, "accept": self.accept, "lapse": self.lapse}[verb](who, at)

    def _fill(self, at: int) -> None:
        run = self.model[at]
        while run.waiting and run.free > 0:
            who = run.waiting.pop(0)
            asked = (who, at) in self.proved
            (run.offered if asked else run.seated).append(who)
            if not asked:
                self._arrived(who, at)

    def _placed(self, who: int, at: int, signup_id: int, *, proved: bool) -> None:
        self.ids[who, at] = signup_id
        (self.proved.add if proved else self.proved.discard)((who, at))

    def _arrived(self, who: int, at: int) -> None:
        """A seat ends the place that was kept for it, and what that one was kept for; who waits elsewhere for the same
        keeps the new seat instead.
        """
        left, old = [], self.kept.pop((who, at), None)
        while old is not None and old != at and who in self.model[old].live():
            left.append(old)
            old = self.kept.pop((who, old), None)
        for key, kept in list(self.kept.items()):
            if key[0] == who and kept in left:
                self.kept[key] = at
        for old in left:
            self.model[old].drop(who)
            self._fill(old)

    def _gone(self, who: int, at: int) -> None:
        """A place that ended otherwise keeps none, and is not kept."""
        self.model[at].drop(who)
        self.kept = {key: kept for key, kept in self.kept.items() if key != (who, at) and (key[0], kept) != (who, at)}
        self._fill(at)

    def _does(self, work: Callable[[], Any]) -> Any:
        try:
            with unit_of_work():
                return work()
        except Refusal as refusal:
            return refusal.code
        finally:
            db.session.rollback()
            # A finished move may let somebody arrive whose own move is finished then.
            while found := db.session.scalars(_MOVES).all():
                for one in found:
                    db.session.rollback()
                    tasks.finish_move(one)

    def sign_up(self, who: int, at: int, *, unit: bool) -> None:
        run, proved = self.model[at], privacy.phone_index(self.phones[who]) if who % 2 == 0 else None
        owner = Owner(self.unit) if unit else None
        typed = entry(doc_number=self.numbers[who], phone=self.phones[who])
        held = who in run.live()
        with context.acting_as(Principal(phone_index=proved)):
            made = self._does(lambda: sign_up(self.runs[at], typed, channel="api", owner=owner))
        if held:
            # Who proves the phone on the sign-up gets the ticket again, anybody else learns nothing of it.
            assert made == "already_signed_up" if who % 2 else not made.fresh
            return
        self._placed(who, at, made.signup.id, proved=who % 2 == 0)
        if unit and not run.released and len(run.inside) < run.reserve:
            run.inside.append(who)
        elif run.free > 0 and not run.waiting:
            run.seated.append(who)
        else:
            run.waiting.append(who)

    def withdraw(self, who: int, at: int) -> None:
        self._does(lambda: withdrawing.withdraw(db.session.get_one(Signup, self.ids[who, at])))
        self._gone(who, at)

    def change_capacity(self, at: int, capacity: int) -> None:
        run = self.model[at]
        code = self._does(lambda: publishing.set_capacity(db.session.get_one(CourseRun, self.runs[at]), capacity))
        if code == "capacity_below_taken":
            assert capacity < len(run.seated) + len(run.offered)
            return
        assert capacity >= len(run.seated) + len(run.offered)
        run.capacity = capacity
        self._fill(at)

    def reserve(self, at: int, places: int) -> None:
        run = self.model[at]
        code = self._does(
            lambda: reserving.reserve_places(db.session.get_one(CourseRun, self.runs[at]), self.unit, places)
        )
        fits = places <= (0 if run.waiting else run.free) and not run.reserve
        assert isinstance(code, str) != fits
        if fits:
            run.capacity, run.reserve = run.capacity - places, places

    def release(self, at: int) -> None:
        run = self.model[at]
        pool = db.session.scalar(
            select(SeatPool.id).where(SeatPool.run_id == self.runs[at], SeatPool.unit_id.is_not(None))
        )
        if pool is None:
            return
        for _ in "twice":
            self._does(lambda: reserving.release_places(self.runs[at], pool))
        if not run.released:
            run.capacity, run.released = run.capacity + run.reserve - len(run.inside), True
        self._fill(at)

    def accept(self, who: int, at: int) -> None:
        run = self.model[at]
        code = self._does(lambda: offers.accept(db.session.get_one(Signup, self.ids[who, at])))
        if who not in run.offered:
            assert (code == "offer_gone") == (who not in [*run.seated, *run.inside])
            return
        run.offered.remove(who)
        run.seated.append(who)
        self._arrived(who, at)

    def lapse(self, who: int, at: int) -> None:
        signup_id = self.ids[who, at]
        self._does(lambda: offers.settle_offer(signup_id))
        if who not in self.model[at].offered:
            return
        # Not yet delivered: the clock stands, however late it is.
        assert db.session.get_one(Signup, signup_id).offer_ends_at is None
        delivered(signup_id)
        self._does(lambda: offers.settle_offer(signup_id))
        ends = db.session.get_one(Signup, signup_id).offer_ends_at
        assert ends is not None
        with clock.standing_at(ends - timedelta(seconds=1)):
            self._does(lambda: offers.settle_offer(signup_id))
        assert db.session.get_one(Signup, signup_id).state == "offered"
        with clock.standing_at(ends):
            for _ in "twice":
                self._does(lambda: offers.settle_offer(signup_id))
        self._gone(who, at)

    def sign_up_together(self, at: int, first: int, people: int, *, split: bool) -> None:
        """Odd and even people, who come anew: seats for all of them or none, unless they split."""
        run = self.model[at]
        party = [who for who in range(first, min(first + people, PEOPLE)) if who not in run.live()]
        typed = [entry(doc_number=self.numbers[who], phone=self.phones[who]) for who in party]
        if not party:
            return
        made = self._does(lambda: sign_up_together(self.runs[at], typed, channel="page", split=split))
        seats = 0 if run.waiting else run.free
        if not split and seats < len(party):
            assert made == "party_does_not_fit"
            return
        for who, one in zip(party, made, strict=True):
            self._placed(who, at, one.signup.id, proved=False)
        run.seated += party[:seats]
        run.waiting += party[seats:]

    def merge(self, at: int, to: int) -> None:
        here, there = self.model[at], self.model[to]
        # Who sits, by the age of the sign-up; then the line.
        sitting = sorted([*here.seated, *here.offered, *here.inside], key=lambda who: self.ids[who, at])
        code = self._does(lambda: merging.merge(self._run(at), self._run(to), "拼班"))
        fits = len(sitting) <= (0 if there.waiting else there.free)
        assert (code == "cannot_merge") != fits
        if not fits:
            return
        folded = {who for who in here.live() if who in there.live()}
        for who in [*sitting, *here.waiting]:
            if who in folded:
                continue
            self._placed(who, to, moved_id(self.ids[who, at]), proved=(who, at) in self.proved)
            (there.seated if there.free > 0 and not there.waiting else there.waiting).append(who)
        # Who did not choose the new day keeps the other place until they say so; who waits elsewhere, the new one.
        self.kept = {
            (who, waits): to if kept == at else kept
            for (who, waits), kept in self.kept.items() if waits != at and (kept != at or who not in folded)
        }  # fmt: skip
        # Another run takes the place of the one that ended.
        self.runs[at], self.model[at] = self.a_run(), Modelled(SEATS)
        self.ids = {key: one for key, one in self.ids.items() if key[1] != at}

    def move(self, who: int, at: int, to: int) -> None:
        here, there = self.model[at], self.model[to]
        code = self._does(lambda: moving.move(db.session.get_one(Signup, self.ids[who, at]), self.runs[to]))
        if who not in here.live() or who in there.live():
            assert code in ("cannot_move", "already_signed_up")
            return
        self._placed(who, to, code.signup.id, proved=(who, at) in self.proved)
        self.kept[who, to] = at
        if there.free > 0 and not there.waiting:
            there.seated.append(who)
            self._arrived(who, to)
        else:
            there.waiting.append(who)

    def agree(self) -> None:
        """Compare the model with the database, and hold the invariants."""
        assert invariants.broken() == {}
        for at, run in enumerate(self.model):
            rows = db.session.execute(
                select(Signup.id, Signup.state, SeatPool.unit_id)
                .join(SeatPool, SeatPool.id == Signup.pool_id)
                .where(Signup.run_id == self.runs[at], Signup.state.in_(LIVE))
                .order_by(Signup.position)
            ).all()
            name = {self.ids[key]: key[0] for key in self.ids if key[1] == at}
            said = [(name[i], state, unit is not None) for i, state, unit in rows]
            assert sorted(w for w, s, _ in said if s == "offered") == sorted(run.offered)
            assert sorted(w for w, s, inside in said if s == "confirmed" and not inside) == sorted(run.seated)
            assert sorted(w for w, s, inside in said if s == "confirmed" and inside) == sorted(run.inside)
            assert [w for w, s, _ in said if s == "waitlisted"] == run.waiting
            open_seats = select(SeatPool.capacity).where(SeatPool.run_id == self.runs[at], SeatPool.unit_id.is_(None))
            assert db.session.scalar(open_seats) == run.capacity
        db.session.remove()


class Machine(RuleBasedStateMachine):
    """Hypothesis picks; a fault is shrunk to the shortest walk that shows it."""

    def __init__(self) -> None:
        super().__init__()
        self.walk = Walk()

    @rule(data=st.data())
    def step(self, data: st.DataObject) -> None:
        self.walk.step(lambda choices: data.draw(st.sampled_from(choices)))

    @invariant()
    def agree(self) -> None:
        self.walk.agree()


@pytest.mark.slow
def test_the_line_walks_as_the_model_does(app: Flask) -> None:
    walks = settings(
        max_examples=10, stateful_step_count=25, deadline=None, derandomize=True, database=None,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    run_state_machine_as_test(Machine, settings=walks)


WALKS = 16

# What a mistake in the code does is the same on both; PostgreSQL's share of a walk is its round trips.
ONE_DATABASE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def wait_and_accept(walk: Walk) -> None:
    """Begin where a seat that is kept hangs on an offer."""
    for who in (1, 3):
        walk.sign_up(who, 1, unit=False)
    walk.sign_up(2, 0, unit=False)
    walk.move(2, 0, 1)
    walk.change_capacity(1, 3)
    walk.agree()
    walk.accept(2, 1)
    walk.agree()


def wait_and_be_merged(walk: Walk) -> None:
    """Begin where a move is under way while the run that is left ends in another: chance comes there too seldom."""
    for who in (0, 1):
        walk.sign_up(who, 1, unit=False)
    walk.sign_up(3, 0, unit=False)
    walk.move(3, 0, 1)
    walk.merge(0, 2)
    walk.agree()
    walk.change_capacity(1, 4)
    walk.agree()


def wander(walks: int, steps: int) -> None:
    """Walk at random, the same walks each time."""
    for seed in range(walks):
        dice, walk = random.Random(seed), Walk()
        if seed % 2:
            walk.reserve(1, 2)
        if seed % 4 == 0:
            wait_and_accept(walk)
        if seed % 4 == 2:
            wait_and_be_merged(walk)
        for _ in range(steps):
            walk.step(dice.choice)
            walk.agree()


@pytest.mark.slow
@ONE_DATABASE
def test_long_walks_meet_every_state(app: Flask) -> None:
    wander(WALKS, 100)
    states = set(db.session.scalars(select(Signup.state).distinct()))
    assert states | {"offered"} == {"confirmed", "offered", "waitlisted", "withdrawn", "lapsed", "moved"}
    assert db.session.scalars(select(Message.id).where(Message.kind == "signup.offered")).first() is not None


# Mutants: each is a mistake that somebody made before; the walk must notice it.


def _last_in_line(pool: SeatPool) -> Signup | None:
    waiting = select(Signup).where(Signup.pool_id == pool.id, Signup.state == "waitlisted")
    return db.session.scalars(waiting.order_by(Signup.position.desc()).limit(1)).first()


def _newest_first(pool: SeatPool) -> Signup | None:
    waiting = select(Signup).where(Signup.pool_id == pool.id, Signup.state == "waitlisted")
    return db.session.scalars(waiting.order_by(Signup.uid).limit(1)).first()


def _keeps_the_seat(pools: seats.Pools, signup: Signup) -> None:
    if signup.state == "waitlisted":
        pools.of(signup).waiting -= 1
        signup.position = None


def _forgets_the_reserve(pools: seats.Pools, signup: Signup) -> None:
    pool = pools.of(signup)
    if signup.state in ("confirmed", "offered"):
        pool.taken -= 1
    elif signup.state == "waitlisted":
        pool.waiting -= 1
        signup.position = None


def _counts_an_offer_as_free(pools: seats.Pools, run: CourseRun) -> list[Signup]:
    moved = promoting.promote_from_waitlist(pools, run)
    for one in moved:
        if one.state == "offered":
            pools.open.taken -= 1
    db.session.flush()
    return moved


def _promotes_one_only(pools: seats.Pools, run: CourseRun) -> list[Signup]:
    before = pools.open.capacity
    pools.open.capacity = min(before, pools.open.taken + 1)
    moved = promoting.promote_from_waitlist(pools, run)
    pools.open.capacity = before
    db.session.flush()
    return moved


def _nothing(*_args: object) -> list[Signup]:
    return []


def _turned_round(run_id: int, _real: Any = merging._in_order) -> list[Signup]:
    return _real(run_id)[::-1]


def _one_only(arrived: Signup, _real: Any = moving._behind) -> list[Signup]:
    return _real(arrived)[:1]


def _some_seats(pool_id: int, people: int = 1) -> bool:
    left = select(SeatPool.capacity - SeatPool.taken).where(SeatPool.id == pool_id)
    return seats.take_seats(pool_id, max(1, min(people, db.session.scalar(left) or 0)))


def _split_unasked(found: Any, drafts: Any, owner: Any, *, split: bool, _real: Any = signing_up._places) -> Any:
    return _real(found, drafts, owner, split=True)


def _delivered_at_once(_key: str) -> Any:
    return SimpleNamespace(delivered_at=clock.now(), given_up=False)


MUTANTS: dict[str, list[tuple[Any, str, Any]]] = {
    "the last in line first": [(promoting, "first_in_line", _last_in_line)],
    "no order in the line": [(promoting, "first_in_line", _newest_first)],
    "a withdrawal frees nobody's seat": [(withdrawing, "release_place", _keeps_the_seat)],
    "a withdrawal promotes nobody": [(withdrawing, "promote_from_waitlist", _nothing)],
    "more seats promote nobody": [(publishing, "promote_from_waitlist", _nothing)],
    "more seats promote one": [(publishing, "promote_from_waitlist", _promotes_one_only)],
    "a lapsed offer promotes nobody": [(offers, "promote_from_waitlist", _nothing)],
    "a lapsed offer keeps its seat": [(offers, "release_place", _keeps_the_seat)],
    "an offer holds no seat": [(withdrawing, "promote_from_waitlist", _counts_an_offer_as_free)],
    "a moved place is kept": [(moving, "release_place", _nothing)],
    "a moved place is not offered on": [(moving, "promote_from_waitlist", _nothing)],
    "an accepted offer keeps the old place": [(offers, "settle_move", _nothing)],
    "a promotion keeps the old place": [(promoting, "settle_move", _nothing)],
    "a released reserve stays closed": [(reserving, "promote_from_waitlist", _nothing)],
    "a seat given back to a released reserve is lost": [(withdrawing, "release_place", _forgets_the_reserve)],
    "everybody is asked, reachable or not": [(promoting, "_is_asked", lambda *_: True)],
    "nobody is asked": [(promoting, "_is_asked", lambda *_: False)],
    "an offer's clock starts before anybody was told": [(offers, "fate_of", _delivered_at_once)],
    "who waited on the way keeps the first place": [(moving, "settle_move", _nothing)],
    "of the places kept one is given back": [(moving, "_behind", _one_only)],
    "who waits in two runs ends with two seats": [(moving, "keep_instead", _nothing)],
    "the reserve is nobody's": [(signing_up, "reserve_for", lambda *_: None)],
    "a merged line is turned round": [(merging, "_in_order", _turned_round)],
    "a merged place is kept": [(merging, "release_place", _nothing)],
    "a merged seat is nobody's to give back": [(merging, "keep_instead", _nothing)],
    "a family is seated in part": [(signing_up, "take_seats", _some_seats)],
    "a family splits unasked": [(signing_up, "_places", _split_unasked)],
}


@pytest.mark.slow
@pytest.mark.parametrize("mistake", MUTANTS)
@ONE_DATABASE
def test_the_walk_notices(app: Flask, monkeypatch: pytest.MonkeyPatch, mistake: str) -> None:
    for module, name, instead in MUTANTS[mistake]:
        monkeypatch.setattr(module, name, instead)
    with pytest.raises((AssertionError, IntegrityError)):
        wander(WALKS, 100)
