"""A run's results on their way: submitted by one person, confirmed by another, or sent back with a note."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import or_, update

from chengjiu_mp.checkin.attendance import take_turn
from chengjiu_mp.core import audit, clock
from chengjiu_mp.core.context import Principal
from chengjiu_mp.core.db import db
from chengjiu_mp.courses.models import CourseRun
from chengjiu_mp.courses.policy import run_for
from chengjiu_mp.exams.errors import NobodyPresent, NotSubmitted, ResultsIncomplete, RunNotOver, SamePerson
from chengjiu_mp.exams.examiners import refuse_unfit_submitter
from chengjiu_mp.exams.models import Submission
from chengjiu_mp.exams.queries import hands_in, items_of_run, rows_of_run, submission_of
from chengjiu_mp.exams.resit_offers import tell_resits
from chengjiu_mp.exams.reviewing import pick
from chengjiu_mp.exams.service import WRITERS, hold_open, refuse_absent

CONFIRMERS = ("approver",)


def submit_results(run_id: int, left_out: Collection[int], by: Principal) -> Submission:
    """Hand the results in for confirmation.

    A later round holds those alone who re-sit in it.

    :param left_out: sign-ups of those present who took no examination
    :raise NotFound, NoExam, ResultsSubmitted, ResultsConfirmed: as for saving
    :raise RunNotOver: neither ended nor closed; :raise NobodyPresent: nobody was checked in
    :raise ResultsIncomplete: somebody has no complete result and was not left out
    :raise ExaminerNotValid: the caller, as an instructor, is not a valid one
    :raise NotEnoughAttended: somebody would pass who attended too little of it
    """
    run = run_for(by, run_id, roles=WRITERS)
    items_of_run(run)
    if (ends := not_before(run)) is not None:
        raise RunNotOver(ends_at=ends.isoformat())
    refuse_unfit_submitter(run, by)
    # An annulment that is under way is seen, and none begins until the results are handed in.
    take_turn(run)
    number = hold_open(run.id)
    rows = [row for row in rows_of_run(run.id) if row.round == number]
    if not rows:
        raise NobodyPresent
    open_ids = [row.signup.id for row in rows if row.outcome == "incomplete"]
    missing = [one for one in open_ids if one not in left_out]
    if missing:
        raise ResultsIncomplete(field="left_out", signup_ids=missing)
    refuse_absent(run, [row.signup.id for row in rows if row.outcome == "passed"])
    values = {"state": "submitted", "submitted_by": by.account_id, "submitted_at": clock.now(), "returned_note": ""}
    found = _move(run.id, "open", **values)
    run.attendance_fixed_at = clock.now()
    passed = sum(row.outcome == "passed" for row in rows)
    audit.record(
        "results.submitted", found, unit_id=run.unit_id,
        run_id=run.id, present=len(rows), passed=passed, left_out=open_ids, round=number,
    )  # fmt: skip
    return found


def not_before(run: CourseRun) -> datetime | None:
    """Return when a run's results can be handed in that cannot be yet, None where they can."""
    return run.ends_at if run.state != "closed" and clock.now() < run.ends_at else None


def return_to_instructor(run_id: int, note: str, by: Principal) -> Submission:
    """Open a submitted run's results again; ``note`` says what to change.

    :raise NotFound: out of reach; :raise NotSubmitted: nothing waits here
    """
    run = run_for(by, run_id, roles=CONFIRMERS)
    found = _move(run.id, "submitted", state="open", returned_note=note)
    if found.round == 1:
        run.attendance_fixed_at = None
    audit.record("results.returned", found, unit_id=run.unit_id, run_id=run.id, reason=note)
    return found


def take_confirmation(run_id: int, by: Principal) -> tuple[CourseRun, bool]:
    """Confirm the submission in this transaction; return the run, and whether this very call confirmed it.

    Whoever comes second, at once or later, gets False. The caller issues the certificates in the same transaction.

    :raise NotFound: out of reach; :raise NotSubmitted: nothing waits; :raise SamePerson: the caller submitted it, or
        typed some of it for somebody else to submit
    """
    run = run_for(by, run_id, roles=CONFIRMERS)
    other = or_(Submission.submitted_by.is_(None), Submission.submitted_by != by.account_id)
    taken = db.session.scalar(
        update(Submission)
        .where(Submission.run_id == run.id, Submission.state == "submitted", other)
        .values(state="confirmed", confirmed_by=by.account_id, confirmed_at=clock.now())
        .returning(Submission.id)
    )
    found = submission_of(run.id)
    if taken is None:
        if found is None or found.state == "open":
            raise NotSubmitted
        if found.state == "submitted":
            raise SamePerson
        return run, False
    assert found is not None  # noqa: S101  it was updated just now
    db.session.refresh(found)
    if by.account_id in hands_in(found):
        raise SamePerson("这一轮里有您录入或更正的成绩，或由您登记的免考，需要另一位复核人来确认。")
    audit.record("results.confirmed", found, unit_id=run.unit_id, run_id=run.id, round=found.round)
    tell_resits(run, found.round)
    pick(run, found)
    return run, True


def _move(run_id: int, before: str, **values: object) -> Submission:
    moved = update(Submission).where(Submission.run_id == run_id, Submission.state == before).values(**values)
    found = db.session.scalars(moved.returning(Submission), execution_options={"populate_existing": True}).first()
    if found is None:
        raise NotSubmitted
    return found
