"""The night's purge: what has served its time is erased, in batches, each a transaction of its own.

Whatever was erased drops out of the next look: a run that was cut off goes on where it stopped. Counts, certificates
and the audit trail stay.
"""

from collections.abc import Callable
from datetime import datetime, time, timedelta

from sqlalchemy import ColumnElement, and_, case, exists, or_, select
from sqlalchemy.orm import InstrumentedAttribute

from chengjiu_mp.certificates.desk_forgetting import forget_changes_before, forget_desk_of, forget_refused_before
from chengjiu_mp.certificates.earlier_models import EarlierCertificate
from chengjiu_mp.certificates.holder_photos import forget_photos
from chengjiu_mp.certificates.models import Certificate
from chengjiu_mp.certificates.waiting import still_waits
from chengjiu_mp.certificates.waiting_models import WaitingNumber
from chengjiu_mp.checkin.device_models import PairedDevice
from chengjiu_mp.checkin.erasing import forget_devices_before, forget_open_before
from chengjiu_mp.checkin.evidence import forget_before
from chengjiu_mp.core import audit, clock, idempotency, ids, jobs
from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.core.models import BeatSlot
from chengjiu_mp.core.retention import periods
from chengjiu_mp.core.rows import insert_into
from chengjiu_mp.courses.erasing import erase_signups
from chengjiu_mp.courses.models import CourseRun, Signup
from chengjiu_mp.exams.erasing import erase_exemptions
from chengjiu_mp.exams.models import Submission
from chengjiu_mp.lists.erasing import erase_named_before, erase_rows
from chengjiu_mp.outbox.erasing import erase_messages_about, erase_messages_before
from chengjiu_mp.people.erasing import erase_person, lock_people
from chengjiu_mp.people.models import Person
from chengjiu_mp.signin import erasing as signin
from chengjiu_mp.signin.models import Account, SignInSession

SLOT = "reports.purge"
PURGE_JOB = "reports.purge"
# Small enough to hold SQLite's one writer for well under a second; together far inside a task's thirty seconds.
BATCH = 100
FULL_BATCHES = 60
# When few people are up.
BEGINS = time(2, 0)
# A run that nobody ended, or whose results nobody confirmed: its people may still be waiting for a certificate.
PATIENCE = timedelta(days=30)


def planned_tonight() -> bool:
    """Return whether tonight's purge was asked for, or its hour has not come; a look costs no writer's lock."""
    if clock.local(clock.now()).time() < BEGINS:
        return True
    query = select(BeatSlot.id).where(BeatSlot.name == SLOT, BeatSlot.slot == clock.today().isoformat())
    return db.session.scalar(query) is not None


def plan_purge() -> bool:
    """Ask for tonight's purge unless it was asked for already; return whether this call did. One transaction."""
    slot = clock.today().isoformat()
    row = insert_into(BeatSlot).values(name=SLOT, slot=slot)
    added = db.session.scalar(row.on_conflict_do_nothing(index_elements=["name", "slot"]).returning(BeatSlot.id))
    if added is None:
        return False
    jobs.ask(PURGE_JOB, added, queue=jobs.SLOW, dedupe_key=f"{SLOT}:{slot}")
    return True


def purge(slot_id: int) -> Callable[[], None] | None:
    """Purge up to :data:`FULL_BATCHES` full batches; return the effect that goes on with the rest, None at the end."""
    left = FULL_BATCHES
    for name, step in STEPS:
        while left:
            with unit_of_work():
                done = step()
                if done:
                    audit.record("retention.purged", db.session.get_one(BeatSlot, slot_id), what=name, rows=done)
            if done < BATCH:
                break
            # Full ones alone are counted, so that a part which finds little always comes to the end.
            left -= 1
    return None if left else lambda: _go_on(slot_id)


def _go_on(slot_id: int) -> None:
    jobs.ask(PURGE_JOB, slot_id, queue=jobs.SLOW, dedupe_key=f"{SLOT}:{slot_id}:{ids.new_uid()}")


def _purge_signups() -> int:
    query = select(Signup.id).join(CourseRun, CourseRun.id == Signup.run_id)
    due = db.session.scalars(query.where(_signup_is_due()).order_by(Signup.id).limit(BATCH)).all()
    erase_messages_about({"signup": due})
    erase_rows(due)
    erase_exemptions(due)
    done = erase_signups(due)
    # After the rows' locks: a picture that was on its way came before them or comes no more.
    forget_photos(due)
    return done


