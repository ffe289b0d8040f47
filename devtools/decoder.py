"""The one browser part that is not ours: the QR decoder of the scan page, installed from package-lock.json.

Standard library only. Without it the scan page offers the manual code, so a missing registry is a warning
at the desk and a refusal in CI.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from devtools.paths import REQUIREMENTS, ROOT, VENDOR

VERSION = "3.1.4"
PACKAGE = ROOT / "node_modules/zxing-wasm"
FILES = {
    "dist/iife/reader/index.js": f"zxing-reader-{VERSION}.js",
    "dist/reader/zxing_reader.wasm": f"zxing_reader-{VERSION}.wasm",
}
NPM_CI = ["ci", "--ignore-scripts", "--no-audit", "--no-fund"]


class DecoderMissing(Exception):
    """The decoder could not be installed; the text is one sentence."""


def install_decoder(*, required: bool) -> None:
    """Put the decoder's two files under `static/vendor/`; where that fails, warn, or end here if required."""
    if all((VENDOR / name).is_file() for name in FILES.values()):
        return
    try:
        _fetch()
        _publish()
    except DecoderMissing as exc:
        print(f"dev: {exc}", file=sys.stderr, flush=True)
        if required:
            raise SystemExit(1) from None


def _fetch() -> None:
    npm = shutil.which("npm")
    if npm is not None:
        _npm_ci([npm], dict(os.environ))
        return
    print("dev: no npm here; fetching one (60 MB, once) for the QR decoder of the scan page …", flush=True)
    with tempfile.TemporaryDirectory(prefix="dev-npm-") as folder:
        python = Path(folder) / "bin/python"
        _quiet([sys.executable, "-m", "venv", folder], "no environment could be made for npm")
        lock = REQUIREMENTS / "node.txt"
        pip = [
            str(python),
            "-m",
            "pip",
            "install",
            "--quiet",
            "--retries",
            "2",
            "--require-hashes",
            "-r",
            str(lock),
        ]
        _quiet(pip, "npm could not be fetched")
        path = os.pathsep.join([str(python.parent), os.environ.get("PATH", os.defpath)])
        _npm_ci([str(python), str(python.with_name("npm"))], {**os.environ, "PATH": path})


def _npm_ci(npm: list[str], environment: dict[str, str]) -> None:
    _quiet([*npm, *NPM_CI], "the npm registry gave no answer we can use", environment)


def _quiet(argv: list[str], what: str, environment: dict[str, str] | None = None) -> None:
    done = subprocess.run(argv, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise DecoderMissing(
            f"The camera scan will offer typed codes only, because {what} (exit code {done.returncode})."
        )


def _publish() -> None:
    VENDOR.mkdir(parents=True, exist_ok=True)
    for source, name in FILES.items():
        if not (PACKAGE / source).is_file():
            raise DecoderMissing(f"The camera scan will offer typed codes only, because zxing-wasm has no {source}.")
        partial = VENDOR / f"{name}.part"
        shutil.copyfile(PACKAGE / source, partial)
        partial.replace(VENDOR / name)
