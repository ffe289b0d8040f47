"""Workers and beat begin on no broker that drops what waits in it (rel-F6); one that does not answer stops nobody."""

import os
import subprocess
import sys

import pytest
import redis

from chengjiu_mp.core import broker
from devtools.paths import ROOT
from devtools.prove_broker import POLICIES

EVICTING = [policy for policy in POLICIES if policy != broker.KEEPS_ALL]


@pytest.fixture
def client(redis_url):
    with redis.Redis.from_url(redis_url) as client:
        yield client
        client.config_set("maxmemory-policy", broker.KEEPS_ALL)


@pytest.mark.parametrize("policy", EVICTING)
def test_a_broker_that_may_drop_tasks_is_refused(client, redis_url, policy):
    client.config_set("maxmemory-policy", policy)
    with pytest.raises(SystemExit, match=f"maxmemory-policy is {policy}.*Set maxmemory-policy noeviction"):
        broker.check(redis_url)


def test_one_that_keeps_all_is_taken(client, redis_url):
    broker.check(redis_url)


def test_one_that_does_not_answer_stops_nobody(caplog):
    broker.check("redis://127.0.0.1:9/0")
    assert "broker_not_asked" in caplog.messages


@pytest.mark.worker
@pytest.mark.slow
@pytest.mark.parametrize("part", [("worker", "--pool", "solo"), ("beat", "--pidfile", "")])
def test_worker_and_beat_end_at_once_and_say_what_to_set(client, redis_url, tmp_path, part):
    client.config_set("maxmemory-policy", "allkeys-lru")
    env = {**os.environ, "CHENGJIU_ENV": "test", "CHENGJIU_DATA_DIR": str(tmp_path), "REDIS_URL": redis_url}
    command = [sys.executable, "-m", "celery", "-A", "celery_worker", *part]
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode not in (0, None)
    assert "Set maxmemory-policy noeviction" in done.stderr
