"""Practical items opened into steps: what a checklist ticks, why a step was not passed, and the points that follow.

Steps are data in a scheme's items, frozen with them: ``steps`` is a list of {code, name, points, critical?, reasons?}.
Ticks are {item's code: {step's code: "" when it was done right, else the reason}}. The phone counts by the same rule
(static/checklist-score.js); both are held to tests/exams/step_vectors.json.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from chengjiu_mp.core.db import db
from chengjiu_mp.core.parsing import Invalid
from chengjiu_mp.courses.models import CourseRun
from chengjiu_mp.exams.models import ExamResult, ExamScheme
from chengjiu_mp.exams.schemas import ResultIn
from chengjiu_mp.exams.scheme import Item

Ticks = Mapping[str, Mapping[str, str]]

# Nobody writes freely about a person here: a reason is one of the step's own, or of these.
REASONS = ("漏做", "做得不到位", "顺序不对", "超时")


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a practical item. When a ``critical`` one is not passed, the item is not."""

    code: str
    name: str
    points: float
    critical: bool
    reasons: tuple[str, ...]


def steps_of(stored: Iterable[Mapping[str, Any]]) -> dict[str, tuple[Step, ...]]:
    """Return {item's code: its steps} of a scheme's items; items without steps are left out."""
    return {
        item["code"]: tuple(
            Step(
                one["code"], one["name"], one["points"], bool(one.get("critical")),
                (*one.get("reasons", ()), *REASONS),
            )
            for one in item["steps"]
        )
        for item in stored if item.get("steps")
    }  # fmt: skip


def points_of(item: Item, steps: Iterable[Step], ticks: Mapping[str, str]) -> float | None:
    """Return an item's points, None while a step is not judged yet.

    They are the sum of the steps done right, at most the item's maximum. With a critical step not passed they stay
    below the pass mark, so that whatever reads the points reads the same outcome.
    """
    steps = tuple(steps)
    if any(step.code not in ticks for step in steps):
        return None
    total = min(item.maximum, round(sum(step.points for step in steps if not ticks[step.code]), 2))
    if any(step.critical and ticks[step.code] for step in steps):
        total = min(total, max(0, math.ceil(item.pass_mark) - 1))
    return total


def counted(run: CourseRun, items: Sequence[Item], rows: Sequence[ResultIn]) -> Sequence[ResultIn]:
    """Return the rows with the points that their ticks give; what a row itself says of such an item is not looked at.

    :raise Invalid: ticks of an unknown item or step, or a reason that is none of the step's
    """
    if all(row.steps is None for row in rows):
        return rows
    known, by_code = steps_of_run(run), {item.code: item for item in items}
    errors = [wrong for place, row in enumerate(rows) for wrong in _wrong(known, place, row.steps or {})]
    if errors:
        raise Invalid(errors)
    return [
        row.model_copy(update={"items": {
            **row.items,
            **{code: points_of(by_code[code], known[code], ticks) for code, ticks in (row.steps or {}).items()},
        }}) for row in rows
    ]  # fmt: skip


def _wrong(known: Mapping[str, Sequence[Step]], place: int, given: Ticks) -> Iterable[dict[str, str]]:
    for code, ticks in given.items():
        steps = {step.code: step for step in known.get(code, ())}
        for step_code, reason in ticks.items():
            step = steps.get(step_code)
            if step is None or reason not in ("", *step.reasons):
                pointer = f"/rows/{place}/steps/{code[:40]}/{step_code[:40]}"
                what = "unknown_reason" if step else "unknown_step"
                yield {"pointer": pointer, "code": what, "detail": "这一步不在本场的考核方案里，请刷新页面。"}
        if not steps:
            detail = "这一项在本场的考核方案里没有步骤，请刷新页面。"
            yield {"pointer": f"/rows/{place}/steps/{code[:40]}", "code": "unknown_item", "detail": detail}


def ticks_to_keep(row: ResultIn, before: ExamResult | None) -> dict[str, dict[str, str]]:
    """Return the ticks that belong with a row as it is written now.

    Points typed over in the grid outweigh the ticks they came from: those of an item whose points changed go.
    """
    if row.steps is not None:
        return {code: dict(ticks) for code, ticks in row.steps.items() if ticks}
    if before is None:
        return {}
    return {code: ticks for code, ticks in before.steps.items() if before.items.get(code) == row.items.get(code)}


def steps_of_run(run: CourseRun) -> dict[str, tuple[Step, ...]]:
    """Return the steps of the scheme that the run froze, per item; empty when there are none."""
    scheme = db.session.get(ExamScheme, run.exam_scheme_id) if run.exam_scheme_id else None
    return steps_of(scheme.items) if scheme else {}


def ticks_of_run(run_id: int) -> dict[int, dict[str, dict[str, str]]]:
    """Return {signup_id: ticks} of the newest attempt of everybody who has a result."""
    found = select(ExamResult.signup_id, ExamResult.steps).where(ExamResult.run_id == run_id)
    rows = db.session.execute(found.order_by(ExamResult.attempt)).all()
    return {row.signup_id: row.steps for row in rows}


def failed_words(steps: Mapping[str, Sequence[Step]], ticks: Ticks) -> list[str]:
    """Return 按压位置：做得不到位 for each step that was not passed, in the scheme's order; critical ones say so."""
    return [
        f"{step.name}{'（关键）' if step.critical else ''}：{ticks[code][step.code]}"
        for code, of_item in steps.items()
        for step in of_item
        if ticks.get(code, {}).get(step.code)
    ]


def why_failed(run: CourseRun) -> dict[int, list[str]]:
    """Return {signup_id: the steps not passed, in words} for the grid and the approver."""
    steps = steps_of_run(run)
    return {signup_id: failed_words(steps, ticks) for signup_id, ticks in ticks_of_run(run.id).items()}
