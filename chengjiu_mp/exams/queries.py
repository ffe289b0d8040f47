"""Reads over results and submissions."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, cast

from sqlalchemy import func, or_, select, union

from chengjiu_mp.core import clock
from chengjiu_mp.core.context import Principal
from chengjiu_mp.core.day_words import date_long
from chengjiu_mp.core.db import db
from chengjiu_mp.core.errors import NotFound
from chengjiu_mp.courses.models import CourseRun, Signup
from chengjiu_mp.courses.policy import runs_visible_to
from chengjiu_mp.exams.attempts import is_newest
from chengjiu_mp.exams.errors import NoExam
from chengjiu_mp.exams.exemption_models import ExamExemption
from chengjiu_mp.exams.models import ExamResult, ExamScheme, Submission
from chengjiu_mp.exams.scheme import Item, Outcome, items_of
from chengjiu_mp.signin.models import Account, RoleGrant
from chengjiu_mp.units.queries import subtree_ids

# name, account, units; None is every unit
Approver = tuple[str, int, frozenset[int] | None]


@dataclass(frozen=True)
class Row:
    """One person present and the newest attempt's result; version 0 where there is none."""

    signup: Signup
    version: int
    points: dict[str, float]
    outcome: Outcome
    examined_by: int | None = None
    examiner: str = ""
    attempt: int = 1
    round: int = 1
    kind: str = "exam"
    carried: tuple[str, ...] = ()
    result_id: int | None = None
    exempt: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Waiting:
    """A submission that waits for its confirmation, and for whom: the approvers whose scope holds the run."""

    submission: Submission
    run: CourseRun
    submitter: str
    approvers: tuple[str, ...]


def items_of_run(run: CourseRun) -> tuple[Item, ...]:
    """Return the items of the scheme that the run froze.

    :raise NoExam: when it has none
    """
    return items_of(scheme_of_run(run).items)


def scheme_of_run(run: CourseRun) -> ExamScheme:
    """Return the scheme that the run froze.

    :raise NoExam: when it has none
    """
    scheme = db.session.get(ExamScheme, run.exam_scheme_id) if run.exam_scheme_id else None
    if scheme is None:
        raise NoExam
    return scheme


def rows_of_run(run_id: int) -> list[Row]:
    """Return everybody present in the order of their names, each with the result of the newest attempt."""
    found = db.session.execute(
        select(Signup, ExamResult)
        .outerjoin(ExamResult, (ExamResult.signup_id == Signup.id) & is_newest())
        .where(Signup.run_id == run_id, Signup.outcome == "attended")
        .order_by(Signup.sort_key, Signup.id)
    ).all()
    exempt = exempt_items([signup.id for signup, _ in found])
    return [_row(signup, result, exempt.get(signup.id, frozenset())) for signup, result in found]


def signup_of_run(run: CourseRun, signup_id: int) -> Signup:
    """Return somebody present at a run.

    :raise NotFound: when they are not
    """
    found = db.session.get(Signup, signup_id)
    if found is None or found.run_id != run.id or found.outcome != "attended":
        raise NotFound
    return found


def exempt_items(signup_ids: Collection[int]) -> dict[int, frozenset[str]]:
    """Return {sign-up: codes of the items it is exempt from} of those that are exempt from any."""
    query = select(ExamExemption.signup_id, ExamExemption.item)
    found: dict[int, set[str]] = {}
    for signup_id, item in db.session.execute(
        query.where(ExamExemption.signup_id.in_(signup_ids), ExamExemption.withdrawn_at.is_(None))
    ):
        found.setdefault(signup_id, set()).add(item)
    return {signup_id: frozenset(items) for signup_id, items in found.items()}


def _row(signup: Signup, result: ExamResult | None, exempt: frozenset[str]) -> Row:
    if result is None:
        return Row(signup, 0, {}, "incomplete", exempt=exempt)
    outcome = cast(Outcome, result.outcome)
    return Row(
        signup, result.version, result.items, outcome, result.examined_by, result.examiner_name, result.attempt,
        result.round, result.kind, tuple(result.carried), result.id, exempt,
    )  # fmt: skip


