"""One person of a list in the console (somebody else instead, another run, off the list), and the tickets to print."""

from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from pydantic import Field
from werkzeug.wrappers import Response

from chengjiu_mp.core import context
from chengjiu_mp.core.access import access
from chengjiu_mp.core.db import unit_of_work
from chengjiu_mp.core.errors import Kind, NotFound, Refusal
from chengjiu_mp.core.parsing import Day, In, RowId, from_pairs
from chengjiu_mp.core.qr import qr_svg
from chengjiu_mp.core.site import site
from chengjiu_mp.courses.entry import Entry
from chengjiu_mp.courses.locking import roster_locked, roster_locks_at
from chengjiu_mp.courses.models import LIVE, SEATED, CourseRun
from chengjiu_mp.courses.queries import run_with_seats
from chengjiu_mp.courses.signup_queries import ticket_url
from chengjiu_mp.lists import changing, queries
from chengjiu_mp.lists.models import UnitList
from chengjiu_mp.lists.policy import list_for, may_change
from chengjiu_mp.people.documents import DocType
from chengjiu_mp.web import forms
from chengjiu_mp.web.admin.list_words import person_line, run_choice, run_words
from chengjiu_mp.web.admin.lists import MAY
from chengjiu_mp.web.templating import day_time_range

blueprint = Blueprint("console_list_people", __name__, url_prefix="/console/lists/<row:list_id>")

# A sheet of codes takes about as long to draw as a page may.
TICKETS = 60


class NotAgreed(Refusal):
    code = "agreement_missing"
    message = "请先让接替的人看过须知并同意，再勾选。"
    kind = Kind.INVALID


class InsteadPage(In):
    name: str = Field("", max_length=200)
    doc_number: str = Field("", max_length=100)
    phone: str = Field("", max_length=60)
    doc_type: DocType | None = None
    birth_date: Day | None = None
    latin_surname: str = Field("", max_length=200)
    latin_given: str = Field("", max_length=200)
    agreed: bool = False


class MovePage(In):
    run_id: RowId


class RemovePage(In):
    reason: str = Field("", max_length=200)


class TicketsQuery(In):
    run: RowId | None = None
    after: int = Field(0, ge=0, le=2_147_483_647)


@blueprint.get("/people/<row:row_id>")
@access(MAY)
def show(list_id: int, row_id: int) -> str:
    """Show one person and what can still be changed."""
    return _page(list_id, row_id, {}, {})


@blueprint.post("/people/<row:row_id>/instead")
@access(MAY)
def instead(list_id: int, row_id: int) -> str | Response | tuple[str, int]:
    """Put somebody else into this place."""
    try:
        given = from_pairs(InsteadPage, request.form, ignore=forms.IGNORED)
        if not given.agreed:
            raise NotAgreed(field="agreed")
        entry = Entry(**given.model_dump(exclude={"agreed"}))
        with unit_of_work():
            of = list_for(context.principal(), list_id, writing=True)
            changing.send_instead(of, queries.one_of(list_id, row_id).row, entry)
    except NotFound:
        raise
    except Refusal as refusal:
        return _page(list_id, row_id, forms.errors(refusal, "name"), dict(request.form)), refusal.kind.value
    return _back(list_id)


@blueprint.post("/people/<row:row_id>/move")
@access(MAY)
def move(list_id: int, row_id: int) -> str | Response | tuple[str, int]:
    """Move to another run of the list."""
    try:
        given = from_pairs(MovePage, request.form, ignore=forms.IGNORED)
        with unit_of_work():
            of = list_for(context.principal(), list_id, writing=True)
            changing.change_run(of, queries.one_of(list_id, row_id).row, given.run_id)
    except NotFound:
        raise
    except Refusal as refusal:
        return _page(list_id, row_id, {"run_id": forms.errors(refusal, "run_id").popitem()[1]}, {}), refusal.kind.value
    return redirect(url_for(".show", list_id=list_id, row_id=row_id), 303)


@blueprint.post("/people/<row:row_id>/remove")
@access(MAY)
def remove(list_id: int, row_id: int) -> Response:
    """Take off the list; the place goes to who waits."""
    given = from_pairs(RemovePage, request.form, ignore=forms.IGNORED)
    with unit_of_work():
        of = list_for(context.principal(), list_id, writing=True)
        changing.remove(of, queries.one_of(list_id, row_id).row, given.reason)
    return _back(list_id)


