"""Schemes are versioned, results carry a version, and a run's results are submitted by one and confirmed by another."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from chengjiu_mp.core import clock
from chengjiu_mp.core.db import Base


class ExamScheme(Base):
    """What is examined: ``items`` is a list of {code, name, kind: theory|practical, max, pass, required}."""

    __tablename__ = "exam_scheme"
    __table_args__ = (Index("uq_exam_scheme_code_version", "code", "version", unique=True),)

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(30))
    version: Mapped[int]
    name: Mapped[str] = mapped_column(String(60))
    items: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    unconfirmed: Mapped[list[str]] = mapped_column(JSON, default=list)


class ExamResult(Base):
    """One attempt of one person: points per item, and the outcome the frozen scheme gives. ``version`` rises by one
    per write (rel-E2).
    """

    __tablename__ = "exam_result"
    __table_args__ = (
        Index("uq_exam_result_signup_attempt", "signup_id", "attempt", unique=True),
        CheckConstraint("outcome in ('incomplete','passed','failed')", name="outcome"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    run_id: Mapped[int] = mapped_column(ForeignKey("course_run.id"), index=True)
    signup_id: Mapped[int] = mapped_column(ForeignKey("signup.id"))
    attempt: Mapped[int] = mapped_column(default=1)
    version: Mapped[int] = mapped_column(default=1)
    items: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    outcome: Mapped[str] = mapped_column(String(12), default="incomplete")
    # Who typed it is one thing, who examined another; the name is kept as it was on the day.
    entered_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    examined_by: Mapped[int | None] = mapped_column(ForeignKey("instructor.id"))
    examiner_name: Mapped[str] = mapped_column(String(100), default="")
    entered_at: Mapped[datetime] = mapped_column(default=clock.now)


class Submission(Base):
    """The results of a run on their way to being certificates: submitted by one account, confirmed by another."""

    __tablename__ = "submission"
    __table_args__ = (
        CheckConstraint("state in ('open','submitted','confirmed')", name="state"),
        CheckConstraint("confirmed_by is null or confirmed_by <> submitted_by", name="two_people"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    run_id: Mapped[int] = mapped_column(ForeignKey("course_run.id"), unique=True)
    state: Mapped[str] = mapped_column(String(10), default="open")
    submitted_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    submitted_at: Mapped[datetime | None]
    confirmed_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    confirmed_at: Mapped[datetime | None]
    returned_note: Mapped[str] = mapped_column(String(300), default="")
