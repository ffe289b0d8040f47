"""`./dev bench certificates`: pictures per second, three years of certificates in one go, and look-up as they grow.

The makers of pictures take turns in every round, on one processor. Then two workers render everything; then two
databases, one with few certificates and one with millions, are asked in turn.
"""

import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from devtools import bench_certificates_growth as growth
from devtools.bench_certificates_batch import Batch, run_batch
from devtools.bench_certificates_pages import Pages, Rates, medians, ratio
from devtools.bench_sides import end_as_asked, parser
from devtools.bootstrap import CannotPrepare, install
from devtools.services import ServiceUnavailable
from devtools.stack import StackFailed

# The plan's three years, and a third of an hour less than what is asked for them.
BATCH, BATCH_AIM_S, CLASS_AIM_S = 15_000, 900, 60
RATIO_AIM, GROWTH_AIM = 1.3, 1.2
PARTS = ("pages", "batch", "growth")


class Sizes(NamedTuple):
    """How much is measured."""

    rounds: int
    batch: int = BATCH
    small: int = growth.SMALL
    large: int = growth.LARGE


QUICK = Sizes(rounds=1, batch=50, small=100, large=1000)


def main(argv: list[str]) -> int:
    """Measure; print the table; 0 when every certificate was rendered."""
    options = parser("./dev bench certificates", databases=False)
    options.add_argument("--part", choices=PARTS, action="append", help="this part alone; may be given again")
    options.add_argument("--no-peers", action="store_true", help="without what is installed for the comparison")
    given = options.parse_args(argv)
    end_as_asked()
    sizes, parts = (QUICK if given.quick else Sizes(given.rounds)), given.part or PARTS
    found: dict[str, Any] = {}
    try:
        if "pages" in parts:
            found |= pages(_pages(sizes.rounds, given.quick, not given.no_peers))
        if "batch" in parts:
            with tempfile.TemporaryDirectory(prefix="dev-bench-") as folder:
                found |= batch(run_batch(Path(folder), sizes.batch))
        if "growth" in parts:
            found |= grown(_growth(sizes))
    except (CannotPrepare, StackFailed, ServiceUnavailable) as exc:
        print(f"bench: {exc}", file=sys.stderr)
        return 1
    print(table(found), flush=True)
    if given.json:
        print(json.dumps(found))
    return 1 if found.get("missing") else 0


def _pages(rounds: int, quick: bool, peers: bool) -> list[Rates]:
    if peers:
        install("bench")
    with tempfile.TemporaryDirectory(prefix="dev-bench-") as folder:
        made = Pages(Path(folder), quick, peers)
        return [made.round(number) for number in range(rounds)]


def _growth(sizes: Sizes) -> list[growth.Asked]:
    with (
        tempfile.TemporaryDirectory(prefix="dev-bench-") as folder,
        growth.growing(Path(folder), sizes.small, sizes.large) as asked,
    ):
        asked.round(0)  # what is asked for the first time waits for the disk and for plans
        return [asked.round(number) for number in range(sizes.rounds)]


def pages(rounds: list[Rates]) -> dict[str, Any]:
    """Return the figures of the makers by the names that are asked for."""
    found = {f"{name}_per_s": round(rate, 1) for name, rate in medians(rounds).items()}
    return found | {f"{kind}_ratio": round(ratio(rounds, kind, f"encoder_{kind}"), 2) for kind in ("jpeg", "png")}


def batch(one: Batch) -> dict[str, Any]:
    """Return the figures of the batch by the names that are asked for."""
    return {
        f"batch_{one.certificates}_s": round(one.batch_s, 1), "issued_s": round(one.issued_s, 1),
        "class_50_s": round(one.class_s, 1), "missing": one.missing,
    }  # fmt: skip


def grown(rounds: Sequence[growth.Asked]) -> dict[str, Any]:
    """Return the growth; ``lookup_growth`` is that of the question that grew most."""
    found = growth.growths(rounds)
    return {
        "lookup_growth": round(max(found.values()), 2),
        "growth": {kind: round(of, 2) for kind, of in found.items()}, "ms": growth.milliseconds(rounds),
    }  # fmt: skip


def table(found: dict[str, Any]) -> str:
    """Return the figures for people, each with what it aims at."""
    aims = {
        "jpeg_ratio": f"<= {RATIO_AIM}", "png_ratio": f"<= {RATIO_AIM}", f"batch_{BATCH}_s": f"<= {BATCH_AIM_S}",
        "class_50_s": f"<= {CLASS_AIM_S}", "missing": "0", "lookup_growth": f"<= {GROWTH_AIM}",
        "pdf_per_s": "more than both peers",
    }  # fmt: skip
    return "\n".join(f"{name:22} {value!s:>10}   {aims.get(name, '')}".rstrip() for name, value in found.items())
