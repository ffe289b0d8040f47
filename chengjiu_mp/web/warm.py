"""What would make the first people after a start wait is done at the start, before the server forks its workers."""

from contextlib import suppress

from flask import Flask
from sqlalchemy.exc import DBAPIError

from chengjiu_mp.core.db import db
from chengjiu_mp.core.errors import NotFound
from chengjiu_mp.courses.queries import run_to_enter
from chengjiu_mp.people.names import sort_key
from chengjiu_mp.people.queries import current_notices, person_by_document

_NO_RUN = 0


def warm_up(app: Flask) -> None:
    """Load the table of readings, and make ready the reads of a sign-up; nothing is written.

    A database that is away or has no tables yet is for ``/readyz`` to report. No connection is left open: a worker
    must not share one with its parent.
    """
    sort_key("澄")
    with app.app_context():
        with suppress(DBAPIError):
            current_notices()
            person_by_document(b"")
            with suppress(NotFound):
                run_to_enter(_NO_RUN)
        db.session.remove()
        db.engine.dispose()
