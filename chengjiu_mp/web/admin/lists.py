"""Lists of names in the console: all of them, a new one, and the page a liaison works from."""

from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from pydantic import Field
from werkzeug.wrappers import Response

from chengjiu_mp.core import context
from chengjiu_mp.core.access import access, roles
from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.core.errors import NotFound, Refusal
from chengjiu_mp.core.parsing import In, RowId, from_pairs
from chengjiu_mp.courses.locking import roster_locked, roster_locks_at
from chengjiu_mp.courses.models import CourseRun
from chengjiu_mp.courses.queries import RunAndSeats, runs_by_id
from chengjiu_mp.lists import making, queries, upload_queries
from chengjiu_mp.lists.policy import LISTING_ROLES, list_for, lists_visible_to, may_change
from chengjiu_mp.units.models import KEY_GROUPS, Unit
from chengjiu_mp.units.policy import open_units
from chengjiu_mp.units.queries import sectors, units_to_choose
from chengjiu_mp.web import forms
from chengjiu_mp.web.admin.list_words import person_line, reminder, run_choice, run_words, upload_line
from chengjiu_mp.web.templating import day_time, day_time_range

blueprint = Blueprint("console_lists", __name__, url_prefix="/console/lists")

MAY = roles(*LISTING_ROLES)
COLUMNS = ["名单", "单位", {"label": "人数", "num": True}, {"label": "已确认", "num": True}]
ONLY = (("", "全部"), ("open", "未确认"), ("waiting", "候补"))
PAGE = 100
# Names that go into a message to be pasted; more than a screen of them is read by nobody.
LEFT = 100


class ListPage(In):
    unit_id: RowId
    title: str = Field("", max_length=100)
    run_ids: list[RowId] = Field(default_factory=list, max_length=50)
    sector: str = Field("", max_length=20)
    key_group: str | None = Field(None, max_length=20)


class ShowQuery(In):
    only: str = Field("", max_length=10)
    run: RowId | None = None
    after: int = Field(0, ge=0, le=2_147_483_647)


class NamesPage(In):
    run_id: RowId
    names: str = Field("", max_length=20_000)


class RunsPage(In):
    run_ids: list[RowId] = Field(default_factory=list, max_length=50)


@blueprint.get("/")
@access(MAY)
def index() -> str:
    """List the lists in the caller's scope, the newest first."""
    found, cursor = queries.lists_in(lists_visible_to(context.principal()), request.args.get("cursor"))
    rows = [
        [
            {"text": one.list.title, "href": url_for(".show", list_id=one.list.id)},
            one.unit.name,
            one.people,
            one.confirmed,
        ]
        for one in found
    ]
    following = url_for(".index", cursor=cursor) if cursor else ""
    return render_template("admin/lists.html", title="单位名单", columns=COLUMNS, rows=rows, following=following)


@blueprint.get("/new")
@access(MAY)
def new() -> str:
    """Ask for the unit first: it decides which runs there are."""
    units = _units()
    asked = _one_of(units, request.args.get("unit_id"))
    return _form({"unit_id": asked or (units[0][0] if len(units) == 1 else "")}, {})


@blueprint.post("/new")
@access(MAY)
def create() -> str | Response | tuple[str, int]:
    """Make the list."""
    try:
        given = from_pairs(ListPage, request.form, ignore=forms.IGNORED)
        with unit_of_work():
            list_id = making.make_list(making.Plan(**given.model_dump()), context.principal()).id
    except Refusal as refusal:
        values = {**request.form, "run_ids": request.form.getlist("run_ids")}
        return _form(values, forms.errors(refusal, "title")), refusal.kind.value
    return redirect(url_for(".show", list_id=list_id), 303)


@blueprint.get("/<row:list_id>")
@access(MAY)
def show(list_id: int) -> str:
    """Show one list: its figures, its people, and what the liaison can do."""
    return show_list(list_id, {})


@blueprint.post("/<row:list_id>/link")
@access(MAY)
def link(list_id: int) -> Response:
    """Open or close the private link."""
    with unit_of_work():
        of = list_for(context.principal(), list_id, writing=True)
        making.switch_link(of, on=request.form.get("on") == "1")
    return redirect(url_for(".show", list_id=list_id) + "#link", 303)


@blueprint.post("/<row:list_id>/names")
@access(MAY)
def names(list_id: int) -> str | Response | tuple[str, int]:
    """Put down names for people who bring the rest themselves."""
    try:
        given = from_pairs(NamesPage, request.form, ignore=forms.IGNORED)
        with unit_of_work():
            of = list_for(context.principal(), list_id, writing=True)
            making.put_names(of, _run_of(list_id, given.run_id), given.names)
    except NotFound:
        raise
    except Refusal as refusal:
        return show_list(list_id, forms.errors(refusal, "names")), refusal.kind.value
    return redirect(url_for(".show", list_id=list_id) + "#people", 303)


