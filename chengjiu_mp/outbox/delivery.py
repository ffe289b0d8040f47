"""One delivery: read, send outside of any transaction, and the effect that records it."""

from collections.abc import Callable

from sqlalchemy import update

from chengjiu_mp.core import clock, privacy
from chengjiu_mp.core.db import db, end_read
from chengjiu_mp.outbox.channels import Outcome, channels
from chengjiu_mp.outbox.models import Delivery, Message


def deliver(delivery_id: int) -> Callable[[], None] | None:
    """Send one waiting delivery and return the effect; None when it is settled already.

    A provider that died after it sent is asked again (at least once); the delivery row itself is settled once.
    """
    row = db.session.get(Delivery, delivery_id)
    if row is None or row.state != "waiting":
        return None
    message, name = db.session.get_one(Message, row.message_id), row.channel
    if message.expires_at is not None and message.expires_at <= clock.now():
        return lambda: _settle(delivery_id, "expired", "too_late")
    assert message.phone_sealed is not None  # noqa: S101  a delivery without a phone is never waiting
    phone = privacy.unseal(message.phone_sealed, place=Message.PLACE_PHONE, row=message.uid)
    body = privacy.unseal(message.body_sealed, place=Message.PLACE_BODY, row=message.uid)
    end_read()
    channel = channels().get(name)
    done = channel.send(phone, body) if channel else Outcome(delivered=False, reason="channel_gone")
    return lambda: _settle(delivery_id, "delivered" if done.delivered else "undeliverable", done.reason)


def _settle(delivery_id: int, state: str, reason: str) -> None:
    at = clock.now() if state == "delivered" else None
    waiting = update(Delivery).where(Delivery.id == delivery_id, Delivery.state == "waiting")
    db.session.execute(waiting.values(state=state, reason=reason[:100] or None, delivered_at=at))
