"""The first thing `./dev` runs, under any Python >= 3.11: make `.venv` from the hashed lock, then hand over.

Standard library only. A stamp with the lock's hash lets the second start install nothing.
"""

import contextlib
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

from devtools.commands import COMMANDS, usage
from devtools.decoder import install_decoder
from devtools.paths import REQUIREMENTS, ROOT, VENV, VENV_PYTHON

INSTALL_TIMEOUT = 1800


class CannotPrepare(Exception):
    """The environment cannot be made; the text is one sentence for the person at the desk."""


def main(argv: list[str]) -> int:
    """Prepare what the command needs and replace this process by it; return an exit code only on refusal."""
    if argv[:1] in (["-h"], ["--help"], ["help"]):
        print(usage())
        return 0
    command = COMMANDS.get(argv[0]) if argv else None
    if command is None:
        print(usage(), file=sys.stderr)
        return 2
    try:
        with one_at_a_time():
            install(command.lock)
            if command.needs_decoder:
                install_decoder(required=_in_ci() and argv[0] in ("test", "check"))
    except CannotPrepare as exc:
        print(f"dev: {exc}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    hand_over(argv)


def _in_ci() -> bool:
    return os.environ.get("CI", "") not in ("", "0", "false")


def hand_over(argv: list[str]) -> NoReturn:
    """Replace this process by the command, so that signals and the exit code are the command's own."""
    sys.stdout.flush()
    os.execv(VENV_PYTHON, [str(VENV_PYTHON), "-P", "-m", "devtools", *argv])  # noqa: S606


@contextlib.contextmanager
def one_at_a_time() -> Iterator[None]:
    """Let a second `./dev` of this checkout wait until the first has installed what it needs."""
    try:
        import fcntl
    except ImportError:  # not on Windows; there two first starts at once are the user's to avoid
        yield
        return
    with (REQUIREMENTS / "run.txt").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def install(lock: str) -> None:
    """Bring `.venv` to `requirements/<lock>.txt`, every file checked against its hash.

    :raise CannotPrepare: without the venv module, or when the packages cannot be fetched
    """
    wanted = REQUIREMENTS / f"{lock}.txt"
    if not VENV_PYTHON.exists() or not _works(VENV_PYTHON):
        _make_environment()
    stamp, digest = VENV / f".installed-{lock}", _digest(wanted)
    if stamp.exists() and stamp.read_text() == digest:
        return
    print(f"dev: installing the packages of requirements/{lock}.txt (once, about half a minute) …", flush=True)
    if not _with_uv(wanted):
        _with_pip(wanted)
    stamp.write_text(digest)
    if lock == "test":  # the test lock holds all of the run lock, in the same versions
        (VENV / ".installed-run").write_text(_digest(REQUIREMENTS / "run.txt"))


def _digest(path: Path) -> str:
    version = f"{sys.version_info.major}.{sys.version_info.minor}\n".encode()
    return hashlib.sha256(version + path.read_bytes()).hexdigest()


def _works(python: Path) -> bool:
    probe = "import sys; sys.exit(sys.version_info < (3, 11))"
    return subprocess.run([python, "-c", probe], capture_output=True, check=False).returncode == 0


def _make_environment() -> None:
    if not all(importlib.util.find_spec(name) for name in ("venv", "ensurepip")):
        raise CannotPrepare(f"{sys.executable} has no venv module; on Debian or Ubuntu: apt install python3-venv")
    made = subprocess.run(
        [sys.executable, "-m", "venv", "--clear", str(VENV)], capture_output=True, text=True, check=False
    )
    if made.returncode:
        reason = _last_line(made.stderr or made.stdout)
        raise CannotPrepare(f"The environment {VENV} could not be made: {reason}")


def _with_uv(wanted: Path) -> bool:
    """Install with `uv` where it is on PATH; False when it is not, or when its package index is not pip's."""
    uv = shutil.which("uv")
    if uv is None:
        return False
    argv = [
        uv,
        "pip",
        "install",
        "--quiet",
        "--python",
        str(VENV_PYTHON),
        "--require-hashes",
        "-r",
        str(wanted),
    ]
    return subprocess.run(argv, cwd=ROOT, capture_output=True, check=False).returncode == 0


def _with_pip(wanted: Path) -> None:
    argv = [
        str(VENV_PYTHON), "-m", "pip", "install", "--disable-pip-version-check", "--no-input", "--quiet",
        "--retries", "2", "--only-binary", ":all:", "--require-hashes", "-r", str(wanted),
    ]  # fmt: skip
    try:
        done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=False, timeout=INSTALL_TIMEOUT)
    except subprocess.TimeoutExpired:
        raise CannotPrepare(
            "The packages did not arrive within half an hour; is the package index reachable?"
        ) from None
    if done.returncode:
        errors = [line for line in done.stderr.splitlines() if line.startswith("ERROR")] or [done.stderr]
        raise CannotPrepare(
            "The packages could not be installed; is there a network and a package index that pip can reach?"
            f" (pip: {_last_line(errors[0])})"
        )


def _last_line(text: str) -> str:
    return (text.strip().splitlines() or ["no reason given"])[-1].strip()[:300]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
