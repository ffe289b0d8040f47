"""上报: the file for the platform of the province or the nation, its answer, and what does not agree."""

from typing import Any

from flask import Blueprint, Response, redirect, render_template, request, url_for
from pydantic import Field
from sqlalchemy import select
from werkzeug.wrappers import Response as AnyResponse

from chengjiu_mp.certificates import handover, handover_reply
from chengjiu_mp.certificates.handover_models import HandoverBatch
from chengjiu_mp.core import limits
from chengjiu_mp.core.access import access, roles
from chengjiu_mp.core.context import principal
from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.core.errors import NotFound, Refusal
from chengjiu_mp.core.limits import Limit
from chengjiu_mp.core.parsing import In, from_pairs
from chengjiu_mp.signin.models import Account
from chengjiu_mp.units.policy import open_units
from chengjiu_mp.web import forms
from chengjiu_mp.web.admin import uploads
from chengjiu_mp.web.admin.scope import require_city
from chengjiu_mp.web.templating import day_time_long

blueprint = Blueprint("console_handover", __name__, url_prefix="/console/certificates/handover")

READERS = ("operator", "approver", "auditor")
MAY = ("operator", "approver")
SHOWN = 200
WORDS = {
    "sent": ("已上报，等回执", ""),
    "accepted": ("已接收", "ok"),
    "rejected": ("退回", "bad"),
    "differs": ("不一致", "bad"),
}
BATCHES = [
    "批次", "导出时间", "导出人",
    *({"label": name, "num": True} for name in ("张数", "已接收", "退回", "不一致", "没有回执")),
]  # fmt: skip
OPEN = ["编号", "姓名", "类别", "报成"]
ROWS = ["编号", "姓名", "报成", "平台答复", "说明"]


class ReasonPage(In):
    reason: str = Field(default="", max_length=200)


class ColumnsPage(In):
    number: str = Field(default="", max_length=30)
    name: str = Field(default="", max_length=30)
    doc_type: str = Field(default="", max_length=30)
    doc_number: str = Field(default="", max_length=30)
    kind: str = Field(default="", max_length=30)
    issued_on: str = Field(default="", max_length=30)
    valid_until: str = Field(default="", max_length=30)
    unit: str = Field(default="", max_length=30)
    state: str = Field(default="", max_length=30)


@blueprint.get("/")
@access(roles(*READERS))
def index() -> str:
    """Show what is to be reported, and the files."""
    require_city(*READERS)
    return _page(ReasonPage(), {})


@blueprint.post("/export")
@access(roles(*MAY))
def export() -> Response | tuple[str, int]:
    """Send the file of what is not reported yet, for a reason."""
    require_city(*MAY, writing=True)
    given = ReasonPage()
    try:
        given = from_pairs(ReasonPage, request.form, ignore=forms.IGNORED)
        limits.spend(Limit(f"handover:{principal().key}", 20, 86400))
        with unit_of_work():
            batch, content = handover.export(principal(), given.reason)
            name = f"handover-{batch.id}.xlsx"
    except Refusal as refusal:
        return _page(given, forms.errors(refusal, "reason")), refusal.kind.value
    return uploads.download(content, name)


def _page(given: ReasonPage, errors: dict[str, str]) -> str:
    found = handover.batches()
    ids = {one.made_by for one, _ in found} - {None}
    names = {one.id: one.name for one in db.session.scalars(select(Account).where(Account.id.in_(ids)))}
    total = handover.number_to_report()
    rows = [
        [one.certificate.number, one.name, one.kind, handover.REPORTED[handover.reported_as(one)]]
        for one in handover.to_report(SHOWN)
    ]
    return render_template(
        "admin/handover.html", title="上报", back=url_for("console_certificates.index"), rows=rows, columns=OPEN,
        total=total, shown=SHOWN, most=handover.MOST, given=given, errors=errors, may=_may(),
        batches=[_batch_row(one, figures, names) for one, figures in found], batch_columns=BATCHES,
        documents="doc_number" in dict(handover.columns_in_force()),
    )  # fmt: skip


def _batch_row(one: HandoverBatch, figures: dict[str, int], names: dict[int, str]) -> list[Any]:
    name = {"text": f"第 {one.id} 批", "href": url_for(".batch", batch_id=one.id)}
    counts = [figures.get(verdict, 0) for verdict in ("accepted", "rejected", "differs", "sent")]
    return [name, day_time_long(one.made_at), names.get(one.made_by or 0), one.rows, *counts]


@blueprint.get("/columns")
@access(roles(*READERS))
def columns() -> str:
    """Show the columns of the next file."""
    require_city(*READERS)
    return _columns_page(dict(handover.columns_in_force()), {})