def submission_of(run_id: int) -> Submission | None:
    """Return the run's newest round of results, None while nobody entered anything."""
    query = select(Submission).where(Submission.run_id == run_id).order_by(Submission.round.desc()).limit(1)
    return db.session.scalars(query.execution_options(populate_existing=True)).first()


def submission_for(signup: Signup) -> Submission | None:
    """Return the round that somebody's newest attempt belongs to; the first while they have none."""
    newest = select(func.max(ExamResult.round)).where(ExamResult.signup_id == signup.id).scalar_subquery()
    query = select(Submission).where(Submission.run_id == signup.run_id, Submission.round == func.coalesce(newest, 1))
    return db.session.scalars(query).first()


def export_person(signup_ids: Collection[int]) -> list[dict[str, Any]]:
    """Return a person's results for the person, once they are confirmed."""
    same = (Submission.run_id == ExamResult.run_id) & (Submission.round == ExamResult.round)
    query = select(ExamResult).join(Submission, same)
    rows = db.session.scalars(
        query.where(ExamResult.signup_id.in_(signup_ids), Submission.state == "confirmed").order_by(ExamResult.id)
    )
    return [
        {"signup_id": row.signup_id, "attempt": row.attempt, "points": row.items, "outcome": row.outcome}
        for row in rows
    ]  # fmt: skip


def submissions_waiting_for(who: Principal) -> list[Waiting]:
    """Return what the caller may see of the submissions that wait, the longest waiting first."""
    found = db.session.execute(
        select(Submission, CourseRun, Account.name)
        .join(CourseRun, CourseRun.id == Submission.run_id)
        .outerjoin(Account, Account.id == Submission.submitted_by)
        .where(Submission.state == "submitted", runs_visible_to(who))
        .order_by(Submission.submitted_at, Submission.id)
    ).all()
    approvers = _approvers() if found else []
    return [Waiting(one, run, name or "", _who_may(run, hands_in(one), approvers)) for one, run, name in found]


def hands_in(of: Submission) -> frozenset[int]:
    """Return the accounts behind a round: who submitted it, typed any of it, or exempted somebody in it. Whoever
    confirms is none of them.
    """
    here = (ExamResult.run_id == of.run_id, ExamResult.round == of.round)
    typed = select(ExamResult.entered_by).where(*here)
    exempted = select(ExamExemption.made_by).join(ExamResult, ExamResult.signup_id == ExamExemption.signup_id)
    found = db.session.scalars(union(typed, exempted.where(*here, ExamExemption.withdrawn_at.is_(None))))
    return frozenset(one for one in (*found, of.submitted_by) if one is not None)


def _who_may(run: CourseRun, behind: Collection[int], approvers: Sequence[Approver]) -> tuple[str, ...]:
    found: dict[int, str] = {}
    for name, account_id, units in approvers:
        if account_id not in behind and (units is None or run.unit_id in units):
            # Somebody's own grant comes before a deputy's, see the order there.
            found.setdefault(account_id, name)
    return tuple(found.values())


def _approvers() -> list[Approver]:
    """Everybody who may confirm today, deputies after the others and with their last day."""
    today = clock.today()
    rows = db.session.execute(
        select(Account, RoleGrant)
        .join(RoleGrant, RoleGrant.account_id == Account.id)
        .where(
            RoleGrant.role == "approver", RoleGrant.read_only.is_(False), Account.active,
            or_(RoleGrant.valid_from.is_(None), RoleGrant.valid_from <= today),
            or_(RoleGrant.valid_to.is_(None), RoleGrant.valid_to >= today),
        ).order_by(RoleGrant.valid_to.is_not(None), Account.id, RoleGrant.id)
    ).all()  # fmt: skip
    return [
        (f"{who.name}（代理至{date_long(grant.valid_to)}）" if grant.valid_to else who.name, who.id,
         subtree_ids(grant.unit_id) if grant.unit_id else None)
        for who, grant in rows
    ]  # fmt: skip
