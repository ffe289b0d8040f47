"""Designs of certificates as rows, the emblems they show, and the printers whose paper they are shifted for."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from chengjiu_mp.core import clock
from chengjiu_mp.core.db import Base

EVERY_KIND = "all"
_IN_FORCE = text("state = 'published'")


class CertificateEmblem(Base):
    """The society's own emblem as it gave it to us; the product ships none (红十字标志使用办法 arts 13-18)."""

    __tablename__ = "certificate_emblem"

    id: Mapped[int] = mapped_column(primary_key=True)
    file: Mapped[str] = mapped_column(String(80), unique=True)
    width: Mapped[int]
    height: Mapped[int]
    uploaded_at: Mapped[datetime] = mapped_column(default=clock.now)
    uploaded_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))


class CertificateTemplate(Base):
    """One version of a design. A draft may change; from publication on nothing but ``state`` ever does (feat-D13).

    ``name`` is what stands on the paper and in ``CertificateVersion.template``. ``scope`` is a course kind's code, or
    ``all``; one version of a scope is in force. ``places`` are millimetres, see ``Template.as_json``.
    """

    __tablename__ = "certificate_template"
    __table_args__ = (
        CheckConstraint("state in ('draft','published','retired')", name="state"),
        CheckConstraint("published_alone or published_by is null or published_by <> created_by", name="two_people"),
        Index(
            "uq_certificate_template_in_force", "scope", unique=True,
            sqlite_where=_IN_FORCE, postgresql_where=_IN_FORCE,
        ),
    )  # fmt: skip

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(20), unique=True)
    scope: Mapped[str] = mapped_column(String(30))
    state: Mapped[str] = mapped_column(String(10), default="draft")
    # The release's way of drawing that the places refer to.
    base: Mapped[str] = mapped_column(String(20))
    title: Mapped[str] = mapped_column(String(60))
    issuer: Mapped[str] = mapped_column(String(60))
    statement: Mapped[str] = mapped_column(String(200))
    places: Mapped[dict[str, Any]] = mapped_column(JSON)
    preprinted: Mapped[list[str]] = mapped_column(JSON)
    document_tail: Mapped[bool] = mapped_column(default=False)
    emblem_id: Mapped[int | None] = mapped_column(ForeignKey("certificate_emblem.id"))
    # Counts writes to a draft: who saves what somebody else changed meanwhile is told (rel-E2).
    revision: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    created_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    published_at: Mapped[datetime | None]
    published_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    # By its author, while that was allowed; nothing sets it any more.
    published_alone: Mapped[bool] = mapped_column(default=False)


class CertificatePrinter(Base):
    """A printer by the name that its office gives it, and how far its paper lies off, in hundredths of a millimetre.

    ``across`` moves the print to the right, ``down`` downwards.
    """

    __tablename__ = "certificate_printer"
    __table_args__ = (Index("uq_certificate_printer", "unit_id", "name", unique=True),)

    id: Mapped[int] = mapped_column(primary_key=True)
    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"))
    name: Mapped[str] = mapped_column(String(40))
    across: Mapped[int] = mapped_column(default=0)
    down: Mapped[int] = mapped_column(default=0)
    changed_at: Mapped[datetime] = mapped_column(default=clock.now)
    changed_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))


class HolderPhoto(Base):
    """A picture to be printed on the certificate that a sign-up may lead to: 二寸, drawn anew, nobody else's to see.

    It goes with the sign-up's data. ``account_id`` is None where the holder sent it.
    """

    __tablename__ = "holder_photo"

    signup_id: Mapped[int] = mapped_column(ForeignKey("signup.id"), primary_key=True)
    file: Mapped[str] = mapped_column(String(80), index=True)
    uploaded_at: Mapped[datetime] = mapped_column(default=clock.now)
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
