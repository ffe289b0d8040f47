"""Changes of a published run that its people are asked about, and what each of them said."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from chengjiu_mp.core import clock
from chengjiu_mp.core.db import Base


class RunChange(Base):
    """A change of a published run that its people are asked about (停课, 改期, 拼班): told once, answered by each."""

    __tablename__ = "run_change"
    __table_args__ = (CheckConstraint("kind in ('cancelled','rescheduled','merged')", name="kind"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    run_id: Mapped[int] = mapped_column(ForeignKey("course_run.id"), index=True)
    kind: Mapped[str] = mapped_column(String(12))
    reason: Mapped[str] = mapped_column(String(200))
    was_starts_at: Mapped[datetime]
    was_ends_at: Mapped[datetime]
    made_by: Mapped[int | None]
    made_at: Mapped[datetime] = mapped_column(default=clock.now)


class ChangeAnswer(Base):
    """What one person said to a change; ``answer`` is None until they say it. A place is kept either way."""

    __tablename__ = "change_answer"
    __table_args__ = (
        CheckConstraint("answer in ('agree','move','withdraw') or answer is null", name="answer"),
        Index("uq_change_answer_change_signup", "change_id", "signup_id", unique=True),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    change_id: Mapped[int] = mapped_column(ForeignKey("run_change.id"))
    signup_id: Mapped[int] = mapped_column(ForeignKey("signup.id"), index=True)
    answer: Mapped[str | None] = mapped_column(String(10))
    answered_at: Mapped[datetime | None]
