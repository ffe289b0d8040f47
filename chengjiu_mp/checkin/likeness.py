"""One picture that is to show two runs (feat-N3): found when it comes, told to whoever sent it and whoever looks."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import aliased

from chengjiu_mp.checkin.record_models import RunEvidence
from chengjiu_mp.core import clock
from chengjiu_mp.core.context import Principal
from chengjiu_mp.core.db import db
from chengjiu_mp.courses.models import CourseRun
from chengjiu_mp.courses.policy import runs_visible_to

# Of 64 bits: a picture that was sent on or saved again differs in none to three, another one of the same hall in more.
NEAR = 4
_ALL = (1 << 64) - 1
# A plan year and the weeks in which its records come in.
LOOKED_BACK = timedelta(days=400)


@dataclass(frozen=True)
class Earlier:
    """The run that showed the same picture before; who may not see that run learns only that there is one."""

    run_id: int | None = None
    title: str | None = None
    starts_at: datetime | None = None


def earlier(run_id: int, kind: str, file: str, likeness: int | None) -> int | None:
    """Return the earliest picture of another run that is the same, or a photo that looks the same; None without one.

    Signed sheets are one form: they look alike, so only the very same file counts.
    """
    query = select(RunEvidence.id, RunEvidence.kind, RunEvidence.file, RunEvidence.likeness).where(
        RunEvidence.run_id != run_id, RunEvidence.removed_at.is_(None),
        RunEvidence.uploaded_at > clock.now() - LOOKED_BACK,
    )  # fmt: skip
    for row in db.session.execute(query.order_by(RunEvidence.id)):
        if row.file == file or (kind == row.kind == "photo" and _alike(likeness, row.likeness)):
            return int(row.id)
    return None


def _alike(one: int | None, other: int | None) -> bool:
    return one is not None and other is not None and ((one ^ other) & _ALL).bit_count() <= NEAR


def repeated(evidence_ids: Collection[int], who: Principal) -> dict[int, Earlier]:
    """Return for each picture that repeats another run's which run that was, unless it was taken out there.

    A run out of ``who``'s scope does not exist for them (rel-Z2), so it has neither title nor day here.
    """
    before = aliased(RunEvidence)
    query = (
        select(RunEvidence.id, runs_visible_to(who), CourseRun.id, CourseRun.title, CourseRun.starts_at)
        .join(before, before.id == RunEvidence.like_id)
        .join(CourseRun, CourseRun.id == before.run_id)
        .where(RunEvidence.id.in_(evidence_ids), before.removed_at.is_(None))
    )
    return {row[0]: Earlier(*row[2:]) if row[1] else Earlier() for row in db.session.execute(query)}
