"""One delivery: read, send outside of any transaction, and the effect that records it and what follows."""

from collections.abc import Callable

from sqlalchemy import update

from chengjiu_mp.core import clock, jobs
from chengjiu_mp.core.db import db, end_read, unit_of_work
from chengjiu_mp.core.outside import Unreachable
from chengjiu_mp.outbox import chain, hours, pauses
from chengjiu_mp.outbox.channels import channels
from chengjiu_mp.outbox.models import Delivery, Message
from chengjiu_mp.outbox.parcels import Outcome, Parcel


def deliver(delivery_id: int) -> Callable[[], None] | None:
    """Send one waiting delivery and return the effect; None when it is settled already.

    A provider that died after it sent is asked again (at least once); the delivery row itself is settled once.

    :raise Later: the channel's provider is away, or it is night; the message waits, until it is too late for it
    """
    row = db.session.get(Delivery, delivery_id)
    if row is None or row.state != "waiting":
        return None
    message, name = db.session.get_one(Message, row.message_id), row.channel
    if message.expires_at is not None and message.expires_at <= clock.now():
        return lambda: _settle(delivery_id, name, Outcome(delivered=False, reason="too_late"), state="expired")
    parcel, resting, morning = chain.parcel_of(message), pauses.paused_until(name), hours.earliest(message.kind)
    end_read()
    if morning:
        raise jobs.Later("night", until=morning)
    if resting is not None:
        raise jobs.Later("paused", until=resting.timestamp())
    done = _send(name, parcel)
    return lambda: _settle(delivery_id, name, done)


def _send(name: str, parcel: Parcel) -> Outcome:
    channel = channels().get(name)
    if channel is None:
        return Outcome(delivered=False, reason="channel_gone")
    try:
        return channel.send(parcel)
    except Unreachable as away:
        end_read()
        until = pauses.pause(name, away.reason, away.retry_after)
        raise jobs.Later(away.reason, until=until.timestamp()) from None


def _settle(delivery_id: int, name: str, done: Outcome, *, state: str = "") -> None:
    state = state or ("delivered" if done.delivered else "undeliverable")
    waiting = update(Delivery).where(Delivery.id == delivery_id, Delivery.state == "waiting")
    at = clock.now() if state == "delivered" else None
    values = {"state": state, "reason": done.reason[:100] or None, "delivered_at": at}
    message_id = db.session.scalar(waiting.values(**values).returning(Delivery.message_id))
    if message_id is None:
        return
    if done.effect is not None:
        done.effect()
    if state == "delivered":
        pauses.back(name)
    elif state == "undeliverable":
        chain.go_on(db.session.get_one(Message, message_id), after=name)


def give_up_on_dead_jobs() -> int:
    """Let the next channel take over where a delivery's job ended dead; return how many. One transaction each."""
    found = chain.waiting_with_dead_jobs()
    for delivery_id in found:
        with unit_of_work():
            name = db.session.get_one(Delivery, delivery_id).channel
            _settle(delivery_id, name, Outcome(delivered=False, reason="gave_up"))
    return len(found)
