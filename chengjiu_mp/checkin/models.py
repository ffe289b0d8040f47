"""Scans are appended and never changed; who is checked in is their fold."""

from datetime import datetime

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, LargeBinary, String, text
from sqlalchemy.orm import Mapped, mapped_column

from chengjiu_mp.core import clock
from chengjiu_mp.core.db import Base


class Scan(Base):
    """One scan or tick as it arrived, with its verdict; refused ones stay visible (rel-C5).

    ``nonce`` is made on the phone: uploading twice is uploading once (rel-C2). An annulment is a scan that names the
    one it annuls."""

    __tablename__ = "scan"
    __table_args__ = (
        Index("uq_scan_run_nonce", "run_id", "nonce", unique=True),
        Index("ix_scan_signup_meeting", "signup_id", "meeting_id"),
        CheckConstraint("verdict in ('accepted','already','refused')", name="verdict"),
        CheckConstraint("source in ('camera','name','code','paper','wall','later')", name="source"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    run_id: Mapped[int] = mapped_column(ForeignKey("course_run.id"), index=True)
    meeting_id: Mapped[int] = mapped_column(ForeignKey("meeting.id"))
    signup_id: Mapped[int | None] = mapped_column(ForeignKey("signup.id"))
    nonce: Mapped[str] = mapped_column(String(64))
    source: Mapped[str] = mapped_column(String(10))
    scanned_at: Mapped[datetime]
    received_at: Mapped[datetime] = mapped_column(default=clock.now)
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    by_name: Mapped[str] = mapped_column(String(100), default="")
    # The paired phone it was made with; a helper's has no account.
    device_id: Mapped[int | None] = mapped_column(ForeignKey("paired_device.id"), index=True)
    verdict: Mapped[str] = mapped_column(String(10))
    code: Mapped[str] = mapped_column(String(30))
    annuls_id: Mapped[int | None] = mapped_column(ForeignKey("scan.id"), unique=True)
    reason: Mapped[str] = mapped_column(String(200), default="")


class CheckIn(Base):
    """The fold of a sign-up's scans for one meeting: at most one row, the earliest accepted scan that is not annulled
    (rel-C1, C4).
    """

    __tablename__ = "check_in"
    __table_args__ = (Index("uq_check_in_signup_meeting", "signup_id", "meeting_id", unique=True),)

    id: Mapped[int] = mapped_column(primary_key=True)
    run_id: Mapped[int] = mapped_column(ForeignKey("course_run.id"), index=True)
    signup_id: Mapped[int] = mapped_column(ForeignKey("signup.id"))
    meeting_id: Mapped[int] = mapped_column(ForeignKey("meeting.id"))
    scan_id: Mapped[int] = mapped_column(ForeignKey("scan.id"))
    first_at: Mapped[datetime]
    by_name: Mapped[str] = mapped_column(String(100))


class PaperSheet(Base):
    """A printed 签到表: whose row each number is, so that what comes back can be entered by number.

    ``signup_ids`` in the order of the rows, ids alone. A sheet that would say the same is the same sheet: printing
    twice, or for the next meeting, gives no new ``number``, which counts from 1 in each run.
    """

    __tablename__ = "paper_sheet"
    __table_args__ = (Index("uq_paper_sheet_run_number", "run_id", "number", unique=True),)

    id: Mapped[int] = mapped_column(primary_key=True)
    run_id: Mapped[int] = mapped_column(ForeignKey("course_run.id"))
    number: Mapped[int]
    signup_ids: Mapped[list[int]] = mapped_column(JSON)
    printed_at: Mapped[datetime] = mapped_column(default=clock.now)
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))


class ProvisionalCheckIn(Base):
    """先签到后补录 (feat-N19): somebody came and left a phone number; who they are follows, and makes a sign-up of it.

    Until then it counts for nothing but the hall. ``token_*`` opens the form for the person; ``name`` is what they are
    called, if anything. With its end, whichever it is, number and name go.
    """

    __tablename__ = "provisional_check_in"
    __table_args__ = (
        Index(
            "uq_provisional_check_in_open", "run_id", "phone_index", "name", unique=True,
            sqlite_where=text("ended_at is null"), postgresql_where=text("ended_at is null"),
        ),
        CheckConstraint("signup_id is null or ended_at is not null", name="ended"),
    )  # fmt: skip

    PLACE_PHONE = "provisional_check_in.phone"
    PLACE_TOKEN = "provisional_check_in.token"  # noqa: S105  a place, no secret

    id: Mapped[int] = mapped_column(primary_key=True)
    uid: Mapped[str] = mapped_column(String(32), unique=True)
    run_id: Mapped[int] = mapped_column(ForeignKey("course_run.id"))
    meeting_id: Mapped[int] = mapped_column(ForeignKey("meeting.id"))
    token_hash: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    token_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    name: Mapped[str] = mapped_column(String(30), default="")
    phone_index: Mapped[bytes] = mapped_column(LargeBinary(32), index=True)
    phone_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    came_at: Mapped[datetime] = mapped_column(default=clock.now)
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    by_name: Mapped[str] = mapped_column(String(100), default="")
    # The sign-up it became, or none and why not.
    signup_id: Mapped[int | None] = mapped_column(ForeignKey("signup.id"))
    ended_at: Mapped[datetime | None]
    end_reason: Mapped[str] = mapped_column(String(200), default="")
