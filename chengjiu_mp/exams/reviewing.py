"""抽查复核: picking confirmed rounds by a rule that anybody can repeat, and a third person's word on them.

Nothing waits for it: the certificates went out with the confirmation.
"""

import hashlib
from dataclasses import dataclass

from sqlalchemy import or_, select, update

from chengjiu_mp.core import audit, clock
from chengjiu_mp.core.context import Principal
from chengjiu_mp.core.db import db
from chengjiu_mp.core.errors import NotFound
from chengjiu_mp.core.rows import insert_into
from chengjiu_mp.courses.models import CourseRun
from chengjiu_mp.courses.policy import run_for, runs_visible_to
from chengjiu_mp.exams.errors import NoteMissing, ReviewDone, ThirdPersonNeeded
from chengjiu_mp.exams.models import Submission
from chengjiu_mp.exams.review_models import ExamPolicy, ResultReview

REVIEWERS = ("approver",)
DEFAULT_SHARE = 0.05


@dataclass(frozen=True)
class Sampled:
    """A picked round with its run."""

    review: ResultReview
    run: CourseRun


def sample_share() -> float:
    """Return the share of confirmed rounds that is looked at again, 0 … 1."""
    newest = newest_policy()
    return DEFAULT_SHARE if newest is None else newest.sample_share


def newest_policy() -> ExamPolicy | None:
    """Return the row in force, None while nobody has set one."""
    return db.session.scalars(select(ExamPolicy).order_by(ExamPolicy.id.desc()).limit(1)).first()


def is_picked(uid: str, number: int, share: float) -> bool:
    """Return whether a round is looked at again: drawn from the run's own random id, the same whenever it is asked."""
    drawn = int.from_bytes(hashlib.sha256(f"{uid}:{number}".encode()).digest()[:8]) / 2**64
    return drawn < share


def pick(run: CourseRun, submission: Submission) -> None:
    """Pick a round that was confirmed just now, or pass it over."""
    if not is_picked(run.uid, submission.round, sample_share()):
        return
    fresh = insert_into(ResultReview).values(
        run_id=run.id, submission_id=submission.id, state="waiting", submitted_by=submission.submitted_by,
        confirmed_by=submission.confirmed_by, picked_at=clock.now(), note="",
    )  # fmt: skip
    db.session.execute(fresh.on_conflict_do_nothing(index_elements=["submission_id"]))


def waiting_reviews(who: Principal) -> list[Sampled]:
    """Return what the caller may see of the rounds that wait for a third person, the longest waiting first."""
    query = select(ResultReview, CourseRun).join(CourseRun, CourseRun.id == ResultReview.run_id)
    query = query.where(ResultReview.state == "waiting", runs_visible_to(who))
    found = db.session.execute(query.order_by(ResultReview.picked_at, ResultReview.id))
    return [Sampled(review, run) for review, run in found]


def reviews_of(run_id: int) -> list[ResultReview]:
    """Return the picked rounds of a run, the newest first."""
    query = select(ResultReview).where(ResultReview.run_id == run_id).order_by(ResultReview.id.desc())
    return list(db.session.scalars(query))


def review(run_id: int, review_id: int, verdict: str, note: str, by: Principal) -> ResultReview:
    """Record a third person's word on a picked round.

    :param verdict: ``fine`` or ``problem``, which wants a note
    :raise NotFound: out of reach; :raise NoteMissing: a problem without a word on it
    :raise ThirdPersonNeeded: the caller submitted or confirmed it; :raise ReviewDone: somebody was faster
    """
    run, note = run_for(by, run_id, roles=REVIEWERS), note.strip()
    if verdict == "problem" and len(note) < 2:
        raise NoteMissing(field="note")
    row = db.session.get(ResultReview, review_id)
    if row is None or row.run_id != run.id:
        raise NotFound
    others = [
        or_(column.is_(None), column != by.account_id)
        for column in (ResultReview.submitted_by, ResultReview.confirmed_by)
    ]
    taken = db.session.scalar(
        update(ResultReview)
        .where(ResultReview.id == row.id, ResultReview.state == "waiting", *others)
        .values(state=verdict, note=note, reviewed_by=by.account_id, reviewed_at=clock.now())
        .returning(ResultReview.id)
    )
    db.session.refresh(row)
    if taken is None:
        raise ThirdPersonNeeded if row.state == "waiting" else ReviewDone
    submission = db.session.get_one(Submission, row.submission_id)
    audit.record("results.reviewed", submission, unit_id=run.unit_id, run_id=run.id, verdict=verdict, reason=note)
    return row
