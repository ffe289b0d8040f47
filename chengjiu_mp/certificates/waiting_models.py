"""People who passed and wait for a number from outside (待取号). There is no certificate before there is its number."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from chengjiu_mp.core import clock
from chengjiu_mp.core.db import Base

_WAITS = text("state = 'waiting'")


class WaitingNumber(Base):
    """One person of one run who waits. ``year`` is that of the series, frozen when the results were confirmed."""

    __tablename__ = "waiting_number"
    __table_args__ = (
        Index("uq_waiting_number_signup", "signup_id", unique=True, sqlite_where=_WAITS, postgresql_where=_WAITS),
        CheckConstraint("state in ('waiting','numbered')", name="state"),
        CheckConstraint("(state = 'numbered') = (certificate_id is not null)", name="numbered"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    signup_id: Mapped[int] = mapped_column(ForeignKey("signup.id"), index=True)
    run_id: Mapped[int] = mapped_column(ForeignKey("course_run.id"), index=True)
    course_type_id: Mapped[int] = mapped_column(ForeignKey("course_type.id"))
    year: Mapped[int]
    state: Mapped[str] = mapped_column(String(10), default="waiting")
    since: Mapped[datetime] = mapped_column(default=clock.now)
    certificate_id: Mapped[int | None] = mapped_column(ForeignKey("certificate.id"), unique=True)


class NumberExport(Base):
    """A file that was made to fetch numbers with; ``sha256`` is the file's."""

    __tablename__ = "number_export"

    id: Mapped[int] = mapped_column(primary_key=True)
    run_id: Mapped[int | None] = mapped_column(ForeignKey("course_run.id"))
    rows: Mapped[int]
    with_documents: Mapped[bool]
    reason: Mapped[str] = mapped_column(String(200))
    sha256: Mapped[str] = mapped_column(String(64))
    made_at: Mapped[datetime] = mapped_column(default=clock.now)
    made_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
