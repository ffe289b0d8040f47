"""The call list: whom no channel reached, in the order in which it becomes too late; what staff did about it."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select, update
from sqlalchemy.orm import aliased

from chengjiu_mp.core import audit, clock, privacy
from chengjiu_mp.core.context import Principal
from chengjiu_mp.core.db import db
from chengjiu_mp.core.errors import NotFound
from chengjiu_mp.core.limits import Limit
from chengjiu_mp.outbox.chain import CALL
from chengjiu_mp.outbox.errors import AlreadyReached, CallTakenBack, RevealReasonMissing
from chengjiu_mp.outbox.models import CallAttempt, Delivery, Message
from chengjiu_mp.outbox.scope import messages_visible_to

# One print; who has more prints again when these are done.
AT_MOST = 200
UNDO_FOR = timedelta(hours=24)
# What is told of a place in a run: the newest word of it says all that still holds.
_PLACE, _OF_A_PLACE = "signup", "signup."


@dataclass(frozen=True)
class Attempt:
    """A call that was made: by which account, when, and whether the person was reached."""

    id: int
    account_id: int
    at: datetime
    reached: bool


@dataclass(frozen=True)
class Line:
    """One person to call about one message. ``phone`` is the full number, to be masked when shown.

    ``subject`` is what the message is about: a table's name and a row's id.
    """

    delivery_id: int
    message_id: int
    kind: str
    subject: tuple[str, int]
    phone: str | None
    written_at: datetime
    too_late_at: datetime | None
    attempts: tuple[Attempt, ...]


def to_call(caller: Principal, *, limit: int = AT_MOST) -> list[Line]:
    """Return whom to call in the caller's scope, the most urgent first."""
    return _lines(_waiting(caller).order_by(Message.expires_at.is_(None), Message.expires_at, Message.id).limit(limit))


def number_to_call(caller: Principal) -> int:
    """Return how many lines the caller's list has."""
    return db.session.scalar(select(func.count()).select_from(_waiting(caller).subquery())) or 0


def lately_reached(caller: Principal, *, limit: int = 50) -> list[Line]:
    """Return whom staff reached within the last day, the newest first: those can be taken back."""
    done = _calls(caller).where(Delivery.state == "delivered", Delivery.delivered_at > clock.now() - UNDO_FOR)
    return _lines(done.order_by(Delivery.delivered_at.desc(), Delivery.id.desc()).limit(limit))


def record_call(delivery_id: int, caller: Principal, *, reached: bool) -> CallAttempt:
    """Record a call; who was reached leaves the list, who was not stays on it.

    :raise NotFound: no line in the caller's scope; :raise AlreadyReached: a colleague was first, or it is too late
    """
    message = _message_of(delivery_id, caller)
    if message.expires_at is not None and message.expires_at <= clock.now():
        raise AlreadyReached
    done = {"state": "delivered", "delivered_at": clock.now()} if reached else {"state": "waiting"}
    waiting = update(Delivery).where(Delivery.id == delivery_id, Delivery.state == "waiting")
    if db.session.scalar(waiting.values(**done).returning(Delivery.id)) is None:
        raise AlreadyReached
    if reached:
        _overtake_before(message)
    row = CallAttempt(delivery_id=delivery_id, reached=reached, account_id=_account(caller))
    db.session.add(row)
    db.session.flush()
    audit.record("message.called", message, unit_id=message.unit_id, reached=reached)
    return row


def take_back(attempt_id: int, caller: Principal) -> None:
    """Take a recorded call back; the person stands on the list again.

    :raise NotFound: no call in the caller's scope; :raise CallTakenBack: it was taken back before
    """
    found = db.session.get(CallAttempt, attempt_id)
    if found is None:
        raise NotFound
    message = _message_of(found.delivery_id, caller)
    alive = update(CallAttempt).where(CallAttempt.id == attempt_id, CallAttempt.undone_at.is_(None))
    if db.session.scalar(alive.values(undone_at=clock.now()).returning(CallAttempt.id)) is None:
        raise CallTakenBack
    if found.reached:
        again = update(Delivery).where(Delivery.id == found.delivery_id, Delivery.state == "delivered")
        db.session.execute(again.values(state="waiting", delivered_at=None))
    audit.record("message.call_undone", message, unit_id=message.unit_id)


def reveal_limit(caller: Principal) -> Limit:
    """Return the limit to spend ahead of a reveal: a list a few times a day, not the whole city by and by."""
    return Limit(f"reveal-calls:{caller.key}", 20, 86400)


