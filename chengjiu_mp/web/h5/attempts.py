"""The attempts at an examination as their person reads them, once they are confirmed."""

from typing import Any

from chengjiu_mp.core.day_words import date_long
from chengjiu_mp.courses.models import CourseRun, Signup
from chengjiu_mp.exams.attempts import confirmed_attempts
from chengjiu_mp.exams.models import ExamResult
from chengjiu_mp.exams.queries import exempt_items, items_of_run
from chengjiu_mp.exams.scheme import WORDS, Item, figure

_TONES = {"passed": "ok", "failed": "bad"}


def attempts_shown(signup: Signup) -> list[dict[str, Any]]:
    """Return a person's confirmed attempts for their ticket, the first first."""
    run: CourseRun = signup.run
    if run.exam_scheme_id is None or signup.outcome != "attended":
        return []
    items, exempt = items_of_run(run), exempt_items([signup.id]).get(signup.id, frozenset())
    return [_shown(one, items, exempt) for one in confirmed_attempts(signup.id)]


def title_of(kind: str, attempt: int) -> str:
    """Return what an attempt is called: 考核, 补考（第 2 次）."""
    return {"resit": f"补考（第 {attempt} 次考核）", "correction": "更正后"}.get(kind, "考核")


def points_of(item: Item, points: dict[str, Any], carried: tuple[str, ...] | list[str]) -> str:
    """Return an item's points in words: 92 分, 92 分，沿用上次, —."""
    if item.code not in points:
        return "—"
    said = f"{figure(points[item.code])} 分"
    return f"{said}，沿用上次" if item.code in carried else said


def _shown(one: ExamResult, items: tuple[Item, ...], exempt: frozenset[str]) -> dict[str, Any]:
    word = WORDS[one.outcome] if one.outcome != "incomplete" else "未参加"  # type: ignore[index]  # the check's three
    return {
        "title": title_of(one.kind, one.attempt), "word": word, "tone": _TONES.get(one.outcome, "plain"),
        "day": date_long(one.entered_at),
        "rows": [
            (item.name, "免考" if item.code in exempt else points_of(item, one.items, one.carried)) for item in items
        ]
        + ([("考核人", one.examiner_name)] if one.examiner_name else []),
    }  # fmt: skip
