"""`./dev bench signup`: what a sign-up costs over HTTP, beside bare endpoints that say the same statements.

Each round measures side by side, in turn: the product and both floors with 500 people on 40 seats, the product on a
full database; then product and floor with 200 people at once, and with 200 at once as the first that a server sees.
Every storm gets a run of its own, and the database is asked afterwards who sits there.
"""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from devtools import bench_signup_full as full
from devtools import bench_signup_ground as ground
from devtools.bench_load import storm
from devtools.bench_sides import DATABASES, PRODUCT, Side, Stage, end_as_asked, measure, parser, staged, turned
from devtools.bench_signup_figures import Figures, Measured, Round, Seating, measured, table
from devtools.bench_signup_people import Crowd
from devtools.servers import cpu_seconds, serving
from devtools.services import ServiceUnavailable
from devtools.stack import StackFailed

SEATS, CLIENTS = 40, 64
FLOOR = "devtools.bench_signup_floor"
SIDES = (("product", PRODUCT), ("floor", FLOOR), ("driver", FLOOR), ("full", PRODUCT))


class Sizes(NamedTuple):
    """How much is measured."""

    rounds: int
    people: int = 500
    at_once: int = 200
    warm_up: int = 130
    full_signups: int = full.SIGNUPS
    full_runs: int = full.RUNS


QUICK = Sizes(rounds=1, people=60, at_once=50, warm_up=10, full_signups=2000, full_runs=100)


def main(argv: list[str]) -> int:
    """Measure; print the tables; 0 when no seat was sold twice or left empty and nobody was refused."""
    given = parser("./dev bench signup").parse_args(argv)
    end_as_asked()
    sizes = QUICK if given.quick else Sizes(given.rounds)
    names = [given.only] if given.only else list(DATABASES)
    try:
        rounds = measure(names, sizes.rounds, given.minutes, partial(_bench, sizes=sizes))
    except (StackFailed, ServiceUnavailable) as exc:
        print(f"bench: {exc}", file=sys.stderr)
        return 1
    measured_on = {name: Figures(of) for name, of in rounds.items()}
    found = {name: figures.as_json() for name, figures in measured_on.items()}
    print("\n".join(table(DATABASES[name], one) for name, one in found.items()), flush=True)
    if given.json:
        print(json.dumps({**found.pop("postgresql", {}), **found}))
    return 1 if any(_wrong(figures.as_json()) for figures in measured_on.values()) else 0


def _wrong(found: dict[str, Any]) -> bool:
    return any(found[name] for name in ("oversold", "undersold", "errors", "floor_faults"))


@contextmanager
def _bench(name: str, place: Path, sizes: Sizes) -> Iterator["Bench"]:
    """Prepare everything for one database, the full one too."""
    with staged(name, place, SIDES, "devtools.bench_signup_ground", "devtools.bench_signup_tape") as stage:
        bench = Bench(stage, sizes)
        bench.warm_up()
        yield bench


class Bench:
    """The servers of one database, and the storms on them."""

    def __init__(self, stage: Stage, sizes: Sizes) -> None:
        self._sides, self._database, self._place = stage
        self._sizes = sizes
        self._crowd = Crowd(ground.agreed(self._sides[0].ground))

    def warm_up(self) -> None:
        """Let every server do what it does slower the first times, and fill the database that is to be full."""
        full_side = next(side for side in self._sides if side.name == "full")
        self._storm(full_side, 1, 1)
        full.fill(full_side.ground, self._sizes.full_signups, self._sizes.full_runs)
        for side in self._sides:
            self._storm(side, self._sizes.warm_up, CLIENTS)

    def round(self, number: int) -> Round:
        """Measure everything once; who goes first depends on the round's number."""
        order = turned(self._sides, number)
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
