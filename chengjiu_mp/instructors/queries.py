"""Reads over the register, within the caller's units."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ColumnElement, func, select, true

from chengjiu_mp.core import clock
from chengjiu_mp.core.context import Principal
from chengjiu_mp.core.db import db
from chengjiu_mp.core.paging import Page, page
from chengjiu_mp.instructors.models import Instructor, Refresher, RefresherReminder
from chengjiu_mp.instructors.policy import instructors_visible_to
from chengjiu_mp.instructors.states import SOON, DueState
from chengjiu_mp.outbox.models import Delivery
from chengjiu_mp.units.models import Unit

SIZE = 50


@dataclass(frozen=True)
class Filter:
    """Which lines: by state, by unit (with everything below it), by a name's beginning."""

    state: DueState | None = None
    unit_ids: frozenset[int] | None = None
    name: str = ""


@dataclass(frozen=True)
class Told:
    """A reminder that was written: for which due date, at which stage, when, and how each delivery stands."""

    instructor_id: int
    due_on: date
    stage: int
    at: datetime
    deliveries: tuple[str, ...]


def instructors_in(who: Principal, wanted: Filter, cursor: str | None = None) -> Page[Instructor]:
    """Return one page of the register, the newest line first."""
    query = select(Instructor).where(instructors_visible_to(who), *_conditions(wanted))
    return page(query, Instructor.id, cursor)


def due_first(who: Principal, wanted: Filter, number: int = 1) -> tuple[Sequence[Instructor], int]:
    """Return one page by due date, the earliest first and unknown ones last, and how many lines there are in all."""
    where = (instructors_visible_to(who), *_conditions(wanted))
    total = db.session.scalar(select(func.count(Instructor.id)).where(*where)) or 0
    order = (Instructor.refresh_due.is_(None), Instructor.refresh_due, Instructor.sort_key, Instructor.id)
    rows = db.session.scalars(select(Instructor).where(*where).order_by(*order).limit(SIZE).offset(SIZE * (number - 1)))
    return rows.all(), total


def counts_by_state(who: Principal) -> dict[DueState, int]:
    """Return how many lines of the caller's are in each state today."""
    visible = instructors_visible_to(who)
    return {
        state: db.session.scalar(select(func.count(Instructor.id)).where(visible, in_state(state))) or 0
        for state in DueState
    }


def in_state(state: DueState) -> ColumnElement[bool]:
    """Return ``due_state`` as a condition on Instructor."""
    today, due = clock.today(), Instructor.refresh_due
    if state in (DueState.SUSPENDED, DueState.RETIRED):
        return Instructor.status == state.value
    active = Instructor.status == "active"
    return (
        active
        & {
            DueState.UNKNOWN: due.is_(None),
            DueState.OVERDUE: due < today,
            DueState.SOON: due.between(today, today + SOON),
            DueState.VALID: due > today + SOON,
        }[state]
    )


def told(instructor_ids: Sequence[int]) -> dict[int, list[Told]]:
    """Return the reminders of these instructors, the newest first."""
    query = (
        select(RefresherReminder, Delivery.state)
        .outerjoin(Delivery, Delivery.message_id == RefresherReminder.message_id)
        .where(RefresherReminder.instructor_id.in_(instructor_ids))
        .order_by(RefresherReminder.id.desc(), Delivery.id)
    )
    states: dict[int, list[str]] = {}
    rows: dict[int, RefresherReminder] = {}
    for row, state in db.session.execute(query):
        rows[row.id] = row
        states.setdefault(row.id, []).extend([state] if state else [])
    found: dict[int, list[Told]] = {}
    for row in rows.values():
        one = Told(row.instructor_id, row.due_on, row.stage, row.created_at, tuple(states[row.id]))
        found.setdefault(row.instructor_id, []).append(one)
    return found


def refreshers_of(instructor_id: int) -> Sequence[Refresher]:
    """Return an instructor's recorded refreshers, the newest first."""
    query = select(Refresher).where(Refresher.instructor_id == instructor_id)
    return db.session.scalars(query.order_by(Refresher.completed_on.desc())).all()


def unit_names(instructors: Sequence[Instructor]) -> dict[int, str]:
    """Return {unit id: name} of these instructors' units."""
    wanted = {one.unit_id for one in instructors}
    return {row.id: row.name for row in db.session.execute(select(Unit.id, Unit.name).where(Unit.id.in_(wanted)))}


def _conditions(wanted: Filter) -> list[ColumnElement[bool]]:
    return [
        in_state(wanted.state) if wanted.state else true(),
        Instructor.unit_id.in_(wanted.unit_ids) if wanted.unit_ids is not None else true(),
        Instructor.name.startswith(wanted.name, autoescape=True) if wanted.name else true(),
    ]
