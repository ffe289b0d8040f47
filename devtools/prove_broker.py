"""`./dev prove broker`: sign-ups and certificates while the broker hangs (rel-F4), and while it is full (rel-F6).

Real database, real Redis-protocol server, web server, Celery worker and beat. First the broker is stopped for a while:
people sign up, an approver issues, and it goes on. Then it is full under each eviction policy that Redis knows. Ends
only the processes that it started.
"""

import argparse
import contextlib
import http.client
import json
import os
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import redis
from flask_migrate import upgrade
from sqlalchemy import func, select

from chengjiu_mp import create_app
from chengjiu_mp.certificates.issuing import confirm
from chengjiu_mp.certificates.models import CertificateVersion
from chengjiu_mp.config import from_environment
from chengjiu_mp.core import context
from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.core.models import Job
from devtools import bench_signup_ground as ground
from devtools.bench_load import percentile, storm
from devtools.bench_signup_people import Crowd
from devtools.prove_struck import CELERY, Broker, Group, database_for
from devtools.servers import serving

POLICIES = ("noeviction", "allkeys-lru", "allkeys-lfu", "allkeys-random", "volatile-lru", "volatile-lfu",
            "volatile-random", "volatile-ttl")  # fmt: skip
CLIENTS = 2
PATIENCE = 90.0
# Acceptance of rel-F4: p99 within both; certificates after the broker goes on.
RATIO, P99_MS, RESUMED_SECONDS = 1.2, 500.0, 15.0
_ROOM = 512 * 1024
_BALLAST = b"x" * 16_384


@dataclass
class Hung:
    """Sign-ups while the broker is stopped, beside the same before; milliseconds."""

    signups: int = 0
    failed: int = 0
    p99_before_ms: float = 0.0
    p99_ms: float = 0.0
    readyz: str = ""
    certificates: int = 0
    seconds_after: float = 0.0


@dataclass
class Full:
    """What came of work asked for while the broker was full under one policy."""

    policy: str
    refused_at_start: bool = False
    evicted: int = 0
    refused_writes: int = 0
    failed_signups: int = 0
    lost: int = 0
    # A second code for a phone within its minute must be refused, whatever the broker does.
    limit_held: bool = False


@dataclass
class Outcome:
    """Both faults on one database."""

    database: str
    hung: Hung = field(default_factory=Hung)
    full: list[Full] = field(default_factory=list)
    seconds: float = 0.0


class Struck(NamedTuple):
    """Everything that runs."""

    client: redis.Redis
    port: int
    crowd: Crowd
    env: dict[str, str]
    place: Path


def main(argv: list[str]) -> int:
    """Prove it; print the outcome; 0 when nothing failed, was lost or let through."""
    parser = argparse.ArgumentParser(prog="./dev prove broker")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--postgres", action="store_true", help="PostgreSQL instead of SQLite")
    parser.add_argument("--hang", type=float, default=60.0, help="how many seconds the broker is stopped")
    parser.add_argument("--signups", type=int, default=200)
    parser.add_argument("--certificates", type=int, default=20)
    options = parser.parse_args(argv)
    outcome = prove(options)
    print(json.dumps(asdict(outcome)) if options.json else _table(outcome))
    return 0 if right(outcome) and quick(outcome.hung) else 1


def right(outcome: Outcome) -> bool:
    """Return whether everything was done, and nothing let through. Says nothing of time."""
    hung = outcome.hung
    whole = not hung.failed and hung.certificates > 0 and hung.readyz == "200 degraded, redis down"
    refused = all(one.refused_at_start == (one.policy != "noeviction") for one in outcome.full)
    return whole and refused and all(one.limit_held and not one.lost + one.failed_signups for one in outcome.full)


def quick(hung: Hung) -> bool:
    """Return whether nobody noticed the broker, and certificates came soon after it went on."""
    slow = hung.p99_ms > P99_MS or hung.p99_ms > RATIO * hung.p99_before_ms
    return not slow and hung.seconds_after <= RESUMED_SECONDS


