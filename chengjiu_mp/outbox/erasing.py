"""Text and phone of messages made unreadable; the rows stay, so that nobody is told twice."""

from collections.abc import Collection, Mapping
from datetime import datetime

from sqlalchemy import ColumnElement, Select, and_, false, or_, select, update

from chengjiu_mp.core import clock, privacy
from chengjiu_mp.core.db import db
from chengjiu_mp.outbox.models import Delivery, Message

Subjects = Mapping[str, Collection[int]]


def about(subjects: Subjects) -> ColumnElement[bool]:
    """Return the condition on Message for what was told about these rows: {"signup": ids, "certificate": ids}."""
    ways = [and_(Message.subject_type == kind, Message.subject_id.in_(found)) for kind, found in subjects.items()]
    return or_(*ways) if ways else false()


def erase_messages_about(subjects: Subjects) -> int:
    """Erase every message about these rows; return how many were not erased before."""
    return _erase(select(Message).where(Message.erased_at.is_(None), about(subjects)).order_by(Message.id))


def erase_messages_before(moment: datetime, limit: int) -> int:
    """Erase the oldest messages written before ``moment``, at most ``limit``; return how many."""
    old = select(Message).where(Message.erased_at.is_(None), Message.created_at < moment)
    return _erase(old.order_by(Message.id).limit(limit))


def _erase(query: Select[Message]) -> int:
    rows = db.session.scalars(query).all()
    for row in rows:
        row.erased_at = clock.now()
        row.body_sealed = privacy.seal("", place=Message.PLACE_BODY, row=row.uid)
        row.phone_index = row.phone_sealed = None
    # What has not gone out by now has nowhere to go.
    waiting = update(Delivery).where(Delivery.message_id.in_([row.id for row in rows]), Delivery.state == "waiting")
    db.session.execute(waiting.values(state="expired", reason="erased"))
    db.session.flush()
    return len(rows)
