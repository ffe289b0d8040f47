"""`./dev bench import`: what people at the pages notice of a unit's list of 10,000 faulty lines (rel-F22).

Each round is a world of its own: PostgreSQL, a Redis-protocol server, the web server as `./dev run` starts it, a
Celery worker and beat. Pages are asked at a steady rate, first while nothing else is done and then during the dry run
and the enrolment; a round's ratio is that of its own two p99, the figure the median over the rounds.
"""

import argparse
import asyncio
import contextlib
import itertools
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from pathlib import Path

from chengjiu_mp.core import clock
from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.courses.queries import run_token
from chengjiu_mp.lists import uploading
from chengjiu_mp.lists.models import UnitList, UnitListUpload
from devtools.bench_load import Line, Reply, percentile
from devtools.bench_sides import end_as_asked, parser
from devtools.bench_signup_ground import agreed
from devtools.bench_signup_people import Crowd
from devtools.prove_import import World, warm
from devtools.servers import serving

# Questions a second: a busy evening of the whole city. One in so many is a sign-up to another run.
RATE, SIGNUP_EVERY = 20.0, 10
QUIET_SECONDS = 30.0
LIMITLESS = {"CHENGJIU_SIGNUPS_PER_NETWORK": "1000000000", "CHENGJIU_SIGNUPS_PER_DEVICE": "1000000000"}
Asked = list[tuple[bytes, Reply]]


@dataclass
class Round:
    """Milliseconds of the pages and of the sign-ups beside them, while it is quiet and while the list is worked on."""

    quiet_p50: float
    quiet_p99: float
    busy_p50: float
    busy_p99: float
    quiet_signup_p95: float
    busy_signup_p95: float
    import_s: float
    errors: int

    @property
    def ratio(self) -> float:
        return self.busy_p99 / self.quiet_p99


@dataclass
class Figures:
    """Medians over the rounds."""

    rows: int
    rounds: int = 0
    quiet_p50_ms: float = 0.0
    quiet_p99_ms: float = 0.0
    busy_p50_ms: float = 0.0
    busy_p99_ms: float = 0.0
    quiet_signup_p95_ms: float = 0.0
    busy_signup_p95_ms: float = 0.0
    ratio: float = 0.0
    ratios: list[float] = field(default_factory=list)
    import_s: float = 0.0
    errors: int = 0


def main(argv: list[str]) -> int:
    """Measure, and print the figures; 0 when every page answered."""
    options = _options(argv)
    end_as_asked()
    for name in ("TEST_REDIS_URL", "TEST_DATABASE_URL"):
        os.environ.pop(name, None)
    from tests import rosters  # the makers of the tests

    content = rosters.faulty_sheet(options.rows)
    until, rounds = time.monotonic() + options.minutes * 60, list[Round]()
    while len(rounds) < options.rounds and time.monotonic() < until:
        rounds.append(_round(content, 2.0 if options.quick else QUIET_SECONDS))
        print(f"round {len(rounds)} of {options.rounds}: {rounds[-1]}", file=sys.stderr, flush=True)
    figures = _figures(options.rows, rounds)
    print(json.dumps(asdict(figures)) if options.json else _table(figures))
    return 1 if figures.errors else 0


def _options(argv: list[str]) -> argparse.Namespace:
    made = parser("./dev bench import", databases=False)
    made.add_argument("--minutes", type=float, default=15.0, help="begin no further round after so many")
    made.add_argument("--rows", type=int, default=10_000)
    options = made.parse_args(argv)
    if options.quick:
        options.rounds, options.rows = 1, min(options.rows, 100)
    return options


def _round(content: bytes, quiet_seconds: float) -> Round:
    with tempfile.TemporaryDirectory(prefix="dev-bench-") as folder, contextlib.ExitStack() as stack:
        # At noon: at night the messages that an enrolment leads to would wait, and be no load.
        world = World(stack, Path(folder) / "world", postgres=True, now=clock.at_local(clock.today(), 12))
        stack.enter_context(world.app.app_context())
        list_id = world.settle()
        stack.callback(db.engine.dispose)
        server = stack.enter_context(serving("web", "wsgi", {**world.env, **LIMITLESS}, Path(folder)))
        warm(world)
        questions = _questions()
        _for(server.port, questions, 2.0)  # the first answers are slower
        quiet = _for(server.port, questions, quiet_seconds)
        began = time.monotonic()
        steps = _steps(list_id, content)
        busy = asyncio.run(_ask(server.port, questions, lambda: next(steps, False)))
        return _found(quiet, busy, time.monotonic() - began)


