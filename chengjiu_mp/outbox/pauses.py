"""A provider that is away is left alone: one message asks whether it is back, the others wait without asking."""

from datetime import datetime, timedelta

from sqlalchemy import select, update

from chengjiu_mp.core import clock
from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.core.rows import insert_into
from chengjiu_mp.outbox.models import ChannelPause

FIRST, LONGEST = 10.0, 300.0


def paused_until(channel: str) -> datetime | None:
    """Return until when a channel rests, None when it does not."""
    query = select(ChannelPause.until).where(ChannelPause.channel == channel, ChannelPause.until > clock.now())
    return db.session.scalars(query).first()


def pause(channel: str, reason: str, asked: float | None = None) -> datetime:
    """Let a channel rest, longer each time in a row: 10 s to 5 min, or as the provider asked; return until when.

    Opens its own transaction: the message that found out is not delivered, and has none. Of several that find out at
    once only the first counts.
    """
    now = clock.now()
    with unit_of_work():
        fresh = insert_into(ChannelPause).values(channel=channel, failures=0, until=now, reason=reason[:100])
        db.session.execute(fresh.on_conflict_do_nothing(index_elements=["channel"]))
        failures = db.session.scalar(
            update(ChannelPause)
            .where(ChannelPause.channel == channel, ChannelPause.until <= now)
            .values(failures=ChannelPause.failures + 1, reason=reason[:100])
            .returning(ChannelPause.failures)
        )
        if failures is None:
            return paused_until(channel) or now
        rest = min(LONGEST, max(asked or 0.0, FIRST * 2 ** min(failures - 1, 10)))
        until = now + timedelta(seconds=rest)
        db.session.execute(update(ChannelPause).where(ChannelPause.channel == channel).values(until=until))
    return until


def back(channel: str) -> None:
    """Note in the current transaction that a channel works: the next fault begins with the short rest again."""
    away = update(ChannelPause).where(ChannelPause.channel == channel, ChannelPause.failures > 0)
    db.session.execute(away.values(failures=0, until=clock.now()))
