"""The proof of `./dev prove certificates`, small: a real worker is killed in the middle and nothing is lost or done twice."""

import json
import subprocess
import sys

import pytest

from devtools.paths import ROOT


@pytest.mark.worker
@pytest.mark.slow
def test_a_killed_worker_loses_doubles_and_truncates_nothing() -> None:
    command = [sys.executable, "-m", "devtools.prove_certificates", "--json", "--certificates", "6", "--kills", "1"]
    done = subprocess.run(
        [*command, "--broker-losses", "0", "--seconds", "90"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    outcome = json.loads(done.stdout.splitlines()[-1])
    assert (done.returncode, outcome["ready"], outcome["kills"]) == (0, 6, 1)
    assert (outcome["lost"], outcome["doubled"], outcome["truncated"]) == (0, 0, 0)
