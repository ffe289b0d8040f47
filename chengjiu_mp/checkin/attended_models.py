"""Who left when, where the syllabus asks, and what an operator put right of somebody's attended minutes."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from chengjiu_mp.core import clock
from chengjiu_mp.core.db import Base


class ExitScan(Base):
    """签退: somebody who is checked in to a meeting left it. Rows are only added; the latest ``scanned_at`` counts.

    ``nonce`` is made on the phone: sent twice is one row.
    """

    __tablename__ = "exit_scan"
    __table_args__ = (
        Index("uq_exit_scan_run_nonce", "run_id", "nonce", unique=True),
        Index("ix_exit_scan_signup_meeting", "signup_id", "meeting_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    run_id: Mapped[int] = mapped_column(ForeignKey("course_run.id"))
    meeting_id: Mapped[int] = mapped_column(ForeignKey("meeting.id"))
    signup_id: Mapped[int] = mapped_column(ForeignKey("signup.id"))
    nonce: Mapped[str] = mapped_column(String(64))
    scanned_at: Mapped[datetime]
    received_at: Mapped[datetime] = mapped_column(default=clock.now)
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    by_name: Mapped[str] = mapped_column(String(100), default="")


class AttendanceCorrection(Base):
    """Minutes that an operator added to what somebody attended, and why. Rows are only added."""

    __tablename__ = "attendance_correction"
    __table_args__ = (CheckConstraint("minutes > 0", name="minutes"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    run_id: Mapped[int] = mapped_column(ForeignKey("course_run.id"), index=True)
    signup_id: Mapped[int] = mapped_column(ForeignKey("signup.id"))
    minutes: Mapped[int]
    reason: Mapped[str] = mapped_column(String(200))
    made_at: Mapped[datetime] = mapped_column(default=clock.now)
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    by_name: Mapped[str] = mapped_column(String(100), default="")
