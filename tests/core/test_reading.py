"""What only reads: PostgreSQL refuses its writes, and keeps what it has planned."""

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import InternalError, OperationalError

from chengjiu_mp.core.db import db, end_read, unit_of_work
from chengjiu_mp.units.models import Sector

ADDED = text("insert into sector (code, name, sort) values ('a', 'a', 1)")
PREPARED = text("select count(*) from pg_prepared_statements where statement like 'SELECT count(%sector%'")

only_postgresql = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


def look() -> int:
    found = db.session.scalar(select(func.count()).select_from(Sector)) or 0
    end_read()
    return found


def test_what_is_written_outside_of_a_unit_of_work_is_not_kept(app):
    look()
    try:
        db.session.execute(ADDED)
    except InternalError:
        db.session.rollback()
    end_read()
    assert look() == 0


@only_postgresql
def test_the_database_refuses_a_write_outside_of_a_unit_of_work(app):
    with pytest.raises(InternalError, match="read-only transaction"):
        db.session.execute(ADDED)
    db.session.rollback()
    with unit_of_work() as session:
        session.execute(ADDED)
    assert look() == 1


@only_postgresql
def test_who_has_a_connection_without_the_session_writes_after_a_read(app):
    look()
    with db.engine.begin() as connection:
        connection.execute(ADDED)
    assert look() == 1


@only_postgresql
def test_what_is_read_often_is_planned_once(app):
    for _ in range(10):
        look()
    assert db.session.scalar(PREPARED) == 1


@only_postgresql
def test_a_read_that_broke_is_rolled_back_and_the_connection_goes_on(app):
    with pytest.raises(Exception, match="division by zero"):
        db.session.execute(text("select 1/0"))
    db.session.rollback()
    assert look() == 0
    with unit_of_work() as session:
        session.execute(ADDED)
    assert look() == 1


@only_postgresql
def test_a_connection_that_died_in_a_read_is_replaced(app):
    pid = db.session.scalar(text("select pg_backend_pid()"))
    with db.engine.begin() as other:
        other.execute(text("select pg_terminate_backend(:pid)"), {"pid": pid})
    with pytest.raises(OperationalError):
        end_read()
    assert look() == 0
