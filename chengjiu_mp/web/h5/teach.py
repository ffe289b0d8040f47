"""The instructor's pages: today's runs, and the roster with its ticks. All of it works by forms alone."""

from typing import Any, Literal

from flask import Blueprint, redirect, render_template, request, url_for
from pydantic import Field
from werkzeug.wrappers import Response

from chengjiu_mp.checkin import attendance, messages, policy, provisional, queries, wall_queries
from chengjiu_mp.checkin.answers import answer_of
from chengjiu_mp.checkin.attended import attended_of, syllabus_of
from chengjiu_mp.checkin.closing import closing_of
from chengjiu_mp.checkin.conflicts import conflicts
from chengjiu_mp.checkin.device_api import MAY, MAY_HELP, door
from chengjiu_mp.checkin.schemas import ScanIn
from chengjiu_mp.checkin.service import record_scans
from chengjiu_mp.core import clock, ids
from chengjiu_mp.core.access import access
from chengjiu_mp.core.context import principal
from chengjiu_mp.core.db import unit_of_work
from chengjiu_mp.core.parsing import In, RowId, from_pairs
from chengjiu_mp.courses.models import CourseRun, Meeting
from chengjiu_mp.courses.policy import ROSTER_OPENS
from chengjiu_mp.people.phones import mask_phone
from chengjiu_mp.web import forms
from chengjiu_mp.web.view import own_path

blueprint = Blueprint("teach", __name__)


class RosterQuery(In):
    """``last``: the scan that was just made; ``said``: what else just happened."""

    meeting: RowId | None = None
    last: RowId | None = None
    said: Literal["", "annulled", "present"] = ""


class SearchPage(In):
    """What is searched for is personal data: it travels in a form's body, never in an address."""

    q: str = Field(default="", max_length=60)
    meeting: RowId | None = None


class TickPage(In):
    signup_id: RowId
    meeting_id: RowId
    nonce: str = Field(min_length=8, max_length=64, pattern=r"^[a-z2-7]+$")
    source: Literal["name", "paper"] = "name"
    reason: str = Field(default="", max_length=200)
    back: str = Field(default="", max_length=300)


class AnnulPage(In):
    scan_id: RowId
    reason: str = Field(min_length=1, max_length=200)
    back: str = Field(default="", max_length=300)


@blueprint.get("/teach/")
@access(MAY)
def today() -> str:
    """Show the runs of the signed-in instructor: today's, those to come, those of last week."""
    days: dict[str, list[dict[str, Any]]] = {"today": [], "coming": [], "past": []}
    for run in queries.runs_to_teach(principal()):
        days[_part_of_list(run)].append(_card(run))
    return render_template("h5/teach_today.html", title="今日", days=days)


def _part_of_list(run: CourseRun) -> str:
    if any(clock.day_of(m.starts_at) == clock.today() for m in run.meetings):
        return "today"
    return "coming" if run.ends_at > clock.now() else "past"


def _card(run: CourseRun) -> dict[str, Any]:
    opens = run.starts_at - ROSTER_OPENS
    meeting = queries.meeting_of(run.id) if run.meetings else None
    figures = queries.counts(run.id, meeting.id) if meeting else queries.Counts(0, 0)
    told = f"已到 {figures.arrived}/{figures.expected}" if clock.now() >= opens else f"{figures.expected} 人已报名"
    shown = meeting or run
    return {
        "url": url_for("teach.roster", run_id=run.id), "title": run.title, "starts_at": shown.starts_at,
        "ends_at": shown.ends_at, "place": run.venue.name, "state": told,
        "counts_for": "" if clock.now() >= opens else "名单在开课前一天开放",
    }  # fmt: skip


@blueprint.route("/teach/runs/<row:run_id>", methods=["GET", "POST"])
@access(MAY_HELP)
def roster(run_id: int) -> str:
    """Show who is here, who is missing, and what was refused; a post searches."""
    return show_roster(run_id, "base.html", url_for("teach.today"))


