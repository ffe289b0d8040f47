"""`./dev bench checkin`: what a check-in costs over HTTP, and how long a phone takes from a code to its answer.

Each round measures side by side, in turn, with 16 and with 64 clients: the product, and both floors that say the same
statements. Every storm gets a run of its own, in which everybody is scanned once, and the database is asked afterwards
who is there. Then a browser scans, with the server and without a network.
"""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from chengjiu_mp.config import from_environment
from chengjiu_mp.core.privacy import Vault
from devtools.bench_checkin_browser import scanned
from devtools.bench_checkin_figures import Measured, Round, Scanned, Trio, as_json, measured, table
from devtools.bench_checkin_ground import Halls, token_file
from devtools.bench_checkin_phones import requests
from devtools.bench_load import storm
from devtools.bench_sides import DATABASES, PRODUCT, Side, Stage, end_as_asked, measure, parser, staged, turned
from devtools.servers import cpu_seconds
from devtools.services import ServiceUnavailable
from devtools.stack import StackFailed

FLOOR = "devtools.bench_checkin_floor"
SIDES = (("product", PRODUCT), ("floor", FLOOR), ("driver", FLOOR))
CLIENTS = (16, 64)


class Sizes(NamedTuple):
    """How much is measured."""

    rounds: int
    people: int = 300
    warm_up: int = 130
    scans: int = 20


QUICK = Sizes(rounds=1, people=80, warm_up=10, scans=2)


def main(argv: list[str]) -> int:
    """Measure; print the tables; 0 when everybody who was scanned is checked in and was told so."""
    options = parser("./dev bench checkin")
    options.add_argument("--no-browser", action="store_true", help="the server alone")
    given = options.parse_args(argv)
    end_as_asked()
    sizes = QUICK if given.quick else Sizes(given.rounds)
    names = [given.only] if given.only else list(DATABASES)
    pages: dict[str, dict[str, Scanned]] = {}
    try:
        bench = partial(_bench, sizes=sizes, pages=None if given.no_browser else pages)
        rounds = measure(names, sizes.rounds, given.minutes, bench)
    except (StackFailed, ServiceUnavailable) as exc:
        print(f"bench: {exc}", file=sys.stderr)
        return 1
    found = {name: as_json(of, pages.get(name, {})) for name, of in rounds.items()}
    print("\n".join(table(DATABASES[name], one) for name, one in found.items()), flush=True)
    wrong = any(one["errors"] or one["floor_faults"] for one in found.values())
    if given.json:
        print(json.dumps({**found.pop("postgresql", {}), **found}))
    return 1 if wrong else 0


@contextmanager
def _bench(name: str, place: Path, sizes: Sizes, pages: dict[str, Any] | None) -> Iterator["Bench"]:
    """Prepare everything for one database; at the end let a browser scan, unless ``pages`` is None."""
    with staged(name, place, SIDES, "devtools.bench_checkin_ground", "devtools.bench_checkin_tape") as stage:
        bench = Bench(stage, sizes)
        bench.warm_up()
        yield bench
        if pages is not None:
            pages[name] = scanned(bench.product, bench.halls(bench.product), place, sizes.scans)


class Bench:
    """The servers of one database, and the storms on them."""

    def __init__(self, stage: Stage, sizes: Sizes) -> None:
        self._sides, self._database, self._sizes = stage.sides, stage.database, sizes
        settings = from_environment(self.product.env)
        self._token = token_file(settings.data_dir).read_text()
        self._halls = {side.name: Halls(side.ground, Vault(settings.keys)) for side in stage.sides}

    @property
    def product(self) -> Side:
        """Return the product's side."""
        return self._sides[0]

    def halls(self, side: Side) -> Halls:
        """Return what makes runs on a side's database."""
        return self._halls[side.name]

    def warm_up(self) -> None:
        """Let every server do what it does slower the first times."""
        for side in self._sides:
            self._storm(side, self._sizes.warm_up, max(CLIENTS))

    def round(self, number: int) -> Round:
        """Measure everything once; who goes first depends on the round's number."""
        order = turned(self._sides, number)
        found = {}
        for clients in CLIENTS:
            of = {side.name: self._storm(side, self._sizes.people, clients) for side in order}
            found[clients] = Trio(product=of["product"], floor=of["floor"], driver=of["driver"])
        return found

    def _storm(self, side: Side, people: int, clients: int) -> Measured:
        assert side.server is not None  # noqa: S101
        halls = self.halls(side)
        hall = halls.hall(people)
        waiting = requests(hall, self._token)
        processes = [side.server.pid, *self._database]
        before = cpu_seconds(processes)
        found = storm(side.server.port, waiting, clients)
        spent = cpu_seconds(processes) - before
        return measured(found, spent, people, halls.here(hall.run_id))
