"""`./dev lock`: compile the hashed locks from pyproject.toml. They name no package index and no address."""

import shutil
import subprocess
import sys

from devtools.paths import REQUIREMENTS, ROOT

COMPILE = [
    "pip", "compile", "--quiet", "--universal", "--generate-hashes", "--no-emit-index-url", "--no-emit-find-links",
    "--python-version", "3.11", "--custom-compile-command", "./dev lock",
]  # fmt: skip
LOCKS = {
    "run": ["pyproject.toml"],
    "test": ["pyproject.toml", "--extra", "test", "--extra", "check", "-c", "requirements/run.txt"],
    "bench": ["--group", "bench", "-c", "requirements/test.txt"],
    "node": ["--group", "node"],
}


def main(argv: list[str]) -> int:
    """Rewrite the locks; versions stay as they are unless `--upgrade` is given."""
    uv = shutil.which("uv")
    if argv not in ([], ["--upgrade"]) or uv is None:
        print("usage: ./dev lock [--upgrade]   (with uv on PATH)", file=sys.stderr)
        return 2
    for name, sources in LOCKS.items():
        target = str(REQUIREMENTS / f"{name}.txt")
        done = subprocess.run([uv, *COMPILE, *sources, *argv, "-o", target], cwd=ROOT, check=False)
        if done.returncode:
            return done.returncode
    return 0