def show_roster(run_id: int, shell: str, back: str) -> str:
    """Return the roster's page within a shell; the console shows the same one.

    On a phone that is only paired it has names to tick and nothing else: no document's digits, no way back in time.
    """
    asked = from_pairs(RosterQuery, request.args)
    search = from_pairs(SearchPage, request.form, ignore=forms.IGNORED)
    at = door(run_id)
    run = at.run
    meeting = queries.meeting_of(run.id, search.meeting or asked.meeting)
    rows = queries.roster(run.id, meeting.id, search.q, documents=not at.limited)
    last = answer_of(run, asked.last, at.by) if asked.last else None
    return render_template(
        "h5/roster.html", shell=shell, title="名单", back="" if at.limited else back, run=queries.with_venue(run.id),
        meeting=meeting, meetings=queries.meetings_of(run.id), figures=queries.counts(run.id, meeting.id),
        missing=[r for r in rows if not r.checked_in], here=[r for r in rows if r.checked_in], said=asked.said,
        q=search.q, phase=phase_at(at, meeting), opens=policy.opens_at(meeting), last=last,
        undo=_undo(run, asked.last), device=at.device if at.limited else None,
        refused=queries.refused_scans(run.id), conflicts=conflicts(run.id, meeting.id), words=messages.WORDS,
        waiting=queries.waiting(run.id), to_complete=to_complete(run.id), sources=messages.SOURCES,
        new_nonce=ids.new_token, path=request.path, wall=wall_queries.on_roster(run, meeting),
        closing=closing_of(run), **_shares(run, rows),
    )  # fmt: skip


def _shares(run: CourseRun, rows: list[queries.RosterRow]) -> dict[str, Any]:
    """Return what was attended, where a roster of one meeting does not tell: several meetings, or exits."""
    exit_scan = syllabus_of(run).exit_scan
    if not exit_scan and len(queries.meetings_of(run.id)) < 2:
        return {"exit_scan": False, "shares": {}}
    return {"exit_scan": exit_scan, "shares": attended_of(run, [row.signup_id for row in rows])}


def to_complete(run_id: int) -> list[dict[str, Any]]:
    """Return who came and is still to be completed, with masked numbers."""
    return [
        {"id": one.id, "name": one.name, "phone": mask_phone(provisional.phone_of(one)), "came_at": one.came_at}
        for one in provisional.still_open(run_id)
    ]


def _undo(run: CourseRun, scan_id: int | None) -> dict[str, Any] | None:
    """Return what the undo of a scan needs, None when it checks nobody in."""
    found = queries.last_scan(scan_id, run.id) if scan_id else None
    return {"scan_id": found[0].id, "name": found[1].name} if found else None


def phase_at(at: policy.Door, meeting: Meeting) -> str:
    """Return :func:`phase_of` the meeting as who stands at the door may use it: paper is not for a paired phone."""
    phase = phase_of(meeting, at.run)
    return "over" if at.limited and phase == "paper" else phase


def phase_of(meeting: Meeting, run: CourseRun | None = None) -> str:
    """Return "early", "open", "paper" (the time is over, the paper list is typed in) or "over".

    :param run: its own, when it may have been closed: paper alone is entered then, until the results are handed in
    """
    now = clock.now()
    if run is not None and run.closed_at is not None:
        typed = now <= meeting.ends_at + policy.PAPER_UNTIL and run.attendance_fixed_at is None
        return "paper" if typed else "over"
    if now < policy.opens_at(meeting):
        return "early"
    if now <= meeting.ends_at + policy.CLOSES_AFTER:
        return "open"
    return "paper" if now <= meeting.ends_at + policy.PAPER_UNTIL else "over"


@blueprint.post("/teach/runs/<row:run_id>/ticks")
@access(MAY_HELP)
def tick(run_id: int) -> Response:
    """Check in by name, from the roster."""
    given = from_pairs(TickPage, request.form, ignore=forms.IGNORED)
    scan = ScanIn(
        nonce=given.nonce, signup_id=given.signup_id, meeting_id=given.meeting_id, scanned_at=clock.now(),
        source=given.source,
    )  # fmt: skip
    with unit_of_work():
        answer = record_scans(run_id, [scan], principal(), late=given.reason)[0]
    return _back_to(given.back, run_id, last=answer.scan_id, meeting=given.meeting_id)


@blueprint.post("/teach/runs/<row:run_id>/annul")
@access(MAY)
def annul(run_id: int) -> Response:
    """Take a check-in back."""
    given = from_pairs(AnnulPage, request.form, ignore=forms.IGNORED)
    with unit_of_work():
        attendance.annul(given.scan_id, given.reason, principal())
    return _back_to(given.back, run_id, said="annulled")


def _back_to(back: str, run_id: int, **values: Any) -> Response:
    """Go back to the roster the form stood on: the instructor's, or the console's."""
    query = "&".join(f"{key}={value}" for key, value in values.items() if value)
    return redirect(f"{roster_path(back, run_id)}?{query}", 303)


def roster_path(back: str, run_id: int) -> str:
    """Return the address of the roster that ``back`` names: the console's, or else the instructor's."""
    ours, console = url_for("teach.roster", run_id=run_id), f"/console/runs/{run_id}/checkins"
    return console if own_path(back) == console else ours
