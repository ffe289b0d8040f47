"""The processes of one running stack: Redis-protocol server, web, worker, beat."""

import http.client
import secrets
import sys
import time
from pathlib import Path

from devtools.paths import ROOT
from devtools.services import find_redis, free_port, redis_answers, redis_settings
from devtools.supervisor import Child, Supervisor

WEB_WORKERS = 2
# Threads of a web worker: as many bodies may be on their way in at once.
WEB_THREADS = 8
TASK_PROCESSES = 2
REDIS_SECONDS = 20.0
LARGE_LOG = 5_000_000  # bytes; looked at when the stack starts


class StackFailed(Exception):
    """A part of the stack did not come up; the text is for the person at the desk."""


def child(name: str, argv: list[str], data: Path, env: dict[str, str]) -> Child:
    """Return a child with its log and pid file at their known places; a log that grew large is put aside."""
    log = data / f"logs/{name}.log"
    if log.exists() and log.stat().st_size > LARGE_LOG:
        log.replace(log.with_suffix(".log.1"))
    return Child(name, argv, cwd=ROOT, env=env, log=log, pid_file=data / f"run/{name}.pid")


def start_redis(supervisor: Supervisor, data: Path, env: dict[str, str]) -> str:
    """Start the server with its data under the folder, wait until it answers, return its address.

    :raise StackFailed: when it does not answer
    """
    folder = data / "redis"
    folder.mkdir(mode=0o700, exist_ok=True)
    password = secrets.token_urlsafe(24)
    port = free_port()
    settings = folder / "redis.conf"
    settings.touch(mode=0o600)
    settings.chmod(0o600)
    settings.write_text(redis_settings(folder, port, password))
    supervisor.add(child("redis", [str(find_redis()), str(settings)], data, env))
    deadline = time.monotonic() + REDIS_SECONDS
    while not redis_answers(port, password):
        if supervisor.stopping():
            break
        if time.monotonic() > deadline:
            raise StackFailed(f"The Redis-protocol server does not answer; its log: {data / 'logs/redis.log'}")
        supervisor.wait(0.03)
    return f"redis://:{password}@127.0.0.1:{port}/0"


def _preloaded(app: str, program: str) -> list[str]:
    return [sys.executable, "-m", "devtools.preload", app, program]


def web_command(host: str, port: int, module: str = "wsgi") -> list[str]:
    """Return granian; its threads read slow bodies, and take turns in the application (`web/turns.py`)."""
    return [
        *_preloaded(module, "granian"), "--interface", "wsgi", "--host", host, "--port", str(port),
        "--no-ws", "--workers", str(WEB_WORKERS), "--blocking-threads", str(WEB_THREADS), "--respawn-failed-workers",
        "--respawn-interval", "0.2", "--workers-kill-timeout", "8", "--log-level", "warning", f"{module}:app",
    ]  # fmt: skip


def worker_command() -> list[str]:
    """Return the Celery worker; queues, limits and acknowledgement are settings of the application."""
    return [
        *_preloaded("celery_worker", "celery"), "-A", "celery_worker", "worker", "--concurrency", str(TASK_PROCESSES),
        "--without-mingle", "--without-gossip", "--without-heartbeat", "--loglevel", "INFO",
    ]  # fmt: skip


def worker_environment(env: dict[str, str]) -> dict[str, str]:
    """Return `env` with an allocator that gives freed page images back: glibc else keeps about 50 MB a process."""
    thrifty = {"MALLOC_ARENA_MAX": "2", "MALLOC_MMAP_THRESHOLD_": "131072", "MALLOC_TRIM_THRESHOLD_": "131072"}
    return {**thrifty, **env}


def twins_command(port: int) -> list[str]:
    """Return the twins of WeChat and of the SMS provider, on this machine."""
    return [sys.executable, "-m", "chengjiu_mp.twins", "--port", str(port)]


def beat_command(data: Path) -> list[str]:
    """Return Celery's clock, which keeps what it last sent in the data folder."""
    schedule = data / "run/beat-schedule"
    return [
        sys.executable, "-m", "celery", "-A", "celery_worker", "beat", "--schedule", str(schedule),
        "--pidfile", "", "--loglevel", "INFO",
    ]  # fmt: skip


def is_ready(address: str, port: int) -> bool:
    """Return whether the service there says that it can work."""
    connection = http.client.HTTPConnection(address, port, timeout=5)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
