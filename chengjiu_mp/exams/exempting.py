"""免考: recording and withdrawing exemptions while the results are open, and judging the result anew."""

from collections.abc import Collection

from sqlalchemy import or_, select, update

from chengjiu_mp.core import audit, clock
from chengjiu_mp.core.context import Principal
from chengjiu_mp.core.db import db
from chengjiu_mp.core.errors import NotFound
from chengjiu_mp.core.rows import insert_into
from chengjiu_mp.courses.models import CourseRun, Signup
from chengjiu_mp.courses.policy import run_for
from chengjiu_mp.exams.attempts import newest_results
from chengjiu_mp.exams.errors import ExemptionTooWide, NotPresent, OriginalNotSeen, ResultsConfirmed
from chengjiu_mp.exams.examiners import exam_day, refuse_unfit_submitter
from chengjiu_mp.exams.exemption_models import ExamExemption
from chengjiu_mp.exams.models import ExamResult
from chengjiu_mp.exams.queries import exempt_items, items_of_run
from chengjiu_mp.exams.schemas import ExemptionIn
from chengjiu_mp.exams.scheme import outcome_of
from chengjiu_mp.exams.service import WRITERS, hold_open, refuse_absent
from chengjiu_mp.people.models import Attainment


def exempt(run_id: int, given: ExemptionIn, by: Principal) -> None:
    """Exempt somebody from an item; it counts as passed. Again: nothing new.

    :raise NotFound, NoExam, ResultsSubmitted, ResultsConfirmed, NotPresent, ExaminerNotValid: as for saving
    :raise OriginalNotSeen: nobody saw the certificate; :raise ExemptionTooWide: nothing would be left to examine
    :raise NotEnoughAttended: they would pass by it, and attended too little
    """
    run = run_for(by, run_id, roles=WRITERS)
    items = {one.code: one for one in items_of_run(run)}
    if given.item not in items:
        raise NotFound(field="item")
    if not given.original_seen:
        raise OriginalNotSeen(field="original_seen")
    refuse_unfit_submitter(run, by)
    signup, last = _open_signup(run, given.signup_id)
    before = exempt_items([signup.id]).get(signup.id, frozenset())
    if not any(one.required for one in items.values() if one.code not in {*before, given.item}):
        raise ExemptionTooWide(field="item")
    fresh = insert_into(ExamExemption).values(
        run_id=run.id, signup_id=signup.id, item=given.item, reason=given.reason.strip(),
        certificate_no=given.certificate_no.strip(), made_by=by.account_id, by_name=by.name, made_at=clock.now(),
    )  # fmt: skip
    added = db.session.scalar(fresh.on_conflict_do_nothing().returning(ExamExemption.id))
    if added is None:
        return
    audit.record(
        "results.exempted", db.session.get_one(ExamExemption, added), unit_id=run.unit_id, run_id=run.id,
        signup_id=signup.id, item=given.item, reason=given.reason.strip(),
    )  # fmt: skip
    _judge(run, last, before | {given.item})


def withdraw_exemption(run_id: int, exemption_id: int, by: Principal) -> None:
    """Take an exemption back while the results are open; the item has to be examined again.

    :raise NotFound: none stands under that id; :raise ResultsSubmitted, ResultsConfirmed: no longer open
    """
    run = run_for(by, run_id, roles=WRITERS)
    row = db.session.get(ExamExemption, exemption_id)
    if row is None or row.run_id != run.id:
        raise NotFound
    signup, last = _open_signup(run, row.signup_id)
    taken = db.session.scalar(
        update(ExamExemption)
        .where(ExamExemption.id == row.id, ExamExemption.withdrawn_at.is_(None))
        .values(withdrawn_at=clock.now())
        .returning(ExamExemption.id)
    )
    if taken is None:
        return
    audit.record(
        "results.exemption_withdrawn", row, unit_id=run.unit_id, run_id=run.id, signup_id=signup.id, item=row.item
    )
    _judge(run, last, exempt_items([signup.id]).get(signup.id, frozenset()))


def certificates_held(run: CourseRun, person_id: int) -> list[Attainment]:
    """Return what our own register says the person holds on the day of the examination: a hint beside the original."""
    valid = or_(Attainment.valid_to.is_(None), Attainment.valid_to >= exam_day(run))
    query = select(Attainment).where(Attainment.person_id == person_id, Attainment.ended_at.is_(None), valid)
    return list(db.session.scalars(query.order_by(Attainment.id)))


def exemptions_of(signup_id: int) -> list[ExamExemption]:
    """Return the exemptions that stand."""
    query = select(ExamExemption).where(ExamExemption.signup_id == signup_id, ExamExemption.withdrawn_at.is_(None))
    return list(db.session.scalars(query.order_by(ExamExemption.id)))


def _open_signup(run: CourseRun, signup_id: int) -> tuple[Signup, ExamResult | None]:
    signup = db.session.get(Signup, signup_id)
    if signup is None or signup.run_id != run.id or signup.outcome != "attended":
        raise NotPresent(field="signup_id", signup_id=signup_id)
    number = hold_open(run.id)
    last = newest_results([signup_id]).get(signup_id)
    if (last.round if last is not None else 1) != number:
        raise ResultsConfirmed(field="signup_id", signup_id=signup_id)
    return signup, last


def _judge(run: CourseRun, last: ExamResult | None, exempted: Collection[str]) -> None:
    """Judge the result anew, and leave in the trail what it became; its version rises, so that a form which was read
    before is stale.
    """
    if last is None:
        return
    outcome = outcome_of(items_of_run(run), last.items, exempted)
    if outcome == "passed":
        refuse_absent(run, [last.signup_id])
    before, last.outcome, last.version = last.outcome, outcome, last.version + 1
    db.session.flush()
    audit.record(
        "results.rejudged", last, unit_id=run.unit_id, run_id=run.id, version=last.version, before=before,
        outcome=outcome, attempt=last.attempt,
    )  # fmt: skip
