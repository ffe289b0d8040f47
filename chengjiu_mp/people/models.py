"""A person is a document; names and phones become theirs only when proved (rulings: ownership)."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from chengjiu_mp.core import clock
from chengjiu_mp.core.db import Base

_CURRENT = text("current")


class Person(Base):
    """One identity document. ``name`` is empty until proved, by a code or face to face.

    ``erased_at``: the number and the name are gone, the index may live on so that a holder of certificates is found
    again with the document. ``forgotten_at``: the index is gone too, nobody finds this row by a document any more.
    """

    __tablename__ = "person"

    PLACE = "person.doc_number"

    id: Mapped[int] = mapped_column(primary_key=True)
    uid: Mapped[str] = mapped_column(String(32), unique=True)
    doc_type: Mapped[str] = mapped_column(String(30))
    doc_index: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    doc_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    name: Mapped[str | None] = mapped_column(String(100))
    name_proved_at: Mapped[datetime | None]
    name_proved_by: Mapped[str | None] = mapped_column(String(40))
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    erased_at: Mapped[datetime | None]
    forgotten_at: Mapped[datetime | None]


class Contact(Base):
    """A phone proved to be a person's. Look-up codes go only to these; ``ended_at`` closes one, nothing overwrites
    it.
    """

    __tablename__ = "contact"
    __table_args__ = (
        Index(
            "uq_contact_person_phone", "person_id", "phone_index", unique=True,
            sqlite_where=text("ended_at is null"), postgresql_where=text("ended_at is null"),
        ),
    )  # fmt: skip

    PLACE = "contact.phone"

    id: Mapped[int] = mapped_column(primary_key=True)
    uid: Mapped[str] = mapped_column(String(32))
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    phone_index: Mapped[bytes] = mapped_column(LargeBinary(32), index=True)
    phone_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    proved_at: Mapped[datetime] = mapped_column(default=clock.now)
    proved_by: Mapped[str] = mapped_column(String(40))
    ended_at: Mapped[datetime | None]


class Notice(Base):
    """A text that people agree to, by purpose and version; once published never edited, only followed by a newer
    version. A purpose has at most one draft (``published_at`` empty) and one text in force (``current``).
    """

    __tablename__ = "notice"
    __table_args__ = (
        Index("uq_notice_purpose_version", "purpose", "version", unique=True),
        Index(
            "uq_notice_one_draft", "purpose", unique=True,
            sqlite_where=text("published_at is null"), postgresql_where=text("published_at is null"),
        ),
        Index("uq_notice_one_current", "purpose", unique=True, sqlite_where=_CURRENT, postgresql_where=_CURRENT),
        CheckConstraint("published_at is not null or not current", name="published"),
    )  # fmt: skip

    id: Mapped[int] = mapped_column(primary_key=True)
    purpose: Mapped[str] = mapped_column(String(40))
    version: Mapped[int]
    title: Mapped[str] = mapped_column(String(100))
    body: Mapped[str] = mapped_column(Text)
    sha256: Mapped[str] = mapped_column(String(64))
    required: Mapped[bool] = mapped_column(default=True)
    current: Mapped[bool] = mapped_column(default=False)
    published_at: Mapped[datetime | None]
    drafted_by: Mapped[int | None]
    published_by: Mapped[int | None]


class Consent(Base):
    """The consent ledger: who agreed to which text, when and over which channel; withdrawal is a date on the row."""

    __tablename__ = "consent"
    __table_args__ = (CheckConstraint("channel in ('page','api','desk','import')", name="channel"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    signup_id: Mapped[int | None] = mapped_column(ForeignKey("signup.id"), index=True)
    notice_id: Mapped[int] = mapped_column(ForeignKey("notice.id"))
    text_sha256: Mapped[str] = mapped_column(String(64))
    channel: Mapped[str] = mapped_column(String(10))
    given_at: Mapped[datetime] = mapped_column(default=clock.now)
    withdrawn_at: Mapped[datetime | None]


class GuardianConsent(Base):
    """A guardian asked for one child under 14 (Personal Information Protection Law, art. 31), and what they said.

    Asked when the form comes in, given by a code to the guardian's phone or on paper, withdrawn by a date. Children of
    one form share a token: their guardian's page.
    """

    __tablename__ = "guardian_consent"
    __table_args__ = (
        CheckConstraint("relation in ('father','mother','grandparent','other')", name="relation"),
        CheckConstraint("channel in ('page','api','desk','import')", name="channel"),
        CheckConstraint(
            "given_at is null or phone_proved_at is not null or paper_reference is not null", name="proof"
        ),
        CheckConstraint("withdrawn_at is null or given_at is not null", name="withdrawn"),
    )  # fmt: skip

    PLACE_NAME = "guardian_consent.name"
    PLACE_PHONE = "guardian_consent.phone"
    PLACE_LINK = "guardian_consent.link"

    id: Mapped[int] = mapped_column(primary_key=True)
    uid: Mapped[str] = mapped_column(String(32), unique=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    relation: Mapped[str] = mapped_column(String(12))
    name_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    phone_index: Mapped[bytes] = mapped_column(LargeBinary(32), index=True)
    phone_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    phone_proved_at: Mapped[datetime | None]
    token_hash: Mapped[bytes] = mapped_column(LargeBinary(32), index=True)
    token_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    notice_id: Mapped[int] = mapped_column(ForeignKey("notice.id"))
    text_sha256: Mapped[str] = mapped_column(String(64))
    channel: Mapped[str] = mapped_column(String(10))
    asked_at: Mapped[datetime] = mapped_column(default=clock.now)
    given_at: Mapped[datetime | None]
    paper_reference: Mapped[str | None] = mapped_column(String(60))
    withdrawn_at: Mapped[datetime | None]


class Attainment(Base):
    """What a person holds, written by certificates for the slices to their left (prerequisites, exemptions)."""

    __tablename__ = "attainment"

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    kind: Mapped[str] = mapped_column(String(30))
    valid_to: Mapped[date | None]
    source: Mapped[str] = mapped_column(String(60), unique=True)
    ended_at: Mapped[datetime | None]
