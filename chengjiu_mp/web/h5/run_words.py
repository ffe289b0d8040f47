"""A run in the words of cards and page heads."""

from typing import Any

from chengjiu_mp.core.day_words import day_time
from chengjiu_mp.courses.models import Syllabus
from chengjiu_mp.courses.nearby import alternatives_to, nearness, runs_nearby
from chengjiu_mp.courses.queries import RunAndSeats, run_token
from chengjiu_mp.courses.refreshing import certified_kind, renewable_words

# phase: the pill's word and tone; open and full show the seats instead.
_PILLS = {
    "draft": ("草稿", "plain"), "cancelled": ("停课", "bad"), "closed": ("已结束", "plain"),
    "over": ("已结束", "plain"), "under_way": ("正在进行", "ok"), "signup_closed": ("报名已截止", "plain"),
}  # fmt: skip


def pill(found: RunAndSeats) -> tuple[str, str]:
    """Return the state in a word, and its tone; empty for a run that takes sign-ups."""
    if found.phase == "not_open":
        return f"{day_time(found.run.signup_opens_at)}开始报名", "warn"
    if found.run.merged_into_id is not None:
        return "已合并", "warn"
    return _PILLS.get(found.phase, ("", ""))


def card(found: RunAndSeats, url: str = "") -> dict[str, Any]:
    """Return what ``parts.run_card`` and ``parts.run_head`` show."""
    run, syllabus = found.run, found.run.syllabus
    state, tone = pill(found)
    counted = found.phase in ("open", "full", "not_open")
    return {
        "url": url or f"/s/{run_token(run)}", "title": run.title, "starts_at": run.starts_at, "ends_at": run.ends_at,
        "place": run.venue.name, "address": run.venue.address, "kind": syllabus.course_type.name,
        "seats_left": found.seats_left if counted else None, "waiting": found.pool.waiting, "state": state,
        "tone": tone, "fee": "免费", "audience": _audience(syllabus), "counts_for": f"举办：{found.unit.name}",
    }  # fmt: skip


def cards_instead(found: RunAndSeats, *, always: bool = False) -> list[dict[str, Any]]:
    """Return the cards of what can be joined instead of this run, with why each is offered.

    :param always: for somebody whose own place has ended, also while the run itself takes sign-ups
    """
    others = runs_nearby(found.run) if always else alternatives_to(found)
    return [{**card(other), "counts_for": _why(found, other)} for other in others]


def _why(found: RunAndSeats, other: RunAndSeats) -> str:
    same_kind, same_town = nearness(found, other)
    reasons = [words for applies, words in ((same_kind, "同类课程"), (same_town, "同一镇街")) if applies]
    return "，".join([*reasons, f"举办：{other.unit.name}"])


def _audience(syllabus: Syllabus) -> str:
    age = f"开课当天满 {syllabus.min_age} 周岁" if syllabus.min_age else ""
    if syllabus.course_type.refresh_of_id is None:
        return age
    held = f"有{certified_kind(syllabus.course_type).name}证书：{renewable_words(syllabus)}"
    return f"{held}；{age}" if age else held
