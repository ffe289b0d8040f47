"""What to look at before a run is closed, and whether its head count still agrees with who is checked in afterwards."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from chengjiu_mp.checkin.models import Scan
from chengjiu_mp.checkin.provisional import open_count
from chengjiu_mp.core.db import db
from chengjiu_mp.courses.models import CourseRun, CourseType, Signup, Syllabus
from chengjiu_mp.courses.signup_queries import checked_in_count


@dataclass(frozen=True)
class Closing:
    """Figures of a run, in people: ``checked_in`` now, ``to_complete`` came and have not said who they are.

    ``late`` of those checked in were entered after it was closed.
    """

    popular: bool
    checked_in: int
    to_complete: int
    head_count: int | None = None
    note: str = ""
    closed_at: datetime | None = None
    late: int = 0

    @property
    def off_by(self) -> int:
        """Return by how many the check-ins are more than the heads, 0 where that needs no words.

        A 普及 run counts heads that nobody checks in: only fewer heads than check-ins are odd.
        """
        off = self.checked_in - self.head_count if self.head_count is not None else 0
        return max(off, 0) if self.popular else off


def closing_of(run: CourseRun) -> Closing:
    """Return a run's figures as they are now."""
    return Closing(
        popular=is_popular(run), checked_in=checked_in_count(run.id), to_complete=open_count(run.id),
        head_count=run.head_count, note=run.head_count_note, closed_at=run.closed_at,
        late=_late(run.id, run.closed_at) if run.closed_at else 0,
    )  # fmt: skip


def is_popular(run: CourseRun) -> bool:
    """Return whether a run counts heads for 普及."""
    query = select(CourseType.family).join(Syllabus).where(Syllabus.id == run.syllabus_id)
    return db.session.scalars(query).one() == "popular"


def _late(run_id: int, closed_at: datetime) -> int:
    scans = (
        select(Scan.signup_id)
        .join(Signup, Signup.id == Scan.signup_id)
        .where(Scan.run_id == run_id, Scan.verdict == "accepted", Scan.annuls_id.is_(None))
        .where(Signup.outcome == "attended")
        .group_by(Scan.signup_id)
        .having(func.min(Scan.received_at) > closed_at)
    )
    return db.session.scalar(select(func.count()).select_from(scans.subquery())) or 0
