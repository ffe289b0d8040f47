"""Each figure opens its rows, within the caller's scope and nowhere else."""

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from chengjiu_mp.core import context
from chengjiu_mp.core.context import Principal
from chengjiu_mp.core.errors import NotFound
from chengjiu_mp.reports.drilldown import Asked, rows_behind, total_behind
from chengjiu_mp.reports.policy import scope_of
from chengjiu_mp.reports.progress import progress
from chengjiu_mp.signin import sessions
from tests import factories
from tests.figures_rows import certificate, held, sector

PATH = "/api/v1/progress/rows"


def staff(role: str = "operator", unit: str | None = None, **grant: Any) -> Principal:
    who = factories.account(role, unit, **grant)
    return Principal(account_id=who.id, name=who.name, grants=sessions.grants_of(who.id))


def some_rows() -> None:
    certificate("nanzha", "junior")
    certificate("nanzha", sector_id=sector("family"))
    certificate("yunting")
    certificate("jiangyin")
    held("popular", "nanzha", head_count=30)
    held("popular", "nanzha", head_count=200, online=True)
    held("popular", "yunting", head_count=8)


def test_every_public_figure_equals_the_rows_behind_it(app: Flask) -> None:
    with factories.made():
        some_rows()
        who = staff()
    shown = progress(2026)
    for line in [*shown.rows, shown.unassigned]:
        for metric in ("certified", "junior", "popular"):
            assert total_behind(who, Asked(2026, metric, line.unit_id)) == getattr(line, metric).done
        assert total_behind(who, Asked(2026, "online", line.unit_id)) == line.online
        assert total_behind(who, Asked(2026, "runs", line.unit_id)) == line.runs
    for one in shown.sectors:
        assert total_behind(who, Asked(2026, "certified", sector_id=one.sector_id)) == one.certified
    assert total_behind(who, Asked(2026, "runs", since_start=True)) == shown.counters.runs


def test_the_listed_rows_add_up_to_the_figure(app: Flask) -> None:
    with factories.made():
        some_rows()
        who = staff()
    for metric in ("certified", "junior", "popular", "online", "runs"):
        asked = Asked(2026, metric)
        assert sum(row.count for row in rows_behind(who, asked).items) == total_behind(who, asked) > 0


def test_a_row_behind_a_figure_masks_its_person(app: Flask) -> None:
    with factories.made():
        certificate("nanzha")
        who = staff()
    (row,) = rows_behind(who, Asked(2026, "certified")).items
    assert (row.text, row.kind, row.unit) == ("张*", "certificate", "南闸街道")


def test_a_unit_sees_only_its_own(app: Flask) -> None:
    with factories.made():
        some_rows()
        who = staff("unit_manager", "nanzha")
    assert {r.unit for r in rows_behind(who, Asked(2026, "certified")).items} == {"南闸街道"}
    own = progress(2026, scope_of(who))
    assert [line.name for line in own.rows] == ["南闸街道"]
    assert (own.totals.certified.done, own.totals.popular.done, own.unassigned.certified.done) == (2, 30, 0)


@pytest.mark.parametrize("code", ["yunting", "jiangyin"])
def test_another_row_does_not_exist_for_a_unit(app: Flask, code: str) -> None:
    with factories.made():
        some_rows()
        who = staff("unit_manager", "nanzha")
        other = factories.unit(code).id
    with pytest.raises(NotFound):
        rows_behind(who, Asked(2026, "certified", other))


def test_a_sector_grant_sees_its_sector_everywhere_and_no_targets(app: Flask) -> None:
    with factories.made():
        some_rows()
        who = staff("auditor", sector_id=sector("family"))
    own = progress(2026, scope_of(who))
    assert (own.totals.certified.done, own.totals.popular.done) == (1, 0)
    assert total_behind(who, Asked(2026, "certified")) == 1
    assert all(line.certified.target is None for line in own.rows)


def test_a_key_group_grant_sees_its_group(app: Flask) -> None:
    with factories.made():
        certificate("nanzha", key_group="high_risk")
        certificate("nanzha")
        who = staff("auditor", key_group="high_risk")
    assert total_behind(who, Asked(2026, "certified")) == 1


def test_pages_follow_one_another_without_a_gap(app: Flask, client: FlaskClient) -> None:
    with factories.made():
        of = held("cpr_aed", "nanzha", capacity=60)
        for _ in range(51):
            certificate("nanzha", of=of)
        headers = factories.bearer()
    first = client.get(f"{PATH}?metric=certified", headers=headers).get_json()
    second = client.get(f"{PATH}?metric=certified&cursor={first['next_cursor']}", headers=headers).get_json()
    ids = [row["id"] for row in first["items"] + second["items"]]
    assert (len(set(ids)), first["total"], second["next_cursor"]) == (51, 51, None)


def test_the_rows_need_staff(client: FlaskClient) -> None:
    with factories.made():
        headers = factories.bearer("instructor")
    assert client.get(PATH).status_code == 401
    assert client.get(PATH, headers=headers).status_code == 403


def test_progress_is_public_and_names_nobody(client: FlaskClient) -> None:
    with factories.made():
        some_rows()
    answer = client.get("/api/v1/progress?year=2026")
    assert answer.status_code == 200
    assert {"rows", "totals", "sectors", "counters"} <= answer.get_json().keys()
    row = next(r for r in answer.get_json()["rows"] if r["name"] == "南闸街道")
    assert row["certified"] == {"target": None, "done": 2} and row["junior"]["done"] == 1
    assert "张" not in answer.get_data(as_text=True)


@pytest.mark.parametrize("query", ["year=2021", "year=x", "year=99999999999", "metric=money", "unit_id=-1", "x=1"])
def test_a_strange_question_is_a_422_in_chinese(client: FlaskClient, query: str) -> None:
    with factories.made():
        headers = factories.bearer()
    answer = client.get(f"{PATH}?{query}", headers=headers)
    assert answer.status_code == 422 and answer.get_json()["errors"][0]["detail"].endswith("。")


def test_figures_are_the_callers_even_when_somebody_else_asked_before(app: Flask) -> None:
    with factories.made():
        some_rows()
        whole, part = staff(), staff("unit_manager", "nanzha")
    with context.acting_as(whole):
        assert total_behind(whole, Asked(2026, "certified")) == 4
    assert total_behind(part, Asked(2026, "certified")) == 2
