"""The measurement of check-ins: what it records, says again, sends, films and adds up. Nothing is timed here."""

import dataclasses
import json
import re
import shutil
from datetime import timedelta
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser
from sqlalchemy import create_engine, func, select
from sqlalchemy.orm import Session

from chengjiu_mp.core import ids
from chengjiu_mp.core.db import db
from chengjiu_mp.core.privacy import Vault
from chengjiu_mp.courses.models import Signup
from chengjiu_mp.people.models import Contact, Person
from chengjiu_mp.signin import sessions
from devtools import bench_checkin_browser as browsing
from devtools import bench_checkin_figures as figures
from devtools import bench_databases as databases
from devtools.bench_checkin_ground import Halls
from devtools.bench_checkin_phones import TICKETS_AT, requests
from devtools.bench_checkin_tape import record
from devtools.bench_floor import begin_as_the_product
from devtools.bench_load import Reply, Storm
from devtools.bench_replay import Said, Talk
from devtools.bench_wires import DriverWire, SessionWire, spoken
from tests import factories
from tests.web import hall as halls_of_tests


@pytest.fixture
def token(app):
    """The bearer token of an instructor, whose run has one sign-up."""
    with factories.made():
        teacher = factories.instructor()
        factories.signup(factories.run(starts_in=timedelta(minutes=-10), instructors=[teacher]))
        return sessions.open_session("bearer", teacher.account_id)[0]


@pytest.fixture
def own(token, database_url):
    engine = databases.connect(database_url)
    yield engine
    engine.dispose()


@pytest.mark.parametrize("on_driver", [True, False])
def test_the_products_check_in_is_recorded_and_said_again(app, own, token, base_settings, on_driver):
    vault = Vault(base_settings.keys)
    script = record(app, db.engine, vault, token)
    halls = Halls(own, vault)
    halls.hall(2)
    hall = halls.hall(3)
    bare = create_engine(own.url)
    begin_as_the_product(bare)
    steps = [Said(step) for step in (script.steps if on_driver else spoken(script.steps))]
    with Session(bare) as session:
        for number, ticket in enumerate(hall.tickets):
            wire = DriverWire(bare.pool) if on_driver else SessionWire(session)
            given = {"ticket": ids.token_hash(ticket), "meeting": hall.meeting_id, "nonce": f"n{number}"}
            Talk(wire, {**given, "run": hall.run_id}).say(steps)
    bare.dispose()
    assert halls.here(hall.run_id) == 3
    proved = select(func.count(func.distinct(Person.id))).where(
        Signup.run_id == hall.run_id, Signup.outcome == "attended", Signup.phone_proved_at.is_not(None),
        Person.id == Signup.person_id, Person.name == Signup.name, Contact.person_id == Person.id,
        Contact.phone_index == Signup.phone_index,
    )  # fmt: skip
    with own.connect() as connection:
        assert connection.execute(proved).scalar() == 3


def test_a_hall_is_one_the_product_checks_people_in_at(app, client, own, token, base_settings):
    halls = Halls(own, Vault(base_settings.keys))
    hall = halls.hall(2)
    for request in requests(hall, token):
        head, _, body = request.partition(b"\r\n\r\n")
        path, bearer = re.findall(rb"POST (\S+) HTTP/1.1|Bearer (\S+)", head)
        assert int(re.findall(rb"Content-Length: (\d+)", head)[0]) == len(body)
        headers = {"Authorization": f"Bearer {bearer[1].decode()}"}
        reply = client.post(path[0].decode(), json=json.loads(body), headers=headers)
        assert (reply.status_code, reply.json["items"][0]["verdict"]) == (200, "accepted")
    assert halls.here(hall.run_id) == 2


def test_who_is_not_there_or_was_not_told_is_an_error():
    replies = [Reply(200, 0.01), Reply(200, 0.02), Reply(500, 0.03)]
    found = figures.measured(Storm(replies, 1.0), 0.3, people=3, here=3)
    assert (found.errors, round(found.cpu_ms), found.p99_ms) == (1, 100, 20.0)
    assert figures.measured(Storm(replies[:2], 1.0), 0.3, people=2, here=0).errors == 2


def one(cpu: float, errors: int = 0) -> figures.Measured:
    return figures.Measured(cpu_ms=cpu, p50_ms=1.0, p99_ms=2.0, errors=errors)


