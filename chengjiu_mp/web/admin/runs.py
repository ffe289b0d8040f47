"""Runs in the console: the list, one run with its roster, and what staff do to it once it is public."""

from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from pydantic import Field
from sqlalchemy import and_
from werkzeug.wrappers import Response

from chengjiu_mp.checkin import messages, wall_queries
from chengjiu_mp.checkin.closing import closing_of
from chengjiu_mp.checkin.evidence import lacking, lacks_evidence
from chengjiu_mp.checkin.queries import refused_scans
from chengjiu_mp.checkin.record import record_of
from chengjiu_mp.core import context
from chengjiu_mp.core.access import STAFF, access, roles
from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.core.errors import NotFound, Refusal
from chengjiu_mp.core.parsing import In, from_pairs
from chengjiu_mp.courses import changes, guardians, presenting, publishing, queries, reserving, signup_queries
from chengjiu_mp.courses.groups import seated_by_group
from chengjiu_mp.courses.models import Signup
from chengjiu_mp.courses.policy import run_for, runs_visible_to, signups_visible_to
from chengjiu_mp.courses.series import series_of
from chengjiu_mp.courses.withdrawing import withdraw
from chengjiu_mp.people.documents import DocType
from chengjiu_mp.web import forms
from chengjiu_mp.web.admin import leaving
from chengjiu_mp.web.admin.guardian_words import with_guardian
from chengjiu_mp.web.admin.run_rows import RUN_COLUMNS, run_rows, run_state
from chengjiu_mp.web.h5 import closing
from chengjiu_mp.web.h5.record import pictures_shown

blueprint = Blueprint("console_runs", __name__, url_prefix="/console/runs")

STATES = {"draft": "草稿", "published": "已发布", "closed": "已结束", "cancelled": "停课"}
_SIGNUP_STATES = {
    "confirmed": ("已报上", "ok"), "offered": ("待确认", "warn"), "pending": ("待监护人同意", "warn"),
    "waitlisted": ("候补", "warn"),
}  # fmt: skip
_OUTCOMES = {"attended": ("已签到", "ok"), "absent": ("未到场", "plain")}
_WARNINGS = {
    "age_unknown": "核对年龄", "minor": "未成年人", "phone_no_sms": "收不到短信", "name_compatibility": "核对字形",
    "name_parts_joined": "核对间隔号", "name_single_character": "核对姓名", "name_mixed_scripts": "核对姓名",
    "name_iteration_mark": "核对姓名", "glyph_missing": "待补字", "doc_retyped": "证件类型已更正",
}  # fmt: skip


class CapacityPage(In):
    capacity: int = Field(ge=1, le=5000)


class ReasonPage(In):
    reason: str = Field("", max_length=200)


@blueprint.get("/")
@access(STAFF)
def index() -> str:
    """List the runs in the caller's scope, the latest first."""
    state = request.args.get("state")
    state = state if state in STATES else None
    visible, bare = runs_visible_to(context.principal()), request.args.get("evidence") == "missing"
    found = queries.runs_in_scope(and_(visible, lacks_evidence()) if bare else visible, state)
    return render_template(
        "admin/runs.html", title="场次", chips=_chips("bare" if bare else state, lacking(visible)),
        columns=RUN_COLUMNS, rows=run_rows(found),
        may_draft=context.principal().has("operator", "unit_manager"),
    )  # fmt: skip


def _chips(current: str | None, bare: int) -> list[dict[str, Any]]:
    chips = [{"label": "全部", "href": url_for(".index"), "current": current is None}]
    chips += [{"label": STATES[s], "href": url_for(".index", state=s), "current": s == current} for s in STATES]
    shown = {"href": url_for(".index", state="closed", evidence="missing"), "current": current == "bare"}
    return [*chips, {"label": "待补佐证", "count": bare, **shown}]


@blueprint.get("/<row:run_id>")
@access(STAFF)
def show(run_id: int) -> str:
    """Show one run: its facts, its roster, and the verbs that its state allows."""
    return _page(run_id, {})


