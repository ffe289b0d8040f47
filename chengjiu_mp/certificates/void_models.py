"""Numbers that were set aside: for one unit's runs, or for nobody any more."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from chengjiu_mp.core import clock
from chengjiu_mp.core.db import Base


class NumberBlock(Base):
    """Consecutive numbers of a series for the runs of one unit (号段). ``next``: the next one that it gives.

    A closed block gives no more: what it had left was given back to the series, or voided.
    """

    __tablename__ = "number_block"
    __table_args__ = (
        CheckConstraint("first >= 1 and upto >= first - 1", name="range"),
        CheckConstraint("next >= first and next <= upto + 1", name="next"),
        CheckConstraint("closed_at is null or next = upto + 1", name="closed"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    series_id: Mapped[int] = mapped_column(ForeignKey("number_series.id"), index=True)
    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"))
    first: Mapped[int]
    upto: Mapped[int]
    next: Mapped[int]
    made_at: Mapped[datetime] = mapped_column(default=clock.now)
    made_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    closed_at: Mapped[datetime | None]
    closed_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))


class NumberVoid(Base):
    """A number that was allotted and is not used (作废): a row, not a hole, and never given again (rel-I9).

    ``certificate_id``: of the certificate that had it; empty for a number that no certificate ever had.
    """

    __tablename__ = "number_void"
    __table_args__ = (Index("uq_number_void_place", "series_id", "sequence", unique=True),)

    id: Mapped[int] = mapped_column(primary_key=True)
    series_id: Mapped[int] = mapped_column(ForeignKey("number_series.id"))
    sequence: Mapped[int]
    number: Mapped[str] = mapped_column(String(60), unique=True)
    certificate_id: Mapped[int | None] = mapped_column(ForeignKey("certificate.id"), unique=True)
    reason: Mapped[str] = mapped_column(String(200))
    made_at: Mapped[datetime] = mapped_column(default=clock.now)
    made_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
