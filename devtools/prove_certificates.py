"""`./dev prove certificates`: certificates asked for while their worker is killed and the broker loses its data.

Real database, real Redis-protocol server, real Celery worker and beat as process groups; where root allows, pictures on
a disk that is full at first. Counted at the end, from the rows and the files: what was lost, what was done twice, what
is cut short. Ends only the processes that it started.
"""

import argparse
import contextlib
import hashlib
import json
import os
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import NamedTuple

from flask import Flask
from flask_migrate import upgrade
from PIL import Image
from sqlalchemy import func, select, text

from chengjiu_mp import create_app
from chengjiu_mp.certificates.issuing import confirm
from chengjiu_mp.certificates.models import Certificate, CertificateVersion
from chengjiu_mp.certificates.versions import RENDER_JOB
from chengjiu_mp.config import from_environment
from chengjiu_mp.core import context, hooks
from chengjiu_mp.core.db import database_epoch, db, unit_of_work
from chengjiu_mp.core.models import Job
from chengjiu_mp.outbox.models import Message
from devtools.prove_struck import CELERY, Broker, Disk, Group, database_for, on_clock

PER_RUN = 20
# Long enough that a kill falls into the middle of a picture, whatever the machine.
RENDER_SLEEP_MS = 150


@dataclass
class Outcome:
    """What was asked for, what was done to it, and what came of it."""

    database: str
    asked: int = 0
    kills: int = 0
    broker_losses: int = 0
    # Jobs that met the full disk; none where a small disk could not be mounted.
    disk_full: int | None = None
    ready: int = 0
    lost: int = 0
    doubled: int = 0
    truncated: int = 0
    retried: int = 0
    seconds: float = 0.0


class Struck(NamedTuple):
    """Everything that the proof hits."""

    worker: Group
    beat: Group
    broker: Broker
    disk: Disk


def main(argv: list[str]) -> int:
    """Prove it; print the outcome; 0 when nothing was lost, doubled or cut short."""
    parser = argparse.ArgumentParser(prog="./dev prove certificates")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--postgres", action="store_true", help="PostgreSQL instead of SQLite")
    parser.add_argument("--certificates", type=int, default=300)
    parser.add_argument("--kills", type=int, default=8)
    parser.add_argument("--broker-losses", type=int, default=1)
    parser.add_argument("--worker-clock", metavar="OFFSET", help="+10m, -1d: what the worker and beat take for now")
    parser.add_argument("--seconds", type=float, default=240.0, help="give up after so many")
    options = parser.parse_args(argv)
    outcome = prove(options)
    print(json.dumps(asdict(outcome)) if options.json else _table(outcome))
    whole = outcome.kills == options.kills and outcome.broker_losses == options.broker_losses and outcome.disk_full != 0
    return 0 if whole and not (outcome.lost or outcome.doubled or outcome.truncated) else 1


def prove(options: argparse.Namespace) -> Outcome:
    """Run the whole proof in a folder of its own."""
    for name in ("TEST_REDIS_URL", "TEST_DATABASE_URL"):
        os.environ.pop(name, None)  # servers that others use are not killed here
    with tempfile.TemporaryDirectory(prefix="chengjiu-prove-") as folder, contextlib.ExitStack() as stack:
        place, broker = Path(folder), Broker(Path(folder) / "redis")
        stack.callback(broker.stop)
        env = {**os.environ, "CHENGJIU_ENV": "test", "CHENGJIU_TEST_HOOKS": "1", "CHENGJIU_DATA_DIR": folder,
               "REDIS_URL": broker.start(), "PUBLIC_URL": "https://example.test", "CHENGJIU_DEMO": "0"}  # fmt: skip
        env["DATABASE_URL"] = database_for(stack, place) if options.postgres else f"sqlite:///{place / 'proof.sqlite3'}"
        app = create_app(from_environment(env))
        disk = Disk(app.config["DATA_DIR"] / "media")
        stack.callback(disk.unmount)
        celery, theirs = on_clock(CELERY, env, options.worker_clock) if options.worker_clock else (CELERY, env)
        worker = Group([*celery, "worker", "--concurrency", "2", "--without-mingle", "--without-gossip",
                        "--without-heartbeat", "--loglevel", "WARNING"], theirs, place / "worker.log")  # fmt: skip
        beat = Group([*celery, "beat", "--schedule", str(place / "schedule"), "--pidfile", "", "--loglevel", "WARNING"],
                     theirs, place / "beat.log")  # fmt: skip
        for group in (worker, beat):
            stack.callback(group.kill)
        with app.app_context():
            outcome = _rounds(app, options, Struck(worker, beat, broker, disk))
            db.session.remove()
            db.engine.dispose()
        return outcome


