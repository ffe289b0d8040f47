"""Certificates that were given out before this service was: rows of old ledgers, and who says that a year is all in."""

from datetime import date, datetime
from typing import ClassVar

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from chengjiu_mp.core import clock
from chengjiu_mp.core.db import Base

_STANDS = text("revoked_at is null")


class EarlierBatch(Base):
    """One import; ``withdrawn_at`` when it was taken back, and its certificates with it."""

    __tablename__ = "earlier_batch"

    id: Mapped[int] = mapped_column(primary_key=True)
    added: Mapped[int]
    completed: Mapped[int]
    made_at: Mapped[datetime] = mapped_column(default=clock.now)
    made_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    withdrawn_at: Mapped[datetime | None]
    withdrawn_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    withdraw_reason: Mapped[str] = mapped_column(String(200), default="")


class EarlierCertificate(Base):
    """A paper of an old ledger. It counts nowhere and has neither a code nor a picture
    (docs/decisions/2026-11-26-earlier-certificates-stand-apart.md).

    ``person_id`` is empty where the ledger has no document number. ``superseded``: replaced by another paper since.
    """

    __tablename__ = "earlier_certificate"
    __table_args__ = (
        CheckConstraint("state in ('issued','revoked','superseded')", name="state"),
        CheckConstraint("valid_until is null or valid_until >= issued_on", name="dates"),
        CheckConstraint(
            "revoked_by is null or (proposed_by is not null and revoked_by <> proposed_by)", name="two_people"
        ),
    )

    # What asks a certificate whether it is one need not ask where it stands.
    is_test: ClassVar[bool] = False

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(String(60), unique=True)
    name: Mapped[str] = mapped_column(String(100), index=True)
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"), index=True)
    course_type_id: Mapped[int] = mapped_column(ForeignKey("course_type.id"))
    state: Mapped[str] = mapped_column(String(12), default="issued")
    issued_on: Mapped[date] = mapped_column(index=True)
    valid_until: Mapped[date | None]
    owner_unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"), index=True)
    source: Mapped[str] = mapped_column(String(60))
    batch_id: Mapped[int] = mapped_column(ForeignKey("earlier_batch.id"), index=True)
    # A revocation that somebody proposed, and who agreed; both are empty for what a ledger says itself.
    proposed_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    proposed_at: Mapped[datetime | None]
    proposed_reason: Mapped[str | None] = mapped_column(String(200))
    revoked_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    revoked_on: Mapped[date | None]
    revoke_reason: Mapped[str] = mapped_column(String(200), default="")


class YearDeclaration(Base):
    """Who declared that every certificate of a year is registered; at most one stands for a year."""

    __tablename__ = "year_declaration"
    __table_args__ = (
        Index("uq_year_declaration_stands", "year", unique=True, sqlite_where=_STANDS, postgresql_where=_STANDS),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    year: Mapped[int]
    declared_at: Mapped[datetime] = mapped_column(default=clock.now)
    declared_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    revoked_at: Mapped[datetime | None]
    revoked_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    revoke_reason: Mapped[str] = mapped_column(String(200), default="")
