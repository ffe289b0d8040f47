"""The measurement of a unit's list: what it asks, and what it adds up. Nothing is timed here."""

import asyncio
import itertools
import subprocess
import sys

import pytest

from devtools import bench_import as bench
from devtools.bench_load import Reply
from devtools.paths import ROOT
from tests.browsing import apart


def test_a_round_tells_pages_from_signups_and_counts_what_failed():
    page, signup = b"GET / HTTP/1.1\r\n\r\n", b"POST /api/v1/runs/1/signups HTTP/1.1\r\n\r\n"
    quiet = [(page, Reply(200, 0.010)), (page, Reply(200, 0.020)), (signup, Reply(201, 0.030))]
    busy = [(page, Reply(200, 0.011)), (page, Reply(503, 0.024)), (signup, Reply(0, 0.5))]
    found = bench._found(quiet, busy, 40.0)
    assert (found.quiet_p50, found.quiet_p99, found.busy_p50, found.busy_p99) == (10.0, 20.0, 11.0, 24.0)
    assert (found.quiet_signup_p95, found.busy_signup_p95, found.errors) == (30.0, 500.0, 2)
    assert found.ratio == pytest.approx(1.2)


def test_the_ratio_is_the_median_of_the_rounds_own_ratios():
    rounds = [bench.Round(5, quiet, 6, busy, 9, 12, 40, 0) for quiet, busy in ((10, 30), (20, 22), (40, 44))]
    found = bench._figures(10_000, rounds)
    assert (found.ratio, found.ratios, found.quiet_p99_ms, found.busy_p99_ms) == (1.1, [3.0, 1.1, 1.1], 20, 30)


async def _answer_and_hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    writer.close()


async def _three_asked_of_a_server_that_hangs_up() -> bench.Asked:
    server = await asyncio.start_server(_answer_and_hang_up, "127.0.0.1", 0)
    async with server:
        steps = iter((True, True, True))
        asked = bench._ask(
            server.sockets[0].getsockname()[1], itertools.repeat(bench._get("/")), lambda: next(steps, False)
        )
        return await asked


def test_a_line_that_the_server_hung_up_is_not_asked_again():
    asked = apart(lambda: asyncio.run(_three_asked_of_a_server_that_hangs_up()))
    assert [reply.status for _, reply in asked] == [200, 200, 200]


@pytest.mark.worker
@pytest.mark.slow
def test_a_small_list_is_enrolled_while_pages_are_asked():
    argv = [sys.executable, "-m", "devtools", "bench", "import", "--quick"]
    done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=True, timeout=120)
    said = dict(line.split(maxsplit=1) for line in done.stdout.splitlines())
    assert (said["rows"], said["rounds"], said["errors"]) == ("100", "1", "0")
    assert float(said["import_s"]) > 0
