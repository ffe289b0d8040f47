"""Three years of certificates issued by an approver and rendered by two workers, with progress and a forecast.

Real PostgreSQL, Redis-protocol server, worker processes and beat. The runs are there before the clock starts: they
would have been entered over the years.
"""

import contextlib
import os
import sys
import time
from pathlib import Path
from typing import NamedTuple

from flask_migrate import upgrade
from sqlalchemy import func, select

from chengjiu_mp import create_app
from chengjiu_mp.certificates.issuing import confirm
from chengjiu_mp.certificates.models import CertificateVersion
from chengjiu_mp.config import from_environment
from chengjiu_mp.core import context
from chengjiu_mp.core.context import Principal
from chengjiu_mp.core.db import db, unit_of_work
from devtools.prove_struck import CELERY, Broker, Group, database_for

CLASS = 50
WORKERS = 2
_GIVE_UP_SECONDS = 3600.0


class Batch(NamedTuple):
    """What came of it: seconds until a class of 50 and until everything was finished, and what was not."""

    certificates: int
    class_s: float
    issued_s: float
    batch_s: float
    missing: int


def run_batch(place: Path, certificates: int) -> Batch:
    """Issue and render ``certificates``, in classes of 50, and a class before them alone."""
    with contextlib.ExitStack() as stack:
        broker = Broker(place / "redis")
        stack.callback(broker.stop)
        env = {**os.environ, "CHENGJIU_ENV": "test", "CHENGJIU_DATA_DIR": str(place / "data"), "CHENGJIU_DEMO": "0",
               "REDIS_URL": broker.start(), "PUBLIC_URL": "https://example.test",
               "DATABASE_URL": database_for(stack, place)}  # fmt: skip
        app = create_app(from_environment(env))
        with app.app_context():
            try:
                upgrade()
                context.set_request("bench", context.SYSTEM)
                classes = _classes(1 + certificates // CLASS)
                for group in _groups(env, place):
                    stack.callback(group.kill)
                    group.start()
                return _measured(classes)
            finally:
                db.session.remove()
                db.engine.dispose()


def _groups(env: dict[str, str], place: Path) -> list[Group]:
    one = [*CELERY, "worker", "--concurrency", "1", "--without-mingle", "--without-gossip", "--without-heartbeat",
           "--loglevel", "WARNING"]  # fmt: skip
    workers = [Group([*one, "-n", f"w{number}@bench"], env, place / f"w{number}.log") for number in range(WORKERS)]
    beat = [*CELERY, "beat", "--schedule", str(place / "schedule"), "--pidfile", "", "--loglevel", "WARNING"]
    return [*workers, Group(beat, env, place / "beat.log")]


def _classes(count: int) -> list[tuple[int, Principal]]:
    """Return runs that only wait for their confirmation, each with an approver."""
    from tests import issued  # the makers of the tests; nothing else of the product makes a passed run in one call

    made, approver = [], None
    for number in range(count):
        names = [f"{chr(0x4E00 + number)}{chr(0x5000 + place)}" for place in range(CLASS)]
        run, approver = issued.ready_run(*names, approved_by=approver)
        made.append((run.id, approver))
        _say(f"prepared {number + 1} of {count} classes", number)
    return made


def _measured(classes: list[tuple[int, Principal]]) -> Batch:
    began = time.monotonic()
    _confirm(*classes[0])
    _finish(CLASS, began)
    class_s = time.monotonic() - began
    began = time.monotonic()
    for run_id, approver in classes[1:]:
        _confirm(run_id, approver)
    issued_s, asked = time.monotonic() - began, CLASS * len(classes)
    missing = asked - _finish(asked, began, already=CLASS)
    return Batch(asked - CLASS, class_s, issued_s, time.monotonic() - began, missing)


def _confirm(run_id: int, approver: Principal) -> None:
    with unit_of_work():
        confirm(run_id, approver)
    db.session.expunge_all()


def _finish(asked: int, began: float, *, already: int = 0) -> int:
    """Wait until so many pictures are there; return how many are. Says how far it is, and when it will be done."""
    ready, looks = 0, 0
    while time.monotonic() - began < _GIVE_UP_SECONDS:
        ready = db.session.scalar(select(func.count()).where(CertificateVersion.picture_state == "ready")) or 0
        db.session.rollback()
        if ready >= asked:
            break
        spent, done = time.monotonic() - began, ready - already
        if done > 0:
            _say(f"{ready} of {asked}, {done / spent:.1f}/s, done in {(asked - ready) * spent / done:.0f} s", looks)
        looks += 1
        time.sleep(0.25)
    return ready


def _say(words: str, number: int) -> None:
    if number % 20 == 0:
        print(words, file=sys.stderr, flush=True)
