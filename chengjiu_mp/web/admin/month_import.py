"""Importing a month of runs: choose a file, read the dry run, confirm."""

from typing import Any

from flask import Blueprint, Response, redirect, render_template, request, url_for
from markupsafe import Markup
from werkzeug.wrappers import Response as AnyResponse

from chengjiu_mp.core import clock
from chengjiu_mp.core.access import access, roles
from chengjiu_mp.core.db import unit_of_work
from chengjiu_mp.core.errors import Refusal
from chengjiu_mp.core.parsing import from_pairs
from chengjiu_mp.core.sheet_rows import left_out_words
from chengjiu_mp.courses import month_import
from chengjiu_mp.courses.drafting import DRAFTING_ROLES
from chengjiu_mp.web import forms
from chengjiu_mp.web.admin import uploads
from chengjiu_mp.web.templating import day_time_range, keep_dates

blueprint = Blueprint("console_month_import", __name__, url_prefix="/console/month")

MAY = roles(*DRAFTING_ROLES)
COLUMNS = ["位置", "时间", "标题", "将要", "提醒"]


@blueprint.get("/")
@access(MAY)
def form() -> str:
    """Ask for the file."""
    return _form({})


@blueprint.get("/template.xlsx")
@access(MAY)
def template() -> Response:
    """Send an empty month."""
    return uploads.download(month_import.month_template(), "runs.xlsx")


@blueprint.post("/preview")
@access(MAY)
def check() -> str | tuple[str, int]:
    """Show what the file would do; nothing is written."""
    try:
        read = uploads.read_upload()
        made = month_import.preview(read)
        sealed = uploads.seal(read, "runs") if made.new else ""
    except Refusal as refusal:
        return _form(forms.errors(refusal, "file")), refusal.kind.value
    page = render_template(
        "admin/month_preview.html", title="核对场次表", back=url_for(".form"), made=made, sealed=sealed,
        columns=COLUMNS, rows=[_row(entry) for entry in made.entries], faults=_faults(made),
        left_out=left_out_words(made.left_out, "场次"),
    )  # fmt: skip
    return (page, 422) if made.faults else page


@blueprint.post("/")
@access(MAY)
def confirm() -> AnyResponse | tuple[str, int]:
    """Draft what was previewed."""
    try:
        given = from_pairs(uploads.ConfirmPage, request.form, ignore=forms.IGNORED)
        read = uploads.unseal(given.sheet, "runs")
        with unit_of_work():
            made = month_import.import_month(read, partial=given.partial)
            first = min((run.starts_at for run in made), default=clock.now())
    except Refusal as refusal:
        return _form(forms.errors(refusal, "file")), refusal.kind.value
    return redirect(url_for("console_calendar.index", month=f"{clock.day_of(first):%Y-%m}"), 303)


def _row(entry: month_import.Entry) -> list[Any]:
    first, last = entry.draft.meetings[0], entry.draft.meetings[-1]
    action = {"text": "已有这一场，不动", "tone": "plain"} if entry.there else {"text": "新增草稿", "tone": "ok"}
    said = Markup("<br>").join(keep_dates(one.sentence) for one in entry.clashes) or None
    when = keep_dates(day_time_range(first.starts_at, last.ends_at))
    return [f"第 {entry.row} 行", when, entry.draft.title or "用课程名", action, said]


def _faults(made: month_import.Preview) -> list[list[Any]]:
    return [[f"第 {row} 行" if row else "整张表", reason] for row, said in made.faults.items() for reason in said]


def _form(errors: dict[str, str]) -> str:
    back = url_for("console_calendar.index")
    return render_template("admin/month_import.html", title="导入一个月的场次", back=back, errors=errors)