def _signup_is_due() -> ColumnElement[bool]:
    now, kept = clock.now(), periods()
    came_to_nothing = or_(Signup.outcome.is_(None), Signup.outcome == "absent")
    until = case(
        (came_to_nothing, CourseRun.ends_at <= now - timedelta(days=kept.unfinished)),
        else_=CourseRun.ends_at <= now - timedelta(days=kept.uncertified),
    )
    of_run = Submission.run_id == CourseRun.id
    confirmed = and_(
        exists().where(of_run, Submission.state == "confirmed"),
        ~exists().where(of_run, Submission.state != "confirmed"),
    )
    no_certificate_to_come = or_(CourseRun.exam_scheme_id.is_(None), came_to_nothing, confirmed)
    settled = and_(CourseRun.state.in_(("closed", "cancelled")), no_certificate_to_come)
    return and_(
        Signup.erased_at.is_(None), CourseRun.ends_at <= now, until,
        or_(settled, CourseRun.ends_at <= now - PATIENCE), ~_held_by_certificate(Signup.person_id),
        ~_waits_for_number(),
    )  # fmt: skip


def _waits_for_number() -> ColumnElement[bool]:
    """Return whether a certificate still comes, once its number is here from outside: erased, it never could."""
    return exists().where(WaitingNumber.signup_id == Signup.id, still_waits())


def _held_by_certificate(person_id: InstrumentedAttribute[int]) -> ColumnElement[bool]:
    """Return whether a certificate, ours or an earlier one, keeps a person's data: until its last day and the ruled
    time after it.
    """
    still = clock.today() - timedelta(days=periods().certified)
    ways = [
        exists().where(of.person_id == person_id, or_(of.valid_until.is_(None), of.valid_until >= still))
        for of in (Certificate, EarlierCertificate)
    ]
    return or_(*ways)


def _purge_people() -> int:
    open_signup = exists().where(Signup.person_id == Person.id, Signup.erased_at.is_(None))
    query = select(Person).where(Person.forgotten_at.is_(None), ~open_signup, ~_held_by_certificate(Person.id))
    # A person whose sign-up is being written has none yet that this look could see.
    query = query.where(Person.created_at < clock.now() - timedelta(hours=1))
    due = db.session.scalars(query.order_by(Person.id).limit(BATCH)).all()
    # Once more under their locks: somebody may be back this very moment, after months.
    lock_people([one.id for one in due])
    due = db.session.scalars(query.where(Person.id.in_([one.id for one in due])).order_by(Person.id)).all()
    for person in due:
        forget_desk_of(person.id)
        erase_person(person, forget=True)
    return len(due)


def _before(days: int) -> datetime:
    return clock.now() - timedelta(days=days)


def _purge_sessions() -> int:
    stands = exists().where(Signup.device_id == SignInSession.id)
    paired = exists().where(PairedDevice.session_id == SignInSession.id)
    return signin.drop_sessions_before(_before(periods().sessions), BATCH, kept=or_(stands, paired))


def _purge_accounts() -> int:
    stands = exists().where(Signup.phone_index == Account.phone_index)
    return signin.close_idle_trainees(_before(periods().uncertified), BATCH, kept=stands)


STEPS: tuple[tuple[str, Callable[[], int]], ...] = (
    ("signups", _purge_signups),
    ("people", _purge_people),
    ("names", lambda: erase_named_before(_before(periods().unfinished), BATCH)),
    ("provisional", lambda: forget_open_before(_before(periods().unfinished), BATCH)),
    ("evidence", lambda: forget_before(_before(periods().certified), BATCH)),
    ("messages", lambda: erase_messages_before(_before(periods().messages), BATCH)),
    ("refused_names", lambda: forget_refused_before(_before(periods().messages), BATCH)),
    (
        "phone_changes",
        lambda: forget_changes_before(_before(periods().codes), _before(periods().unfinished), BATCH),
    ),
    ("codes", lambda: signin.drop_codes_before(_before(periods().codes), BATCH)),
    ("devices", lambda: forget_devices_before(_before(periods().sessions), BATCH)),
    ("sessions", _purge_sessions),
    ("accounts", _purge_accounts),
    ("replies", lambda: idempotency.drop_before(_before(periods().replies), BATCH)),
)
