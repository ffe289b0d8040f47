"""A worker's process behind the pages: it lets them go first."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from chengjiu_mp.core import celery

# A kernel that shares the processors among sessions first says so here.
GROUPS = Path("/proc/sys/kernel/sched_autogroup_enabled")


def _of_a_child(answer: Callable[[], int]) -> int:
    child = os.fork()
    if child == 0:
        os.setsid()
        os._exit(answer())
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def test_a_worker_process_steps_behind_the_pages(app):
    def begin() -> int:
        celery._begin_process(app)
        return os.nice(0)

    before = os.nice(0)
    assert _of_a_child(begin) == min(before + celery.NICE, 19)


@pytest.mark.skipif(
    not GROUPS.exists() or GROUPS.read_text().strip() != "1", reason="this kernel does not group processes by session"
)
def test_it_steps_behind_those_of_other_sessions_too(app):
    def begin() -> int:
        celery._begin_process(app)
        return int(Path("/proc/self/autogroup").read_text().split()[-1])

    ours = Path("/proc/self/autogroup").read_text()
    assert _of_a_child(begin) == celery.NICE
    assert Path("/proc/self/autogroup").read_text() == ours


@pytest.mark.parametrize("answer", [OSError, FileNotFoundError])
def test_where_it_may_not_it_works_all_the_same(app, monkeypatch, answer):
    def refuse(*_said: object) -> None:
        raise answer

    monkeypatch.setattr(Path, "write_text", refuse)

    def begin() -> int:
        celery._begin_process(app)
        return 42

    assert _of_a_child(begin) == 42
