"""What the broker must be set to: a server that makes room by dropping keys drops queued work in silence (rel-F6)."""

import logging

import redis
from celery import signals
from redis.backoff import NoBackoff
from redis.retry import Retry

log = logging.getLogger(__name__)

KEEPS_ALL = "noeviction"
_PATIENCE = 2.0


class BrokerEvicts(SystemExit):
    """The broker may drop what waits in it; the text says what to set. It ends the process that was starting."""


def check(url: str) -> None:
    """Ask the broker for its eviction policy. One that does not answer is no reason: workers wait for it anyway.

    ``INFO`` is asked and not ``CONFIG``, which hosted servers refuse.

    :raise BrokerEvicts: any policy but noeviction
    """
    retry = Retry(NoBackoff(), 0)
    try:
        with redis.Redis.from_url(
            url, socket_timeout=_PATIENCE, socket_connect_timeout=_PATIENCE, retry=retry
        ) as client:
            policy = str(client.info("memory").get("maxmemory_policy", KEEPS_ALL))
    except redis.RedisError as exc:
        log.warning("broker_not_asked", extra={"reason": type(exc).__name__})
        return
    if policy != KEEPS_ALL:
        raise BrokerEvicts(
            f"The broker's maxmemory-policy is {policy}: full, it would drop queued tasks in silence. "
            f"Set maxmemory-policy {KEEPS_ALL} (docs/operations.md)."
        )


def check_at_start(url: str) -> None:
    """Let the worker and beat of this process ask before they begin; web processes never speak to the broker."""

    def ask(**_: object) -> None:
        check(url)

    for begins in (signals.worker_init, signals.beat_init):
        # Held by the signal for good: only a process that becomes a worker or beat calls this, once.
        begins.connect(ask, weak=False)