def _page(run_id: int, errors: dict[str, str]) -> str:
    caller = context.principal()
    run_for(caller, run_id)
    found = queries.run_with_seats(run_id)
    lines = presenting.roster(signup_queries.roster(run_id, signups_visible_to(caller)), with_document=True)
    asked = guardians.consents_of(run_id)
    return render_template(
        "admin/run.html", title=found.run.title, back=url_for(".index"), found=found, run=found.run, errors=errors,
        meetings=queries.meetings_of(run_id), teachers=queries.instructors_of(run_id),
        people=[with_guardian(_person(line), line, asked) for line in lines], url=queries.run_url(found.run),
        state=run_state(found),
        operator=caller.has("operator"), drafter=caller.has("operator", "unit_manager"),
        warnings=publishing.warnings_of(run_id) if found.run.state == "draft" else [], series=series_of(run_id),
        groups=seated_by_group(run_id),
        publisher=caller.has(*publishing.PUBLISHING_ROLES), unconfirmed=sum(not line.name_confirmed for line in lines),
        checked_in=signup_queries.checked_in_count(run_id), by_wall=wall_queries.by_wall(found.run),
        reserves=reserving.reserves_listed(run_id), changed=_changes(run_id),
        left=leaving.people_who_left(run_id), closing=closing_of(found.run),
        pictures=pictures_shown(run_id), submitted=record_of(run_id),
        refused=refused_scans(run_id), words=messages.WORDS, sources=messages.SOURCES,
    )  # fmt: skip


def _changes(run_id: int) -> list[dict[str, Any]]:
    """Return the changes of a run with how many answered what, the newest first."""
    found = changes.changes_of(run_id)
    said = changes.answers_to(one.id for one in found)
    words = {"cancelled": "停课", "rescheduled": "改期", "merged": "并入另一场"}
    answers = (*changes.ANSWERS.items(), (None, "还没答"))
    return [
        {"word": words[one.kind], "at": one.made_at, "reason": one.reason, "was": one.was_starts_at,
         "said_words": [(label, f"{said.get(one.id, {}).get(key, 0)} 人") for key, label in answers]}
        for one in found
    ]  # fmt: skip


def _person(line: Any) -> dict[str, Any]:
    word, tone = _OUTCOMES.get(line.outcome or "") or _SIGNUP_STATES[line.state]
    document = DocType(line.doc_type).label if line.doc_type in DocType.__members__.values() else "证件"
    known = sorted({_WARNINGS.get(code, "核对证件") for code in line.warnings})
    facts = [
        line.phone_masked,
        f"{document}尾号 {line.doc_last4}" if line.doc_last4 else "",
        *known,
        line.latin_name,
        "" if line.name_confirmed or line.outcome else "姓名未确认",
        "超员加人" if line.over_capacity else "",
    ]
    state = f"候补第 {line.position} 位" if line.position else word
    return {
        "id": line.id,
        "name": line.name,
        "facts": facts,
        "state": state,
        "tone": tone,
        "ahead": line.outcome is None,
    }


@blueprint.post("/<row:run_id>/capacity")
@access(roles("operator"))
def change_capacity(run_id: int) -> str | Response | tuple[str, int]:
    """Change the seats."""
    try:
        given = from_pairs(CapacityPage, request.form, ignore=forms.IGNORED)
        with unit_of_work():
            publishing.set_capacity(run_for(context.principal(), run_id, roles=("operator",)), given.capacity)
    except NotFound:
        raise
    except Refusal as refusal:
        return _page(run_id, forms.errors(refusal, "capacity")), refusal.kind.value
    return _back(run_id)


@blueprint.post("/<row:run_id>/close")
@access(roles("operator"))
def close(run_id: int) -> str | Response | tuple[str, int]:
    """End the run with its head count."""
    try:
        given = from_pairs(closing.ClosePage, request.form, ignore=forms.IGNORED)
        with unit_of_work():
            closing.close(run_id, given, ("operator",))
    except NotFound:
        raise
    except Refusal as refusal:
        return _page(run_id, forms.errors(refusal, "head_count")), refusal.kind.value
    return _back(run_id)


@blueprint.post("/<row:run_id>/signups/<row:signup_id>/withdraw")
@access(roles("operator", "unit_manager"))
def withdraw_signup(run_id: int, signup_id: int) -> Response:
    """Give somebody's place back, on their word."""
    given = from_pairs(ReasonPage, request.form, ignore=forms.IGNORED)
    caller = context.principal()
    grants = tuple(g for g in caller.grants if g.role in ("operator", "unit_manager") and not g.read_only)
    staff = context.Principal(account_id=caller.account_id, name=caller.name, grants=grants)
    with unit_of_work():
        found = signup_queries.signup_in(signups_visible_to(staff), signup_id)
        if found is None or found.run_id != run_id:
            raise NotFound
        withdraw(db.session.get_one(Signup, signup_id), given.reason)
    return _back(run_id)


def _back(run_id: int) -> Response:
    return redirect(url_for(".show", run_id=run_id), 303)
