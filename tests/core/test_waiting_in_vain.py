"""What waits too long for the database is told to come again, and has changed nothing (rel-F16, F17, I16)."""

import sqlite3
import threading
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from flask import Blueprint, Flask
from sqlalchemy import event, func, select, text
from sqlalchemy.exc import OperationalError

from chengjiu_mp import create_app
from chengjiu_mp.config import Settings
from chengjiu_mp.core import access, engines
from chengjiu_mp.core.access import PUBLIC
from chengjiu_mp.core.db import db, is_postgresql, passes, unit_of_work
from chengjiu_mp.core.http import route
from chengjiu_mp.core.parsing import In, Out
from chengjiu_mp.units.models import Sector
from tests import factories


class WantedIn(In):
    code: str
    meanwhile: bool = False


class MadeOut(Out):
    id: int


@pytest.fixture
def impatient(settings: Settings, frozen: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Flask, list[Any]]]:
    """An application that waits a twentieth of a second, and the replies to what was sent meanwhile."""
    monkeypatch.setattr(engines, "_PATIENCE", 0.05)
    app, meanwhile = create_app(settings), list[Any]()
    bp = Blueprint("waited", __name__)

    def again() -> None:
        with app.app_context():
            meanwhile.append(send(app, meanwhile=True))
            db.session.remove()

    @route(bp, "POST", "/api/v1/waited", access.PUBLIC, status=201)
    def make(body: WantedIn) -> MadeOut:
        row = db.session.scalars(select(Sector).with_for_update()).one()
        row.name = body.code
        db.session.flush()
        if body.meanwhile and not meanwhile:
            other = threading.Thread(target=again)
            other.start()
            other.join()
        return MadeOut(id=row.id)

    @bp.get("/waited")
    @access.access(PUBLIC)
    def page() -> str:
        with unit_of_work():
            db.session.scalars(select(Sector).with_for_update()).one().name = "page"
        return "done"

    app.register_blueprint(bp)
    with app.app_context():

        @event.listens_for(db.engine, "connect")
        def _soon(raw: Any, _record: Any) -> None:
            if is_postgresql():
                raw.execute("set lock_timeout = '50ms'")
                raw.commit()

        with factories.made():
            db.session.add(Sector(code="one", name="名", sort=1))
        yield app, meanwhile
        db.session.remove()
        db.engine.dispose()


def send(app: Flask, **more: Any) -> Any:
    return app.test_client().post("/api/v1/waited", json={"code": "a", **more}, headers={"Idempotency-Key": "k"})


def name() -> str | None:
    db.session.remove()
    return db.session.scalar(select(func.max(Sector.name)))


def test_who_waits_too_long_is_told_to_come_again(impatient: tuple[Flask, list[Any]]) -> None:
    app, _ = impatient
    with db.engine.connect() as holder:
        holder.execute(text("update sector set name = 'held'"))
        program, page = send(app), app.test_client().get("/waited")
        holder.rollback()
    assert (program.status_code, program.json["code"], program.headers["Retry-After"]) == (503, "busy", "3")
    assert (page.status_code, page.headers["Retry-After"], "再试一次" in page.text) == (503, "3", True)
    assert name() == "名"
    assert (send(app).status_code, name()) == (201, "a")


def test_the_same_request_while_the_first_is_on_its_way(impatient: tuple[Flask, list[Any]]) -> None:
    app, meanwhile = impatient
    first = send(app, meanwhile=True)
    # SQLite has one writer, so that nobody comes as far as the key.
    expected = (409, "in_flight") if is_postgresql() else (503, "busy")
    (second,) = meanwhile
    assert (second.status_code, second.json["code"], second.headers["Retry-After"]) == (*expected, "3")
    third = send(app, meanwhile=True)
    assert (first.status_code, third.status_code, third.data) == (201, 201, first.data)


def test_of_a_server_that_is_down_nobody_hears_that_their_own_request_is_on_its_way(settings: Settings) -> None:
    app = create_app(replace(settings, database_url="postgresql+psycopg://cj@127.0.0.1:1/none"))
    bp = Blueprint("lost", __name__)

    @route(bp, "POST", "/api/v1/lost", access.PUBLIC, status=201)
    def make(body: WantedIn) -> MadeOut:
        return MadeOut(id=len(body.code))

    app.register_blueprint(bp)
    reply = app.test_client().post("/api/v1/lost", json={"code": "a"}, headers={"Idempotency-Key": "k"})
    assert (reply.status_code, reply.get_json()["code"]) == (503, "busy")


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_whose_commit_was_lost_is_not_told_that_nothing_changed(app: Flask) -> None:
    bp = Blueprint("cut", __name__)

    @bp.post("/api/v1/cut")
    @access.access(PUBLIC)
    def cut() -> str:
        with unit_of_work():
            db.session.add(Sector(code="one", name="名", sort=1))
            db.session.flush()
            with db.engine.connect() as other:
                pid = db.session.scalar(text("select pg_backend_pid()"))
                other.execute(text("select pg_terminate_backend(:pid)"), {"pid": pid})
        return "done"

    app.register_blueprint(bp)
    reply = app.test_client().post("/api/v1/cut")
    assert (reply.status_code, reply.get_json()["code"], reply.headers["Retry-After"]) == (503, "unsure", "3")


class Recovering:
    """SQLite's connection while another process reads the log of one that was killed: so it says, for a while."""

    def __init__(self) -> None:
        self.said = 0

    def execute(self, words: str) -> None:
        self.said += words == "BEGIN IMMEDIATE"
        if words == "BEGIN IMMEDIATE" and self.said < 3:
            fault = sqlite3.OperationalError("database is locked")
            fault.sqlite_errorcode = sqlite3.SQLITE_BUSY_RECOVERY
            raise fault


def test_a_log_that_is_being_read_after_a_kill_is_waited_for() -> None:
    raw = Recovering()
    engines.begin_to_write(raw)
    assert raw.said == 3


@pytest.mark.parametrize(
    ("code", "passing"),
    [
        (sqlite3.SQLITE_BUSY, True), (sqlite3.SQLITE_BUSY_SNAPSHOT, True), (sqlite3.SQLITE_LOCKED, True),
        (sqlite3.SQLITE_FULL, False), (sqlite3.SQLITE_IOERR, False), (sqlite3.SQLITE_ERROR, False),
    ],
)  # fmt: skip
def test_a_full_disk_is_no_matter_of_a_few_seconds(code: int, *, passing: bool) -> None:
    fault = sqlite3.OperationalError()
    fault.sqlite_errorcode = code
    assert passes(OperationalError("", None, fault)) is passing
