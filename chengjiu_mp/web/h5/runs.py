"""The home page with its runs, and the page a poster's code opens."""

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from chengjiu_mp.core import context
from chengjiu_mp.core.access import PUBLIC, access
from chengjiu_mp.core.errors import NotFound
from chengjiu_mp.courses import changes, queries, signup_queries
from chengjiu_mp.courses.links import LinkShown, link_by_token, runs_behind
from chengjiu_mp.courses.queries import RunAndSeats
from chengjiu_mp.units.queries import plan_rows, sectors
from chengjiu_mp.web.h5.finding import asked_for, kind_chips, narrowed, ways_to_widen
from chengjiu_mp.web.h5.run_words import card, cards_instead
from chengjiu_mp.web.templating import day_time_range

blueprint = Blueprint("runs", __name__)


@blueprint.get("/")
@access(PUBLIC)
def home() -> str:
    """Show what can be signed up to, the next one first; look-up and progress one tap away."""
    asked = asked_for()
    found = queries.runs_open_for_signup(narrowed(asked))
    kinds = [kind for kind in queries.course_types() if kind.family != "instructor"]
    units, six = list(plan_rows()), list(sectors())
    return render_template(
        "h5/home.html", title="江阴应急救护培训", runs=[card(one) for one in found], chips=kind_chips(asked, kinds),
        units=units, sectors=six, asked=asked, widen=[] if found else ways_to_widen(asked, kinds, units, six),
    )  # fmt: skip


@blueprint.get("/s/<token>")
@access(PUBLIC)
def landing(token: str) -> str | Response:
    """Show the run that a poster's code stands for, or the list of a series, a venue or a town."""
    try:
        found = queries.run_by_token(token)
    except NotFound:
        return _list(link_by_token(token))
    mine = signup_queries.my_live_signup(context.principal(), found.run.id)
    if mine and not request.args.get("look"):
        return redirect(url_for("tickets.ticket", token=signup_queries.ticket_token(mine)), 303)
    return _run(found, token)


def _run(found: RunAndSeats, token: str) -> str:
    """What, when, where, seats left and the button."""
    return render_template(
        "h5/run.html", title="培训报名", back="/", found=found, run=found.run, card=card(found), phase=found.phase,
        meetings=queries.meetings_of(found.run.id), token=token, syllabus=found.run.syllabus,
        changed=next(iter(changes.changes_of(found.run.id)), None),
        others=cards_instead(found), into=_merged_into(found.run.merged_into_id),
    )  # fmt: skip


def _merged_into(run_id: int | None) -> dict[str, str] | None:
    """Return where the people of a merged run went, for who comes by its old poster."""
    if run_id is None:
        return None
    goal = queries.run_with_seats(run_id).run
    when = day_time_range(goal.starts_at, goal.ends_at)
    return {"title": goal.title, "when": when, "place": goal.venue.name, "url": queries.run_url(goal)}


def _list(link: LinkShown) -> str:
    cards = [card(one) for one in runs_behind(link)]
    return render_template("h5/link.html", title="培训报名", back="/", link=link, runs=cards)
