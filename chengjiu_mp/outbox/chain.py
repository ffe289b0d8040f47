"""Which channel is next for a message: each gets its line when the one before could not reach the person."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select

from chengjiu_mp.core import clock, jobs, privacy
from chengjiu_mp.core.db import db
from chengjiu_mp.core.many_rows import insert_each
from chengjiu_mp.core.models import Job
from chengjiu_mp.outbox import hours
from chengjiu_mp.outbox.channels import channels, taken_by
from chengjiu_mp.outbox.models import Delivery, Message
from chengjiu_mp.outbox.parcels import Parcel

CALL = "call"
# Who has no phone stands on the call list too: somebody has to tell them in person.
NO_PHONE = "no_phone"
# Numbers abroad are kept to be called: no short message reaches them.
ABROAD = "phone_abroad"
# Nobody is called for these: who needs a code asks for another; whom an offer does not reach gets the seat at once
# (courses/offers.py), and hears of that.
NOT_CALLED = ("code.", "signup.offered")


def parcel_of(message: Message) -> Parcel:
    """Return the message opened, for channels."""
    sealed = message.phone_sealed
    return Parcel(
        message_id=message.id, kind=message.kind,
        body=privacy.unseal(message.body_sealed, place=Message.PLACE_BODY, row=message.uid),
        phone=privacy.unseal(sealed, place=Message.PLACE_PHONE, row=message.uid) if sealed else None,
        phone_index=message.phone_index, account_id=message.account_id, written_at=message.created_at,
    )  # fmt: skip


def go_on(message: Message, *, after: str | None = None, opened: Parcel | None = None) -> None:
    """Give the message to the next channel that takes it, else to the call list, in the current transaction.

    :param after: the channel that could not reach the person; one that is no more lets the others begin anew
    :param opened: :func:`parcel_of` the message, where it was just sealed
    """
    names = list(channels())
    left = names[names.index(after) + 1 :] if after in names else names
    parcel = opened or parcel_of(message)
    chosen = next((name for name in left if channels()[name].takes(parcel)), None)
    if chosen is not None or _worth_a_call(message) or after is None:
        _write([_next(message, parcel, chosen)])


def begin(messages: Sequence[Message]) -> None:
    """Give many new messages each to its first channel, in a fixed number of statements for each channel. They leave
    at a pace at which nobody at the pages notices.
    """
    parcels = {one.id: parcel_of(one) for one in messages}
    chosen: dict[int, str] = {}
    for name, channel in channels().items():
        open_still = [parcel for parcel in parcels.values() if parcel.message_id not in chosen]
        chosen |= {parcel.message_id: name for parcel in taken_by(channel, open_still)}
    _write([_next(one, parcels[one.id], chosen.get(one.id)) for one in messages], many=True)


def call_as_well(message: Message) -> None:
    """Put the message on the call list beside its channels: for who may not read what a channel brings."""
    _write([_Line(message, CALL)])


@dataclass(frozen=True)
class _Line:
    message: Message
    channel: str
    state: str = "waiting"
    reason: str | None = None


def _next(message: Message, parcel: Parcel, chosen: str | None) -> _Line:
    if chosen is not None:
        return _Line(message, chosen)
    if _worth_a_call(message):
        return _Line(message, CALL, reason=ABROAD if parcel.abroad else None if parcel.phone else NO_PHONE)
    # Who asks what became of it is told at once that nobody will be.
    return _Line(message, CALL, state="undeliverable", reason="not_called")


def _worth_a_call(message: Message) -> bool:
    late = message.expires_at is not None and message.expires_at <= clock.now()
    return not message.kind.startswith(NOT_CALLED) and not late


def _write(lines: Sequence[_Line], *, many: bool = False) -> None:
    """Write the lines that are not there yet, and ask for what brings them; staff need no job to call."""
    of = {one.message.id: one.message for one in lines}
    rows = [
        {"message_id": one.message.id, "channel": one.channel, "state": one.state, "reason": one.reason}
        for one in lines
    ]
    added = insert_each(Delivery, rows, by="message_id", unique=("message_id", "channel")) if rows else {}
    called = {one.message.id for one in lines if one.channel == CALL}
    brought = [_job(of[id_], delivery) for id_, delivery in added.items() if id_ not in called]
    if many:
        jobs.ask_each("outbox.deliver", brought, queue=jobs.BULK)
    else:
        jobs.ask_each("outbox.deliver", brought, queue=jobs.URGENT)


def _job(message: Message, delivery_id: int) -> jobs.Asked:
    due = message.expires_at.timestamp() if message.expires_at else None
    return jobs.Asked(delivery_id, f"outbox.deliver:{delivery_id}", hours.earliest(message.kind), due)


def waiting_with_dead_jobs(limit: int = 200) -> list[int]:
    """Return the deliveries that wait although their job ended dead; oldest first."""
    dead = select(Job.subject_id).where(Job.kind == "outbox.deliver", Job.state == "dead")
    query = select(Delivery.id).where(Delivery.state == "waiting", Delivery.id.in_(dead))
    return list(db.session.scalars(query.order_by(Delivery.id).limit(limit)))
