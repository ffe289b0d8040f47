"""抽查: a share of the confirmed results is looked at by a third person, after the certificates went out."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from chengjiu_mp.core import clock
from chengjiu_mp.core.db import Base


class ExamPolicy(Base):
    """How many of the confirmed rounds are looked at again, 0 … 1. The newest row is in force (待业务核实)."""

    __tablename__ = "exam_policy"
    __table_args__ = (CheckConstraint("sample_share >= 0 and sample_share <= 1", name="share"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    sample_share: Mapped[float] = mapped_column(default=0.05)
    set_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    set_at: Mapped[datetime] = mapped_column(default=clock.now)


class ResultReview(Base):
    """One confirmed round that was picked; the reviewer is neither who submitted nor who confirmed it."""

    __tablename__ = "result_review"
    __table_args__ = (
        CheckConstraint("state in ('waiting','fine','problem')", name="state"),
        CheckConstraint("(state = 'waiting') = (reviewed_at is null)", name="reviewed"),
        CheckConstraint("state <> 'problem' or note <> ''", name="note"),
        CheckConstraint(
            "reviewed_by is null or ((submitted_by is null or reviewed_by <> submitted_by)"
            " and (confirmed_by is null or reviewed_by <> confirmed_by))",
            name="third_person",
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    run_id: Mapped[int] = mapped_column(ForeignKey("course_run.id"), index=True)
    submission_id: Mapped[int] = mapped_column(ForeignKey("submission.id"), unique=True)
    state: Mapped[str] = mapped_column(String(10), default="waiting")
    # Kept beside the reviewer, so that the database itself can tell three people apart.
    submitted_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    confirmed_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    picked_at: Mapped[datetime] = mapped_column(default=clock.now)
    reviewed_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    reviewed_at: Mapped[datetime | None]
    note: Mapped[str] = mapped_column(String(300), default="")
