"""Dates and figures as people read them."""

import datetime as dt

import pytest

from chengjiu_mp.web import templating as t

UTC = dt.UTC
SATURDAY = dt.datetime(2026, 11, 28, 6, 0, tzinfo=UTC)


def test_moments_are_shown_on_the_local_clock() -> None:
    assert t.day_time(SATURDAY) == "11月28日（周六）14:00"
    assert t.day(dt.datetime(2026, 12, 31, 16, 0, tzinfo=UTC)) == "1月1日（周五）"
    assert t.date_long(dt.datetime(2026, 12, 31, 16, 0, tzinfo=UTC)) == "2027年1月1日"


def test_a_date_is_the_same_on_every_clock() -> None:
    assert t.day(dt.date(2026, 11, 28)) == "11月28日（周六）"
    assert t.date_long(dt.date(2026, 2, 3)) == "2026年2月3日"


def test_a_range_names_the_later_day_only_when_it_differs() -> None:
    assert t.time_range(SATURDAY, SATURDAY + dt.timedelta(hours=3)) == "14:00–17:00"
    assert t.time_range(SATURDAY, SATURDAY + dt.timedelta(days=1)) == "14:00 至 11月29日（周日）14:00"
    assert t.time_range(SATURDAY, SATURDAY + dt.timedelta(hours=10)) == "14:00 至 11月29日（周日）00:00"
    assert t.time_range(SATURDAY) == "14:00"


def test_a_date_is_kept_in_one_line_and_words_are_escaped() -> None:
    assert t.keep_dates("<b> 11月28日（周六）14:00") == '&lt;b&gt; <span class="kept">11月28日（周六）14:00</span>'
    assert t.keep_dates("11月28日（周六）14:00–17:00") == (
        '<span class="kept">11月28日（周六）</span><wbr><span class="kept">14:00–17:00</span>'
    )


def test_a_telephone_number_is_kept_in_one_line_and_words_are_escaped() -> None:
    told = t.keep_numbers("<请致电 0510-86800000，或 13912345678>；第 12 行")
    assert told == (
        '&lt;请致电 <span class="kept">0510-86800000</span>，或 <span class="kept">13912345678</span>&gt;；第 12 行'
    )


def test_what_ends_a_clause_stays_with_its_date() -> None:
    assert (
        t.keep_dates("急救课，11月28日（周六）14:00，江阴")
        == '急救课，<span class="kept">11月28日（周六）14:00，</span>江阴'
    )
    assert t.keep_dates("11月28日（周六）。").endswith("（周六）。</span>")
    assert t.keep_dates("“夜校”（11月28日（周六）").endswith('”<span class="kept">（11月28日（周六）</span>')
    assert t.keep_dates("11月28日（周六）14:00–17:00，江阴").endswith('<span class="kept">14:00–17:00，</span>江阴')


def test_a_moment_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="zone"):
        t.day_time(SATURDAY.replace(tzinfo=None))


def test_what_is_unknown_reads_as_unknown() -> None:
    assert (t.day(None), t.date_long(None), t.day_time(None)) == ("待核实",) * 3
    assert t.thousands(None) == "—"


@pytest.mark.parametrize(
    ("part", "whole", "words"),
    [(0, 10, "0%"), (999, 1000, "99%"), (1000, 1000, "100%"), (1500, 1000, "150%"), (5, 0, "—"), (5, None, "—")],
)
def test_a_share_never_rounds_up_to_the_target(part: int, whole: int | None, words: str) -> None:
    assert t.percent(part, whole) == words


def test_large_figures_are_grouped() -> None:
    assert t.thousands(105000) == "105,000"