@blueprint.post("/columns")
@access(roles(*MAY))
def set_columns() -> AnyResponse | tuple[str, int]:
    """Set them."""
    require_city(*MAY, writing=True)
    given = ColumnsPage()
    try:
        given = from_pairs(ColumnsPage, request.form, ignore=forms.IGNORED)
        forms.need(given, **{name: f"“{handover.FIELDS[name]}”这一列不能去掉。" for name in handover.NEEDED})
        with unit_of_work():
            handover.set_columns(given.model_dump(), principal())
    except Refusal as refusal:
        return _columns_page(given.model_dump(), forms.errors(refusal, "number")), refusal.kind.value
    return redirect(url_for(".index"), 303)


def _columns_page(given: dict[str, str], errors: dict[str, str]) -> str:
    return render_template(
        "admin/handover_columns.html", title="上报文件的列", back=url_for(".index"), fields=handover.FIELDS,
        needed=handover.NEEDED, given=given, errors=errors, may=_may(),
    )  # fmt: skip


@blueprint.get("/<row:batch_id>")
@access(roles(*READERS))
def batch(batch_id: int) -> str:
    """Show a file's rows and what became of them."""
    require_city(*READERS)
    return _batch_page(batch_id, {})


@blueprint.post("/<row:batch_id>/again")
@access(roles(*MAY))
def again(batch_id: int) -> Response | tuple[str, int]:
    """Send an earlier file once more as it was, for a reason."""
    require_city(*MAY, writing=True)
    try:
        given = from_pairs(ReasonPage, request.form, ignore=forms.IGNORED)
        limits.spend(Limit(f"handover:{principal().key}", 20, 86400))
        with unit_of_work():
            content = handover.export_again(_batch(batch_id), given.reason)
    except NotFound:
        raise
    except Refusal as refusal:
        return _batch_page(batch_id, forms.errors(refusal, "reason")), refusal.kind.value
    return uploads.download(content, f"handover-{batch_id}.xlsx")


@blueprint.post("/<row:batch_id>/preview")
@access(roles(*MAY))
def check(batch_id: int) -> str | tuple[str, int]:
    """Show what a reply says; nothing is written."""
    require_city(*MAY, writing=True)
    try:
        sheet = uploads.read_upload()
        reply = handover_reply.read_reply(_batch(batch_id), sheet)
        sealed = uploads.seal(sheet, f"handover.{batch_id}") if reply.answers else ""
    except NotFound:
        raise
    except Refusal as refusal:
        return _batch_page(batch_id, forms.errors(refusal, "file")), refusal.kind.value
    page = _preview(batch_id, reply, sealed)
    return (page, 422) if reply.faults else page


def _preview(batch_id: int, reply: handover_reply.Reply, sealed: str) -> str:
    faults = [[f"第 {row} 行" if row else "整张表", why] for row, said in reply.faults.items() for why in said]
    other = [[f"第 {one.row} 行", one.number, WORDS[one.verdict][0], one.note] for one in reply.answers if one.note]
    return render_template(
        "admin/handover_preview.html", title="核对回执", back=url_for(".batch", batch_id=batch_id), reply=reply,
        sealed=sealed, faults=faults[:SHOWN], faulty=len(faults), other=other[:SHOWN], batch_id=batch_id,
    )  # fmt: skip


@blueprint.post("/<row:batch_id>/reply")
@access(roles(*MAY))
def take(batch_id: int) -> AnyResponse | tuple[str, int]:
    """Record what was previewed."""
    require_city(*MAY, writing=True)
    try:
        given = from_pairs(uploads.ConfirmPage, request.form, ignore=forms.IGNORED)
        sheet = uploads.unseal(given.sheet, f"handover.{batch_id}")
        with unit_of_work():
            of = _batch(batch_id)
            handover_reply.take_reply(of, handover_reply.read_reply(of, sheet), partial=given.partial)
    except NotFound:
        raise
    except Refusal as refusal:
        return _batch_page(batch_id, forms.errors(refusal, "file")), refusal.kind.value
    return redirect(url_for(".batch", batch_id=batch_id), 303)


def _batch(batch_id: int) -> HandoverBatch:
    found = db.session.get(HandoverBatch, batch_id)
    if found is None:
        raise NotFound
    return found


def _batch_page(batch_id: int, errors: dict[str, str]) -> str:
    of = _batch(batch_id)
    found = handover.rows_of(batch_id)
    rows = [
        [number, name, handover.REPORTED[row.reported], {"text": WORDS[row.verdict][0], "tone": WORDS[row.verdict][1]},
         row.note or None]
        for row, number, name in found[:SHOWN]
    ]  # fmt: skip
    return render_template(
        "admin/handover_batch.html", title=f"上报第 {of.id} 批", back=url_for(".index"), batch=of, rows=rows,
        columns=ROWS, errors=errors, may=_may(), total=len(found), shown=SHOWN,
    )  # fmt: skip


def _may() -> bool:
    return open_units(principal(), MAY, writing=True) is None
