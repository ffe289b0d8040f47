"""What an earlier stack left behind when it was killed the hard way."""

import contextlib
import os
import signal
import time
from pathlib import Path

PATIENCE = 5.0


def end_leftovers(data: Path) -> None:
    """End the process groups that old pid files name, if they still work on this folder; remove the files.

    The kernel asks the children of a killed launcher to stop; they get a few seconds to do so. A number that
    meanwhile belongs to another program is left alone: it must show this folder in its environment or work inside it.
    """
    files = [path for path in (data / "run").glob("*.pid") if path.name != "dev.pid"]
    groups = {number for path in files if (number := _number(path)) and _works_on(number, data)}
    deadline = time.monotonic() + PATIENCE
    while groups and time.monotonic() < deadline:
        time.sleep(0.05)
        groups = {number for number in groups if _works_on(number, data)}
    for number in groups:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(number, signal.SIGKILL)
    for path in files:
        path.unlink(missing_ok=True)


def _number(path: Path) -> int | None:
    try:
        return int(path.read_text())
    except (OSError, ValueError):
        return None


def _works_on(pid: int, data: Path) -> bool:
    process = Path(f"/proc/{pid}")
    try:
        environment = (process / "environ").read_bytes().split(b"\0")
        # the Redis-protocol server writes its title over its environment, but works inside its own folder
        return f"CHENGJIU_DATA_DIR={data}".encode() in environment or (process / "cwd").readlink() == data / "redis"
    except OSError:
        return False
