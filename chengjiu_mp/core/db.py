"""The database: base class, column kinds, and the one transaction per request or task.

Only :func:`unit_of_work` commits. Services flush.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from functools import cache
from typing import Any, TypeVar

from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import (
    DateTime,
    Engine,
    Executable,
    Index,
    Integer,
    MetaData,
    Table,
    UniqueConstraint,
    cast,
    event,
    extract,
    func,
    insert,
    text,
)
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.engine import Connection, Dialect
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import DeclarativeBase, Session, make_transient_to_detached, registry
from sqlalchemy.orm.util import identity_key
from sqlalchemy.types import TypeDecorator

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class UtcDateTime(TypeDecorator[datetime]):
    """An aware instant, stored as UTC; SQLite drops the zone, so it is put back here."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a naive datetime has no place in the database")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        if value is None or value.tzinfo is not None:
            return value
        return value.replace(tzinfo=UTC)


class Base(DeclarativeBase):
    """Base of every table; ``db`` derives its own base from it, which is why the map sits on the registry."""

    registry = registry(metadata=MetaData(naming_convention=NAMING), type_annotation_map={datetime: UtcDateTime})


Row = TypeVar("Row", bound=Base)

db = SQLAlchemy(model_class=Base, session_options={"expire_on_commit": False})

_writing: ContextVar[bool] = ContextVar("writing", default=False)
_after_commit: ContextVar[list[Callable[[], None]] | None] = ContextVar("after_commit", default=None)


@contextmanager
def unit_of_work() -> Iterator[Session]:
    """Run the block in one transaction: commit at its end, roll back on any exception.

    A read transaction that is still open is ended first, because SQLite must take its write lock at BEGIN: objects
    loaded before this block are expired by it. On SQLite the transaction begins with BEGIN IMMEDIATE, so that two
    writers queue instead of failing.

    :raise RuntimeError: when nested; the edge owns the transaction
    """
    if _writing.get():
        raise RuntimeError("unit_of_work is nested: only the edge opens one")
    session = db.session()
    if session.in_transaction():
        session.rollback()
    writing, callbacks = _writing.set(True), _after_commit.set([])
    try:
        yield session
        session.commit()
        todo = _after_commit.get() or []
    except BaseException:
        session.rollback()
        raise
    finally:
        _writing.reset(writing)
        _after_commit.reset(callbacks)
    for call in todo:
        call()


def after_commit(call: Callable[[], None]) -> None:
    """Run ``call`` once the real commit is done, never before; dropped when the transaction rolls back."""
    todo = _after_commit.get()
    if todo is None:
        raise RuntimeError("after_commit outside of a unit_of_work")
    todo.append(call)


def end_read() -> None:
    """End a read transaction that a request has opened, before slow work or a write begins."""
    if not _writing.get() and db.session().in_transaction():
        db.session.rollback()


def in_unit_of_work() -> bool:
    """Return whether a transaction that writes is open here: nothing slow may be waited for in it."""
    return _writing.get()


def violated(exc: IntegrityError, name: str) -> bool:
    """Return whether ``exc`` broke the constraint or unique index ``name``.

    PostgreSQL gives the name. SQLite names a CHECK, but for a unique index gives the columns only, so they are
    compared."""
    diag = getattr(exc.orig, "diag", None)
    if diag is not None:
        return bool(diag.constraint_name == name)
    said = str(exc.orig)
    if said.endswith(f": {name}"):
        return True
    columns = _unique_columns().get(name)
    return columns is not None and said.partition("constraint failed: ")[2] == columns


def _unique_columns() -> dict[str, str]:
    found: dict[str, str] = {}
    for table in Base.metadata.tables.values():
        unique = [c for c in table.constraints if isinstance(c, UniqueConstraint)]
        named: list[Index | UniqueConstraint] = [*table.indexes, *unique]
        for item in named:
            columns = item.columns
            if item.name:
                found[str(item.name)] = ", ".join(f"{table.name}.{c.name}" for c in columns)
    return found


def prepare_sqlite(engine: Engine) -> None:
    """Give SQLite real transactions: what :func:`tune_sqlite` sets, and BEGIN at the beginning."""
    tune_sqlite(engine)

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE" if _writing.get() else "BEGIN")


