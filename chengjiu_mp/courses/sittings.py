"""The sittings (课次) of a run, written anew: those that remain keep their ids, which phones may hold already."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Column, update

from chengjiu_mp.core.db import Base, db
from chengjiu_mp.courses.models import CourseRun, Meeting
from chengjiu_mp.courses.queries import meetings_of


@dataclass(frozen=True)
class Sitting:
    """A meeting to be; aware instants."""

    starts_at: datetime
    ends_at: datetime


def rewrite_meetings(run: CourseRun, sittings: Sequence[Sitting]) -> None:
    """Give a run that has not begun these sittings, at least one.

    What was refused at a sitting that goes (a scan that came too early) stays in the record, with the first one.
    """
    held = list(meetings_of(run.id))
    for sequence, one in enumerate(sittings, 1):
        if sequence <= len(held):
            held[sequence - 1].starts_at, held[sequence - 1].ends_at = one.starts_at, one.ends_at
        else:
            db.session.add(Meeting(run_id=run.id, sequence=sequence, starts_at=one.starts_at, ends_at=one.ends_at))
    spare = held[len(sittings) :]
    if spare:
        _hand_over([one.id for one in spare], held[0].id)
    for gone in spare:
        db.session.delete(gone)
    db.session.flush()


def _hand_over(gone: Collection[int], stays: int) -> None:
    """Let every row that names a sitting which goes name the one that stays: slices to the right hang rows on them."""
    for column in _columns_that_name_meetings():
        change = update(column.table).where(column.in_(gone)).values({column: stays})
        db.session.execute(change)


def _columns_that_name_meetings() -> list[Column[int]]:
    meeting = Base.metadata.tables[Meeting.__tablename__]
    return [
        key.parent
        for table in Base.metadata.sorted_tables
        for key in table.foreign_keys
        if key.column.table is meeting
    ]  # fmt: skip
