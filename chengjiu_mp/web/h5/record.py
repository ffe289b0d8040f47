"""普及记录 on a phone: take photos, say who spoke and how many came, submit. All of it works by forms alone."""

from typing import Any, Literal

from flask import Blueprint, redirect, render_template, request, url_for
from pydantic import Field
from werkzeug.wrappers import Response

from chengjiu_mp.checkin import evidence, likeness, record, wall_queries
from chengjiu_mp.checkin.closing import closing_of
from chengjiu_mp.checkin.queries import seen_run
from chengjiu_mp.checkin.record_api import picture_reply
from chengjiu_mp.checkin.record_models import KINDS
from chengjiu_mp.core import photos
from chengjiu_mp.core.access import access, roles
from chengjiu_mp.core.context import principal
from chengjiu_mp.core.db import end_read, unit_of_work
from chengjiu_mp.core.errors import NotFound, Refusal
from chengjiu_mp.core.parsing import In, from_pairs
from chengjiu_mp.web import forms

blueprint = Blueprint("record", __name__)

MAY = roles(*evidence.WRITERS)
READERS = roles("instructor", "unit_manager", "operator", "approver", "auditor")


class RecordQuery(In):
    said: Literal["", "added", "known", "removed", "submitted"] = ""


class PictureQuery(In):
    small: bool = False


class KindPage(In):
    kind: Literal["photo", "sheet"] = "photo"


class RemovePage(In):
    reason: str = Field("", max_length=200)


class RecordPage(In):
    presenter: str = Field("", max_length=100)
    minutes: int | None = Field(None, ge=1, le=6000)
    head_count: int | None = Field(None, ge=0, le=100_000)
    note: str = Field("", max_length=300)


@blueprint.get("/teach/runs/<row:run_id>/record")
@access(MAY)
def page(run_id: int) -> str:
    """Show what is there and what is missing."""
    return _page(run_id, said=from_pairs(RecordQuery, request.args).said)


@blueprint.post("/teach/runs/<row:run_id>/record")
@access(MAY)
def submit(run_id: int) -> str | Response | tuple[str, int]:
    """Submit the record, and close the run with it."""
    given = None
    try:
        given = from_pairs(RecordPage, request.form, ignore=forms.IGNORED)
        with unit_of_work():
            record.submit_record(run_id, record.Record(**given.model_dump()), principal())
    except NotFound:
        raise
    except Refusal as refusal:
        return _page(run_id, given, forms.errors(refusal, "head_count")), refusal.kind.value
    return redirect(url_for(".page", run_id=run_id, said="submitted"), 303)


@blueprint.post("/teach/runs/<row:run_id>/record/evidence")
@access(MAY)
def upload(run_id: int) -> str | Response | tuple[str, int]:
    """Take one picture."""
    try:
        given = from_pairs(KindPage, request.form, ignore=forms.IGNORED)
        evidence.popular_run(principal(), run_id)
        photo = _read()
        with unit_of_work():
            added = evidence.add_evidence(run_id, given.kind, photo, principal())
    except NotFound:
        raise
    except Refusal as refusal:
        return _page(run_id, errors=forms.errors(refusal, "photo")), refusal.kind.value
    return redirect(url_for(".page", run_id=run_id, said="known" if added.known else "added"), 303)


def _read() -> photos.Photo:
    """Return the form's picture; drawing it anew takes its time, so nothing is open meanwhile."""
    given = request.files.get("photo")
    content = given.stream.read(photos.MAX_BYTES + 1) if given is not None and given.filename else b""
    end_read()
    return photos.read(content)


@blueprint.post("/teach/runs/<row:run_id>/record/evidence/<row:evidence_id>/remove")
@access(MAY)
def remove(run_id: int, evidence_id: int) -> Response:
    """Take a picture out."""
    given = from_pairs(RemovePage, request.form, ignore=forms.IGNORED)
    with unit_of_work():
        evidence.remove_evidence(run_id, evidence_id, given.reason, principal())
    return redirect(url_for(".page", run_id=run_id, said="removed"), 303)


@blueprint.get("/teach/runs/<row:run_id>/record/evidence/<row:evidence_id>.jpg")
@access(READERS)
def picture(run_id: int, evidence_id: int) -> Response:
    """Show a picture to who may see the run."""
    return picture_reply(run_id, evidence_id, small=from_pairs(PictureQuery, request.args).small)


def pictures_shown(run_id: int) -> list[dict[str, Any]]:
    """Return what a page needs to show a run's pictures, the console's too."""
    there = evidence.evidence_of(run_id)
    like = likeness.repeated([one.id for one in there], principal())
    return [
        {"id": one.id, "word": KINDS[one.kind], "at": one.taken_at or one.uploaded_at, "by": one.by_name,
         "gone": one.file is None, "like": like.get(one.id),
         "src": url_for("record.picture", run_id=run_id, evidence_id=one.id)}
        for one in there
    ]  # fmt: skip


def _page(run_id: int, given: RecordPage | None = None, errors: dict[str, str] | None = None, said: str = "") -> str:
    run = evidence.popular_run(principal(), run_id)
    shown = seen_run(principal(), run_id)
    return render_template(
        "h5/record.html", title="普及记录", back=url_for("teach.roster", run_id=run.id), run=shown, said=said,
        given=given or record.suggested(shown), errors=errors or {}, closing=closing_of(run), most=evidence.MOST,
        pictures=pictures_shown(run.id), submitted=record.record_of(run.id), kinds=list(KINDS.items()),
        post=url_for(".page", run_id=run.id), by_wall=wall_queries.by_wall(run),
    )  # fmt: skip
