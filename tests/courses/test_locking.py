"""When the list of names is final."""

from datetime import datetime

import pytest
from flask import Flask

from chengjiu_mp.core import clock
from chengjiu_mp.courses.locking import roster_locked, roster_locks_at
from tests import factories
from tests.conftest import FrozenClock

# Half past midnight in Jiangyin is still the day before in UTC: the day is counted where people live.
BEGINS = datetime.fromisoformat("2026-11-28T00:30:00+08:00")
LOCKS = datetime.fromisoformat("2026-11-27T18:00:00+08:00")


@pytest.mark.parametrize(
    ("now", "locked"),
    [("2026-11-27T17:59:59+08:00", False), ("2026-11-27T18:00:00+08:00", True), ("2026-11-28T09:00:00+08:00", True)],
)
def test_the_list_is_final_from_six_in_the_evening_of_the_day_before(
    app: Flask, frozen: FrozenClock, now: str, locked: bool
) -> None:
    with factories.made():
        run = factories.run(starts_in=BEGINS - clock.now())
    assert roster_locks_at(run) == LOCKS
    frozen.now = datetime.fromisoformat(now)
    assert roster_locked(run) is locked


@pytest.mark.parametrize("state", ["draft", "closed", "cancelled"])
def test_only_a_published_run_s_list_is_open(app: Flask, state: str) -> None:
    with factories.made():
        run = factories.run(state=state)
    assert roster_locked(run)
