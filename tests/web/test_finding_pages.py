"""Finding a class: filters in the address, what to do when nothing fits, and what is offered instead."""

import re
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, update

from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.courses.changes import cancel
from chengjiu_mp.courses.links import link_to, link_token
from chengjiu_mp.courses.models import CourseRun, SeatPool
from chengjiu_mp.courses.queries import run_token
from chengjiu_mp.units.models import Sector
from tests import factories
from tests.counting import statements


def a_run(title: str = "本场", **values: Any) -> str:
    with factories.made():
        return f"/s/{run_token(factories.run(title=title, **values))}"


def shown(client: FlaskClient, address: str) -> list[str]:
    return re.findall(r'<h2><a href="[^"]+">([^<]+)</a></h2>', client.get(address).text)


def a_link(kind: str, target_id: int) -> str:
    with unit_of_work():
        return f"/s/{link_token(link_to(kind, target_id))}"


# Home


def test_home_narrows_by_sector_town_and_weekend(client: FlaskClient) -> None:
    with factories.made():
        town = factories.unit("nanzha").id
        school = db.session.scalars(select(Sector.id).where(Sector.code == "school")).one()
    a_run("周四学校", sector_id=school)
    a_run("周六社区", starts_in=timedelta(days=5))
    a_run("南闸", unit_id=town, starts_in=timedelta(days=7))
    assert shown(client, "/?sector=school") == ["周四学校"]
    assert shown(client, "/?weekend=1") == ["周六社区"]
    assert shown(client, f"/?unit={town}") == ["南闸"]
    assert shown(client, "/?sector=community&weekend=1") == ["周六社区"]


def test_a_chip_keeps_the_other_filters(client: FlaskClient) -> None:
    a_run()
    text = unescape(client.get("/?weekend=1&sector=school&day=2026-11-28").text)
    assert 'href="/?kind=junior&sector=school&day=2026-11-28&weekend=1"' in text
    assert 'name="weekend" value="1" checked' in text
    assert '<option value="school" selected>' in text


def test_an_empty_list_says_how_to_widen(client: FlaskClient) -> None:
    a_run()
    text = unescape(client.get("/?weekend=1&sector=school&kind=junior").text)
    ways = dict(re.findall(r'<li><a href="([^"]+)"><span>([^<]+)</span>', text))
    assert ways == {
        "/?kind=junior&sector=school": "不限“周末”再找",
        "/?kind=junior&weekend=1": "不限“学校”再找",
        "/?sector=school&weekend=1": "不限“初级救护员”再找",
        "/": "看全部场次",
    }


def test_home_without_any_run_says_so(client: FlaskClient) -> None:
    with factories.made():
        factories.unit()
    text = client.get("/").text
    assert ("现在没有可以报名的场次" in text, "再找" in text) == (True, False)


def test_a_narrowed_home_costs_the_same_for_many_runs(client: FlaskClient) -> None:
    counts = []
    for _ in range(2):
        for _ in range(5):
            a_run(starts_in=timedelta(days=5))
        with statements() as sent:
            client.get("/?unit=1&weekend=1&sector=community")
        counts.append(len(sent))
    assert counts == [5, 5]


# Instead


@pytest.mark.parametrize("state", ["cancelled", "closed"])
def test_a_run_that_is_over_offers_the_next_three(client: FlaskClient, state: str) -> None:
    page = a_run(state=state)
    for number in range(4):
        a_run(f"第{number}场", starts_in=timedelta(days=4 + number))
    text = client.get(page).text
    assert shown(client, page) == ["第0场", "第1场", "第2场"]
    assert text.count("同类课程，同一镇街，举办：澄江街道") == 3


def test_an_open_run_offers_nothing_else_and_an_ended_one_no_empty_list(client: FlaskClient) -> None:
    page, over = a_run(), a_run(state="closed")
    assert "还有名额的场次" not in client.get(page).text
    assert "还有名额的场次" in client.get(over).text
    with factories.made():
        db.session.execute(update(SeatPool).values(taken=SeatPool.capacity))
    assert "还有名额的场次" not in client.get(over).text


def test_the_ticket_of_a_cancelled_run_offers_others(client: FlaskClient) -> None:
    with factories.made():
        run = factories.run()
        ticket = f"/i/{factories.ticket(factories.signup(run))}"
        factories.run(title="另一场", starts_in=timedelta(days=9))
    assert "还有名额的场次" not in client.get(ticket).text
    with unit_of_work():
        cancel(db.session.get_one(CourseRun, run.id), "停电")
    assert shown(client, ticket) == ["另一场"]


def test_a_course_page_names_its_syllabus_version(client: FlaskClient) -> None:
    assert "CPR+AED教学大纲 第 1 版，" in client.get(a_run()).text


# A poster for many runs


def test_a_towns_code_opens_its_list_and_each_run_is_one_tap_away(client: FlaskClient) -> None:
    first, second = a_run("早"), a_run("晚", starts_in=timedelta(days=9))
    with factories.made():
        town = factories.unit().id
    page = a_link("unit", town)
    text = client.get(page).text
    assert re.findall(r'<h2><a href="([^"]+)">', text) == [first, second]
    assert "<h2>澄江街道</h2>" in text
    assert client.get(f"{page}/signup").status_code == 404


def test_a_code_with_nothing_behind_it_now_says_what_to_do(client: FlaskClient) -> None:
    with factories.made():
        hall = factories.venue(name="训练厅").id
    text = client.get(a_link("venue", hall)).text
    assert ("训练厅" in text, "江阴市澄江中路 1 号" in text) == (True, True)
    assert ("这里暂时没有可以报名的场次" in text, "看全市的场次" in text) == (True, True)


def test_a_list_behind_a_code_costs_the_same_for_many_runs(client: FlaskClient) -> None:
    with factories.made():
        town = factories.unit().id
    page, counts = a_link("unit", town), []
    for _ in range(2):
        for _ in range(5):
            a_run()
        with statements() as sent:
            client.get(page)
        counts.append(len(sent))
    assert counts == [4, 4]
