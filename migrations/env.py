"""Alembic inside the application: the same settings, the same metadata, SQLite by batch."""

from typing import Any, Literal

from alembic import context
from flask import current_app
from sqlalchemy import Connection, text

from chengjiu_mp.core.db import Base, UtcDateTime


def render_item(kind: str, item: Any, _context: Any) -> str | Literal[False]:
    """Write our instant column as what it is in the database: a migration must not need the application of its day."""
    return "sa.DateTime(timezone=True)" if kind == "type" and isinstance(item, UtcDateTime) else False


def compare_type(_context: Any, _inspected: Any, column: Any, _db_type: Any, _model_type: Any) -> bool | None:
    """Leave instants alone: SQLite reports them without their zone."""
    return False if isinstance(column.type, UtcDateTime) else None


def _let_go(connection: Connection) -> None:
    """Let SQLite rebuild a table that others point to; the switch works outside of a transaction only."""
    raw(connection).execute("PRAGMA foreign_keys=OFF")


def _hold_again(connection: Connection) -> None:
    broken = raw(connection).execute("PRAGMA foreign_key_check").fetchall()
    raw(connection).execute("PRAGMA foreign_keys=ON")
    if broken:
        raise RuntimeError(f"rows that point nowhere after the migration: {broken[:5]}")


def raw(connection: Connection) -> Any:
    """Return the driver's own connection: SQLAlchemy's would begin a transaction first."""
    return connection.connection.dbapi_connection


def run() -> None:
    """Run the migrations on the application's engine; a migration that waits for a lock gives up instead of blocking everybody."""
    engine = current_app.extensions["migrate"].db.engine
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            _let_go(connection)
        if engine.dialect.name == "postgresql":
            connection.execute(text("set lock_timeout = '5s'"))
            connection.commit()
        context.configure(
            connection=connection, target_metadata=Base.metadata, render_as_batch=True, render_item=render_item,
            compare_type=compare_type,
        )  # fmt: skip
        with context.begin_transaction():
            context.run_migrations()
        if engine.dialect.name == "sqlite":
            _hold_again(connection)


run()
