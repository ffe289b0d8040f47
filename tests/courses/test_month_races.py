"""Two people press the same button at once: real threads, real commits."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date, time
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from chengjiu_mp.core import spreadsheet
from chengjiu_mp.core.db import db, end_read, unit_of_work
from chengjiu_mp.courses.copying import pattern_of
from chengjiu_mp.courses.links import link_to
from chengjiu_mp.courses.models import CourseRun
from chengjiu_mp.courses.month_import import import_month
from chengjiu_mp.courses.series import Weekly, make_series, planned
from chengjiu_mp.courses.series_models import CourseSeries, PosterLink
from chengjiu_mp.signin.models import Account
from tests import factories, sheets
from tests.courses.test_month_import import GOOD, HEAD

Together = Callable[[Callable[[], Any]], list[Any]]


@pytest.fixture
def boss(app: Flask) -> Account:
    with factories.made():
        factories.venue(name="训练厅")
        return factories.account("operator")


@pytest.fixture
def together(app: Flask, boss: Account) -> Iterator[Together]:
    """Run some work in six threads at once, each in a transaction of its own."""

    def one(work: Callable[[], Any]) -> Any:
        with app.app_context(), factories.acting(boss):
            try:
                with unit_of_work():
                    return work()
            finally:
                db.session.remove()

    with ThreadPoolExecutor(6) as pool:
        yield lambda work: list(pool.map(one, [work] * 6))


def count(model: Any) -> int:
    end_read()  # what this thread read before the race is not what is there now
    return db.session.scalar(select(func.count()).select_from(model)) or 0


def test_a_target_gets_one_link(together: Together) -> None:
    town = factories.unit().id
    assert len(set(together(lambda: link_to("unit", town).id))) == 1
    assert count(PosterLink) == 1


def test_a_list_of_dates_becomes_one_series(together: Together) -> None:
    with factories.made():
        run = factories.run()
    weekly = Weekly(frozenset({5}), date(2026, 11, 28), time(14), time(17), count=2)
    drafts = [one.draft for one in planned(weekly, pattern_of(run)) if one.draft]
    assert len(set(together(lambda: make_series("a" * 32, "周末班", drafts).id))) == 1
    assert (count(CourseSeries), count(CourseRun)) == (1, 3)


def test_a_file_is_imported_once(together: Together) -> None:
    rows = [{**GOOD, "师资": "", "日期": day}[column] for day in ("2026-12-05", "2026-12-12") for column in HEAD]
    month = spreadsheet.read(sheets.book([HEAD, rows[: len(HEAD)], rows[len(HEAD) :]]))
    assert sorted(len(made) for made in together(lambda: import_month(month))) == [0, 0, 0, 0, 0, 2]
    assert count(CourseRun) == 2