def _rounds(app: Flask, options: argparse.Namespace, struck: Struck) -> Outcome:
    upgrade()
    context.set_request("proof", context.SYSTEM)
    hooks.write(faults={"render_sleep_ms": RENDER_SLEEP_MS})
    outcome = Outcome(database=db.engine.dialect.name, asked=_ask(options.certificates))
    began = time.monotonic()
    struck.beat.start()
    struck.worker.start()
    if struck.disk.mounted:
        outcome.disk_full = _fill_disk(struck.disk, began + options.seconds)
    blows = _blows(options, outcome.asked)
    while time.monotonic() - began < options.seconds:
        ready, rendering = _look()
        if ready == outcome.asked and not blows:
            break
        if blows and (ready >= blows[0][0]) and (rendering or blows[0][1] == "broker"):
            _strike(blows.pop(0)[1], struck, outcome)
        time.sleep(0.1)
    outcome.seconds = round(time.monotonic() - began, 1)
    struck.worker.kill()
    struck.beat.kill()
    _count(app, outcome)
    return outcome


def _fill_disk(disk: Disk, until: float) -> int:
    """Wait until a picture found no room, make room, and return how many had found none."""
    resting = select(func.count()).where(Job.kind == RENDER_JOB, Job.reason == "disk_full")
    met = 0
    while not met and time.monotonic() < until:
        time.sleep(0.2)
        met = db.session.scalar(resting) or 0
        db.session.rollback()
    disk.grow()
    return met


def _strike(whom: str, struck: Struck, outcome: Outcome) -> None:
    if whom == "worker":
        struck.worker.kill()
        struck.worker.start()
        outcome.kills += 1
    else:
        struck.broker.lose()
        outcome.broker_losses += 1


def _ask(wanted: int) -> int:
    """Issue ``wanted`` certificates over several runs, as an approver does."""
    from tests import issued  # the makers of the tests; nothing else of the product makes a passed run in one call

    for begin in range(0, wanted, PER_RUN):
        names = [f"张{chr(0x4E00 + number)}" for number in range(begin, min(begin + PER_RUN, wanted))]
        run, approver = issued.ready_run(*names)
        with unit_of_work():
            confirm(run.id, approver)
    return db.session.scalar(select(func.count()).select_from(CertificateVersion)) or 0


def _blows(options: argparse.Namespace, asked: int) -> list[tuple[int, str]]:
    """When to strike: (pictures ready, whom), spread over the first two thirds of the work."""
    kinds = ["worker"] * options.kills
    for place in range(options.broker_losses):
        kinds.insert(1 + (place + 1) * len(kinds) // (options.broker_losses + 1), "broker")
    return [(round(asked * 0.66 * number / max(len(kinds), 1)), kind) for number, kind in enumerate(kinds)]


def _look() -> tuple[int, int]:
    """(pictures ready, pictures being drawn by a worker that holds its lease)."""
    versions = select(func.count()).where(CertificateVersion.picture_state == "ready")
    now = float(db.session.execute(text(f"select {database_epoch()}")).scalar_one())
    held = select(func.count()).where(Job.kind == RENDER_JOB, Job.state == "running", Job.lease_until > now)
    found = db.session.scalar(versions) or 0, db.session.scalar(held) or 0
    db.session.rollback()
    return found


def _count(app: Flask, outcome: Outcome) -> None:
    versions = db.session.scalars(select(CertificateVersion)).all()
    jobs = db.session.scalars(select(Job).where(Job.kind == RENDER_JOB)).all()
    media = app.config["DATA_DIR"] / "media"
    stored = [path for path in media.rglob("*") if path.is_file() and not path.name.endswith(".part")]
    outcome.ready = sum(one.picture_state == "ready" for one in versions)
    outcome.lost = (outcome.asked - outcome.ready) + sum(job.state != "done" for job in jobs)
    outcome.retried = sum(job.attempts > 1 for job in jobs)
    outcome.doubled = _doubled(len(stored))
    for one in versions:
        path = media / (one.file or "")[:2] / (one.file or "-")
        outcome.truncated += one.file is not None and not _is_whole(path, one.sha256 or "")


def _doubled(stored: int) -> int:
    numbers = db.session.scalars(select(Certificate.number)).all()
    told = select(func.count()).where(Message.kind == "certificate.issued")
    files = db.session.scalar(select(func.count(func.distinct(CertificateVersion.file)))) or 0
    repeated = len(numbers) - len(set(numbers)) + (db.session.scalar(told) or 0) - len(numbers)
    return repeated + max(stored - files, 0)


def _is_whole(path: Path, sha256: str) -> bool:
    data = path.read_bytes() if path.exists() else b""
    if hashlib.sha256(data).hexdigest() != sha256 or not data.endswith(b"\xff\xd9"):
        return False
    with Image.open(path) as picture:
        picture.draft("L", (877, 620))  # an eighth of the pixels, from every byte
        picture.load()
    return True


def _table(outcome: Outcome) -> str:
    return "\n".join(f"{name:14} {value}" for name, value in asdict(outcome).items())


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
