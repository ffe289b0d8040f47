"""What every measurement over HTTP needs: servers on copies of one prepared database, in rounds, to the end.

A measurement names its sides: the product and the floors that say the same statements. All of them stay up, so that a
round can ask them in turn.
"""

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple, Protocol, TypeVar

from sqlalchemy import Engine

from devtools import bench_databases as databases
from devtools.paths import ROOT
from devtools.servers import Server, postmaster, serving
from devtools.services import dying_with_parent, postgres_server
from devtools.stack import StackFailed

DATABASES = {"postgresql": "PostgreSQL", "sqlite": "SQLite"}
PRODUCT = "wsgi"


class Side(NamedTuple):
    """A server under measurement on a database of its own."""

    name: str
    module: str
    env: dict[str, str]
    ground: Engine
    server: Server | None = None


class Stage(NamedTuple):
    """All sides of one database, up and running; ``database`` are the processes of its server."""

    sides: list[Side]
    database: list[int]
    place: Path


R_co = TypeVar("R_co", covariant=True)


class Rounds(Protocol[R_co]):
    """What measures everything once; who goes first depends on the round's number."""

    def round(self, number: int) -> R_co:
        """Return what was measured."""


def parser(prog: str, *, databases: bool = True) -> argparse.ArgumentParser:
    """Return a parser of the options that all these measurements share, with those of ``databases`` or without."""
    made = argparse.ArgumentParser(prog=prog, allow_abbrev=False)
    made.add_argument("--json", action="store_true")
    made.add_argument("--rounds", type=int, default=7)
    made.add_argument("--quick", action="store_true", help="one small round: whether it runs, not how fast")
    if databases:
        made.add_argument("--minutes", type=float, default=10.0, help="begin no further round after so many")
        made.add_argument("--only", choices=DATABASES, help="one database alone")
    return made


def end_as_asked() -> None:
    """Let SIGTERM end the process as Ctrl-C does, so that servers and folders go."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))


def measure(
    names: Sequence[str], rounds: int, minutes: float,
    bench: Callable[[str, Path], AbstractContextManager[Rounds[R_co]]],
) -> dict[str, list[R_co]]:  # fmt: skip
    """Measure in rounds over all the databases, until there are enough or it is too late for another one."""
    deadline = time.monotonic() + minutes * 60
    found: dict[str, list[R_co]] = {name: [] for name in names}
    with ExitStack() as stack:
        places = {name: Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="dev-bench-"))) for name in names}
        benches = {name: stack.enter_context(bench(name, place)) for name, place in places.items()}
        for number in range(rounds):
            if number and time.monotonic() > deadline:
                print(f"out of time after {number} of {rounds} rounds", file=sys.stderr, flush=True)
                break
            for name, one in benches.items():
                found[name].append(one.round(number))
            print(f"round {number + 1} of {rounds}", file=sys.stderr, flush=True)
    return found


@contextmanager
def staged(name: str, place: Path, sides: Sequence[tuple[str, str]], prepare: str, record: str) -> Iterator[Stage]:
    """Prepare a database by the product, record on one copy, and serve every side on another; end it all at the end.

    :param sides: (name, module) of each server; :param prepare: module of the child that prepares
    :param record: module of the child that writes the plan into the file it is given
    """
    with ExitStack() as stack:
        base = _new_base(name, place, stack)
        env = environment(place)
        child(env, base, prepare)
        plan = place / "plan.json"
        child(env, databases.copied(base, "tape"), record, str(plan))
        env["FLOOR_PLAN"] = str(plan)
        made = [
            Side(side, module, {**env, "DATABASE_URL": url, "FLOOR": side}, databases.connect(url))
            for side, module in sides
            for url in [databases.copied(base, side)]
        ]
        for side in made:
            stack.callback(side.ground.dispose)
        database = [postmaster(made[0].env["DATABASE_URL"])] if name == "postgresql" else []
        for number, side in enumerate(made):
            server = stack.enter_context(serving(side.name, side.module, side.env, place))
            made[number] = side._replace(server=server)
        yield Stage(made, database, place)


def _new_base(name: str, place: Path, stack: ExitStack) -> str:
    if name == "postgresql":
        return databases.new_database(stack.enter_context(postgres_server(place / "pg")), "base")
    return f"sqlite:///{place / 'base.sqlite3'}"


def turned(sides: Sequence[Side], number: int) -> list[Side]:
    """Return the sides with another one first in each round."""
    first = number % len(sides)
    return [*sides[first:], *sides[:first]]


def environment(place: Path) -> dict[str, str]:
    """Return the application's settings: its own keys, no broker, and limits that a measurement does not meet."""
    (place / "data").mkdir()
    own = {"DATABASE_URL", "REDIS_URL", "PUBLIC_URL"}
    env = {k: v for k, v in os.environ.items() if k not in own and not k.startswith("CHENGJIU_")}
    return {
        **env, "CHENGJIU_ENV": "development", "CHENGJIU_DATA_DIR": str(place / "data"), "CHENGJIU_DEMO": "0",
        "CHENGJIU_SIGNUPS_PER_NETWORK": "1000000000", "CHENGJIU_SIGNUPS_PER_DEVICE": "1000000000",
        "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1",
    }  # fmt: skip


def child(env: dict[str, str], url: str, module: str, *words: str) -> None:
    """Run a module on a database to its end.

    :raise StackFailed: when it does not end well
    """
    argv = dying_with_parent([sys.executable, "-m", module, *words])
    done = subprocess.run(argv, cwd=ROOT, env={**env, "DATABASE_URL": url}, capture_output=True, text=True, check=False)
    if done.returncode:
        raise StackFailed(f"{module} ended with exit code {done.returncode}:\n{done.stderr[-2000:]}")
