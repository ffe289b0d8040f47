"""停课, 改期, 拼班, 换场, 预留: what happens to places, and that everybody is told once."""

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from chengjiu_mp.checkin.models import Scan
from chengjiu_mp.core import clock
from chengjiu_mp.core.day_words import day_time
from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.core.errors import NotFound
from chengjiu_mp.core.models import Job
from chengjiu_mp.courses import changes, errors, merging, moving, offers, reserving, tasks
from chengjiu_mp.courses.models import CourseRun, Meeting, SeatPool, Signup
from chengjiu_mp.courses.signing_up import sign_up, sign_up_together
from chengjiu_mp.courses.signup_rows import Owner
from chengjiu_mp.courses.sittings import Sitting
from chengjiu_mp.courses.withdrawing import withdraw
from chengjiu_mp.outbox.models import Delivery, Message
from chengjiu_mp.outbox.queries import text_of
from tests import factories, invariants
from tests.conftest import FrozenClock
from tests.signups import entry, signed


def a_run(**values: Any) -> CourseRun:
    with factories.made():
        return factories.run(**values)


def people(run: CourseRun, many: int) -> list[int]:
    return [signed(run.id).signup.id for _ in range(many)]


def states(ids: list[int]) -> list[str]:
    db.session.expire_all()
    return [db.session.get_one(Signup, one).state for one in ids]


def told(kind: str) -> int:
    return db.session.scalar(select(func.count()).where(Message.kind == kind)) or 0


def pool_of(run: CourseRun) -> tuple[int, int, int]:
    of = select(SeatPool).where(SeatPool.run_id == run.id, SeatPool.unit_id.is_(None))
    row = db.session.scalars(of.execution_options(populate_existing=True)).one()
    return row.capacity, row.taken, row.waiting


def sitting(run: CourseRun, later: timedelta) -> Sitting:
    return Sitting(run.starts_at + later, run.ends_at + later)


def moved(run: CourseRun, *, days: int = 2, reason: str = "教室检修") -> int:
    with unit_of_work():
        found = db.session.get_one(CourseRun, run.id)
        return changes.reschedule(found, [sitting(found, timedelta(days=days))], reason).id


def work_off() -> None:
    for job in db.session.scalars(select(Job.id).where(Job.kind == "courses.finish_move", Job.state == "queued")).all():
        db.session.rollback()
        tasks.finish_move(job)


@pytest.fixture(autouse=True)
def whole(app: Flask) -> Any:
    yield
    assert invariants.broken() == {}


# 改期


def test_a_new_date_keeps_every_place_and_asks_once(app: Flask) -> None:
    run = a_run(capacity=2)
    ids = people(run, 3)
    was = run.starts_at
    change = moved(run)
    assert states(ids) == ["confirmed", "confirmed", "waitlisted"]
    assert told("signup.rescheduled") == 3
    found = db.session.get_one(CourseRun, run.id, populate_existing=True)
    assert (found.starts_at, found.signup_closes_at) == (was + timedelta(days=2),) * 2
    assert db.session.scalars(select(Meeting.starts_at).where(Meeting.run_id == run.id)).one() == found.starts_at
    assert changes.answers_to([change]) == {change: {None: 3}}


def test_a_second_new_date_asks_again(app: Flask) -> None:
    run = a_run()
    people(run, 1)
    moved(run)
    moved(run)
    assert told("signup.rescheduled") == 2


def test_sittings_come_and_go_and_keep_their_ids(app: Flask) -> None:
    run = a_run()
    first = db.session.scalars(select(Meeting.id).where(Meeting.run_id == run.id)).one()
    for days in ([1, 2, 3], [4]):
        with unit_of_work():
            found = db.session.get_one(CourseRun, run.id)
            changes.reschedule(found, [Sitting(clock.now() + timedelta(days=d), clock.now() + timedelta(days=d, hours=2)) for d in days], "改")  # fmt: skip
        assert db.session.scalars(select(Meeting.id).where(Meeting.run_id == run.id)).first() == first
    assert db.session.scalar(select(func.count()).where(Meeting.run_id == run.id)) == 1


