"""Reads over a person's attempts. The newest one counts."""

from collections.abc import Collection, Sequence

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import aliased

from chengjiu_mp.core.db import db
from chengjiu_mp.courses.models import CourseRun, Signup, Syllabus
from chengjiu_mp.exams.models import ExamResult, Submission


def is_newest() -> ColumnElement[bool]:
    """Return, as SQL, whether an ExamResult is its sign-up's newest attempt."""
    other = aliased(ExamResult)
    newest = select(func.max(other.attempt)).where(other.signup_id == ExamResult.signup_id)
    return ExamResult.attempt == newest.correlate(ExamResult).scalar_subquery()


def stands_passed() -> ColumnElement[bool]:
    """Return, as SQL, whether an ExamResult is a pass that counts: the newest attempt, and two people confirmed it."""
    confirmed = select(Submission.id).where(
        Submission.run_id == ExamResult.run_id, Submission.round == ExamResult.round, Submission.state == "confirmed"
    )
    return is_newest() & (ExamResult.outcome == "passed") & confirmed.correlate(ExamResult).exists()


def newest_results(signup_ids: Collection[int]) -> dict[int, ExamResult]:
    """Return {sign-up: newest attempt} as it is in the database now."""
    query = select(ExamResult).where(ExamResult.signup_id.in_(signup_ids), is_newest())
    return {row.signup_id: row for row in db.session.scalars(query.execution_options(populate_existing=True))}


def attempts_of(signup_id: int) -> Sequence[ExamResult]:
    """Return all attempts at a run, the first first."""
    query = select(ExamResult).where(ExamResult.signup_id == signup_id).order_by(ExamResult.attempt)
    return db.session.scalars(query).all()


def chain_of(result: ExamResult) -> list[ExamResult]:
    """Return an attempt and those that it follows, earlier runs' too, the newest first."""
    found, one = [], db.session.get(ExamResult, result.id)
    while one is not None:
        found.append(one)
        one = db.session.get(ExamResult, one.follows_id) if one.follows_id else None
    return found


def later_run_of(result: ExamResult) -> CourseRun | None:
    """Return the later run at which a re-sit follows this attempt, None where none does."""
    query = select(CourseRun).join(ExamResult, ExamResult.run_id == CourseRun.id)
    return db.session.scalar(query.where(ExamResult.follows_id == result.id, CourseRun.id != result.run_id))


def came_from_elsewhere(signup_ids: Collection[int]) -> frozenset[int]:
    """Return who of these re-sits the examination of an earlier run, whose attendance counted there."""
    before = aliased(ExamResult)
    query = select(ExamResult.signup_id).join(before, before.id == ExamResult.follows_id)
    query = query.where(ExamResult.signup_id.in_(signup_ids), before.run_id != ExamResult.run_id)
    return frozenset(db.session.scalars(query))


def earlier_failures(run: CourseRun, people: Collection[int]) -> dict[int, ExamResult]:
    """Return {person: failed attempt} of earlier runs of the same kind: confirmed, the newest there, not followed."""
    before, kind = aliased(CourseRun), select(Syllabus.course_type_id).where(Syllabus.id == run.syllabus_id)
    follower = aliased(ExamResult)
    followed = select(follower.id).where(follower.follows_id == ExamResult.id).exists()
    confirmed = (Submission.run_id == ExamResult.run_id) & (Submission.round == ExamResult.round)
    query = (
        select(Signup.person_id, ExamResult)
        .join(Signup, Signup.id == ExamResult.signup_id)
        .join(before, before.id == ExamResult.run_id)
        .join(Syllabus, Syllabus.id == before.syllabus_id)
        .join(Submission, confirmed)
        .where(
            Signup.person_id.in_(people), before.id != run.id, before.ends_at <= run.starts_at,
            Syllabus.course_type_id == kind.scalar_subquery(), Submission.state == "confirmed",
            ExamResult.outcome == "failed", is_newest(), ~followed,
        )
        .order_by(ExamResult.id)
    )  # fmt: skip
    return {row[0]: row[1] for row in db.session.execute(query)}


def confirmed_attempts(signup_id: int) -> Sequence[ExamResult]:
    """Return the attempts at a run that were confirmed, the first first."""
    confirmed = (Submission.run_id == ExamResult.run_id) & (Submission.round == ExamResult.round)
    query = select(ExamResult).join(Submission, confirmed)
    query = query.where(ExamResult.signup_id == signup_id, Submission.state == "confirmed")
    return db.session.scalars(query.order_by(ExamResult.attempt)).all()
