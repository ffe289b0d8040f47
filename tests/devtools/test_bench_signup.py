"""The measurement of sign-ups: what it learns from recordings, says again, sends and adds up. Nothing is timed here."""

import asyncio
import contextlib
import dataclasses
import json
import re
import socket
import sqlite3
import threading
from datetime import UTC, date, datetime
from typing import Any

import pytest
from psycopg.types.json import Json
from sqlalchemy import Engine, create_engine, event, func, select, text
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from chengjiu_mp.core.db import db
from chengjiu_mp.core.models import Job
from chengjiu_mp.courses.models import CourseRun, Signup
from chengjiu_mp.outbox.models import Message
from chengjiu_mp.people.documents import read_document
from chengjiu_mp.people.models import Consent
from chengjiu_mp.people.names import read_name
from devtools import bench_databases as databases
from devtools import bench_load as load
from devtools import bench_plan as plans
from devtools import bench_signup_ground as ground
from devtools import bench_signup_people as people
from devtools.bench_floor import begin_as_the_product
from devtools.bench_load import Reply, Storm, percentile
from devtools.bench_plan import End, Recording, Script, Statement, Step, Unlike
from devtools.bench_signup_figures import Figures, Measured, Round, Seating, measured, table
from devtools.bench_signup_full import fill
from devtools.bench_signup_plan import Plan, written
from devtools.bench_signup_replay import Replay
from devtools.bench_signup_tape import record
from devtools.bench_tape import SqliteConnection, Tape
from devtools.bench_wires import DriverWire, SessionWire, spoken
from tests import factories
from tests.browsing import apart

TAKE = "update pool set waiting = waiting + (taken >= 2), taken = taken + (taken < 2) where run = ? returning waiting"
ADD = "INSERT INTO entry (run, uid, hash, state, place) VALUES (?, ?, ?, ?, ?)"
TELL = "INSERT INTO told (entry, uid, words) VALUES (?, ?, ?) RETURNING id"
ROUND = [Statement("BEGIN", (), [])]


def said(number: int, waiting: int) -> Recording:
    """A sign-up as the tape hears it: take a place, add a row, tell of it."""
    run, key, uid, state = 50 + number, 700 + 13 * number, f"{number:032x}", "waits" if waiting else "sits"
    place = waiting or None
    return Recording({"run": run}, [
        *ROUND,
        Statement(TAKE, (run,), [[waiting]]),
        Statement(ADD, (run, uid, bytes([number]) * 32, state, place), [[key]], keyed=True),
        Statement(TELL, (key, uid, f"told:{key}"), [[9000 + number]]),
        End("commit"),
    ])  # fmt: skip


def plan() -> Plan:
    return written([said(n, 0) for n in (1, 2, 3)], [said(n, n - 3) for n in (4, 5, 6)])


def test_differences_are_traced_to_where_they_come_from():
    steps = plan().waiting
    assert steps[1].fresh == {"0": ["given", "run"]}
    assert steps[2].fresh == {"0": ["given", "run"], "1": ["hex", 32], "2": ["bytes", 32], "4": ["row", 1, 0, 0, 0]}
    assert steps[3].fresh == {"0": ["row", 2, 0, 0, 0], "1": ["as", 2, "1"], "2": ["words", "told:", 2, 0, 0, ""]}
    assert [step.answers for step in steps] == ["", "rows", "key", "rows", ""]


def test_the_ways_part_where_the_database_has_judged():
    found = plan()
    assert (found.fork, found.column, found.seat) == (1, 0, 0)


def test_a_row_one_further_is_found():
    recordings = [
        Recording({"run": 1}, [Statement("a", (), [[n + 1]]), Statement("b", (n,), [[0]])]) for n in (5, 8, 20)
    ]
    waits = [Recording({"run": 1}, [Statement("a", (), [[n + 1]]), Statement("b", (n,), [[1]])]) for n in (5, 8, 20)]
    assert written(recordings, waits).seated[1].fresh == {"0": ["row", 0, 0, 0, -1]}


def test_values_that_only_differ_stay_as_recorded():
    times = [datetime(2026, 11, day, tzinfo=UTC) for day in (1, 2, 3)]
    filled = [{"at": t, "name": f"张{t.day}", "facts": Json({"n": t.day})} for t in times]
    sits, waits = ([Recording({"run": 1}, [Statement("a", one, [[waiting]])]) for one in filled] for waiting in (0, 1))
    step = written(sits, waits).seated[0]
    assert step.fresh == {"at": ["kept"], "name": ["kept"], "facts": ["kept"]}
    assert step.params["at"] == times[2]


