"""What a caller may see and change of runs and sign-ups (rel 3.7): everything out of scope does not exist for them
(rel-Z2).

A grant's scope is a unit subtree and/or a sector and/or a key group. Office roles see by their grants; instructors
see the runs they teach."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, bindparam, exists, false, or_, select, true

from chengjiu_mp.core import clock
from chengjiu_mp.core.context import Grant, Principal
from chengjiu_mp.core.db import db, execute
from chengjiu_mp.core.errors import NotFound, Refusal
from chengjiu_mp.core.rows import as_read, table_of
from chengjiu_mp.courses.errors import DeskNotOpen
from chengjiu_mp.courses.models import CourseRun, RunInstructor, Signup
from chengjiu_mp.instructors.models import Instructor

OFFICE_ROLES = frozenset({"unit_manager", "operator", "approver", "auditor"})
# Who may act for a citizen, on their word.
ON_BEHALF = ("operator", "unit_manager")

# An instructor meets the names from the day before the first meeting to a week after the last.
ROSTER_OPENS = timedelta(days=1)
ROSTER_CLOSES = timedelta(days=7)


def runs_visible_to(who: Principal) -> ColumnElement[bool]:
    """Return the condition on CourseRun that leaves what ``who`` may see in the office or as its instructor."""
    ways = [_run_in(grant) for grant in _office(who)]
    if who.has("instructor"):
        ways.append(_teaches(who))
    return or_(*ways) if ways else false()


def signups_visible_to(who: Principal) -> ColumnElement[bool]:
    """Return the condition on Signup joined with CourseRun that leaves what ``who`` may see in rosters and counts."""
    ways = [_signup_in(grant) for grant in _office(who)]
    if who.has("instructor"):
        now = clock.now()
        open_now = and_(CourseRun.starts_at <= now + ROSTER_OPENS, CourseRun.ends_at >= now - ROSTER_CLOSES)
        ways.append(and_(_teaches(who), open_now))
    return or_(*ways) if ways else false()


def run_for(who: Principal, run_id: int, *, roles: Iterable[str] = ()) -> CourseRun:
    """Return a run in the caller's scope.

    :param roles: when given, only grants of these roles open it, and a read-only grant does not: for changes
    :raise NotFound: when it is missing or out of scope; both look alike
    """
    if roles:
        who = writing_as(who, roles)
    row = None
    if who.has("instructor"):
        row = db.session.scalars(_TAUGHT, {"run": run_id, "who": who.account_id}).first()
    if row is None and (office := _office(who)):
        seen = or_(*(_run_in(grant) for grant in office))
        row = db.session.scalars(select(CourseRun).where(CourseRun.id == run_id, seen)).first()
    if row is None:
        raise NotFound
    return row


def run_taught(who: Principal, run_id: int) -> CourseRun | None:
    """Return a run that the caller teaches to look at, in no session; None where they do not, or may not write."""
    if not writing_as(who, ("instructor",)).grants:
        return None
    row = execute(_TO_LOOK_AT, {"run": run_id, "who": who.account_id}).first()
    return None if row is None else as_read(CourseRun, row)


def writing_as(who: Principal, roles: Iterable[str]) -> Principal:
    """Return the caller with those grants alone that are of ``roles`` and may write."""
    wanted = frozenset(roles)
    kept = tuple(g for g in who.grants if g.role in wanted and not g.read_only)
    return Principal(account_id=who.account_id, name=who.name, grants=kept, device_id=who.device_id)


def run_at_desk(who: Principal, run_id: int) -> CourseRun:
    """Return a run that the caller may sign people up to at a desk (代报): the office in scope, and on its days who
    teaches it.

    :raise NotFound: when it is missing or out of scope; :raise DeskNotOpen: for its instructor on another day
    """
    try:
        return run_for(who, run_id, roles=ON_BEHALF)
    except NotFound:
        run = run_for(who, run_id, roles=("instructor",))
    if not clock.day_of(run.starts_at) <= clock.today() <= clock.day_of(run.ends_at):
        raise DeskNotOpen
    return run


def may_enter_others(who: Principal, run_id: int) -> bool:
    """Return whether the caller may sign people up to a run at a desk now."""
    try:
        run_at_desk(who, run_id)
    except Refusal:
        return False
    return True


def units_in_scope(who: Principal, roles: Iterable[str] = OFFICE_ROLES) -> frozenset[int] | None:
    """Return the unit ids that grants of ``roles`` open; None means every unit, an empty set none."""
    wanted = frozenset(roles)
    found: set[int] = set()
    for grant in who.grants:
        if grant.role not in wanted:
            continue
        if grant.unit_ids is None:
            return None
        found |= grant.unit_ids
    return frozenset(found)


def _office(who: Principal) -> list[Grant]:
    return [g for g in who.grants if g.role in OFFICE_ROLES]


def _teaches(who: Principal) -> ColumnElement[bool]:
    return _taught_by(who.account_id)


def _taught_by(account: Any) -> ColumnElement[bool]:
    return exists(
        select(RunInstructor.run_id)
        .join(Instructor, Instructor.id == RunInstructor.instructor_id)
        .where(RunInstructor.run_id == CourseRun.id, Instructor.account_id == account)
    )


# Said by every scan, so built once.
_TAUGHT = select(CourseRun).where(CourseRun.id == bindparam("run"), _taught_by(bindparam("who")))
_RUNS = table_of(CourseRun)
_TO_LOOK_AT = select(*_RUNS.c).where(_RUNS.c.id == bindparam("run"), _taught_by(bindparam("who")))


def _run_in(grant: Grant) -> ColumnElement[bool]:
    return _all(
        CourseRun.unit_id.in_(grant.unit_ids) if grant.unit_ids is not None else None,
        CourseRun.sector_id == grant.sector_id if grant.sector_id else None,
        CourseRun.key_group == grant.key_group if grant.key_group else None,
    )


def _signup_in(grant: Grant) -> ColumnElement[bool]:
    """A unit sees its own people wherever they sign up, and everybody in the runs it holds."""
    unit = None
    if grant.unit_ids is not None:
        unit = or_(Signup.owner_unit_id.in_(grant.unit_ids), CourseRun.unit_id.in_(grant.unit_ids))
    return _all(
        unit,
        Signup.sector_id == grant.sector_id if grant.sector_id else None,
        Signup.key_group == grant.key_group if grant.key_group else None,
    )


def _all(*conditions: ColumnElement[bool] | None) -> ColumnElement[bool]:
    kept = [c for c in conditions if c is not None]
    return and_(*kept) if kept else true()
