"""The reminder of the day before: one per seat and date, never at night, and none that comes too late to help."""

from collections.abc import Sequence
from datetime import time, timedelta

from sqlalchemy import or_, select, update
from sqlalchemy.orm import joinedload

from chengjiu_mp.core import clock
from chengjiu_mp.core.db import db
from chengjiu_mp.courses import messages
from chengjiu_mp.courses.models import CourseRun, Signup

# From nine on the day before; who joins later, or was missed by an outage, hears while it still helps.
FIRST_HOUR = 9
DAY_BEGINS, DAY_ENDS = time(8, 30), time(20, 0)
TOO_LATE = timedelta(hours=3)
# Small enough to hold SQLite's one writer for well under a second.
BATCH = 50


def due_for_reminder() -> Sequence[int]:
    """Return the next ids of the seats whose holders are to be reminded now; nobody's outside of the day's hours."""
    now = clock.now()
    if not DAY_BEGINS <= clock.local(now).time() < DAY_ENDS:
        return []
    begins = CourseRun.starts_at
    # Until nine in the morning only today's runs are due; from nine on tomorrow's too.
    days = 2 if clock.local(now).hour >= FIRST_HOUR else 1
    until = clock.at_local(clock.today() + timedelta(days=days))
    query = (
        select(Signup.id)
        .join(CourseRun, CourseRun.id == Signup.run_id)
        .where(
            CourseRun.state == "published", begins > now + TOO_LATE, begins < until, Signup.state == "confirmed",
            Signup.outcome.is_(None), or_(Signup.reminded_for.is_(None), Signup.reminded_for != begins),
        )
    )  # fmt: skip
    return db.session.scalars(query.order_by(begins, Signup.id).limit(BATCH)).all()


def remind(signup_ids: Sequence[int]) -> int:
    """Remind these people unless somebody did meanwhile; return how many were. The conditional update decides between
    two that look at once.
    """
    begins = select(CourseRun.starts_at).where(CourseRun.id == Signup.run_id).scalar_subquery()
    taken = db.session.scalars(
        update(Signup)
        .where(
            Signup.id.in_(signup_ids), Signup.state == "confirmed",
            or_(Signup.reminded_for.is_(None), Signup.reminded_for != begins),
        )
        .values(reminded_for=begins)
        .returning(Signup.id)
        .execution_options(synchronize_session=False)
    ).all()  # fmt: skip
    whole = joinedload(Signup.run, innerjoin=True)
    rows = db.session.scalars(
        select(Signup)
        .where(Signup.id.in_(taken))
        .order_by(Signup.id)
        .options(
            whole.joinedload(CourseRun.venue, innerjoin=True), whole.joinedload(CourseRun.syllabus, innerjoin=True)
        )
        .execution_options(populate_existing=True)
    ).all()
    for row in rows:
        messages.tell_reminder(row, row.run)
    return len(rows)