@blueprint.get("/tickets")
@access(MAY)
def tickets(list_id: int) -> str:
    """Show the codes of everybody with a place, to print and cut; each does what its holder may, so not to readers."""
    of, asked = list_for(context.principal(), list_id, writing=True), _asked()
    people = queries.people_of(list_id, queries.Narrowed(asked.run), asked.after, TICKETS)
    runs = {one.run.id: one.run for one in queries.runs_of(list_id)}
    after = people[-1].row.id if len(people) == TICKETS else 0
    return render_template(
        "admin/unit_list_tickets.html", title="打印入场码", back=url_for("console_lists.show", list_id=list_id), of=of,
        tickets=[_ticket(one, runs) for one in people if one.signup is not None and one.signup.state in LIVE],
        chips=_run_chips(list_id, list(runs.values()), asked.run), unit=_unit_code(of.unit_id, runs, asked.run),
        following=url_for(".tickets", list_id=list_id, run=asked.run, after=after) if after else "",
    )  # fmt: skip


def _run_chips(list_id: int, runs: list[CourseRun], chosen: int | None) -> list[dict[str, Any]]:
    if len(runs) < 2:
        return []
    of_each = [(run_words(run), run.id) for run in runs]
    return [
        {"label": words, "href": url_for(".tickets", list_id=list_id, run=run_id), "current": chosen == run_id}
        for words, run_id in (("全部场次", None), *of_each)
    ]


def _unit_code(unit_id: int, runs: dict[int, CourseRun], chosen: int | None) -> dict[str, Any] | None:
    """Return the code with which the instructor ticks this unit's people of one run in one go (feat-B13)."""
    run = runs.get(chosen or 0) or (next(iter(runs.values())) if len(runs) == 1 else None)
    if run is None:
        return None
    url = site().link(url_for("group.page", run_id=run.id, unit=unit_id))
    return {
        "svg": qr_svg(url, label="单位点名码"),
        "run": run.title,
        "when": day_time_range(run.starts_at, run.ends_at),
    }


def _ticket(one: queries.OnList, runs: dict[int, CourseRun]) -> dict[str, Any]:
    signup = one.signup
    assert signup is not None  # noqa: S101  asked for above
    run = runs.get(signup.run_id) or run_with_seats(signup.run_id).run
    return {
        "name": one.name, "run": run.title, "when": day_time_range(run.starts_at, run.ends_at), "place": run.venue.name,
        "code": f"{signup.code[:3]} {signup.code[3:]}", "svg": qr_svg(ticket_url(signup), label="入场码"),
        "state": "" if signup.state in SEATED else f"候补第 {one.rank} 位，有空位会通知",
    }  # fmt: skip


def _asked() -> TicketsQuery:
    try:
        return from_pairs(TicketsQuery, request.args)
    except Refusal:
        return TicketsQuery.model_validate({})


def _page(list_id: int, row_id: int, errors: dict[str, str], values: dict[str, Any]) -> str:
    of: UnitList = list_for(context.principal(), list_id)
    one = queries.one_of(list_id, row_id)
    run = run_with_seats(one.signup.run_id if one.signup else one.row.run_id).run
    others = [(found.run.id, run_choice(found)) for found in queries.runs_of(list_id)
              if found.run.id not in (run.id, one.row.run_id) and not roster_locked(found.run)]  # fmt: skip
    return render_template(
        "admin/unit_list_person.html", title=one.name, back=url_for("console_lists.show", list_id=list_id) + "#people",
        of=of, one=one, line=person_line(one), run=run, wanted=run_with_seats(one.row.run_id).run, others=others,
        changing=may_change(context.principal(), of), locked=roster_locked(run), locks_at=roster_locks_at(run),
        errors=errors, values=values,
        doc_types=[("", "自动识别"), *((kind.value, kind.label) for kind in DocType)],
        base=url_for(".show", list_id=list_id, row_id=row_id),
    )  # fmt: skip


def _back(list_id: int) -> Response:
    return redirect(url_for("console_lists.show", list_id=list_id) + "#people", 303)
