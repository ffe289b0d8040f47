"""培训人群: who was trained in a period, by class of people and by 六进, for the city or one of its rows."""

from datetime import date
from typing import Any

from flask import Blueprint, render_template, request, url_for
from werkzeug.wrappers import Response

from chengjiu_mp.core import clock, context
from chengjiu_mp.core.access import STAFF, access
from chengjiu_mp.core.parsing import from_pairs
from chengjiu_mp.reports import classes, drilldown
from chengjiu_mp.reports.errors import DaysBackwards
from chengjiu_mp.reports.figures import Classes, ClassLine
from chengjiu_mp.reports.policy import scope_of
from chengjiu_mp.reports.schemas import DaysQuery
from chengjiu_mp.units.policy import open_units
from chengjiu_mp.units.queries import plan_rows
from chengjiu_mp.web.admin import uploads

blueprint = Blueprint("console_classes", __name__, url_prefix="/console/progress/classes")

NOWHERE = "未归到 20 个单位的"


@blueprint.get("/")
@access(STAFF)
def index() -> str:
    """Show both tables, every figure a link to the rows behind it."""
    asked = from_pairs(DaysQuery, request.args)
    errors: dict[str, str] = {}
    try:
        days = classes.days_between(asked.since, asked.until)
    except DaysBackwards as refusal:
        days, errors = classes.days_between(None, None), {"since": refusal.sentence}
    scope = scope_of(context.principal())
    found = classes.by_class(scope, days, asked.unit_id)
    return render_template(
        "admin/classes.html", title="培训人群", back=url_for("console_progress.index"), found=found, errors=errors,
        whole=scope.whole, units=_units(), where=where_of(found.unit_id), quick=_quick(days, asked.unit_id),
        typed={"since": asked.since or found.since, "until": asked.until or found.until},
        groups=_table("人群类别", found, found.groups, "key_group"), save=url_for(".save", **_kept(found)),
        sixes=_table("六进", found, found.sectors, "sector_id"),
    )  # fmt: skip


@blueprint.get("/classes.xlsx")
@access(STAFF)
def save() -> Response:
    """Return the same figures as a file."""
    asked = from_pairs(DaysQuery, request.args)
    days = classes.days_between(asked.since, asked.until)
    found = classes.by_class(scope_of(context.principal()), days, asked.unit_id)
    return uploads.download(classes.sheet_of(found, where_of(asked.unit_id) or "全市"), "classes.xlsx")


def where_of(unit_id: int | None) -> str:
    """Return the name of a row of the plan; empty for all of them."""
    if unit_id == drilldown.NOWHERE:
        return NOWHERE
    return next((unit.name for unit in plan_rows() if unit.id == unit_id), "")


def _units() -> list[tuple[Any, str]]:
    held = open_units(context.principal())
    rows = [(unit.id, unit.name) for unit in plan_rows() if held is None or unit.id in held]
    return [("", "全部单位"), *rows, *([(drilldown.NOWHERE, NOWHERE)] if held is None else [])]


def _quick(days: classes.Days, unit_id: int | None) -> list[dict[str, Any]]:
    today, last = clock.today(), clock.today().year - 1
    spans = {
        "今年": (date(today.year, 1, 1), today),
        "本季度": (date(today.year, (today.month - 1) // 3 * 3 + 1, 1), today),
        "本月": (today.replace(day=1), today),
        "去年": (date(last, 1, 1), date(last, 12, 31)),
    }
    # In January three of them are one period: only one is the current.
    current = next((label for label, span in spans.items() if span == days), "")
    return [
        {"label": label, "href": url_for(".index", since=since, until=until, unit_id=unit_id),
         "current": label == current}
        for label, (since, until) in spans.items()
    ]  # fmt: skip


def _table(words: str, found: Classes, lines: list[ClassLine], key: str) -> dict[str, Any]:
    columns = [words, *({"label": label, "num": True} for label in classes.COLUMNS)]
    rows = [_row(found, line, {key: line.key}) for line in lines]
    return {"columns": columns, "rows": [*rows, _row(found, found.totals, {})]}


def _row(found: Classes, line: ClassLine, where: dict[str, str]) -> list[Any]:
    return [line.name, *(_cell(found, metric, getattr(line, metric), where) for metric in classes.FIELDS)]


def _cell(found: Classes, metric: str, value: int, where: dict[str, str]) -> Any:
    kept = {**_kept(found), **where}
    return {"href": url_for("console_progress.rows", metric=metric, **kept), "text": f"{value:,}"} if value else 0


def _kept(found: Classes) -> dict[str, Any]:
    return {"since": found.since, "until": found.until, "unit_id": found.unit_id}
