"""Merging an under-filled run into another (拼班): places and their order are kept, everybody is told and asked."""

from datetime import timedelta

from sqlalchemy import select

from chengjiu_mp.core import audit, clock
from chengjiu_mp.core.db import db
from chengjiu_mp.courses import run_messages
from chengjiu_mp.courses.change_models import RunChange
from chengjiu_mp.courses.changes import ask, forget_arrivals, reason_of, record_change
from chengjiu_mp.courses.errors import CannotMerge, RunBegun, RunNotOpen
from chengjiu_mp.courses.models import LIVE, SEATED, CourseRun, Signup
from chengjiu_mp.courses.moving import carry_consents, keep_instead
from chengjiu_mp.courses.nearby import nearness
from chengjiu_mp.courses.queries import RunAndSeats, RunFilter, run_with_seats, runs_open_for_signup
from chengjiu_mp.courses.seats import Place, Pools, both_locked, release_place, take_place
from chengjiu_mp.courses.signup_queries import live_signup_of
from chengjiu_mp.courses.signup_rows import moved_copy
from chengjiu_mp.outbox import calls


def merge(run: CourseRun, into: CourseRun, reason: str) -> RunChange:
    """Move everybody of ``run`` to ``into``, the seated first, then the line in its order; ``run`` ends as cancelled.

    :raise RunNotOpen, RunBegun: when either is not published, or has begun; :raise ReasonMissing: without a reason
    :raise CannotMerge: another kind, or not enough free seats; ``free`` and ``needed`` among the facts
    """
    why = reason_of(reason)
    here, there = both_locked(run.id, into.id)
    for one in (run, into):
        db.session.refresh(one)
    left, goal = run_with_seats(run.id).run, run_with_seats(into.id).run
    people = _in_order(run.id)
    _check(left, goal, there, needed=sum(one.state in SEATED for one in people))
    forget_arrivals(left, "并班", why)
    places = [(one, _move(one, here, goal, there)) for one in people]
    moved = [new for _, new in places if new is not None]
    left.state, left.cancel_reason, left.merged_into_id = "cancelled", why, goal.id
    change = record_change(left, "merged", why)
    ask(change, moved)
    audit.record("run.merged", left, unit_id=left.unit_id, into=goal.id, people=len(moved), reason=why)
    calls.overtake([one.id for one in people])
    for old, new in places:
        if new is None:
            run_messages.tell_merged_there(old, goal, change)
        else:
            run_messages.tell_merged(new, goal, change)
    return change


def end_of(run: CourseRun) -> CourseRun:
    """Return where a run's people are now: the run, or the one that it was merged into, through as many mergers as
    there were.
    """
    while run.merged_into_id is not None:
        run = db.session.get_one(CourseRun, run.merged_into_id)
    return run


def ends_in(run: CourseRun) -> RunAndSeats | None:
    """Return the run that one was merged into, as :func:`end_of`; None for one that was not."""
    goal = end_of(run)
    return None if goal.id == run.id else run_with_seats(goal.id)


def could_take(run: CourseRun) -> list[RunAndSeats]:
    """Return the published runs of the same kind ahead that have a seat, the nearest first: the same town, then the
    day that is closest to the run's own.
    """
    here, now = run_with_seats(run.id), clock.now()
    kind = here.run.syllabus.course_type.code
    found = [
        one for one in runs_open_for_signup(RunFilter(kind), limit=300)
        if one.run.id != run.id and one.run.starts_at > now and one.seats_left > 0
    ]  # fmt: skip

    def distance(one: RunAndSeats) -> tuple[bool, timedelta, int]:
        return not nearness(here, one)[1], abs(one.run.starts_at - here.run.starts_at), one.run.id

    return sorted(found, key=distance)


def _in_order(run_id: int) -> list[Signup]:
    rows = db.session.scalars(
        select(Signup)
        .where(Signup.run_id == run_id, Signup.state.in_(LIVE))
        .order_by(Signup.position.is_not(None), Signup.position, Signup.id)
        .execution_options(populate_existing=True)
    )
    return list(rows)


def _check(left: CourseRun, goal: CourseRun, there: Pools, needed: int) -> None:
    if left.state != "published" or goal.state != "published":
        raise RunNotOpen
    if min(left.starts_at, goal.starts_at) <= clock.now():
        raise RunBegun
    if left.id == goal.id or left.syllabus.course_type_id != goal.syllabus.course_type_id:
        raise CannotMerge(field="into")
    free = 0 if there.open.waiting else there.open.capacity - there.open.taken
    if needed > free:
        said = f"目标场次还有 {free} 个名额，这一场有 {needed} 人。请先增加目标场次的名额。"
        raise CannotMerge(said, field="into", free=free, needed=needed)


def _move(one: Signup, here: Pools, goal: CourseRun, there: Pools) -> Signup | None:
    was = one.state
    release_place(here, one)
    one.state, one.ended_at = "moved", clock.now()
    db.session.flush()
    audit.record("signup.moved", one, unit_id=goal.unit_id)
    if _stays_there(one, was, goal):
        return None
    row, _ = moved_copy(one, goal)
    row.moves_from_id = one.id
    place = Place(there.open.id, "pending", None, 0) if was == "pending" else take_place(there.open.id)
    row.pool_id, row.state, row.position = place.pool_id, place.state, place.position
    db.session.add(row)
    db.session.flush()
    keep_instead(one, row)
    carry_consents(one, row)
    facts = {"state": row.state, "position": row.position, "moves_from": one.id}
    audit.record("signup.made", row, unit_id=goal.unit_id, channel=row.channel, **facts)
    return row


def _stays_there(one: Signup, was: str, goal: CourseRun) -> bool:
    """Return whether who signed up to both keeps the place there. A request that nobody has answered yet is no place:
    it ends, and the place that was agreed to goes along.
    """
    other = live_signup_of(goal.id, one.person_id)
    if other is None or other.state != "pending" or was == "pending":
        return other is not None
    other.state, other.ended_at = "withdrawn", clock.now()
    db.session.flush()
    audit.record("signup.withdrawn", other, unit_id=goal.unit_id, was="pending")
    return False
