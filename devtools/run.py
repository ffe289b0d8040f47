"""`./dev run`: the whole service on one data folder, until it is told to stop."""

import argparse
import contextlib
import fcntl
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from devtools.environment import SERVER_NOTE, app_environment, data_folder, write_note
from devtools.leftovers import end_leftovers
from devtools.paths import DEFAULT_DATA, ROOT
from devtools.schema import is_current
from devtools.services import ServiceUnavailable, dying_with_parent, free_port, port_is_free
from devtools.stack import (
    StackFailed,
    beat_command,
    child,
    is_ready,
    start_redis,
    twins_command,
    web_command,
    worker_command,
    worker_environment,
)
from devtools.supervisor import Supervisor
from devtools.welcome import welcome

READY_SECONDS = 90.0
TAKEN = 3


class Refused(Exception):
    """The stack is not started; the text is one sentence, the number the exit code."""

    def __init__(self, sentence: str, code: int) -> None:
        super().__init__(sentence)
        self.code = code


class Options(NamedTuple):
    """What was asked for on the command line."""

    host: str
    port: int
    data: Path
    demo: bool
    twins: bool = False

    @property
    def local_url(self) -> str:
        """Where this machine reaches the web server."""
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)  # noqa: S104
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}"

    @property
    def public_url(self) -> str:
        """What links and QR codes hold: set by the environment, else an address a phone nearby can reach."""
        if given := os.environ.get("PUBLIC_URL"):
            return given
        return f"http://{_address_in_the_network()}:{self.port}" if self.host == "0.0.0.0" else self.local_url  # noqa: S104


def main(argv: list[str]) -> int:
    """Return 0 after a stop signal, 1 when a part did not come up, 3 when port or folder is taken."""
    options = _parse(argv)
    try:
        _refuse_taken_port(options)
        data = data_folder(options.data)
        with _own_folder(data), Supervisor(tell=_say) as supervisor:
            try:
                _serve(supervisor, options._replace(data=data))
            finally:
                (data / SERVER_NOTE).unlink(missing_ok=True)
    except Refused as exc:
        _say(str(exc))
        return exc.code
    except (StackFailed, ServiceUnavailable) as exc:
        _say(str(exc))
        return 1
    return 0


def _parse(argv: list[str]) -> Options:
    parser = argparse.ArgumentParser(prog="./dev run", allow_abbrev=False)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=_port, default=8000, help="0 takes a free one")
    parser.add_argument("--data", type=Path, default=DEFAULT_DATA, metavar="DIR")
    parser.add_argument("--no-demo", action="store_true", help="neither the demo city nor the demo helps")
    parser.add_argument("--twins", action="store_true", help="WeChat and short messages, sent to twins on this machine")
    given = parser.parse_args(argv)
    return Options(given.host, given.port or free_port(), given.data, not given.no_demo, given.twins)


def _port(text: str) -> int:
    number = int(text)
    if not 0 <= number <= 65535:
        raise argparse.ArgumentTypeError("a port is a number from 0 to 65535")
    return number


def _refuse_taken_port(options: Options) -> None:
    try:
        free = port_is_free(options.host, options.port)
    except OSError as exc:
        raise Refused(f"{options.host}:{options.port} cannot be used here: {exc.strerror}.", 2) from None
    if not free:
        raise Refused(
            f"Port {options.port} on {options.host} is taken; stop what listens there, or take another by --port.",
            TAKEN,
        )


@contextlib.contextmanager
def _own_folder(data: Path) -> Iterator[None]:
    """Hold the data folder: two stacks on one folder would write one Redis log and one pid file."""
    pid_file = data / "run/dev.pid"
    with (data / "run/lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Refused(
                f"Another ./dev run works on {data}; stop it, or choose another folder with --data.", TAKEN
            ) from None
        end_leftovers(data)
        _lead_a_group()
        pid_file.write_text(f"{os.getpid()}\n")
        try:
            yield
        finally:
            pid_file.unlink(missing_ok=True)


def _lead_a_group() -> None:
    """Become a group leader, unless a terminal's Ctrl-C reaches us through the group we are in."""
    if os.getpgrp() == os.getpid():
        return
    try:
        terminal = os.open("/dev/tty", os.O_RDONLY)
    except OSError:
        os.setpgid(0, 0)
    else:
        os.close(terminal)


