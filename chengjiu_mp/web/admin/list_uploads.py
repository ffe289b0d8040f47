"""A sheet in the console: the template, the upload, the dry run, the confirmation, the result and its file."""

from typing import Any

from flask import Blueprint, Response, jsonify, redirect, render_template, request, url_for
from markupsafe import Markup
from pydantic import Field
from werkzeug.wrappers import Response as AnyResponse

from chengjiu_mp.core import audit, context, spreadsheet
from chengjiu_mp.core.access import access
from chengjiu_mp.core.db import end_read, unit_of_work
from chengjiu_mp.core.errors import NotFound, Refusal
from chengjiu_mp.core.parsing import In, from_pairs
from chengjiu_mp.core.sheet_rows import left_out_words
from chengjiu_mp.core.spreadsheet import FileMissing
from chengjiu_mp.lists import queries, result_sheet, sheet, upload_queries, uploading
from chengjiu_mp.lists.enrolling import head_of
from chengjiu_mp.lists.models import UnitListLine, UnitListUpload
from chengjiu_mp.lists.policy import list_for, may_change
from chengjiu_mp.web import forms
from chengjiu_mp.web.admin import uploads
from chengjiu_mp.web.admin.list_words import run_words
from chengjiu_mp.web.admin.lists import MAY, show_list

blueprint = Blueprint("console_list_uploads", __name__, url_prefix="/console/lists/<row:list_id>")

PAGE = 100
COLUMNS = ["行", "姓名", "证件号码", "手机号", "结果", "原因"]
_TONES = {
    "add": "ok", "wait": "warn", "name": "", "change": "", "same": "plain", "fault": "bad", "added": "ok",
    "waiting": "warn", "named": "", "changed": "", "rejected": "bad",
}  # fmt: skip
# What a filter shows: plans before the enrolment, outcomes after it.
_GROUPS = (("", "全部", ()), ("fault", "要改", ("fault",)), ("add", "会报上", ("add",)), ("wait", "候补", ("wait",)),
           ("other", "其他", ("same", "change", "name")))  # fmt: skip
_DONE_GROUPS = (("", "全部", ()), ("rejected", "没报上", ("rejected",)), ("added", "已报上", ("added",)),
                ("waiting", "候补", ("waiting",)), ("other", "其他", ("same", "changed", "named")))  # fmt: skip


class LinesQuery(In):
    show: str = Field("", max_length=10)
    after: int = Field(0, ge=0, le=2_147_483_647)


class ConfirmPage(In):
    agreed: bool = False


@blueprint.get("/template.xlsx")
@access(MAY)
def template(list_id: int) -> Response:
    """Send the empty sheet, its drop-downs made for this list's runs."""
    list_for(context.principal(), list_id)
    runs = [one.run for one in queries.runs_of(list_id)]
    return uploads.download(sheet.template(runs), f"list-{list_id}.xlsx")


@blueprint.post("/uploads")
@access(MAY)
def upload(list_id: int) -> str | AnyResponse | tuple[str, int]:
    """Take a file; a worker reads it."""
    list_for(context.principal(), list_id, writing=True)
    try:
        content = _content()
        with unit_of_work():
            upload_id = uploading.receive(list_for(context.principal(), list_id, writing=True), content).id
    except NotFound:
        raise
    except Refusal as refusal:
        return show_list(list_id, forms.errors(refusal, "file")), refusal.kind.value
    return redirect(url_for(".show", list_id=list_id, upload_id=upload_id), 303)


def _content() -> bytes:
    given = request.files.get("file")
    if given is None or not given.filename:
        raise FileMissing
    return given.stream.read(spreadsheet.MAX_BYTES + 1)


@blueprint.get("/uploads/<row:upload_id>")
@access(MAY)
def show(list_id: int, upload_id: int) -> str:
    """Show how far it is, what would happen, or what did."""
    return _page(list_id, upload_id, {})


@blueprint.get("/uploads/<row:upload_id>/state")
@access(MAY)
def state(list_id: int, upload_id: int) -> Response:
    """Say how far the work is; the page asks every few seconds."""
    list_for(context.principal(), list_id)
    found = upload_queries.upload_of(list_id, upload_id)
    done, words = _progress(found)
    stopped = uploading.stopped(found)
    word = "stopped" if stopped else "working" if found.state in ("queued", "enrolling") else "done"
    url = url_for(".show", list_id=list_id, upload_id=upload_id)
    return jsonify(state=word, text=words, done=done, total=found.total, next=url)


@blueprint.post("/uploads/<row:upload_id>/confirm")
@access(MAY)
def confirm(list_id: int, upload_id: int) -> str | AnyResponse | tuple[str, int]:
    """Enrol what was read."""
    try:
        given = from_pairs(ConfirmPage, request.form, ignore=forms.IGNORED)
        with unit_of_work():
            of = list_for(context.principal(), list_id, writing=True)
            uploading.confirm(of, upload_queries.upload_of(list_id, upload_id), agreed=given.agreed)
    except NotFound:
        raise
    except Refusal as refusal:
        return _page(list_id, upload_id, forms.errors(refusal, "agreed")), refusal.kind.value
    return redirect(url_for(".show", list_id=list_id, upload_id=upload_id), 303)


