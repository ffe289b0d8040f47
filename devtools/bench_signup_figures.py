"""What the rounds add up to: medians of ratios within a round, and the milliseconds beside them."""

import statistics
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from devtools.bench_load import Storm, percentile


@dataclass
class Measured:
    """One storm on one server."""

    cpu_ms: float  # of processor time a request, application and database
    p50_ms: float
    p99_ms: float
    seconds: float
    errors: int = 0
    oversold: int = 0
    undersold: int = 0


@dataclass
class Round:
    """What was measured side by side; `driver` is the raw driver, `full` the product on a full database."""

    product: Measured
    floor: Measured
    driver: Measured
    full: Measured
    burst: Measured
    floor_burst: Measured
    first_burst: Measured
    floor_first_burst: Measured


@dataclass
class Seating:
    """How a run should look after a storm, and how it does."""

    people: int
    capacity: int
    confirmed: int
    waiting: int
    in_order: bool


@dataclass
class Figures:
    """The answer: ratios are medians over the rounds."""

    rounds: list[Round] = field(default_factory=list)

    def middle(self, of: Callable[[Round], float]) -> float:
        """Return the median of a figure over the rounds."""
        return statistics.median(of(one) for one in self.rounds)

    def as_json(self) -> dict[str, Any]:
        """Return the figures by the names that are asked for; `burst_ratio` is the worse of the two bursts' medians."""
        warm = self.middle(lambda r: r.burst.seconds / r.floor_burst.seconds)
        first = self.middle(lambda r: r.first_burst.seconds / r.floor_first_burst.seconds)
        return {
            "cpu_ms": round(self.middle(lambda r: r.product.cpu_ms), 2),
            "floor_cpu_ms": round(self.middle(lambda r: r.floor.cpu_ms), 2),
            "ratio": round(self.middle(lambda r: r.product.cpu_ms / r.floor.cpu_ms), 2),
            "burst_s": round(self.middle(lambda r: r.burst.seconds), 3),
            "burst_ratio": round(max(warm, first), 2),
            "oversold": self._product("oversold"),
            "undersold": self._product("undersold"),
            "errors": self._product("errors"),
            "growth": round(self.middle(lambda r: r.full.cpu_ms / r.product.cpu_ms), 2),
            "p50_ms": round(self.middle(lambda r: r.product.p50_ms), 1),
            "p99_ms": round(self.middle(lambda r: r.product.p99_ms), 1),
            "floor_p50_ms": round(self.middle(lambda r: r.floor.p50_ms), 1),
            "floor_p99_ms": round(self.middle(lambda r: r.floor.p99_ms), 1),
            "full_cpu_ms": round(self.middle(lambda r: r.full.cpu_ms), 2),
            "floor_burst_s": round(self.middle(lambda r: r.floor_burst.seconds), 3),
            "warm_burst_ratio": round(warm, 2),
            "first_burst_s": round(self.middle(lambda r: r.first_burst.seconds), 3),
            "floor_first_burst_s": round(self.middle(lambda r: r.floor_first_burst.seconds), 3),
            "first_burst_ratio": round(first, 2),
            "driver_floor_cpu_ms": round(self.middle(lambda r: r.driver.cpu_ms), 2),
            "driver_ratio": round(self.middle(lambda r: r.product.cpu_ms / r.driver.cpu_ms), 2),
            "ratio_spread": self._spread(lambda r: r.product.cpu_ms / r.floor.cpu_ms),
            "floor_faults": sum(
                _faults(m) for r in self.rounds for m in (r.floor, r.driver, r.floor_burst, r.floor_first_burst)
            ),
            "rounds": len(self.rounds),
        }

    def _product(self, name: str) -> int:
        return sum(getattr(m, name) for r in self.rounds for m in (r.product, r.full, r.burst, r.first_burst))

    def _spread(self, of: Callable[[Round], float]) -> list[float]:
        values = [of(one) for one in self.rounds]
        return [round(min(values), 2), round(max(values), 2)]


def _faults(measured: Measured) -> int:
    return measured.errors + measured.oversold + measured.undersold


def measured(storm: Storm, cpu_seconds: float, seating: Seating) -> Measured:
    """Return the figures of one storm; whoever got no ticket is an error, and so is a line out of order."""
    made = [reply.seconds * 1000 for reply in storm.replies if reply.status == 201]
    return Measured(
        cpu_ms=cpu_seconds * 1000 / seating.people,
        p50_ms=percentile(made, 50),
        p99_ms=percentile(made, 99),
        seconds=storm.seconds,
        errors=seating.people - len(made) + (0 if seating.in_order else 1),
        oversold=max(0, seating.confirmed - seating.capacity),
        undersold=max(0, min(seating.people, seating.capacity) - seating.confirmed),
    )


def table(database: str, found: dict[str, Any]) -> str:
    """Return the figures for people."""
    low, high = found["ratio_spread"]
    lines = [
        f"{database}, medians of {found['rounds']} rounds       sign-up      floor    ratio",
        f"  CPU a request, app + database  {found['cpu_ms']:8.2f} ms {found['floor_cpu_ms']:7.2f} ms"
        f"  {found['ratio']:5.2f}   aim 1.5; rounds from {low:.2f} to {high:.2f}",
        f"    beside the raw driver                     {found['driver_floor_cpu_ms']:8.2f} ms"
        f"  {found['driver_ratio']:5.2f}",
        f"  p50, 64 clients                {found['p50_ms']:8.1f} ms {found['floor_p50_ms']:7.1f} ms",
        f"  p99, 64 clients                {found['p99_ms']:8.1f} ms {found['floor_p99_ms']:7.1f} ms",
        f"  200 at once                    {found['burst_s']:8.3f} s  {found['floor_burst_s']:7.3f} s "
        f"  {found['warm_burst_ratio']:5.2f}   aim 1.5",
        f"  200 at once, first after start {found['first_burst_s']:8.3f} s  {found['floor_first_burst_s']:7.3f} s "
        f"  {found['first_burst_ratio']:5.2f}   aim 1.5",
        f"  CPU, full database             {found['full_cpu_ms']:8.2f} ms           "
        f"  {found['growth']:5.2f}   aim 1.2 of the empty one",
        f"  oversold {found['oversold']}, undersold {found['undersold']}, errors {found['errors']}"
        + (f"; the floor itself failed {found['floor_faults']} times" if found["floor_faults"] else ""),
    ]
    return "\n".join(lines)
