"""Jobs: what must happen after a commit, kept as rows until it has happened (rel-J1 to J5).

A request inserts a :class:`Job`. The relay, a beat task, announces runnable jobs to the broker by id alone. A worker
claims the row with one conditional UPDATE, works, and records effect and completion in one transaction; a claim that
was lost meanwhile rolls the effect back. A lost broker or worker therefore loses nothing: the lease runs out by the
database's clock and the relay announces the job again."""

import errno
import logging
import secrets
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, or_, text, update
from sqlalchemy.exc import DBAPIError

from chengjiu_mp.core import clock
from chengjiu_mp.core.db import database_epoch, db, unit_of_work
from chengjiu_mp.core.many_rows import insert_each
from chengjiu_mp.core.models import Job
from chengjiu_mp.core.rows import insert_new

log = logging.getLogger(__name__)

URGENT = "urgent"
RENDER = "render"
SLOW = "slow"
# Of the relay's ticks alone: behind a few hundred messages they would come too late, and everything else with them.
RELAY = "relay"
# Messages written by the thousand, with a unit's list or of an evening.
BULK = "bulk"
QUEUES = (RELAY, URGENT, RENDER, BULK, SLOW)

# So many of a queue are told of at a time. Of BULK few: all at once, two worker processes and their database would be
# busy for minutes, and every page with them (rel-F22). With a tick of the relay every two seconds it is 20 a second.
AT_A_TIME = {RELAY: 500, URGENT: 500, RENDER: 500, BULK: 40, SLOW: 500}

LEASE_SECONDS = 6.0
RENEW_SECONDS = 2.0
ANNOUNCE_AGAIN_SECONDS = 10.0
MAX_ATTEMPTS = 5
# How long work that cannot be done now rests: doubled each time, up to the last.
LATER_SECONDS, LATER_AT_MOST = 5.0, 300.0
# A full disk is looked at again at a steady pace: whoever made room waits for the rest (rel-F9).
DISK_FULL_SECONDS = 10.0
_NO_SPACE = frozenset({errno.ENOSPC, errno.EDQUOT})


class Later(Exception):
    """The work cannot be done now, and not for a fault of its own: what it needs outside is away.

    Raised by ``work``; the job rests and is no attempt older, so that an outage of hours ends no job. ``reason`` is a
    code; ``until`` (epoch seconds of business time) says when to look again, else the rest grows from 5 s to 5 min.
    """

    def __init__(self, reason: str, *, until: float | None = None) -> None:
        super().__init__(reason)
        self.reason, self.until = reason, until


class LeaseLost(Exception):
    """Another worker holds this job now; whatever was done here must be rolled back."""


@dataclass(frozen=True)
class Claim:
    """A job held by this worker until its lease runs out."""

    job_id: int
    subject_id: int
    attempts: int
    token: str
    postponed: int = 0


def ask(
    kind: str, subject_id: int, *, queue: str, dedupe_key: str, run_after: float = 0.0, due: float | None = None
) -> None:
    """Insert a job in the current transaction; asking again under the same ``dedupe_key`` changes nothing.

    :param run_after: epoch seconds before which it must not run
    :param due: epoch seconds by which it is wanted; of the jobs that wait, the earliest goes first. By default now
    """
    insert_new(Job, ("dedupe_key",), **_asked(kind, queue, Asked(subject_id, dedupe_key, run_after, due)))


@dataclass(frozen=True)
class Asked:
    """One of many jobs of a kind; the fields are those of :func:`ask`."""

    subject_id: int
    dedupe_key: str
    run_after: float = 0.0
    due: float | None = None


def ask_each(kind: str, wanted: Iterable[Asked], *, queue: str) -> None:
    """Insert many jobs of a kind in the current transaction, in one statement, as :func:`ask` does one."""
    if rows := [_asked(kind, queue, one) for one in wanted]:
        insert_each(Job, rows, by="dedupe_key", unique=("dedupe_key",))


def _asked(kind: str, queue: str, one: Asked) -> dict[str, Any]:
    now = clock.now()
    return {
        "kind": kind, "subject_id": one.subject_id, "queue": queue, "dedupe_key": one.dedupe_key,
        "run_after": one.run_after, "state": "queued", "attempts": 0, "postponed": 0,
        "due": now.timestamp() if one.due is None else one.due, "announced_at": 0.0, "lease_until": 0.0,
        "created_at": now,
    }  # fmt: skip


def announceable(limit: int | None = None) -> list[tuple[int, str, str]]:
    """Mark and return (id, kind, queue) of jobs that a worker should be told of now; of a queue the first due first.

    At most ``limit`` of a queue are told of at a time, else what AT_A_TIME says. Without that, thousands of pictures
    were announced again and again while they waited: workers were busy with the repeats, and a message behind them was
    not told of at all.
    """
    now = _database_now()
    rows = [row for queue in QUEUES for row in _announceable_in(queue, limit or AT_A_TIME[queue], now)]
    if rows:
        db.session.execute(update(Job).where(Job.id.in_([r[0] for r in rows])).values(announced_at=now))
    return rows


def _announceable_in(queue: str, limit: int, now: float) -> list[tuple[int, str, str]]:
    told = (Job.queue == queue, Job.state == "queued", Job.announced_at >= now - ANNOUNCE_AGAIN_SECONDS)
    room = limit - (db.session.scalar(db.select(func.count()).where(*told)) or 0)
    if room <= 0:
        return []
    free = or_(Job.state == "queued", (Job.state == "running") & (Job.lease_until < now))
    due = (Job.run_after <= clock.now().timestamp()) & (Job.announced_at < now - ANNOUNCE_AGAIN_SECONDS)
    # A job that was running when its worker died is told again at once, not after the announcement's own patience.
    lapsed = (Job.state == "running") & (Job.lease_until < now) & (Job.announced_at < Job.lease_until)
    picked = db.select(Job.id, Job.kind, Job.queue).where(Job.queue == queue, free, or_(due, lapsed))
    rows = db.session.execute(picked.order_by(Job.due, Job.id).limit(room))
    return [(r.id, r.kind, r.queue) for r in rows]