@blueprint.post("/uploads/<row:upload_id>/continue")
@access(MAY)
def send_on(list_id: int, upload_id: int) -> AnyResponse:
    """Let a stopped work go on."""
    with unit_of_work():
        list_for(context.principal(), list_id, writing=True)
        uploading.send_on(upload_queries.upload_of(list_id, upload_id))
    return redirect(url_for(".show", list_id=list_id, upload_id=upload_id), 303)


@blueprint.get("/uploads/<row:upload_id>/result.xlsx")
@access(MAY)
def result(list_id: int, upload_id: int) -> Response:
    """Send the file back with its results and tickets, not to readers; numbers whole to who uploaded them alone."""
    caller = context.principal()
    with unit_of_work():
        of, found = list_for(caller, list_id, writing=True), upload_queries.upload_of(list_id, upload_id)
        whole = found.uploaded_by is not None and found.uploaded_by == caller.account_id
        audit.record("unit_list.result_taken", of, unit_id=of.unit_id, upload=upload_id, whole=whole)
    content = result_sheet.result_file(upload_queries.upload_of(list_id, upload_id), whole=whole)
    end_read()
    return uploads.download(content, f"result-{list_id}-{upload_id}.xlsx")


def _page(list_id: int, upload_id: int, errors: dict[str, str]) -> str:
    of = list_for(context.principal(), list_id)
    found = upload_queries.upload_of(list_id, upload_id)
    asked = _asked()
    lines, chips = _lines(found, asked)
    head, (done, words), runs = head_of(found), _progress(found), _runs(list_id)
    base = url_for(".show", list_id=list_id, upload_id=upload_id)
    return render_template(
        "admin/unit_list_upload.html", title=_title(found), back=url_for("console_lists.show", list_id=list_id), of=of,
        upload=found, errors=errors, plans=upload_queries.plans_of(upload_id),
        counts=upload_queries.counts_of(upload_id),
        columns=[*COLUMNS[:4], *(["场次"] if runs else []), *COLUMNS[4:]],
        rows=[_row(line, head, runs) for line in lines], chips=chips, base=base, done=done, words=words,
        stopped=uploading.stopped(found), asked=asked, changing=may_change(context.principal(), of),
        told=upload_queries.told_of(upload_id) if found.state == "read" else 0,
        left_out=left_out_words(upload_queries.left_out_of(found), "人员"),
        following=f"{base}?show={asked.show}&after={lines[-1].number}" if len(lines) == PAGE else "",
    )  # fmt: skip


def _title(found: UnitListUpload) -> str:
    words = {"read": "核对名单", "done": "报名结果", "refused": "没有读成"}
    return words.get(found.state, "正在处理")


def _progress(found: UnitListUpload) -> tuple[int, str]:
    counts = upload_queries.plans_of(found.id) if found.state == "queued" else upload_queries.counts_of(found.id)
    done = sum(counts.values())
    verb = "已核对" if found.state == "queued" else "已处理"
    return done, f"{verb} {done} / {found.total} 人" if found.total else "正在打开表格"


def _asked() -> LinesQuery:
    try:
        return from_pairs(LinesQuery, request.args)
    except Refusal:
        return LinesQuery.model_validate({})


def _lines(found: UnitListUpload, asked: LinesQuery) -> tuple[list[UnitListLine], list[dict[str, Any]]]:
    if found.state not in ("read", "done"):
        return [], []
    finished = found.state == "done"
    groups = _DONE_GROUPS if finished else _GROUPS
    counts = upload_queries.counts_of(found.id) if finished else upload_queries.plans_of(found.id)
    wanted = next((words for key, _, words in groups if key == asked.show), ())
    narrow: dict[str, Any] = {"outcomes" if finished else "plans": wanted}
    told = 0 if finished else upload_queries.told_of(found.id)
    if told and asked.show == "told":
        narrow = {"told": True}
    chips = [
        {"label": label, "href": f"{request.path}?show={key}" if key else request.path, "current": key == asked.show,
         "count": sum(counts.get(word, 0) for word in words) if words else None} for key, label, words in groups
    ]  # fmt: skip
    if told:
        chips.append({"label": "有说明", "href": f"{request.path}?show=told", "current": asked.show == "told",
                      "count": told})  # fmt: skip
    return list(upload_queries.lines_of(found.id, after=asked.after, size=PAGE, **narrow)), chips


def _runs(list_id: int) -> dict[int, str]:
    """Return {run id: its words} of a list over several runs; of one there is nothing to tell apart."""
    found = queries.runs_of(list_id)
    return {one.run.id: run_words(one.run) for one in found} if len(found) > 1 else {}


def _row(line: UnitListLine, head: list[str], runs: dict[int, str]) -> list[Any]:
    values = result_sheet.shown(line, head)
    state = {"text": result_sheet.word_of(line), "tone": _TONES[line.outcome or line.plan]}
    reason = f"{line.field}：{line.reason}" if line.field else line.reason
    known = (values.get(name) for name in (sheet.NAME, sheet.DOC, sheet.PHONE))
    place = [runs.get(line.run_id or 0)] if runs else []
    return [Markup('<span class="kept">第 {} 行</span>').format(line.number), *known, *place, state, reason or None]
