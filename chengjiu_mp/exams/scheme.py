"""The pass rule: points per item against the scheme that the run froze when it was published. No database, no clock."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

Outcome = Literal["incomplete", "passed", "failed"]

WORDS: dict[Outcome, str] = {"incomplete": "未完成", "passed": "合格", "failed": "不合格"}


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that is examined. ``pass_mark`` and ``maximum`` are points; ``kind`` is theory or practical."""

    code: str
    name: str
    kind: str
    maximum: float
    pass_mark: float
    required: bool = True


def items_of(stored: Iterable[Mapping[str, Any]]) -> tuple[Item, ...]:
    """Return the items as a scheme stores them: {code, name, kind, max, pass, required}."""
    return tuple(
        Item(one["code"], one["name"], one["kind"], one["max"], one["pass"], bool(one.get("required", True)))
        for one in stored
    )


def outcome_of(items: Iterable[Item], points: Mapping[str, float], exempt: Collection[str] = ()) -> Outcome:
    """Return passed when every required item has at least its pass mark, incomplete while one of them has no points.

    Items that are not required are kept with the result and decide nothing; those in ``exempt`` count as passed.
    """
    required = [item for item in items if item.required and item.code not in exempt]
    if any(item.code not in points for item in required):
        return "incomplete"
    return "passed" if all(points[item.code] >= item.pass_mark for item in required) else "failed"


def figure(points: float) -> str:
    """Return points as a person writes them: 80, 79.5."""
    return f"{points:g}"
