"""What would make the first people after a start wait is done at the start, before the server forks its workers."""

import logging
from dataclasses import replace

from flask import Flask
from sqlalchemy.exc import DBAPIError

from chengjiu_mp.core import idempotency, limits
from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.core.errors import Refusal
from chengjiu_mp.courses.entry import Entry
from chengjiu_mp.courses.limiting import MINUTE
from chengjiu_mp.courses.presenting import made
from chengjiu_mp.courses.queries import RunFilter, runs_open_for_signup
from chengjiu_mp.courses.signing_up import sign_up
from chengjiu_mp.people.names import sort_key
from chengjiu_mp.people.queries import current_notices
from chengjiu_mp.people.schemas import ConsentIn

log = logging.getLogger("chengjiu_mp.warm")

# Nobody's number, for the sequence 000 is not given; and nothing is sent to the phone.
_NOBODY = Entry("张三丰", "320000191001010008", "19900000000")
_NAME = "warm-up"


class _TakenBack(Exception):
    """Ends the rehearsal's transaction without a trace."""


def warm_up(app: Flask) -> None:
    """Rehearse a sign-up to a run that is open, and take it back whole: what it says is built once, for all workers.

    Nothing stays of it but numbers that are passed over, and nothing leaves before a commit. A database that is away or
    has no tables yet is for ``/readyz`` to report; no fault of a rehearsal keeps the server from starting. No
    connection is left open: a worker must not share one with its parent.
    """
    sort_key("澄")
    with app.app_context():
        try:
            _rehearse()
        except (_TakenBack, DBAPIError, Refusal):
            pass
        except Exception as exc:  # noqa: BLE001  said, and without the text, which may hold what was typed
            log.warning("not_rehearsed", extra={"error": type(exc).__name__})
        db.session.remove()
        db.engine.dispose()


def _rehearse() -> None:
    agreed = [ConsentIn(purpose=one.purpose, version=one.version) for one in current_notices()]
    run_id = next((one.run.id for one in runs_open_for_signup(RunFilter(), limit=1)), 0)
    with unit_of_work():
        limits.count(limits.Limit(_NAME, 1_000_000, MINUTE, soft=True))
        kept, _ = idempotency.begin(_NAME, _NAME, b"")
        out = made(sign_up(run_id, replace(_NOBODY, consents=agreed), channel="api"))
        idempotency.keep(kept, 201, out.model_dump_json().encode())
        raise _TakenBack
