"""Telling a person something: the message is written with the change it tells of (rel-J1)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypedDict, Unpack

from sqlalchemy import select

from chengjiu_mp.core import clock, ids, privacy
from chengjiu_mp.core.db import Base, db
from chengjiu_mp.core.many_rows import insert_each
from chengjiu_mp.core.rows import adopted, filled, insert_new
from chengjiu_mp.outbox import chain
from chengjiu_mp.outbox.models import Message
from chengjiu_mp.outbox.parcels import Parcel


class Options(TypedDict, total=False):
    """What a message may have beyond its words and its person.

    ``unit_id``: whose staff see it and call · ``expires_at``: from when it is no longer worth sending or calling for ·
    ``account_id``: whose it is, where that is known: their WeChat comes before the phone's · ``call``: staff call as
    well, because the phone was never proved.
    """

    unit_id: int | None
    expires_at: datetime | None
    account_id: int | None
    call: bool


@dataclass(frozen=True)
class Letter:
    """A message to be, with what :func:`tell` takes. The text and the phone are open here."""

    kind: str
    dedupe_key: str
    body: str = field(repr=False)
    phone: str | None = field(repr=False)
    about: Base
    options: Options = field(default_factory=Options)


def tell(
    kind: str, *, dedupe_key: str, body: str, phone: str | None, about: Base, **options: Unpack[Options]
) -> Message:
    """Write a message and give it to its first channel; a second call under one key changes nothing.

    The worker brings it: by WeChat where its person allowed it, else by SMS; whom neither reaches stands on the call
    list. A template carries what fits it (``outbox/wording.py``): put the day and the time into ``body`` as they are
    shown elsewhere, first those that matter. What is returned is to be looked at; when it is new, it is in no session.

    :param dedupe_key: what makes the message one, without personal data
    :param body: the Chinese text, stored sealed
    :param phone: a normalised number; without one, and without WeChat, the message goes to the call list
    :param about: a flushed row with an integer ``id``
    :param options: see :class:`Options`
    """
    values, call = _values(Letter(kind, dedupe_key, body, phone, about, options)), options.get("call", False)
    added = insert_new(Message, ("dedupe_key",), **values)
    if added is None:
        return db.session.scalars(select(Message).where(Message.dedupe_key == dedupe_key)).one()
    message = filled(Message, id=added, erased_at=None, **values)
    chain.go_on(message, opened=_opened(message, body, phone))
    if call:
        chain.call_as_well(message)
    return message


def _opened(message: Message, body: str, phone: str | None) -> Parcel:
    return Parcel(
        message_id=message.id, kind=message.kind, body=body, phone=phone, phone_index=message.phone_index,
        account_id=message.account_id, written_at=message.created_at,
    )  # fmt: skip


def tell_each(letters: Sequence[Letter]) -> None:
    """Write many messages as :func:`tell` writes one, in a fixed number of statements."""
    values = {one.dedupe_key: _values(one) for one in letters}
    if not values:
        return
    added = insert_each(Message, list(values.values()), by="dedupe_key", unique=("dedupe_key",))
    told = {key: adopted(Message(id=added[key], **values[key])) for key in values if key in added}
    chain.begin(list(told.values()))
    for one in letters:
        if one.options.get("call") and one.dedupe_key in told:
            chain.call_as_well(told[one.dedupe_key])


def _values(one: Letter) -> dict[str, Any]:
    uid, phone = ids.new_uid(), one.phone
    known = {"unit_id": None, "expires_at": None, "account_id": None, **one.options}
    known.pop("call", None)
    return {
        "uid": uid, "kind": one.kind, "dedupe_key": one.dedupe_key,
        "body_sealed": privacy.seal(one.body, place=Message.PLACE_BODY, row=uid),
        "phone_index": privacy.phone_index(phone) if phone else None,
        "phone_sealed": privacy.seal(phone, place=Message.PLACE_PHONE, row=uid) if phone else None,
        "subject_type": one.about.__tablename__, "subject_id": one.about.id,  # type: ignore[attr-defined]
        "created_at": clock.now(), **known,
    }  # fmt: skip
