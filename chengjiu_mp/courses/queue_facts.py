"""What somebody who waits may honestly expect: how many seats such runs gave back before (feat-N23)."""

from dataclasses import dataclass

from sqlalchemy import func, select

from chengjiu_mp.core import clock
from chengjiu_mp.core.db import db
from chengjiu_mp.courses.models import CourseRun, Signup, Syllabus

LAST = 5


@dataclass(frozen=True)
class Freed:
    """``people`` on the average, rounded down, in the last ``runs`` runs of the kind that had a line."""

    runs: int
    people: int


def seats_freed_before(run: CourseRun) -> Freed | None:
    """Return how many came from the line to a seat in the last runs of the same kind that had a line.

    Only runs that are over count, at most the last five; None when there was none: nothing is promised then.
    """
    kind = select(Syllabus.course_type_id).where(Syllabus.id == run.syllabus_id).scalar_subquery()
    waited = Signup.promoted_at.is_not(None) | ((Signup.state == "lapsed") & Signup.offer_ends_at.is_(None))
    past = (
        select(CourseRun.id, func.count(Signup.promoted_at).label("promoted"))
        .join(Syllabus, Syllabus.id == CourseRun.syllabus_id)
        .join(Signup, Signup.run_id == CourseRun.id)
        .where(Syllabus.course_type_id == kind, CourseRun.state == "closed", CourseRun.ends_at < clock.now(), waited)
        .group_by(CourseRun.id, CourseRun.starts_at)
        .order_by(CourseRun.starts_at.desc())
        .limit(LAST)
    )
    promoted = [row.promoted for row in db.session.execute(past)]
    return Freed(len(promoted), sum(promoted) // len(promoted)) if promoted else None
