"""`./dev bench signup`: what a sign-up costs over HTTP, beside bare endpoints that say the same statements.

Each round measures side by side, in turn: the product and both floors with 500 people on 40 seats, the product on a
full database; then product and floor with 200 people at once, and with 200 at once as the first that a server sees.
Every storm gets a run of its own, and the database is asked afterwards who sits there.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import Engine

from devtools import bench_signup_full as full
from devtools import bench_signup_ground as ground
from devtools.bench_signup_figures import Figures, Measured, Round, Seating, measured, table
from devtools.bench_signup_load import storm
from devtools.bench_signup_people import Crowd
from devtools.bench_signup_servers import Server, cpu_seconds, postmaster, serving
from devtools.paths import ROOT
from devtools.services import ServiceUnavailable, dying_with_parent, postgres_server
from devtools.stack import StackFailed

SEATS, CLIENTS = 40, 64
DATABASES = {"postgresql": "PostgreSQL", "sqlite": "SQLite"}
PRODUCT, FLOOR = "wsgi", "devtools.bench_signup_floor"


class Sizes(NamedTuple):
    """How much is measured."""

    rounds: int
    people: int = 500
    at_once: int = 200
    warm_up: int = 130
    full_signups: int = full.SIGNUPS
    full_runs: int = full.RUNS


QUICK = Sizes(rounds=1, people=60, at_once=50, warm_up=10, full_signups=2000, full_runs=100)


class Side(NamedTuple):
    """A server under measurement on a database of its own."""

    name: str
    module: str
    env: dict[str, str]
    ground: Engine
    server: Server | None = None


def main(argv: list[str]) -> int:
    """Measure; print the tables; 0 when no seat was sold twice or left empty and nobody was refused."""
    parser = argparse.ArgumentParser(prog="./dev bench signup", allow_abbrev=False)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--minutes", type=float, default=10.0, help="begin no further round after so many")
    parser.add_argument("--quick", action="store_true", help="one small round: whether it runs, not how fast")
    parser.add_argument("--only", choices=DATABASES, help="one database alone")
    given = parser.parse_args(argv)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that servers and folders go, as with Ctrl-C
    try:
        measured_on = _measure(
            [given.only] if given.only else list(DATABASES),
            QUICK if given.quick else Sizes(given.rounds),
            time.monotonic() + given.minutes * 60,
        )
    except (StackFailed, ServiceUnavailable) as exc:
        print(f"bench: {exc}", file=sys.stderr)
        return 1
    found = {name: figures.as_json() for name, figures in measured_on.items()}
    print("\n".join(table(DATABASES[name], one) for name, one in found.items()), flush=True)
    if given.json:
        print(json.dumps({**found.pop("postgresql", {}), **found}))
    return 1 if any(_wrong(figures.as_json()) for figures in measured_on.values()) else 0


def _measure(names: list[str], sizes: Sizes, deadline: float) -> dict[str, Figures]:
    """Measure in rounds over all the databases, until there are enough or it is too late for another one."""
    figures = {name: Figures() for name in names}
    with ExitStack() as stack:
        places = {name: Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="dev-bench-"))) for name in names}
        benches = {name: stack.enter_context(_bench(name, place, sizes)) for name, place in places.items()}
        for number in range(sizes.rounds):
            if number and time.monotonic() > deadline:
                print(f"out of time after {number} of {sizes.rounds} rounds", file=sys.stderr, flush=True)
                break
            for name, bench in benches.items():
                figures[name].rounds.append(bench.round(number))
            print(f"round {number + 1} of {sizes.rounds}", file=sys.stderr, flush=True)
    return figures


def _wrong(found: dict[str, Any]) -> bool:
    return any(found[name] for name in ("oversold", "undersold", "errors", "floor_faults"))


@contextmanager
def _bench(name: str, place: Path, sizes: Sizes) -> Iterator["Bench"]:
    """Prepare everything for one database: copies, the plan, the full one; end it all at the end."""
    with ExitStack() as stack:
        if name == "postgresql":
            base = ground.new_database(stack.enter_context(postgres_server(place / "pg")), "base")
        else:
            base = f"sqlite:///{place / 'base.sqlite3'}"
        env = _environment(place)
        _child("devtools.bench_signup_ground", env, base)
        plan = place / "plan.json"
        _child("devtools.bench_signup_tape", env, ground.copied(base, "tape"), str(plan))
        env["FLOOR_PLAN"] = str(plan)
        sides = [
            Side(side, module, {**env, "DATABASE_URL": url, "FLOOR": side}, ground.connect(url))
            for side, module in (("product", PRODUCT), ("floor", FLOOR), ("driver", FLOOR), ("full", PRODUCT))
            for url in [ground.copied(base, side)]
        ]
        for side in sides:
            stack.callback(side.ground.dispose)
        database = [postmaster(sides[0].env["DATABASE_URL"])] if name == "postgresql" else []
        bench = Bench(sides, sizes, database, place)
        for number, side in enumerate(sides):
            server = stack.enter_context(serving(side.name, side.module, side.env, place))
            sides[number] = side._replace(server=server)
        bench.warm_up()
        yield bench


def _environment(place: Path) -> dict[str, str]:
    """Return the application's settings: its own keys, no broker, and limits that a measurement does not meet."""
    (place / "data").mkdir()
    own = {"DATABASE_URL", "REDIS_URL", "PUBLIC_URL"}
    env = {k: v for k, v in os.environ.items() if k not in own and not k.startswith("CHENGJIU_")}
    return {
        **env, "CHENGJIU_ENV": "development", "CHENGJIU_DATA_DIR": str(place / "data"), "CHENGJIU_DEMO": "0",
        "CHENGJIU_SIGNUPS_PER_NETWORK": "1000000000", "CHENGJIU_SIGNUPS_PER_DEVICE": "1000000000",
        "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1",
    }  # fmt: skip