def test_an_answer_is_kept_and_may_change(app: Flask) -> None:
    run = a_run()
    [one] = people(run, 1)
    change = moved(run)
    for said in ("agree", "move"):
        with unit_of_work():
            changes.answer(db.session.get_one(Signup, one), change, said)
    assert changes.answers_to([change]) == {change: {"move": 1}}
    with pytest.raises(NotFound), unit_of_work():
        changes.answer(db.session.get_one(Signup, one), change, "maybe")


def test_a_reason_turns_nothing_around_it() -> None:
    assert changes.reason_of(" 教室\u202e检修\u2066\u200b，改期 ") == "教室检修，改期"


@pytest.mark.parametrize(
    ("days", "reason", "code"),
    [
        (2, " ", "reason_missing"),
        (2, "\u202e\u200b", "reason_missing"),
        (-30, "改", "run_times_wrong"),
        (4000, "改", "run_times_wrong"),
    ],
)
def test_what_is_refused_changes_nothing(app: Flask, days: int, reason: str, code: str) -> None:
    run = a_run()
    people(run, 1)
    with pytest.raises((errors.ReasonMissing, errors.RunTimesWrong)) as refused:
        moved(run, days=days, reason=reason)
    assert (refused.value.code, told("signup.rescheduled")) == (code, 0)


def test_what_has_begun_stays(app: Flask, frozen: FrozenClock) -> None:
    run = a_run()
    frozen.now += timedelta(days=3)
    with pytest.raises(errors.RunBegun):
        moved(run)


# 停课


def test_called_off_tells_everybody_why(app: Flask) -> None:
    run = a_run(capacity=1)
    ids = people(run, 2)
    with unit_of_work():
        changes.cancel(db.session.get_one(CourseRun, run.id), "场地停电")
    assert states(ids) == ["run_cancelled"] * 2
    assert told("signup.run_cancelled") == 2
    assert pool_of(run) == (1, 0, 0)
    with pytest.raises(errors.RunNotOpen), unit_of_work():
        changes.cancel(db.session.get_one(CourseRun, run.id), "再停一次")


# 拼班


def merged(run: CourseRun, into: CourseRun, reason: str = "人数不足") -> None:
    with unit_of_work():
        merging.merge(db.session.get_one(CourseRun, run.id), db.session.get_one(CourseRun, into.id), reason)


def test_two_runs_become_one_in_their_order(app: Flask) -> None:
    few, many = a_run(capacity=2), a_run(capacity=3, starts_in=timedelta(days=9))
    old, there = people(few, 4), people(many, 1)
    merged(few, many)
    assert states(old) == ["moved"] * 4
    new = db.session.scalars(select(Signup).where(Signup.moves_from_id.is_not(None)).order_by(Signup.id)).all()
    assert [one.moves_from_id for one in new] == old
    assert [one.state for one in new] == ["confirmed", "confirmed", "waitlisted", "waitlisted"]
    assert (pool_of(many), states(there)) == ((3, 3, 2), ["confirmed"])
    assert (told("signup.merged"), told("signup.waiting")) == (4, 2)
    left = db.session.get_one(CourseRun, few.id, populate_existing=True)
    assert (left.state, left.merged_into_id, left.cancel_reason) == ("cancelled", many.id, "人数不足")


def body(kind: str, signup_id: int, part: str = "") -> str:
    text = text_of(f"{kind}:{signup_id}{part}")
    assert text is not None
    return text.body


def test_who_waits_is_promised_no_seat_by_a_merger_or_a_new_date(app: Flask) -> None:
    few, many = a_run(capacity=1), a_run(capacity=1, starts_in=timedelta(days=9))
    seated, waiting = people(few, 2)
    change = moved(few)
    assert "您的名额保留" in body("signup.rescheduled", seated, f":{change}")
    assert "您还在候补，次序不变" in body("signup.rescheduled", waiting, f":{change}")
    merged(few, many)
    new = db.session.scalars(select(Signup).where(Signup.run_id == many.id).order_by(Signup.id)).all()
    assert [one.state for one in new] == ["confirmed", "waitlisted"]
    assert "名额已为您转好" in body("signup.merged", new[0].id)
    said = body("signup.merged", new[1].id)
    assert ("名额已为您转好" in said, "您还在候补" in said) == (False, True)


