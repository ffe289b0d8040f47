"""A tape of what the product says to its database, taken at the driver: statements, their parameters and their rows."""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg
from sqlalchemy import Connection, Engine, event, text

from devtools.bench_plan import End, Recording, Statement

# Recordings of each kind: what differs among them is what a replay must make anew.
TAKES = 3
# Distances by which numbers are pulled apart, so that no two tables give the same ids in all recordings.
GAPS = (101, 211, 307, 401, 503, 601, 701, 809, 907, 1009, 1103, 1201)


class Tape:
    """Keeps what is said while it runs."""

    def __init__(self) -> None:
        self.pings = False
        self._steps: list[Statement | End] | None = None

    @contextmanager
    def running(self, **given: Any) -> Iterator[Recording]:
        """Record the block, a request that came with ``given``."""
        steps: list[Statement | End] = []
        self._steps = steps
        try:
            yield Recording(given, steps)
        finally:
            self._steps = None

    def say(self, sql: str, params: Any, rows: Iterable[Sequence[Any]], *, keyed: bool = False) -> None:
        """Note a statement, how it was filled and what came back."""
        if self._steps is not None:
            self._steps.append(Statement(sql, _bare(params), [list(row) for row in rows], keyed))

    def end(self, how: str) -> None:
        """Note the end of a transaction, unless nothing was said in it."""
        if self._steps and isinstance(self._steps[-1], Statement):
            self._steps.append(End(how))


def _bare(params: Any) -> Any:
    """Return the parameters without the drivers' wrappers around bytes."""
    if isinstance(params, dict):
        return {key: bytes(one.obj) if isinstance(one, psycopg.Binary) else one for key, one in params.items()}
    return tuple(bytes(one) if isinstance(one, memoryview) else one for one in params)


TAPE = Tape()


class PostgresCursor(psycopg.Cursor[Any]):
    """psycopg's cursor, heard; outside of a transaction it only asks for the pool whether the connection lives."""

    def execute(self, query: Any, params: Any = None, **options: Any) -> "PostgresCursor":
        """Execute, note, and put the rows back."""
        super().execute(query, params, **options)
        rows = []
        if self.description:
            rows = self.fetchall()
            if rows:
                self.scroll(0, mode="absolute")
        if self.connection.autocommit:
            TAPE.pings = True
        else:
            TAPE.say(str(query), params or {}, rows)
        return self


class SqliteCursor(sqlite3.Cursor):
    """sqlite3's cursor, heard; it reads ahead, because rows cannot be put back."""

    ahead: list[Any]

    def execute(self, sql: str, params: Any = ()) -> "SqliteCursor":
        """Execute, note, and keep the rows for whoever fetches."""
        super().execute(sql, params)
        self.ahead = super().fetchall() if self.description else []
        keyed = sql.startswith("INSERT") and not self.description
        TAPE.say(sql, params, [[self.lastrowid]] if keyed else self.ahead, keyed=keyed)
        return self

    def fetchall(self) -> list[Any]:
        """Return the rest."""
        rows, self.ahead = self.ahead, []
        return rows

    def fetchone(self) -> Any:
        """Return the next row or None."""
        return self.ahead.pop(0) if self.ahead else None

    def fetchmany(self, size: int | None = 1) -> list[Any]:
        """Return at most `size` rows."""
        rows, self.ahead = self.ahead[:size], self.ahead[size:]
        return rows


class SqliteConnection(sqlite3.Connection):
    """sqlite3's connection, with cursors that are heard."""

    def cursor(self, factory: Any = SqliteCursor) -> Any:
        """Return such a cursor."""
        return super().cursor(factory)


def listen(engine: Engine) -> None:
    """Let the tape hear every connection that the engine opens from now on."""
    factory = {"sqlite": ("factory", SqliteConnection), "postgresql": ("cursor_factory", PostgresCursor)}
    name, kind = factory[engine.dialect.name]

    @event.listens_for(engine, "do_connect")
    def _connect(_dialect: Any, _record: Any, _args: Any, options: dict[str, Any]) -> None:
        options[name] = kind

    @event.listens_for(engine, "commit")
    def _commit(_connection: Connection) -> None:
        TAPE.end("commit")

    @event.listens_for(engine, "rollback")
    def _rollback(connection: Connection) -> None:
        # What only reads is ended by COMMIT (core/db.py).
        reading = getattr(connection.connection.dbapi_connection, "read_only", None)
        TAPE.end("commit" if reading else "rollback")


def pull_apart(own: Engine, tables: Sequence[str], number: int) -> None:
    """Move on the numbers that the tables give next, each by another distance, another one for each `number`.

    Each table has a row, and no row refers to it that a foreign key would miss: for databases that are thrown away.
    """
    with own.begin() as connection:
        for table, gap in zip(tables, GAPS, strict=False):
            if own.dialect.name == "postgresql":
                move = f"select setval(pg_get_serial_sequence('{table}', 'id'), max(id) + {gap + number}) from {table}"  # noqa: S608
            else:
                move = f"update {table} set id = id + {gap + number} where id = (select max(id) from {table})"  # noqa: S608
            connection.execute(text(move))
