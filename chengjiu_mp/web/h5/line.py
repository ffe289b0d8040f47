"""What the ticket's holder decides: an offered seat, another run, an answer to a changed date."""

from flask import Blueprint, redirect, render_template, request, url_for
from pydantic import Field
from werkzeug.wrappers import Response

from chengjiu_mp.core.access import PUBLIC, access
from chengjiu_mp.core.db import unit_of_work
from chengjiu_mp.core.errors import Refusal
from chengjiu_mp.core.parsing import In, RowId, from_pairs
from chengjiu_mp.courses import changes, moving, offers, queries, signup_queries
from chengjiu_mp.courses.models import LIVE, Signup
from chengjiu_mp.courses.nearby import runs_nearby
from chengjiu_mp.courses.queries import RunAndSeats
from chengjiu_mp.web import forms
from chengjiu_mp.web.h5.run_words import card

blueprint = Blueprint("line_pages", __name__)

SHOWN = 6


class MovePage(In):
    run_id: RowId


class AnswerPage(In):
    change_id: RowId
    answer: str = Field(max_length=10)


@blueprint.post("/i/<token>/accept")
@access(PUBLIC)
def accept(token: str) -> Response:
    """Take the offered seat; one that is gone says so on the ticket."""
    with unit_of_work():
        offers.accept(signup_queries.signup_by_ticket(token))
    return redirect(url_for("tickets.ticket", token=token, kept="seat"), 303)


@blueprint.get("/i/<token>/move")
@access(PUBLIC)
def choose(token: str) -> str | Response:
    """Show the runs that this person can move to."""
    signup = signup_queries.signup_by_ticket(token)
    if signup.state not in (*LIVE, "run_cancelled"):
        return redirect(url_for("tickets.ticket", token=token), 303)
    return _page(token, signup, None)


@blueprint.post("/i/<token>/move")
@access(PUBLIC)
def move(token: str) -> str | Response | tuple[str, int]:
    """Move there; the new ticket opens."""
    try:
        given = from_pairs(MovePage, request.form, ignore=forms.IGNORED)
        with unit_of_work():
            made = moving.move(signup_queries.signup_by_ticket(token), given.run_id)
    except Refusal as refusal:
        return _page(token, signup_queries.signup_by_ticket(token), refusal), refusal.kind.value
    return redirect(url_for("tickets.ticket", token=made.ticket_token, kept="moved"), 303)


@blueprint.post("/i/<token>/answer")
@access(PUBLIC)
def answer(token: str) -> Response:
    """Keep what was said to a change; 退出 and 换场 lead on to their own pages, which ask before anything ends."""
    given = from_pairs(AnswerPage, request.form, ignore=forms.IGNORED)
    with unit_of_work():
        changes.answer(signup_queries.signup_by_ticket(token), given.change_id, given.answer)
    further = {"move": ".choose", "withdraw": "tickets.ask_withdraw"}.get(given.answer)
    if further:
        return redirect(url_for(further, token=token), 303)
    return redirect(url_for("tickets.ticket", token=token, kept="answer"), 303)


def _page(token: str, signup: Signup, refusal: Refusal | None) -> str:
    run, held = signup.run, signup.state in LIVE
    elsewhere = signup_queries.live_signups_of(signup.person_id)
    others = [one.run_id for one in elsewhere if one.run_id != run.id]
    shown = [one for one in runs_nearby(run, limit=SHOWN + len(others), clear_of=others) if one.run.id not in others]
    return render_template(
        "h5/move.html", title="换一场", back=url_for("tickets.ticket", token=token), token=token, run=run, held=held,
        runs=[_choice(one) for one in shown[:SHOWN]], refusal=refusal.sentence if refusal else "",
    )  # fmt: skip


def _choice(found: RunAndSeats) -> dict[str, object]:
    return {**card(found), "id": found.run.id, "landing": queries.run_url(found.run)}
