"""Start processes, restart those that die, and leave none behind.

Each child leads its own process group, noted in a pid file; what it leaves when it dies is killed with it.
"""

import contextlib
import os
import select
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

from devtools.services import dying_with_parent

TICK = 0.25
HEALTHY_AFTER = 3.0  # seconds of life after which a death is an accident, not a crash loop
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 10.0  # so at most about ten starts in the first minute of a crash loop
STOP_SECONDS = 12.0
BURIAL_SECONDS = 1.0
STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


@dataclass
class Child:
    """One process of the stack: how to start it, and how it fares."""

    name: str
    argv: list[str]
    cwd: Path
    env: dict[str, str]
    log: Path
    pid_file: Path
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    not_before: float = 0.0
    quick_deaths: int = field(default=0)

    def start(self) -> None:
        """Start the process at the head of a group of its own, and note its number."""
        with self.log.open("ab") as out:
            self.process = subprocess.Popen(
                dying_with_parent(self.argv),
                cwd=self.cwd,
                env=self.env,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                start_new_session=True,
            )
        self.started_at = time.monotonic()
        partial = self.pid_file.with_suffix(".part")
        partial.write_text(f"{self.process.pid}\n")
        partial.replace(self.pid_file)

    def has_died(self) -> bool:
        """Return whether the process ended since it was last started; its whole group is then ended too."""
        if self.process is None or self.process.poll() is None:
            return False
        self.kill_group()
        lived = time.monotonic() - self.started_at
        self.quick_deaths = 0 if lived >= HEALTHY_AFTER else self.quick_deaths + 1
        pause = min(LONGEST_PAUSE, FIRST_PAUSE * 2**self.quick_deaths) if self.quick_deaths else FIRST_PAUSE
        self.not_before = time.monotonic() + pause
        self.process = None
        return True

    def ask_to_stop(self) -> None:
        """Send SIGTERM to the leader alone: a Celery worker then finishes the task in hand."""
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                self.process.terminate()

    def kill_group(self) -> None:
        """Kill whatever is left of the group; harmless when nothing is."""
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, signal.SIGKILL)

    def end(self, seconds: float) -> None:
        """Wait until the process has ended, then end its group, and forget its number."""
        if self.process is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(max(seconds, 0))
            self.kill_group()
            self.process.wait()
            self._await_empty_group()
        self.pid_file.unlink(missing_ok=True)

    def _await_empty_group(self) -> None:
        """Give the kernel a moment to bury the killed: then "stopped" means that nothing is left."""
        deadline = time.monotonic() + BURIAL_SECONDS
        while self.process is not None and _lives(self.process.pid) and time.monotonic() < deadline:
            time.sleep(0.01)


def _lives(group: int) -> bool:
    """Return whether a process of the group runs; the dead whom nobody has collected do not count."""
    try:
        os.killpg(group, 0)
    except (ProcessLookupError, PermissionError):
        return False
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            state, _, member_of = stat.read_text().rpartition(")")[2].split()[:3]
            if int(member_of) == group and state not in "ZX":
                return True
    return False


class Supervisor:
    """Keeps the children alive until a stop signal arrives.

    Use as a context manager in the main thread: it takes over the stop signals and, on the way out, stops
    the children in the reverse order of their start.
    """

    def __init__(self, tell: Callable[[str], None]) -> None:
        self.children: list[Child] = []
        self.stop_signals = 0
        self._tell = tell
        self._ear, self._mouth = socket.socketpair()
        self._before: dict[int, Any] = {}

    def __enter__(self) -> "Supervisor":
        for end in (self._ear, self._mouth):
            end.setblocking(False)
        signal.set_wakeup_fd(self._mouth.fileno(), warn_on_full_buffer=False)
        for number in STOP_SIGNALS:
            self._before[number] = signal.signal(number, self._on_stop)
        # a handler that does nothing, so that a child's death wakes the loop
        self._before[signal.SIGCHLD] = signal.signal(signal.SIGCHLD, lambda *_: None)
        return self

    def __exit__(self, *_: object) -> None:
        self.stop_all()
        for number, handler in self._before.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(-1)
        self._ear.close()
        self._mouth.close()

    def _on_stop(self, _number: int, _frame: FrameType | None) -> None:
        self.stop_signals += 1
        if self.stop_signals > 1:  # asked twice: no more waiting for tasks in hand
            for child in self.children:
                child.kill_group()

    def stopping(self) -> bool:
        """Return whether a stop signal has arrived."""
        return self.stop_signals > 0

    def add(self, child: Child) -> None:
        """Start a child and look after it from now on."""
        self.children.append(child)
        child.start()

    def wait(self, seconds: float = TICK) -> None:
        """Sleep until a signal or a child's death, at most `seconds`, then restart the dead that are due."""
        with contextlib.suppress(InterruptedError):
            if select.select([self._ear], [], [], seconds)[0]:
                self._ear.recv(4096)
        if not self.stopping():
            self.revive()

    def revive(self) -> None:
        """Note who died; start again whoever has waited long enough."""
        for child in self.children:
            if child.has_died():
                self._tell(f"{child.name} ended and is started again; its log: {child.log}")
            if child.process is None and time.monotonic() >= child.not_before:
                child.start()

    def run_forever(self) -> None:
        """Return only when a stop signal has arrived."""
        while not self.stopping():
            self.wait()

    def stop_all(self) -> None:
        """Stop the children: those started first (the servers others need) last."""
        if not self.children:
            return
        first, others = self.children[0], self.children[1:]
        for child in others:
            child.ask_to_stop()
        deadline = time.monotonic() + STOP_SECONDS
        for child in others:
            child.end(deadline - time.monotonic())
        first.ask_to_stop()
        first.end(STOP_SECONDS / 2)
        self.children.clear()
