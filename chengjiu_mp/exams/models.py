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
    __table_args__ = (
        Index("uq_exam_scheme_code_version", "code", "version", unique=True),
        CheckConstraint("max_resits >= 0", name="max_resits"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(30))
    version: Mapped[int]
    name: Mapped[str] = mapped_column(String(60))
    items: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    # How often somebody who failed may try again, and whether only what they failed (待业务核实).
    max_resits: Mapped[int] = mapped_column(default=1)
    resit_failed_only: Mapped[bool] = mapped_column(default=True)
    unconfirmed: Mapped[list[str]] = mapped_column(JSON, default=list)


class ExamResult(Base):
    """One attempt of one person: points per item, and the outcome the frozen scheme gives. The newest attempt counts.

    ``version`` rises by one per write and goes on over a person's attempts (rel-E2): a form that was read before a
    re-sit began is stale. ``follows_id`` is the attempt before, of this run or of an earlier one; it is followed once.
    ``carried``: codes of items whose points are the attempt's before. ``round`` is the submission it belongs to.
    """

    __tablename__ = "exam_result"
    __table_args__ = (
        Index("uq_exam_result_signup_attempt", "signup_id", "attempt", unique=True),
        Index("uq_exam_result_follows", "follows_id", unique=True),
        CheckConstraint("outcome in ('incomplete','passed','failed')", name="outcome"),
        CheckConstraint("kind in ('exam','resit','correction')", name="kind"),
        CheckConstraint("(kind = 'exam') = (follows_id is null)", name="follows"),
        CheckConstraint("(kind = 'correction') = (reason <> '')", name="reason"),
        CheckConstraint("attempt > 0 and round > 0", name="counted"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    run_id: Mapped[int] = mapped_column(ForeignKey("course_run.id"), index=True)
    signup_id: Mapped[int] = mapped_column(ForeignKey("signup.id"))
    attempt: Mapped[int] = mapped_column(default=1)
    round: Mapped[int] = mapped_column(default=1)
    kind: Mapped[str] = mapped_column(String(10), default="exam")
    follows_id: Mapped[int | None] = mapped_column(ForeignKey("exam_result.id"))
    carried: Mapped[list[str]] = mapped_column(JSON, default=list)
    # Why a confirmed result was corrected.
    reason: Mapped[str] = mapped_column(String(200), default="")
    version: Mapped[int] = mapped_column(default=1)
    items: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    # Ticks of a checklist: {item: {step: "" or why it was not passed}}; see steps.py.
    steps: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    outcome: Mapped[str] = mapped_column(String(12), default="incomplete")
    # Who typed it is one thing, who examined another; the name is kept as it was on the day.
    entered_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    examined_by: Mapped[int | None] = mapped_column(ForeignKey("instructor.id"))
    examiner_name: Mapped[str] = mapped_column(String(100), default="")
    entered_at: Mapped[datetime] = mapped_column(default=clock.now)


class Submission(Base):
    """The results of a run on their way to being certificates: submitted by one account, confirmed by another.

    Re-sits after a confirmation are a ``round`` of their own, confirmed by two people again.
    """

    __tablename__ = "submission"
    __table_args__ = (
        Index("uq_submission_run_round", "run_id", "round", unique=True),
        CheckConstraint("state in ('open','submitted','confirmed')", name="state"),
        CheckConstraint("confirmed_by is null or confirmed_by <> submitted_by", name="two_people"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    run_id: Mapped[int] = mapped_column(ForeignKey("course_run.id"))
    round: Mapped[int] = mapped_column(default=1)
    state: Mapped[str] = mapped_column(String(10), default="open")
    submitted_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    submitted_at: Mapped[datetime | None]
    confirmed_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    confirmed_at: Mapped[datetime | None]
    returned_note: Mapped[str] = mapped_column(String(300), default="")
