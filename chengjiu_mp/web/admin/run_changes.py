"""What staff do to a published run that its people hear of: another date, called off, merged; and reserved places."""

from collections.abc import Sequence
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from pydantic import Field
from werkzeug.wrappers import Response

from chengjiu_mp.core import context
from chengjiu_mp.core.access import access, roles
from chengjiu_mp.core.db import unit_of_work
from chengjiu_mp.core.errors import Kind, NotFound, Refusal
from chengjiu_mp.core.parsing import In, RowId, from_pairs
from chengjiu_mp.courses import changes, double_booked, merging, queries, reserving
from chengjiu_mp.courses.entry import together
from chengjiu_mp.courses.errors import ReasonMissing, RunNotOpen
from chengjiu_mp.courses.models import CourseRun
from chengjiu_mp.courses.policy import run_for, units_in_scope
from chengjiu_mp.courses.sittings import Sitting
from chengjiu_mp.units.queries import units_to_choose
from chengjiu_mp.web import forms
from chengjiu_mp.web.admin.run_forms import SITTINGS, SittingPage, sittings_of, timetable
from chengjiu_mp.web.templating import day_time_range

blueprint = Blueprint("console_run_changes", __name__, url_prefix="/console/runs/<row:run_id>")

OPERATOR = roles("operator")


class NotSure(Refusal):
    code = "not_confirmed"
    message = "请先勾选“我已核对”：参加的人会马上收到通知。"
    kind = Kind.INVALID


class ChangePage(In):
    reason: str = Field("", max_length=200)
    # Everybody is told at once, which cannot be taken back.
    sure: bool = False
    # How many people the clerk was told are elsewhere that day.
    clash_seen: int = Field(0, ge=0, le=100_000)


class ReschedulePage(ChangePage):
    m1: SittingPage | None = None
    m2: SittingPage | None = None
    m3: SittingPage | None = None
    m4: SittingPage | None = None


class MergePage(ChangePage):
    into: RowId


class ReservePage(In):
    unit_id: RowId
    places: int = Field(ge=1, le=5000)


@blueprint.get("/change")
@access(OPERATOR)
def choose(run_id: int) -> str:
    """Show the ways to change a published run."""
    found = _published(run_id)
    return render_template(
        "admin/run_changes.html", title="改期、停课、合并", back=url_for("console_runs.show", run_id=run_id),
        run=found.run, mergeable=bool(_others(found, 0)),
    )  # fmt: skip


@blueprint.get("/reschedule")
@access(OPERATOR)
def ask_reschedule(run_id: int) -> str:
    """Show the form with the times as they are."""
    return _page(run_id, "reschedule", timetable(list(queries.meetings_of(run_id))), {})


@blueprint.post("/reschedule")
@access(OPERATOR)
def reschedule(run_id: int) -> str | Response | tuple[str, int]:
    """Move the run to other times."""
    try:
        given = from_pairs(ReschedulePage, request.form, ignore=forms.IGNORED)
        lines = [line for line in (given.m1, given.m2, given.m3, given.m4) if line is not None]
        with unit_of_work():
            run, sittings = _sure(run_id, given), sittings_of(lines)
            double_booked.check_seen(run_id, sittings, given.clash_seen)
            changes.reschedule(run, sittings, given.reason)
    except NotFound:
        raise
    except Refusal as refusal:
        return _again(run_id, "reschedule", refusal)
    return _back(run_id)


@blueprint.get("/cancel")
@access(OPERATOR)
def ask_cancel(run_id: int) -> str:
    """Ask for the reason, and whether it is meant."""
    return _page(run_id, "cancel", {}, {})


@blueprint.post("/cancel")
@access(OPERATOR)
def cancel(run_id: int) -> str | Response | tuple[str, int]:
    """Call the run off."""
    try:
        given = from_pairs(ChangePage, request.form, ignore=forms.IGNORED)
        with unit_of_work():
            changes.cancel(_sure(run_id, given), given.reason)
    except NotFound:
        raise
    except Refusal as refusal:
        return _again(run_id, "cancel", refusal)
    return _back(run_id)


@blueprint.get("/merge")
@access(OPERATOR)
def ask_merge(run_id: int) -> str:
    """Show the runs that could take the people."""
    return _page(run_id, "merge", {}, {})


@blueprint.post("/merge")
@access(OPERATOR)
def merge(run_id: int) -> str | Response | tuple[str, int]:
    """Move everybody to another run."""
    try:
        given = from_pairs(MergePage, request.form, ignore=forms.IGNORED)
        with unit_of_work():
            run, into = _sure(run_id, given), _mine(given.into)
            times = [Sitting(one.starts_at, one.ends_at) for one in queries.meetings_of(into.id)]
            double_booked.check_seen(run_id, times, given.clash_seen, but=(into.id,))
            merging.merge(run, into, given.reason)
    except NotFound:
        raise
    except Refusal as refusal:
        return _again(run_id, "merge", refusal)
    return _back(given.into)