def tune_sqlite(engine: Engine) -> None:
    """Let every connection have WAL, enforced foreign keys and a patient writer, and begin nothing by itself."""

    @event.listens_for(engine, "connect")
    def _connect(raw: Any, _record: Any) -> None:
        raw.isolation_level = None  # the driver's own BEGIN comes too late: after the first SELECT
        cursor = raw.cursor()
        for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON", "busy_timeout=15000"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()


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
    found: int | None = db.session.execute(_insert_new(table, unique, is_postgresql()), values).scalar()
    return found


def insert_each(
    table: type[Base], rows: Sequence[Mapping[str, Any]], *, by: str, unique: tuple[str, ...] = ()
) -> dict[Any, int]:
    """Insert many rows at once; return {value in the column ``by``: id} of those that are new.

    :param rows: at least one, all with the same columns
    :param unique: a row with these columns that is there already is passed over, and is not in the answer
    """
    found = db.session.execute(_insert_each(table, by, unique, is_postgresql()), rows)
    return {row[0]: row[1] for row in found}


def insert_rows(table: type[Base], rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows at once, in one statement, for ledgers whose rows nobody needs as objects."""
    db.session.execute(_insert_rows(table), rows).close()


def insert_object(row: Base) -> int:
    """Insert what a new object holds at once, past the unit of work; return its id, for :func:`adopted`."""
    found: int = db.session.execute(_insert_rows(type(row)), values_of(row)).scalar_one()
    return found


def values_of(row: Base) -> dict[str, Any]:
    """Return what a new object holds, by column; what was not set is not there."""
    return {name: row.__dict__[name] for name in table_of(type(row)).columns.keys() if name in row.__dict__}  # noqa: SIM118


def adopted(row: Row) -> Row:
    """Return an object of a row that was inserted past the session, now in the session as if it had been loaded.

    ``row`` has its primary key; columns left out are loaded when they are asked for.
    """
    session = db.session()
    make_transient_to_detached(row)
    # A row that was rolled back leaves its object behind, and SQLite gives its number again.
    left = session.identity_map.get(identity_key(instance=row))
    if left is not None:
        session.expunge(left)
    session.add(row)
    return row


@cache
def _insert_new(table: type[Base], unique: tuple[str, ...], on_postgresql: bool) -> Executable:
    statement = (pg_insert if on_postgresql else sqlite_insert)(table_of(table))
    once = statement.on_conflict_do_nothing(index_elements=list(unique))
    return once.returning(table_of(table).c.id)


@cache
def _insert_each(table: type[Base], by: str, unique: tuple[str, ...], on_postgresql: bool) -> Executable:
    statement = (pg_insert if on_postgresql else sqlite_insert)(table_of(table))
    if unique:
        statement = statement.on_conflict_do_nothing(index_elements=list(unique))
    return statement.returning(table_of(table).c[by], table_of(table).c.id)


@cache
def _insert_rows(table: type[Base]) -> Executable:
    # What comes back is not needed: asking for it is what lets both databases take many rows in one statement.
    return insert(table_of(table)).returning(table_of(table).c.id)


def is_postgresql() -> bool:
    """Return whether the bound database is PostgreSQL."""
    return bool(db.engine.dialect.name == "postgresql")


def local_weekday(instant: Any) -> Any:
    """Return SQL for the weekday of an instant column in Asia/Shanghai: 0 is Sunday, 6 Saturday."""
    if is_postgresql():
        return extract("dow", func.timezone("Asia/Shanghai", instant))
    # No daylight saving since 1991.
    return cast(func.strftime("%w", instant, "+8 hours"), Integer)


def database_epoch() -> str:
    """Return SQL for the database's own clock as epoch seconds (float); leases are judged by it alone."""
    if is_postgresql():
        return "extract(epoch from clock_timestamp())"
    return "((julianday('now') - 2440587.5) * 86400.0)"


def ping() -> None:
    """Ask the database anything; raises what the driver raises when it is down."""
    db.session.execute(text("select 1"))
    end_read()
