"""Telling a person something: the message is written with the change it tells of (rel-J1)."""

from datetime import datetime, time, timedelta

from sqlalchemy import select

from chengjiu_mp.core import clock, ids, jobs, privacy
from chengjiu_mp.core.db import Base, db, insert_into
from chengjiu_mp.outbox.channels import channels
from chengjiu_mp.outbox.models import Delivery, Message

# Nobody is woken by what they did not just ask for (domain: reminders go 08:30 to 20:00).
UNASKED = frozenset({"refresher.reminder", "signup.reminder", "certificate.expiring"})
DAY_BEGINS, DAY_ENDS = time(8, 30), time(20, 0)


def tell(
    kind: str, *, dedupe_key: str, body: str, phone: str | None, about: Base, unit_id: int | None = None,
    expires_at: datetime | None = None,
) -> Message:  # fmt: skip
    """Write a message, a delivery per channel and the jobs that deliver; a second call under one key changes nothing.

    :param dedupe_key: what makes the message one, without personal data
    :param body: the Chinese text, stored sealed
    :param phone: a normalised number; None is kept as undeliverable, for staff to call
    :param about: a flushed row with an integer ``id``
    :param expires_at: the instant from which it is no longer worth sending
    """
    uid = ids.new_uid()
    added = db.session.execute(
        insert_into(Message).values(
            uid=uid, kind=kind, dedupe_key=dedupe_key,
            body_sealed=privacy.seal(body, place=Message.PLACE_BODY, row=uid),
            phone_index=privacy.phone_index(phone) if phone else None,
            phone_sealed=privacy.seal(phone, place=Message.PLACE_PHONE, row=uid) if phone else None,
            subject_type=about.__tablename__, subject_id=about.id,  # type: ignore[attr-defined]
            unit_id=unit_id, created_at=clock.now(), expires_at=expires_at,
        ).on_conflict_do_nothing(index_elements=["dedupe_key"]).returning(Message.id)
    ).scalar()  # fmt: skip
    if added is not None:
        _ask_for_delivery(added, reachable=bool(phone), run_after=_earliest(kind))
    return db.session.scalars(select(Message).where(Message.dedupe_key == dedupe_key)).one()


def _earliest(kind: str) -> float:
    """Return from when a message of this kind may go out, epoch seconds; 0 for at once."""
    now = clock.local(clock.now())
    if kind not in UNASKED or DAY_BEGINS <= now.time() < DAY_ENDS:
        return 0.0
    day = now.date() + timedelta(days=int(now.time() >= DAY_ENDS))
    return clock.at_local(day, DAY_BEGINS.hour, DAY_BEGINS.minute).timestamp()


def _ask_for_delivery(message_id: int, *, reachable: bool, run_after: float) -> None:
    state = {"state": "waiting"} if reachable else {"state": "undeliverable", "reason": "no_phone"}
    rows = [Delivery(message_id=message_id, channel=name, **state) for name in channels()]
    db.session.add_all(rows)
    db.session.flush()
    for row in rows if reachable else ():
        jobs.ask(
            "outbox.deliver", row.id, queue=jobs.URGENT, dedupe_key=f"outbox.deliver:{row.id}", run_after=run_after
        )
