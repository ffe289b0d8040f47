"""告知书: each purpose's text, drafted by an operator, put in force by an approver, every version kept."""

from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from pydantic import Field
from werkzeug.wrappers import Response

from chengjiu_mp.core.access import OFFICE, STAFF, access, roles
from chengjiu_mp.core.context import principal
from chengjiu_mp.core.db import unit_of_work
from chengjiu_mp.core.errors import NotFound, Refusal
from chengjiu_mp.core.parsing import In, from_pairs
from chengjiu_mp.people import notices
from chengjiu_mp.people.models import Notice
from chengjiu_mp.web import forms
from chengjiu_mp.web.admin.scope import require_city

blueprint = Blueprint("console_notices", __name__, url_prefix="/console/notices")

BODY = 6000


class NoticePage(In):
    title: str = Field(default="", max_length=100)
    body: str = Field(default="", max_length=BODY)
    required: bool = False


@blueprint.get("/")
@access(STAFF)
def index() -> str:
    """Show each purpose with what is in force and what is drafted."""
    rows = [_row(purpose, word) for purpose, word in notices.PURPOSES.items()]
    return render_template("admin/notices.html", title="告知书", rows=rows)


def _row(purpose: str, word: str) -> dict[str, Any]:
    versions = notices.published_versions(purpose)
    current = next((one for one in versions if one.current), None)
    return {"purpose": purpose, "word": word, "current": current, "draft": notices.draft_of(purpose), "old": versions}


@blueprint.get("/<purpose>/draft")
@access(OFFICE)
def form(purpose: str) -> str:
    """Show the draft, or the text in force to begin from."""
    require_city("operator", "approver")
    return _form(purpose, notices.draft_of(purpose) or _current(purpose), {})


@blueprint.post("/<purpose>/draft")
@access(OFFICE)
def save(purpose: str) -> Response | tuple[str, int]:
    """Keep the draft and show it as people will read it."""
    require_city("operator", "approver")
    given = NoticePage()
    try:
        given = from_pairs(NoticePage, request.form, ignore=forms.IGNORED)
        forms.need(given, title="请填写标题。", body="请填写正文。")
        with unit_of_work():
            notices.draft_notice(purpose, given.title, given.body, required=given.required)
    except Refusal as refusal:
        return _form(purpose, given, forms.errors(refusal, "body")), refusal.kind.value
    return redirect(url_for(".preview", purpose=purpose), 303)


@blueprint.get("/<purpose>/preview")
@access(STAFF)
def preview(purpose: str) -> str | Response:
    """Show the draft beside what is in force, before it is published."""
    draft = notices.draft_of(_known(purpose))
    return _preview(draft) if draft else redirect(url_for(".index"), 303)


@blueprint.post("/<row:notice_id>/publish")
@access(roles("approver"))
def publish(notice_id: int) -> Response | tuple[str, int]:
    """Put a draft in force."""
    require_city("approver")
    try:
        with unit_of_work():
            done = notices.publish_notice(notice_id)
    except NotFound:
        raise
    except Refusal as refusal:
        return render_template("admin/notices.html", title="告知书", problem=refusal.sentence, rows=[
            _row(purpose, word) for purpose, word in notices.PURPOSES.items()
        ]), refusal.kind.value  # fmt: skip
    return redirect(url_for("privacy.text", purpose=done.purpose, version=done.version), 303)


@blueprint.post("/<row:notice_id>/drop")
@access(OFFICE)
def drop(notice_id: int) -> Response:
    """Take a draft away."""
    require_city("operator", "approver")
    with unit_of_work():
        notices.drop_draft(notice_id)
    return redirect(url_for(".index"), 303)


@blueprint.post("/<row:notice_id>/stop")
@access(roles("approver"))
def stop(notice_id: int) -> Response:
    """Ask for an optional consent no longer."""
    require_city("approver")
    with unit_of_work():
        notices.stop_notice(notice_id)
    return redirect(url_for(".index"), 303)


def _known(purpose: str) -> str:
    if purpose not in notices.PURPOSES:
        raise NotFound
    return purpose


def _current(purpose: str) -> Notice | None:
    return next((one for one in notices.published_versions(_known(purpose)) if one.current), None)


def _form(purpose: str, given: Notice | NoticePage | None, errors: dict[str, str]) -> str:
    return render_template(
        "admin/notice_form.html", title=f"起草：{notices.PURPOSES[_known(purpose)]}", back=url_for(".index"),
        given=given or NoticePage(), purpose=purpose, errors=errors, limit=BODY,
        always=purpose in notices.ALWAYS_REQUIRED,
    )  # fmt: skip


def _preview(draft: Notice) -> str:
    return render_template(
        "admin/notice_preview.html", title=f"核对：{draft.title}", back=url_for(".form", purpose=draft.purpose),
        draft=draft, current=_current(draft.purpose), may_publish=principal().has("approver"),
        may_edit=principal().has("operator", "approver"),
    )  # fmt: skip
