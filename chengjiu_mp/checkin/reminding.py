"""The evening before a run's day its instructors are reminded to get the phone ready, while there is network at home.

One message for each (instructor, run, day), by its key: a look that finds nobody writes nothing, two at once are
harmless, and one that comes late says what still helps.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from chengjiu_mp.checkin.messages import REMINDER, reminder
from chengjiu_mp.core import clock
from chengjiu_mp.core.db import db
from chengjiu_mp.courses.models import CourseRun, Meeting, RunInstructor
from chengjiu_mp.courses.policy import ROSTER_OPENS
from chengjiu_mp.instructors.models import Instructor
from chengjiu_mp.instructors.refreshing import phone_of
from chengjiu_mp.outbox.models import Message
from chengjiu_mp.outbox.service import Letter, tell_each

# When people are at home, where there is network; nobody is told at night, so who was missed hears in the morning.
EVENING, NIGHT, MORNING = time(19, 0), time(20, 0), time(8, 30)
TOO_LATE = timedelta(hours=1)
# Small enough to hold SQLite's one writer for well under a second.
BATCH = 50


@dataclass(frozen=True)
class Due:
    """An instructor who has not heard yet of a day of a run; ``begins``: that day's first meeting."""

    instructor_id: int
    run_id: int
    begins: datetime

    @property
    def key(self) -> str:
        """Return what makes the message one."""
        return f"{REMINDER}:{self.instructor_id}:{self.run_id}:{clock.day_of(self.begins)}"


def due_for_reminder() -> list[Due]:
    """Return who is to be reminded now, at most :data:`BATCH`."""
    at = clock.local(clock.now()).time()
    if EVENING <= at < NIGHT:
        return _untold(_teaching_on(1))
    return _untold(_teaching_on(0)) if MORNING <= at < EVENING else []


def remind(due: Iterable[Due]) -> None:
    """Write their messages, unless somebody did meanwhile."""
    wanted = list(due)
    runs = select(CourseRun).where(CourseRun.id.in_({one.run_id for one in wanted}))
    by_run = {row.id: row for row in db.session.scalars(runs.options(joinedload(CourseRun.venue)))}
    people = select(Instructor).where(Instructor.id.in_({one.instructor_id for one in wanted}))
    by_id = {row.id: row for row in db.session.scalars(people)}
    tell_each([_letter(one, by_run[one.run_id], by_id[one.instructor_id]) for one in wanted])


def _letter(one: Due, run: CourseRun, teacher: Instructor) -> Letter:
    return Letter(
        REMINDER, one.key, reminder(teacher.name, run, one.begins), phone_of(teacher), run,
        {"unit_id": run.unit_id, "expires_at": one.begins, "account_id": teacher.account_id},
    )  # fmt: skip


def _teaching_on(days_ahead: int) -> list[Due]:
    """Return the instructors of every run that meets on that day, once each, and whose names they may open now."""
    day, now = clock.today() + timedelta(days=days_ahead), clock.now()
    begins, ends = clock.at_local(day), clock.at_local(day + timedelta(days=1))
    query = (
        select(RunInstructor.instructor_id, Meeting.run_id, Meeting.starts_at)
        .join(Meeting, Meeting.run_id == RunInstructor.run_id)
        .join(CourseRun, CourseRun.id == Meeting.run_id)
        .join(Instructor, Instructor.id == RunInstructor.instructor_id)
        .where(
            CourseRun.state == "published", Instructor.status == "active", Meeting.starts_at >= begins,
            Meeting.starts_at < ends, Meeting.starts_at > now + TOO_LATE, CourseRun.starts_at <= now + ROSTER_OPENS,
        )
        .order_by(Meeting.starts_at, Meeting.run_id, RunInstructor.instructor_id)
    )  # fmt: skip
    first: dict[tuple[int, int], Due] = {}
    for row in db.session.execute(query):
        first.setdefault((row[0], row[1]), Due(*row))
    return list(first.values())


def _untold(found: list[Due]) -> list[Due]:
    keys = [one.key for one in found]
    told = set(db.session.scalars(select(Message.dedupe_key).where(Message.dedupe_key.in_(keys)))) if keys else set()
    return [one for one in found if one.key not in told][:BATCH]
