"""The daily scan: each stage of each due date makes exactly one message (rel-R1)."""

from datetime import date, timedelta

from sqlalchemy import exists, select

from chengjiu_mp.core import audit, clock, jobs
from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.core.models import BeatSlot
from chengjiu_mp.core.rows import insert_into
from chengjiu_mp.instructors import messages
from chengjiu_mp.instructors.models import Instructor, RefresherReminder
from chengjiu_mp.instructors.refreshing import phone_of
from chengjiu_mp.instructors.states import SOON, STAGES, stage_of
from chengjiu_mp.outbox.service import tell

SLOT = "instructors.reminders"
JOB = "instructors.remind"
# Small enough to hold SQLite's one writer for well under a second.
BATCH = 100


def planned_today() -> bool:
    """Return whether today's scan was asked for; a look costs no writer's lock, and beat looks every minute."""
    slot = clock.today().isoformat()
    return db.session.scalar(select(BeatSlot.id).where(BeatSlot.name == SLOT, BeatSlot.slot == slot)) is not None


def plan_scan() -> bool:
    """Ask for today's scan unless it was asked for already; return whether this call did. One transaction."""
    slot = clock.today().isoformat()
    values = {"name": SLOT, "slot": slot}
    row = insert_into(BeatSlot).values(**values).on_conflict_do_nothing(index_elements=["name", "slot"])
    added = db.session.scalar(row.returning(BeatSlot.id))
    if added is None:
        return False
    jobs.ask(JOB, added, queue=jobs.SLOW, dedupe_key=f"{SLOT}:{slot}")
    return True


def scan(_slot_id: int) -> None:
    """Remind everybody who is due today, in batches with a transaction each; run again, it finds nothing left."""
    today, after = clock.today(), 0
    while True:
        with unit_of_work():
            batch = _due_after(after, today)
            for instructor in batch:
                remind(instructor, today)
        if len(batch) < BATCH:
            return
        after = batch[-1].id


def remind(instructor: Instructor, today: date) -> bool:
    """Tell an instructor of the newest stage that applies; return whether anything was to tell.

    After an outage the stages that were missed are not made up for. The unique index decides between two scans.
    """
    due = instructor.refresh_due
    stage = stage_of(due, today) if due else None
    if due is None or stage is None or instructor.status != "active" or _told(instructor.id, due, stage):
        return False
    message = tell(
        messages.REMINDER, dedupe_key=f"refresher:{instructor.id}:{due}:{stage}",
        body=messages.reminder(instructor.name, due, today), phone=phone_of(instructor), about=instructor,
        unit_id=instructor.unit_id, expires_at=clock.at_local(_worthless_from(due, stage, today)),
    )  # fmt: skip
    row = insert_into(RefresherReminder).values(
        instructor_id=instructor.id, due_on=due, stage=stage, message_id=message.id, created_at=clock.now()
    )
    first = row.on_conflict_do_nothing(index_elements=["instructor_id", "due_on", "stage"])
    added = db.session.scalar(first.returning(RefresherReminder.id))
    if added is not None:
        about = db.session.get_one(RefresherReminder, added)
        audit.record("refresher.reminded", about, unit_id=instructor.unit_id, instructor=instructor.id, stage=stage)
    return added is not None


def _due_after(after: int, today: date) -> list[Instructor]:
    """Return the next instructors whose due date lies within the first stage; an unknown date never does."""
    query = select(Instructor).where(
        Instructor.id > after, Instructor.status == "active", Instructor.refresh_due <= today + SOON
    )
    return list(db.session.scalars(query.order_by(Instructor.id).limit(BATCH)))


def _told(instructor_id: int, due: date, stage: int) -> bool:
    """Return whether this stage, or a later one, was told for this due date."""
    said = exists().where(
        RefresherReminder.instructor_id == instructor_id, RefresherReminder.due_on == due,
        RefresherReminder.stage <= stage,
    )  # fmt: skip
    return bool(db.session.scalar(select(said)))


def _worthless_from(due: date, stage: int, today: date) -> date:
    """Return the day from which the next stage says it better; the last one stays worth saying for 30 days."""
    following = next((s for s in STAGES if s < stage), None)
    return today + timedelta(days=30) if following is None else due - timedelta(days=following)
