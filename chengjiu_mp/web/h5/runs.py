"""The home page with its runs, and the page a poster's code opens."""

from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from pydantic import Field
from werkzeug.wrappers import Response

from chengjiu_mp.core import context
from chengjiu_mp.core.access import PUBLIC, access
from chengjiu_mp.core.parsing import Day, In, Invalid, RowId, from_pairs
from chengjiu_mp.courses import changes, queries, signup_queries
from chengjiu_mp.units.queries import plan_rows, subtree_ids
from chengjiu_mp.web.h5.run_words import card

blueprint = Blueprint("runs", __name__)


class HomeQuery(In):
    """Filters in the address, so that a list can be sent on."""

    kind: str | None = Field(None, max_length=30)
    unit: RowId | None = None
    day: Day | None = None


@blueprint.get("/")
@access(PUBLIC)
def home() -> str:
    """Show what can be signed up to, the next one first; look-up and progress one tap away."""
    asked = _asked()
    units = subtree_ids(asked.unit) if asked.unit else None
    found = queries.runs_open_for_signup(queries.RunFilter(asked.kind, units, asked.day))
    return render_template(
        "h5/home.html", title="江阴应急救护培训", runs=[card(one) for one in found], chips=_chips(asked),
        units=plan_rows(), asked=asked,
    )  # fmt: skip


def _asked() -> HomeQuery:
    """Return the filters; an address that was cut or grew on its way narrows nothing."""
    try:
        return from_pairs(HomeQuery, request.args)
    except Invalid:
        return HomeQuery(kind=None)


def _chips(asked: HomeQuery) -> list[dict[str, Any]]:
    kept = {"unit": asked.unit, "day": asked.day.isoformat() if asked.day else None}
    kinds = [kind for kind in queries.course_types() if kind.family != "instructor"]
    everything = [{"label": "全部", "href": url_for(".home", **kept), "current": not asked.kind}]  # type: ignore[arg-type]
    return everything + [
        {"label": k.name, "href": url_for(".home", kind=k.code, **kept), "current": k.code == asked.kind}  # type: ignore[arg-type]
        for k in kinds
    ]


@blueprint.get("/s/<token>")
@access(PUBLIC)
def landing(token: str) -> str | Response:
    """Show what, when, where, seats left and the button; a device with a ticket is sent to it."""
    found = queries.run_by_token(token)
    mine = signup_queries.my_live_signup(context.principal(), found.run.id)
    if mine and not request.args.get("look"):
        return redirect(url_for("tickets.ticket", token=signup_queries.ticket_token(mine)), 303)
    return render_template(
        "h5/run.html", title="培训报名", back="/", found=found, run=found.run, card=card(found), phase=found.phase,
        meetings=queries.meetings_of(found.run.id), token=token, syllabus=found.run.syllabus,
        changed=next(iter(changes.changes_of(found.run.id)), None),
    )  # fmt: skip
