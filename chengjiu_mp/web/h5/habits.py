"""What a ticket's holder does besides showing it: say that they come, or cannot; keep the date in their calendar."""

from typing import Any

from flask import Blueprint, Response, redirect, render_template, request, url_for
from pydantic import Field
from werkzeug.wrappers import Response as AnyResponse

from chengjiu_mp.core import clock
from chengjiu_mp.core.access import PUBLIC, access
from chengjiu_mp.core.db import unit_of_work
from chengjiu_mp.core.parsing import In, from_pairs
from chengjiu_mp.courses import changes, queries, signup_queries
from chengjiu_mp.courses.calendar_file import Plan, Sitting, calendar_file
from chengjiu_mp.courses.excusing import REASONS, excuse, may_excuse, said
from chengjiu_mp.courses.models import LIVE, SEATED, Signup
from chengjiu_mp.courses.reconfirming import asks_to_confirm, reconfirm
from chengjiu_mp.web import forms

blueprint = Blueprint("habits", __name__)


class ExcusePage(In):
    """Neither is needed to be let go."""

    reason: str = Field("", max_length=20)
    note: str = Field("", max_length=200)


def given_reason() -> str:
    """Return what the form says of why somebody cannot come, as staff read it."""
    given = from_pairs(ExcusePage, request.form, ignore=forms.IGNORED)
    return said(given.reason, given.note)


@blueprint.app_context_processor
def _shared() -> dict[str, object]:
    return {"habits_of": habits_of, "excuse_reasons": [(one, one) for one in REASONS]}


def habits_of(signup: Signup) -> dict[str, Any]:
    """Return what a ticket offers its holder now; its run is loaded."""
    run, ahead = signup.run, clock.now() < signup.run.ends_at
    coming = signup.state in SEATED and signup.outcome is None and signup.excused_at is None
    return {
        "confirm_by": signup.confirm_by if asks_to_confirm(signup) else None,
        "confirmed": signup.confirm_by is not None and signup.reconfirmed_at is not None and signup.outcome is None,
        "calendar": coming and run.state == "published" and ahead,
        "excusable": may_excuse(signup), "excused": signup.excused_at is not None and signup.outcome != "attended",
    }  # fmt: skip


@blueprint.post("/i/<token>/confirm")
@access(PUBLIC)
def confirm(token: str) -> AnyResponse:
    """Keep the seat for who says that they come."""
    with unit_of_work():
        reconfirm(signup_queries.signup_by_ticket(token))
    return redirect(url_for("tickets.ticket", token=token, kept="confirmed"), 303)


@blueprint.get("/i/<token>/excuse")
@access(PUBLIC)
def ask_excuse(token: str) -> str | AnyResponse:
    """Ask why, if they want to say: before the training the seat is given back, afterwards it is an excuse."""
    signup = signup_queries.signup_by_ticket(token)
    run = signup.run
    if signup.state in LIVE and run.state == "published" and clock.now() < run.starts_at:
        return redirect(url_for("tickets.ask_withdraw", token=token), 303)
    if not may_excuse(signup):
        return redirect(url_for("tickets.ticket", token=token), 303)
    return render_template(
        "h5/excuse.html", title="来不了，说一声", back=url_for("tickets.ticket", token=token), run=run, token=token
    )


@blueprint.post("/i/<token>/excuse")
@access(PUBLIC)
def do_excuse(token: str) -> AnyResponse:
    """Take their word; a second tap changes nothing."""
    reason = given_reason()
    with unit_of_work():
        excuse(signup_queries.signup_by_ticket(token), reason)
    return redirect(url_for("tickets.ticket", token=token), 303)


@blueprint.get("/i/<token>/class.ics")
@access(PUBLIC)
def calendar(token: str) -> Response:
    """The dates for the phone's own calendar."""
    signup = signup_queries.signup_by_ticket(token)
    run = signup.run
    plan = Plan(
        run_id=run.id, title=run.title, place=f"{run.venue.name}，{run.venue.address}", bring=run.syllabus.bring,
        url=queries.run_url(run), changes=len(changes.changes_of(run.id)), made_at=clock.now(),
        cancelled=run.state == "cancelled" or signup.state not in LIVE,
    )  # fmt: skip
    sittings = [Sitting(m.sequence, m.starts_at, m.ends_at) for m in queries.meetings_of(run.id)]
    reply = Response(calendar_file(plan, sittings), mimetype="text/calendar")
    reply.headers["Content-Disposition"] = 'attachment; filename="class.ics"'
    return reply
