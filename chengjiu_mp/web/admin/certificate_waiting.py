"""待取号: who waits for a number from outside, and the files to fetch the numbers with."""

from typing import Any

from flask import Blueprint, Response, render_template, request, url_for
from pydantic import Field
from sqlalchemy import select

from chengjiu_mp.certificates import waiting
from chengjiu_mp.certificates.waiting import Waits
from chengjiu_mp.certificates.waiting_models import NumberExport
from chengjiu_mp.core import limits
from chengjiu_mp.core.access import access, roles
from chengjiu_mp.core.context import principal
from chengjiu_mp.core.day_words import date_long
from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.core.errors import Refusal
from chengjiu_mp.core.parsing import In, from_pairs
from chengjiu_mp.signin.models import Account
from chengjiu_mp.units.policy import open_units
from chengjiu_mp.web import forms
from chengjiu_mp.web.admin import uploads
from chengjiu_mp.web.admin.scope import require_city
from chengjiu_mp.web.templating import day_time_long

blueprint = Blueprint("console_waiting", __name__, url_prefix="/console/certificates/waiting")

READERS = ("operator", "approver", "auditor")
MAY = ("operator", "approver")
SHOWN = 200
PEOPLE = ["姓名", "课程", "场次", "单位", "从哪天起等"]
FILES = ["批次", "导出时间", "导出人", {"label": "人数", "num": True}, "内容", "原因", "文件校验码（SHA-256）"]


class WaitingQuery(In):
    issued: int = Field(default=0, ge=0, le=100_000)


class ExportPage(In):
    run: str = Field(default="", max_length=12)
    documents: bool = False
    reason: str = Field(default="", max_length=200)


@blueprint.get("/")
@access(roles(*READERS))
def index() -> str:
    """Show who waits, and the files that were made."""
    require_city(*READERS)
    return _page(ExportPage(), {}, from_pairs(WaitingQuery, request.args).issued)


@blueprint.post("/export")
@access(roles(*MAY))
def export() -> Response | tuple[str, int]:
    """Send the file of who waits, for a reason."""
    require_city(*MAY, writing=True)
    given = ExportPage()
    try:
        given = from_pairs(ExportPage, request.form, ignore=forms.IGNORED)
        limits.spend(waiting.export_limit(principal()))
        run = int(given.run) if given.run.isascii() and given.run.isdigit() else None
        with unit_of_work():
            batch, content = waiting.export(principal(), given.reason, run_id=run, with_documents=given.documents)
            name = f"waiting-{batch.id}.xlsx"
    except Refusal as refusal:
        return _page(given, forms.errors(refusal, "reason")), refusal.kind.value
    return uploads.download(content, name)


def _page(given: ExportPage, errors: dict[str, str], issued: int = 0) -> str:
    runs = waiting.runs_waiting()
    found, total = waiting.who_waits(limit=SHOWN), waiting.number_waiting()
    choices = [("", f"全部 {total} 人"), *((str(run.id), f"{run.title}（{count} 人）") for run, count in runs)]
    files = waiting.exports()
    names = dict(
        db.session.execute(select(Account.id, Account.name).where(Account.id.in_({one.made_by for one in files}))).all()
    )
    return render_template(
        "admin/waiting.html", title="待取号", back=url_for("console_certificates.index"), columns=PEOPLE,
        rows=[_row(one) for one in found], total=total, shown=SHOWN, choices=choices, given=given, errors=errors,
        most=waiting.MOST, issued=issued,
        file_columns=FILES, files=[_file(one, names) for one in files],
        may=open_units(principal(), MAY, writing=True) is None,
    )  # fmt: skip


def _row(one: Waits) -> list[Any]:
    run = {"text": one.run.title, "href": url_for("console_results.review", run_id=one.run.id)}
    return [one.signup.name, one.kind, run, one.unit, date_long(one.since)]


def _file(one: NumberExport, names: dict[int, str]) -> list[Any]:
    content = "姓名、证件号码" if one.with_documents else "姓名"
    by = names.get(one.made_by or 0)
    return [f"第 {one.id} 批", day_time_long(one.made_at), by, one.rows, content, one.reason, _groups(one.sha256)]


def _groups(sha256: str) -> str:
    """Return a hash in groups: one word of 64 letters is wider than a table's cell."""
    return " ".join(sha256[at : at + 8] for at in range(0, len(sha256), 8))
