"""The hall's screen: opening it, the page that is projected, ending it. All of it works by forms alone."""

import math
from typing import Literal

from flask import Blueprint, redirect, render_template, request, url_for
from pydantic import Field
from werkzeug.wrappers import Response

from chengjiu_mp.checkin import policy, queries, wall_queries
from chengjiu_mp.checkin.schemas import ScanIn
from chengjiu_mp.checkin.service import record_scans
from chengjiu_mp.checkin.wall_api import code_out
from chengjiu_mp.checkin.wall_displays import asks_twice, end_display, open_display, shown_now
from chengjiu_mp.checkin.wall_errors import WallRefusal
from chengjiu_mp.core import clock
from chengjiu_mp.core.access import access, roles
from chengjiu_mp.core.context import principal
from chengjiu_mp.core.db import unit_of_work
from chengjiu_mp.core.parsing import In, RowId, from_pairs
from chengjiu_mp.courses.models import Meeting
from chengjiu_mp.web import forms
from chengjiu_mp.web.h5.teach import phase_of, roster_path

blueprint = Blueprint("wall_screen", __name__)

MAY = roles("instructor", "operator")


class WallQuery(In):
    meeting: RowId | None = None
    display: RowId | None = None


class OpenPage(In):
    meeting_id: RowId | None = None
    step_seconds: Literal["15", "30"] = "15"


class EndPage(In):
    display_id: RowId


class PresentPage(In):
    """Who scanned once was looked for and found in the hall."""

    signup_id: RowId
    meeting_id: RowId
    nonce: str = Field(min_length=8, max_length=64, pattern=r"^[a-z2-7]+$")
    back: str = Field(default="", max_length=300)


@blueprint.get("/teach/runs/<row:run_id>/wall")
@access(MAY)
def page(run_id: int) -> str | tuple[str, int]:
    """Show a display's code for the projector, or what to open one with."""
    asked = from_pairs(WallQuery, request.args)
    if asked.display is None:
        return _start(run_id, asked.meeting)
    try:
        shown = shown_now(run_id, asked.display, principal())
    except WallRefusal as refusal:
        return _start(run_id, asked.meeting, refusal.sentence), refusal.kind.value
    return render_template(
        "h5/wall.html", title="墙上的码", run=queries.seen_run(principal(), run_id), display=shown.display,
        meeting=queries.meeting_of(run_id, shown.display.meeting_id), shown=code_out(shown),
        refresh=math.ceil(shown.lives_for),
    )  # fmt: skip


def _start(run_id: int, meeting_id: int | None, said: str = "") -> str:
    run = policy.run_to_check_in(principal(), run_id)
    meeting = queries.meeting_of(run.id, meeting_id)
    return render_template(
        "h5/wall_start.html", title="墙上的码", back=url_for("teach.roster", run_id=run.id, meeting=meeting.id),
        run=queries.seen_run(principal(), run.id), meeting=meeting, meetings=queries.meetings_of(run.id), said=said,
        displays=wall_queries.displays_of(meeting.id), twice=asks_twice(run), phase=_phase(meeting),
        opens=policy.opens_at(meeting), path=request.path,
    )  # fmt: skip


def _phase(meeting: Meeting) -> str:
    """Return "early", "open" or "over": the wall has no time of grace after the meeting."""
    return "over" if clock.now() > meeting.ends_at else phase_of(meeting)


@blueprint.post("/teach/runs/<row:run_id>/wall")
@access(MAY)
def open_(run_id: int) -> Response | tuple[str, int]:
    """Open a display and show it; a second tap shows the same one."""
    given = from_pairs(OpenPage, request.form, ignore=forms.IGNORED)
    try:
        with unit_of_work():
            row = open_display(run_id, given.meeting_id, principal(), step=int(given.step_seconds))
            display_id = row.id
    except WallRefusal as refusal:
        return _start(run_id, given.meeting_id, refusal.sentence), refusal.kind.value
    return redirect(url_for(".page", run_id=run_id, display=display_id), 303)


@blueprint.post("/teach/runs/<row:run_id>/wall/end")
@access(MAY)
def end(run_id: int) -> Response:
    """End a display, and go back to the roster."""
    given = from_pairs(EndPage, request.form, ignore=forms.IGNORED)
    with unit_of_work():
        meeting_id = end_display(run_id, given.display_id, principal()).meeting_id
    return redirect(url_for("teach.roster", run_id=run_id, meeting=meeting_id), 303)


@blueprint.post("/teach/runs/<row:run_id>/wall/present")
@access(MAY)
def present(run_id: int) -> Response:
    """Record by name that somebody who scanned once is in the hall."""
    given = from_pairs(PresentPage, request.form, ignore=forms.IGNORED)
    scan = ScanIn(
        nonce=given.nonce, signup_id=given.signup_id, meeting_id=given.meeting_id, scanned_at=clock.now(), source="name"
    )
    with unit_of_work():
        answer = record_scans(run_id, [scan], principal())[0]
    tail = f"last={answer.scan_id}" if answer.verdict == "refused" else "said=present"
    return redirect(f"{roster_path(given.back, run_id)}?{tail}&meeting={given.meeting_id}", 303)