@blueprint.post("/<row:list_id>/runs")
@access(MAY)
def runs(list_id: int) -> str | Response | tuple[str, int]:
    """Let the list fill more runs."""
    try:
        given = from_pairs(RunsPage, request.form, ignore=forms.IGNORED)
        with unit_of_work():
            making.set_runs(list_for(context.principal(), list_id, writing=True), given.run_ids)
    except NotFound:
        raise
    except Refusal as refusal:
        return show_list(list_id, forms.errors(refusal, "run_ids")), refusal.kind.value
    return redirect(url_for(".show", list_id=list_id), 303)


def show_list(list_id: int, errors: dict[str, str]) -> str:
    """Return the list's page; uploads and people come back to it with their errors."""
    of = list_for(context.principal(), list_id)
    asked, found = _asked(), queries.runs_of(list_id)
    open_ones = queries.Narrowed(only="open")
    awaited = queries.count_of(list_id, open_ones)
    people = queries.people_of(list_id, queries.Narrowed(asked.run, asked.only), asked.after, PAGE)
    following = people[-1].row.id if len(people) == PAGE else 0
    known = {one.run.id for one in found}
    others = [one for one in _choices(of.unit_id) if one[0] not in known]
    words = {one.run.id: run_words(one.run) for one in found} if len(found) > 1 else {}
    changing = may_change(context.principal(), of)
    url = queries.link_of(of) if of.link_on and changing else ""
    return render_template(
        "admin/unit_list.html", title=of.title, back=url_for("console_lists.index"), of=of, errors=errors,
        others=others,
        unit=db.session.get_one(Unit, of.unit_id), figures=queries.figures_of(list_id),
        runs=[_run(one) for one in found],
        choices=[(one.run.id, run_choice(one)) for one in found], people=[person_line(one, words) for one in people],
        uploads=[upload_line(one) for one in upload_queries.uploads_of(list_id)], chips=_chips(list_id, asked),
        run_chips=_run_chips(list_id, asked, words), awaited=awaited,
        changing=changing, link=url, asked=asked,
        names=request.form.get("names", ""), run_id=request.form.get("run_id", ""),
        reminder=reminder(of, found, url), following=_next(list_id, asked, following),
        left=[one.name for one in queries.people_of(list_id, open_ones, size=LEFT)] if of.link_on else [],
    )  # fmt: skip


def _run(found: RunAndSeats) -> list[Any]:
    run, locked = found.run, roster_locked(found.run)
    lock = {"text": "已锁定", "tone": "plain"} if locked else f"{day_time(roster_locks_at(run))}锁定"
    left = found.seats_left if found.phase in ("open", "full") else None
    return [run.title, day_time_range(run.starts_at, run.ends_at), left, found.pool.waiting, lock]


def _asked() -> ShowQuery:
    try:
        return from_pairs(ShowQuery, request.args)
    except Refusal:
        return ShowQuery.model_validate({})


def _chips(list_id: int, asked: ShowQuery) -> list[dict[str, Any]]:
    return [
        {"label": words, "href": url_for("console_lists.show", list_id=list_id, only=only or None, run=asked.run)
         + "#people", "current": only == asked.only} for only, words in ONLY
    ]  # fmt: skip


def _run_chips(list_id: int, asked: ShowQuery, runs: dict[int, str]) -> list[dict[str, Any]]:
    if not runs:
        return []
    choices = [(None, "全部场次"), *runs.items()]
    return [
        {"label": words, "href": url_for("console_lists.show", list_id=list_id, only=asked.only or None, run=run_id)
         + "#people", "current": run_id == asked.run} for run_id, words in choices
    ]  # fmt: skip


def _next(list_id: int, asked: ShowQuery, after: int) -> str:
    if not after:
        return ""
    return (
        url_for("console_lists.show", list_id=list_id, only=asked.only or None, run=asked.run, after=after) + "#people"
    )


def _run_of(list_id: int, run_id: int) -> CourseRun:
    found = next((one.run for one in queries.runs_of(list_id) if one.run.id == run_id), None)
    if found is None:
        raise NotFound
    return found


def _units() -> list[tuple[int, str]]:
    scope = open_units(context.principal(), LISTING_ROLES, writing=True)
    return [(unit.id, unit.name) for unit in units_to_choose(scope)]


def _one_of(units: list[tuple[int, str]], asked: object) -> int | None:
    return next((unit_id for unit_id, _ in units if str(unit_id) == str(asked)), None)


def _choices(unit_id: int) -> list[tuple[int, str]]:
    found = runs_by_id([run.id for run in queries.runs_for(unit_id)])
    return [(one.run.id, run_choice(one)) for one in found]


def _form(values: dict[str, Any], errors: dict[str, str]) -> str:
    units = _units()
    chosen = _one_of(units, values.get("unit_id"))
    return render_template(
        "admin/unit_list_form.html", title="新建名单", back=url_for(".index"), values=values, errors=errors,
        units=units, unit_id=str(chosen or ""), unit_name=dict(units).get(chosen or 0, ""),
        runs=[(str(run_id), words) for run_id, words in (_choices(chosen) if chosen else ())],
        sectors=[("", "按场次的领域"), *((one.code, one.name) for one in sectors())],
        groups=[("", "按场次，或表格里每人填的"), *KEY_GROUPS.items()],
    )  # fmt: skip
