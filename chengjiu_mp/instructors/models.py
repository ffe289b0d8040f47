"""The register of instructors, and what they were reminded of."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from chengjiu_mp.core import clock
from chengjiu_mp.core.db import Base


class Instructor(Base):
    """A person who teaches. ``refresh_due`` is None when the date is unknown (待核实), which is never overdue."""

    __tablename__ = "instructor"
    __table_args__ = (CheckConstraint("status in ('active','suspended','retired')", name="status"),)

    PLACE = "instructor.phone"

    id: Mapped[int] = mapped_column(primary_key=True)
    uid: Mapped[str] = mapped_column(String(32), unique=True)
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"), unique=True)
    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"), index=True)
    name: Mapped[str] = mapped_column(String(100))
    sort_key: Mapped[str] = mapped_column(String(200), default="")
    phone_index: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    phone_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    grade: Mapped[str] = mapped_column(String(20), default="")
    stars: Mapped[int] = mapped_column(default=0)
    certificate_no: Mapped[str] = mapped_column(String(60), default="")
    qualified_on: Mapped[date | None]
    refresh_due: Mapped[date | None] = mapped_column(index=True)
    status: Mapped[str] = mapped_column(String(10), default="active")
    created_at: Mapped[datetime] = mapped_column(default=clock.now)


class Refresher(Base):
    """A refresher that an instructor completed, and the due date that follows from it."""

    __tablename__ = "refresher"

    id: Mapped[int] = mapped_column(primary_key=True)
    instructor_id: Mapped[int] = mapped_column(ForeignKey("instructor.id"), index=True)
    completed_on: Mapped[date]
    next_due: Mapped[date]
    source: Mapped[str] = mapped_column(String(200))
    recorded_by: Mapped[int | None]
    recorded_at: Mapped[datetime] = mapped_column(default=clock.now)


class RefresherReminder(Base):
    """One reminder per (instructor, due date, stage); the unique index is what makes it one (rel-R1)."""

    __tablename__ = "refresher_reminder"
    __table_args__ = (
        Index("uq_refresher_reminder_stage", "instructor_id", "due_on", "stage", unique=True),
        CheckConstraint("stage in (90,60,30,7,0)", name="stage"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    instructor_id: Mapped[int] = mapped_column(ForeignKey("instructor.id"), index=True)
    due_on: Mapped[date]
    stage: Mapped[int]
    message_id: Mapped[int] = mapped_column(ForeignKey("message.id"))
    created_at: Mapped[datetime] = mapped_column(default=clock.now)


class InstructorPolicy(Base):
    """How often a refresher is due. The shipped values are nobody's rule yet: 待业务核实."""

    __tablename__ = "instructor_policy"

    id: Mapped[int] = mapped_column(primary_key=True)
    refresh_interval_months: Mapped[int] = mapped_column(default=24)
    confirmed: Mapped[bool] = mapped_column(default=False)
