"""What proves a 普及 run: photos or the signed sheet, who spoke and how long."""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from chengjiu_mp.core import clock
from chengjiu_mp.core.db import Base

KINDS = {"photo": "现场照片", "sheet": "签到表"}


class RunEvidence(Base):
    """A picture of a run. ``file`` and ``small`` are names in the storage, None once their time is over.

    One that was removed stays as a row that says who and why; its files go. ``taken_at`` is the camera's word.

    ``like_id``: an earlier picture, of another run, that shows the same; ``likeness`` as :class:`core.photos.Photo`.
    """

    __tablename__ = "run_evidence"
    __table_args__ = (CheckConstraint("kind in ('photo','sheet')", name="kind"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    run_id: Mapped[int] = mapped_column(ForeignKey("course_run.id"), index=True)
    kind: Mapped[str] = mapped_column(String(10))
    file: Mapped[str | None] = mapped_column(String(80))
    small: Mapped[str | None] = mapped_column(String(80))
    bytes: Mapped[int]
    width: Mapped[int]
    height: Mapped[int]
    taken_at: Mapped[datetime | None]
    uploaded_at: Mapped[datetime] = mapped_column(default=clock.now)
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    by_name: Mapped[str] = mapped_column(String(100), default="")
    likeness: Mapped[int | None] = mapped_column(BigInteger)
    like_id: Mapped[int | None] = mapped_column(ForeignKey("run_evidence.id"), index=True)
    removed_at: Mapped[datetime | None]
    remove_reason: Mapped[str] = mapped_column(String(200), default="")


class PopularRecord(Base):
    """A 普及 run's record as it was submitted last: the presenter, and ``minutes`` of it."""

    __tablename__ = "popular_record"
    __table_args__ = (CheckConstraint("minutes > 0", name="minutes"),)

    run_id: Mapped[int] = mapped_column(ForeignKey("course_run.id"), primary_key=True)
    presenter: Mapped[str] = mapped_column(String(100))
    minutes: Mapped[int]
    submitted_at: Mapped[datetime]
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    by_name: Mapped[str] = mapped_column(String(100), default="")
