"""The database: base class, column kinds, and the one transaction per request or task.

Only :func:`unit_of_work` commits. Services flush.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any, TypeGuard, TypeVar

from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import (
    DateTime,
    Executable,
    Index,
    Integer,
    MetaData,
    UniqueConstraint,
    cast,
    event,
    extract,
    func,
    text,
)
from sqlalchemy.engine import Connection, CursorResult, Dialect
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.orm import DeclarativeBase, Session, registry
from sqlalchemy.types import TypeDecorator

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


def _as_sqlite_text(value: datetime | None) -> str | None:
    if value is None:
        return None
    if value.tzinfo is None:
        raise ValueError("a naive datetime has no place in the database")
    return (value if value.tzinfo is UTC else value.astimezone(UTC)).isoformat(" ", "microseconds")[:-6]  # +00:00


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

    def bind_processor(self, dialect: Dialect) -> Callable[[datetime | None], Any] | None:
        """Return what makes a value of an instant; on SQLite the text at once, as SQLAlchemy's own column writes it:
        a dozen are written with each sign-up, and its way there is four times as long.
        """
        return _as_sqlite_text if dialect.name == "sqlite" else super().bind_processor(dialect)

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
_AT_COMMIT = "at commit"
_connection: ContextVar[tuple[Session, Connection] | None] = ContextVar("connection", default=None)


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
    writing, callbacks, connection = _writing.set(True), _after_commit.set([]), _connection.set(None)
    try:
        yield session
        _commit(session)
        todo = _after_commit.get() or []
    except BaseException:
        session.rollback()
        raise
    finally:
        _writing.reset(writing)
        _after_commit.reset(callbacks)
        _connection.reset(connection)
    for call in todo:
        call()


def _commit(session: Session) -> None:
    try:
        session.commit()
    except OperationalError as exc:
        exc.add_note(_AT_COMMIT)
        raise


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


# PostgreSQL: a lock, a deadlock, a statement's time, and a server that goes or is gone. SQLite: busy, locked.
# A full disk is not of the moment: somebody has to hear of it.
_PASSING_STATES, _PASSING_CLASSES, _PASSING_CODES = ("55P03", "40P01", "57014", "53300"), ("08", "57P"), (5, 6)


def passes(exc: BaseException) -> TypeGuard[OperationalError]:
    """Return whether a fault of the database is one of the moment: the same request may do better soon."""
    if not isinstance(exc, OperationalError):
        return False
    code = getattr(exc.orig, "sqlite_errorcode", None)
    if code is not None:
        return code & 0xFF in _PASSING_CODES
    # A connection that broke, or never came to be, has no state to tell.
    state: str | None = getattr(exc.orig, "sqlstate", None)
    return state is None or state in _PASSING_STATES or state.startswith(_PASSING_CLASSES)


def may_be_done(exc: OperationalError) -> bool:
    """Return whether the connection broke while the commit was on its way: nobody here knows what came of it."""
    return _AT_COMMIT in getattr(exc, "__notes__", ()) and exc.connection_invalidated


def waited_for_lock(exc: OperationalError) -> bool:
    """Return whether somebody else held a row for longer than anybody is let wait; SQLite has one lock for all."""
    return getattr(exc.orig, "sqlstate", None) == "55P03"


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


@event.listens_for(db.session, "after_begin")
def _read_only(_session: Session, _transaction: Any, connection: Connection) -> None:
    if connection.dialect.name == "postgresql" and not _writing.get():
        raw: Any = connection.connection.dbapi_connection
        if not raw.read_only:
            raw.read_only = True


def execute(statement: Executable, values: Any = None) -> CursorResult[Any]:
    """Say a statement over tables, built once, in the current transaction; past the session, which is a third of it.

    Objects that the session holds neither go first nor learn of it.
    """
    return _here().execute(statement, values)


@contextmanager
def savepoint() -> Iterator[None]:
    """Go back to here when the block raises, for what :func:`execute` says; objects do not go back with it."""
    connection = _here()
    # The words themselves: SQLAlchemy's own nested transaction builds and compiles each of them anew.
    connection.exec_driver_sql("SAVEPOINT held")
    try:
        yield
    except BaseException:
        if not connection.invalidated:
            connection.exec_driver_sql("ROLLBACK TO SAVEPOINT held")
            connection.exec_driver_sql("RELEASE SAVEPOINT held")
        raise
    connection.exec_driver_sql("RELEASE SAVEPOINT held")


def _here() -> Connection:
    """Return the connection of the session's transaction, looked up once in a unit of work."""
    held = _connection.get()
    # The session sets its own savepoint when it is first asked for the connection under one: it must come first.
    if held is not None and not held[0].in_nested_transaction():
        return held[1]
    session = db.session()
    found = session.connection()
    if _writing.get() and not session.in_nested_transaction():
        _connection.set((session, found))
    return found


def is_postgresql() -> bool:
    """Return whether the bound database is PostgreSQL."""
    held = _connection.get()
    return bool((held[1] if held else db.engine).dialect.name == "postgresql")


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


def clock_skew() -> float:
    """Return the seconds by which this process's real clock is ahead of the database's (rel-F10); SQLite has none of
    its own.
    """
    before = time.time()
    theirs = float(db.session.execute(text(f"select {database_epoch()}")).scalar_one())
    end_read()
    return (before + time.time()) / 2 - theirs


def ping() -> None:
    """Ask the database anything; raises what the driver raises when it is down."""
    db.session.execute(text("select 1"))
    end_read()