def test_who_is_to_be_called_is_called_for_the_merger_alone(app: Flask) -> None:
    few, many = a_run(), a_run(starts_in=timedelta(days=9))
    signed(few.id, phone="+85291234567")
    merged(few, many)
    lines = select(Message.kind, Delivery.state).join(Delivery, Delivery.message_id == Message.id).order_by(Message.id)
    assert [tuple(row) for row in db.session.execute(lines)] == [
        ("signup.confirmed", "expired"), ("signup.merged", "waiting"),
    ]  # fmt: skip


def test_who_signed_up_to_both_keeps_the_other_and_hears_that_the_first_is_no_more(app: Flask) -> None:
    few, many = a_run(), a_run(starts_in=timedelta(days=9))
    number = factories.resident_id()
    ids = [signed(run.id, doc_number=number).signup.id for run in (few, many)]
    merged(few, many)
    assert states(ids) == ["moved", "confirmed"]
    assert told("signup.merged") == 1
    asked = db.session.execute(select(Message.subject_id, Message.expires_at).where(Message.kind == "signup.merged"))
    assert [tuple(row) for row in asked] == [(ids[0], few.starts_at)]


def test_a_place_is_not_given_up_for_a_request_that_nobody_has_answered(app: Flask) -> None:
    few, many = a_run(), a_run(starts_in=timedelta(days=9))
    number = factories.resident_id()
    held = signed(few.id, doc_number=number).signup.id
    with unit_of_work():
        asked = sign_up(many.id, entry(doc_number=number), channel="page", held_back=True).signup.id
    merged(few, many)
    new = select(Signup.state).where(Signup.run_id == many.id, Signup.id != asked)
    assert (states([held, asked]), db.session.scalars(new).all()) == (["moved", "withdrawn"], ["confirmed"])
    assert pool_of(many)[1] == 1
    assert invariants.broken() == {}


def test_who_waits_elsewhere_while_the_run_is_merged_ends_with_one_place(app: Flask) -> None:
    left, into, elsewhere = (a_run(capacity=1, starts_in=timedelta(days=days)) for days in (3, 5, 7))
    held = signed(elsewhere.id).signup.id
    one = signed(left.id).signup
    with unit_of_work():
        waits = moving.move(db.session.get_one(Signup, one.id), elsewhere.id).signup.id
    merged(left, into)
    kept = db.session.scalars(select(Signup.id).where(Signup.run_id == into.id)).one()
    assert states([one.id, kept, waits]) == ["moved", "confirmed", "waitlisted"]
    with unit_of_work():
        withdraw(db.session.get_one(Signup, held))
    for ended in db.session.scalars(select(Signup.id).where(Signup.state == "offered")).all():
        with unit_of_work():
            offers.accept(db.session.get_one(Signup, ended))
    work_off()
    assert states([kept, waits]) == ["moved", "confirmed"]
    assert invariants.broken() == {}


@pytest.mark.parametrize("why", ["full", "kind", "itself"])
def test_what_cannot_be_merged(app: Flask, why: str) -> None:
    few = a_run(capacity=3)
    ids = people(few, 2)
    kind = "junior" if why == "kind" else "cpr_aed"
    other = few if why == "itself" else a_run(capacity=1, kind=kind, starts_in=timedelta(days=9))
    with pytest.raises(errors.CannotMerge):
        merged(few, other)
    assert states(ids) == ["confirmed"] * 2


# 换场


def go(signup_id: int, run: CourseRun) -> Any:
    with unit_of_work():
        made = moving.move(db.session.get_one(Signup, signup_id), run.id)
        return made.signup.id, made.signup.state


def test_a_free_seat_there_ends_the_place_here(app: Flask) -> None:
    here, there = a_run(capacity=1), a_run(starts_in=timedelta(days=9))
    ids = people(here, 2)
    new, state = go(ids[0], there)
    assert (state, states(ids)) == ("confirmed", ["moved", "confirmed"])
    assert (told("signup.moved"), told("signup.withdrawn")) == (1, 0)
    assert moving.moved_to(db.session.get_one(Signup, ids[0])) == db.session.get_one(Signup, new)


