"""`./dev prove import`: a long, faulty sheet, enrolled by a worker that is left alone and by one that is killed.

Real database, real Redis-protocol server, real Celery worker and beat as process groups. The same sheet is enrolled
twice in two worlds: in one the worker is killed again and again. Compared at the end, line by line: what became of it,
the state of its sign-up, its position in the line. Then it is uploaded once more, which must create nobody.
"""

import argparse
import contextlib
import json
import os
import sys
import tempfile
import time
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from flask import Flask
from flask_migrate import upgrade
from sqlalchemy import func, select

from chengjiu_mp import create_app
from chengjiu_mp.config import from_environment
from chengjiu_mp.core import clock, context, hooks
from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.courses.models import Signup
from chengjiu_mp.lists import uploading
from chengjiu_mp.lists.models import UnitList, UnitListLine, UnitListRow, UnitListUpload
from devtools.prove_struck import CELERY, Broker, Group, database_for

CAPACITY = 40
WORKER = [*CELERY, "worker", "--concurrency", "2", "--without-mingle", "--without-gossip", "--without-heartbeat",
          "--loglevel", "WARNING"]  # fmt: skip


@dataclass
class Outcome:
    """What was uploaded, what was done to the worker, and what came of the lines."""

    database: str
    rows: int = 0
    kills: int = 0
    accepted: int = 0
    rejected: int = 0
    unexplained: int = 0
    different: int = 0
    created_again: int = 0
    read_seconds: float = 0.0
    enrol_seconds: float = 0.0
    # What the worker's processes worked for it, the messages that it led to among it.
    read_cpu: float = 0.0
    enrol_cpu: float = 0.0
    rss_mb: int = 0
    seconds: float = 0.0
    broken: list[str] = field(default_factory=list)


class World:
    """A database of its own, a broker, a worker and a beat; and the application that looks on."""

    def __init__(
        self, stack: contextlib.ExitStack, place: Path, *, postgres: bool, now: datetime | None = None
    ) -> None:
        """
        :param now: where business time stands in all processes; else it goes on
        """
        place.mkdir()
        broker = Broker(place / "redis")
        stack.callback(broker.stop)
        self.env = {**os.environ, "CHENGJIU_ENV": "test", "CHENGJIU_DATA_DIR": str(place), "CHENGJIU_DEMO": "0",
                    "REDIS_URL": broker.start(), "PUBLIC_URL": "https://example.test"}  # fmt: skip
        if now:
            self.env["CHENGJIU_TEST_HOOKS"] = "1"
        self.env["DATABASE_URL"] = database_for(stack, place) if postgres else f"sqlite:///{place / 'proof.sqlite3'}"
        self.worker = Group(WORKER, self.env, place / "worker.log")
        self.beat = Group(
            [*CELERY, "beat", "--schedule", str(place / "schedule"), "--pidfile", "", "--loglevel", "WARNING"],
            self.env, place / "beat.log",
        )  # fmt: skip
        for group in (self.worker, self.beat):
            stack.callback(group.kill)
        self.app: Flask = create_app(from_environment(self.env))
        if now:
            hooks.write(now=now.isoformat())
            stack.callback(hooks.switch_off)

    def settle(self) -> int:
        """Make the tables and one list over one run; start the processes; return the list's id."""
        from tests import rosters  # the makers of the tests

        upgrade()
        context.set_request("proof", context.SYSTEM)
        list_id = rosters.proof_list(CAPACITY)
        self.beat.start()
        self.worker.start()
        return list_id


def main(argv: list[str]) -> int:
    """Prove it; print the outcome; 0 when every line is accounted for and the kills changed nothing."""
    parser = argparse.ArgumentParser(prog="./dev prove import")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--postgres", action="store_true", help="PostgreSQL instead of SQLite")
    parser.add_argument("--rows", type=int, default=1000)
    parser.add_argument("--kills", type=int, default=10, help="0: only the undisturbed world, and its figures")
    parser.add_argument("--seconds", type=float, default=240.0, help="give up on a world after so many")
    options = parser.parse_args(argv)
    outcome = prove(options)
    print(json.dumps(asdict(outcome)) if options.json else _table(outcome))
    whole = outcome.accepted + outcome.rejected == outcome.rows and outcome.kills == options.kills
    wrong = outcome.unexplained or outcome.different or outcome.created_again or outcome.broken
    return 0 if whole and not wrong else 1


def prove(options: argparse.Namespace) -> Outcome:
    """Run the worlds one after the other in a folder of their own."""
    for name in ("TEST_REDIS_URL", "TEST_DATABASE_URL"):
        os.environ.pop(name, None)  # servers that others use are not killed here
    from tests import rosters  # the makers of the tests

    # Both worlds must see one day: an age or a window may not decide between them. At noon no message is held back.
    noon = clock.at_local(clock.today(), 12)
    content, began = rosters.faulty_sheet(options.rows), time.monotonic()
    outcome = Outcome(database="postgresql" if options.postgres else "sqlite", rows=options.rows)
    with tempfile.TemporaryDirectory(prefix="chengjiu-prove-") as folder:
        undisturbed = _enrolled(Path(folder) / "calm", content, options, outcome, noon, kills=0)
        if options.kills:
            disturbed = _enrolled(Path(folder) / "killed", content, options, outcome, noon, kills=options.kills)
            outcome.different = sum(a != b for a, b in zip(undisturbed, disturbed, strict=False))
            outcome.different += abs(len(undisturbed) - len(disturbed))
    outcome.seconds = round(time.monotonic() - began, 1)
    return outcome