def claim(job_id: int) -> Claim | None:
    """Take the job, or return None when it is done, dead, or held by a live worker.

    A job whose attempts are used up becomes ``dead`` here, where a person can see it (rel-J4).
    """
    with unit_of_work():
        now, token = _database_now(), secrets.token_hex(16)
        held = or_(Job.state == "queued", (Job.state == "running") & (Job.lease_until < now))
        db.session.execute(
            update(Job)
            .where(Job.id == job_id, held, Job.attempts >= MAX_ATTEMPTS)
            .values(state="dead", reason="attempts used up")
        )
        taken = db.session.execute(
            update(Job)
            .where(Job.id == job_id, held, Job.run_after <= clock.now().timestamp())
            .values(state="running", attempts=Job.attempts + 1, lease_until=now + LEASE_SECONDS, lease_token=token)
            .returning(Job.subject_id, Job.attempts, Job.postponed)
        ).first()
    return Claim(job_id, taken.subject_id, taken.attempts, token, taken.postponed) if taken else None


def finish(held: Claim) -> None:
    """Record completion in the current transaction, together with the effect.

    :raise LeaseLost: when the lease went to another worker meanwhile
    """
    ours = update(Job).where(Job.id == held.job_id, Job.lease_token == held.token, Job.state == "running")
    done = ours.values(state="done", done_at=clock.now(), reason=None).returning(Job.id)
    if db.session.scalars(done).first() is None:
        raise LeaseLost(held.job_id)


def give_back(held: Claim, reason: str, *, wait: float = 1.0) -> None:
    """Queue the job again after ``wait`` seconds, or end it when its attempts are used up. ``reason`` holds no
    personal data.
    """
    with unit_of_work():
        ours = update(Job).where(Job.id == held.job_id, Job.lease_token == held.token, Job.state == "running")
        again = clock.now().timestamp() + wait * 2 ** (held.attempts - 1)
        state = "dead" if held.attempts >= MAX_ATTEMPTS else "queued"
        db.session.execute(ours.values(state=state, reason=reason[:200], announced_at=0.0, run_after=again))


def postpone(held: Claim, later: Later) -> None:
    """Let the job rest without counting the attempt; ``later`` says how long and why."""
    with unit_of_work():
        ours = update(Job).where(Job.id == held.job_id, Job.lease_token == held.token, Job.state == "running")
        now = clock.now().timestamp()
        rest = min(LATER_AT_MOST, LATER_SECONDS * 2 ** min(held.postponed, 10))
        again = now + rest if later.until is None else max(later.until, now + 1.0)
        db.session.execute(ours.values(
            state="queued", attempts=Job.attempts - 1, postponed=Job.postponed + 1, reason=later.reason[:200],
            announced_at=0.0, run_after=again,
        ))  # fmt: skip


def revive(job_id: int) -> bool:
    """Queue a dead job again with fresh attempts, in the current transaction; return whether it was dead."""
    fresh = {"attempts": 0, "postponed": 0, "announced_at": 0.0, "run_after": 0.0}
    back = {"state": "queued", "reason": None, **fresh}
    changed = update(Job).where(Job.id == job_id, Job.state == "dead").values(**back).returning(Job.id)
    return db.session.scalar(changed) is not None


@contextmanager
def lease_kept(held: Claim) -> Iterator[None]:
    """Renew the lease every two seconds while the block works."""
    stop = threading.Event()
    engine = db.engine
    # No input goes into this statement: the clock's SQL and the lease's length are ours.
    until = f"{database_epoch()} + {LEASE_SECONDS}"
    renewal = text(
        f"update job set lease_until = {until} where id = :id and lease_token = :token and state = 'running'"  # noqa: S608
    )

    def renew() -> None:
        while not stop.wait(RENEW_SECONDS):
            # A database that does not answer lets the lease lapse, which is what a lease is for.
            with suppress(DBAPIError), engine.begin() as connection:
                connection.execute(renewal, {"id": held.job_id, "token": held.token})

    thread = threading.Thread(target=renew, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def run(job_id: int, work: Callable[[int], Callable[[], None] | None]) -> bool:
    """Claim the job, do ``work(subject_id)`` outside of any transaction, then its effect and completion in one.

    ``work`` returns the effect to run inside the final transaction, or None when nothing is left to do. Any exception
    queues the job again, with the exception's class as the reason; :class:`Later` and a full disk do so without
    counting an attempt. Returns whether this call completed the job."""
    held = claim(job_id)
    if held is None:
        return False
    try:
        with lease_kept(held):
            effect = work(held.subject_id)
        with unit_of_work():
            if effect is not None:
                effect()
            finish(held)
    except LeaseLost:
        return False
    except Later as later:
        postpone(held, later)
        return False
    except Exception as exc:
        if not (isinstance(exc, OSError) and exc.errno in _NO_SPACE):
            give_back(held, type(exc).__name__)
            raise
        log.error("jobs.disk_full", extra={"job": held.job_id})
        postpone(held, Later("disk_full", until=clock.now().timestamp() + DISK_FULL_SECONDS))
        return False
    return True


def _database_now() -> float:
    return float(db.session.execute(text(f"select {database_epoch()}")).scalar_one())
