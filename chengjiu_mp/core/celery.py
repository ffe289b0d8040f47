"""Celery: declared tasks, queues named for their promise, and the relay that tells workers of jobs.

A slice declares a task with :func:`task`; the application factory binds what was declared to one Celery app.
Correctness rests on the job rows and their leases (``core/jobs.py``); the broker settings below only make it fast
(measured for celery 5.6.3)."""

import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from celery import Celery, signals
from celery.schedules import crontab, schedule
from flask import Flask, current_app
from kombu.entity import Queue

from chengjiu_mp.core import jobs, limits
from chengjiu_mp.core.db import db, unit_of_work

F = TypeVar("F", bound=Callable[..., Any])
# Steps behind the pages in the machine's favour (nice(2)): about a tenth of their share while both want to work.
NICE = 10


@dataclass(frozen=True)
class Declared:
    """A task as its slice declared it; ``every`` makes beat send it; ``also`` is another queue for its jobs."""

    name: str
    queue: str
    work: Callable[..., Any]
    every: float | crontab | None = None
    also: str | None = None


_declared: dict[str, Declared] = {}


def task(name: str, *, queue: str, every: float | crontab | None = None, also: str | None = None) -> Callable[[F], F]:
    """Declare a Celery task: a name, a queue, and perhaps a rhythm in seconds or as a crontab (Asia/Shanghai).

    :param also: another queue on which its jobs are asked for
    """

    def declare(work: F) -> F:
        _declared[name] = Declared(name, queue, work, every, also)
        return work

    return declare


def declared() -> tuple[Declared, ...]:
    """Return every declared task; guards read it."""
    return tuple(_declared.values())


def make_celery(app: Flask) -> Celery:
    """Return the Celery app of ``app``, with every declared task bound to it alone."""
    celery = Celery("chengjiu_mp", broker=app.config["REDIS_URL"], set_as_current=True)
    celery.conf.update(_settings(app))
    for one in _declared.values():
        celery.task(name=one.name, shared=False, ignore_result=True)(_in_context(app, one.work))
    celery.conf.beat_schedule = {
        one.name: {
            "task": one.name,
            "schedule": one.every if isinstance(one.every, crontab) else schedule(one.every),
            # A tick that no worker took in time is not worth taking: the next one does the same.
            "options": {"queue": one.queue, "expires": one.every if isinstance(one.every, float) else 3600},
        }
        for one in _declared.values()
        if one.every
    }
    app.extensions["celery"] = celery

    def begin(**_: Any) -> None:
        _begin_process(app)

    # The application holds it, the signal does not: who makes many applications, as tests do, keeps none of them.
    app.extensions["celery_begin"] = begin
    signals.worker_process_init.connect(begin)
    return celery


def _settings(app: Flask) -> dict[str, Any]:
    return {
        "task_queues": [Queue(name) for name in jobs.QUEUES],  # type: ignore[no-untyped-call]
        "task_default_queue": jobs.SLOW,
        "task_serializer": "json",
        "accept_content": ["json"],
        "task_ignore_result": True,
        "task_acks_late": True,
        "task_reject_on_worker_lost": True,
        "worker_prefetch_multiplier": 1,
        "task_soft_time_limit": 30,
        "task_time_limit": 45,
        "worker_max_tasks_per_child": 500,
        "worker_hijack_root_logger": False,
        "worker_cancel_long_running_tasks_on_connection_loss": True,
        "broker_connection_retry_on_startup": True,
        "broker_connection_max_retries": None,
        "broker_transport_options": {
            "visibility_timeout": 60,
            "unacked_restore_interval": 5,
            "unacked_restore_throttle": 1,
            "socket_keepalive": True,
            "socket_connect_timeout": 2,
            "socket_timeout": 30,
        },
        "timezone": "Asia/Shanghai",
        "beat_schedule_filename": str(app.config["DATA_DIR"] / "run" / "beat-schedule"),
    }


def _begin_process(app: Flask) -> None:
    # Where web and worker share a machine, somebody waits for a page and nobody for a job's last milliseconds.
    os.nice(NICE)
    _step_behind_other_sessions()
    with app.app_context():
        # A forked child must not speak on its parent's connection; closing it would end the parent's session too.
        db.engine.dispose(close=False)


def _step_behind_other_sessions() -> None:
    """Do for a worker that is a session of its own what nice(2) does within one: Linux shares the processors among
    sessions first where it groups by them, and then nothing in another one feels how nice this one is (sched(7)).
    """
    if os.getsid(0) in (os.getpid(), os.getppid()):
        with suppress(OSError):  # another system, or another process of ours has just done it
            Path("/proc/self/autogroup").write_text(str(NICE))


def _in_context(app: Flask, work: Callable[..., Any]) -> Callable[..., Any]:
    def run(*args: Any) -> None:
        with app.app_context():
            work(*args)

    run.__name__ = work.__name__
    run.__module__ = work.__module__
    return run


@task("core.relay", queue=jobs.RELAY, every=2.0)
def relay() -> None:
    """Tell workers of jobs that wait, by id alone. What the broker loses is announced again."""
    with unit_of_work():
        waiting = jobs.announceable()
    for job_id, kind, queue in waiting:
        current_celery().send_task(kind, args=[job_id], queue=queue)


@task("core.sweep", queue=jobs.SLOW, every=crontab(minute=17))
def sweep() -> None:
    """Forget limits whose window has passed."""
    with unit_of_work():
        limits.sweep()


def current_celery() -> Celery:
    """Return the Celery app of the current application."""
    found: Celery = current_app.extensions["celery"]
    return found
