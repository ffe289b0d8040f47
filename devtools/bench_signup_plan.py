"""Both ways through a sign-up: who gets a seat, and who waits."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from devtools.bench_plan import Recording, Step, Unlike, items, learned, packed, rows_of, unpacked


@dataclass
class Plan:
    """Both ways through a sign-up. After step `fork`, its row's `column` tells them apart: `seat` means seated.

    `pings`: the product's pool asks each connection whether it lives before it lends it.
    """

    seated: list[Step]
    waiting: list[Step]
    fork: int
    column: int
    seat: Any
    pings: bool = False

    def as_json(self) -> dict[str, Any]:
        """Return the plan in what JSON can hold."""
        found: dict[str, Any] = packed(asdict(self))
        return found

    @staticmethod
    def from_json(content: dict[str, Any]) -> "Plan":
        """Return the plan that :meth:`as_json` packed."""
        fields = unpacked(content)
        fields["seated"], fields["waiting"] = ([Step(**step) for step in fields[way]] for way in ("seated", "waiting"))
        return Plan(**fields)


def written(seated: Sequence[Recording], waiting: Sequence[Recording]) -> Plan:
    """Return the plan that does again what was recorded.

    :raise Unlike: when recordings of one kind differ in more than values, or nothing tells the kinds apart
    """
    sits, waits = learned(seated), learned(waiting)
    fork = _fork(sits, waits)
    for column, seat in enumerate(rows_of(seated[0], fork)[0]):
        seats = {repr(rows_of(one, fork)[0][column]) for one in seated}
        if len(seats) == 1 and not seats & {repr(rows_of(one, fork)[0][column]) for one in waiting}:
            return Plan(sits, waits, fork, column, seat)
    raise Unlike("no row tells who got a seat from who waits")


def _fork(seated: list[Step], waiting: list[Step]) -> int:
    """Return the last step with rows before the two ways say different things."""
    last = -1
    for number, (one, other) in enumerate(zip(seated, waiting, strict=False)):
        if (one.sql, one.end) != (other.sql, other.end) or not _same_constants(one, other):
            break
        if one.answers:
            last = number
    if last < 0:
        raise Unlike("the ways differ before anything is answered")
    return last


def _same_constants(one: Step, other: Step) -> bool:
    fresh = {*(one.fresh or {}), *(other.fresh or {})}
    mine, yours = items(one.params), items(other.params)
    return all(yours.get(key) == text for key, text in mine.items() if isinstance(text, str) and key not in fresh)
