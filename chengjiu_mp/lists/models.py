"""A unit's list, the runs it fills, its uploads with a line each, and the people who are on it."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from chengjiu_mp.core import clock
from chengjiu_mp.core.db import Base

# What a line of an upload would do, and what it did.
PLANS = ("add", "wait", "name", "change", "same", "fault")
OUTCOMES = ("added", "waiting", "named", "changed", "same", "rejected")
_PENDING_SQL = text("outcome is null")


class UnitList(Base):
    """A list of one unit. Its people count for that unit; the private link works while ``link_on``."""

    __tablename__ = "unit_list"

    PLACE = "unit_list.token"

    id: Mapped[int] = mapped_column(primary_key=True)
    uid: Mapped[str] = mapped_column(String(32), unique=True)
    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"), index=True)
    # None: the run's.
    sector_id: Mapped[int | None] = mapped_column(ForeignKey("sector.id"))
    key_group: Mapped[str | None] = mapped_column(String(20))
    title: Mapped[str] = mapped_column(String(100))
    token_hash: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    token_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    link_on: Mapped[bool] = mapped_column(default=False)
    created_by: Mapped[int | None]
    created_at: Mapped[datetime] = mapped_column(default=clock.now)


class UnitListRun(Base):
    """A run that a list may fill."""

    __tablename__ = "unit_list_run"

    list_id: Mapped[int] = mapped_column(ForeignKey("unit_list.id"), primary_key=True)
    run_id: Mapped[int] = mapped_column(ForeignKey("course_run.id"), primary_key=True, index=True)


class UnitListUpload(Base):
    """One uploaded sheet. ``file`` names the sealed bytes until they were read, at most a day."""

    __tablename__ = "unit_list_upload"
    __table_args__ = (
        CheckConstraint("state in ('queued','read','enrolling','done','refused')", name="state"),
        CheckConstraint("total >= 0", name="total"),
    )

    PLACE = "unit_list_upload.file"
    PLACE_HEAD = "unit_list_upload.head"

    id: Mapped[int] = mapped_column(primary_key=True)
    uid: Mapped[str] = mapped_column(String(32), unique=True)
    list_id: Mapped[int] = mapped_column(ForeignKey("unit_list.id"), index=True)
    file: Mapped[str | None] = mapped_column(String(80))
    state: Mapped[str] = mapped_column(String(10), default="queued")
    total: Mapped[int] = mapped_column(default=0)
    # A JSON list of the numbers of lines that are not empty and hold nobody: titles, the example, signatures.
    left_out: Mapped[str] = mapped_column(Text, default="[]")
    # Which leg of the work is under way, and how many lines were finished when it was asked for.
    leg: Mapped[int] = mapped_column(default=0)
    leg_from: Mapped[int] = mapped_column(default=0)
    # Why the file as a whole was not taken.
    code: Mapped[str] = mapped_column(String(40), default="")
    reason: Mapped[str] = mapped_column(String(300), default="")
    head_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    uploaded_by: Mapped[int | None]
    # When the liaison said that everybody on it has read the notices and agrees.
    agreed_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(default=clock.now, index=True)
    done_at: Mapped[datetime | None]
    # When the cells of its lines were destroyed.
    shredded_at: Mapped[datetime | None]


class UnitListRow(Base):
    """A person on a list. ``named``: only the name is known, the person brings the rest over the private link.

    ``run_id`` is the run that is wanted; while its holder waits there, ``signup_id`` may still be a seat elsewhere.
    """

    __tablename__ = "unit_list_row"
    __table_args__ = (
        CheckConstraint("state in ('named','on','removed')", name="state"),
        CheckConstraint("state <> 'on' or signup_id is not null", name="signup"),
        Index("uq_unit_list_row_document", "list_id", "doc_index", unique=True),
        Index("uq_unit_list_row_named", "list_id", "named_key", unique=True),
        Index("ix_unit_list_row_name", "list_id", "name_index"),
    )

    PLACE_NAME = "unit_list_row.name"
    PLACE_PHONE = "unit_list_row.phone"

    id: Mapped[int] = mapped_column(primary_key=True)
    uid: Mapped[str] = mapped_column(String(32), unique=True)
    list_id: Mapped[int] = mapped_column(ForeignKey("unit_list.id"))
    run_id: Mapped[int] = mapped_column(ForeignKey("course_run.id"), index=True)
    state: Mapped[str] = mapped_column(String(8))
    name_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    name_index: Mapped[bytes] = mapped_column(LargeBinary(32))
    # Blind index of name and phone of who was put down without a document.
    named_key: Mapped[bytes | None] = mapped_column(LargeBinary(32))
    # Of who is only named; afterwards the sign-up holds it.
    phone_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    doc_index: Mapped[bytes | None] = mapped_column(LargeBinary(32))
    key_group: Mapped[str | None] = mapped_column(String(20))
    signup_id: Mapped[int | None] = mapped_column(ForeignKey("signup.id"), index=True)
    # When the person took the row on the own phone, and said that name and notices are right.
    confirmed_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(default=clock.now)


class UnitListLine(Base):
    """One line of an upload with what was found in it; the line is what a resumed import goes by (rel-M1)."""

    __tablename__ = "unit_list_line"
    __table_args__ = (
        CheckConstraint("plan in ('add','wait','name','change','same','fault')", name="plan"),
        CheckConstraint(
            "outcome in ('added','waiting','named','changed','same','rejected') or outcome is null", name="outcome"
        ),
        Index("uq_unit_list_line_number", "upload_id", "number", unique=True),
        Index(
            "ix_unit_list_line_pending", "upload_id", "number",
            sqlite_where=_PENDING_SQL, postgresql_where=_PENDING_SQL,
        ),
    )  # fmt: skip

    PLACE = "unit_list_line.cells"

    id: Mapped[int] = mapped_column(primary_key=True)
    uid: Mapped[str] = mapped_column(String(32))
    upload_id: Mapped[int] = mapped_column(ForeignKey("unit_list_upload.id"))
    # As the spreadsheet counts, from 1.
    number: Mapped[int]
    # A JSON list of the line's cells; None once shredded.
    cells_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    plan: Mapped[str] = mapped_column(String(8))
    outcome: Mapped[str | None] = mapped_column(String(8))
    code: Mapped[str] = mapped_column(String(40), default="")
    reason: Mapped[str] = mapped_column(String(300), default="")
    field: Mapped[str] = mapped_column(String(20), default="")
    run_id: Mapped[int | None] = mapped_column(ForeignKey("course_run.id"))
    row_id: Mapped[int | None] = mapped_column(ForeignKey("unit_list_row.id"), index=True)
