"""The environment variables under which the application runs on a data folder.

What the caller already set (a PostgreSQL address, a public address) wins over what is embedded.
"""

import json
import os
from pathlib import Path

from devtools.paths import ROOT

SERVER_NOTE = "run/server.json"  # {"url", "public_url", "redis_url", "demo"} of the stack that runs now; mode 0600


def app_environment(data: Path, *, demo: bool | None = None) -> dict[str, str]:
    """Return the environment for the application on `data`, for a server that is up or down.

    :param demo: whether demo helps are on; by default as in the stack that runs on the folder, else on
    """
    note = read_note(data)
    env = dict(os.environ)
    env.setdefault("CHENGJIU_ENV", "development")
    env["CHENGJIU_DATA_DIR"] = str(data)
    env["PYTHONPATH"] = str(ROOT)
    env["PYTHONUNBUFFERED"] = "1"
    env["PYTHONUTF8"] = "1"
    if demo is None:
        env.setdefault("CHENGJIU_DEMO", note.get("demo", "1"))
    else:
        env["CHENGJIU_DEMO"] = "1" if demo else "0"
    if "redis_url" in note:
        env.setdefault("REDIS_URL", note["redis_url"])
    if "public_url" in note:
        env.setdefault("PUBLIC_URL", note["public_url"])
    return env


def read_note(data: Path) -> dict[str, str]:
    """Return what the running stack left about itself, or an empty dictionary."""
    try:
        note = json.loads((data / SERVER_NOTE).read_text())
    except (OSError, ValueError):
        return {}
    return {str(key): str(value) for key, value in note.items()} if isinstance(note, dict) else {}


def write_note(data: Path, note: dict[str, str]) -> None:
    """Leave the addresses of the running stack for the other commands; they may hold a password."""
    path = data / SERVER_NOTE
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
        json.dump(note, out)


def data_folder(path: Path) -> Path:
    """Return the folder as an absolute path, made readable by its owner alone when it is new."""
    folder = path.expanduser().absolute()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for name in ("run", "logs"):
        (folder / name).mkdir(exist_ok=True)
    return folder
