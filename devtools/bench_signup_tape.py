"""A tape of what the product says to its database, taken at the driver: statements, their parameters and their rows.

`python -m devtools.bench_signup_tape FILE` records sign-ups on the database of the environment and writes the plan of
their replay. The database is thrown away afterwards.
"""

import dataclasses
import json
import sqlite3
import sys
import uuid
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from flask import Flask
from sqlalchemy import Connection, Engine, event, text

from chengjiu_mp import create_app
from chengjiu_mp.core.db import db
from devtools import bench_signup_ground as ground
from devtools.bench_signup_people import Crowd
from devtools.bench_signup_plan import End, Plan, Recording, Statement, written

# Recordings of each kind: what differs among them is what a replay must make anew.
TAKES = 3
CAPACITY = 2
# Distances by which numbers are pulled apart, so that no two tables give the same ids in all recordings.
GAPS = (101, 211, 307, 401, 503, 601, 701, 809)


class Tape:
    """Keeps what is said while it runs."""

    def __init__(self) -> None:
        self.pings = False
        self._steps: list[Statement | End] | None = None

    @contextmanager
    def running(self, run_id: int) -> Iterator[Recording]:
        """Record the block, a sign-up to the run."""
        steps: list[Statement | End] = []
        self._steps = steps
        try:
            yield Recording(run_id, steps)
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
    def _rollback(_connection: Connection) -> None:
        TAPE.end("rollback")


def record(app: Flask, engine: Engine) -> Plan:
    """Return the replay of a sign-up, from several that got a seat and several that wait.

    Its numbers are pulled apart for that: rows from before no longer refer to one another.
    """
    own = ground.connect(engine.url.render_as_string(hide_password=False))
    crowd = Crowd(ground.agreed(own))
    listen(engine)
    engine.dispose()  # connections from before are not heard
    try:
        _sign_up(app, ground.new_run(own, CAPACITY), crowd, 1)  # the first of a process says more than the others
        seated = [_take(app, own, crowd, number % CAPACITY, number) for number in range(TAKES)]
        waiting = [_take(app, own, crowd, CAPACITY + number, TAKES + number) for number in range(TAKES)]
    finally:
        own.dispose()
    return dataclasses.replace(written(seated, waiting), pings=TAPE.pings)


def _take(app: Flask, own: Engine, crowd: Crowd, before: int, number: int) -> Recording:
    _pull_apart(own, number)
    run_id = ground.new_run(own, CAPACITY)
    _sign_up(app, run_id, crowd, before)
    with TAPE.running(run_id) as recording:
        _sign_up(app, run_id, crowd, 1)
    return recording


def _sign_up(app: Flask, run_id: int, crowd: Crowd, people: int) -> None:
    for _ in range(people):
        headers = {"Idempotency-Key": uuid.uuid4().hex}
        reply = app.test_client().post(f"/api/v1/runs/{run_id}/signups", json=crowd.next_entry(), headers=headers)
        if reply.status_code != 201:
            raise SystemExit(f"A sign-up to be recorded was answered {reply.status_code}: {reply.text[:300]}")


def _pull_apart(own: Engine, number: int) -> None:
    """Move on the numbers that the tables of a sign-up give next, each by another distance."""
    with own.begin() as connection:
        for table, gap in zip(ground.WRITTEN, GAPS, strict=True):
            if own.dialect.name == "postgresql":
                move = f"select setval(pg_get_serial_sequence('{table}', 'id'), max(id) + {gap + number}) from {table}"  # noqa: S608
            else:
                move = f"update {table} set id = id + {gap + number} where id = (select max(id) from {table})"  # noqa: S608
            connection.execute(text(move))


def main(argv: list[str]) -> int:
    """Record, and write the plan into the file."""
    app = create_app()
    with app.app_context():
        engine = db.engine
    # Outside of any context: what a request keeps in its own must not serve the next one.
    plan = record(app, engine)
    engine.dispose()
    Path(argv[0]).write_text(json.dumps(plan.as_json()))
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
