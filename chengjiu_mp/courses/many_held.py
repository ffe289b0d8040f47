"""What many people hold already, read at once: the set forms of what a single sign-up asks of the database."""

from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.orm import aliased

from chengjiu_mp.core.db import db
from chengjiu_mp.courses.models import LIVE, CourseRun, Meeting, Signup


def live_signups_of_many(person_ids: Collection[int]) -> dict[int, list[Signup]]:
    """Return {person id: live places} of those who hold any."""
    found: dict[int, list[Signup]] = {}
    if person_ids:
        held = select(Signup).where(Signup.person_id.in_(person_ids), Signup.state.in_(LIVE))
        for one in db.session.scalars(held):
            found.setdefault(one.person_id, []).append(one)
    return found


def overlapping(run_ids: Collection[int], person_ids: Collection[int]) -> frozenset[tuple[int, int]]:
    """Return (run id, person id) where the person holds a live place in another run that meets at the same time."""
    if not run_ids or not person_ids:
        return frozenset()
    mine, other = aliased(Meeting), aliased(Meeting)
    clashes = (
        select(mine.run_id, Signup.person_id)
        .distinct()
        .select_from(Signup)
        .join(CourseRun, CourseRun.id == Signup.run_id)
        .join(other, other.run_id == Signup.run_id)
        .join(mine, (mine.starts_at < other.ends_at) & (other.starts_at < mine.ends_at))
        .where(
            Signup.person_id.in_(person_ids), Signup.state.in_(LIVE), CourseRun.state == "published",
            mine.run_id.in_(run_ids), Signup.run_id != mine.run_id,
        )
    )  # fmt: skip
    return frozenset((row[0], row[1]) for row in db.session.execute(clashes))