def _child(module: str, env: dict[str, str], url: str, *words: str) -> None:
    argv = dying_with_parent([sys.executable, "-m", module, *words])
    done = subprocess.run(argv, cwd=ROOT, env={**env, "DATABASE_URL": url}, capture_output=True, text=True, check=False)
    if done.returncode:
        raise StackFailed(f"{module} ended with exit code {done.returncode}:\n{done.stderr[-2000:]}")


class Bench:
    """The servers of one database, and the storms on them."""

    def __init__(self, sides: list[Side], sizes: Sizes, database: list[int], place: Path) -> None:
        self._sides, self._sizes, self._database, self._place = sides, sizes, database, place
        self._crowd = Crowd(ground.agreed(sides[0].ground))

    def warm_up(self) -> None:
        """Let every server do what it does slower the first times, and fill the database that is to be full."""
        full_side = next(side for side in self._sides if side.name == "full")
        self._storm(full_side, 1, 1)
        full.fill(full_side.ground, self._sizes.full_signups, self._sizes.full_runs)
        for side in self._sides:
            self._storm(side, self._sizes.warm_up, CLIENTS)

    def round(self, number: int) -> Round:
        """Measure everything once; who goes first depends on the round's number."""
        turned = number % len(self._sides)
        order = self._sides[turned:] + self._sides[:turned]
        pair = [side for side in order if side.name in ("product", "floor")]
        first = {side.name: self._first_burst(side) for side in pair}
        burst = {side.name: self._storm(side, self._sizes.at_once, self._sizes.at_once) for side in pair}
        steady = {side.name: self._storm(side, self._sizes.people, CLIENTS) for side in order}
        return Round(
            product=steady["product"], floor=steady["floor"], driver=steady["driver"], full=steady["full"],
            burst=burst["product"], floor_burst=burst["floor"],
            first_burst=first["product"], floor_first_burst=first["floor"],
        )  # fmt: skip

    def _first_burst(self, side: Side) -> Measured:
        with serving(f"{side.name}-fresh", side.module, side.env, self._place) as server:
            return self._storm(side._replace(server=server), self._sizes.at_once, self._sizes.at_once)

    def _storm(self, side: Side, people: int, clients: int) -> Measured:
        assert side.server is not None  # noqa: S101
        run_id = ground.new_run(side.ground, SEATS)
        requests = self._crowd.requests(run_id, people)
        processes = [side.server.pid, *self._database]
        before = cpu_seconds(processes)
        found = storm(side.server.port, requests, clients)
        spent = cpu_seconds(processes) - before
        seats = ground.seats_of(side.ground, run_id)
        return measured(found, spent, Seating(people, SEATS, *seats))
