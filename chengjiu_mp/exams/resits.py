"""补考: another attempt that follows a failed one, on the same run or at a later run of the same kind (feat-C7)."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from chengjiu_mp.checkin.attended import attended_of
from chengjiu_mp.core import audit, clock
from chengjiu_mp.core.context import Principal
from chengjiu_mp.core.db import db
from chengjiu_mp.core.rows import insert_into
from chengjiu_mp.courses.models import CourseRun, Signup
from chengjiu_mp.courses.policy import run_for
from chengjiu_mp.exams.attempts import chain_of, earlier_failures, newest_results
from chengjiu_mp.exams.errors import NotEnoughAttended, NotPresent, ResitRefused, ResitsUsedUp, ResultsConfirmed
from chengjiu_mp.exams.examiners import refuse_unfit_submitter
from chengjiu_mp.exams.models import ExamResult, ExamScheme
from chengjiu_mp.exams.queries import scheme_of_run, submission_of
from chengjiu_mp.exams.scheme import items_of, outcome_of
from chengjiu_mp.exams.service import WRITERS, add_round, hold_open


def open_resit(run_id: int, signup_id: int, by: Principal) -> ExamResult:
    """Begin somebody's next attempt; an attempt that is open already is returned as it is.

    On the run itself it follows their failed or missed attempt; after a confirmation it begins a round of its own,
    which two people confirm again. At a later run of the same kind it follows the failed attempt of the earlier one.
    What was passed is carried over when the scheme says so.

    :raise NotFound, NoExam: as for saving; :raise ExaminerNotValid: the caller, as an instructor, is not a valid one
    :raise ResultsSubmitted: wait for their confirmation; :raise NotPresent: not checked in
    :raise ResitRefused: nothing to follow; :raise ResitsUsedUp: the scheme allows no more
    :raise NotEnoughAttended: at the earlier run, which such a re-sit relies on
    """
    run = run_for(by, run_id, roles=WRITERS)
    scheme = scheme_of_run(run)
    refuse_unfit_submitter(run, by)
    signup = db.session.get(Signup, signup_id)
    if signup is None or signup.run_id != run.id or signup.outcome != "attended":
        raise NotPresent(field="signup_id", signup_id=signup_id)
    number = open_round(run.id)
    last = newest_results([signup_id]).get(signup_id)
    if last is not None and last.round == number and last.outcome == "incomplete":
        return last
    return _begin(run, signup, number, last, scheme)


def open_round(run_id: int) -> int:
    """Hold the run's open round in this transaction, a new one after the last was confirmed; return its number.

    :raise ResultsSubmitted: the last one is being confirmed
    """
    try:
        return hold_open(run_id)
    except ResultsConfirmed:
        last = submission_of(run_id)
        add_round(run_id, (last.round if last else 0) + 1)
        return hold_open(run_id)


def resits_left(scheme: ExamScheme, last: ExamResult) -> int:
    """Return how many re-sits the scheme leaves after an attempt; one that was missed is not counted."""
    taken = sum(one.kind == "resit" and one.outcome != "incomplete" for one in chain_of(last))
    return max(0, scheme.max_resits - taken)


def _begin(run: CourseRun, signup: Signup, number: int, last: ExamResult | None, scheme: ExamScheme) -> ExamResult:
    if last is None:
        last = _from_elsewhere(run, signup)
    if last is None and number == 1:
        raise ResitRefused(field="signup_id", signup_id=signup.id)
    if last is not None:
        if last.outcome == "passed":
            raise ResitRefused(field="signup_id", signup_id=signup.id)
        if last.outcome == "failed" and resits_left(scheme, last) == 0:
            raise ResitsUsedUp(field="signup_id", max_resits=scheme.max_resits)
    added = _insert(run, signup, number, last, scheme)
    if added is None:
        # Somebody else began it a moment ago: the indexes judged.
        found = newest_results([signup.id]).get(signup.id)
        if found is None or found.outcome != "incomplete":
            raise ResitRefused(field="signup_id", signup_id=signup.id)
        return found
    audit.record(
        "results.resit_opened", added, unit_id=run.unit_id, run_id=run.id, signup_id=signup.id,
        attempt=added.attempt, round=number, follows=added.follows_id, carried=added.carried,
    )  # fmt: skip
    return added


def _from_elsewhere(run: CourseRun, signup: Signup) -> ExamResult | None:
    found = earlier_failures(run, [signup.person_id]).get(signup.person_id)
    if found is None:
        return None
    there = db.session.get_one(CourseRun, found.run_id)
    attended = attended_of(there, [found.signup_id])[found.signup_id]
    if not attended.enough:
        said = "这位学员上一场的出勤不够，不能只补考。请按新学员参加这一场的全部培训和考核。"
        raise NotEnoughAttended(said, field="signup_id", signup_ids=[signup.id])
    return found


def _insert(
    run: CourseRun, signup: Signup, number: int, last: ExamResult | None, scheme: ExamScheme
) -> ExamResult | None:
    here = last is not None and last.run_id == run.id
    points = _carried(scheme, last)
    fresh = insert_into(ExamResult).values(
        run_id=run.id, signup_id=signup.id, attempt=last.attempt + 1 if last is not None and here else 1, round=number,
        kind="exam" if last is None else "resit", follows_id=last.id if last is not None else None,
        carried=sorted(points), items=points, outcome=outcome_of(items_of(scheme.items), points),
        version=last.version + 1 if last is not None and here else 1, entered_at=clock.now(), examiner_name="",
    )  # fmt: skip
    added = db.session.scalar(fresh.on_conflict_do_nothing().returning(ExamResult.id))
    query = select(ExamResult).where(ExamResult.id == added).execution_options(populate_existing=True)
    return db.session.scalars(query).one() if added is not None else None


def _carried(scheme: ExamScheme, last: ExamResult | None) -> dict[str, Any]:
    """The points of the items that need not be taken again, by the rule of the run that examines now."""
    if last is None or not scheme.resit_failed_only:
        return {}
    points: Mapping[str, Any] = last.items
    return {one.code: points[one.code] for one in items_of(scheme.items) if points.get(one.code, -1) >= one.pass_mark}
