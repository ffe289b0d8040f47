"""普及记录 for programs: pictures that show a run, and the record itself."""

from collections.abc import Mapping

from flask import Blueprint, Response, request

from chengjiu_mp.checkin import evidence, likeness, record
from chengjiu_mp.checkin.closing import is_popular
from chengjiu_mp.checkin.errors import EvidenceFixed, EvidenceFull, NotPopular, RecordIncomplete
from chengjiu_mp.checkin.record_models import RunEvidence
from chengjiu_mp.checkin.record_schemas import (
    EvidenceLikeOut,
    EvidenceOut,
    EvidencePictureQuery,
    EvidenceQuery,
    EvidenceRemoveIn,
    PopularRecordIn,
    PopularRecordOut,
)
from chengjiu_mp.core import access, photos
from chengjiu_mp.core.context import principal
from chengjiu_mp.core.db import end_read, unit_of_work
from chengjiu_mp.core.errors import NotFound
from chengjiu_mp.core.http import route
from chengjiu_mp.courses import errors
from chengjiu_mp.courses.models import CourseRun
from chengjiu_mp.courses.policy import run_for

blueprint = Blueprint("record_api", __name__, url_prefix="/api/v1")

WRITERS = access.roles(*evidence.WRITERS)
READERS = access.roles("instructor", "unit_manager", "operator", "approver", "auditor")
_RUN = (NotFound, NotPopular, errors.RunNotOpen)


@route(blueprint, "POST", "/runs/<row:run_id>/evidence", WRITERS, status=201, transaction=False,
       refusals=(*_RUN, photos.PhotoRefused, photos.NotAPhoto, photos.PhotoTooLarge, photos.PhotoTooManyPixels,
                 EvidenceFull))  # fmt: skip
def add_run_evidence(run_id: int, query: EvidenceQuery) -> EvidenceOut:
    """Take a JPEG or PNG as the raw body, at most 5 MB; it is drawn anew. The same picture twice is one (``known``)."""
    evidence.popular_run(principal(), run_id)
    end_read()
    photo = photos.read(request.get_data(cache=True))
    with unit_of_work():
        added = evidence.add_evidence(run_id, query.kind, photo, principal())
        return _out(added.row, likeness.repeated([added.row.id], principal()), known=added.known)


@route(blueprint, "GET", "/runs/<row:run_id>/evidence", READERS, refusals=(NotFound,))
def list_run_evidence(run_id: int) -> PopularRecordOut:
    """List what shows a run, with its record as it was submitted or as the plan suggests it."""
    return _record(run_for(principal(), run_id))


@route(blueprint, "GET", "/runs/<row:run_id>/evidence/<row:evidence_id>", READERS, refusals=(NotFound,))
def show_run_evidence(run_id: int, evidence_id: int, query: EvidencePictureQuery) -> Response:
    """Show one picture (JPEG)."""
    return picture_reply(run_id, evidence_id, small=query.small)


@route(blueprint, "POST", "/runs/<row:run_id>/evidence/<row:evidence_id>/remove", WRITERS,
       example={"reason": "传错了场次"}, refusals=(*_RUN, EvidenceFixed))  # fmt: skip
def remove_run_evidence(run_id: int, evidence_id: int, body: EvidenceRemoveIn) -> PopularRecordOut:
    """Take a picture out, with the reason."""
    evidence.remove_evidence(run_id, evidence_id, body.reason, principal())
    return _record(run_for(principal(), run_id))


@route(blueprint, "POST", "/runs/<row:run_id>/record", WRITERS,
       example={"presenter": "陈建国", "minutes": 90, "head_count": 180},
       refusals=(*_RUN, RecordIncomplete, errors.RunNotBegun, errors.HeadCountUnexplained,
                 errors.HeadCountFixed))  # fmt: skip
def submit_run_record(run_id: int, body: PopularRecordIn) -> PopularRecordOut:
    """Submit a 普及 run's record; the run is closed with it. What is missing is named."""
    run = evidence.popular_run(principal(), run_id)
    plan = record.suggested(run)
    given = record.Record(
        plan.presenter if body.presenter is None else body.presenter, body.minutes or plan.minutes, body.head_count,
        body.note,
    )  # fmt: skip
    record.submit_record(run_id, given, principal())
    return _record(run)


def picture_reply(run_id: int, evidence_id: int, *, small: bool) -> Response:
    """Return a picture as it is sent to staff; the edge says that nobody keeps it."""
    data = evidence.picture_of(principal(), run_id, evidence_id, small=small)
    end_read()
    reply = Response(data, mimetype=photos.MIME)
    reply.headers["Content-Disposition"] = f'inline; filename="run-{run_id}-{evidence_id}.jpg"'
    return reply


def _record(run: CourseRun) -> PopularRecordOut:
    there, known = evidence.evidence_of(run.id), record.record_of(run.id)
    said = record.suggested(run)
    like = likeness.repeated([one.id for one in there], principal())
    lacks = run.state == "closed" and not there and is_popular(run)
    return PopularRecordOut(
        run_id=run.id, state=run.state, head_count=run.head_count, presenter=said.presenter, minutes=said.minutes,
        submitted_at=known.submitted_at if known else None, lacks_evidence=lacks,
        items=[_out(one, like) for one in there],
    )  # fmt: skip


def _out(row: RunEvidence, like: Mapping[int, likeness.Earlier], *, known: bool = False) -> EvidenceOut:
    before = like.get(row.id)
    return EvidenceOut(
        id=row.id, kind=row.kind, bytes=row.bytes, width=row.width, height=row.height,  # type: ignore[arg-type]
        taken_at=row.taken_at, uploaded_at=row.uploaded_at, by=row.by_name, known=known,
        like=EvidenceLikeOut.model_validate(vars(before)) if before else None,
    )  # fmt: skip
