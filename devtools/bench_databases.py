"""Databases to measure on: new ones, copies, and the measurement's own way to look into them."""

import shutil
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, event, text


def copied(url: str, name: str) -> str:
    """Return the address of a copy of a database that nobody is connected to."""
    if url.startswith("sqlite"):
        file = Path(url.removeprefix("sqlite:///"))
        return f"sqlite:///{shutil.copyfile(file, file.with_name(f'{name}.sqlite3'))}"
    server, _, original = url.rpartition("/")
    _on_server(server, f'create database "{name}" template "{original}"')
    return f"{server}/{name}"


def new_database(server: str, name: str) -> str:
    """Return the address of a new, empty PostgreSQL database on the server of `server`."""
    base = server.rpartition("/")[0]
    _on_server(base, f'create database "{name}"')
    return f"{base}/{name}"


def _on_server(server: str, sentence: str) -> None:
    engine = create_engine(f"{server}/postgres", isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(sentence))
    engine.dispose()


def connect(url: str) -> Engine:
    """Return an engine for the measurement's own work: patient, and on SQLite blind to foreign keys."""
    engine = create_engine(url)
    if engine.dialect.name == "sqlite":

        @event.listens_for(engine, "connect")
        def _connect(raw: Any, _record: Any) -> None:
            raw.execute("pragma busy_timeout=15000")

    return engine
