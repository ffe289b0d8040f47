"""先签到后补录 at the door: a phone number now, the rest later by the person or by staff (feat-N19)."""

from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from pydantic import Field
from werkzeug.wrappers import Response

from chengjiu_mp.checkin import policy, provisional, queries
from chengjiu_mp.checkin.models import ProvisionalCheckIn
from chengjiu_mp.core.access import access, roles
from chengjiu_mp.core.context import principal
from chengjiu_mp.core.db import unit_of_work
from chengjiu_mp.core.errors import NotFound, Refusal
from chengjiu_mp.core.parsing import In, RowId, from_pairs
from chengjiu_mp.core.qr import qr_svg
from chengjiu_mp.people.phones import mask_phone
from chengjiu_mp.web import forms
from chengjiu_mp.web.admin.desk import DOOR, DeskPage, desk_page, entry_of, once
from chengjiu_mp.web.h5.teach import phase_of, to_complete

blueprint = Blueprint("console_door_first", __name__, url_prefix="/console/runs/<row:run_id>/door/first")

MAY = roles(*DOOR)


class FirstQuery(In):
    meeting: RowId | None = None


class FirstPage(In):
    phone: str = Field("", max_length=60)
    name: str = Field("", max_length=60)
    meeting_id: RowId | None = None


class DropPage(In):
    reason: str = Field("", max_length=200)


@blueprint.get("/")
@access(MAY)
def form(run_id: int) -> str:
    """Show the form, and who is still to be completed."""
    asked = from_pairs(FirstQuery, request.args)
    return _page(run_id, FirstPage.model_validate({"meeting_id": asked.meeting}), None)


@blueprint.post("/")
@access(MAY)
def send(run_id: int) -> Response | tuple[str, int]:
    """Record the person and show the code of their form; or the form again, with what was typed."""
    given = FirstPage.model_validate({})
    try:
        given = from_pairs(FirstPage, request.form, ignore=forms.IGNORED)
        with unit_of_work():
            row = provisional.come_first(run_id, given.meeting_id, given.phone, given.name, principal())
    except NotFound:
        raise
    except Refusal as refusal:
        return _page(run_id, given, refusal), refusal.kind.value
    return redirect(url_for(".show", run_id=run_id, row_id=row.id), 303)


@blueprint.get("/<row:row_id>")
@access(MAY)
def show(run_id: int, row_id: int) -> str:
    """Show the code with which the person completes it on their own phone."""
    row = _row(run_id, row_id)
    return render_template(
        "admin/door_first_code.html", title="已签到，待补录",
        back=url_for(".form", run_id=run_id, meeting=row.meeting_id), row=row,
        phone=mask_phone(provisional.phone_of(row)), run_id=run_id,
        qr=qr_svg(provisional.url_of(row), label="补填信息的二维码，请本人扫"),
    )  # fmt: skip


@blueprint.get("/<row:row_id>/complete")
@access(MAY)
def complete_form(run_id: int, row_id: int) -> str:
    """Show the desk's form for a person who came first."""
    return _complete_page(_row(run_id, row_id), DeskPage.model_validate({}), None)


@blueprint.post("/<row:row_id>/complete")
@access(MAY)
def complete(run_id: int, row_id: int) -> Response | tuple[str, int]:
    """Complete it for the person."""
    row, given = _row(run_id, row_id), DeskPage.model_validate({})
    try:
        given = from_pairs(DeskPage, request.form, ignore=forms.IGNORED)
        once(lambda: provisional.complete(row_id, entry_of(given)).signup.id)
    except Refusal as refusal:
        return _complete_page(_row(run_id, row_id), given, refusal), refusal.kind.value
    return redirect(url_for("teach.roster", run_id=run_id, meeting=row.meeting_id), 303)


@blueprint.post("/<row:row_id>/drop")
@access(MAY)
def drop(run_id: int, row_id: int) -> Response:
    """End it without a sign-up, with the reason."""
    given = from_pairs(DropPage, request.form, ignore=forms.IGNORED)
    with unit_of_work():
        provisional.drop(run_id, row_id, given.reason, principal())
    return redirect(url_for(".form", run_id=run_id), 303)


def _row(run_id: int, row_id: int) -> ProvisionalCheckIn:
    row = provisional.of_run(principal(), run_id, row_id)
    if row.ended_at is not None:
        raise NotFound("这一条已经补好或作废了。请回名单核对。")
    return row


def _page(run_id: int, given: FirstPage, refusal: Refusal | None) -> str:
    run = policy.run_to_check_in(principal(), run_id)
    meeting = queries.meeting_of(run.id, given.meeting_id)
    return render_template(
        "admin/door_first.html", title="先签到后补录", run=run, meeting=meeting, given=given, phase=phase_of(meeting),
        back=url_for("teach.roster", run_id=run.id, meeting=meeting.id),
        errors=forms.errors(refusal, "phone") if refusal else {}, waiting=to_complete(run.id),
        post=url_for(".send", run_id=run.id),
    )  # fmt: skip


def _complete_page(row: ProvisionalCheckIn, given: DeskPage, refusal: Refusal | None) -> str:
    run = policy.run_to_check_in(principal(), row.run_id)
    more: dict[str, Any] = {
        "title": "补录信息", "door": True, "meeting": queries.meeting_of(run.id, row.meeting_id),
        "came": {"at": row.came_at, "name": row.name, "phone": mask_phone(provisional.phone_of(row))},
        "post": url_for(".complete", run_id=run.id, row_id=row.id), "full": False,
        "back": url_for(".form", run_id=run.id, meeting=row.meeting_id),
    }  # fmt: skip
    return desk_page(run, given, refusal, **more)
