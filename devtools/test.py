"""`./dev test`: pytest with the given arguments, free of the caller's own settings of the application.

Without arguments the whole suite runs, a file at a time on each core (at most four): every process has a database
server of its own, so nothing is shared.
"""

import os
import sys

from devtools.paths import ROOT

KEPT = ("TEST_DATABASE_URL", "TEST_REDIS_URL", "CHENGJIU_REQUIRE_BROWSER")
DROPPED = ("DATABASE_URL", "REDIS_URL", "PUBLIC_URL")


def main(argv: list[str]) -> int:
    """Replace this process by pytest."""
    os.chdir(ROOT)
    argv = [sys.executable, "-P", "-m", "pytest", *spread(argv), *argv]
    os.execve(sys.executable, argv, clean_environment(dict(os.environ)))  # noqa: S606


def spread(argv: list[str]) -> list[str]:
    """Return the options that share the files among the cores; none when the caller chose tests or a number."""
    chosen = any(word == "-n" or word.startswith("tests") for word in argv)
    cores = min(4, os.cpu_count() or 1)
    return [] if chosen or cores == 1 else ["-n", str(cores), "--dist", "loadfile"]


def clean_environment(env: dict[str, str]) -> dict[str, str]:
    """Return `env` without what would point the tests at a real database, broker, key or address."""
    return {
        name: value
        for name, value in env.items()
        if name in KEPT or not (name in DROPPED or name.startswith("CHENGJIU_"))
    }
