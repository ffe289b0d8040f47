"""The servers under measurement, started as `./dev run` starts them, and the processor time they take."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import psutil
from sqlalchemy import create_engine, text

from devtools.paths import ROOT
from devtools.services import free_port
from devtools.stack import StackFailed, is_ready, web_command
from devtools.supervisor import Child

READY_SECONDS = 60.0
STOP_SECONDS = 10.0


class Server(NamedTuple):
    """One running web server."""

    port: int
    pid: int


@contextmanager
def serving(name: str, module: str, env: dict[str, str], folder: Path) -> Iterator[Server]:
    """Run granian with `module:app` until the block ends.

    :raise StackFailed: when it does not become ready
    """
    port = free_port()
    argv = web_command("127.0.0.1", port, module)
    child = Child(name, argv, cwd=ROOT, env=env, log=folder / f"{name}.log", pid_file=folder / f"{name}.pid")
    child.start()
    try:
        _await_ready(port, child)
        process = child.process
        assert process is not None  # noqa: S101
        yield Server(port, process.pid)
    finally:
        child.ask_to_stop()
        child.end(STOP_SECONDS)


def _await_ready(port: int, child: Child) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while not is_ready("127.0.0.1", port):
        if time.monotonic() > deadline or child.has_died():
            log = child.log.read_text(encoding="utf-8", errors="replace")
            raise StackFailed(f"{child.name} did not come up:\n{log[-2000:]}")
        time.sleep(0.05)


def postmaster(url: str) -> int:
    """Return the process all of whose children are PostgreSQL's, found from our own connection's process.

    :raise StackFailed: when the server runs elsewhere, where its processor time cannot be seen
    """
    engine = create_engine(url)
    with engine.connect() as connection:
        backend = int(connection.execute(text("select pg_backend_pid()")).scalar_one())
        try:
            process = psutil.Process(backend)
            found = process.parent() if "postgres" in process.name() else None
        except psutil.NoSuchProcess:
            found = None
    engine.dispose()
    if found is None:
        raise StackFailed("PostgreSQL does not run on this machine: its processor time cannot be measured.")
    return int(found.pid)


def cpu_seconds(roots: Sequence[int]) -> float:
    """Return the processor time that the process trees have taken, with that of their children who have ended."""
    total = 0.0
    for root in roots:
        leader = psutil.Process(root)
        for process in [leader, *leader.children(recursive=True)]:
            try:
                total += sum(process.cpu_times()[:4])
            except psutil.NoSuchProcess:
                continue  # its time is its parent's by now; the difference of two readings loses nothing
    return total
