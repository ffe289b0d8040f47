"""Telling a person something: the message is written with the change it tells of (rel-J1)."""

from datetime import datetime
from typing import TypedDict, Unpack

from sqlalchemy import select

from chengjiu_mp.core import clock, ids, privacy
from chengjiu_mp.core.db import Base, db
from chengjiu_mp.core.rows import adopted, filled, insert_new
from chengjiu_mp.outbox import chain
from chengjiu_mp.outbox.models import Message


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


def tell(
    kind: str, *, dedupe_key: str, body: str, phone: str | None, about: Base, **options: Unpack[Options]
) -> Message:
    """Write a message and give it to its first channel; a second call under one key changes nothing.

    The worker brings it: by WeChat where its person allowed it, else by SMS; whom neither reaches stands on the call
    list. A template carries what fits it (``outbox/wording.py``): put the day and the time into ``body`` as they are
    shown elsewhere, first those that matter.

    :param dedupe_key: what makes the message one, without personal data
    :param body: the Chinese text, stored sealed
    :param phone: a normalised number; without one, and without WeChat, the message goes to the call list
    :param about: a flushed row with an integer ``id``
    :param options: see :class:`Options`
    """
    uid, call = ids.new_uid(), options.pop("call", False)
    values = {
        "uid": uid, "kind": kind, "dedupe_key": dedupe_key,
        "body_sealed": privacy.seal(body, place=Message.PLACE_BODY, row=uid),
        "phone_index": privacy.phone_index(phone) if phone else None,
        "phone_sealed": privacy.seal(phone, place=Message.PLACE_PHONE, row=uid) if phone else None,
        "subject_type": about.__tablename__, "subject_id": about.id,  # type: ignore[attr-defined]
        "created_at": clock.now(), "unit_id": None, "expires_at": None, "account_id": None, **options,
    }  # fmt: skip
    added = insert_new(Message, ("dedupe_key",), **values)
    if added is None:
        return db.session.scalars(select(Message).where(Message.dedupe_key == dedupe_key)).one()
    message = adopted(filled(Message, id=added, **values))
    chain.go_on(message)
    if call:
        chain.call_as_well(message)
    return message
