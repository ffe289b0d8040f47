"""What somebody who failed is offered: which items, how often, and where."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import select

from chengjiu_mp.core.db import db
from chengjiu_mp.courses.models import CourseRun, Signup
from chengjiu_mp.courses.signup_queries import phone_of, ticket_url
from chengjiu_mp.exams import messages
from chengjiu_mp.exams.attempts import earlier_failures, is_newest, newest_results
from chengjiu_mp.exams.models import ExamResult, ExamScheme
from chengjiu_mp.exams.queries import Row, rows_of_run, scheme_of_run, submission_of
from chengjiu_mp.exams.resits import resits_left
from chengjiu_mp.exams.scheme import Item, items_of
from chengjiu_mp.outbox.service import tell


@dataclass(frozen=True)
class Offer:
    """``failed`` items with the points they got; ``left`` re-sits; ``only_failed`` of them need taking again."""

    failed: tuple[tuple[Item, float], ...]
    left: int
    only_failed: bool


@dataclass(frozen=True)
class Candidate:
    """Somebody whose re-sit can be begun now; ``why`` says what it follows."""

    signup: Signup
    why: str


def candidates(run: CourseRun) -> list[Candidate]:
    """Return whose re-sit can be begun at a run now, in the order of names; nobody's while results are confirmed."""
    submission, scheme = submission_of(run.id), scheme_of_run(run)
    if submission is not None and submission.state == "submitted":
        return []
    over = submission is not None and submission.state == "confirmed"
    number = submission.round if submission is not None else 1
    rows = rows_of_run(run.id)
    elsewhere = earlier_failures(run, [row.signup.person_id for row in rows if row.version == 0])
    found = ((row.signup, _why(row, scheme, number, over, elsewhere)) for row in rows)
    return [Candidate(signup, why) for signup, why in found if why]


def _why(row: Row, scheme: ExamScheme, number: int, over: bool, elsewhere: Mapping[int, ExamResult]) -> str:
    settled = over or row.round < number
    if row.outcome == "failed" and row.result_id is not None:
        left = resits_left(scheme, db.session.get_one(ExamResult, row.result_id))
        return f"第 {row.attempt} 次不合格，还可补考 {left} 次" if left else ""
    if row.version == 0 and row.signup.person_id in elsewhere:
        return "上一场同类课程不合格，可以按补考登记"
    return "上次没有参加考核" if settled and row.outcome == "incomplete" else ""


def offer_of(run: CourseRun, signup_id: int) -> Offer | None:
    """Return what a failed person is offered, None for everybody else."""
    last = newest_results([signup_id]).get(signup_id)
    if last is None or last.outcome != "failed":
        return None
    scheme = scheme_of_run(run)
    failed = tuple(
        (one, last.items[one.code])
        for one in items_of(scheme.items)
        if one.required and one.code in last.items and last.items[one.code] < one.pass_mark
    )
    return Offer(failed, resits_left(scheme, last), scheme.resit_failed_only)


def tell_resits(run: CourseRun, number: int) -> None:
    """Tell those whom a confirmed round left without a pass what they can do, once each attempt."""
    query = (
        select(Signup, ExamResult)
        .join(ExamResult, (ExamResult.signup_id == Signup.id) & is_newest())
        .where(ExamResult.run_id == run.id, ExamResult.round == number, ExamResult.outcome == "failed")
        .where(Signup.erased_at.is_(None))
        .order_by(Signup.id)
    )
    scheme = scheme_of_run(run)
    for signup, result in db.session.execute(query).all():
        body = messages.failed(run.title, ticket_url(signup), again=resits_left(scheme, result) > 0)
        tell(
            "result.failed", dedupe_key=f"result:{result.id}:failed", body=body, phone=phone_of(signup), about=result,
            unit_id=signup.owner_unit_id,
        )  # fmt: skip
