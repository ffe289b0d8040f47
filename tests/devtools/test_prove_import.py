"""The worlds of `./dev prove import`: one moment for all their processes, whatever the clock on the wall says."""

import contextlib
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import pytest

from chengjiu_mp.core import clock
from devtools.paths import ROOT
from devtools.prove_import import World

BEFORE_MIDNIGHT = datetime.fromisoformat("2026-11-23T23:59:58+08:00")
TELL = (
    "from chengjiu_mp import create_app\n"
    "from chengjiu_mp.core import clock\n"
    "create_app()\n"
    "print(clock.now().isoformat())"
)


@pytest.mark.worker
def test_no_process_of_a_world_sees_midnight_come(tmp_path: Path) -> None:
    with contextlib.ExitStack() as stack:
        world = World(stack, tmp_path / "world", postgres=False, now=BEFORE_MIDNIGHT)
        argv = [sys.executable, "-c", TELL]
        done = subprocess.run(argv, cwd=ROOT, env=world.env, capture_output=True, text=True, check=True, timeout=60)
        seen = [datetime.fromisoformat(done.stdout.split()[-1]), clock.now()]
    assert seen == [BEFORE_MIDNIGHT] * 2
    assert clock.now() != BEFORE_MIDNIGHT
