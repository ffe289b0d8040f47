"""Linear pace, for staff."""

from datetime import date

import pytest

from chengjiu_mp.reports.figures import Figure
from chengjiu_mp.reports.pace import Pace, pace_of, ranks, share_of_year


@pytest.mark.parametrize(
    ("day", "share"),
    [(date(2025, 12, 31), 0.0), (date(2026, 12, 31), 1.0), (date(2027, 1, 1), 1.0), (date(2026, 1, 1), 1 / 365)],
)
def test_the_share_of_a_year(day: date, share: float) -> None:
    assert share_of_year(2026, day) == share


def test_half_of_a_leap_year_doubles_the_figure() -> None:
    assert pace_of(Figure(160, 60), 2028, date(2028, 7, 1)) == Pace(0.5, 80, 120, behind=True)


def test_on_pace_is_not_behind() -> None:
    assert not pace_of(Figure(160, 80), 2028, date(2028, 7, 1)).behind


def test_without_a_target_nobody_is_behind_and_before_the_year_nothing_is_foretold() -> None:
    assert pace_of(Figure(None, 5), 2028, date(2028, 7, 1)) == Pace(0.5, None, 10, behind=False)
    assert pace_of(Figure(10, 0), 2028, date(2027, 7, 1)).forecast is None


def test_equal_shares_share_a_place_and_no_target_has_none() -> None:
    assert ranks({1: Figure(100, 50), 2: Figure(10, 5), 3: Figure(10, 9), 4: Figure(None, 3)}) == {1: 2, 2: 2, 3: 1}