def test_the_ratio_is_that_of_the_clients_it_is_worse_with():
    rounds = [
        {
            16: figures.Trio(product=one(2.0 * share), floor=one(2.0), driver=one(1.0, errors=2)),
            64: figures.Trio(product=one(3.0 * share, errors=1), floor=one(2.0), driver=one(1.0)),
        }
        for share in (1.0, 1.2, 3.0)
    ]
    pages = {"online": figures.Scanned([200.0, 100.0, 300.0], [10.0], [1.0]), "offline": figures.Scanned(missed=4)}
    found = figures.as_json(rounds, pages)
    assert (found["cpu_ms"], found["floor_cpu_ms"], found["ratio"]) == (3.6, 2.0, 1.8)
    assert (found["clients"]["16"]["ratio"], found["clients"]["16"]["ratio_spread"]) == (1.2, [1.0, 3.0])
    assert (found["errors"], found["floor_faults"]) == (3 + 4, 6)
    assert (found["scan_online_ms"], found["scan_offline_ms"]) == (200.0, None)
    assert found["scans"]["online"]["decode_ms_times_4"] == 40.0
    assert "the floor itself failed 6 times" in figures.table("SQLite", found)


def test_an_answer_belongs_to_the_code_before_it():
    ok, kept = "verdict ok", "verdict ok kept"
    noted = {
        "began": [0.0, 1000.0, 2000.0, 3000.0, 4000.0, 5000.0],
        "answers": [{"at": at, "look": look} for at, look in [
            (50.0, ok), (1100.0, ok), (2100.0, ok), (2150.0, kept), (4500.0, kept), (5030.0, ok)]],
        "decodes": [9.0, 9.0, 1.0], "looks": [0.5],
    }  # fmt: skip
    found = browsing.figures_of(noted, ok, 6)
    assert (found.answers_ms, found.missed) == ([100.0, 30.0], 2)
    assert found.decodes_ms == [1.0]


def test_a_code_that_never_came_is_missed():
    noted: dict[str, list[float]] = {"began": [], "answers": [], "decodes": [], "looks": []}
    assert browsing.figures_of(noted, "verdict ok", 5).missed == 3


def test_the_film_marks_the_frames_that_hold_a_code(tmp_path: Path):
    frames = browsing.reel(tmp_path / "film.mjpeg", ["a", "b"]).read_bytes().split(b"\xff\xd8\xff")[1:]
    assert len(frames) == browsing.LEAD * 2 + 2 * (browsing.SEEN + browsing.AWAY)
    (tmp_path / "frame.jpg").write_bytes(b"\xff\xd8\xff" + frames[browsing.LEAD])
    (tmp_path / "desk.jpg").write_bytes(b"\xff\xd8\xff" + frames[browsing.LEAD + browsing.SEEN])
    with Image.open(tmp_path / "frame.jpg") as held, Image.open(tmp_path / "desk.jpg") as desk:
        corners = [picture.convert("L").crop((0, 0, 16, 16)).getextrema() for picture in (held, desk)]
    (darkest, _), (_, lightest) = corners
    assert darkest > 200 > lightest  # type: ignore[operator]


@pytest.mark.browser
def test_the_page_notes_code_decoding_and_answer(base_settings, sqlite_template, tmp_path, browser: Browser):
    halls_of_tests.needs_decoder()
    shutil.copyfile(sqlite_template, tmp_path / "hall.sqlite3")
    settings = dataclasses.replace(base_settings, database_url=f"sqlite:///{tmp_path}/hall.sqlite3", data_dir=tmp_path)
    with halls_of_tests.served(settings, ["张三"]) as hall:
        sees = browsing.reel(tmp_path / "ticket.mjpeg", [TICKETS_AT + hall.ticket("张三")])
        with halls_of_tests.phone(browser, hall, sees) as (page, around, wrong):
            around.add_init_script(path=browsing.INSTRUMENT)
            browsing.make_ready(page, hall)
            page.click("[data-open]")
            page.wait_for_selector("[data-answer] .verdict.ok")
            noted = page.evaluate("window.noted")
            assert wrong == []
    assert noted["answers"][0]["look"] == browsing.LOOKS["online"]
    assert noted["began"][0] < noted["answers"][0]["at"]
    assert len(noted["decodes"]) >= 1
