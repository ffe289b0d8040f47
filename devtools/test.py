"""`./dev test`: pytest with the given arguments, free of the caller's own settings of the application."""

import os
import sys

from devtools.paths import ROOT

KEPT = ("TEST_DATABASE_URL", "TEST_REDIS_URL", "CHENGJIU_REQUIRE_BROWSER")
DROPPED = ("DATABASE_URL", "REDIS_URL", "PUBLIC_URL")


def main(argv: list[str]) -> int:
    """Replace this process by pytest."""
    os.chdir(ROOT)
    argv = [sys.executable, "-P", "-m", "pytest", *argv]
    os.execve(sys.executable, argv, clean_environment(dict(os.environ)))  # noqa: S606


def clean_environment(env: dict[str, str]) -> dict[str, str]:
    """Return `env` without what would point the tests at a real database, broker, key or address."""
    return {
        name: value
        for name, value in env.items()
        if name in KEPT or not (name in DROPPED or name.startswith("CHENGJIU_"))
    }
