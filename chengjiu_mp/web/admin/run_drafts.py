"""Drafting and publishing a run in the console."""

from dataclasses import replace
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from chengjiu_mp.core import context
from chengjiu_mp.core.access import access, roles
from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.core.errors import NotFound, Refusal
from chengjiu_mp.core.parsing import from_pairs
from chengjiu_mp.core.wording import sentence_for
from chengjiu_mp.courses import publishing, queries
from chengjiu_mp.courses.copying import draft_like, suggested_start
from chengjiu_mp.courses.drafting import DRAFTING_ROLES, draft_run, edit_draft
from chengjiu_mp.courses.errors import RunNotDraft
from chengjiu_mp.courses.models import CourseRun
from chengjiu_mp.courses.policy import run_for
from chengjiu_mp.exams.models import ExamScheme
from chengjiu_mp.web import forms
from chengjiu_mp.web.admin.run_forms import SITTINGS, RunPage, choices, draft_of, fields_of, typed
from chengjiu_mp.web.admin.settings import syllabus_facts

blueprint = Blueprint("console_run_drafts", __name__, url_prefix="/console/runs")

MAY_DRAFT = roles(*DRAFTING_ROLES)
MAY_PUBLISH = roles(*publishing.PUBLISHING_ROLES)


@blueprint.get("/new")
@access(MAY_DRAFT)
def new() -> str:
    """Show the empty form."""
    return _form(url_for(".create"), {"kind": "cpr_aed", "sector": "community", "audience": "all"}, {})


@blueprint.post("/new")
@access(MAY_DRAFT)
def create() -> str | Response | tuple[str, int]:
    """Keep the draft."""
    try:
        draft = draft_of(from_pairs(RunPage, request.form, ignore=forms.IGNORED))
        with unit_of_work():
            run_id = draft_run(draft).id
    except Refusal as refusal:
        return _form(url_for(".create"), _sent(), _errors(refusal)), refusal.kind.value
    return redirect(url_for("console_runs.show", run_id=run_id), 303)


@blueprint.get("/<row:run_id>/copy")
@access(MAY_DRAFT)
def copy(run_id: int) -> str:
    """Show the form with everything of a run but its date: a week later, to be changed."""
    run = run_for(context.principal(), run_id)
    # The window for signing up is part of the date: left in, it would contradict the day that is typed next.
    draft = replace(draft_like(run, suggested_start(run)), signup_opens_at=None, signup_closes_at=None)
    return _form(url_for(".create"), fields_of(draft), {}, copied=run)


@blueprint.get("/<row:run_id>/edit")
@access(MAY_DRAFT)
def edit(run_id: int) -> str:
    """Show a draft in the form."""
    found = _draft(run_id, DRAFTING_ROLES)
    teachers = [one.id for one in queries.instructors_of(run_id)]
    values = typed(found, list(queries.meetings_of(run_id)), teachers)
    return _form(url_for(".keep", run_id=run_id), values, {})


@blueprint.post("/<row:run_id>/edit")
@access(MAY_DRAFT)
def keep(run_id: int) -> str | Response | tuple[str, int]:
    """Replace what the draft holds."""
    _draft(run_id, DRAFTING_ROLES)
    try:
        draft = draft_of(from_pairs(RunPage, request.form, ignore=forms.IGNORED))
        with unit_of_work():
            edit_draft(run_for(context.principal(), run_id, roles=DRAFTING_ROLES), draft)
    except Refusal as refusal:
        return _form(url_for(".keep", run_id=run_id), _sent(), _errors(refusal)), refusal.kind.value
    return redirect(url_for("console_runs.show", run_id=run_id), 303)


@blueprint.get("/<row:run_id>/publish")
@access(MAY_PUBLISH)
def confirm(run_id: int) -> str:
    """Show what will be frozen, what nobody has confirmed, and what to look at first."""
    found = _draft(run_id, publishing.PUBLISHING_ROLES)
    syllabus = queries.current_syllabus(found.run.syllabus.course_type.code) or found.run.syllabus
    scheme = db.session.get(ExamScheme, syllabus.exam_scheme_id) if syllabus.exam_scheme_id else None
    return render_template(
        "admin/run_publish.html", title="发布场次", back=url_for("console_runs.show", run_id=run_id), found=found,
        run=found.run, syllabus=syllabus, facts=syllabus_facts(syllabus, scheme),
        warnings=publishing.warnings_of(run_id), meetings=queries.meetings_of(run_id),
    )  # fmt: skip


@blueprint.post("/<row:run_id>/publish")
@access(MAY_PUBLISH)
def publish(run_id: int) -> Response:
    """Make the draft public."""
    with unit_of_work():
        publishing.publish(run_for(context.principal(), run_id, roles=publishing.PUBLISHING_ROLES))
    return redirect(url_for("console_runs.show", run_id=run_id), 303)


def _draft(run_id: int, allowed: tuple[str, ...]) -> queries.RunAndSeats:
    run = run_for(context.principal(), run_id, roles=allowed)
    if run.state != "draft":
        raise RunNotDraft
    return queries.run_with_seats(run_id)


def _form(action: str, values: dict[str, Any], errors: dict[str, str], copied: CourseRun | None = None) -> str:
    return render_template(
        "admin/run_form.html", title="场次资料", back=url_for("console_runs.index"), action=action, values=values,
        errors=errors, copied=copied, sittings=list(SITTINGS), **choices(context.principal()),
    )  # fmt: skip


def _sent() -> dict[str, Any]:
    return {
        name: request.form.getlist(name) if name == "instructor_ids" else request.form[name] for name in request.form
    }


def _errors(refusal: Refusal) -> dict[str, str]:
    if isinstance(refusal, NotFound):
        return {"unit_id": "这个单位不在您的管理范围内，请重新选择。"}
    found = forms.errors(refusal, "kind")
    # The timetable is one thing to correct: its complaint stands at its first line.
    told = {"m1.day" if name in ("meetings", "m1") else name: sentence for name, sentence in found.items()}
    if "m1.day" in told:
        empty = [name for name in ("m1.begins", "m1.ends") if not request.form.get(name)]
        told |= dict.fromkeys(empty, sentence_for("missing", None))
    return told
