"""Reads over messages. The text is opened for its owner, a demo user and the test hooks; staff see none."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, and_, exists, or_, select
from sqlalchemy.orm import aliased

from chengjiu_mp.core import privacy
from chengjiu_mp.core.context import Principal
from chengjiu_mp.core.db import db
from chengjiu_mp.core.paging import Page, page
from chengjiu_mp.outbox.chain import CALL
from chengjiu_mp.outbox.erasing import Subjects, about
from chengjiu_mp.outbox.models import Delivery, Message
from chengjiu_mp.outbox.scope import messages_visible_to


@dataclass(frozen=True)
class Text:
    """A message opened."""

    id: int
    kind: str
    body: str
    created_at: datetime
    expires_at: datetime | None


@dataclass(frozen=True)
class Line:
    """One message in the staff's list: no text; ``phone`` is the full number, to be masked when shown.

    ``deliveries`` follow one another: the last says how it stands.
    """

    id: int
    kind: str
    created_at: datetime
    phone: str | None
    deliveries: tuple[Delivery, ...]
    erased: bool = False


def messages_to(phone_index: bytes, limit: int = 20) -> list[Text]:
    """Return the newest messages to a phone, newest first, with their text."""
    rows = db.session.scalars(
        select(Message).where(Message.phone_index == phone_index).order_by(Message.id.desc()).limit(limit)
    )
    return [_open(row) for row in rows]


def text_of(dedupe_key: str) -> Text | None:
    """Return the message written under ``dedupe_key``, opened; None when there is none."""
    row = db.session.scalars(select(Message).where(Message.dedupe_key == dedupe_key)).first()
    return _open(row) if row else None


@dataclass(frozen=True)
class Fate:
    """What became of a message: when it first arrived, or that every channel has given up and staff are to call."""

    delivered_at: datetime | None = None
    given_up: bool = False
    pending: bool = False


def fate_of(dedupe_key: str) -> Fate:
    """Return what became of the message written under ``dedupe_key``; one that does not exist has no fate yet."""
    lines = db.session.execute(
        select(Delivery.state, Delivery.delivered_at, Delivery.channel)
        .join(Message, Message.id == Delivery.message_id)
        .where(Message.dedupe_key == dedupe_key)
    ).all()
    arrived = [line.delivered_at for line in lines if line.state == "delivered" and line.delivered_at]
    waiting = any(line.state == "waiting" and line.channel != CALL for line in lines)
    return Fate(min(arrived, default=None), given_up=bool(lines) and not arrived and not waiting, pending=waiting)


def export_person(subjects: Subjects) -> dict[str, Any]:
    """Return how many messages are kept about these rows, and when each was written; the text went to the phone."""
    query = select(Message.kind, Message.created_at).where(Message.erased_at.is_(None), about(subjects))
    rows = db.session.execute(query.order_by(Message.id)).all()
    return {"count": len(rows), "items": [{"kind": kind, "written_at": at} for kind, at in rows]}


def delivered_at(message_id: int) -> datetime | None:
    """Return when a message first reached its person, None while it has not."""
    earliest = select(Delivery.delivered_at).where(Delivery.message_id == message_id, Delivery.state == "delivered")
    return db.session.scalars(earliest.order_by(Delivery.delivered_at).limit(1)).first()


def staff_page(caller: Principal, cursor: str | None = None, *, state: str | None = None) -> Page[Line]:
    """Return one page of the messages in the caller's scope, newest first.

    :param state: how they stand: that of their last delivery; who waits for a call is ``undeliverable``
    """
    query = select(Message).where(messages_visible_to(caller))
    if state:
        query = query.where(Message.id.in_(_standing(state)))
    found = page(query, Message.id, cursor)
    tried = select(Delivery).where(Delivery.message_id.in_([m.id for m in found.items]))
    by_message: dict[int, list[Delivery]] = {}
    for line in db.session.scalars(tried.order_by(Delivery.id)):
        by_message.setdefault(line.message_id, []).append(line)
    items = [
        Line(m.id, m.kind, m.created_at, _phone(m), tuple(by_message.get(m.id, ())), m.erased_at is not None)
        for m in found.items
    ]  # fmt: skip
    return Page(items, found.next_cursor)


def _standing(state: str) -> Select[int]:
    """Return the ids of the messages whose last delivery stands so."""
    later = aliased(Delivery)
    last = ~exists().where(later.message_id == Delivery.message_id, later.id > Delivery.id)
    to_call = and_(Delivery.channel == CALL, Delivery.state == "waiting")
    stands = {
        "undeliverable": or_(Delivery.state == "undeliverable", to_call),
        "waiting": and_(Delivery.state == "waiting", Delivery.channel != CALL),
    }.get(state, Delivery.state == state)
    return select(Delivery.message_id).where(last, stands)


def _phone(row: Message) -> str | None:
    sealed = row.phone_sealed
    return privacy.unseal(sealed, place=Message.PLACE_PHONE, row=row.uid) if sealed else None


def _open(row: Message) -> Text:
    body = privacy.unseal(row.body_sealed, place=Message.PLACE_BODY, row=row.uid)
    return Text(row.id, row.kind, body, row.created_at, row.expires_at)