def test_in_the_line_there_the_place_here_is_kept(app: Flask) -> None:
    here, there = a_run(), a_run(capacity=1, starts_in=timedelta(days=9))
    [seated], [one] = people(there, 1), people(here, 1)
    new, state = go(one, there)
    assert (state, states([one])) == ("waitlisted", ["confirmed"])
    with unit_of_work():
        withdraw(db.session.get_one(Signup, seated))
    assert states([one, new]) == ["confirmed", "confirmed"]
    date = day_time(here.starts_at)
    assert f"没换成之前，{date}那一场一直给您留着" in body("signup.waiting", new)
    assert f"{date}那一场的名额已让出" in body("signup.promoted", new)
    assert "那一场" not in body("signup.confirmed", one)
    for _ in "twice":
        work_off()
    assert states([one, new]) == ["moved", "confirmed"]
    assert pool_of(here) == (50, 0, 0)


@pytest.mark.parametrize("full", [True, False])
def test_who_moves_on_from_a_line_ends_with_one_place(app: Flask, *, full: bool) -> None:
    here, there, last = (a_run(capacity=1, starts_in=timedelta(days=3 + n)) for n in range(3))
    [behind], [one] = people(there, 1), people(here, 1)
    waits, _ = go(one, there)
    [taken] = people(last, 1) if full else [behind]
    new, state = go(waits, last)
    assert state == ("waitlisted" if full else "confirmed")
    if full:
        assert states([one, waits]) == ["confirmed", "waitlisted"]
        with unit_of_work():
            withdraw(db.session.get_one(Signup, taken))
    work_off()
    assert states([one, waits, new]) == ["moved", "moved", "confirmed"]
    assert (pool_of(here), pool_of(there), pool_of(last)) == ((1, 0, 0), (1, 1, 0), (1, 1, 0))
    assert moving.moved_to(db.session.get_one(Signup, one)) == db.session.get_one(Signup, new)
    # The date that somebody would stand there in vain is the one of the seat, not of the line on the way.
    said = [body(kind, new) for kind in (("signup.waiting", "signup.promoted") if full else ("signup.moved",))]
    assert [(day_time(here.starts_at) in words, day_time(there.starts_at) in words) for words in said] == [
        (True, False) for _ in said
    ]


def test_who_waits_in_two_runs_instead_of_one_ends_with_one_place(app: Flask) -> None:
    here, there, last = (a_run(capacity=1, starts_in=timedelta(days=3 + n)) for n in range(3))
    [one], [first], [second] = people(here, 1), people(there, 1), people(last, 1)
    new, newer = go(one, there)[0], go(one, last)[0]
    for leaving, expected in ((first, ["moved", "confirmed", "waitlisted"]), (second, ["moved", "moved", "confirmed"])):
        with unit_of_work():
            withdraw(db.session.get_one(Signup, leaving))
        work_off()
        assert states([one, new, newer]) == expected
    assert invariants.broken() == {}


def test_leaving_the_line_there_changes_nothing_here(app: Flask) -> None:
    here, there = a_run(), a_run(capacity=1, starts_in=timedelta(days=9))
    people(there, 1)
    [one] = people(here, 1)
    new, _ = go(one, there)
    with unit_of_work():
        withdraw(db.session.get_one(Signup, new))
    assert states([one, new]) == ["confirmed", "withdrawn"]


def test_at_the_same_time_only_a_seat_will_do(app: Flask) -> None:
    here, full, free = a_run(), a_run(capacity=1), a_run()
    people(full, 1)
    [one] = people(here, 1)
    with pytest.raises(errors.OverlappingSignup):
        go(one, full)
    assert go(one, free)[1] == "confirmed"


@pytest.mark.parametrize("state", ["cancelled", "draft"])
def test_nobody_moves_to_what_takes_nobody(app: Flask, state: str) -> None:
    [one] = people(a_run(), 1)
    with pytest.raises(errors.CannotMove):
        go(one, a_run(state=state, starts_in=timedelta(days=9)))


# 预留


def reserve(run: CourseRun, places: int, unit: str = "nanzha") -> int:
    with unit_of_work():
        found = db.session.get_one(CourseRun, run.id)
        return reserving.reserve_places(found, factories.unit(unit).id, places).id


def of_unit(run: CourseRun, unit_id: int) -> tuple[str, int | None]:
    with unit_of_work():
        row = sign_up(run.id, entry(), channel="import", owner=Owner(unit_id)).signup
        return row.state, db.session.get_one(SeatPool, row.pool_id).unit_id


