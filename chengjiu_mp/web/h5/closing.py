"""结束场次: what to look at first, the head count, and why it differs. The console shows the same facts."""

from flask import Blueprint, redirect, render_template, request, url_for
from pydantic import Field
from werkzeug.wrappers import Response

from chengjiu_mp.checkin import queries, wall_queries
from chengjiu_mp.checkin.closing import closing_of
from chengjiu_mp.core.access import access, roles
from chengjiu_mp.core.context import principal
from chengjiu_mp.core.db import unit_of_work
from chengjiu_mp.core.errors import Kind, NotFound, Refusal
from chengjiu_mp.core.parsing import In, from_pairs
from chengjiu_mp.courses import publishing
from chengjiu_mp.courses.policy import run_for
from chengjiu_mp.web import forms

blueprint = Blueprint("closing", __name__)

CLOSERS = ("instructor", "operator")
MAY = roles(*CLOSERS)


class ClosePage(In):
    head_count: int | None = Field(None, ge=0, le=100_000)
    note: str = Field("", max_length=300)
    # Ending a run cannot be taken back; a correction of its head count can be made again and needs no tick.
    sure: bool = False


class NotConfirmed(Refusal):
    code = "not_confirmed"
    message = "请先勾选“我已核对”，再结束这一场。"
    kind = Kind.INVALID


@blueprint.get("/teach/runs/<row:run_id>/close")
@access(MAY)
def page(run_id: int) -> str:
    """Show the figures and the form; of a closed run, its head count to correct."""
    return _page(run_id, ClosePage.model_validate({}), {})


@blueprint.post("/teach/runs/<row:run_id>/close")
@access(MAY)
def send(run_id: int) -> str | Response | tuple[str, int]:
    """End the run, or correct its head count."""
    given = ClosePage.model_validate({})
    try:
        given = from_pairs(ClosePage, request.form, ignore=forms.IGNORED)
        with unit_of_work():
            close(run_id, given, CLOSERS)
    except NotFound:
        raise
    except Refusal as refusal:
        return _page(run_id, given, forms.errors(refusal, "head_count")), refusal.kind.value
    return redirect(url_for(".page", run_id=run_id), 303)


def close(run_id: int, given: ClosePage, as_roles: tuple[str, ...]) -> None:
    """End the run with what a form says, or correct its head count.

    :raise NotConfirmed: the box was not ticked; :raise Refusal: as :func:`publishing.close`
    """
    run = run_for(principal(), run_id, roles=as_roles)
    if run.state == "published" and not given.sure:
        raise NotConfirmed(field="sure")
    publishing.close(run, given.head_count, given.note.strip())


def _page(run_id: int, given: ClosePage, errors: dict[str, str]) -> str:
    run_for(principal(), run_id, roles=CLOSERS)
    run = queries.seen_run(principal(), run_id)
    return render_template(
        "h5/close.html", title="结束场次" if run.closed_at is None else "实到人数", run=run, given=given, errors=errors,
        back=url_for("teach.roster", run_id=run.id), closing=closing_of(run), path=request.path,
        by_wall=wall_queries.by_wall(run),
    )  # fmt: skip
