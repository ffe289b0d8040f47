"""The proof of `./dev prove broker`, small: real parts, the broker stopped for ten seconds, then full."""

import argparse
from dataclasses import replace

import pytest

from devtools import prove_broker as proof
from tests.browsing import apart


def test_what_is_not_right_is_noticed():
    hung = proof.Hung(signups=200, readyz="200 degraded, redis down", certificates=20)
    good = proof.Full("allkeys-lru", refused_at_start=True, limit_held=True)
    assert proof.right(proof.Outcome("sqlite", hung, [good]))
    for flaw in ({"lost": 1}, {"failed_signups": 1}, {"limit_held": False}, {"refused_at_start": False}):
        assert not proof.right(proof.Outcome("sqlite", hung, [proof.Full(**{**vars(good), **flaw})]))
    for other in (replace(hung, failed=1), replace(hung, readyz="503 degraded"), replace(hung, certificates=0)):
        assert not proof.right(proof.Outcome("sqlite", other, [good]))


def test_slow_is_noticed():
    assert proof.quick(proof.Hung(p99_before_ms=100, p99_ms=120, seconds_after=15))
    assert not proof.quick(proof.Hung(p99_before_ms=100, p99_ms=121))
    assert not proof.quick(proof.Hung(p99_before_ms=600, p99_ms=501))
    assert not proof.quick(proof.Hung(seconds_after=15.1))


@pytest.mark.worker
@pytest.mark.slow
def test_a_hung_or_full_broker_loses_nothing_and_nobody_waits():
    options = argparse.Namespace(postgres=False, hang=10.0, signups=30, certificates=3)
    outcome = apart(lambda: proof.prove(options, ("noeviction", "allkeys-lru")))
    assert proof.right(outcome), outcome
    assert outcome.full[1].evicted
