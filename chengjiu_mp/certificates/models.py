"""A certificate keeps its number; what was printed is a version of it."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, String, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from chengjiu_mp.core import clock
from chengjiu_mp.core.db import Base

_STANDING = text("state in ('issued','superseded')")
# A revoked one has been taken off again on its own date, so another may count in its place.
_COUNTS = text("counted and state <> 'revoked'")
_ACTIVE = text("retired_on is null")


class NumberSeries(Base):
    """A counter row that gives numbers in the issuing transaction: no gap, no double (rel-I9, M13)."""

    __tablename__ = "number_series"
    __table_args__ = (
        Index("uq_number_series_kind_year_mode", "course_type_id", "year", "mode", unique=True),
        CheckConstraint("mode in ('local','external','test')", name="mode"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    course_type_id: Mapped[int] = mapped_column(ForeignKey("course_type.id"))
    year: Mapped[int]
    mode: Mapped[str] = mapped_column(String(10), default="local")
    # Data, not code: {year} and {seq:05d} are filled in. No published rule was found: 待业务核实.
    pattern: Mapped[str] = mapped_column(String(60))
    last: Mapped[int] = mapped_column(default=0)


class Certificate(Base):
    """A certificate of a person; ``counted`` is frozen at issue: whether it moved the plan's row (rulings)."""

    __tablename__ = "certificate"
    __table_args__ = (
        CheckConstraint("state in ('issued','revoked','superseded')", name="state"),
        Index("uq_certificate_series_sequence", "series_id", "sequence", unique=True),
        Index("uq_certificate_standing", "signup_id", unique=True, sqlite_where=_STANDING, postgresql_where=_STANDING),
        Index(
            "uq_certificate_counted_once", "person_id", "course_type_id", "count_year", unique=True,
            sqlite_where=_COUNTS, postgresql_where=_COUNTS,
        ),
    )  # fmt: skip

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(String(60), unique=True)
    series_id: Mapped[int] = mapped_column(ForeignKey("number_series.id"))
    sequence: Mapped[int]
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    signup_id: Mapped[int] = mapped_column(ForeignKey("signup.id"), index=True)
    run_id: Mapped[int] = mapped_column(ForeignKey("course_run.id"), index=True)
    course_type_id: Mapped[int] = mapped_column(ForeignKey("course_type.id"))
    syllabus_id: Mapped[int] = mapped_column(ForeignKey("syllabus.id"))
    state: Mapped[str] = mapped_column(String(12), default="issued")
    issued_on: Mapped[date]
    valid_until: Mapped[date | None]
    owner_unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"), index=True)
    sector_id: Mapped[int] = mapped_column(ForeignKey("sector.id"))
    key_group: Mapped[str] = mapped_column(String(20))
    counted: Mapped[bool] = mapped_column(default=False)
    count_year: Mapped[int]
    is_test: Mapped[bool] = mapped_column(default=False)
    revoked_on: Mapped[date | None]
    revoke_reason: Mapped[str] = mapped_column(String(200), default="")
    issued_at: Mapped[datetime] = mapped_column(default=clock.now)
    issued_by: Mapped[int | None]
    versions: Mapped[list["CertificateVersion"]] = relationship(lazy="raise", order_by="CertificateVersion.version")


class SigningKey(Base):
    """A key of the second code. One signs; what the others signed stays good, so their public halves stay."""

    __tablename__ = "signing_key"
    __table_args__ = (
        Index("uq_signing_key_active", "algorithm", unique=True, sqlite_where=_ACTIVE, postgresql_where=_ACTIVE),
        CheckConstraint("algorithm = 'Ed25519'", name="algorithm"),
        CheckConstraint("(retired_on is null) = (private_sealed is not null)", name="private"),
    )

    PLACE = "signing_key.private"

    id: Mapped[int] = mapped_column(primary_key=True)
    uid: Mapped[str] = mapped_column(String(32), unique=True)
    kid: Mapped[str] = mapped_column(String(8), unique=True)
    algorithm: Mapped[str] = mapped_column(String(10), default="Ed25519")
    public_key: Mapped[bytes] = mapped_column(LargeBinary(32))
    # Gone when the key retires: nobody signs with it any more, whoever gets at the database.
    private_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    created_on: Mapped[date]
    retired_on: Mapped[date | None]
    leaked_on: Mapped[date | None]
    last_signed_on: Mapped[date | None]


class CertificateVersion(Base):
    """What was printed and handed out: name, template, font set and the hash of the picture. An older version reads
    已更正.
    """

    __tablename__ = "certificate_version"
    __table_args__ = (
        Index("uq_certificate_version", "certificate_id", "version", unique=True),
        CheckConstraint("picture_state in ('waiting','ready','missing_glyphs')", name="picture_state"),
    )

    PLACE = "certificate_version.token"

    id: Mapped[int] = mapped_column(primary_key=True)
    uid: Mapped[str] = mapped_column(String(32), unique=True)
    certificate_id: Mapped[int] = mapped_column(ForeignKey("certificate.id"), index=True)
    version: Mapped[int] = mapped_column(default=1)
    token_hash: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    token_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    name: Mapped[str] = mapped_column(String(100))
    template: Mapped[str] = mapped_column(String(20))
    font_set: Mapped[str | None] = mapped_column(String(40))
    file: Mapped[str | None] = mapped_column(String(80))
    sha256: Mapped[str | None] = mapped_column(String(64))
    picture_state: Mapped[str] = mapped_column(String(15), default="waiting")
    missing: Mapped[str] = mapped_column(String(200), default="")
    reason: Mapped[str] = mapped_column(String(200), default="")
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    # The second code's text and its key; none for what was issued without one, and never added later (rel-V5).
    signed: Mapped[str | None] = mapped_column(String(500))
    kid: Mapped[str | None] = mapped_column(ForeignKey("signing_key.kid"))
    certificate: Mapped[Certificate] = relationship(lazy="raise", back_populates="versions")