def prove(options: argparse.Namespace, policies: tuple[str, ...] = POLICIES) -> Outcome:
    """Run the whole proof in a folder of its own."""
    for name in ("TEST_REDIS_URL", "TEST_DATABASE_URL"):
        os.environ.pop(name, None)  # servers that others use are not stopped here
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="chengjiu-prove-") as folder, contextlib.ExitStack() as stack:
        place, broker = Path(folder), Broker(Path(folder) / "redis")
        stack.callback(broker.stop)
        env = {**os.environ, "CHENGJIU_ENV": "test", "CHENGJIU_DATA_DIR": folder, "CHENGJIU_DEMO": "0",
               "CHENGJIU_SIGNUPS_PER_NETWORK": "1000000", "REDIS_URL": broker.start(),
               "PUBLIC_URL": "https://example.test"}  # fmt: skip
        env["DATABASE_URL"] = database_for(stack, place) if options.postgres else f"sqlite:///{place / 'proof.sqlite3'}"
        with create_app(from_environment(env)).app_context():
            upgrade()
            context.set_request("proof", context.SYSTEM)
            outcome = Outcome(db.engine.dialect.name)
            with _running(env, place) as struck:
                outcome.hung = _hang(struck, options)
                outcome.full = [_fill(struck, policy) for policy in policies]
            db.session.remove()
            db.engine.dispose()
    outcome.seconds = round(time.monotonic() - began, 1)
    return outcome


@contextlib.contextmanager
def _running(env: dict[str, str], place: Path) -> Iterator[Struck]:
    from tests import factories, issued  # the makers of the tests; nothing of the product makes a run in one call

    with unit_of_work():
        factories.run()
    issued.ready_run()  # accounts, templates and the rest that the first certificate needs
    worker = Group([*CELERY, "worker", "--concurrency", "2", "--without-mingle", "--without-gossip",
                    "--without-heartbeat", "--loglevel", "WARNING"], env, place / "worker.log")  # fmt: skip
    beat = Group([*CELERY, "beat", "--schedule", str(place / "schedule"), "--pidfile", "", "--loglevel", "WARNING"],
                 env, place / "beat.log")  # fmt: skip
    with contextlib.ExitStack() as stack:
        client = stack.enter_context(redis.Redis.from_url(env["REDIS_URL"]))
        server = stack.enter_context(serving("web", "wsgi", env, place))
        for group in (worker, beat):
            stack.callback(group.kill)
            group.start()
        struck = Struck(client, server.port, Crowd(ground.agreed(db.engine)), env, place)
        _until(lambda: _ready(struck).startswith("200 ok"))
        yield struck


def _hang(struck: Struck, options: argparse.Namespace) -> Hung:
    found = Hung(signups=options.signups)
    _sign_up(struck, options.signups)  # the first ones are slower whatever the broker does
    before, _ = _sign_up(struck, options.signups)
    _until(lambda: not _open_jobs())
    pid = int(struck.client.info("server")["process_id"])
    os.kill(pid, signal.SIGSTOP)
    stopped = time.monotonic()
    try:
        found.certificates = _issue(options.certificates)
        during, found.failed = _sign_up(struck, options.signups)
        found.readyz = _ready(struck)
        while time.monotonic() - stopped < options.hang:
            time.sleep(0.1)
    finally:
        os.kill(pid, signal.SIGCONT)
    resumed = time.monotonic()
    _until(_all_drawn)
    found.seconds_after = round(time.monotonic() - resumed, 1)
    found.p99_before_ms, found.p99_ms = (round(percentile(one, 99) * 1000, 1) for one in (before, during))
    return found