def _serve(supervisor: Supervisor, options: Options) -> None:
    """Bring everything up in order, say so, and stay until the stop signal."""
    data = options.data
    note = {"url": options.local_url, "public_url": options.public_url, "demo": "1" if options.demo else "0"}
    env = app_environment(data, demo=options.demo)
    env["PUBLIC_URL"] = options.public_url
    new = _is_new(data)
    if "REDIS_URL" not in os.environ:
        env["REDIS_URL"] = note["redis_url"] = start_redis(supervisor, data, env)
    write_note(data, note)
    if env.get("DATABASE_URL") or not is_current(data / "chengjiu.sqlite3"):
        _step(supervisor, ["db", "upgrade"], data, env, "migrate")
        _step(supervisor, ["setup"], data, env, "setup")
    if new and options.demo:
        _seed(supervisor, data, env)
    if supervisor.stopping():
        return
    if options.twins:
        port = free_port()
        env["CHENGJIU_TWINS"] = f"http://127.0.0.1:{port}"
        supervisor.add(child("twins", twins_command(port), data, env))
    supervisor.add(child("web", web_command(options.host, options.port), data, env))
    supervisor.add(child("worker", worker_command(), data, worker_environment(env)))
    supervisor.add(child("beat", beat_command(data), data, env))
    _await_ready(supervisor, options)
    if not supervisor.stopping():
        print(welcome(options.public_url, data), flush=True)
        ready = json.dumps({"url": options.local_url, "data": str(data)}, separators=(",", ":"), ensure_ascii=False)
        print(f"READY {ready}", flush=True)
    supervisor.run_forever()


def _is_new(data: Path) -> bool:
    """Return whether the folder was never used, or its first seeding was cut short."""
    return (data / "run/seeding").exists() or not (
        (data / "secrets.json").exists() or (data / "chengjiu.sqlite3").exists()
    )


def _seed(supervisor: Supervisor, data: Path, env: dict[str, str]) -> None:
    mark = data / "run/seeding"
    mark.touch()
    _step(supervisor, ["seed", "--profile", "demo", "--data", str(data)], data, env, "seed")
    if not supervisor.stopping():
        mark.unlink()


def _step(supervisor: Supervisor, words: list[str], data: Path, env: dict[str, str], name: str) -> None:
    """Run one command of the application to its end, unless a stop signal arrives.

    :raise StackFailed: with the end of its log, when it fails
    """
    if supervisor.stopping():
        return
    log = data / f"logs/{name}.log"
    argv = dying_with_parent([sys.executable, "-m", "flask", "--app", "wsgi:app", *words])
    with log.open("w") as out:
        process = subprocess.Popen(argv, cwd=ROOT, env=env, stdin=subprocess.DEVNULL, stdout=out, stderr=out)
    while process.poll() is None:
        if supervisor.stopping():
            process.terminate()
        supervisor.wait(0.05)
    if process.returncode and not supervisor.stopping():
        raise StackFailed(f"`./dev flask {words[0]} …` failed (exit code {process.returncode}):\n{_tail(log)}")


def _await_ready(supervisor: Supervisor, options: Options) -> None:
    deadline = time.monotonic() + READY_SECONDS
    web = next(one for one in supervisor.children if one.name == "web")
    while not supervisor.stopping() and not _is_ready(options):
        if web.quick_deaths >= 3 or time.monotonic() > deadline:
            raise StackFailed(f"The web server did not come up:\n{_tail(web.log)}")
        supervisor.wait(0.05)


def _is_ready(options: Options) -> bool:
    address = options.local_url.removeprefix("http://").rsplit(":", 1)[0].strip("[]")
    return is_ready(address, options.port)


def _address_in_the_network() -> str:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # a documentation address: chooses the way out, sends nothing
        except OSError:
            return "127.0.0.1"
        return str(probe.getsockname()[0])


def _tail(log: Path, lines: int = 12) -> str:
    return "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:])


def _say(sentence: str) -> None:
    with contextlib.suppress(OSError):  # nobody may be listening any more; the stack runs on
        print(f"dev: {sentence}", file=sys.stderr, flush=True)