def test_unlike_recordings_teach_nothing():
    with pytest.raises(Unlike):
        written([said(1, 0), Recording({"run": 2}, said(2, 0).steps[:2])], [said(4, 1)])
    with pytest.raises(Unlike):
        written([said(1, 0), said(2, 0)], [said(4, 0), said(5, 0)])


def test_a_plan_survives_its_file():
    values = {"a": b"\x00\xff", "b": datetime(2026, 11, 25, tzinfo=UTC), "d": (1, None), "e": [2.5, "x"]}
    assert plans.unpacked(json.loads(json.dumps(plans.packed(values)))) == values
    assert plans.unpacked(plans.packed(Json({"n": 1}))).obj == {"n": 1}
    assert Plan.from_json(json.loads(json.dumps(plan().as_json()))) == plan()
    script = Script(plan().seated, pings=True)
    assert Script.from_json(json.loads(json.dumps(script.as_json()))) == script


@pytest.fixture
def pools(tmp_path):
    engine = create_engine(f"sqlite:///{tmp_path / 'pools.sqlite3'}")
    with engine.begin() as connection:
        for sentence in (
            "create table pool (run integer, taken integer default 0, waiting integer default 0)",
            "create table entry (id integer primary key, run integer, uid text unique, hash blob unique, state text, place integer)",
            "create table told (id integer primary key, entry integer, uid text, words text)",
            "insert into pool (run) values (7)",
        ):
            connection.execute(text(sentence))
    yield engine
    engine.dispose()


def begun(found: Plan) -> Plan:
    """Without BEGIN: sqlite3 of these tests begins by itself."""
    for way in (found.seated, found.waiting):
        way[0].sql = "select 1"
    return found


@contextlib.contextmanager
def driver_floor(engine: Engine, found: Plan):
    replay = Replay(found)
    yield lambda run_id: replay.sign_up(DriverWire(engine.pool), run_id)


@contextlib.contextmanager
def session_floor(engine: Engine, found: Plan):
    replay = Replay(dataclasses.replace(found, seated=spoken(found.seated), waiting=spoken(found.waiting)))
    with Session(engine) as session:
        yield lambda run_id: replay.sign_up(SessionWire(session), run_id)


FLOORS = pytest.mark.parametrize("floor", [driver_floor, session_floor])


def test_a_session_is_told_the_same_by_name():
    postgres = Step("select a::varchar from t where b = %(b)s and c like '9%%'", {"b": 1}, {"b": ["as", 3, "d"]})
    sqlite = Step("select ?, ?", (1, None), {"1": ["as", 3, "0"]})
    one, other = spoken([postgres, sqlite])
    psycopg = one.sql.compile(dialect=PGDialect_psycopg())
    assert str(psycopg) == postgres.sql and (one.params, one.fresh) == (postgres.params, postgres.fresh)
    assert str(other.sql) == "select :p0, :p1"
    assert (other.params, other.fresh) == ({"p0": 1, "p1": None}, {"p1": ["as", 3, "p0"]})


@FLOORS
def test_a_replay_seats_and_queues_as_the_database_judges(pools, floor):
    with floor(pools, begun(plan())) as sign_up:
        assert [sign_up(7) for _ in range(5)] == [True, True, False, False, False]
    with pools.connect() as connection:
        assert connection.execute(text("select state, place from entry order by id")).all() == [
            ("sits", None), ("sits", None), ("waits", 1), ("waits", 2), ("waits", 3),
        ]  # fmt: skip
        assert (
            connection.execute(
                text(
                    "select count(*) from told t join entry e on e.id = t.entry and e.uid = t.uid and t.words = 'told:' || e.id"
                )
            ).scalar()
            == 5
        )


@FLOORS
def test_a_replay_that_breaks_gives_its_connection_back(pools, floor):
    with pools.begin() as connection:
        connection.execute(text("drop table told"))
    with floor(pools, begun(plan())) as sign_up, pytest.raises((sqlite3.OperationalError, OperationalError)) as broken:
        sign_up(7)
    assert broken.tb is not None  # holds the frames: nobody but the replay gives the connection back
    with pools.connect() as connection:
        assert connection.execute(text("select count(*) from entry")).scalar() == 0
    assert pools.pool.checkedout() == 0


@pytest.fixture
def own(app, database_url):
    """The measurement's own engine, on a database with one run."""
    with factories.made():
        factories.run()
    engine = databases.connect(database_url)
    yield engine
    engine.dispose()


