"""`./dev seed`: bring a data folder's schema up to date, then fill it. Repeatable, server up or down."""

import argparse
import subprocess
import sys
from pathlib import Path

from devtools.environment import app_environment, data_folder
from devtools.paths import ROOT
from devtools.schema import is_current


def main(argv: list[str]) -> int:
    """Return the exit code of the application's own seed command."""
    parser = argparse.ArgumentParser(prog="./dev seed", allow_abbrev=False)
    parser.add_argument("--profile", required=True, choices=["demo", "blackbox"])
    parser.add_argument("--data", required=True, type=Path, metavar="DIR")
    parser.add_argument("--out", type=Path, metavar="F", help="where to write the accounts (blackbox)")
    given = parser.parse_args(argv)
    data = data_folder(given.data)
    words = ["seed", "--profile", given.profile, "--data", str(data)]
    if given.out:
        words += ["--out", str(given.out.expanduser().absolute())]
    env = app_environment(data)
    flask = [sys.executable, "-m", "flask", "--app", "wsgi:app"]
    if env.get("DATABASE_URL") or not is_current(data / "chengjiu.sqlite3"):
        for step in (["db", "upgrade"], ["setup"]):
            done = subprocess.run([*flask, *step], cwd=ROOT, env=env, check=False)
            if done.returncode:
                return done.returncode
    return subprocess.run([*flask, *words], cwd=ROOT, env=env, check=False).returncode
