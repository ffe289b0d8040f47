"""Correcting a confirmed result: a new attempt beside the old one, with a reason, confirmed by another person again.

Whether a certificate stands is known one slice further (``certificates/result_corrections.py``), which asks for its
revocation first (rel-E3). Callers come from there."""

from chengjiu_mp.core import audit, clock
from chengjiu_mp.core.context import Principal
from chengjiu_mp.core.day_words import day
from chengjiu_mp.core.db import db
from chengjiu_mp.core.parsing import Invalid
from chengjiu_mp.core.rows import insert_into
from chengjiu_mp.courses.models import CourseRun, Signup
from chengjiu_mp.courses.policy import run_for
from chengjiu_mp.exams.attempts import later_run_of, newest_results
from chengjiu_mp.exams.errors import NothingToCorrect, NotPresent, ResatElsewhere
from chengjiu_mp.exams.models import ExamResult
from chengjiu_mp.exams.queries import exempt_items, items_of_run
from chengjiu_mp.exams.resits import open_round
from chengjiu_mp.exams.schemas import CorrectionIn
from chengjiu_mp.exams.scheme import outcome_of
from chengjiu_mp.exams.service import check_points, hold_rounds, refuse_absent

CORRECTORS = ("operator",)


def record_correction(run_id: int, given: CorrectionIn, by: Principal) -> ExamResult:
    """Put corrected points beside a confirmed result, in an open round that another person confirms.

    :raise NotFound, NoExam: out of reach; :raise NotPresent: not checked in
    :raise NothingToCorrect: no confirmed result, or the same points; :raise Invalid: points out of range
    :raise ResatElsewhere: a re-sit at a later run follows it already; the indexes judge both at once
    :raise ResultsSubmitted: another round is being confirmed; :raise NotEnoughAttended: they would pass by it
    """
    run = run_for(by, run_id, roles=CORRECTORS)
    items = items_of_run(run)
    if errors := check_points(items, given.items, "/items"):
        raise Invalid(errors)
    signup = db.session.get(Signup, given.signup_id)
    if signup is None or signup.run_id != run.id or signup.outcome != "attended":
        raise NotPresent(field="signup_id", signup_id=given.signup_id)
    hold_rounds(run.id)
    number = open_round(run.id)
    last = newest_results([signup.id]).get(signup.id)
    if last is None or last.round == number:
        raise NothingToCorrect(field="signup_id")
    refuse_resat(last)
    points = {code: value for code, value in {**last.items, **given.items}.items() if value is not None}
    if points == last.items:
        raise NothingToCorrect(field="items")
    outcome = outcome_of(items, points, exempt_items([signup.id]).get(signup.id, frozenset()))
    if outcome == "passed":
        refuse_absent(run, [signup.id])
    return _insert(run, last, number, {"items": points, "outcome": outcome, "reason": given.reason.strip()}, by)


def refuse_resat(last: ExamResult) -> None:
    """Let a newest attempt pass that no later run's re-sit follows.

    :raise ResatElsewhere: one does
    """
    if (later := later_run_of(last)) is not None:
        said = ResatElsewhere.at(later.title, day(later.starts_at))
        raise ResatElsewhere(said, field="signup_id", run_id=later.id)


def _insert(run: CourseRun, last: ExamResult, number: int, values: dict[str, object], by: Principal) -> ExamResult:
    fresh = insert_into(ExamResult).values(
        run_id=run.id, signup_id=last.signup_id, attempt=last.attempt + 1, round=number, kind="correction",
        follows_id=last.id, version=last.version + 1, entered_by=by.account_id, entered_at=clock.now(),
        examined_by=last.examined_by, examiner_name=last.examiner_name, carried=[], **values,
    )  # fmt: skip
    added = db.session.scalar(fresh.on_conflict_do_nothing().returning(ExamResult.id))
    if added is None:
        # Somebody was faster: a re-sit elsewhere, or another correction.
        refuse_resat(last)
        raise NothingToCorrect(field="signup_id")
    result = db.session.get_one(ExamResult, added, populate_existing=True)
    audit.record(
        "results.correction", result, unit_id=run.unit_id, run_id=run.id, version=result.version, round=number,
        was=dict(last.items), now=dict(result.items), outcome=result.outcome, reason=result.reason,
    )  # fmt: skip
    return result