@FLOORS
def test_the_products_sign_up_is_recorded_and_said_again(app, own, floor):
    found = record(app, db.engine)
    bare = create_engine(own.url)
    begin_as_the_product(bare)
    run_id = ground.new_run(own, 2)
    with floor(bare, found) as sign_up:
        assert [sign_up(run_id) for _ in range(5)] == [True, True, False, False, False]
    bare.dispose()
    assert ground.seats_of(own, run_id) == ground.Seats(confirmed=2, waiting=3, in_order=True)
    written_with = select(Signup.state, Message.kind, Consent.id).where(
        Signup.run_id == run_id, Message.subject_id == Signup.id, Consent.signup_id == Signup.id
    )
    with own.connect() as connection:
        told = {(state, kind) for state, kind, _ in connection.execute(written_with)}
        assert told == {("confirmed", "signup.confirmed"), ("waitlisted", "signup.waiting")}
        assert len(connection.execute(written_with).all()) == 5 * len(ground.agreed(own))


def test_a_fresh_run_is_made_while_others_write(app, own):
    wrote = []

    def write(*said: Any) -> None:
        if said[2].startswith("INSERT INTO course_run"):
            with own.begin() as connection:
                wrote.append(connection.execute(text("update seat_pool set capacity = capacity + 1")).rowcount)

    event.listen(db.engine, "before_cursor_execute", write)
    run_id = ground.new_run(db.engine, 2)
    assert ground.seats_of(own, run_id) == ground.Seats(confirmed=0, waiting=0, in_order=True)
    assert wrote == [1]


def test_a_full_database_is_one_that_people_can_sign_up_on(app, client, own):
    crowd = people.Crowd(ground.agreed(own))

    def sign_up(run_id: int) -> int:
        return client.post(f"/api/v1/runs/{run_id}/signups", json=crowd.next_entry()).status_code

    assert sign_up(ground.new_run(own, 40)) == 201
    db.session.rollback()
    fill(own, signups=60, runs=20)
    with own.connect() as connection:
        runs = connection.execute(select(CourseRun.id, CourseRun.state).order_by(CourseRun.id.desc()).limit(20)).all()
        assert [run.state for run in runs].count("published") == 2
        assert connection.execute(select(func.count()).select_from(Job).where(Job.state == "done")).scalar() == 60
    assert ground.seats_of(own, runs[0].id) == ground.Seats(confirmed=3, waiting=0, in_order=True)
    assert [sign_up(run.id) for run in runs[:2]] == [201, 409]


def test_the_tape_hears_sqlite_and_leaves_the_rows_to_the_caller(monkeypatch):
    tape = Tape()
    monkeypatch.setattr("devtools.bench_tape.TAPE", tape)
    with contextlib.closing(sqlite3.connect(":memory:", factory=SqliteConnection)) as connection:
        cursor = connection.cursor()
        cursor.execute("create table t (id integer primary key, b blob)")
        with tape.running(run=3) as recording:
            cursor.execute("INSERT INTO t (b) VALUES (?)", (memoryview(b"x"),))
            cursor.execute("select id, b from t")
            assert (cursor.fetchone(), cursor.fetchone()) == ((1, b"x"), None)
            tape.end("commit")
            tape.end("rollback")
        cursor.execute("select 2")
    assert recording == Recording({"run": 3}, [
        Statement("INSERT INTO t (b) VALUES (?)", (b"x",), [[1]], keyed=True),
        Statement("select id, b from t", (), [[1, b"x"]]),
        End("commit"),
    ])  # fmt: skip


def test_invented_people_are_valid_and_never_the_same():
    numbers = [people.resident_number(n) for n in (0, 1, 998, 999, 30_000)]
    assert len(set(numbers)) == 5
    for number in numbers:
        assert read_document(number, None, today=date(2026, 11, 23)).number == number
    assert read_name(people.name_of(12_345)).warnings == ()


def test_a_request_is_whole():
    crowd = people.Crowd([{"purpose": "signup", "version": 1}])
    head, _, body = crowd.requests(9, 2)[1].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /api/v1/runs/9/signups HTTP/1.1\r\n")
    assert int(re.findall(rb"Content-Length: (\d+)", head)[0]) == len(body)
    assert json.loads(body)["phone"] == "13900000001"


