"""What was handed over to the platform of the province or the nation, and what it answered (feat-N35)."""

from datetime import datetime

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from chengjiu_mp.core import clock
from chengjiu_mp.core.db import Base

_WAITS = text("verdict = 'sent'")


class HandoverColumns(Base):
    """The columns that a file has, [[field, heading], …]; the newest row is in force."""

    __tablename__ = "handover_columns"

    id: Mapped[int] = mapped_column(primary_key=True)
    columns: Mapped[list[list[str]]] = mapped_column(JSON)
    made_at: Mapped[datetime] = mapped_column(default=clock.now)
    made_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))


class HandoverBatch(Base):
    """One file; ``columns`` as it had them, ``sha256`` of the file."""

    __tablename__ = "handover_batch"

    id: Mapped[int] = mapped_column(primary_key=True)
    columns: Mapped[list[list[str]]] = mapped_column(JSON)
    rows: Mapped[int]
    reason: Mapped[str] = mapped_column(String(200))
    sha256: Mapped[str] = mapped_column(String(64))
    made_at: Mapped[datetime] = mapped_column(default=clock.now)
    made_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))


class HandoverRow(Base):
    """A certificate in a file: which version, reported as what, and the answer.

    What waits for an answer is in one file alone: of two made at once, the index lets one have it.
    ``digests``: {field: keyed hash of what was sent}, so that an answer is compared without keeping the text;
    those of name and document go when the person is erased.
    """

    __tablename__ = "handover_row"
    __table_args__ = (
        Index("uq_handover_row", "batch_id", "certificate_id", unique=True),
        Index(
            "uq_handover_row_waits", "certificate_id", "version", "reported", unique=True,
            sqlite_where=_WAITS, postgresql_where=_WAITS,
        ),
        CheckConstraint("reported in ('issued','corrected','revoked')", name="reported"),
        CheckConstraint("verdict in ('sent','accepted','rejected','differs')", name="verdict"),
    )  # fmt: skip

    id: Mapped[int] = mapped_column(primary_key=True)
    batch_id: Mapped[int] = mapped_column(ForeignKey("handover_batch.id"))
    certificate_id: Mapped[int] = mapped_column(ForeignKey("certificate.id"), index=True)
    version: Mapped[int]
    reported: Mapped[str] = mapped_column(String(10))
    digests: Mapped[dict[str, str]] = mapped_column(JSON)
    verdict: Mapped[str] = mapped_column(String(10), default="sent")
    note: Mapped[str] = mapped_column(String(200), default="")
    answered_at: Mapped[datetime | None]