def test_ten_of_thirty_are_kept_and_the_public_sees_twenty(app: Flask) -> None:
    run = a_run(capacity=30)
    reserve(run, 10)
    assert pool_of(run) == (20, 0, 0)
    with factories.made():
        school = factories.child_unit("nanzha").id
        nanzha, other = factories.unit("nanzha").id, factories.unit("huashi").id
    assert of_unit(run, nanzha) == of_unit(run, school) == ("confirmed", nanzha)
    assert of_unit(run, other) == ("confirmed", None)


def test_a_full_reserve_lets_its_people_take_open_seats_and_the_line(app: Flask) -> None:
    run = a_run(capacity=2)
    reserve(run, 1)
    nanzha = factories.unit("nanzha").id
    assert [of_unit(run, nanzha) for _ in range(3)] == [("confirmed", nanzha), ("confirmed", None), ("waitlisted", None)]  # fmt: skip


def test_three_days_ahead_what_is_unused_goes_to_the_line(app: Flask, frozen: FrozenClock) -> None:
    run = a_run(capacity=3, starts_in=timedelta(days=9))
    reserve(run, 2)
    ids = people(run, 3)
    assert states(ids) == ["confirmed", "waitlisted", "waitlisted"]
    frozen.now = run.starts_at - timedelta(days=3, seconds=1)
    tasks.settle()
    assert states(ids)[1] == "waitlisted"
    frozen.now += timedelta(seconds=1)
    for _ in "twice":
        tasks.settle()
    assert states(ids) == ["confirmed"] * 3
    assert pool_of(run) == (3, 3, 0)


def test_a_reserve_is_made_of_free_seats_once(app: Flask) -> None:
    run = a_run(capacity=3)
    people(run, 1)
    with pytest.raises(errors.PlacesNotFree) as refused:
        reserve(run, 3)
    assert refused.value.facts == {"free": 2}
    reserve(run, 1)
    with pytest.raises(errors.AlreadyReserved):
        reserve(run, 1)
    with pytest.raises(errors.UnknownChoice), unit_of_work():
        reserving.reserve_places(db.session.get_one(CourseRun, run.id), 99_999, 1)


# 同行


def together(run: CourseRun, many: int, *, split: bool = False) -> list[str]:
    with unit_of_work():
        return [one.signup.state for one in sign_up_together(run.id, [entry() for _ in range(many)], channel="page", split=split)]  # fmt: skip


def test_all_sit_or_nobody_is_taken(app: Flask) -> None:
    run = a_run(capacity=3)
    with pytest.raises(errors.PartyDoesNotFit) as refused:
        together(run, 4)
    assert refused.value.facts == {"seats_left": 3, "people": 4, "waiting": 0}
    assert pool_of(run) == (3, 0, 0)
    assert together(run, 3) == ["confirmed"] * 3


def test_by_choice_some_sit_and_some_wait(app: Flask) -> None:
    run = a_run(capacity=2)
    assert together(run, 4, split=True) == ["confirmed", "confirmed", "waitlisted", "waitlisted"]
    assert pool_of(run) == (2, 2, 2)


def test_a_sitting_that_goes_leaves_its_refused_scans_with_the_first(app):
    with factories.made():
        run = factories.run(starts_in=timedelta(hours=20))
        second = Meeting(
            run_id=run.id,
            sequence=2,
            starts_at=run.ends_at + timedelta(days=1),
            ends_at=run.ends_at + timedelta(days=1, hours=3),
        )
        db.session.add(second)
        db.session.flush()
        number, gone = run.id, second.id
        scan = {"nonce": "n", "source": "code", "scanned_at": clock.now(), "verdict": "refused", "code": "too_early"}
        db.session.add(Scan(run_id=number, meeting_id=gone, **scan))
    begins = clock.now() + timedelta(days=3)
    with unit_of_work():
        changes.reschedule(
            db.session.get_one(CourseRun, number), [Sitting(begins, begins + timedelta(hours=3))], "改期"
        )
    (left,) = db.session.scalars(select(Meeting).where(Meeting.run_id == number))
    assert db.session.scalars(select(Scan.meeting_id)).all() == [left.id]
    assert left.starts_at == begins
