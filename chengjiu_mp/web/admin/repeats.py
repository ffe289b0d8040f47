"""每周重复: a run's pattern on many days. The list of dates is looked at before anything is made."""

from datetime import date
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from pydantic import Field
from werkzeug.wrappers import Response

from chengjiu_mp.core import clock, context, ids
from chengjiu_mp.core.access import access, roles
from chengjiu_mp.core.day_words import WEEKDAYS
from chengjiu_mp.core.db import unit_of_work
from chengjiu_mp.core.errors import NotFound, Refusal
from chengjiu_mp.core.parsing import Day, In, TimeOfDay, from_pairs
from chengjiu_mp.courses.copying import pattern_of, suggested_start
from chengjiu_mp.courses.drafting import DRAFTING_ROLES, Draft
from chengjiu_mp.courses.errors import RunTimesWrong
from chengjiu_mp.courses.models import CourseRun
from chengjiu_mp.courses.policy import run_for
from chengjiu_mp.courses.series import MOST, NoDates, Planned, Weekly, make_series, planned
from chengjiu_mp.web import forms

blueprint = Blueprint("console_repeats", __name__, url_prefix="/console/runs")

MAY = roles(*DRAFTING_ROLES)


class WeeklyPage(In):
    weekdays: list[int] = Field(min_length=1, max_length=7)
    first: Day
    begins: TimeOfDay
    ends: TimeOfDay
    count: int | None = Field(None, ge=1, le=MOST)
    last: Day | None = None
    days: int = Field(1, ge=1, le=4)
    holidays: str = Field("skip", pattern="^(skip|warn)$")
    title: str = Field("", max_length=100)
    # Only the list's own form has these: which list it is, and the days left ticked on it.
    uid: str = Field("", pattern="^([0-9a-f]{32})?$")
    chosen: list[Day] = Field(default_factory=list, max_length=200)


class NoEnd(Refusal):
    code = "no_end"
    message = "请填共几场，或到哪一天为止。"
    kind = NoDates.kind


@blueprint.get("/<row:run_id>/repeat")
@access(MAY)
def form(run_id: int) -> str:
    """Ask which days."""
    run = run_for(context.principal(), run_id)
    begins, ends = clock.local(suggested_start(run)), clock.local(pattern_of(run).meetings[0].ends_at)
    values = {
        "weekdays": [str(begins.weekday())], "first": f"{begins:%Y-%m-%d}", "begins": f"{begins:%H:%M}",
        "ends": f"{ends:%H:%M}", "count": "4", "days": "1", "holidays": "skip", "title": run.title,
    }  # fmt: skip
    return _form(run, values, {})


@blueprint.post("/<row:run_id>/repeat/preview")
@access(MAY)
def check(run_id: int) -> str | tuple[str, int]:
    """Show every date with what speaks against it; nothing is written."""
    run = run_for(context.principal(), run_id)
    try:
        given = _given()
        dates = planned(_weekly(given), pattern_of(run))
    except Refusal as refusal:
        return _form(run, _sent(), forms.errors(refusal, "first")), refusal.kind.value
    return render_template(
        "admin/repeat_preview.html", title="核对日期", back=url_for(".form", run_id=run_id), run=run, given=given,
        dates=dates, this_year=clock.today().year, uid=ids.new_uid(),
        number=sum(one.draft is not None for one in dates),
    )  # fmt: skip


@blueprint.post("/<row:run_id>/repeat")
@access(MAY)
def make(run_id: int) -> str | Response | tuple[str, int]:
    """Draft the runs of the days that stayed ticked."""
    run = run_for(context.principal(), run_id)
    try:
        given = _given()
        with unit_of_work():
            drafts = _drafts(planned(_weekly(given), pattern_of(run)), given.chosen)
            series_id = make_series(given.uid or ids.new_uid(), given.title, drafts).id
    except Refusal as refusal:
        said = {"first": refusal.sentence} if isinstance(refusal, NotFound) else forms.errors(refusal, "first")
        return _form(run, _sent(), said), refusal.kind.value
    return redirect(url_for("console_series.show", series_id=series_id), 303)


def _given() -> WeeklyPage:
    given = from_pairs(WeeklyPage, request.form, ignore=forms.IGNORED)
    if given.begins >= given.ends:
        raise RunTimesWrong("下课时间要晚于上课时间。", field="ends")
    if given.count is None and given.last is None:
        raise NoEnd(field="count")
    return given


def _weekly(given: WeeklyPage) -> Weekly:
    return Weekly(
        frozenset(given.weekdays), given.first, given.begins, given.ends, given.count, given.last, given.days,
        given.holidays == "skip",
    )  # fmt: skip


def _drafts(dates: list[Planned], chosen: list[date]) -> list[Draft]:
    drafts = [one.draft for one in dates if one.draft and one.day in chosen]
    if not drafts:
        raise NoDates("一天也没有勾选。请至少勾一天。", field="first")
    return drafts


def _sent() -> dict[str, Any]:
    return {name: request.form.getlist(name) if name == "weekdays" else request.form[name] for name in request.form}


def _form(run: CourseRun, values: dict[str, Any], errors: dict[str, str]) -> str:
    return render_template(
        "admin/repeat_form.html", title="每周重复", back=url_for("console_runs.show", run_id=run.id), run=run,
        values=values, errors=errors, weekdays=list(enumerate(WEEKDAYS)),
    )  # fmt: skip
