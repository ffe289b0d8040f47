"""How each database is spoken to: what its connections are set to, and how a transaction begins and ends on them."""

import sqlite3
import time
from typing import Any

from sqlalchemy import Engine, event

from chengjiu_mp.core.db import in_unit_of_work


def prepare_sqlite(engine: Engine) -> None:
    """Give SQLite real transactions: what :func:`tune_sqlite` sets, and BEGIN at the beginning."""
    tune_sqlite(engine)

    def begin(raw: Any) -> None:
        if in_unit_of_work():
            begin_to_write(raw)
        else:
            raw.execute("BEGIN")

    # Not an event of the engine: with a single one, every statement looks for all kinds of them.
    engine.dialect.do_begin = begin  # type: ignore[method-assign, assignment]


def begin_to_write(raw: Any) -> None:
    """Take SQLite's write lock, looking for it every millisecond.

    SQLite's own waiting looks ever more rarely, at last ten times a second: of two processes the one that has just
    written writes again, and the other one's person waits for half a second.
    """
    deadline = time.monotonic() + _PATIENCE
    raw.execute("PRAGMA busy_timeout=2")
    try:
        while True:
            try:
                raw.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError as exc:
                # Also what it says while another process reads the log of one that was killed.
                if exc.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                    raise
            else:
                return
    finally:
        raw.execute(_PATIENT)


_PATIENCE = 15.0  # seconds
_PATIENT = f"PRAGMA busy_timeout={_PATIENCE * 1000:.0f}"


def tune_sqlite(engine: Engine) -> None:
    """Let every connection have WAL, enforced foreign keys and a patient writer, and begin nothing by itself."""

    @event.listens_for(engine, "connect")
    def _connect(raw: Any, _record: Any) -> None:
        raw.isolation_level = None  # the driver's own BEGIN comes too late: after the first SELECT
        cursor = raw.cursor()
        for pragma in ("PRAGMA journal_mode=WAL", "PRAGMA synchronous=NORMAL", "PRAGMA foreign_keys=ON", _PATIENT):
            cursor.execute(pragma)
        cursor.close()


def prepare_postgresql(engine: Engine) -> None:
    """Let what only reads end by COMMIT: psycopg forgets every prepared statement at a ROLLBACK, and PostgreSQL would
    plan each statement of each page anew (home page: 2.6 ms of its processor time instead of 0.7).

    Nothing can have been written then: outside of a unit of work the database itself refuses it.
    """

    def end(raw: Any) -> None:
        if raw.read_only:
            raw.commit()
        else:
            raw.rollback()

    @event.listens_for(engine, "checkin")
    def _writable(raw: Any, _record: Any) -> None:
        if raw is not None and raw.read_only and not raw.closed:
            raw.read_only = None

    # As in prepare_sqlite.
    engine.dialect.do_rollback = end  # type: ignore[method-assign, assignment]