def _questions() -> Iterator[bytes]:
    """Yield the home page and a run's page in turn, and each so many a sign-up to that run, without an end."""
    from tests import factories  # the makers of the tests

    with factories.made():
        run = factories.run(capacity=1_000_000, starts_in=timedelta(days=20))
        run_id, token = run.id, run_token(run)
    crowd = Crowd(agreed(db.engine))
    db.session.remove()
    pages = itertools.cycle([_get("/"), _get(f"/s/{token}")])
    for number in itertools.count(1):
        yield next(pages) if number % SIGNUP_EVERY else crowd.requests(run_id, 1)[0]


def _for(port: int, questions: Iterator[bytes], last: float) -> Asked:
    until = time.monotonic() + last
    return asyncio.run(_ask(port, questions, lambda: time.monotonic() < until))


def _found(quiet: Asked, busy: Asked, took: float) -> Round:
    def ms(asked: Asked, verb: bytes, share: float) -> float:
        return percentile([reply.seconds * 1000 for said, reply in asked if said.startswith(verb)], share)

    pages = [ms(asked, b"GET", share) for asked in (quiet, busy) for share in (50, 99)]
    signups = [ms(asked, b"POST", 95) for asked in (quiet, busy)]
    errors = sum(reply.status not in (200, 201) for _, reply in (*quiet, *busy))
    return Round(pages[0], pages[1], pages[2], pages[3], signups[0], signups[1], took, errors)


def _steps(list_id: int, content: bytes) -> Iterator[bool]:
    """Upload, wait for the dry run, agree, wait for the enrolment; True as long as it goes on."""
    with unit_of_work():
        upload_id = uploading.receive(db.session.get_one(UnitList, list_id), content).id
    while _state(upload_id) == "queued":
        yield True
    with unit_of_work():
        upload = db.session.get_one(UnitListUpload, upload_id)
        uploading.confirm(db.session.get_one(UnitList, list_id), upload, agreed=True)
    _looked.clear()
    while _state(upload_id) == "enrolling":
        yield True


_looked: dict[int, tuple[float, str]] = {}


def _state(upload_id: int) -> str:
    """Return the upload's state as of the last half second: who looks on must not be the load."""
    at, state = _looked.get(upload_id, (0.0, "queued"))
    if time.monotonic() - at > 0.5:
        db.session.rollback()
        state = db.session.get_one(UnitListUpload, upload_id, populate_existing=True).state
        db.session.rollback()
        _looked[upload_id] = (time.monotonic(), state)
    return state


async def _ask(port: int, questions: Iterator[bytes], going: Callable[[], bool]) -> Asked:
    """Ask one question after the other at the rate, whether or not the last one was answered, while it is ``going``."""
    loop = asyncio.get_running_loop()
    free: list[Line] = []
    asked: Asked = []
    under_way: set[asyncio.Task[None]] = set()

    async def one(request: bytes) -> None:
        while free and free[-1].lost:
            free.pop()
        line = free.pop() if free else (await loop.create_connection(Line, "127.0.0.1", port))[1]
        asked.append((request, await line.ask(request)))
        free.append(line)

    number, began = 0, time.perf_counter()
    while going():
        task = asyncio.create_task(one(next(questions)))
        under_way.add(task)
        task.add_done_callback(under_way.discard)
        number += 1
        await asyncio.sleep(max(0.0, began + number / RATE - time.perf_counter()))
    await asyncio.gather(*under_way)
    for line in free:
        line.hang_up()
    return asked


def _get(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode()


def _figures(rows: int, rounds: list[Round]) -> Figures:
    def middle(name: str) -> float:
        return round(float(statistics.median(getattr(one, name) for one in rounds)), 2)

    made = Figures(rows, len(rounds), ratios=[round(one.ratio, 2) for one in rounds])
    for name in ("quiet_p50", "quiet_p99", "busy_p50", "busy_p99", "quiet_signup_p95", "busy_signup_p95"):
        setattr(made, f"{name}_ms", middle(name))
    made.ratio, made.import_s = middle("ratio"), middle("import_s")
    made.errors = sum(one.errors for one in rounds)
    return made


def _table(figures: Figures) -> str:
    return "\n".join(f"{name:14} {value}" for name, value in asdict(figures).items())


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
