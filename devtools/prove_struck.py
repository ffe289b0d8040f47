"""What proofs start, kill and starve: process groups, a broker, a disk. They end only what they started."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.engine import create_engine

from devtools import services
from devtools.paths import ROOT
from devtools.services import dying_with_parent

CELERY = [sys.executable, "-m", "celery", "-A", "celery_worker"]
# What holds some three pictures; the disk gets room once a job rested because of it.
SMALL_DISK, LARGE_DISK = "3m", "2g"


class Group:
    """A process group that can be killed and started again."""

    def __init__(self, argv: list[str], env: dict[str, str], log: Path) -> None:
        self._argv, self._env, self._log = argv, env, log
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self._log.open("ab") as out:
            self._process = subprocess.Popen(
                dying_with_parent(self._argv, "KILL"), cwd=ROOT, env=self._env, stdout=out, stderr=out,
                start_new_session=True,
            )  # fmt: skip

    def kill(self) -> None:
        """SIGKILL for the whole group: nobody gets to say goodbye."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()

    def rss_mb(self) -> int:
        """Return the resident megabytes of the largest process of the group."""
        return max((int(fields[21]) for fields in self._stats()), default=0) * os.sysconf("SC_PAGE_SIZE") // 2**20

    def cpu_seconds(self) -> float:
        """Return what the group's processes, and those that they waited for, have worked."""
        return sum(sum(map(int, fields[11:15])) for fields in self._stats()) / os.sysconf("SC_CLK_TCK")

    def _stats(self) -> list[list[str]]:
        """Return the fields behind the name in each process's stat (proc(5): the first is the state)."""
        found = []
        for status in Path("/proc").glob("[0-9]*/stat"):
            with contextlib.suppress(OSError):
                fields = status.read_text().rpartition(")")[2].split()
                if self._process is not None and int(fields[2]) == self._process.pid:
                    found.append(fields)
        return found


def on_clock(argv: list[str], env: dict[str, str], offset: str) -> tuple[list[str], dict[str, str]]:
    """Return the command and its environment for a clock that is off, as "+10m" or "-1d", and runs on (rel-F10).

    :raise SystemExit: where libfaketime is not installed
    """
    found = sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
    if not found:
        raise SystemExit("libfaketime is not installed: on Debian, apt install libfaketime.")
    skewed = {**env, "LD_PRELOAD": str(found[0]), "FAKETIME": offset, "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
    return [argv[0], "-m", "devtools.skewed", *argv[2:]], skewed


class Disk:
    """A disk of its own for the pictures, where this user may mount one."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.mounted = self._mount(SMALL_DISK)

    def grow(self) -> None:
        """Make room."""
        self._mount(f"{LARGE_DISK},remount")

    def unmount(self) -> None:
        if self.mounted:
            subprocess.run(["umount", str(self._folder)], check=False)

    def _mount(self, size: str) -> bool:
        argv = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(self._folder)]
        return (
            shutil.which("mount") is not None and not subprocess.run(argv, capture_output=True, check=False).returncode
        )


class Broker:
    """A Redis-protocol server that can lose everything it holds."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._port, self._round = folder, services.free_port(), 0
        self._stack = contextlib.ExitStack()

    def start(self) -> str:
        self._round += 1
        return self._stack.enter_context(services.redis_server(self._folder / str(self._round), self._port))

    def lose(self) -> None:
        self.stop()
        shutil.rmtree(self._folder / str(self._round))
        self.start()

    def stop(self) -> None:
        self._stack.close()


def database_for(stack: contextlib.ExitStack, place: Path) -> str:
    """Return the address of a fresh PostgreSQL database that lives as long as ``stack``."""
    server = stack.enter_context(services.postgres_server(place / "pg"))
    with create_engine(server, isolation_level="AUTOCOMMIT").connect() as connection:
        connection.execute(text("create database proof"))
    return server.rpartition("/")[0] + "/proof"