def _enrolled(
    place: Path, content: bytes, options: argparse.Namespace, outcome: Outcome, now: datetime, *, kills: int
) -> list[tuple[Any, ...]]:
    with contextlib.ExitStack() as stack:
        world = World(stack, place, postgres=options.postgres, now=now)
        stack.enter_context(world.app.app_context())
        list_id = world.settle()
        until = time.monotonic() + options.seconds
        warm(world)
        cpu = [world.worker.cpu_seconds()]
        upload_id, read = _upload(world, list_id, content, until, outcome, kills // 2)
        cpu.append(world.worker.cpu_seconds())
        enrol = _confirm(world, list_id, upload_id, until, outcome, kills - kills // 2)
        cpu.append(world.worker.cpu_seconds())
        lines = _lines(upload_id)
        if not kills:
            outcome.read_cpu, outcome.enrol_cpu = round(cpu[1] - cpu[0], 1), round(cpu[2] - cpu[1], 1)
            outcome.read_seconds, outcome.enrol_seconds = read, enrol
            _count(outcome, upload_id)
            before = _signups()
            again, _ = _upload(world, list_id, content, until + options.seconds, outcome, 0)
            _confirm(world, list_id, again, until + options.seconds, outcome, 0)
            outcome.created_again = _signups() - before
        _check_invariants(outcome)
        db.session.remove()
        db.engine.dispose()
    return lines


def warm(world: World) -> None:
    """Wait until the worker answers: its start is not the import's."""
    until = time.monotonic() + 60
    while world.worker.cpu_seconds() < 1 and time.monotonic() < until:
        time.sleep(0.1)
    time.sleep(3)


def _upload(
    world: World, list_id: int, content: bytes, until: float, outcome: Outcome, kills: int
) -> tuple[int, float]:
    began = time.monotonic()
    with unit_of_work():
        upload_id = uploading.receive(db.session.get_one(UnitList, list_id), content).id
    _work(world, upload_id, "queued", until, outcome, kills)
    return upload_id, round(time.monotonic() - began, 1)


def _confirm(world: World, list_id: int, upload_id: int, until: float, outcome: Outcome, kills: int) -> float:
    began = time.monotonic()
    with unit_of_work():
        upload = db.session.get_one(UnitListUpload, upload_id)
        uploading.confirm(db.session.get_one(UnitList, list_id), upload, agreed=True)
    _work(world, upload_id, "enrolling", until, outcome, kills)
    return round(time.monotonic() - began, 1)


def _work(world: World, upload_id: int, state: str, until: float, outcome: Outcome, kills: int) -> None:
    """Look on until the upload leaves ``state``; strike as it gets on, spread over its lines."""
    blows = [(number + 0.5) / kills for number in range(kills)]
    while time.monotonic() < until:
        now, share = _look(upload_id)
        if now != state:
            # A blow that came too late still falls: between two states a worker must not be missed either.
            for _ in blows:
                _strike(world, outcome)
            return
        outcome.rss_mb = max(outcome.rss_mb, world.worker.rss_mb())
        if blows and share >= blows[0]:
            blows.pop(0)
            _strike(world, outcome)
        time.sleep(0.05)


def _strike(world: World, outcome: Outcome) -> None:
    world.worker.kill()
    world.worker.start()
    outcome.kills += 1


def _look(upload_id: int) -> tuple[str, float]:
    db.session.rollback()
    db.session.expire_all()
    upload = db.session.get_one(UnitListUpload, upload_id)
    lines = select(func.count()).where(UnitListLine.upload_id == upload_id)
    if upload.state == "enrolling":
        lines = lines.where(UnitListLine.outcome.is_not(None), UnitListLine.plan != "fault")
    found = upload.state, (db.session.scalar(lines) or 0) / max(upload.total * 0.66, 1)
    db.session.rollback()
    return found


def _lines(upload_id: int) -> list[tuple[Any, ...]]:
    """Return what became of each line, with nothing in it that chance decides."""
    query = (
        select(UnitListLine.number, UnitListLine.outcome, UnitListLine.code, UnitListLine.field, Signup.state,
               Signup.position)
        .join(UnitListRow, UnitListRow.id == UnitListLine.row_id, isouter=True)
        .join(Signup, Signup.id == UnitListRow.signup_id, isouter=True)
        .where(UnitListLine.upload_id == upload_id)
        .order_by(UnitListLine.number)
    )  # fmt: skip
    return [tuple(row) for row in db.session.execute(query)]


def _count(outcome: Outcome, upload_id: int) -> None:
    lines = db.session.scalars(select(UnitListLine).where(UnitListLine.upload_id == upload_id)).all()
    outcome.rejected = sum(line.outcome == "rejected" for line in lines)
    outcome.accepted = sum(line.outcome not in (None, "rejected") for line in lines)
    outcome.unexplained = sum(
        line.outcome == "rejected" and not (line.reason and line.field and line.code) for line in lines
    )


def _signups() -> int:
    return db.session.scalar(select(func.count()).select_from(Signup)) or 0


def _check_invariants(outcome: Outcome) -> None:
    from tests import invariants  # the invariants are the tests'

    outcome.broken += list(invariants.broken())


def _table(outcome: Outcome) -> str:
    return "\n".join(f"{name:14} {value}" for name, value in asdict(outcome).items())


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
