"""停课 and 改期: one action with a reason, everybody told once and asked, every place kept."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import func, select, update

from chengjiu_mp.core import audit, clock, context
from chengjiu_mp.core.db import db
from chengjiu_mp.core.errors import NotFound
from chengjiu_mp.courses import run_messages
from chengjiu_mp.courses.change_models import ChangeAnswer, RunChange
from chengjiu_mp.courses.drafting import span_of
from chengjiu_mp.courses.errors import ReasonMissing, RunBegun, RunTimesWrong
from chengjiu_mp.courses.models import LIVE, SEATED, CourseRun, Signup
from chengjiu_mp.courses.publishing import locked_published
from chengjiu_mp.courses.queries import run_with_seats
from chengjiu_mp.courses.reconfirming import follow_new_date
from chengjiu_mp.courses.sittings import Sitting, rewrite_meetings
from chengjiu_mp.courses.withdrawing import release_all
from chengjiu_mp.people.invisible import to_be_seen

# Whoever had come to a run that is moved before it began had not come to what it is now.
_take_back: Callable[[CourseRun, str], None] = lambda _run, _why: None  # noqa: E731  a hook, replaced by use_arrivals


def use_arrivals(take_back: Callable[[CourseRun, str], None]) -> None:
    """Let check-in take back, with a reason, who was checked in to a run; the run's seats are locked then."""
    global _take_back
    _take_back = take_back


def forget_arrivals(run: CourseRun, word: str, why: str) -> None:
    """Take back who had come to a run that is moved; ``word`` says how: 改期 or 并班."""
    _take_back(run, f"{word}：{why}"[:200])


ANSWERS = {"agree": "同意", "move": "换场", "withdraw": "退出"}


def cancel(run: CourseRun, reason: str) -> RunChange:
    """Call a published run off: every place ends as run_cancelled and everybody is told why and where else to go.

    :raise RunNotOpen: when it is not published; :raise ReasonMissing: without a reason
    """
    why = reason_of(reason)
    run, pools = locked_published(run)
    ended = release_all(pools, (*SEATED, "waitlisted", "pending"), "run_cancelled")
    run.state, run.cancel_reason = "cancelled", why
    change = record_change(run, "cancelled", why)
    ask(change, ended)
    audit.record("run.cancelled", run, unit_id=run.unit_id, reason=why, people=len(ended))
    for row in ended:
        run_messages.tell_run_cancelled(row, run)
    return change


def reschedule(run: CourseRun, sittings: Sequence[Sitting], reason: str) -> RunChange:
    """Move a published run to other times. Places are kept; each person is asked, and silence keeps the place.

    :raise RunNotOpen, ReasonMissing: as :func:`cancel`; :raise RunBegun: when a sitting has begun
    :raise RunTimesWrong: when the new times are out of order or past
    """
    why = reason_of(reason)
    run, pools = locked_published(run)
    if clock.now() >= run.starts_at:
        raise RunBegun
    begins, ends = span_of(sittings)
    if begins <= clock.now():
        raise RunTimesWrong("新的时间已经过去，请核对。", field="meetings")
    change = record_change(run, "rescheduled", why)
    closes_ahead = run.starts_at - run.signup_closes_at
    forget_arrivals(run, "改期", why)
    rewrite_meetings(run, sittings)
    run.starts_at, run.ends_at = begins, ends
    run.signup_closes_at = max(begins - closes_ahead, run.signup_opens_at)
    db.session.flush()
    follow_new_date(run)
    people = db.session.scalars(
        select(Signup).where(Signup.run_id == pools.open.run_id, Signup.state.in_(LIVE)).order_by(Signup.id)
    ).all()
    ask(change, people)
    audit.record("run.rescheduled", run, unit_id=run.unit_id, reason=why, people=len(people))
    whole = run_with_seats(run.id).run
    for row in people:
        run_messages.tell_rescheduled(row, whole, change)
    return change


def answer(signup: Signup, change_id: int, said: str) -> ChangeAnswer:
    """Write what a person said to a change; saying it again, or something else later, replaces it.

    :raise NotFound: when they were not asked, or the answer is none of :data:`ANSWERS`
    """
    found = db.session.scalars(
        update(ChangeAnswer)
        .where(ChangeAnswer.signup_id == signup.id, ChangeAnswer.change_id == change_id)
        .values(answer=said, answered_at=clock.now())
        .returning(ChangeAnswer)
    ).first() if said in ANSWERS else None  # fmt: skip
    if found is None:
        raise NotFound
    audit.record("change.answered", found, unit_id=None, answer=said, signup=signup.id)
    return found


def question_to(signup: Signup) -> tuple[RunChange, ChangeAnswer] | None:
    """Return the newest change that this sign-up's holder was asked about, and what they said."""
    row = db.session.execute(
        select(RunChange, ChangeAnswer)
        .join(ChangeAnswer, ChangeAnswer.change_id == RunChange.id)
        .where(ChangeAnswer.signup_id == signup.id)
        .order_by(RunChange.id.desc())
        .limit(1)
    ).first()
    return (row[0], row[1]) if row else None


def changes_of(run_id: int) -> Sequence[RunChange]:
    """Return the changes of a run, the newest first."""
    return db.session.scalars(select(RunChange).where(RunChange.run_id == run_id).order_by(RunChange.id.desc())).all()


def answers_to(change_ids: Iterable[int]) -> dict[int, dict[str | None, int]]:
    """Return {change id: {answer, or None for silence: how many}}."""
    rows = db.session.execute(
        select(ChangeAnswer.change_id, ChangeAnswer.answer, func.count())
        .where(ChangeAnswer.change_id.in_(list(change_ids)))
        .group_by(ChangeAnswer.change_id, ChangeAnswer.answer)
    )
    found: dict[int, dict[str | None, int]] = {}
    for change_id, said, many in rows:
        found.setdefault(change_id, {})[said] = many
    return found


@dataclass(frozen=True)
class People:
    """How many people a change of a run is told to, whichever of its seats they hold or wait for."""

    seated: int
    waiting: int
    pending: int


def people_in(run_id: int) -> People:
    """Return how many people a change of this run is told to."""
    by_state = select(Signup.state, func.count()).where(Signup.run_id == run_id, Signup.state.in_(LIVE))
    rows = db.session.execute(by_state.group_by(Signup.state)).all()
    found: dict[str, int] = {row[0]: row[1] for row in rows}
    return People(sum(found.get(one, 0) for one in SEATED), found.get("waitlisted", 0), found.get("pending", 0))


def reason_of(text: str) -> str:
    """Return the reason, trimmed and without what would turn the words around it.

    :raise ReasonMissing: when there is none: everybody it concerns will read it
    """
    why = to_be_seen(text)[:200]
    if not why:
        raise ReasonMissing(field="reason")
    return why


def record_change(run: CourseRun, kind: str, reason: str) -> RunChange:
    """Write a change of a run as it was until now."""
    change = RunChange(
        run_id=run.id, kind=kind, reason=reason, was_starts_at=run.starts_at, was_ends_at=run.ends_at,
        made_by=context.principal().account_id,
    )  # fmt: skip
    db.session.add(change)
    db.session.flush()
    return change


def ask(change: RunChange, signups: Iterable[Signup]) -> None:
    """Open a question about a change to each of these people."""
    db.session.add_all(ChangeAnswer(change_id=change.id, signup_id=one.id) for one in signups)
    db.session.flush()
