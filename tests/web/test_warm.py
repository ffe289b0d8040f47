"""Warming up: a sign-up is rehearsed before the first request, and nothing is left behind."""

import pytest
from flask import Flask
from sqlalchemy import event, inspect, text

from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.web import warm
from chengjiu_mp.web.warm import warm_up
from tests import counting, factories


def _rows() -> dict[str, int]:
    found = {table: db.session.execute(text(f"select count(*) from {table}")).scalar_one() for table in inspected()}
    db.session.rollback()
    return found


def inspected() -> list[str]:
    return sorted(inspect(db.engine).get_table_names())


def test_it_rehearses_a_sign_up_and_nothing_stays_of_it(app: Flask) -> None:
    with factories.made():
        factories.reference_data()
        run_id = factories.run(capacity=1).id
    before = _rows()
    with counting.statements() as sent:
        warm_up(app)
    said = {" ".join(one.split()[:3]) for one in sent}
    assert {"INSERT INTO person", "INSERT INTO signup", "INSERT INTO message", "INSERT INTO job"} <= said
    assert _rows() == before
    assert db.session.execute(text(f"select taken, waiting from seat_pool where run_id = {run_id}")).one() == (0, 0)


def test_without_an_open_run_it_rehearses_what_it_can(app: Flask) -> None:
    with factories.made():
        factories.reference_data()
    before = _rows()
    with counting.statements() as sent:
        warm_up(app)
    assert any("INSERT INTO idempotency_key" in one for one in sent)
    assert _rows() == before


def test_a_fault_of_the_rehearsal_keeps_no_server_from_starting(app: Flask, monkeypatch, caplog) -> None:
    def break_down(*_said: object, **_named: object) -> None:
        raise KeyError("13800138000")

    monkeypatch.setattr(warm, "sign_up", break_down)
    warm_up(app)
    assert [(one.message, one.error) for one in caplog.records if one.name == "chengjiu_mp.warm"] == [
        ("not_rehearsed", "KeyError")
    ]


def test_it_leaves_no_connection_to_be_shared(app: Flask) -> None:
    closed: list[object] = []
    event.listen(db.engine, "close", lambda connection, _record: closed.append(connection))
    pool = db.engine.pool
    warm_up(app)
    assert closed and db.engine.pool is not pool


def test_a_database_without_tables_is_no_reason_not_to_start(app: Flask) -> None:
    with unit_of_work() as session:
        session.execute(text("alter table notice rename to elsewhere"))
    try:
        warm_up(app)
        with pytest.raises(Exception, match="notice"):
            db.session.execute(text("select 1 from notice"))
    finally:
        db.session.rollback()
        with unit_of_work() as session:
            session.execute(text("alter table elsewhere rename to notice"))
