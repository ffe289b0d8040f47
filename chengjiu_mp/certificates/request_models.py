"""What is asked for and decided about a certificate after issue, by two people (rel 3.7, feat-N7)."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from chengjiu_mp.core import clock
from chengjiu_mp.core.db import Base

_OPEN = text("state in ('asked','proposed')")


class CertificateRequest(Base):
    """A change to a certificate: another printed name, another code because the old one leaked, revocation, or a void
    of one that was never handed out.

    ``asked`` by its holder waits for staff who look at the document; ``proposed`` by one waits for another one's
    decision. What was looked at is written in words (who, when, which kind of document): no picture of a document is
    ever taken (rulings, "Who owns"). The database refuses that who proposed decides.
    """

    __tablename__ = "certificate_request"
    __table_args__ = (
        CheckConstraint("kind in ('name','leaked','revoke','void','void_again')", name="kind"),
        CheckConstraint("state in ('asked','proposed','approved','refused')", name="state"),
        CheckConstraint("channel in ('holder','desk')", name="channel"),
        CheckConstraint("decided_by is null or proposed_by is null or decided_by <> proposed_by", name="two_people"),
        CheckConstraint(
            "state <> 'approved' or (proposed_by is not null and decided_by is not null)", name="approved_by_two"
        ),
        CheckConstraint("(state in ('approved','refused')) = (decided_at is not null)", name="decided"),
        CheckConstraint("(kind = 'name') = (new_name is not null)", name="new_name"),
        CheckConstraint(
            "kind <> 'name' or state in ('asked','refused')"
            " or (seen_document is not null and seen_on is not null and seen_by <> '')",
            name="document_seen",
        ),
        Index("uq_certificate_request_open", "certificate_id", "kind", unique=True, sqlite_where=_OPEN,
              postgresql_where=_OPEN),
    )  # fmt: skip

    id: Mapped[int] = mapped_column(primary_key=True)
    certificate_id: Mapped[int] = mapped_column(ForeignKey("certificate.id"), index=True)
    kind: Mapped[str] = mapped_column(String(10))
    state: Mapped[str] = mapped_column(String(10))
    channel: Mapped[str] = mapped_column(String(10))
    old_name: Mapped[str] = mapped_column(String(100))
    new_name: Mapped[str | None] = mapped_column(String(100))
    # The holder's own words, then the proposer's.
    note: Mapped[str] = mapped_column(String(200), default="")
    reason: Mapped[str] = mapped_column(String(200), default="")
    seen_document: Mapped[str | None] = mapped_column(String(30))
    seen_by: Mapped[str] = mapped_column(String(60), default="")
    seen_on: Mapped[date | None]
    asked_at: Mapped[datetime] = mapped_column(default=clock.now)
    due_on: Mapped[date]
    proposed_at: Mapped[datetime | None]
    proposed_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    decision: Mapped[str] = mapped_column(String(200), default="")
    made_version: Mapped[int | None]


class Reprint(Base):
    """补发: the same version printed once more, because the paper was lost or damaged. No new number, no new code."""

    __tablename__ = "certificate_reprint"
    __table_args__ = (CheckConstraint("cause in ('lost','damaged')", name="cause"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    certificate_id: Mapped[int] = mapped_column(ForeignKey("certificate.id"), index=True)
    version: Mapped[int]
    cause: Mapped[str] = mapped_column(String(10))
    reason: Mapped[str] = mapped_column(String(200), default="")
    made_at: Mapped[datetime] = mapped_column(default=clock.now)
    made_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
