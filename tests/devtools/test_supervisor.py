"""The supervisor restarts what dies and leaves nothing running."""

import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from devtools.supervisor import Child, Supervisor

# A process with a child of its own, as web and worker are; both numbers go to the log.
FAMILY = """
import os, signal, subprocess, sys
kid = subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"])
print(os.getpid(), kid.pid, flush=True)
signal.pause()
"""
STUBBORN = (
    "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True)\nwhile 1: signal.pause()"
)


def make(folder: Path, code: str = FAMILY) -> Child:
    return Child("part", [sys.executable, "-c", code], folder, dict(os.environ), folder / "log", folder / "part.pid")


def await_(condition: Callable[[], object], supervisor: Supervisor, seconds: float = 15) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        supervisor.wait(0.02)


def family(folder: Path) -> list[list[int]]:
    return [[int(word) for word in line.split()] for line in (folder / "log").read_text().splitlines()]


def is_gone(pid: int) -> bool:
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


@pytest.fixture
def supervisor():
    with Supervisor(tell=lambda sentence: None) as one:
        yield one


def test_a_child_leads_the_group_in_its_pid_file(supervisor, tmp_path):
    supervisor.add(make(tmp_path))
    pid = int((tmp_path / "part.pid").read_text())
    assert os.getpgid(pid) == pid != os.getpgrp()


def test_a_killed_child_is_started_again_and_its_own_children_end(supervisor, tmp_path):
    supervisor.add(make(tmp_path))
    await_(lambda: len(family(tmp_path)) == 1, supervisor)
    [[first, grandchild]] = family(tmp_path)
    os.kill(first, signal.SIGKILL)
    await_(lambda: len(family(tmp_path)) == 2, supervisor)
    assert int((tmp_path / "part.pid").read_text()) == family(tmp_path)[1][0] != first
    await_(lambda: is_gone(grandchild), supervisor)


def test_stopping_leaves_no_process_and_no_pid_file(tmp_path):
    with Supervisor(tell=lambda sentence: None) as supervisor:
        supervisor.add(make(tmp_path))
        await_(lambda: len(family(tmp_path)) == 1, supervisor)
        pids = family(tmp_path)[0]
    assert all(is_gone(pid) for pid in pids)
    assert not (tmp_path / "part.pid").exists()


def test_a_stop_signal_ends_the_loop_and_restarts_nothing(supervisor, tmp_path):
    supervisor.add(make(tmp_path))
    os.kill(os.getpid(), signal.SIGTERM)
    supervisor.run_forever()
    supervisor.children[0].kill_group()
    await_(lambda: supervisor.children[0].process.poll() is not None, supervisor)
    assert len((tmp_path / "log").read_text().splitlines()) <= 1


def test_a_second_stop_signal_does_not_wait(tmp_path):
    with Supervisor(tell=lambda sentence: None) as supervisor:
        supervisor.add(make(tmp_path, STUBBORN))
        await_(lambda: "up" in (tmp_path / "log").read_text(), supervisor)
        for _ in range(2):
            os.kill(os.getpid(), signal.SIGTERM)
        started = time.monotonic()
    assert time.monotonic() - started < 5


def test_a_crash_loop_slows_down(supervisor, tmp_path):
    supervisor.add(make(tmp_path, "raise SystemExit(1)"))
    await_(lambda: supervisor.children[0].quick_deaths == 3, supervisor)
    assert supervisor.children[0].not_before - time.monotonic() > 0.5


def test_the_signal_handlers_are_put_back():
    before = signal.getsignal(signal.SIGTERM)
    with Supervisor(tell=lambda sentence: None):
        assert signal.getsignal(signal.SIGTERM) != before
    assert signal.getsignal(signal.SIGTERM) == before


def test_children_end_when_their_supervisor_is_killed(tmp_path):
    if not Path("/usr/bin/setpriv").exists():
        pytest.skip("needs setpriv")
    program = f"""
import sys; sys.path.insert(0, {str(Path.cwd())!r})
from tests.devtools.test_supervisor import *
with Supervisor(tell=print) as s:
    s.add(make(Path({str(tmp_path)!r})))
    s.run_forever()
"""
    boss = psutil.Popen([sys.executable, "-c", program])
    with Supervisor(tell=print) as clock:
        await_(lambda: (tmp_path / "log").exists() and family(tmp_path), clock)
        boss.kill()
        boss.wait()
        await_(lambda: is_gone(family(tmp_path)[0][0]), clock)
    os.kill(family(tmp_path)[0][1], signal.SIGKILL)  # the grandchild is its parent's to end, not the kernel's
