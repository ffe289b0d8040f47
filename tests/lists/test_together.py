"""Many lines at once leave what they leave one by one: the same rows, words, places and refusals; and cost no more."""

import random
from typing import Any

import pytest
from sqlalchemy import select

from chengjiu_mp.core import ids
from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.courses.models import SeatPool, Signup
from chengjiu_mp.courses.reserving import reserve_places
from chengjiu_mp.courses.seats import take_place, take_places
from chengjiu_mp.courses.signing_up import sign_up
from chengjiu_mp.courses.signing_up_many import sign_up_many
from chengjiu_mp.lists import enrolling, queries, together, upload_queries
from chengjiu_mp.lists.models import UnitList
from tests import counting, factories, invariants, rosters, signups
from tests.lists import worlds
from tests.lists.worlds import World

FIRST, SECOND = 2000, 12_000
Lines = list[tuple[int, dict[str, Any]]]


def mixed() -> Lines:
    """Lines of every kind: faults, the past, the line of the small run, reserved places, names alone."""
    plain: Lines = [(n, {}) for n in range(8)] + [(n, {"场次": "1"}) for n in range(8, 26)]
    past: Lines = [
        (worlds.ALONE, {}), (worlds.ELSEWHERE, {}), (worlds.OVERLAPPING, {}), (worlds.WITHDRAWN, {}),
        (worlds.PROVED, {"场次": "1", "姓名": "钱改名", "手机号": "13911112225"}), (worlds.BUSY, {"场次": "2"}),
        (worlds.ABSENT, {"场次": "2"}), (worlds.ERASED, {"场次": "1"}), (worlds.NAMED, {"场次": "2"}),
    ]  # fmt: skip
    odd: Lines = [
        (30, {"证件号码": "320281198506150010"}), (31, {"手机号": "139"}), (32, {"姓名": "王5"}),
        (33, {"人群类别": "老师们"}), (34, {"born": "20200101"}),
        (35, {"人群类别": "教职工", "场次": "1"}), (36, {"手机号": "+8613911112226", "场次": "2"}), (37, {"姓名": "𬎆㱔"}),
        (3, {"姓名": "又一次"}), (38, {"证件号码": "", "手机号": ""}), (38, {"证件号码": "", "手机号": ""}),
        (39, {"证件号码": "", "场次": "1"}), (40, {"证件号码": 320281198506150012}),
        (41, {"born": "20110101", "场次": "1"}),
    ]  # fmt: skip
    return [*plain, *past, *odd]


def corrected() -> Lines:
    """The sheet once more: some are moved, some have another phone, names have become whole, new people stand between."""
    changed: Lines = [
        (1, {"场次": "1"}), (9, {"手机号": "13911112227", "场次": "1"}), (10, {"姓名": "钱二改", "场次": "1"}),
        (11, {"人群类别": "教职工", "场次": "2"}), (38, {}), (39, {"场次": "1"}),
    ]  # fmt: skip
    return [*[(n, {}) for n in range(4)], *changed, *[(n, {"场次": "2"}) for n in range(50, 58)], *mixed()[4:9]]


def enrolled(world: World, lines: Lines) -> int:
    return rosters.enrolled(world.list_id, world.lines(lines)).id


@pytest.mark.parametrize("seed", range(4))
def test_a_sheet_of_everything_leaves_the_same_at_once_and_line_by_line(app, monkeypatch, seed):
    first, again = mixed(), corrected()
    for some in (first, again):
        random.Random(seed).shuffle(some)
    found = []
    monkeypatch.setattr(enrolling, "CHUNK", (100, 7, 100, 3)[seed])
    for begins, at_once in ((FIRST, True), (SECOND, False)):
        if not at_once:
            monkeypatch.setattr(enrolling, "enter_together", lambda *_: [])
        world = worlds.made(begins)
        found.append([worlds.outcome(world, enrolled(world, lines)) for lines in (first, again)])
    assert list(worlds.differences(found[0], found[1])) == []
    outcomes = {one[1] for upload in found[0] for one in upload["lines"]}
    assert outcomes == {"added", "waiting", "named", "changed", "same", "rejected"}
    # The worlds' past was written straight into the tables, without consents and trail.
    assert [name for name in invariants.broken() if name.startswith("S")] == []


def counted(list_id: int, people: list[dict[str, Any]]) -> int:
    """Return how many statements the enrolment of these people takes, all in one go."""
    upload_id = rosters.uploaded(list_id, rosters.sheet(people))
    rosters.confirmed(list_id, upload_id)
    with counting.statements() as sent:
        rosters.work()
    assert sum(upload_queries.counts_of(upload_id).values()) == len(people)
    return len(sent)