@contextlib.contextmanager
def answering(reply: bytes, hang_up_after: int = 1000):
    """A server that answers each request with `reply` in two packets, and hangs up after so many."""
    listener = socket.create_server(("127.0.0.1", 0))

    def talk(wire: socket.socket) -> None:
        with wire:
            for _ in range(hang_up_after):
                if not wire.recv(65536):
                    return
                wire.sendall(reply[:20])
                wire.sendall(reply[20:])

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=talk, args=(listener.accept()[0],), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()


def test_a_storm_ends_when_everybody_has_an_answer():
    with answering(b"HTTP/1.1 201 CREATED\r\ncontent-length: 5\r\n\r\nhello") as port:
        found = apart(lambda: load.storm(port, [b"x"] * 20, 6))
    assert [reply.status for reply in found.replies] == [201] * 20
    assert all(0 < reply.seconds <= found.seconds for reply in found.replies)


def test_half_an_answer_is_none():
    async def heard() -> list[bool]:
        line, answer = load.Line(), asyncio.get_running_loop().create_future()
        line._answer, found = answer, []
        for packet in (b"HTTP/1.1 201 CREA", b"TED\r\nContent-Length: 5\r\n\r\nhel", b"lo"):
            line.data_received(packet)
            found.append(answer.done())
        return found

    assert apart(lambda: asyncio.run(heard())) == [False, False, True]


def test_a_line_that_is_cut_is_no_answer():
    with answering(b"HTTP/1.1 201 CREATED\r\ncontent-length: 5\r\n\r\nhello", hang_up_after=1) as port:
        found = apart(lambda: load.storm(port, [b"x"] * 20, 2))
    assert sorted(reply.status for reply in found.replies) == [0, 0, 201, 201]


def test_nobody_listening_is_no_answer():
    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
    assert apart(lambda: load.storm(port, [b"x"] * 3, 3)).replies == []


def test_percentiles():
    assert percentile([], 99) == 0.0
    assert (percentile([3.0, 1.0, 2.0], 50), percentile(list(range(1, 101)), 99)) == (2.0, 99)


@pytest.mark.parametrize(
    ("seating", "wrong"),
    [
        (Seating(3, 2, 2, 1, True), (0, 0, 0)),
        (Seating(3, 2, 3, 0, True), (1, 0, 0)),
        (Seating(3, 2, 1, 2, True), (0, 1, 0)),
        (Seating(1, 2, 1, 0, True), (0, 0, 0)),
        (Seating(3, 2, 2, 1, False), (0, 0, 1)),
        (Seating(5, 2, 2, 1, True), (0, 0, 2)),
    ],
)
def test_a_storm_is_held_against_the_seats(seating, wrong):
    replies = [Reply(201, 0.01 * n) for n in range(1, 4)][: seating.people]
    found = measured(Storm(replies, 1.0), 0.3, seating)
    assert (found.oversold, found.undersold, found.errors) == wrong
    assert found.cpu_ms == pytest.approx(300 / seating.people)


def test_a_refusal_is_an_error():
    found = measured(Storm([Reply(201, 0.01), Reply(500, 0.01)], 1.0), 0.2, Seating(2, 2, 1, 0, True))
    assert (found.errors, found.undersold) == (1, 1)


def storms(cpu: float, seconds: float, **wrong: int) -> Measured:
    return Measured(cpu_ms=cpu, p50_ms=1.0, p99_ms=2.0, seconds=seconds, **wrong)


def test_ratios_are_medians_within_rounds():
    rounds = [
        Round(
            product=storms(2.0 * share, 1.0),
            floor=storms(2.0, 1.0),
            driver=storms(1.0, 1.0, errors=1),
            full=storms(2.2 * share, 1.0, errors=1),
            burst=storms(1.0, 0.5 * share),
            floor_burst=storms(1.0, 0.5, oversold=1),
            first_burst=storms(1.0, 0.9, undersold=2),
            floor_first_burst=storms(1.0, 0.5),
        )
        for share in (1.0, 1.4, 3.0)
    ]
    found = Figures(rounds).as_json()
    assert (found["cpu_ms"], found["floor_cpu_ms"], found["ratio"], found["growth"]) == (2.8, 2.0, 1.4, 1.1)
    assert (found["driver_floor_cpu_ms"], found["driver_ratio"]) == (1.0, 2.8)
    assert (found["burst_s"], found["warm_burst_ratio"], found["burst_ratio"]) == (0.7, 1.4, 1.8)
    assert (found["oversold"], found["undersold"], found["errors"], found["floor_faults"]) == (0, 6, 3, 6)
    assert "the floor itself failed 6 times" in table("SQLite", found)
