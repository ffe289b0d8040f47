"""Look-up and verification with few and with millions of certificates, both on one PostgreSQL, asked in turn.

Both databases begin as copies of one in which the product issued some certificates. The rest are rows of the same
shape, loaded by COPY: persons, their proved phones, certificates and versions, without pictures. Asked for are the
product's own.
"""

import hashlib
import json
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import psycopg

from devtools import bench_databases as databases
from devtools.bench_sides import child, environment
from devtools.paths import ROOT
from devtools.services import dying_with_parent, postgres_server

SMALL, LARGE = 10_000, 5_000_000
KINDS = ("verify", "number", "lookup")
_FIRST = 1_000_000
Fill = Callable[[int], str]


def _hash(label: str) -> Fill:
    return lambda n: r"\\x" + hashlib.sha256(f"{label}{n}".encode()).hexdigest()


def _hex(label: str) -> Fill:
    return lambda n: hashlib.md5(f"{label}{n}".encode(), usedforsecurity=False).hexdigest()


def _id(n: int) -> str:
    return str(_FIRST + n)


# What a copied row cannot share with its original, as COPY writes it; everything else is the original's.
_OWN: dict[str, dict[str, Fill]] = {
    "person": {"id": _id, "uid": _hex("person"), "doc_index": _hash("document")},
    "contact": {"id": _id, "uid": _hex("contact"), "person_id": _id, "phone_index": _hash("phone")},
    "certificate": {
        "id": _id, "number": lambda n: f"JYA2026{n + _FIRST:08d}", "sequence": _id, "person_id": _id, "signup_id": _id,
    },
    "certificate_version": {
        "id": _id, "uid": _hex("version"), "certificate_id": _id, "token_hash": _hash("token"),
    },
}  # fmt: skip


class Asked(NamedTuple):
    """Medians of one round, in milliseconds from request to reply, by kind of question: few rows, and many."""

    small: dict[str, float]
    large: dict[str, float]


class Growth:
    """A process that asks each database."""

    def __init__(self, askers: Sequence["Asker"]) -> None:
        self._small, self._large = askers

    def round(self, number: int) -> Asked:
        """Ask both, another one first each time."""
        found = {}
        for asker in [self._small, self._large][:: 1 if number % 2 else -1]:
            found[asker] = asker.ask()
        return Asked(found[self._small], found[self._large])


class Asker:
    """The application on one database, in a process of its own."""

    def __init__(self, env: dict[str, str], url: str, plan: Path) -> None:
        argv = dying_with_parent([sys.executable, "-m", "devtools.bench_certificates_asker", str(plan)])
        self.process = subprocess.Popen(
            argv, cwd=ROOT, env={**env, "DATABASE_URL": url}, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip

    def ask(self) -> dict[str, float]:
        """Let it ask its share; return the medians."""
        assert self.process.stdin is not None  # noqa: S101
        assert self.process.stdout is not None  # noqa: S101
        self.process.stdin.write("go\n")
        self.process.stdin.flush()
        found: dict[str, float] = json.loads(self.process.stdout.readline())
        return found

    def end(self) -> None:
        """Close its input, which ends it."""
        self.process.communicate()


@contextmanager
def growing(place: Path, small: int, large: int) -> Iterator[Growth]:
    """Prepare both databases and the processes that ask them."""
    with ExitStack() as stack:
        server = stack.enter_context(postgres_server(place / "pg"))
        base = databases.new_database(server, "base")
        env, plan = environment(place), place / "plan.json"
        child(env, base, "devtools.bench_certificates_ground", str(plan))
        askers = []
        for name, rows in (("small", small), ("large", large)):
            url = databases.copied(base, name)
            load(url, rows)
            askers.append(Asker(env, url, plan))
            stack.callback(askers[-1].end)
        yield Growth(askers)


def load(url: str, rows: int) -> None:
    """Bring every table to ``rows`` more; indexes are made afterwards, as for any load of this size."""
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute("set session_replication_role = replica")  # no look-up for each key
        connection.execute("set maintenance_work_mem = '1GB'")
        for table, own in _OWN.items():
            indexes = _drop_indexes(connection, table)
            _copy(connection, table, own, rows)
            for sentence in indexes:
                connection.execute(sentence)
            connection.execute(f"select setval(pg_get_serial_sequence('{table}', 'id'), max(id)) from {table}")  # noqa: S608
        connection.execute("vacuum analyze")


def _copy(connection: psycopg.Connection[Any], table: str, own: dict[str, Fill], rows: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"select column_name from information_schema.columns where table_name = '{table}'")  # noqa: S608
        columns = [row[0] for row in cursor.fetchall()]
        chosen = ", ".join(columns)
        with cursor.copy(f"copy (select {chosen} from {table} order by id limit 1) to stdout") as out:  # noqa: S608
            original = b"".join(out).decode().rstrip("\n").split("\t")
        places = [(columns.index(name), fill) for name, fill in own.items()]
        with cursor.copy(f"copy {table} ({chosen}) from stdin") as into:
            for begin in range(0, rows, 5000):
                lines = []
                for n in range(begin, min(begin + 5000, rows)):
                    row = original[:]
                    for position, fill in places:
                        row[position] = fill(n)
                    lines.append("\t".join(row))
                into.write("\n".join(lines) + "\n")


def _drop_indexes(connection: psycopg.Connection[Any], table: str) -> list[str]:
    """Drop what no constraint needs; return the sentences that make them again."""
    found = connection.execute(
        "select indexrelid::regclass::text, pg_get_indexdef(indexrelid) from pg_index"
        " where indrelid = %s::regclass and not exists (select 1 from pg_constraint where conindid = indexrelid)",
        (table,),
    ).fetchall()
    for name, _ in found:
        connection.execute(f"drop index {name}")
    return [str(sentence) for _, sentence in found]


def growths(rounds: Sequence[Asked]) -> dict[str, float]:
    """Return, by kind of question, the median over the rounds of many rows' time to few rows'."""
    return {kind: statistics.median(one.large[kind] / one.small[kind] for one in rounds) for kind in KINDS}


def milliseconds(rounds: Sequence[Asked]) -> dict[str, dict[str, float]]:
    """Return the medians of both, by kind of question."""
    sides = {"small": [one.small for one in rounds], "large": [one.large for one in rounds]}
    return {
        side: {kind: round(statistics.median(one[kind] for one in of), 2) for kind in KINDS}
        for side, of in sides.items()
    }