def reveal(caller: Principal, reason: str) -> list[Line]:
    """Return the list for calling, its numbers to be shown in full; each line is an audit row with the reason.

    :raise RevealReasonMissing: fewer than two characters
    """
    reason = reason.strip()
    if len(reason) < 2:
        raise RevealReasonMissing(field="reason")
    found = _lines(
        _waiting(caller, writing=True)
        .order_by(Message.expires_at.is_(None), Message.expires_at, Message.id)
        .limit(AT_MOST)
    )
    shown = [line.message_id for line in found if line.phone]
    for message in db.session.scalars(select(Message).where(Message.id.in_(shown)).order_by(Message.id)):
        audit.record("message.revealed", message, unit_id=message.unit_id, reason=reason[:200])
    return found


def _calls(caller: Principal, *, writing: bool = False) -> Select[Delivery, Message]:
    query = select(Delivery, Message).join(Message, Message.id == Delivery.message_id)
    return query.where(Delivery.channel == CALL, messages_visible_to(caller, writing=writing))


def overtake(signup_ids: Collection[int]) -> None:
    """Let nobody be called any more for what was told of these places: they ended, and others stand for them."""
    _overtake(Message.subject_id.in_(signup_ids))


def _overtake_before(message: Message) -> None:
    if message.subject_type == _PLACE and message.kind.startswith(_OF_A_PLACE):
        _overtake(Message.id < message.id, *_same_place(Message, message))


def _overtake(*which: ColumnElement[bool]) -> None:
    over = select(Delivery.id).join(Message, Message.id == Delivery.message_id)
    over = over.where(Delivery.channel == CALL, Delivery.state == "waiting", _of_a_place(Message), *which)
    db.session.execute(update(Delivery).where(Delivery.id.in_(over)).values(state="expired", reason="overtaken"))


def _waiting(caller: Principal, *, writing: bool = False) -> Select[Delivery, Message]:
    """Lines to be called, but for those whose person is to be told something newer of the same place."""
    later, line = aliased(Message), aliased(Delivery)
    newer = (
        exists()
        .where(line.channel == CALL, line.state == "waiting", line.message_id == later.id)
        # What is too late to be said hides nothing: a reminder ends as the run begins, what it repeats when it is over.
        .where(later.id > Message.id, _in_time(later), _of_a_place(later), *_same_place(later, Message))
    )
    known = and_(_of_a_place(Message), newer.correlate(Message))
    return _calls(caller, writing=writing).where(Delivery.state == "waiting", _in_time(), ~known)


def _of_a_place(one: Any) -> ColumnElement[bool]:
    return and_(one.subject_type == _PLACE, one.kind.startswith(_OF_A_PLACE))


def _same_place(one: Any, other: Any) -> tuple[ColumnElement[bool], ...]:
    return one.subject_id == other.subject_id, one.phone_index.is_not_distinct_from(other.phone_index)


def _in_time(one: Any = Message) -> ColumnElement[bool]:
    return or_(one.expires_at.is_(None), one.expires_at > clock.now())


def _lines(query: Select[Delivery, Message]) -> list[Line]:
    rows = db.session.execute(query).all()
    made = select(CallAttempt).where(
        CallAttempt.delivery_id.in_([row.Delivery.id for row in rows]), CallAttempt.undone_at.is_(None)
    )
    attempts: dict[int, list[Attempt]] = {}
    for one in db.session.scalars(made.order_by(CallAttempt.id)):
        attempts.setdefault(one.delivery_id, []).append(Attempt(one.id, one.account_id, one.at, one.reached))
    return [_line(row.Delivery, row.Message, tuple(attempts.get(row.Delivery.id, ()))) for row in rows]


def _line(delivery: Delivery, message: Message, attempts: tuple[Attempt, ...]) -> Line:
    sealed = message.phone_sealed
    phone = privacy.unseal(sealed, place=Message.PLACE_PHONE, row=message.uid) if sealed else None
    about = (message.subject_type, message.subject_id)
    return Line(delivery.id, message.id, message.kind, about, phone, message.created_at, message.expires_at, attempts)


def _message_of(delivery_id: int, caller: Principal) -> Message:
    found = db.session.execute(_calls(caller, writing=True).where(Delivery.id == delivery_id)).first()
    if found is None:
        raise NotFound
    message: Message = found.Message
    return message


def _account(caller: Principal) -> int:
    if caller.account_id is None:
        raise NotFound
    return caller.account_id
