"""Importing numbers that came from outside: choose the file, read the dry run, confirm."""

from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from chengjiu_mp.certificates import number_import
from chengjiu_mp.certificates.importing import Entry
from chengjiu_mp.certificates.number_sheet import key_of, read_rows
from chengjiu_mp.core.access import access, roles
from chengjiu_mp.core.context import principal
from chengjiu_mp.core.db import unit_of_work
from chengjiu_mp.core.errors import Refusal
from chengjiu_mp.core.parsing import from_pairs
from chengjiu_mp.web import forms
from chengjiu_mp.web.admin import uploads
from chengjiu_mp.web.admin.certificate_waiting import MAY
from chengjiu_mp.web.admin.scope import require_city

blueprint = Blueprint("console_waiting_import", __name__, url_prefix="/console/certificates/waiting/import")

SHOWN = 200
HEADS = ["位置", "申请号", "姓名", "编号", "将要"]
_ACTIONS = {
    "add": {"text": "发证", "tone": "ok"}, "same": {"text": "已有，不动", "tone": "plain"},
    "later": {"text": "还没有编号，继续等", "tone": "plain"},
}  # fmt: skip


@blueprint.get("/")
@access(roles(*MAY))
def form() -> str:
    """Ask for the file."""
    require_city(*MAY, writing=True)
    return _form({})


@blueprint.post("/preview")
@access(roles(*MAY))
def check() -> str | tuple[str, int]:
    """Show what the file would do; nothing is written."""
    require_city(*MAY, writing=True)
    try:
        read = uploads.read_upload()
        made = number_import.preview(read)
        news = made.count("add")
        sealed = uploads.seal(read, "numbers") if news else ""
    except Refusal as refusal:
        return _form(forms.errors(refusal, "file")), refusal.kind.value
    faults = [[f"第 {row} 行" if row else "整张表", why] for row, said in made.faults.items() for why in said]
    page = render_template(
        "admin/waiting_preview.html", title="核对取到的编号", back=url_for(".form"), made=made, news=news,
        sealed=sealed, heads=HEADS, rows=[_row(one) for one in made.entries[:SHOWN]], faults=faults[:SHOWN],
        faulty=len(faults), shown=SHOWN,
    )  # fmt: skip
    return (page, 422) if made.faults else page


@blueprint.post("/")
@access(roles(*MAY))
def confirm() -> Response | tuple[str, int]:
    """Issue the certificates whose numbers were previewed."""
    require_city(*MAY, writing=True)
    try:
        given = from_pairs(uploads.ConfirmPage, request.form, ignore=forms.IGNORED)
        read = read_rows(uploads.unseal(given.sheet, "numbers"))
        with unit_of_work():
            issued = len(number_import.import_numbers(read, principal(), partial=given.partial))
    except Refusal as refusal:
        return _form(forms.errors(refusal, "file")), refusal.kind.value
    return redirect(url_for("console_waiting.index", issued=issued), 303)


def _row(entry: Entry) -> list[Any]:
    said = entry.values
    return [f"第 {entry.row} 行", key_of(said["key"]), said["name"], said["number"], _ACTIONS[entry.action]]


def _form(errors: dict[str, str]) -> str:
    return render_template(
        "admin/waiting_import.html", title="导入取到的编号", back=url_for("console_waiting.index"), errors=errors
    )
