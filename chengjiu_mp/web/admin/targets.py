"""年度任务: the documents of each year, their 20 rows, and the way in for a new one."""

from typing import Any

from flask import Blueprint, Response, redirect, render_template, request, url_for
from pydantic import Field
from werkzeug.wrappers import Response as AnyResponse

from chengjiu_mp.core import clock, context
from chengjiu_mp.core.access import STAFF, access, roles
from chengjiu_mp.core.db import unit_of_work
from chengjiu_mp.core.errors import Refusal
from chengjiu_mp.core.parsing import In, RowId, from_pairs
from chengjiu_mp.core.spreadsheet import FileMissing
from chengjiu_mp.units import plan_2022, targets
from chengjiu_mp.units.errors import TargetsRefused
from chengjiu_mp.units.models import METRICS, TargetDocument
from chengjiu_mp.units.queries import plan_rows
from chengjiu_mp.web import forms
from chengjiu_mp.web.admin import uploads
from chengjiu_mp.web.admin.scope import require_city

blueprint = Blueprint("console_targets", __name__, url_prefix="/console/targets")

MAY_IMPORT = roles("operator")
COLUMNS = [
    {"label": "单位"}, {"label": "持证培训", "num": True}, {"label": "其中初级", "num": True},
    {"label": "普及培训", "num": True},
]  # fmt: skip


class TargetsQuery(In):
    year: int | None = Field(default=None, ge=2022, le=2099)
    document: RowId | None = None


class TargetsPage(In):
    year: int = Field(ge=2022, le=2099)
    title: str = Field(default="", max_length=200)
    reference: str = Field(default="", max_length=100)
    # The sealed sheet; only the confirming form has it.
    sheet: str = Field(default="", max_length=uploads.MAX_FIELD)


@blueprint.get("/")
@access(STAFF)
def index() -> str:
    """Show a year's rows and every document of it."""
    asked = from_pairs(TargetsQuery, request.args)
    documents = targets.documents()
    year = asked.year or clock.today().year
    mine = [d for d in documents if d.year == year]
    shown = next((d for d in mine if d.id == asked.document), mine[0] if mine else None)
    years = sorted({d.year for d in documents} | {clock.today().year, year}, reverse=True)
    chips = [{"label": f"{y}年", "href": url_for(".index", year=y), "current": y == year} for y in years]
    return render_template(
        "admin/targets.html", title="年度任务", year=year, chips=chips, documents=mine, shown=shown, columns=COLUMNS,
        rows=_rows(shown), plan=plan_2022, may_import=context.principal().has("operator"),
    )  # fmt: skip


def _rows(document: TargetDocument | None) -> list[list[Any]]:
    values = targets.targets_of(document.id) if document else {}
    if not values:
        return []
    rows: list[list[Any]] = [
        [unit.name, *(values.get((unit.id, metric)) for metric in METRICS)] for unit in plan_rows()
    ]
    return [*rows, ["合计", *(sum(row[n] or 0 for row in rows) for n in (1, 2, 3))]]


@blueprint.get("/template.xlsx")
@access(STAFF)
def template() -> Response:
    """Send 附件3's shape with the 20 rows."""
    year = from_pairs(TargetsQuery, request.args).year or clock.today().year
    return uploads.download(targets.template(year), f"targets-{year}.xlsx")


@blueprint.get("/import")
@access(MAY_IMPORT)
def form() -> str:
    """Ask for the file."""
    require_city("operator")
    return _form({"year": request.args.get("year", "")[:4] or clock.today().year}, {}, [])


@blueprint.post("/import/preview")
@access(MAY_IMPORT)
def check() -> str | tuple[str, int]:
    """Read the file and show what would be imported; nothing is written."""
    require_city("operator")
    try:
        given = from_pairs(TargetsPage, request.form, ignore=forms.IGNORED)
        sheet = uploads.read_upload()
        table = targets.read_targets(given.year, sheet)
        sealed = uploads.seal(sheet, "targets")
    except TargetsRefused as refusal:
        return _form(request.form, {"file": refusal.sentence}, refusal.errors), 422
    except Refusal as refusal:
        errors = forms.errors(refusal, "file")
        if not request.files.get("file"):
            errors["file"] = FileMissing.message
        return _form(request.form, errors, []), refusal.kind.value
    return _preview(given, table, sealed)


def _preview(given: TargetsPage, table: targets.TargetTable, sealed: str) -> str:
    rows: list[list[Any]] = [[row.name, row.certified, row.junior, row.popular] for row in table.rows]
    rows.append(["合计", *(table.total(metric) for metric in METRICS)])
    return render_template(
        "admin/targets_preview.html", title="核对任务表", back=url_for(".form", year=given.year), given=given,
        table=table, columns=COLUMNS, sealed=sealed, rows=rows, replaces=targets.current_document(given.year),
    )  # fmt: skip


@blueprint.post("/import")
@access(MAY_IMPORT)
def confirm() -> AnyResponse | tuple[str, int]:
    """Import what was previewed."""
    require_city("operator")
    try:
        given = from_pairs(TargetsPage, request.form, ignore=forms.IGNORED)
        sheet = uploads.unseal(given.sheet, "targets")
        with unit_of_work():
            table = targets.read_targets(given.year, sheet)
            by = context.principal().account_id
            targets.adopt(table, title=given.title, reference=given.reference, by=by)
    except Refusal as refusal:
        return _form(request.form, forms.errors(refusal, "file"), []), refusal.kind.value
    return redirect(url_for(".index", year=given.year), 303)


def _form(given: Any, errors: dict[str, str], faults: list[dict[str, str]]) -> str:
    return render_template(
        "admin/targets_import.html",
        title="导入年度任务",
        back=url_for(".index"),
        given=given,
        errors=errors,
        faults=faults,
    )
