"""Hooks for outside checks: the business time and planted faults, shared by all processes through one small file.

Only active under CHENGJIU_TEST_HOOKS=1, which production refuses to boot with.
"""

import json
import os
import time
from datetime import datetime
from pathlib import Path
from typing import Any

from chengjiu_mp.core import clock

_file: Path | None = None


def switch_on(file: Path) -> None:
    """Read the hooks from ``file`` from now on, and let it set the clock."""
    global _file
    _file = file
    clock.set_source(_clock)


def switch_off() -> None:
    """Forget the file and the clock it set; tests do it between applications."""
    global _file
    _file = None
    clock.set_source(None)


def switched_on() -> bool:
    return _file is not None


def read() -> dict[str, Any]:
    """Return {"now": ISO instant or None, "faults": {...}}; empty when the hooks are off."""
    if _file is None or not _file.exists():
        return {}
    found: dict[str, Any] = json.loads(_file.read_text() or "{}")
    return found


def write(**changes: Any) -> None:
    """Change the shared file; other processes see it at their next look."""
    if _file is None:
        raise RuntimeError("the test hooks are off")
    content = {**read(), **changes}
    half = _file.with_suffix(f".{os.getpid()}.part")
    half.write_text(json.dumps(content))
    half.replace(_file)


def _clock() -> datetime | None:
    text = read().get("now")
    return datetime.fromisoformat(text) if text else None


def fault(name: str) -> Any:
    """Return the planted fault's value, None when it is not planted."""
    return read().get("faults", {}).get(name) if _file is not None else None


def crash_after_commit(where: str) -> None:
    """End the process at once when the fault ``crash_after_commit`` names ``where``: the commit is done, the reply is
    not.
    """
    if fault("crash_after_commit") == where:
        write(faults={k: v for k, v in read().get("faults", {}).items() if k != "crash_after_commit"})
        os._exit(9)


def slow_down(name: str) -> None:
    """Wait as many milliseconds as the fault ``name`` says."""
    milliseconds = fault(name)
    if milliseconds:
        time.sleep(min(float(milliseconds), 60_000) / 1000)
