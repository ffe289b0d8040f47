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
    # Whom it is for, where that is known: their WeChat may be asked first.
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    body_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    subject_type: Mapped[str] = mapped_column(String(40))
    subject_id: Mapped[int]
    unit_id: Mapped[int | None]
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    expires_at: Mapped[datetime | None]
    # Text and phone are gone since; the row stays, so that nobody is told twice.
    erased_at: Mapped[datetime | None]


class Delivery(Base):
    """One attempt line per (message, channel): the ruled uniqueness that keeps a person from hearing twice.

    The lines of a message follow one another: the next channel gets its line when the one before could not reach the
    person. The last is ``call``: it waits until staff reached the person by phone, or it is too late.
    """

    __tablename__ = "delivery"
    __table_args__ = (
        Index("uq_delivery_message_channel", "message_id", "channel", unique=True),
        CheckConstraint("state in ('waiting','delivered','undeliverable','expired')", name="state"),
        Index("ix_delivery_channel_state", "channel", "state"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    message_id: Mapped[int] = mapped_column(ForeignKey("message.id"))
    channel: Mapped[str] = mapped_column(String(12))
    state: Mapped[str] = mapped_column(String(15), default="waiting")
    reason: Mapped[str | None] = mapped_column(String(100))
    delivered_at: Mapped[datetime | None]


class CallAttempt(Base):
    """A call that staff made, reached or not; taken back it stays, with who did so."""

    __tablename__ = "call_attempt"

    id: Mapped[int] = mapped_column(primary_key=True)
    delivery_id: Mapped[int] = mapped_column(ForeignKey("delivery.id"), index=True)
    reached: Mapped[bool]
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    at: Mapped[datetime] = mapped_column(default=clock.now)
    undone_at: Mapped[datetime | None]


class ChannelPause(Base):
    """A channel whose provider is away: until when nothing is sent over it, and how often in a row it was away."""

    __tablename__ = "channel_pause"

    channel: Mapped[str] = mapped_column(String(12), primary_key=True)
    failures: Mapped[int] = mapped_column(default=0)
    until: Mapped[datetime]
    reason: Mapped[str] = mapped_column(String(100))


class WechatCredit(Base):
    """A line of the ledger of subscribe messages a person allows: append-only, the sum is what is left.

    ``why``: ``accepted`` +1, ``sent`` -1, ``refused`` takes what was left (43101).
    """

    __tablename__ = "wechat_credit"
    __table_args__ = (
        CheckConstraint("why in ('accepted','sent','refused')", name="why"),
        Index("ix_wechat_credit_binding_template", "binding_id", "template_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    binding_id: Mapped[int] = mapped_column(ForeignKey("wechat_binding.id"))
    template_id: Mapped[str] = mapped_column(String(64))
    change: Mapped[int]
    why: Mapped[str] = mapped_column(String(10))
    message_id: Mapped[int | None] = mapped_column(ForeignKey("message.id"))
    at: Mapped[datetime] = mapped_column(default=clock.now)
