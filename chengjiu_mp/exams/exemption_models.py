"""免考: an item that somebody need not take, on the strength of a certificate they hold."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from chengjiu_mp.core import clock
from chengjiu_mp.core.db import Base

_STANDS = text("withdrawn_at is null")


class ExamExemption(Base):
    """Holds for all attempts of a sign-up until it is withdrawn. The certificate's original was seen by who recorded
    it: lost or left at home counts as none (domain A3).
    """

    __tablename__ = "exam_exemption"
    __table_args__ = (
        Index(
            "uq_exam_exemption_stands", "signup_id", "item", unique=True,
            sqlite_where=_STANDS, postgresql_where=_STANDS,
        ),
        CheckConstraint("reason <> '' and certificate_no <> ''", name="why"),
    )  # fmt: skip

    id: Mapped[int] = mapped_column(primary_key=True)
    run_id: Mapped[int] = mapped_column(ForeignKey("course_run.id"), index=True)
    signup_id: Mapped[int] = mapped_column(ForeignKey("signup.id"))
    item: Mapped[str] = mapped_column(String(30))
    reason: Mapped[str] = mapped_column(String(200))
    certificate_no: Mapped[str] = mapped_column(String(60))
    made_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    by_name: Mapped[str] = mapped_column(String(100), default="")
    made_at: Mapped[datetime] = mapped_column(default=clock.now)
    withdrawn_at: Mapped[datetime | None]
