"""How a certificate's paper reaches its holder."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from chengjiu_mp.core import clock
from chengjiu_mp.core.db import Base


class Delivery(Base):
    """The way of one certificate, and how far it is; a certificate without a row is electronic alone.

    ``address_sealed`` is JSON of name, phone and address, there only for the post, and gone once it has served.
    """

    __tablename__ = "certificate_delivery"
    __table_args__ = (
        CheckConstraint("way in ('electronic','pickup','mail')", name="way"),
        CheckConstraint("state in ('chosen','printed','waiting','sent','collected','delivered')", name="state"),
        CheckConstraint("address_sealed is null or way = 'mail'", name="address"),
    )

    PLACE = "certificate_delivery.address"

    id: Mapped[int] = mapped_column(primary_key=True)
    uid: Mapped[str] = mapped_column(String(32), unique=True)
    certificate_id: Mapped[int] = mapped_column(ForeignKey("certificate.id"), unique=True)
    way: Mapped[str] = mapped_column(String(12))
    state: Mapped[str] = mapped_column(String(12), default="chosen")
    address_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    tracking: Mapped[str] = mapped_column(String(40), default="")
    chosen_at: Mapped[datetime] = mapped_column(default=clock.now)
    # None: the holder chose.
    chosen_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    sent_at: Mapped[datetime | None]


class DeliveryStep(Base):
    """One step on the way: from which state to which, when and by whom; ``reason`` where a step was taken back."""

    __tablename__ = "delivery_step"

    id: Mapped[int] = mapped_column(primary_key=True)
    delivery_id: Mapped[int] = mapped_column(ForeignKey("certificate_delivery.id"), index=True)
    was: Mapped[str] = mapped_column(String(12))
    became: Mapped[str] = mapped_column(String(12))
    at: Mapped[datetime] = mapped_column(default=clock.now)
    by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    undone_at: Mapped[datetime | None]
    undone_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    reason: Mapped[str] = mapped_column(String(200), default="")
