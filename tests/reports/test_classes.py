"""The report by class of people and by 六进: one class each, sums that agree, figures that open, the caller's scope."""

import io
import zipfile
from datetime import date
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from chengjiu_mp.core.context import Principal
from chengjiu_mp.core.errors import NotFound
from chengjiu_mp.reports.classes import FIELDS, by_class, days_between, sheet_of
from chengjiu_mp.reports.drilldown import Asked, rows_behind, total_behind
from chengjiu_mp.reports.errors import DaysBackwards
from chengjiu_mp.reports.figures import Classes, ClassLine
from chengjiu_mp.reports.policy import EVERYTHING, scope_of
from chengjiu_mp.reports.progress import progress
from chengjiu_mp.signin import sessions
from tests import factories
from tests.figures_rows import at, certificate, held, sector

YEAR = (date(2026, 1, 1), date(2026, 12, 31))
PATH = "/api/v1/progress/classes"


def staff(role: str = "operator", unit: str | None = None, **grant: Any) -> Principal:
    who = factories.account(role, unit, **grant)
    return Principal(account_id=who.id, name=who.name, grants=sessions.grants_of(who.id))


def some_rows() -> None:
    """Seven certificates or trainees, four heads of runs, in two rows of the plan and in none; one class is nobody's."""
    police = held("cpr_aed", "nanzha", key_group="police")
    certificate("nanzha", of=police, key_group="police")
    factories.signup(police, outcome="attended", owner_unit_id=factories.unit("yunting").id, key_group="medical")
    factories.signup(police, outcome="absent", key_group="medical")
    certificate("nanzha", "junior", key_group="students", sector_id=sector("school"))
    certificate("yunting", key_group="long ago")
    certificate("jiangyin", revoked_on=date(2026, 11, 1))
    certificate("yunting", of=held("cpr_aed", "yunting", ends=at("2026-03-31 16:00")), key_group="officials")
    certificate("yunting", of=held("cpr_aed", "yunting", ends=at("2026-04-01 08:00")), key_group="officials")
    held("popular", "nanzha", head_count=30, key_group="students")
    held("popular", "nanzha", head_count=200, online=True)
    held("popular", "yunting", head_count=8, sector_id=sector("family"))
    held("popular", "jiangyin", head_count=5, state="published", closed_at=None)


def line(found: Classes, key: str) -> ClassLine:
    return next(one for one in [*found.groups, *found.sectors] if one.key == key)


def figures(of: ClassLine) -> list[int]:
    return [getattr(of, name) for name in FIELDS]


def test_everybody_is_of_one_class_and_the_classes_sum_to_the_total(app: Flask) -> None:
    with factories.made():
        some_rows()
    found = by_class(EVERYTHING, YEAR)
    assert figures(found.totals) == [7, 5, 1, 38, 200]
    for lines in (found.groups, found.sectors):
        assert [sum(getattr(one, name) for one in lines) for name in FIELDS] == figures(found.totals)
    assert figures(line(found, "police")) == [0, 1, 0, 0, 0]
    assert figures(line(found, "medical")) == [1, 0, 0, 0, 0]
    assert figures(line(found, "students")) == [0, 1, 1, 30, 0]
    # A class that nobody names, and a run for everybody, are 其他.
    assert figures(line(found, "other")) == [6, 1, 0, 8, 200]
    assert [one.name for one in found.groups][-1] == "其他" and found.persons == 7


def test_a_whole_year_agrees_with_the_board(app: Flask) -> None:
    with factories.made():
        some_rows()
    board, found = progress(2026), by_class(EVERYTHING, YEAR)
    totals = board.totals
    assert figures(found.totals)[1:] == [totals.certified.done, totals.junior.done, totals.popular.done, totals.online]
    for six in board.sectors:
        mine = line(found, str(six.sector_id))
        assert (mine.certified, mine.popular, mine.online) == (six.certified, six.popular, six.online)


@pytest.mark.parametrize("unit", [None, "nanzha", "yunting", "nowhere"])
def test_every_figure_equals_the_rows_behind_it(app: Flask, unit: str | None) -> None:
    with factories.made():
        some_rows()
        who = staff()
        row = {None: None, "nowhere": 0}.get(unit, factories.unit("nanzha" if unit in (None, "nowhere") else unit).id)
    found = by_class(EVERYTHING, YEAR, row)
    for one, where in _places(found):
        for metric in FIELDS:
            asked = Asked(2026, metric, row, days=YEAR, **where)
            assert total_behind(who, asked) == getattr(one, metric)
            assert sum(behind.count for behind in rows_behind(who, asked).items) == getattr(one, metric)


