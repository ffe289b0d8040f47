"""`./dev prove checkin`: scans of two phones without network, uploaded late, in pieces, out of order and again.

A real server process, a real database. One plan of scans is carried out in many runs of its own: each time the two
phones' scans are shuffled, split into batches, every batch is sent several times, and both phones send at once.
Compared at the end, with nothing in it that chance decides: who is checked in, since when, by which scan and by whom,
and what is on record of every scan.
"""

import argparse
import contextlib
import hashlib
import http.client
import json
import os
import random
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from flask_migrate import upgrade

from chengjiu_mp import create_app
from chengjiu_mp.config import from_environment
from chengjiu_mp.core import clock, context
from chengjiu_mp.core.db import db
from devtools.prove_checkin_plan import PHONES, Planned, planned
from devtools.prove_checkin_runs import Found, Teachers, Venue, open_run, read_run
from devtools.prove_struck import database_for
from devtools.servers import Server, serving
from devtools.services import ServiceUnavailable
from devtools.stack import StackFailed

BATCHES, TIMES = 7, 3


@dataclass
class Outcome:
    """What was sent, and what came of it."""

    database: str
    scans: int = 0
    permutations: int = 0
    distinct_end_states: int = 0
    lost: int = 0
    doubled: int = 0
    # Against the rule itself: somebody in who should not be, another winner than the earliest, a refusal gone.
    wrong: int = 0
    # Uploads that were not answered, and answers that say something else than the record.
    errors: int = 0
    uploads: int = 0
    seconds: float = 0.0


def main(argv: list[str]) -> int:
    """Prove it; print the outcome; 0 when every order of arrival led to one and the same right end."""
    parser = argparse.ArgumentParser(prog="./dev prove checkin")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--postgres", action="store_true", help="PostgreSQL instead of SQLite")
    parser.add_argument("--permutations", type=int, default=20)
    options = parser.parse_args(argv)
    try:
        outcome = prove(options)
    except (StackFailed, ServiceUnavailable) as exc:
        print(f"prove: {exc}", file=sys.stderr)
        return 1
    print(json.dumps(asdict(outcome)) if options.json else _table(outcome))
    return 0 if right(outcome, options.permutations) else 1


def right(outcome: Outcome, permutations: int) -> bool:
    """Return whether nothing is to be complained of."""
    whole = outcome.permutations == permutations and outcome.distinct_end_states == 1
    return whole and not (outcome.lost or outcome.doubled or outcome.wrong or outcome.errors)


def prove(options: argparse.Namespace) -> Outcome:
    """Run the whole proof in a folder of its own."""
    os.environ.pop("TEST_DATABASE_URL", None)
    began, plan = time.monotonic(), planned()
    outcome = Outcome(database="postgresql" if options.postgres else "sqlite", scans=len(plan.scans))
    with tempfile.TemporaryDirectory(prefix="chengjiu-prove-") as folder, contextlib.ExitStack() as stack:
        place = Path(folder)
        env = {**os.environ, "CHENGJIU_ENV": "test", "CHENGJIU_DATA_DIR": folder, "CHENGJIU_DEMO": "0",
               "REDIS_URL": "redis://127.0.0.1:9/0", "PUBLIC_URL": "https://example.test"}  # fmt: skip
        env["DATABASE_URL"] = database_for(stack, place) if options.postgres else f"sqlite:///{place / 'proof.sqlite3'}"
        app = create_app(from_environment(env))
        with app.app_context():
            upgrade()
            context.set_request("proof", context.SYSTEM)
            teachers = Teachers.made()
            server = stack.enter_context(serving("web", "wsgi", env, place))
            states = {_permutation(number, plan, teachers, server, outcome) for number in range(options.permutations)}
            db.session.remove()
            db.engine.dispose()
    outcome.distinct_end_states = len(states)
    outcome.seconds = round(time.monotonic() - began, 1)
    return outcome


def _permutation(number: int, plan: Planned, teachers: Teachers, server: Server, outcome: Outcome) -> str:
    """Carry the plan out in a fresh run; return the hash of what came of it."""
    venue = open_run(plan, teachers)
    chance = random.Random(number)  # noqa: S311
    with ThreadPoolExecutor(len(PHONES)) as phones:
        uploads = [_uploads(plan, phone, venue, chance) for phone in PHONES]
        sent = list(
            phones.map(_send, uploads, teachers.tokens, [server.port] * len(PHONES), [venue.run_id] * len(PHONES))
        )
    outcome.uploads += sum(len(one) for one in uploads)
    found = read_run(plan, venue)
    outcome.permutations += 1
    outcome.lost += found.lost
    outcome.doubled += found.doubled
    outcome.wrong += found.wrong
    outcome.errors += sum(_faults(answers, found) for answers in sent)
    return hashlib.sha256(json.dumps(found.state, ensure_ascii=False).encode()).hexdigest()


def _uploads(plan: Planned, phone: str, venue: Venue, chance: random.Random) -> list[list[dict[str, Any]]]:
    """Return what a phone sends: its scans in batches, each several times, in any order."""
    scans = [venue.body(one) for one in plan.scans if one.phone == phone]
    chance.shuffle(scans)
    cuts = sorted(chance.sample(range(1, len(scans)), BATCHES - 1))
    batches = [scans[a:b] for a, b in zip([0, *cuts], [*cuts, len(scans)], strict=True)]
    found = batches * TIMES
    chance.shuffle(found)
    return found


def _send(
    uploads: Sequence[list[dict[str, Any]]], token: str, port: int, run_id: int
) -> list[tuple[int, list[dict[str, Any]]]]:
    """Send one upload after the other as a phone does; return each status and its answers."""
    line, replies = http.client.HTTPConnection("127.0.0.1", port, timeout=30), []
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    for scans in uploads:
        body = json.dumps({"scans": scans, "sent_at": clock.now().isoformat()})
        line.request("POST", f"/api/v1/runs/{run_id}/scans", body.encode(), headers)
        reply = line.getresponse()
        content = json.loads(reply.read())
        replies.append((reply.status, content.get("items", [])))
    line.close()
    return replies


def _faults(replies: Sequence[tuple[int, list[dict[str, Any]]]], found: Found) -> int:
    """Count replies that failed, and answers that say another verdict than the record, first or again."""
    failed = sum(status != 200 for status, _ in replies)
    said = [item for _, items in replies for item in items]
    return failed + len([item for item in said if found.verdicts.get(item["nonce"]) != item["verdict"]])


def _table(outcome: Outcome) -> str:
    return "\n".join(f"{name:20} {value}" for name, value in asdict(outcome).items())


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
