"""Counting statements: what a list costs must not grow with its length."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import event

from chengjiu_mp.core.db import db


@contextmanager
def statements() -> Iterator[list[str]]:
    """Give a list that fills with the statements sent within the block."""
    sent: list[str] = []

    def note(_c: object, _u: object, statement: str, *_rest: object) -> None:
        if not statement.startswith("BEGIN"):
            sent.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(db.engine, "before_cursor_execute", note)
