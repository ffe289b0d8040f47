"""What `./dev` answers when it cannot do what was asked: one sentence and the agreed exit code."""

import fcntl
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from devtools import bootstrap
from devtools.__main__ import main as run_command
from devtools.commands import COMMANDS
from devtools.paths import ROOT


def call(*argv: str, module: str = "devtools") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-P", "-m", module, *argv],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.fixture
def taken_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.mark.parametrize("words", [[], ["nonsense"], ["--version"]])
def test_an_unknown_command_shows_the_usage_and_ends_with_2(words):
    done = call(*words, module="devtools.bootstrap")
    assert done.returncode == 2
    assert done.stderr.startswith("usage: ./dev COMMAND")


def test_help_names_every_command():
    done = call("--help", module="devtools.bootstrap")
    assert done.returncode == 0
    assert all(f"./dev {name}" in done.stdout for name in COMMANDS)


@pytest.mark.parametrize(
    "words",
    [
        ["run", "--nonsense"],
        ["run", "--port", "99999"],
        ["seed"],
        ["seed", "--profile", "other", "--data", "x"],
        ["flask", "--data"],
        ["check", "nonsense"],
        ["bench"],
        ["bench", "nonsense"],
        ["prove", "nonsense"],
        ["lock", "nonsense"],
    ],
)
def test_wrong_words_end_with_2(words, capsys):
    with pytest.raises(SystemExit) as ended:  # argparse ends by itself, the others return
        raise SystemExit(run_command(words))
    assert ended.value.code == 2
    assert "usage" in capsys.readouterr().err


def test_a_taken_port_ends_with_3_and_one_sentence(taken_port, tmp_path):
    done = call("run", "--port", str(taken_port), "--data", str(tmp_path / "data"))
    assert done.returncode == 3
    assert done.stderr.splitlines() == [
        f"dev: Port {taken_port} on 127.0.0.1 is taken; stop what listens there, or take another by --port."
    ]
    assert not (tmp_path / "data").exists()


def test_an_address_of_another_machine_ends_with_2(tmp_path):
    done = call("run", "--host", "192.0.2.7", "--data", str(tmp_path / "data"))
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)


def test_a_taken_folder_ends_with_3_and_one_sentence(tmp_path):
    (tmp_path / "run").mkdir()
    with (tmp_path / "run/lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = call("run", "--port", "0", "--data", str(tmp_path))
    assert done.returncode == 3
    assert len(done.stderr.splitlines()) == 1


@pytest.fixture
def bare_machine(tmp_path: Path) -> Path:
    """A checkout's launcher on a machine whose PATH holds next to nothing."""
    shutil.copy(ROOT / "dev", tmp_path / "dev")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/dirname").symlink_to(shutil.which("dirname") or "/usr/bin/dirname")
    return tmp_path


def launch(machine: Path) -> subprocess.CompletedProcess[str]:
    argv, env = [shutil.which("sh") or "sh", "./dev", "run"], {"PATH": str(machine / "bin")}
    return subprocess.run(argv, cwd=machine, env=env, capture_output=True, text=True, check=False)


def test_without_python_one_sentence(bare_machine):
    done = launch(bare_machine)
    assert done.returncode == 1
    assert done.stderr.startswith("dev: Python 3.11 or newer is needed")
    assert len(done.stderr.splitlines()) == 1


def test_an_old_python_counts_as_none(bare_machine):
    old = bare_machine / "bin/python3"
    old.write_text("#!/bin/sh\nexit 1\n")  # what the version probe of an old Python ends with
    old.chmod(0o755)
    done = launch(bare_machine)
    assert (done.returncode, len(done.stderr.splitlines())) == (1, 1)


def test_without_venv_one_sentence(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(bootstrap.CannotPrepare, match="apt install python3-venv"):
        bootstrap._make_environment()


def test_without_a_package_index_one_sentence(tmp_path, monkeypatch):
    for name, value in {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": "", "PATH": "/usr/bin:/bin"}.items():
        monkeypatch.setenv(name, value)
    wanted = tmp_path / "run.txt"
    wanted.write_text(f"a-package-nobody-has==1.0 --hash=sha256:{'0' * 64}\n")
    monkeypatch.setattr(bootstrap, "VENV_PYTHON", Path(sys.executable))
    with pytest.raises(bootstrap.CannotPrepare, match="is there a network") as refused:
        bootstrap._with_pip(wanted)
    assert "\n" not in str(refused.value)
