"""How a kind's numbers of a year are made: proposed by one person, put in force by another."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from chengjiu_mp.core import clock
from chengjiu_mp.core.db import Base

_OPEN = text("state = 'proposed'")
_FORCE = text("state = 'in_force'")


class SeriesRule(Base):
    """One rule of a course kind and year. ``pattern`` is empty for numbers that come from outside.

    ``state``: proposed, in_force, refused, or replaced by a later rule.
    """

    __tablename__ = "series_rule"
    __table_args__ = (
        Index(
            "uq_series_rule_proposed", "course_type_id", "year", unique=True, sqlite_where=_OPEN, postgresql_where=_OPEN
        ),
        Index(
            "uq_series_rule_in_force", "course_type_id", "year", unique=True,
            sqlite_where=_FORCE, postgresql_where=_FORCE,
        ),
        CheckConstraint("mode in ('local','external')", name="mode"),
        CheckConstraint("state in ('proposed','in_force','refused','replaced')", name="state"),
        CheckConstraint("(mode = 'local') = (pattern <> '')", name="pattern"),
    )  # fmt: skip

    id: Mapped[int] = mapped_column(primary_key=True)
    course_type_id: Mapped[int] = mapped_column(ForeignKey("course_type.id"))
    year: Mapped[int]
    mode: Mapped[str] = mapped_column(String(10))
    pattern: Mapped[str] = mapped_column(String(60), default="")
    state: Mapped[str] = mapped_column(String(10), default="proposed")
    proposed_at: Mapped[datetime] = mapped_column(default=clock.now)
    proposed_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
