"""The overview: what waits for a person, by role. A page adds a card by putting a function into CARDS."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from flask import Blueprint, render_template, url_for
from sqlalchemy import func, select

from chengjiu_mp.certificates.request_queries import number_for
from chengjiu_mp.core import clock, context
from chengjiu_mp.core.access import access, roles
from chengjiu_mp.core.context import Principal
from chengjiu_mp.core.db import db
from chengjiu_mp.core.models import Job
from chengjiu_mp.courses.models import CourseRun
from chengjiu_mp.courses.policy import runs_visible_to
from chengjiu_mp.exams.queries import submissions_waiting_for
from chengjiu_mp.instructors.queries import counts_by_state
from chengjiu_mp.instructors.states import DueState
from chengjiu_mp.outbox import calls

blueprint = Blueprint("console", __name__, url_prefix="/console")

# What parts.html calls a figure: {label, value · unit, note, href, tone}; None is nothing to say to this caller.
Card = Callable[[Principal], dict[str, Any] | None]


@blueprint.get("/")
@access(roles("unit_manager", "operator", "approver", "auditor", "system"))
def home() -> str:
    """Show what waits."""
    caller = context.principal()
    cards = [card for make in CARDS if (card := make(caller)) is not None]
    return render_template("admin/home.html", title="总览", cards=cards)


def _unreached(caller: Principal) -> dict[str, Any] | None:
    if not caller.has("unit_manager", "operator", "approver"):
        return None
    number = calls.number_to_call(caller)
    href = url_for("console_calls.index")
    return {"label": "要打电话告知", "value": number, "unit": "人", "href": href, "tone": "warn" if number else ""}


def _dead_jobs(caller: Principal) -> dict[str, Any] | None:
    if not caller.has("operator", "system"):
        return None
    number = db.session.scalar(select(func.count()).select_from(Job).where(Job.state == "dead")) or 0
    href = url_for("console_jobs.index", state="dead")
    return {"label": "停下来的任务", "value": number, "unit": "项", "href": href, "tone": "warn" if number else ""}


def _results(caller: Principal) -> dict[str, Any] | None:
    if not caller.has("approver"):
        return None
    number = len(submissions_waiting_for(caller))
    href = url_for("console_results.index")
    return {"label": "等待确认的成绩", "value": number, "unit": "场", "href": href, "tone": "warn" if number else ""}


def _changes(caller: Principal) -> dict[str, Any] | None:
    if not caller.has("operator", "approver"):
        return None
    number = number_for(caller)
    href = url_for("console_certificate_requests.index")
    return {"label": "证书更改待办", "value": number, "unit": "件", "href": href, "tone": "warn" if number else ""}


def _runs_today(caller: Principal) -> dict[str, Any] | None:
    if not caller.has("unit_manager", "operator", "approver", "auditor"):
        return None
    morning = clock.at_local(clock.today())
    held = select(func.count(CourseRun.id)).where(
        runs_visible_to(caller), CourseRun.state == "published", CourseRun.ends_at >= morning,
        CourseRun.starts_at < morning + timedelta(days=1),
    )  # fmt: skip
    number = db.session.scalar(held) or 0
    return {
        "label": "今天上课",
        "value": number,
        "unit": "场",
        "href": url_for("console_runs.index", state="published"),
    }


def _refreshers(caller: Principal) -> dict[str, Any] | None:
    if not caller.has("unit_manager", "operator"):
        return None
    counts = counts_by_state(caller)
    soon, overdue = counts[DueState.SOON], counts[DueState.OVERDUE]
    return {
        "label": "师资复训临期", "value": soon, "unit": "人", "note": f"另有 {overdue} 人已过期" if overdue else "",
        "href": url_for("console_instructors.index", state=DueState.SOON), "tone": "warn" if soon or overdue else "",
    }  # fmt: skip


CARDS: list[Card] = [_runs_today, _results, _changes, _refreshers, _unreached, _dead_jobs]
