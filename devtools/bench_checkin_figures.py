"""What the rounds of check-ins add up to: medians of ratios within a round, and the milliseconds beside them."""

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from devtools.bench_load import Storm, percentile

AIM = 1.3
# Milliseconds from the first frame that holds a code to the answer on the page, with and without the server.
SCAN_AIMS = {"online": 250, "offline": 150}


@dataclass
class Measured:
    """One storm on one server."""

    cpu_ms: float  # of processor time a request, application and database
    p50_ms: float
    p99_ms: float
    errors: int = 0


@dataclass
class Trio:
    """What was measured side by side with the same number of clients; `driver` is the raw driver."""

    product: Measured
    floor: Measured
    driver: Measured


Round = dict[int, Trio]  # by clients


@dataclass
class Scanned:
    """The scans of one page: milliseconds from frame to answer, and of each decoding."""

    answers_ms: list[float] = field(default_factory=list)
    decodes_ms: list[float] = field(default_factory=list)
    instrument_ms: list[float] = field(default_factory=list)
    missed: int = 0


def measured(storm: Storm, cpu_seconds: float, people: int, here: int) -> Measured:
    """Return the figures of one storm; whoever is not checked in, or was not told so, is an error."""
    made = [reply.seconds * 1000 for reply in storm.replies if reply.status == 200]
    return Measured(
        cpu_ms=cpu_seconds * 1000 / people,
        p50_ms=percentile(made, 50),
        p99_ms=percentile(made, 99),
        errors=max(people - len(made), people - here),
    )


def as_json(rounds: Sequence[Round], scanned: dict[str, Scanned]) -> dict[str, Any]:
    """Return the figures by the names that are asked for; `ratio`, and the milliseconds beside it, are those of the
    number of clients whose ratio is worse.
    """
    clients = {number: _of([one[number] for one in rounds]) for number in rounds[0]}
    worst = max(clients.values(), key=lambda found: found["ratio"])
    return {
        "cpu_ms": worst["cpu_ms"],
        "floor_cpu_ms": worst["floor_cpu_ms"],
        "ratio": worst["ratio"],
        "errors": sum(one.product.errors for each in rounds for one in each.values())
        + sum(one.missed for one in scanned.values()),
        **{f"scan_{name}_ms": _middle(one.answers_ms) for name, one in scanned.items()},
        "scans": {name: _of_scans(one) for name, one in scanned.items()},
        "clients": {str(number): found for number, found in clients.items()},
        "floor_faults": sum(m.errors for each in rounds for one in each.values() for m in (one.floor, one.driver)),
        "rounds": len(rounds),
    }


def _of(rounds: Sequence[Trio]) -> dict[str, Any]:
    def middle(of: Callable[[Trio], float], digits: int = 2) -> float:
        return round(statistics.median(of(one) for one in rounds), digits)

    ratios = [one.product.cpu_ms / one.floor.cpu_ms for one in rounds]
    return {
        "cpu_ms": middle(lambda r: r.product.cpu_ms),
        "floor_cpu_ms": middle(lambda r: r.floor.cpu_ms),
        "ratio": round(statistics.median(ratios), 2),
        "ratio_spread": [round(min(ratios), 2), round(max(ratios), 2)],
        "driver_floor_cpu_ms": middle(lambda r: r.driver.cpu_ms),
        "driver_ratio": middle(lambda r: r.product.cpu_ms / r.driver.cpu_ms),
        "p50_ms": middle(lambda r: r.product.p50_ms, 1),
        "p99_ms": middle(lambda r: r.product.p99_ms, 1),
        "floor_p50_ms": middle(lambda r: r.floor.p50_ms, 1),
        "floor_p99_ms": middle(lambda r: r.floor.p99_ms, 1),
    }


def _of_scans(scanned: Scanned) -> dict[str, Any]:
    decode = _middle(scanned.decodes_ms)
    return {
        "scans": len(scanned.answers_ms),
        "missed": scanned.missed,
        "p90_ms": round(percentile(scanned.answers_ms, 90), 1),
        "spread_ms": [round(one(scanned.answers_ms, default=0.0), 1) for one in (min, max)],
        "decode_ms": decode,
        # The browser slows pages down, not workers.
        "decode_ms_times_4": round(decode * 4, 1) if decode is not None else None,
        "instrument_ms": _middle(scanned.instrument_ms),
    }


def _middle(values: Sequence[float]) -> float | None:
    return round(statistics.median(values), 1) if values else None


def table(database: str, found: dict[str, Any]) -> str:
    """Return the figures for people."""
    lines = [f"{database}, medians of {found['rounds']} rounds      check-in      floor    ratio"]
    for clients, one in found["clients"].items():
        low, high = one["ratio_spread"]
        lines += [
            f"  CPU a check-in, {clients} clients     {one['cpu_ms']:8.2f} ms {one['floor_cpu_ms']:7.2f} ms"
            f"  {one['ratio']:5.2f}   aim {AIM}; rounds from {low:.2f} to {high:.2f}",
            f"    beside the raw driver                  {one['driver_floor_cpu_ms']:8.2f} ms"
            f"  {one['driver_ratio']:5.2f}",
            f"    p50, p99                  {one['p50_ms']:7.1f}, {one['p99_ms']:.1f} ms"
            f"  {one['floor_p50_ms']:.1f}, {one['floor_p99_ms']:.1f} ms",
        ]
    for name, scans in found["scans"].items():
        low, high = scans["spread_ms"]
        lines.append(
            f"  frame to answer, {name:8} {found[f'scan_{name}_ms'] or 0:7.1f} ms   aim {SCAN_AIMS[name]};"
            f" {scans['scans']} scans from {low} to {high};"
            f" decoding {scans['decode_ms']}, x 4 {scans['decode_ms_times_4']}"
        )
    faults = f"; the floor itself failed {found['floor_faults']} times" if found["floor_faults"] else ""
    return "\n".join([*lines, f"  errors {found['errors']}{faults}"])
