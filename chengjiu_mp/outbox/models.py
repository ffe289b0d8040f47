"""A message is written with the change it tells of; its deliveries are one row per channel."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from chengjiu_mp.core import clock
from chengjiu_mp.core.db import Base


class Message(Base):
    """What one person is told, once (``dedupe_key``). The text and the phone are sealed."""

    __tablename__ = "message"

    PLACE_BODY = "message.body"
    PLACE_PHONE = "message.phone"

    id: Mapped[int] = mapped_column(primary_key=True)
    uid: Mapped[str] = mapped_column(String(32))
    kind: Mapped[str] = mapped_column(String(40), index=True)
    dedupe_key: Mapped[str] = mapped_column(String(120), unique=True)
    phone_index: Mapped[bytes | None] = mapped_column(LargeBinary(32), index=True)
    phone_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    body_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    subject_type: Mapped[str] = mapped_column(String(40))
    subject_id: Mapped[int]
    unit_id: Mapped[int | None]
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    expires_at: Mapped[datetime | None]
    # Text and phone are gone since; the row stays, so that nobody is told twice.
    erased_at: Mapped[datetime | None]


class Delivery(Base):
    """One attempt line per (message, channel): the ruled uniqueness that keeps a person from hearing twice."""

    __tablename__ = "delivery"
    __table_args__ = (
        Index("uq_delivery_message_channel", "message_id", "channel", unique=True),
        CheckConstraint("state in ('waiting','delivered','undeliverable','expired')", name="state"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    message_id: Mapped[int] = mapped_column(ForeignKey("message.id"))
    channel: Mapped[str] = mapped_column(String(12))
    state: Mapped[str] = mapped_column(String(15), default="waiting")
    reason: Mapped[str | None] = mapped_column(String(100))
    delivered_at: Mapped[datetime | None]
