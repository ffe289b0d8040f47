"""Working days, months, observances."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chengjiu_mp.core.calendar import (
    DayKind,
    HolidayNoticeUnreadable,
    add_months,
    day_kind,
    holiday_name,
    nth_weekday,
    observances,
    read_year,
    shipped_years,
    staff_work_on,
    world_first_aid_day,
)
from tests.properties import steady

days = st.dates(date(1900, 1, 1), date(2200, 12, 31))


def d(text: str) -> date:
    return date.fromisoformat(text)


@pytest.mark.parametrize(
    ("day", "kind"),
    [
        ("2026-11-23", DayKind.WORKDAY),
        ("2026-12-05", DayKind.WEEKEND),
        ("2026-10-10", DayKind.WORKDAY),
        ("2026-02-21", DayKind.HOLIDAY),
        ("2027-02-06", DayKind.UNKNOWN),
    ],
)
def test_kinds_of_days(day, kind):
    assert day_kind(d(day)) is kind


@pytest.mark.parametrize(("year", "off", "made_up"), [(2025, 28, 5), (2026, 33, 6)])
def test_the_shipped_notices_are_whole(year, off, made_up):
    notice = shipped_years()[year]
    assert (len(notice.holidays), len(notice.workdays)) == (off, made_up)
    assert set(notice.holidays.values()) >= {"元旦", "春节", "清明节", "劳动节", "端午节", "中秋节", "国庆节"}


def test_nothing_is_shipped_for_a_year_without_a_notice():
    assert set(shipped_years()) == {2025, 2026}


def test_an_imported_year_is_known():
    notice = read_year({"year": 2027, "holidays": {"2027-10-01": "国庆节"}, "workdays": ["2027-10-09"]})
    years = {2027: notice}
    kinds = [day_kind(d(day), years) for day in ("2027-10-01", "2027-10-09", "2027-10-10", "2026-10-01")]
    assert kinds == [DayKind.HOLIDAY, DayKind.WORKDAY, DayKind.WEEKEND, DayKind.UNKNOWN]
    assert (holiday_name(d("2027-10-01"), years), holiday_name(d("2027-10-02"), years)) == ("国庆节", None)


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"year": 2027, "holidays": {}, "workdays": []},
        {"year": 2027, "holidays": {"2026-10-01": "国庆节"}, "workdays": []},
        {"year": 2027, "holidays": {"2027-10-01": "国庆节"}, "workdays": ["2027-10-01"]},
        {"year": 2027, "holidays": {"2027-10-01": "国庆节"}, "workdays": ["2027-10-11"]},
        {"year": 2027, "holidays": {"10月1日": "国庆节"}, "workdays": []},
        {"year": "next", "holidays": [], "workdays": None},
    ],
)
def test_a_notice_that_does_not_hold_together_is_refused(document):
    with pytest.raises(HolidayNoticeUnreadable):
        read_year(document)


@pytest.mark.parametrize(
    ("day", "works"),
    [("2026-10-10", True), ("2026-10-05", False), ("2026-10-11", False), ("2027-10-01", True), ("2027-10-02", False)],
)
def test_staff_days_fall_back_to_the_weekday(day, works):
    assert staff_work_on(d(day)) is works


@pytest.mark.parametrize(
    ("day", "months", "expected"),
    [
        ("2024-02-29", 36, "2027-02-28"),
        ("2026-01-31", 36, "2029-01-31"),
        ("2026-08-31", 6, "2027-02-28"),
        ("2026-03-31", -1, "2026-02-28"),
        ("2026-12-31", 1, "2027-01-31"),
    ],
)
def test_months_clamp_to_the_end(day, months, expected):
    assert add_months(d(day), months) == d(expected)


@steady
@given(days, st.integers(-1200, 1200))
def test_months_move_by_months_and_keep_the_day_where_they_can(day, months):
    moved = add_months(day, months)
    assert (moved.year - day.year) * 12 + moved.month - day.month == months
    assert moved.day == day.day or (moved + timedelta(days=1)).day == 1


def test_months_out_of_the_calendar_are_an_error():
    with pytest.raises(ValueError, match="year"):
        add_months(date(9999, 12, 1), 1)


@steady
@given(st.integers(1, 9999))
def test_first_aid_day_is_the_second_saturday_of_september(year):
    day = world_first_aid_day(year)
    assert (day.month, day.weekday()) == (9, 5)
    assert 8 <= day.day <= 14


@pytest.mark.parametrize(("nth", "month"), [(0, 9), (5, 2), (6, 9)])
def test_a_weekday_the_month_does_not_have_is_an_error(nth, month):
    with pytest.raises(ValueError, match="weekday"):
        nth_weekday(2026, month, nth, 5)


def test_campaign_days():
    assert observances(2026) == {
        d("2026-05-08"): "世界红十字日",
        d("2026-05-12"): "全国防灾减灾日",
        d("2026-09-12"): "世界急救日",
    }
