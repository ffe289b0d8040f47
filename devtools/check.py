"""`./dev check`: everything that can be told without running the product. All steps run; any failure fails."""

import os
import subprocess
import sys
import time

from devtools.paths import ROOT
from devtools.test import clean_environment

STEPS = {
    "format": ["ruff", "format", "--check", "."],
    "lint": ["ruff", "check", "."],
    "types": ["mypy"],
    "guards": ["pytest", "-q", "tests/guards"],
}


def main(argv: list[str]) -> int:
    """Run the steps named in `argv` (all without names); return 1 if one fails, 2 for an unknown name."""
    unknown = [name for name in argv if name not in STEPS]
    if unknown:
        print(f"usage: ./dev check [{' | '.join(STEPS)}] …", file=sys.stderr)
        return 2
    failed = [name for name in argv or STEPS if not _passes(name)]
    print(f"check: {'failed: ' + ', '.join(failed) if failed else 'all passed'}", flush=True)
    return 1 if failed else 0


def _passes(name: str) -> bool:
    started = time.monotonic()
    print(f"── {name}", flush=True)
    done = subprocess.run(
        [sys.executable, "-P", "-m", *STEPS[name]],
        cwd=ROOT,
        env=clean_environment(dict(os.environ)),
        check=False,
    )
    verdict = "passed" if done.returncode == 0 else f"failed (exit code {done.returncode})"
    print(f"── {name} {verdict}, {time.monotonic() - started:.1f} s", flush=True)
    return done.returncode == 0
