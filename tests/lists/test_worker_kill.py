"""The proof of `./dev prove import`, small: a real worker is killed twice and every line comes out as undisturbed."""

import json
import subprocess
import sys

import pytest

from devtools.paths import ROOT


@pytest.mark.worker
@pytest.mark.slow
def test_a_killed_worker_changes_nothing_of_what_comes_out() -> None:
    command = [sys.executable, "-m", "devtools.prove_import", "--json", "--rows", "120", "--kills", "2"]
    done = subprocess.run([*command, "--seconds", "120"], cwd=ROOT, capture_output=True, text=True, check=False)
    outcome = json.loads(done.stdout.splitlines()[-1])
    assert (done.returncode, outcome["kills"], outcome["different"]) == (0, 2, 0)
    assert (outcome["accepted"] + outcome["rejected"], outcome["created_again"], outcome["broken"]) == (120, 0, [])