@pytest.mark.parametrize("again", [False, True])
def test_what_a_transaction_costs_does_not_grow_with_its_lines(app, monkeypatch, again):
    """Seats, the line, reserved places, names and faults among them; and the same sheet once more."""
    monkeypatch.setattr(enrolling, "CHUNK", 100)
    costs = []
    for first, size in ((0, 20), (200, 100)):
        with factories.made():
            run = factories.run(capacity=size // 2)
            run_id = run.id
            reserve_places(run, factories.unit("chengjiang").id, size // 10)
        list_id = rosters.a_list(run_id)
        with unit_of_work():
            db.session.get_one(UnitList, list_id).link_on = True
        people = [rosters.person(first + n, **({"证件号码": ""} if n % 10 == 7 else {})) for n in range(size - 2)]
        people += [rosters.person(first + n, 手机号="1") for n in range(2)]
        costs.append(counted(list_id, people))
        if again:
            costs[-1] = counted(list_id, people)
    assert costs[0] == costs[1]
    assert costs[1] < (50 if again else 65)
    assert set(db.session.scalars(select(Signup.state))) == {"confirmed", "waitlisted"}


def test_a_first_sheet_has_no_line_that_goes_alone(app, monkeypatch):
    """Going alone is for changes and for races: it would be right, and ten times as slow."""
    world = worlds.made(FIRST)
    lines = [one for one in mixed() if one[0] != worlds.PROVED]
    upload_id = rosters.uploaded(world.list_id, world.lines(lines))
    rosters.confirmed(world.list_id, upload_id)
    monkeypatch.setattr(enrolling, "enter", lambda *_: pytest.fail("a line went alone"))
    rosters.work()
    assert sum(upload_queries.counts_of(upload_id).values()) == len(lines)


def test_who_comes_between_is_the_own_master_and_the_others_go_on(app, monkeypatch):
    """Somebody signs up alone after the lines were looked at."""
    list_id, people = rosters.a_list(), [rosters.person(n) for n in range(6)]
    run_id = queries.runs_of(list_id)[0].run.id
    upload_id = rosters.uploaded(list_id, rosters.sheet(people))
    rosters.confirmed(list_id, upload_id)

    def overtaken(wanted, *, channel):
        # In this very transaction, as SQLite lets nobody else write meanwhile.
        sign_up(run_id, signups.entry(doc_number=people[3]["证件号码"]), channel="api")
        return sign_up_many(wanted, channel=channel)

    monkeypatch.setattr(together, "sign_up_many", overtaken)
    rosters.work()
    lines = rosters.lines(upload_id)
    assert [line.outcome for line in lines] == ["added"] * 3 + ["rejected"] + ["added"] * 2
    assert lines[3].code == "signed_up_alone"
    assert invariants.broken() == {}


def test_two_equal_entry_codes_send_each_line_alone_and_nobody_is_lost(app, monkeypatch):
    """The database refuses the whole statement; nothing of it stays, and the lines one by one draw new codes."""
    real, same = ids.new_spoken_code, iter(["AAAAAA"] * 6)
    monkeypatch.setattr(ids, "new_spoken_code", lambda: next(same, None) or real())
    list_id = rosters.a_list()
    upload = rosters.enrolled(list_id, rosters.sheet([rosters.person(n) for n in range(6)]))
    assert upload_queries.counts_of(upload.id) == {"added": 6}
    assert len(set(db.session.scalars(select(Signup.code)))) == 6
    assert next(same, None) is None
    assert invariants.broken() == {}


@pytest.mark.parametrize(
    ("capacity", "taken", "waiting", "come", "seats", "line"),
    [
        (5, 0, 0, 3, 3, []), (5, 3, 0, 4, 2, [(1, 1), (2, 2)]), (5, 5, 0, 2, 0, [(1, 1), (2, 2)]),
        (5, 4, 0, 1, 1, []), (5, 5, 3, 2, 0, [(4, 4), (5, 5)]), (5, 5, 3, 4, 0, [(4, 4), (5, 5), (6, 6), (7, 7)]),
        # A seat is free, but somebody waits: it is theirs.
        (5, 4, 2, 2, 0, [(3, 3), (4, 4)]),
    ],
)  # fmt: skip
def test_many_places_are_those_that_single_people_would_get(app, capacity, taken, waiting, come, seats, line):
    with factories.made():
        pools = [pool(capacity, taken, waiting) for _ in range(2)]
    with unit_of_work():
        together_, alone = take_places(pools[0], come), [take_place(pools[1]) for _ in range(come)]
    assert [(one.position, one.rank) for one in together_ if one.state == "waitlisted"] == line
    assert sum(one.state == "confirmed" for one in together_) == seats
    assert [(one.state, one.position, one.rank) for one in together_] == [
        (one.state, one.position, one.rank) for one in alone
    ]
    counters = [(one.taken, one.waiting, one.next_position) for one in db.session.scalars(select(SeatPool))]
    assert counters[0] == counters[1]


def pool(capacity: int, taken: int, waiting: int) -> int:
    found = db.session.scalars(select(SeatPool).where(SeatPool.run_id == factories.run(capacity=capacity).id)).one()
    found.taken, found.waiting, found.next_position = taken, waiting, waiting + 1
    db.session.flush()
    return found.id
