"""`./dev bench start`: how long a warm start takes, and what the idle stack holds in memory."""

import argparse
import contextlib
import json
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil

from devtools.paths import ROOT
from devtools.services import dying_with_parent, free_port

SETTLE_SECONDS = 8.0
ROUNDS = 3
GROUPS = ("dev", "web", "worker", "beat", "redis")


def main(argv: list[str]) -> int:
    """Start once cold, then warm several times; print the median and the memory of the last round."""
    parser = argparse.ArgumentParser(prog="./dev bench start", allow_abbrev=False)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    given = parser.parse_args(argv)
    with tempfile.TemporaryDirectory(prefix="dev-bench-") as folder:
        data = Path(folder) / "data"
        with running(data) as cold:
            pass
        times: list[float] = []
        for _ in range(given.rounds):
            with running(data) as seconds:
                times.append(seconds)
                if len(times) == given.rounds:
                    time.sleep(SETTLE_SECONDS)
                    memory = memory_of(data)
    result = {"warm_start_s": sorted(times)[len(times) // 2], "cold_start_s": cold, **memory}
    _print_table(result, times)
    if given.json:
        print(json.dumps(result))
    return 0


@contextlib.contextmanager
def running(data: Path) -> Iterator[float]:
    """Run the stack on `data` by the real launcher; yield the seconds from the command to the line READY."""
    started = time.monotonic()
    argv = [str(ROOT / "dev"), "run", "--port", str(free_port()), "--data", str(data)]
    process = subprocess.Popen(dying_with_parent(argv), stdout=subprocess.PIPE, text=True, start_new_session=True)
    try:
        assert process.stdout is not None  # noqa: S101
        if not any(line.startswith("READY ") for line in process.stdout):
            raise SystemExit(f"The stack did not come up: exit code {process.wait()}.")
        yield round(time.monotonic() - started, 2)
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGTERM)
        process.communicate()


def memory_of(data: Path) -> dict[str, float]:
    """Return MB over all processes of the stack.

    `rss_mb` counts each resident page once (the sum of PSS): what the stack takes from the machine.
    `rss_sum_mb` adds up the RSS of `ps`, which counts a page again for every process that shares it.
    """
    leaders = {int((data / f"run/{name}.pid").read_text()) for name in GROUPS}
    parts = [process.memory_full_info() for process in psutil.process_iter() if _group(process.pid) in leaders]
    return {
        "rss_mb": round(sum(getattr(part, "pss", part.rss) for part in parts) / 1e6, 1),
        "rss_sum_mb": round(sum(part.rss for part in parts) / 1e6, 1),
        "processes": len(parts),
    }


def _group(pid: int) -> int | None:
    try:
        return os.getpgid(pid)
    except (ProcessLookupError, PermissionError):
        return None


def _print_table(result: dict[str, float], times: list[float]) -> None:
    print(f"warm start   {result['warm_start_s']:7.2f} s   median of {', '.join(f'{t:.2f}' for t in times)}")
    print(f"first start  {result['cold_start_s']:7.2f} s   with migrations and the demo city")
    print(f"memory       {result['rss_mb']:7.1f} MB  {result['processes']} processes, shared pages counted once (PSS)")
    print(f"  sum of RSS {result['rss_sum_mb']:7.1f} MB  shared pages counted again for each process", flush=True)
