"""`./dev bench start`: how long a warm start takes, and what the idle stack holds in memory."""

import argparse
import contextlib
import json
import os
import signal
import statistics
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import psutil

from devtools.paths import ROOT
from devtools.services import dying_with_parent, free_port

SETTLE_SECONDS = 8.0
WORK_SECONDS = 90.0
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
        with running(data) as first:
            await_no_jobs(first.url)
            worked = memory_of(data)["rss_mb"]
        starts: list[Start] = []
        for _ in range(given.rounds):
            with running(data) as start:
                starts.append(start)
                if len(starts) == given.rounds:
                    time.sleep(SETTLE_SECONDS)
                    memory = memory_of(data)
    times = [start.seconds for start in starts]
    result = {"warm_start_s": statistics.median(times), **memory, "cold_start_s": first.seconds}
    result["rss_after_work_mb"] = worked
    _print_table(result, times)
    if given.json:
        print(json.dumps(result))
    return 0


class Start(NamedTuple):
    """One start of the stack: seconds from the command to the line READY, and where it answers."""

    seconds: float
    url: str


@contextlib.contextmanager
def running(data: Path) -> Iterator[Start]:
    """Run the stack on `data` by the real launcher."""
    started = time.monotonic()
    argv = [str(ROOT / "dev"), "run", "--port", str(free_port()), "--data", str(data)]
    process = subprocess.Popen(dying_with_parent(argv), stdout=subprocess.PIPE, text=True, start_new_session=True)
    try:
        assert process.stdout is not None  # noqa: S101
        ready = next((line for line in process.stdout if line.startswith("READY ")), None)
        if ready is None:
            raise SystemExit(f"The stack did not come up: exit code {process.wait()}.")
        yield Start(round(time.monotonic() - started, 2), json.loads(ready.removeprefix("READY "))["url"])
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGTERM)
        process.communicate()


def await_no_jobs(url: str) -> None:
    """Wait until the demo city's certificates are drawn: no job waits or runs."""
    deadline = time.monotonic() + WORK_SECONDS
    while time.monotonic() < deadline:
        with urllib.request.urlopen(f"{url}/metrics", timeout=10) as reply:
            figures = reply.read().decode()
        if all(f'chengjiu_jobs{{state="{state}"}} 0.0' in figures for state in ("queued", "running")):
            return
        time.sleep(0.5)


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
    print(f"warm start    {result['warm_start_s']:7.2f} s   median of {', '.join(f'{t:.2f}' for t in times)}")
    print(f"first start   {result['cold_start_s']:7.2f} s   with migrations and the demo city")
    print(f"memory, idle  {result['rss_mb']:7.1f} MB  {result['processes']} processes, shared pages counted once (PSS)")
    print(f"  after work  {result['rss_after_work_mb']:7.1f} MB  once the demo city's certificates are drawn")
    print(f"  sum of RSS  {result['rss_sum_mb']:7.1f} MB  idle, shared pages counted for each process", flush=True)
