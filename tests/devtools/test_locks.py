"""The locks pin every package by hash and name no place to fetch it from."""

import base64
import hashlib
import json
import re
from pathlib import Path

import pytest

from devtools.decoder import FILES, VERSION
from devtools.paths import REQUIREMENTS, ROOT, VENDOR

PIN = re.compile(r"^[a-z0-9][a-z0-9._-]*(\[[a-z,]+\])?==\S+( ;.*)? \\$")
HASH = re.compile(r"^    --hash=sha256:[0-9a-f]{64}( \\)?$")
LOCKS = ("run", "test", "bench", "node")


def lines(name: str) -> list[str]:
    text = (REQUIREMENTS / f"{name}.txt").read_text(encoding="utf-8")
    return [line for line in text.splitlines() if not line.lstrip().startswith("#")]


def pins(name: str) -> dict[str, str]:
    found = [re.match(r"([^=\[]+)[^=]*==(\S+)", line) for line in lines(name)]
    return {pin[1]: pin[2] for pin in found if pin}


@pytest.mark.parametrize("name", LOCKS)
def test_every_line_is_a_pin_or_a_hash(name):
    assert [line for line in lines(name) if not PIN.match(line) and not HASH.match(line)] == []


@pytest.mark.parametrize("name", LOCKS)
def test_every_pin_is_followed_by_a_hash(name):
    after = [second for first, second in zip(lines(name), [*lines(name)[1:], ""], strict=True) if PIN.match(first)]
    assert after
    assert all(HASH.match(line) for line in after)


@pytest.mark.parametrize("name", LOCKS)
def test_no_lock_names_an_address(name):
    text = (REQUIREMENTS / f"{name}.txt").read_text(encoding="utf-8")
    assert not re.search(r"://|--(extra-)?index-url|--find-links|--trusted-host", text)


def test_the_test_lock_holds_the_run_lock_in_the_same_versions():
    assert pins("run").items() <= pins("test").items()


def test_what_only_a_measurement_needs_changes_nothing_that_is_measured():
    of, theirs = pins("bench"), pins("test")
    assert {name for name in of if name in theirs and of[name] != theirs[name]} == set()
    assert {"reportlab", "weasyprint"} <= set(of) - set(theirs)


def test_celery_is_the_release_that_survives_a_broker_restart():
    assert pins("run")["celery"] == "5.6.3"


def npm_packages() -> dict[str, dict[str, str]]:
    lock = json.loads((ROOT / "package-lock.json").read_text(encoding="utf-8"))
    return {name: entry for name, entry in lock["packages"].items() if name}


def test_every_npm_package_has_a_strong_hash_and_no_address():
    for name, entry in npm_packages().items():
        assert entry["integrity"].startswith("sha512-"), name
        assert "resolved" not in entry, name


def test_the_decoder_is_the_version_its_file_names_say():
    assert npm_packages()["node_modules/zxing-wasm"]["version"] == VERSION


def vendor_file(source: str) -> Path:
    path = VENDOR / FILES[source]
    if not path.is_file():
        pytest.skip("the QR decoder is not installed here (./dev test installs it)")
    return path


def test_the_wasm_is_the_one_its_javascript_was_built_with():
    wasm = hashlib.sha256(vendor_file("dist/reader/zxing_reader.wasm").read_bytes())
    script = vendor_file("dist/iife/reader/index.js").read_text(encoding="utf-8")
    named = (wasm.hexdigest(), base64.b64encode(wasm.digest()).decode())
    assert any(digest in script for digest in named)