def _fill(struck: Struck, policy: str) -> Full:
    """Fill the broker under a policy, ask for work, make room, and look what came of it."""
    found, client = Full(policy), struck.client
    evicted = client.info("stats")["evicted_keys"]
    client.config_set("maxmemory-policy", policy)
    found.refused_at_start = _refused_at_start(struck)
    client.config_set("maxmemory", client.info("memory")["used_memory"] + _ROOM)
    found.refused_writes = _write_ballast(client)
    _issue(5)
    _, found.failed_signups = _sign_up(struck, 20)
    found.limit_held = [_ask_code(struck, policy) for _ in range(2)] == [202, 429]
    _write_ballast(client)  # what was queued meanwhile is in danger now
    found.evicted = client.info("stats")["evicted_keys"] - evicted
    client.config_set("maxmemory", 0)
    for key in client.scan_iter("ballast:*"):
        client.delete(key)
    client.config_set("maxmemory-policy", "noeviction")
    with contextlib.suppress(TimeoutError):
        _until(lambda: not _open_jobs())
    found.lost = _open_jobs()
    return found


def _write_ballast(client: redis.Redis) -> int:
    """Write twice what there is room for; return how many writes were refused."""
    refused = 0
    for number in range(2 * _ROOM // len(_BALLAST)):
        try:
            client.set(f"ballast:{number}", _BALLAST, ex=3600)
        except redis.RedisError:
            refused += 1
    return refused


def _refused_at_start(struck: Struck) -> bool:
    """Return whether a worker refuses to begin; one that begins is ended."""
    log = struck.place / "second-worker.log"
    log.unlink(missing_ok=True)
    options = (
        "--pool",
        "solo",
        "--queues",
        "nobody",
        "--hostname",
        "second@%h",
        "--without-mingle",
        "--loglevel",
        "INFO",
    )
    second = Group([*CELERY, "worker", *options], struck.env, log)
    second.start()
    try:
        _until(lambda: any(word in log.read_text(errors="replace") for word in ("maxmemory-policy is", " ready.")))
    finally:
        second.kill()
    return "maxmemory-policy is" in log.read_text(errors="replace")


def _sign_up(struck: Struck, people: int) -> tuple[list[float], int]:
    """(seconds of each reply, how many have no place) of so many people on a fresh run with seats for all."""
    run_id = ground.new_run(db.engine, people)
    found = storm(struck.port, struck.crowd.requests(run_id, people), CLIENTS)
    seated = ground.seats_of(db.engine, run_id).confirmed
    return [one.seconds for one in found.replies], people - min(seated, sum(one.status == 201 for one in found.replies))


def _ask_code(struck: Struck, policy: str) -> int:
    return _request(struck, "POST", "/api/v1/auth/codes", {"phone": f"1370000{POLICIES.index(policy):04d}"})[0]


def _ready(struck: Struck) -> str:
    status, parts = _request(struck, "GET", "/readyz")
    return f"{status} {parts['status']}, redis {parts['redis']}"


def _request(struck: Struck, method: str, path: str, body: Any = None) -> tuple[int, Any]:
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", struck.port, timeout=30)) as line:
        line.request(method, path, body and json.dumps(body), {"Content-Type": "application/json"})
        reply = line.getresponse()
        return reply.status, json.loads(reply.read())


def _issue(wanted: int) -> int:
    from tests import issued

    run, approver = issued.ready_run(*(f"张{chr(0x4E00 + number)}" for number in range(wanted)))
    with unit_of_work():
        return len(confirm(run.id, approver))


def _until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not true():
        if time.monotonic() > deadline:
            raise TimeoutError
        time.sleep(0.05)


def _all_drawn() -> bool:
    found = db.session.scalar(select(func.count()).where(CertificateVersion.picture_state != "ready"))
    db.session.rollback()
    return not found


def _open_jobs() -> int:
    found = db.session.scalar(select(func.count()).where(Job.state != "done")) or 0
    db.session.rollback()
    return found


def _table(outcome: Outcome) -> str:
    lines = [f"{name:18} {value}" for name, value in asdict(outcome.hung).items()]
    lines += ["  ".join(f"{name} {value}" for name, value in asdict(one).items()) for one in outcome.full]
    return "\n".join([f"database           {outcome.database}, {outcome.seconds} s", *lines])


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
