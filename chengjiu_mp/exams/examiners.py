"""Who examines: an instructor whose qualification holds on the day of the examination, and always named (feat-C4)."""

from collections.abc import Sequence
from datetime import date

from sqlalchemy import select

from chengjiu_mp.core import clock
from chengjiu_mp.core.context import Principal
from chengjiu_mp.core.db import db
from chengjiu_mp.core.errors import NotFound
from chengjiu_mp.courses.models import CourseRun
from chengjiu_mp.courses.policy import run_for
from chengjiu_mp.courses.queries import instructors_of
from chengjiu_mp.exams.errors import ExaminerNotOfRun, ExaminerNotValid, ExaminerNotYou
from chengjiu_mp.instructors.models import Instructor
from chengjiu_mp.instructors.states import unfit_on


def exam_day(run: CourseRun) -> date:
    """Return the day on which a run's examiner has to be valid: its last day, today while it goes on."""
    return min(clock.day_of(run.ends_at), clock.today())


def own_line_in(run: CourseRun, by: Principal) -> Instructor | None:
    """Return the caller among the run's instructors, None when they are none of them."""
    taught = _taught(run)
    return next((one for one in taught if by.account_id is not None and one.account_id == by.account_id), None)


def may_name(run: CourseRun, by: Principal) -> bool:
    """Return whether the caller enters for others, from paper: an operator of the run."""
    try:
        run_for(by, run.id, roles=("operator",))
    except NotFound:
        return False
    return True


def choices(run: CourseRun) -> Sequence[Instructor]:
    """Return whom an operator may name: the run's valid instructors, the lead first.

    Where the run has none that is valid, everybody valid in the register: somebody has to examine.
    """
    day = exam_day(run)
    fit = [one for one in _taught(run) if unfit_on(one, day) is None]
    if fit:
        return fit
    register = select(Instructor).where(Instructor.status == "active").order_by(Instructor.sort_key, Instructor.id)
    return [one for one in db.session.scalars(register) if unfit_on(one, day) is None]


def examiner_for(run: CourseRun, by: Principal, named: int | None = None) -> Instructor | None:
    """Return who is kept as the examiner of what the caller enters.

    :param named: the instructor that an operator names; the caller, or the run's first valid instructor when None
    :raise ExaminerNotValid: their qualification does not hold; :raise ExaminerNotYou: an instructor names another
    :raise ExaminerNotOfRun: not to be chosen here
    """
    own = own_line_in(run, by)
    if own is not None and named in (None, own.id):
        return require_valid(own, exam_day(run))
    if named is not None:
        return _named(run, by, named)
    taught = _taught(run)
    if not taught:
        # Nobody is assigned: the approver reads that nobody was named, and decides.
        return None
    fit = [one for one in taught if unfit_on(one, exam_day(run)) is None]
    return fit[0] if fit else require_valid(taught[0], exam_day(run))


def require_valid(examiner: Instructor, day: date) -> Instructor:
    """Return the examiner again.

    :raise ExaminerNotValid: when the qualification does not hold on ``day``; the reason is in the sentence
    """
    unfit = unfit_on(examiner, day)
    if unfit is not None:
        state, why = unfit
        said = f"{why}，不能考核登记。{ExaminerNotValid.WHAT_NOW}"
        raise ExaminerNotValid(said, field="examined_by", instructor_id=examiner.id, reason=state.value)
    return examiner


def refuse_unfit_submitter(run: CourseRun, by: Principal) -> None:
    """Let go on when the caller hands in as an operator, or as an instructor who is valid.

    :raise ExaminerNotValid: otherwise
    """
    own = own_line_in(run, by)
    if own is not None and not may_name(run, by):
        require_valid(own, exam_day(run))


def _named(run: CourseRun, by: Principal, named: int) -> Instructor:
    if not may_name(run, by):
        raise ExaminerNotYou(field="examined_by")
    known = {one.id: one for one in (*choices(run), *_taught(run))}
    if named not in known:
        raise ExaminerNotOfRun(field="examined_by")
    return require_valid(known[named], exam_day(run))


def _taught(run: CourseRun) -> list[Instructor]:
    """The run's instructors, the lead first: whoever was longest in the register, as everywhere."""
    return sorted(instructors_of(run.id), key=lambda one: one.id)
