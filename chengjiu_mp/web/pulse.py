"""Whether the parts are alive: a beat task leaves a mark in Redis that only a beat and a worker together can leave."""

import contextlib
import logging
import time

import redis
from flask import current_app
from redis.backoff import NoBackoff
from redis.retry import Retry
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from chengjiu_mp.core import jobs
from chengjiu_mp.core.celery import current_celery, task
from chengjiu_mp.core.db import clock_skew, db, end_read

log = logging.getLogger(__name__)

MARK = "chengjiu:pulse"
# Where the worker says how far its clock is from the database's, in seconds.
SKEW = "chengjiu:skew"
# Leases are the database's; due times, deadlines and days are each process's own.
SKEW_SECONDS = 5.0
EVERY_SECONDS = 5.0
FRESH_SECONDS = 30
_PATIENCE = 1.0
# A living worker answers within milliseconds.
_WORKER_PATIENCE = 0.4


# Not among the urgent ones: behind a few hundred of them it would expire, and a busy stack would look dead.
@task("web.pulse", queue=jobs.SLOW, every=EVERY_SECONDS)
def pulse() -> None:
    """Leave the mark, and how far this process's clock is off."""
    with _redis() as client:
        client.set(MARK, int(time.time()), ex=FRESH_SECONDS)
        # Worker and beat are alive whether or not the database is.
        with contextlib.suppress(SQLAlchemyError):
            client.set(SKEW, f"{measured('worker'):.3f}", ex=FRESH_SECONDS)


def state() -> dict[str, str]:
    """Return {database, redis, worker, beat}, each "ok", "down" or "unknown"; every question waits a second at most."""
    found = {
        "database": "ok" if database_answers() else "down",
        "redis": "down",
        "worker": "unknown",
        "beat": "unknown",
    }
    try:
        with _redis() as client:
            client.ping()
            fresh = bool(client.exists(MARK))
    except redis.RedisError:
        return found
    found["redis"] = "ok"
    if fresh:
        return {**found, "worker": "ok", "beat": "ok"}
    # Without the mark one of the two is missing: a worker answers for itself, and then it is the beat.
    worker = _a_worker_answers()
    return {**found, "worker": "ok" if worker else "down", "beat": "down" if worker else "unknown"}


def measured(process: str) -> float:
    """Return this process's :func:`clock_skew`, and say so in the log where it is more than a few seconds."""
    skew = clock_skew()
    if abs(skew) > SKEW_SECONDS:
        log.error("clock.skewed", extra={"of": process, "seconds": round(skew, 1)})
    return skew


def worker_skew() -> float | None:
    """Return what a worker said last of its clock; None when none did lately or Redis is away."""
    try:
        with _redis() as client:
            said = client.get(SKEW)
    except redis.RedisError:
        return None
    return float(said) if isinstance(said, bytes) else None


def database_answers() -> bool:
    """Return whether the database answers and is migrated."""
    try:
        db.session.execute(text("select version_num from alembic_version"))
        end_read()
    except SQLAlchemyError:
        with contextlib.suppress(SQLAlchemyError):
            db.session.rollback()
        return False
    return True


def _redis() -> redis.Redis:
    return redis.Redis.from_url(
        current_app.config["REDIS_URL"], socket_timeout=_PATIENCE, socket_connect_timeout=_PATIENCE,
        retry=Retry(NoBackoff(), 0),
    )  # fmt: skip


def _a_worker_answers() -> bool:
    try:
        return bool(current_celery().control.inspect(timeout=_WORKER_PATIENCE, limit=1).ping())
    except Exception:  # noqa: BLE001  the broker's client raises what it likes; here they all mean no
        return False
