"""现场加人: who comes to the door without a sign-up is signed up and checked in with one form, the desk's.

Beyond the capacity somebody in charge, who stands there, ticks that one more fits. Who waits in the line is let in the
same way, from the roster.
"""

from typing import Any

from flask import Blueprint, redirect, request, url_for
from pydantic import Field
from werkzeug.wrappers import Response

from chengjiu_mp.checkin import policy, queries
from chengjiu_mp.checkin.walking_in import WalkIn, add_at_the_door, let_in_at_the_door
from chengjiu_mp.core import ids
from chengjiu_mp.core.access import access, roles
from chengjiu_mp.core.context import principal
from chengjiu_mp.core.db import unit_of_work
from chengjiu_mp.core.errors import NotFound, Refusal
from chengjiu_mp.core.parsing import In, RowId, from_pairs
from chengjiu_mp.courses.models import CourseRun, Meeting
from chengjiu_mp.courses.policy import may_enter_others
from chengjiu_mp.web import forms
from chengjiu_mp.web.admin.desk import DOOR, DeskPage, desk_page, entry_of, once
from chengjiu_mp.web.h5.teach import phase_of, roster_path

blueprint = Blueprint("console_door", __name__, url_prefix="/console/runs")

MAY = roles(*DOOR)


class DoorQuery(In):
    meeting: RowId | None = None


class DoorPage(DeskPage):
    """``over``: one more than the capacity fits."""

    meeting_id: RowId | None = None
    over: bool = False


class LetInPage(In):
    signup_id: RowId
    meeting_id: RowId
    back: str = Field("", max_length=300)


@blueprint.get("/<row:run_id>/door")
@access(MAY)
def form(run_id: int) -> str:
    """Show the form for the person at the door."""
    asked = from_pairs(DoorQuery, request.args)
    return _page(run_id, DoorPage.model_validate({"meeting_id": asked.meeting}), None)


@blueprint.post("/<row:run_id>/door")
@access(MAY)
def send(run_id: int) -> Response | tuple[str, int]:
    """Add the person and check them in; or the form again with everything kept but the document number."""
    given = DoorPage.model_validate({})
    try:
        given = from_pairs(DoorPage, request.form, ignore=forms.IGNORED)
        signup_id = once(lambda: _added(run_id, given))
    except NotFound:
        raise
    except Refusal as refusal:
        return _page(run_id, given, refusal), refusal.kind.value
    if may_enter_others(principal(), run_id):
        return redirect(url_for("console_desk.ticket", run_id=run_id, signup_id=signup_id), 303)
    return redirect(url_for("teach.roster", run_id=run_id, meeting=given.meeting_id), 303)


@blueprint.post("/<row:run_id>/door/let-in")
@access(MAY)
def let_in(run_id: int) -> Response:
    """Seat somebody of the line beyond the capacity, and check them in."""
    given = from_pairs(LetInPage, request.form, ignore=forms.IGNORED)
    how = WalkIn(given.meeting_id, ids.new_token(), over=True)
    with unit_of_work():
        answer = let_in_at_the_door(run_id, given.signup_id, how, principal())
    return redirect(f"{roster_path(given.back, run_id)}?meeting={given.meeting_id}&last={answer.scan_id}", 303)


def _added(run_id: int, given: DoorPage) -> int:
    _, meeting = _run(run_id, given)
    how = WalkIn(meeting.id, ids.new_token(), given.over, "paper" if phase_of(meeting) == "paper" else "name")
    made, _ = add_at_the_door(run_id, entry_of(given), how, principal())
    return made.signup.id


def _run(run_id: int, given: DoorPage) -> tuple[CourseRun, Meeting]:
    run = policy.run_to_check_in(principal(), run_id)
    return run, queries.meeting_of(run.id, given.meeting_id)


def _page(run_id: int, given: DoorPage, refusal: Refusal | None) -> str:
    run, meeting = _run(run_id, given)
    more: dict[str, Any] = {"title": "现场加人", "door": True, "meeting": meeting}
    back = url_for("teach.roster", run_id=run.id, meeting=meeting.id)
    return desk_page(run, given, refusal, post=url_for(".send", run_id=run.id), back=back, **more)
