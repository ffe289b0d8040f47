"""What a plan is said through: the raw driver, or a session with `text()`."""

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Protocol

from sqlalchemy import text
from sqlalchemy.orm import Session

from devtools.bench_plan import Step


class Pool(Protocol):
    """Where connections come from; one is taken for each transaction and given back at its end."""

    def connect(self) -> Any:
        """Return a driver's connection in its wrapper."""


class DriverWire:
    """A driver's connection out of the pool."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._connection: Any = None
        self._cursor: Any = None

    def say(self, sql: str, params: Any, answers: str) -> list[tuple[Any, ...]]:
        """Say it on the cursor."""
        if self._connection is None:
            self._connection = self._pool.connect()
            self._cursor = self._connection.cursor()
        self._cursor.execute(sql, params)
        if answers == "rows":
            return list(self._cursor.fetchall())
        return [(self._cursor.lastrowid,)] if answers == "key" else []

    def end(self, how: str) -> None:
        """End the transaction and give the connection back."""
        if self._connection is None:
            return
        if how == "commit":
            self._connection.commit()
        else:
            self._connection.rollback()
        self._connection.close()
        self._connection = None


class SessionWire:
    """A session; its steps are :func:`spoken`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def say(self, sql: Any, params: Any, answers: str) -> list[tuple[Any, ...]]:
        """Say it in the session's transaction."""
        result: Any = self._session.execute(sql, params)
        if answers == "rows":
            return list(result.all())
        return [(result.lastrowid,)] if answers == "key" else []

    def end(self, how: str) -> None:
        """End the session's transaction."""
        if how == "commit":
            self._session.commit()
        else:
            self._session.rollback()


def spoken(steps: Sequence[Step]) -> list[Step]:
    """Return the steps with `text()` for statements and all parameters by name."""
    return [_spoken(step) for step in steps]


def _spoken(step: Step) -> Step:
    if step.end:
        return step
    sources = {key: [*one[:2], _named(one[2])] if one[0] == "as" else one for key, one in (step.fresh or {}).items()}
    if isinstance(step.params, dict):
        params, sql = step.params, _with_colons(step.sql)
    else:
        params = {_named(str(place)): value for place, value in enumerate(step.params or ())}
        places = iter(params)
        sql = re.sub(r"\?", lambda _: f":{next(places)}", step.sql.replace(":", r"\:"))
    return replace(step, sql=text(sql), params=params, fresh={_named(key): source for key, source in sources.items()})


def _with_colons(sql: str) -> str:
    """Return psycopg's statement as `text()` reads it; a colon that is none of its own is escaped."""
    return re.sub(r"%\((\w+)\)s", r":\1", sql.replace(":", r"\:")).replace("%%", "%")


def _named(key: str) -> str:
    return f"p{key}" if key.isdigit() else key
