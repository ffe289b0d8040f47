"""Importing earlier certificates: choose a file, read the dry run, confirm."""

from typing import Any

from flask import Blueprint, Response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from chengjiu_mp.certificates import importing
from chengjiu_mp.certificates.earlier_sheet import COLUMNS, MOST, read_rows
from chengjiu_mp.core.access import access, roles
from chengjiu_mp.core.context import principal
from chengjiu_mp.core.db import unit_of_work
from chengjiu_mp.core.errors import Refusal
from chengjiu_mp.core.parsing import from_pairs
from chengjiu_mp.people.documents import mask_document
from chengjiu_mp.web import forms
from chengjiu_mp.web.admin import uploads

blueprint = Blueprint("console_earlier_import", __name__, url_prefix="/console/certificates/earlier/import")

MAY = roles(*importing.ROLES)
SHOWN = 200
HEADS = ["位置", "姓名", "编号", "证件", "将要", "提醒"]
_ACTIONS = {
    "add": {"text": "新增", "tone": "ok"}, "complete": {"text": "补上证件号码", "tone": ""},
    "same": {"text": "已有，不动", "tone": "plain"},
}  # fmt: skip


@blueprint.get("/")
@access(MAY)
def form() -> str:
    """Ask for the file."""
    return _form({})


@blueprint.get("/template.xlsx")
@access(MAY)
def template() -> Response:
    """Send an empty ledger."""
    return uploads.download(importing.ledger_template(principal()), "earlier-certificates.xlsx")


@blueprint.post("/preview")
@access(MAY)
def check() -> str | tuple[str, int]:
    """Show what the file would do; nothing is written."""
    try:
        read = uploads.read_upload()
        made = importing.preview(read, principal())
        sealed = uploads.seal(read, "earlier") if made.news else ""
    except Refusal as refusal:
        return _form(forms.errors(refusal, "file")), refusal.kind.value
    faults = [[f"第 {row} 行" if row else "整张表", why] for row, said in made.faults.items() for why in said]
    # What differs from the usual first: it is what somebody has to look at.
    entries = sorted(made.entries, key=lambda one: (not one.notes, one.row))
    page = render_template(
        "admin/earlier_preview.html", title="核对历史证书", back=url_for(".form"), made=made, sealed=sealed,
        heads=HEADS, rows=[_row(entry) for entry in entries[:SHOWN]], faults=faults[:SHOWN], faulty=len(faults),
        shown=SHOWN,
    )  # fmt: skip
    return (page, 422) if made.faults else page


@blueprint.post("/")
@access(MAY)
def confirm() -> AnyResponse | tuple[str, int]:
    """Register what was previewed."""
    try:
        given = from_pairs(uploads.ConfirmPage, request.form, ignore=forms.IGNORED)
        read = read_rows(uploads.unseal(given.sheet, "earlier"))
        with unit_of_work():
            batch = importing.import_ledger(read, principal(), partial=given.partial)
    except Refusal as refusal:
        return _form(forms.errors(refusal, "file")), refusal.kind.value
    if batch is None:
        return redirect(url_for("console_earlier.index"), 303)
    return redirect(url_for("console_earlier.batch", batch_id=batch.id), 303)


def _row(entry: importing.Entry) -> list[Any]:
    document = mask_document(entry.document.number) if entry.document else None
    return [
        f"第 {entry.row} 行", entry.values["name"], entry.values["number"], document, _ACTIONS[entry.action],
        "；".join(entry.notes) or None,
    ]  # fmt: skip


def _form(errors: dict[str, str]) -> str:
    return render_template(
        "admin/earlier_import.html", title="导入历史证书", back=url_for("console_earlier.index"), errors=errors,
        words=COLUMNS, most=MOST,
    )  # fmt: skip