def _places(found: Classes) -> list[tuple[ClassLine, dict[str, Any]]]:
    groups = [(one, {"key_group": one.key}) for one in found.groups]
    return [*groups, *((one, {"sector_id": int(one.key)}) for one in found.sectors), (found.totals, {})]


def test_a_run_counts_in_the_period_of_its_last_meeting(app: Flask) -> None:
    with factories.made():
        some_rows()
    first = by_class(EVERYTHING, (date(2026, 1, 1), date(2026, 3, 31)))
    second = by_class(EVERYTHING, (date(2026, 4, 1), date(2026, 6, 30)))
    assert figures(first.totals) == figures(second.totals) == [1, 1, 0, 0, 0]
    assert figures(by_class(EVERYTHING, (date(2026, 11, 23), date(2026, 11, 23))).totals) == [5, 3, 1, 38, 200]


def test_the_rows_of_the_plan_sum_to_the_city(app: Flask) -> None:
    with factories.made():
        some_rows()
        rows = [one.unit_id for one in progress(2026).rows]
    parts = [figures(by_class(EVERYTHING, YEAR, row).totals) for row in (*rows, 0)]
    assert [sum(column) for column in zip(*parts, strict=True)] == figures(by_class(EVERYTHING, YEAR).totals)


def test_a_unit_sees_its_own_people_and_no_other_row(app: Flask) -> None:
    with factories.made():
        some_rows()
        who = staff("unit_manager", "yunting")
        other = factories.unit("nanzha").id
    # Its own person in another unit's run is its own, as the certificate will be.
    own = by_class(scope_of(who), YEAR)
    assert (figures(own.totals), line(own, "medical").trained) == ([4, 3, 0, 8, 0], 1)
    with pytest.raises(NotFound):
        by_class(scope_of(who), YEAR, other)


def test_a_grant_over_a_class_sees_that_class(app: Flask) -> None:
    with factories.made():
        some_rows()
        who = staff("auditor", key_group="students")
    assert figures(by_class(scope_of(who), YEAR).totals) == [0, 1, 1, 30, 0]


def test_who_came_is_masked(app: Flask) -> None:
    with factories.made():
        some_rows()
        who = staff()
    (row,) = rows_behind(who, Asked(2026, "trained", days=YEAR, key_group="medical")).items
    assert (row.kind, row.text, row.unit, row.on) == ("signup", "张*", "云亭街道", date(2026, 11, 23))
    assert row.run_id


def test_a_period_begins_with_its_year_and_ends_today(app: Flask) -> None:
    assert days_between(None, None) == (date(2026, 1, 1), date(2026, 11, 23))
    assert days_between(None, date(2024, 5, 5)) == (date(2024, 1, 1), date(2024, 5, 5))
    with pytest.raises(DaysBackwards):
        days_between(date(2026, 2, 2), date(2026, 2, 1))


def test_the_route_answers_staff_alone(client: FlaskClient) -> None:
    with factories.made():
        some_rows()
        headers, teacher = factories.bearer(), factories.bearer("instructor")
    assert (client.get(PATH).status_code, client.get(PATH, headers=teacher).status_code) == (401, 403)
    answer = client.get(f"{PATH}?since=2026-01-01&until=2026-03-31", headers=headers).get_json()
    assert (answer["totals"]["trained"], answer["since"], answer["until"]) == (1, "2026-01-01", "2026-03-31")
    assert [one["key"] for one in answer["groups"]][:2] == ["officials", "school_staff"] and len(answer["sectors"]) == 6
    behind = client.get(
        "/api/v1/progress/rows?metric=trained&key_group=officials&since=2026-01-01&until=2026-03-31", headers=headers
    ).get_json()
    # The trainee's own class was not said; the certificate's was.
    assert (behind["total"], behind["items"]) == (0, [])


@pytest.mark.parametrize("query", ["since=2026-02-02&until=2026-02-01", "since=x", "since=1000-01-01", "unit_id=-1"])
def test_a_strange_period_is_a_422_in_chinese(client: FlaskClient, query: str) -> None:
    with factories.made():
        headers = factories.bearer()
    for path in (PATH, "/api/v1/progress/rows"):
        answer = client.get(f"{path}?{query}", headers=headers)
        assert answer.status_code == 422 and answer.get_json()["errors"][0]["detail"].endswith("。")


def test_the_file_holds_the_same_figures(app: Flask) -> None:
    with factories.made():
        some_rows()
    content = sheet_of(by_class(EVERYTHING, YEAR), "全市")
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        words = archive.read("xl/sharedStrings.xml").decode()
    assert "全市 2026年1月1日至2026年12月31日" in words and "机关干部" in words and "进家庭" in words
