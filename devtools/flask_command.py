"""`./dev flask …`: a command of the application on a data folder, whether its server is up or down."""

import os
import sys
from pathlib import Path

from devtools.environment import app_environment, data_folder
from devtools.paths import DEFAULT_DATA, ROOT


def main(argv: list[str]) -> int:
    """Replace this process by `flask`; a leading `--data DIR` chooses the folder (default: .data)."""
    data, words = DEFAULT_DATA, argv
    if argv[:1] == ["--data"]:
        if len(argv) < 2:
            print("usage: ./dev flask [--data DIR] …", file=sys.stderr)
            return 2
        data, words = Path(argv[1]), argv[2:]
    env = app_environment(data_folder(data))
    os.chdir(ROOT)
    os.execve(sys.executable, [sys.executable, "-m", "flask", "--app", "wsgi:app", *words], env)  # noqa: S606