@blueprint.get("/reserves")
@access(OPERATOR)
def reserves(run_id: int) -> str:
    """Show what is kept for units."""
    return _reserves(run_id, {})


@blueprint.post("/reserves")
@access(OPERATOR)
def reserve(run_id: int) -> str | Response | tuple[str, int]:
    """Keep places for a unit."""
    try:
        given = from_pairs(ReservePage, request.form, ignore=forms.IGNORED)
        with unit_of_work():
            reserving.reserve_places(_mine(run_id), given.unit_id, given.places)
    except NotFound:
        raise
    except Refusal as refusal:
        return _reserves(run_id, forms.errors(refusal, "places")), refusal.kind.value
    return redirect(url_for(".reserves", run_id=run_id), 303)


@blueprint.post("/reserves/<row:pool_id>/release")
@access(OPERATOR)
def release(run_id: int, pool_id: int) -> Response:
    """Give what is unused to everybody."""
    with unit_of_work():
        reserving.release_places(_mine(run_id).id, pool_id)
    return redirect(url_for(".reserves", run_id=run_id), 303)


def _mine(run_id: int) -> CourseRun:
    return run_for(context.principal(), run_id, roles=("operator",))


def _sure(run_id: int, given: ChangePage) -> CourseRun:
    """Return the run, once both the reason is written and the tick is there; what is missing is told in one go."""
    found = _mine(run_id)
    missing: list[Refusal] = [] if given.reason.strip() else [ReasonMissing(field="reason")]
    if not given.sure:
        missing.append(NotSure(field="sure"))
    if missing:
        raise together(missing)
    return found


def _published(run_id: int) -> queries.RunAndSeats:
    if _mine(run_id).state != "published":
        raise RunNotOpen
    return queries.run_with_seats(run_id)


def _again(run_id: int, form: str, refusal: Refusal) -> tuple[str, int]:
    # The timetable is one thing to correct: its complaint stands at its first line.
    errors = {
        "m1.day" if at in ("meetings", "m1") else at: said for at, said in forms.errors(refusal, "reason").items()
    }
    sent = {name: request.form[name] for name in request.form}
    elsewhere = refusal.elsewhere if isinstance(refusal, double_booked.ClashesUnseen) else ()
    return _page(run_id, form, sent, errors, elsewhere), refusal.kind.value


def _page(
    run_id: int,
    form: str,
    values: dict[str, str],
    errors: dict[str, str],
    elsewhere: Sequence[double_booked.Elsewhere] = (),
) -> str:
    found, held = _published(run_id), changes.people_in(run_id)
    title = {"reschedule": "改期", "cancel": "停课", "merge": "合并到另一场"}[form]
    return render_template(
        "admin/run_change.html", title=title, back=url_for(".choose", run_id=run_id), run=found.run, found=found,
        form=form, errors=errors, values=values, sittings=list(SITTINGS), held=held,
        others=_others(found, held.seated) if form == "merge" else [], elsewhere=elsewhere,
        people=double_booked.people_in(elsewhere),
    )  # fmt: skip


def _others(found: queries.RunAndSeats, needed: int) -> list[dict[str, Any]]:
    scope = units_in_scope(context.principal(), ("operator",))
    taking = [one for one in merging.could_take(found.run) if scope is None or one.run.unit_id in scope]
    return [
        {"id": one.run.id, "title": one.run.title, "facts": _facts(one, needed)} for one in taking
    ]  # fmt: skip


def _facts(one: queries.RunAndSeats, needed: int) -> str:
    seats = f"余 {one.seats_left} 席" + (f"，还差 {needed - one.seats_left} 席" if needed > one.seats_left else "")
    return f"{day_time_range(one.run.starts_at, one.run.ends_at)}，{one.run.venue.name}（{seats}）"


def _reserves(run_id: int, errors: dict[str, str]) -> str:
    _mine(run_id)
    found = queries.run_with_seats(run_id)
    return render_template(
        "admin/run_reserves.html", title="预留名额", back=url_for("console_runs.show", run_id=run_id), run=found.run,
        found=found, errors=errors, reserves=reserving.reserves_listed(run_id), sent=request.form,
        units=[(unit.id, unit.name) for unit in units_to_choose(None)],
    )  # fmt: skip


def _back(run_id: int) -> Response:
    return redirect(url_for("console_runs.show", run_id=run_id), 303)
