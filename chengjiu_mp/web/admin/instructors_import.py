"""Importing the register of instructors: choose a file, read the dry run, confirm."""

from typing import Any

from flask import Blueprint, Response, redirect, render_template, request, url_for
from pydantic import Field
from werkzeug.wrappers import Response as AnyResponse

from chengjiu_mp.core import context
from chengjiu_mp.core.access import access, roles
from chengjiu_mp.core.db import unit_of_work
from chengjiu_mp.core.errors import Refusal
from chengjiu_mp.core.parsing import In, from_pairs
from chengjiu_mp.instructors import importing, sheet
from chengjiu_mp.people.phones import mask_phone
from chengjiu_mp.web import forms
from chengjiu_mp.web.admin import uploads

blueprint = Blueprint("console_instructors_import", __name__, url_prefix="/console/instructors/import")

MAY = roles("operator")
COLUMNS = ["位置", "姓名", "手机号", "将要", "改动"]
_ACTIONS = {
    "add": {"text": "新增", "tone": "ok"}, "update": {"text": "更新", "tone": ""},
    "same": {"text": "没有变化", "tone": "plain"},
}  # fmt: skip
_WORDS = {**sheet.COLUMNS, "unit_id": "单位"}


class ConfirmPage(In):
    sheet: str = Field(min_length=1, max_length=uploads.MAX_FIELD)


@blueprint.get("/")
@access(MAY)
def form() -> str:
    """Ask for the file."""
    return _form({})


@blueprint.get("/template.xlsx")
@access(MAY)
def template() -> Response:
    """Send an empty register."""
    return uploads.download(sheet.template(), "instructors.xlsx")


@blueprint.post("/preview")
@access(MAY)
def check() -> str | tuple[str, int]:
    """Show what the file would do; nothing is written."""
    try:
        read = uploads.read_upload()
        made = importing.preview(read, context.principal())
        sealed = "" if made.faults else uploads.seal(read, "instructors")
    except Refusal as refusal:
        return _form(forms.errors(refusal, "file")), refusal.kind.value
    page = render_template(
        "admin/instructors_preview.html", title="核对师资名册", back=url_for(".form"), made=made, sealed=sealed,
        columns=COLUMNS, rows=[_row(entry) for entry in made.entries], faults=_faults(made),
    )  # fmt: skip
    return (page, 422) if made.faults else page


@blueprint.post("/")
@access(MAY)
def confirm() -> AnyResponse | tuple[str, int]:
    """Import what was previewed."""
    try:
        given = from_pairs(ConfirmPage, request.form, ignore=forms.IGNORED)
        read = uploads.unseal(given.sheet, "instructors")
        with unit_of_work():
            importing.import_register(read, context.principal())
    except Refusal as refusal:
        return _form(forms.errors(refusal, "file")), refusal.kind.value
    return redirect(url_for("console_instructors.index"), 303)


def _row(entry: importing.Entry) -> list[Any]:
    changes = "、".join(_WORDS[column] for column in entry.changes)
    said = "；".join(part for part in (changes, *entry.notes) if part)
    return [
        f"第 {entry.row} 行",
        entry.values["name"],
        mask_phone(entry.values["phone"]),
        _ACTIONS[entry.action],
        said or None,
    ]


def _faults(made: importing.Preview) -> list[list[Any]]:
    return [[f"第 {row} 行" if row else "整张表", reason] for row, said in made.faults.items() for reason in said]


def _form(errors: dict[str, str]) -> str:
    back = url_for("console_instructors.index")
    return render_template(
        "admin/instructors_import.html", title="导入师资名册", back=back, errors=errors, words=sheet.COLUMNS
    )
