"""Measure what a look-up's start gives away by its time (rel-A23), and try random codes (rel-A4).

Run by hand: ``python -m devtools.prove_lookup [--json]``. It seeds a city of its own in a temporary folder. A
classifier by latency that is no better than a coin has an AUC of 0.5; the aim is at most 0.55. Not part of the tests: a
busy machine would judge them.
"""

import argparse
import contextlib
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from devtools.environment import app_environment
from devtools.paths import ROOT

PAIRS = 1000
TOKENS = 100_000
AIM = 0.55
START = "/api/v1/certificates/lookup"


def main(argv: list[str]) -> int:
    """Print the figures; return 0 when the aims are met."""
    parser = argparse.ArgumentParser(prog="python -m devtools.prove_lookup", allow_abbrev=False)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--pairs", type=int, default=PAIRS)
    parser.add_argument("--tokens", type=int, default=TOKENS)
    given = parser.parse_args(argv)
    with tempfile.TemporaryDirectory(prefix="prove-lookup-") as folder:
        found = _measured(Path(folder) / "data", given.pairs, given.tokens)
    print(json.dumps(found) if given.json else "\n".join(f"{name:>12}  {value}" for name, value in found.items()))
    return 0 if found["auc"] <= AIM and found["lengths"] == 1 and found["token_hits"] == 0 else 1


def _measured(data: Path, pairs: int, tokens: int) -> dict[str, Any]:
    seed = [sys.executable, "-m", "devtools", "seed", "--profile", "blackbox", "--data", str(data)]
    subprocess.run(seed, cwd=ROOT, check=True, capture_output=True)
    os.environ.update(app_environment(data))
    with contextlib.redirect_stderr(None):
        from chengjiu_mp import create_app

        app = create_app()
        with app.app_context():
            seconds, lengths = _timed(app, pairs)
            hits = _hits(tokens)
    auc = _auc(seconds[True], seconds[False])
    medians = {known: sorted(found)[len(found) // 2] for known, found in seconds.items()}
    return {
        "pairs": pairs, "auc": round(max(auc, 1 - auc), 4), "known_ms": round(medians[True] * 1000, 2),
        "unknown_ms": round(medians[False] * 1000, 2), "lengths": len(lengths), "tokens": tokens, "token_hits": hits,
    }  # fmt: skip


def _timed(app: Any, pairs: int) -> tuple[dict[bool, list[float]], set[tuple[int, int]]]:
    from chengjiu_mp.core import clock

    client, known = app.test_client(), _known_phones()
    hand = [datetime.now(UTC)]
    clock.set_source(lambda: hand[0])
    seconds: dict[bool, list[float]] = {True: [], False: []}
    lengths, draw = set(), random.Random(7)  # noqa: S311  an order, no secret
    for turn in range(pairs + 20):
        two = [(True, known[turn % len(known)]), (False, f"138{draw.randrange(10**8):08d}")]
        draw.shuffle(two)
        for is_known, phone in two:
            # Limits are counted by time: a step keeps every try below them.
            hand[0] += timedelta(hours=3)
            begin = time.perf_counter()
            reply = client.post(START, json={"phone": phone})
            took = time.perf_counter() - begin
            lengths.add((reply.status_code, len(reply.data)))
            if turn >= 20:  # the first ones warm up
                seconds[is_known].append(took)
    return seconds, lengths


def _known_phones() -> list[str]:
    from sqlalchemy import select

    from chengjiu_mp.core import privacy
    from chengjiu_mp.core.db import db
    from chengjiu_mp.people.models import Contact

    rows = db.session.scalars(select(Contact).where(Contact.ended_at.is_(None)).limit(50)).all()
    found = [privacy.unseal(one.phone_sealed, place=Contact.PLACE, row=one.uid) for one in rows]
    db.session.remove()
    return found


def _hits(tokens: int) -> int:
    from chengjiu_mp.certificates.queries import certificate_by_token
    from chengjiu_mp.core import ids
    from chengjiu_mp.core.db import db

    found = sum(certificate_by_token(ids.new_token()) is not None for _ in range(tokens))
    db.session.remove()
    return found


def _auc(positive: list[float], negative: list[float]) -> float:
    """Return how often a known phone took longer than an unknown one, ties halved."""
    ranked = sorted([(value, 1) for value in positive] + [(value, 0) for value in negative])
    rank_sum, place = 0.0, 0
    while place < len(ranked):
        end = place
        while end < len(ranked) and ranked[end][0] == ranked[place][0]:
            end += 1
        mean = (place + 1 + end) / 2
        rank_sum += mean * sum(kind for _, kind in ranked[place:end])
        place = end
    n, m = len(positive), len(negative)
    return (rank_sum - n * (n + 1) / 2) / (n * m)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
