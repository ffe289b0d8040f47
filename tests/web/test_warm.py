"""Warming up: what is ready before the first request, and what is not left behind."""

import pytest
from flask import Flask
from sqlalchemy import event, text

from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.web.warm import warm_up
from tests import counting, factories


def test_it_reads_what_a_sign_up_reads_and_writes_nothing(app: Flask) -> None:
    with factories.made():
        factories.reference_data()
    with counting.statements() as sent:
        warm_up(app)
    assert {one.split()[0] for one in sent} == {"SELECT"}
    assert sorted(table for table in ("course_run", "notice", "person") for one in sent if f"FROM {table}" in one) == [
        "course_run", "notice", "person",
    ]  # fmt: skip


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
