"""Recording a refresher: the next due date follows from it."""

from datetime import date

from sqlalchemy import select

from chengjiu_mp.core import audit, clock, context, privacy
from chengjiu_mp.core.calendar import add_months
from chengjiu_mp.core.db import db
from chengjiu_mp.instructors import messages
from chengjiu_mp.instructors.errors import InstructorRetired, RefresherDayInvalid, RefresherKnown
from chengjiu_mp.instructors.models import Instructor, InstructorPolicy, Refresher
from chengjiu_mp.outbox.service import tell


def record_refresher(instructor: Instructor, completed_on: date, source: str) -> Refresher:
    """Record a completed refresher and tell its person; an older one than the latest moves no date back.

    :param instructor: locked by the caller (``instructor_for(…, writing=True)``)
    :param source: what shows it: a run, a list, a certificate
    :raise RefresherDayInvalid: in the future or before the qualification; :raise RefresherKnown: recorded already;
        :raise InstructorRetired: no longer in the register
    """
    if instructor.status == "retired":
        raise InstructorRetired
    if completed_on > clock.today() or (instructor.qualified_on and completed_on < instructor.qualified_on):
        raise RefresherDayInvalid(field="completed_on")
    same = select(Refresher.id).where(Refresher.instructor_id == instructor.id, Refresher.completed_on == completed_on)
    if db.session.scalars(same).first() is not None:
        raise RefresherKnown(field="completed_on")
    row = Refresher(
        instructor_id=instructor.id, completed_on=completed_on, next_due=next_due(completed_on), source=source,
        recorded_by=context.principal().account_id,
    )  # fmt: skip
    db.session.add(row)
    if instructor.refresh_due is None or row.next_due > instructor.refresh_due:
        instructor.refresh_due = row.next_due
    db.session.flush()
    audit.record(
        "refresher.recorded", row, unit_id=instructor.unit_id, instructor=instructor.id,
        completed_on=completed_on.isoformat(), next_due=row.next_due.isoformat(),
    )  # fmt: skip
    tell(
        messages.RECORDED, dedupe_key=f"refresher:{row.id}:recorded",
        body=messages.recorded(instructor.name, instructor.refresh_due), phone=phone_of(instructor), about=row,
        unit_id=instructor.unit_id,
    )  # fmt: skip
    return row


def next_due(completed_on: date) -> date:
    """Return the day the next refresher is due: the interval later by the calendar, 29 February becoming the 28th."""
    policy = db.session.scalars(select(InstructorPolicy).order_by(InstructorPolicy.id.desc())).first()
    return add_months(completed_on, policy.refresh_interval_months if policy else 24)


def phone_of(instructor: Instructor) -> str:
    """Return the instructor's number, opened."""
    return privacy.unseal(instructor.phone_sealed, place=Instructor.PLACE, row=instructor.uid)
