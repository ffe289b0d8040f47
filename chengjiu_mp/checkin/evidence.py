"""Photos and signed sheets of a 普及 run (feat-E2): put in, taken out with a reason, deleted in time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from sqlalchemy import ColumnElement, and_, exists, func, or_, select

from chengjiu_mp.checkin import likeness
from chengjiu_mp.checkin.attendance import take_turn
from chengjiu_mp.checkin.closing import is_popular
from chengjiu_mp.checkin.errors import EvidenceFixed, EvidenceFull, EvidenceReasonMissing, NotPopular
from chengjiu_mp.checkin.record_models import PopularRecord, RunEvidence
from chengjiu_mp.core import audit, clock
from chengjiu_mp.core.context import Principal
from chengjiu_mp.core.db import after_commit, db
from chengjiu_mp.core.errors import NotFound
from chengjiu_mp.core.photos import Photo
from chengjiu_mp.core.storage import media
from chengjiu_mp.courses.errors import RunNotOpen
from chengjiu_mp.courses.models import CourseRun, CourseType, Syllabus
from chengjiu_mp.courses.policy import run_for

MOST = 9
WRITERS = ("instructor", "operator")


def popular_run(who: Principal, run_id: int) -> CourseRun:
    """Return the 普及 run whose record ``who`` keeps.

    :raise NotFound: missing or out of scope; :raise NotPopular: it counts names, not heads
    :raise RunNotOpen: a draft, or called off
    """
    run = run_for(who, run_id, roles=WRITERS)
    if not is_popular(run):
        raise NotPopular
    if run.state not in ("published", "closed"):
        raise RunNotOpen
    return run


@dataclass(frozen=True)
class Added:
    """A picture that was sent. ``known``: it was there before, and nothing was added."""

    row: RunEvidence
    known: bool = False


def add_evidence(run_id: int, kind: str, photo: Photo, by: Principal) -> Added:
    """Keep a picture; the same one sent twice is one row. One that another run shows is kept and says so (feat-N3).

    :raise EvidenceFull: nine are there; :raise Refusal: as :func:`popular_run`
    """
    run = popular_run(by, run_id)
    take_turn(run)
    there = evidence_of(run.id)
    file = media().put(photo.data, "jpg")
    known = next((one for one in there if one.file == file), None)
    if known is not None:
        return Added(known, known=True)
    if len(there) >= MOST:
        raise EvidenceFull(field="photo", most=MOST)
    row = RunEvidence(
        run_id=run.id, kind=kind, file=file, small=media().put(photo.small, "jpg"), bytes=len(photo.data),
        width=photo.width, height=photo.height, taken_at=photo.taken_at, account_id=by.account_id,
        by_name=by.name[:100], likeness=photo.likeness, like_id=likeness.earlier(run.id, kind, file, photo.likeness),
    )  # fmt: skip
    db.session.add(row)
    db.session.flush()
    audit.record("evidence.added", row, unit_id=run.unit_id, run_id=run.id, kind=kind, like=row.like_id)
    return Added(row)


def remove_evidence(run_id: int, evidence_id: int, reason: str, by: Principal) -> None:
    """Take a picture out; the row stays and says who and why. Doing it twice changes nothing.

    :raise NotFound: no picture of this run; :raise EvidenceReasonMissing: about ``reason``
    :raise EvidenceFixed: the record was submitted, and the caller is no operator of it
    """
    run = popular_run(by, run_id)
    take_turn(run)
    row = _row(run.id, evidence_id)
    if row.removed_at is not None:
        return
    if not reason.strip():
        raise EvidenceReasonMissing(field="reason")
    if db.session.get(PopularRecord, run.id) is not None and not _operates(by, run.id):
        raise EvidenceFixed
    row.removed_at, row.remove_reason = clock.now(), reason.strip()
    _forget(row)
    audit.record("evidence.removed", row, unit_id=run.unit_id, run_id=run.id, reason=row.remove_reason)


def _operates(who: Principal, run_id: int) -> bool:
    try:
        run_for(who, run_id, roles=("operator",))
    except NotFound:
        return False
    return True


def _row(run_id: int, evidence_id: int) -> RunEvidence:
    row = db.session.get(RunEvidence, evidence_id, populate_existing=True)
    if row is None or row.run_id != run_id:
        raise NotFound
    return row


def _forget(row: RunEvidence) -> None:
    """Delete a row's files once this is in; one that shows the same picture elsewhere keeps it."""
    names = [name for name in (row.file, row.small) if name]
    row.file = row.small = None
    db.session.flush()
    kept = select(RunEvidence.id).where(or_(RunEvidence.file.in_(names), RunEvidence.small.in_(names))).limit(1)
    if db.session.scalar(kept) is not None:
        return
    for name in names:
        after_commit(partial(media().discard, name))


def evidence_of(run_id: int) -> Sequence[RunEvidence]:
    """Return a run's pictures, the earliest first, without those taken out."""
    query = select(RunEvidence).where(RunEvidence.run_id == run_id, RunEvidence.removed_at.is_(None))
    return db.session.scalars(query.order_by(RunEvidence.id).execution_options(populate_existing=True)).all()


def picture_of(who: Principal, run_id: int, evidence_id: int, *, small: bool = False) -> bytes:
    """Return a picture, for staff in scope and for who teaches the run.

    :raise NotFound: out of scope, of another run, taken out, or its time is over
    """
    run_for(who, run_id)
    row = _row(run_id, evidence_id)
    name = row.small if small else row.file
    if row.removed_at is not None or name is None or not media().path(name).exists():
        raise NotFound
    return media().get(name)


def lacks_evidence() -> ColumnElement[bool]:
    """Return the condition on CourseRun that leaves 普及 runs which were closed without a picture (待补佐证)."""
    popular = select(Syllabus.id).join(CourseType).where(CourseType.family == "popular")
    shown = exists().where(RunEvidence.run_id == CourseRun.id, RunEvidence.removed_at.is_(None))
    return and_(CourseRun.state == "closed", CourseRun.syllabus_id.in_(popular), ~shown)


def lacking(visible: ColumnElement[bool]) -> int:
    """Return how many runs among those visible wait for a picture."""
    return db.session.scalar(select(func.count(CourseRun.id)).where(visible, lacks_evidence())) or 0


def forget_before(moment: datetime, limit: int) -> int:
    """Delete the pictures of runs that ended before ``moment``; that there were some stays. Return how many."""
    query = (
        select(RunEvidence)
        .join(CourseRun, CourseRun.id == RunEvidence.run_id)
        .where(RunEvidence.file.is_not(None), CourseRun.ends_at <= moment)
        .order_by(RunEvidence.id)
    )
    rows = db.session.scalars(query.limit(limit)).all()
    for row in rows:
        _forget(row)
    return len(rows)
