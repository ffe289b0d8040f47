"""A second start installs nothing; a changed lock installs again."""

import sys
from pathlib import Path

import pytest

from devtools import bootstrap


@pytest.fixture
def installs(tmp_path, monkeypatch) -> list[str]:
    """The names of the locks that were installed, in a checkout whose environment exists."""
    done: list[str] = []
    for name in ("run", "test"):
        (tmp_path / f"{name}.txt").write_text(f"{name}==1\n")
    monkeypatch.setattr(bootstrap, "REQUIREMENTS", tmp_path)
    monkeypatch.setattr(bootstrap, "VENV", tmp_path)
    monkeypatch.setattr(bootstrap, "VENV_PYTHON", Path(sys.executable))
    monkeypatch.setattr(bootstrap, "_with_uv", lambda _wanted: False)
    monkeypatch.setattr(bootstrap, "_with_pip", lambda wanted: done.append(wanted.stem))
    return done


def test_the_same_lock_is_installed_once(installs):
    bootstrap.install("run")
    bootstrap.install("run")
    assert installs == ["run"]


def test_a_changed_lock_is_installed_again(installs, tmp_path):
    bootstrap.install("run")
    (tmp_path / "run.txt").write_text("run==2\n")
    bootstrap.install("run")
    assert installs == ["run", "run"]


def test_the_test_lock_brings_the_run_lock(installs):
    bootstrap.install("test")
    bootstrap.install("run")
    assert installs == ["test"]


def test_what_failed_is_tried_again(installs, monkeypatch):
    def fail(_wanted: Path) -> None:
        raise bootstrap.CannotPrepare("no network")

    monkeypatch.setattr(bootstrap, "_with_pip", fail)
    for _ in range(2):
        with pytest.raises(bootstrap.CannotPrepare):
            bootstrap.install("run")
