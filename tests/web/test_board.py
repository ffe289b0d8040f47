"""进度公示 as everybody sees it."""

import re

import pytest
from flask.testing import FlaskClient

from chengjiu_mp.units.plan_2022 import install_plan_2022, install_sample
from tests import factories
from tests.figures_rows import certificate, held


def words(client: FlaskClient, path: str = "/board") -> str:
    page = client.get(path)
    assert page.status_code == 200
    return re.sub(r"\s+", " ", re.sub("<[^>]+>", " ", page.get_data(as_text=True)))


def test_it_opens_with_nothing_in_it(client: FlaskClient) -> None:
    shown = words(client)
    assert "年度任务未下达" in shown and "20 个单位" in shown


def test_a_sample_is_marked(client: FlaskClient) -> None:
    with factories.made():
        factories.unit()
        install_sample(2026)
    assert "示例" in words(client) and "示例" not in words(client, "/board?year=2025")


def test_the_plans_two_goals_are_both_named(client: FlaskClient) -> None:
    shown = words(client)
    assert "10 万人" in shown and "10.5 万人次" in shown


def test_rows_stand_in_the_plans_order_and_nobody_is_ranked(client: FlaskClient) -> None:
    with factories.made():
        install_rows()
    shown = words(client, "/board?year=2022")
    places = [shown.index(name) for name in ("高新区（城东街道）", "澄江街道", "祝塘镇", "教育局")]
    assert places == sorted(places)
    assert not any(word in shown for word in ("落后", "排名", "名次", "预计"))


def install_rows() -> None:
    factories.unit()
    install_plan_2022()


def test_done_and_target_stand_side_by_side(client: FlaskClient) -> None:
    with factories.made():
        install_rows()
        install_sample(2026)
        certificate("nanzha", "junior")
        held("popular", "nanzha", head_count=72)
    shown = words(client)
    row = shown[shown.index("南闸街道") : shown.index("云亭街道")]
    assert "1 / 160 人次" in row and "72 / 720 人次 10%" in row and "其中初级救护员 1 / 40" in row


def test_no_name_is_on_it(client: FlaskClient) -> None:
    with factories.made():
        certificate("nanzha")
    assert "张三" not in words(client) and "张*" not in words(client)


def test_years_are_a_switch(client: FlaskClient) -> None:
    with factories.made():
        install_rows()
    page = client.get("/board?year=2023").get_data(as_text=True)
    assert [y for y in ("2026", "2024", "2023", "2022") if f"/board?year={y}" in page] == [
        "2026",
        "2024",
        "2023",
        "2022",
    ]
    assert "5,000" in page


@pytest.mark.parametrize("query", ["year=1999", "year=abc", "foo=1"])
def test_a_strange_year_is_a_page_that_says_so(client: FlaskClient, query: str) -> None:
    page = client.get(f"/board?{query}")
    assert page.status_code == 422 and "。" in page.get_data(as_text=True)


def test_the_page_stays_small(client: FlaskClient) -> None:
    with factories.made():
        install_rows()
    assert len(client.get("/board?year=2022").data) < 40_000
