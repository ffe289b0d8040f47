"""The life of a run after its draft: published, its capacity changed, closed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import update

from chengjiu_mp.core import audit, clock
from chengjiu_mp.core.calendar import DayKind, day_kind, holiday_name
from chengjiu_mp.core.day_words import date_long
from chengjiu_mp.core.db import db
from chengjiu_mp.courses import run_messages
from chengjiu_mp.courses.clashes import clashes_of
from chengjiu_mp.courses.errors import (
    CapacityBelowTaken,
    HeadCountFixed,
    HeadCountMissing,
    HeadCountUnexplained,
    RunNotBegun,
    RunNotDraft,
    RunNotOpen,
)
from chengjiu_mp.courses.models import SEATED, CourseRun, SeatPool, Signup
from chengjiu_mp.courses.promoting import promote_from_waitlist
from chengjiu_mp.courses.queries import current_syllabus, instructors_of, meetings_of, run_with_seats
from chengjiu_mp.courses.seats import Pools, locked_pools
from chengjiu_mp.courses.signup_queries import checked_in_count
from chengjiu_mp.courses.withdrawing import release_all
from chengjiu_mp.instructors.models import Instructor
from chengjiu_mp.instructors.states import overdue_on

PUBLISHING_ROLES = ("operator", "approver")
# Comparable cities: one instructor and one manikin for 20 learners. A warning, never a wall.
LEARNERS_PER_INSTRUCTOR = 20


@dataclass(frozen=True)
class Warned:
    """Something staff should know and may decide."""

    code: str
    sentence: str


def warnings_of(run_id: int) -> list[Warned]:
    """Return what to look at before a run goes public."""
    found = run_with_seats(run_id)
    days = sorted({clock.day_of(m.starts_at) for m in meetings_of(run_id)})
    return [
        *_ratio(found.pool, instructors_of(run_id)),
        *_days(days),
        *(Warned(one.code, one.sentence) for one in clashes_of(run_id)),
        *_refreshers(instructors_of(run_id), clock.day_of(found.run.starts_at)),
        *([Warned("in_the_past", "这一场的开课时间已经过去。")] if found.run.starts_at <= clock.now() else []),
    ]


def _ratio(pool: SeatPool, teachers: Sequence[Instructor]) -> list[Warned]:
    if not teachers:
        return [Warned("no_instructor", "还没有安排师资。")]
    if pool.capacity <= LEARNERS_PER_INSTRUCTOR * len(teachers):
        return []
    text = f"{pool.capacity} 个名额，{len(teachers)} 名师资：每名师资超过 {LEARNERS_PER_INSTRUCTOR} 人，建议增加师资。"
    return [Warned("ratio", text)]


def _days(days: Sequence[date]) -> list[Warned]:
    kinds = {day: day_kind(day) for day in days}
    found = [
        Warned("holiday", f"{date_long(day)}是{holiday_name(day)}假期，请确认能开课。")
        for day, kind in kinds.items()
        if kind is DayKind.HOLIDAY
    ]
    years = sorted({day.year for day, kind in kinds.items() if kind is DayKind.UNKNOWN})
    unknown = [Warned("holidays_unknown", f"{year} 年的放假安排还没有导入，请自行核对。") for year in years]
    return found + unknown


def _refreshers(teachers: Sequence[Instructor], day: date) -> list[Warned]:
    return [
        Warned("refresher_overdue", f"师资{one.name}的复训在 {date_long(one.refresh_due)}到期，早于开课日。")
        for one in teachers
        if overdue_on(one, day)
    ]


def publish(run: CourseRun) -> list[Warned]:
    """Make a draft public with the values in force now, which it keeps; return what staff should know.

    :raise RunNotDraft: when it is public already
    """
    kind = run_with_seats(run.id).run.syllabus.course_type.code
    syllabus = current_syllabus(kind)
    changed = db.session.execute(
        update(CourseRun)
        .where(CourseRun.id == run.id, CourseRun.state == "draft")
        .values(
            state="published", published_at=clock.now(),
            syllabus_id=syllabus.id if syllabus else CourseRun.syllabus_id,
            exam_scheme_id=syllabus.exam_scheme_id if syllabus else CourseRun.exam_scheme_id,
        )
        .returning(CourseRun.id)
    ).first()  # fmt: skip
    if changed is None:
        raise RunNotDraft
    db.session.refresh(run)
    found = warnings_of(run.id)
    facts = {"syllabus_id": run.syllabus_id, "exam_scheme_id": run.exam_scheme_id, "warned": [w.code for w in found]}
    audit.record("run.published", run, unit_id=run.unit_id, **facts)
    return found


def set_capacity(run: CourseRun, capacity: int) -> SeatPool:
    """Change the seats of a run; more seats go to who waits at once, nobody is ever put out (rel-S5).

    :raise CapacityBelowTaken: with how many hold a seat; :raise RunNotOpen: when it is not published
    """
    run, pools = locked_published(run)
    pool = pools.open
    if capacity < pool.taken:
        raise CapacityBelowTaken(
            f"已经有 {pool.taken} 人确认了名额，名额不能少于 {pool.taken}。", field="capacity", taken=pool.taken
        )
    # Whoever was let in at the door sits within what is decided now.
    before, pool.capacity, pool.extra = pool.capacity, capacity, 0
    db.session.flush()
    audit.record("run.capacity_changed", run, unit_id=run.unit_id, before=before, after=capacity)
    promote_from_waitlist(pools, run)
    return pool


def close(run: CourseRun, head_count: int | None = None, note: str = "") -> CourseRun:
    """End a run: who held a seat and did not come is absent, who still waited has waited in vain.

    The head count of a 普及 run is what counts for the plan (heads; online apart). Once closed, the count changes only
    with a reason.

    :raise RunNotBegun: before the first day; :raise HeadCountMissing: for a 普及 run
    :raise HeadCountUnexplained: heads and check-ins differ and no note says why; more heads than check-ins are
        what a 普及 run is made of; :raise HeadCountFixed: closed, and no note
    """
    if run.state == "closed":
        return _correct(run, head_count, note)
    run, pools = locked_published(run)
    if clock.today() < clock.day_of(run.starts_at):
        raise RunNotBegun
    _check_heads(run, head_count, note)
    for was in ("waitlisted", "offered", "pending"):
        for row in release_all(pools, (was,), "lapsed"):
            audit.record("signup.lapsed", row, unit_id=run.unit_id)
            run_messages.tell_ended(row, run, was)
    db.session.execute(
        update(Signup)
        .where(Signup.run_id == run.id, Signup.state.in_(SEATED), Signup.outcome.is_(None))
        .values(outcome="absent")
        .execution_options(synchronize_session=False)
    )
    run.state, run.closed_at = "closed", clock.now()
    run.head_count, run.head_count_note = head_count, note
    db.session.flush()
    audit.record("run.closed", run, unit_id=run.unit_id, head_count=head_count, checked_in=checked_in_count(run.id))
    return run


def _correct(run: CourseRun, head_count: int | None, note: str) -> CourseRun:
    locked_pools(run.id)
    db.session.refresh(run)
    if head_count is None or head_count == run.head_count:
        return run
    if not note:
        raise HeadCountFixed(field="note")
    before, run.head_count, run.head_count_note = run.head_count, head_count, note
    db.session.flush()
    audit.record("run.head_count_changed", run, unit_id=run.unit_id, before=before, after=head_count)
    return run


def _check_heads(run: CourseRun, head_count: int | None, note: str) -> None:
    popular = run.syllabus.course_type.family == "popular"
    if head_count is None:
        if popular:
            raise HeadCountMissing(field="head_count")
        return
    came = checked_in_count(run.id)
    if note.strip() or head_count == came or (popular and head_count > came):
        return
    said = (
        f"签到 {came} 人，实到 {head_count} 人，少 {came - head_count} 人。请写明原因，例如有人中途离开。"
        if head_count < came
        else f"签到 {came} 人，实到 {head_count} 人，多 {head_count - came} 人。请先补签，或写明原因，例如有旁听的。"
    )
    raise HeadCountUnexplained(said, field="note", checked_in=came)


def locked_published(run: CourseRun) -> tuple[CourseRun, Pools]:
    """Return a published run, whole, with its pools locked first, as signing up locks them, and its state read after.

    :raise RunNotOpen: when it is not published
    """
    pools = locked_pools(run.id)
    db.session.refresh(run)
    if run.state != "published":
        raise RunNotOpen
    return run_with_seats(run.id).run, pools
