"""Reads over messages. The text is opened for its owner, a demo user and the test hooks; staff see none."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, func, select
from sqlalchemy.orm import InstrumentedAttribute

from chengjiu_mp.core import privacy
from chengjiu_mp.core.context import Principal
from chengjiu_mp.core.db import db
from chengjiu_mp.core.paging import Page, page
from chengjiu_mp.outbox.models import Delivery, Message

STAFF_ROLES = ("unit_manager", "operator", "approver", "auditor")


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
    """One message in the staff's list: no text; ``phone`` is the full number, to be masked when shown."""

    id: int
    kind: str
    created_at: datetime
    phone: str | None
    deliveries: tuple[Delivery, ...]


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
    """What became of a message: when it first arrived, or that every channel has given up."""

    delivered_at: datetime | None = None
    given_up: bool = False
    pending: bool = False


def fate_of(dedupe_key: str) -> Fate:
    """Return what became of the message written under ``dedupe_key``; one that does not exist has no fate yet."""
    lines = db.session.execute(
        select(Delivery.state, Delivery.delivered_at)
        .join(Message, Message.id == Delivery.message_id)
        .where(Message.dedupe_key == dedupe_key)
    ).all()
    arrived = [line.delivered_at for line in lines if line.state == "delivered" and line.delivered_at]
    waiting = any(line.state == "waiting" for line in lines)
    return Fate(min(arrived, default=None), given_up=bool(lines) and not arrived and not waiting, pending=waiting)


def delivered_at(message_id: int) -> datetime | None:
    """Return when a message first reached its person, None while it has not."""
    earliest = select(Delivery.delivered_at).where(Delivery.message_id == message_id, Delivery.state == "delivered")
    return db.session.scalars(earliest.order_by(Delivery.delivered_at).limit(1)).first()


def staff_page(caller: Principal, cursor: str | None = None, *, state: str | None = None) -> Page[Line]:
    """Return one page of the messages in the caller's scope, newest first; ``state`` is a delivery's."""
    query = _in_scope(select(Message), Message.unit_id, caller)
    if state:
        query = query.where(Message.id.in_(select(Delivery.message_id).where(Delivery.state == state)))
    found = page(query, Message.id, cursor)
    lines = db.session.scalars(select(Delivery).where(Delivery.message_id.in_([m.id for m in found.items])))
    by_message: dict[int, list[Delivery]] = {}
    for line in lines:
        by_message.setdefault(line.message_id, []).append(line)
    items = [Line(m.id, m.kind, m.created_at, _phone(m), tuple(by_message.get(m.id, ()))) for m in found.items]
    return Page(items, found.next_cursor)


def unreached(caller: Principal) -> int:
    """Return how many messages in the caller's scope could not be delivered: those people are to be called."""
    missed = select(Delivery.message_id).where(Delivery.state == "undeliverable")
    inside = _in_scope(select(Message).where(Message.id.in_(missed)), Message.unit_id, caller)
    return db.session.scalar(select(func.count()).select_from(inside.subquery())) or 0


def _in_scope(query: Select[Message], column: InstrumentedAttribute[int | None], caller: Principal) -> Select[Message]:
    grants = [g for g in caller.grants if g.role in STAFF_ROLES]
    if any(g.unit_ids is None for g in grants):
        return query
    return query.where(column.in_(frozenset[int]().union(*(g.unit_ids or () for g in grants))))


def _phone(row: Message) -> str | None:
    sealed = row.phone_sealed
    return privacy.unseal(sealed, place=Message.PLACE_PHONE, row=row.uid) if sealed else None


def _open(row: Message) -> Text:
    body = privacy.unseal(row.body_sealed, place=Message.PLACE_BODY, row=row.uid)
    return Text(row.id, row.kind, body, row.created_at, row.expires_at)
