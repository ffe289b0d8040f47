"""JSON routes of what waits for people: confirmations, and the sampled review after them."""

from datetime import datetime
from typing import Annotated, Literal

from flask import Blueprint
from pydantic import Field

from chengjiu_mp.core import access
from chengjiu_mp.core.context import principal
from chengjiu_mp.core.errors import NotFound
from chengjiu_mp.core.http import route
from chengjiu_mp.core.parsing import In, Out
from chengjiu_mp.exams.errors import NoteMissing, ReviewDone, ThirdPersonNeeded
from chengjiu_mp.exams.queries import submissions_waiting_for
from chengjiu_mp.exams.review_models import ResultReview
from chengjiu_mp.exams.reviewing import REVIEWERS, review, waiting_reviews

blueprint = Blueprint("result_reviews", __name__, url_prefix="/api/v1")

READERS = access.roles("approver", "operator", "unit_manager", "auditor")


class QueuedOut(Out):
    """Results that wait for their confirmation: ``approvers`` are who may give it, deputies with their last day."""

    run_id: int
    title: str
    round: int
    submitted_by: str
    submitted_at: datetime | None
    approvers: list[str]


class ReviewIn(In):
    """``fine`` or ``problem``; a problem wants a note."""

    verdict: Literal["fine", "problem"]
    note: Annotated[str, Field(max_length=300)] = ""


class ReviewOut(Out):
    id: int
    run_id: int
    state: Literal["waiting", "fine", "problem"]
    picked_at: datetime
    reviewed_at: datetime | None
    note: str


class QueueOut(Out):
    """Both queues, the longest waiting first."""

    confirmations: list[QueuedOut]
    reviews: list[ReviewOut]


@route(blueprint, "GET", "/results/queue", READERS)
def queue() -> QueueOut:
    """What waits for whom: results to be confirmed, and confirmed ones that were picked for a third person."""
    return QueueOut(
        confirmations=[
            QueuedOut(
                run_id=one.run.id, title=one.run.title, round=one.submission.round, submitted_by=one.submitter,
                submitted_at=one.submission.submitted_at, approvers=list(one.approvers),
            )
            for one in submissions_waiting_for(principal())
        ],
        reviews=[_out(one.review) for one in waiting_reviews(principal())],
    )  # fmt: skip


@route(
    blueprint, "POST", "/runs/<row:run_id>/results/reviews/<row:review_id>", access.roles(*REVIEWERS),
    refusals=(NotFound, ThirdPersonNeeded, ReviewDone, NoteMissing),
    example={"verdict": "problem", "note": "两名学员的操作考核没有评分表"},
)  # fmt: skip
def say(run_id: int, review_id: int, body: ReviewIn) -> ReviewOut:
    """A third person's word on results that were picked; nothing that was issued changes by it."""
    return _out(review(run_id, review_id, body.verdict, body.note, principal()))


def _out(row: ResultReview) -> ReviewOut:
    return ReviewOut.model_validate(
        {"id": row.id, "run_id": row.run_id, "state": row.state, "picked_at": row.picked_at,
         "reviewed_at": row.reviewed_at, "note": row.note}
    )  # fmt: skip
