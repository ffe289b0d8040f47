"""Rows written and read past the session, where a statement built once costs less than the unit of work.

What the session holds neither goes first nor learns of it: callers flush before, and adopt what they go on with.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, TypeVar

from sqlalchemy import ColumnDefault, Executable, Table, insert
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.orm import make_transient_to_detached
from sqlalchemy.orm._typing import _IdentityKeyType
from sqlalchemy.orm.attributes import instance_state
from sqlalchemy.orm.util import identity_key

from chengjiu_mp.core.db import Base, db, execute, is_postgresql

Row = TypeVar("Row", bound=Base)


def insert_into(table: type[Any]) -> Any:
    """Return the dialect's own INSERT, for its ``on_conflict_…`` clauses, which both databases spell alike."""
    return pg_insert(table) if is_postgresql() else sqlite_insert(table)


def table_of(model: type[Base]) -> Table:
    """Return a model's table, for statements that are built once and said past the session's bookkeeping."""
    return Base.metadata.tables[model.__tablename__]


def insert_new(table: type[Base], unique: tuple[str, ...], **values: Any) -> int | None:
    """Insert a row at once; return its id, or None when one with these ``unique`` columns is there already.

    A transaction that is inserting the same row now is waited for. The statement is built once: building costs more
    than the database's own work on it.
    """
    found: int | None = execute(_insert_new(table, unique, is_postgresql()), values).scalar()
    return found


def insert_row(table: type[Base], values: Mapping[str, Any]) -> int:
    """Insert a row at once; return its id."""
    found: int = execute(_insert_row(table), values).scalar_one()
    return found


def append(table: type[Base], values: Mapping[str, Any]) -> None:
    """Insert a row of a ledger at once, whose id nobody asks for."""
    execute(_append(table), values)


def insert_object(row: Base) -> int:
    """Insert what a new object holds at once, past the unit of work; return its id, for :func:`adopted`."""
    return insert_row(type(row), values_of(row))


def values_of(row: Base) -> dict[str, Any]:
    """Return what a new object holds, by column; what was not set is not there."""
    held = row.__dict__
    return {name: held[name] for name in _columns(type(row)) if name in held}


def filled(table: type[Row], **values: Any) -> Row:
    """Return a new object that holds these values, for :func:`insert_object`: each attribute set by itself costs more
    than the insert.
    """
    row: Row = table.__mapper__.class_manager.new_instance()
    row.__dict__.update(values)
    return row


def put(row: Base, **values: Any) -> None:
    """Let an object of :func:`filled` hold these values too, before it is in a session."""
    row.__dict__.update(values)


def as_read(table: type[Row], values: Sequence[Any]) -> Row:
    """Return an object of a row, its values in the order of the table's columns, in no session: for rows that are only
    looked at. What is set on it is never written, and what was not read with it cannot be loaded.
    """
    row = filled(table, **dict(zip(_columns(table), values, strict=True)))
    # Nothing is missing and nothing was set: of what SQLAlchemy's own function does, the name alone is left to do.
    instance_state(row).key = _key(row)
    return row


def as_inserted(table: type[Row], row_id: int, values: Mapping[str, Any]) -> Row:
    """Return an object of a row that was inserted past the session with these values, as :func:`as_read`."""
    row = filled(table, id=row_id, **values)
    _know(row)
    return row


def named(table: type[Row], row_id: int) -> Row:
    """Return the session's object of a row, or one in no session that holds the id alone: for who writes past the
    session and reads nothing. What is not in it raises.
    """
    held: Row | None = db.session().identity_map.get(identity_key(table, row_id))
    if held is not None:
        return held
    row = filled(table, id=row_id)
    make_transient_to_detached(row)
    return row


def adopted(row: Row) -> Row:
    """Return an object of a row that was inserted past the session, now in the session as if it had been loaded.

    ``row`` has its primary key. One of :func:`filled` holds all that was inserted: what it leaves out is NULL, or the
    column's constant. What another leaves out, or the database made, is loaded when it is asked for.
    """
    _know(row)
    session = db.session()
    # A row that was rolled back leaves its object behind, and SQLite gives its number again.
    left = session.identity_map.get(_key(row))
    if left is not None:
        session.expunge(left)
    session.add(row)
    return row


def _know(row: Base) -> None:
    """Let the object of an inserted row pass for one that was loaded."""
    state = instance_state(row)
    if not state.committed_state:
        put(row, **_left_out(row))
        if row.__dict__.keys() >= _names(type(row)):
            state.key = _key(row)
            return
    make_transient_to_detached(row)


def _key(row: Base) -> _IdentityKeyType[Any]:
    return row.__mapper__.identity_key_from_primary_key((row.id,))  # type: ignore[attr-defined]


def _left_out(row: Base) -> dict[str, Any]:
    """Return what an inserted row has in the columns that its object does not name: NULL, or the column's constant."""
    return {name: value for name, value in _constants(type(row)).items() if name not in row.__dict__}


@cache
def _constants(table: type[Base]) -> dict[str, Any]:
    columns = table_of(table).columns
    plain = {c.key: c.default.arg for c in columns if isinstance(c.default, ColumnDefault) and c.default.is_scalar}
    return plain | {c.key: None for c in columns if c.nullable and c.default is None and c.server_default is None}


@cache
def _columns(table: type[Base]) -> tuple[str, ...]:
    return tuple(table_of(table).columns.keys())


@cache
def _names(table: type[Base]) -> frozenset[str]:
    return frozenset(_columns(table))


@cache
def _insert_new(table: type[Base], unique: tuple[str, ...], on_postgresql: bool) -> Executable:
    statement = (pg_insert if on_postgresql else sqlite_insert)(table_of(table))
    once = statement.on_conflict_do_nothing(index_elements=list(unique))
    return once.returning(table_of(table).c.id)


@cache
def _append(table: type[Base]) -> Executable:
    return insert(table_of(table)).inline()


@cache
def _insert_row(table: type[Base]) -> Executable:
    return insert(table_of(table)).returning(table_of(table).c.id)
