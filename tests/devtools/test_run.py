"""`./dev run` as a user meets it: everything comes up, survives losses, and goes away without a trace."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import psutil
import pytest

from devtools.paths import ROOT
from devtools.test import clean_environment

pytestmark = [pytest.mark.slow, pytest.mark.worker]
PARTS = ("dev", "web", "worker", "beat", "redis")


class Stack(NamedTuple):
    process: subprocess.Popen[str]
    url: str
    data: Path

    def pid(self, part: str) -> int:
        return int((self.data / f"run/{part}.pid").read_text())

    def answers(self) -> bool:
        with urllib.request.urlopen(f"{self.url}/readyz", timeout=5) as reply:
            return reply.status == 200

    def processes(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)


def start(data: Path, **env: str) -> Stack:
    argv = [sys.executable, "-P", "-m", "devtools", "run", "--port", "0", "--no-demo", "--data", str(data)]
    environment = {**clean_environment(dict(os.environ)), "PYTHONPATH": str(ROOT), **env}
    process = subprocess.Popen(argv, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert process.stdout is not None
    said = []
    for line in process.stdout:
        said.append(line)
        if line.startswith("READY "):
            return Stack(process, json.loads(line.removeprefix("READY "))["url"], data)
    raise AssertionError("".join(said))


def stop(stack: Stack, number: int = signal.SIGTERM) -> int:
    stack.process.send_signal(number)
    stack.process.communicate(timeout=60)
    return stack.process.returncode


def await_(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)  # between looks at another process, up to the bound above: nothing here is timed by it


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory):
    running = start(tmp_path_factory.mktemp("run") / "data")
    yield running
    if running.process.poll() is None:
        stop(running)


@pytest.mark.parametrize("part", PARTS)
def test_each_part_leads_the_group_in_its_pid_file(stack, part):
    assert os.getpgid(stack.pid(part)) == stack.pid(part)


@pytest.mark.parametrize("part", PARTS[1:])
def test_a_killed_part_comes_back(stack, part):
    before = stack.pid(part)
    os.kill(before, signal.SIGKILL)
    await_(lambda: stack.pid(part) != before)
    await_(lambda: part != "web" or _accepts(stack))
    assert stack.answers()


def _accepts(stack: Stack) -> bool:
    try:
        return stack.answers()
    except OSError:
        return False


def test_a_second_stack_on_the_folder_is_refused(stack):
    argv = [sys.executable, "-P", "-m", "devtools", "run", "--port", "0", "--data", str(stack.data)]
    done = subprocess.run(
        argv, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False
    )
    assert (done.returncode, len(done.stderr.splitlines())) == (3, 1)


def test_the_brokers_password_is_in_no_process_list(stack):
    password = json.loads((stack.data / "run/server.json").read_text())["redis_url"].split("@")[0].split(":")[-1]
    assert len(password) >= 20
    assert not [p.pid for p in stack.processes() if password in " ".join(p.cmdline())]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_signal_leaves_nothing_and_the_data_stays(tmp_path, number):
    stack = start(tmp_path / "data", PUBLIC_URL="http://first-aid.example")
    left = stack.processes()
    assert stop(stack, number) == 0
    assert [process for process in left if process.is_running()] == []
    assert list((stack.data / "run").glob("*.pid")) == []
    assert (stack.data / "chengjiu.sqlite3").stat().st_size > 0


def test_the_application_opens_no_connection_before_the_servers_fork(tmp_path):
    program = "from wsgi import app; from chengjiu_mp.core.db import db\nwith app.app_context(): print(db.engine.pool.status())"
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env={**clean_environment(dict(os.environ)), "CHENGJIU_DATA_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "Connections in pool: 0" in done.stdout
    assert "Checked out connections: 0" in done.stdout
