"""Files for the printer and the post room, and the ledger of what was printed."""

from datetime import datetime

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from chengjiu_mp.core import clock
from chengjiu_mp.core.db import Base


class PrintFile(Base):
    """A PDF of sheets or a ZIP that somebody asked for: made by a worker, theirs alone, gone after a day.

    ``version_ids`` says what goes into it, in its order, from the moment of asking on: a correction meanwhile shows as
    a reprint, not as a surprise on paper. ``left_out`` counts certificates of the choice whose picture was not there.
    """

    __tablename__ = "print_file"
    __table_args__ = (
        CheckConstraint("(run_id is null) <> (unit_id is null)", name="of"),
        CheckConstraint("state in ('queued','ready','gone')", name="state"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    run_id: Mapped[int | None] = mapped_column(ForeignKey("course_run.id"), index=True)
    unit_id: Mapped[int | None] = mapped_column(ForeignKey("unit.id"), index=True)
    product: Mapped[str] = mapped_column(String(20))
    version_ids: Mapped[list[int]] = mapped_column(JSON)
    # How far a page for pre-printed stock is moved, in hundredths of a millimetre to the right and downwards.
    across: Mapped[int] = mapped_column(default=0)
    down: Mapped[int] = mapped_column(default=0)
    part: Mapped[int] = mapped_column(default=1)
    parts: Mapped[int] = mapped_column(default=1)
    left_out: Mapped[int] = mapped_column(default=0)
    done: Mapped[int] = mapped_column(default=0)
    state: Mapped[str] = mapped_column(String(10), default="queued")
    file: Mapped[str | None] = mapped_column(String(80))
    asked_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"), index=True)
    asked_at: Mapped[datetime] = mapped_column(default=clock.now, index=True)
    # When somebody said that the paper came out as it should.
    printed_at: Mapped[datetime | None]


class CertificatePrint(Base):
    """A version of a certificate that came out on paper."""

    __tablename__ = "certificate_print"
    __table_args__ = (Index("uq_certificate_print_file", "print_file_id", "version_id", unique=True),)

    id: Mapped[int] = mapped_column(primary_key=True)
    certificate_id: Mapped[int] = mapped_column(ForeignKey("certificate.id"), index=True)
    version_id: Mapped[int] = mapped_column(ForeignKey("certificate_version.id"))
    version: Mapped[int]
    print_file_id: Mapped[int | None] = mapped_column(ForeignKey("print_file.id"), index=True)
    printed_at: Mapped[datetime] = mapped_column(default=clock.now)
    printed_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
