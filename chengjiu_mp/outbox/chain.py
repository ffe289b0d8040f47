"""Which channel is next for a message: each gets its line when the one before could not reach the person."""

from sqlalchemy import select

from chengjiu_mp.core import clock, jobs, privacy
from chengjiu_mp.core.db import db
from chengjiu_mp.core.models import Job
from chengjiu_mp.core.rows import insert_new
from chengjiu_mp.outbox import hours
from chengjiu_mp.outbox.channels import channels
from chengjiu_mp.outbox.models import Delivery, Message
from chengjiu_mp.outbox.parcels import Parcel

CALL = "call"
# Who has no phone stands on the call list too: somebody has to tell them in person.
NO_PHONE = "no_phone"
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


def go_on(message: Message, *, after: str | None = None) -> None:
    """Give the message to the next channel that takes it, else to the call list, in the current transaction.

    :param after: the channel that could not reach the person; one that is no more lets the others begin anew
    """
    names = list(channels())
    left = names[names.index(after) + 1 :] if after in names else names
    parcel = parcel_of(message)
    chosen = next((name for name in left if channels()[name].takes(parcel)), None)
    if chosen is not None:
        _line(message, chosen)
    elif _worth_a_call(message):
        _line(message, CALL, reason=None if parcel.phone else NO_PHONE)
    elif after is None:
        # Who asks what became of it is told at once that nobody will be.
        _line(message, CALL, state="undeliverable", reason="not_called")


def call_as_well(message: Message) -> None:
    """Put the message on the call list beside its channels: for who may not read what a channel brings."""
    _line(message, CALL)


def _worth_a_call(message: Message) -> bool:
    late = message.expires_at is not None and message.expires_at <= clock.now()
    return not message.kind.startswith(NOT_CALLED) and not late


def _line(message: Message, channel: str, *, state: str = "waiting", reason: str | None = None) -> None:
    of = ("message_id", "channel")
    added = insert_new(Delivery, of, message_id=message.id, channel=channel, state=state, reason=reason)
    if added is None or channel == CALL:
        return
    jobs.ask(
        "outbox.deliver", added, queue=jobs.URGENT, dedupe_key=f"outbox.deliver:{added}",
        run_after=hours.earliest(message.kind), due=message.expires_at.timestamp() if message.expires_at else None,
    )  # fmt: skip


def waiting_with_dead_jobs(limit: int = 200) -> list[int]:
    """Return the deliveries that wait although their job ended dead; oldest first."""
    dead = select(Job.subject_id).where(Job.kind == "outbox.deliver", Job.state == "dead")
    query = select(Delivery.id).where(Delivery.state == "waiting", Delivery.id.in_(dead))
    return list(db.session.scalars(query.order_by(Delivery.id).limit(limit)))
