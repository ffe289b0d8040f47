"""A citizen's way: home, landing, form, ticket; by forms alone, as an old phone does it."""

import re
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from chengjiu_mp.core import clock
from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.courses.models import CourseRun, SeatPool, Signup
from chengjiu_mp.courses.queries import run_token
from chengjiu_mp.signin.models import SignInSession
from tests import factories
from tests.conftest import FrozenClock
from tests.counting import statements

AGREED = {"consent.signup": "1", "consent.document_number": "1"}


def run_page(**values: Any) -> str:
    with factories.made():
        return f"/s/{run_token(factories.run(**values))}"


def typed(**changes: Any) -> dict[str, Any]:
    return {"name": "张三", "doc_number": factories.resident_id(), "phone": factories.phone(), **AGREED, **changes}


def csrf(page: str) -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert found
    return found[1]


def send(client: FlaskClient, page: str, **fields: Any) -> Any:
    token = csrf(client.get(f"{page}/signup").text)
    return client.post(f"{page}/signup", data={"csrf_token": token, **fields})


def signed(client: FlaskClient, page: str, **changes: Any) -> str:
    reply = send(client, page, **typed(**changes))
    assert reply.status_code == 303, reply.text
    return str(reply.headers["Location"])


# Home and landing


def test_home_shows_what_is_open_and_the_ways_on(client: FlaskClient) -> None:
    page = run_page(title="周末班")
    run_page(title="草稿班", state="draft")
    run_page(title="截止班", signup_closes_at=clock.now())
    text = client.get("/").text
    assert page in text
    assert ("草稿班" in text, "截止班" in text) == (False, False)
    assert 'href="/lookup"' in text
    assert 'href="/board"' in text


def test_home_narrows_by_kind_unit_and_day(client: FlaskClient) -> None:
    run_page(title="普通班")
    run_page(title="初级班", kind="junior", starts_in=timedelta(days=9))
    with factories.made():
        other = factories.unit("nanzha").id
    for query, shown in (("kind=junior", "初级班"), ("day=2026-11-26", "普通班")):
        assert [t for t in ("普通班", "初级班") if t in client.get(f"/?{query}").text] == [shown]
    assert "没有符合的场次" in client.get(f"/?unit={other}").text
    assert client.get("/?unit=nonsense&x=1").status_code == 200


def test_home_costs_the_same_for_many_runs(client: FlaskClient) -> None:
    run_page()
    with statements() as few:
        client.get("/")
    for _ in range(10):
        run_page()
    with statements() as many:
        client.get("/")
    assert len(few) == len(many) == 4


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({}, "我要报名"),
        ({"capacity": 0}, "排队候补"),
        ({"state": "cancelled"}, "这一场停课了"),
        ({"state": "closed"}, "这一场已经结束"),
        ({"starts_in": timedelta(days=-9)}, "这一场已经结束"),
        ({"starts_in": timedelta(minutes=-5)}, "培训正在进行"),
        ({"signup_closes_at": timedelta(0)}, "报名已经截止"),
        ({"signup_opens_at": timedelta(days=1)}, "11月24日（周二）12:00开始报名"),
    ],
)
def test_the_landing_says_what_can_be_done_now(client: FlaskClient, values: dict[str, Any], said: str) -> None:
    moved = {k: clock.now() + v if k.startswith("signup") else v for k, v in values.items()}
    text = client.get(run_page(**moved)).text
    assert said in text
    assert "澄江街道应急救护培训基地" in text
    assert ("我要报名" in text) == (said == "我要报名")


def test_a_draft_and_a_wrong_code_are_not_there(client: FlaskClient) -> None:
    assert client.get(run_page(state="draft")).status_code == 404
    assert client.get(f"/s/{'a' * 26}").status_code == 404
    assert client.get("/s/x").status_code == 404


# The form


def test_signing_up_leads_to_the_ticket(client: FlaskClient) -> None:
    page = run_page()
    ticket = client.get(signed(client, page, name="欧阳娜娜")).text
    row = db.session.scalars(select(Signup)).one()
    assert "欧阳娜娜" in ticket
    assert f"{row.code[:3]} {row.code[3:]}" in ticket
    assert "<svg" in ticket
    assert row.health_notice_read_at is not None


def test_looking_leaves_no_trace_and_signing_up_makes_the_device(client: FlaskClient) -> None:
    page = run_page()
    for path in ("/", page, f"{page}/signup", "/me"):
        client.get(path)
    assert db.session.scalar(select(func.count()).select_from(SignInSession)) == 0
    signed(client, page)
    row = db.session.scalars(select(Signup)).one()
    assert row.device_id == db.session.scalars(select(SignInSession.id)).one()
    assert row.channel == "page"


def test_mistakes_stand_at_their_fields_and_all_that_was_typed_is_kept(client: FlaskClient) -> None:
    page, number = run_page(), "320281198506150012"
    reply = send(client, page, name="张3", doc_number=number, phone="1391234", **{"consent.signup": "1"})
    assert reply.status_code == 422
    for name in ("name", "doc_number", "phone", "consent.document_number"):
        assert f'href="#f-{name}"' in reply.text
        assert f'id="f-{name}-error"' in reply.text
    assert "有 4 处要改一下" in reply.text
    assert 'value="张3"' in reply.text
    assert 'value="1391234"' in reply.text
    assert re.search(r'name="consent.signup" value="1" checked', reply.text)
    assert f'value="{number}"' in reply.text
    assert reply.headers["Cache-Control"] == "no-store"


def test_an_empty_form_says_what_is_missing(client: FlaskClient) -> None:
    text = send(client, run_page()).text
    assert "请填写证件号码" in text
    assert "请填写手机号" in text


def test_a_notice_that_changed_meanwhile_is_asked_for_again(client: FlaskClient) -> None:
    reply = send(client, run_page(), **typed(**{"consent.signup": "7"}))
    assert 'id="f-consent.signup-error"' in reply.text


def test_too_young_shows_what_fits_with_its_day(client: FlaskClient) -> None:
    fits = run_page(title="学生专场", starts_in=timedelta(days=9))
    page = run_page(kind="responder")
    reply = send(client, page, **typed(doc_number=factories.resident_id(birth="20110101")))
    assert reply.status_code == 422
    assert "年满 18 周岁" in reply.text
    assert "12月2日（周三）12:00" in reply.text
    assert fits in reply.text


def test_a_passport_asks_for_the_birth_date_that_its_number_does_not_tell(client: FlaskClient) -> None:
    page, passport = run_page(kind="popular"), {"doc_number": "AB1234567", "doc_type": ""}
    reply = send(client, page, **typed(**passport))
    assert reply.status_code == 422
    assert 'id="f-birth_date-error"' in reply.text and 'class="more" open><summary>用的不是' in reply.text
    assert "guardian.name" in send(client, page, **typed(**passport, birth_date="2016-03-01")).text
    assert send(client, page, **typed(**passport, birth_date="1990-03-01")).status_code == 303


def test_under_14_shows_whom_to_call(client: FlaskClient) -> None:
    reply = send(client, run_page(kind="popular"), **typed(doc_number=factories.resident_id(birth="20150101")))
    assert "也可以打电话办理" in reply.text
    assert 'href="tel:0510-86800000"' in reply.text


def test_another_phone_learns_nothing_but_the_way_to_prove_itself(app: Flask, client: FlaskClient) -> None:
    page, number = run_page(), factories.resident_id()
    ticket = signed(client, page, doc_number=number)
    reply = send(app.test_client(), page, **typed(doc_number=number))
    assert reply.status_code == 409
    assert ticket not in reply.text
    assert 'href="/signin?switch=1&amp;next=/me"' in reply.text


def test_scanning_again_opens_my_ticket(client: FlaskClient) -> None:
    page = run_page()
    ticket = signed(client, page)
    assert client.get(page).headers["Location"] == ticket
    assert client.get(f"{page}/signup").headers["Location"] == page


def test_two_taps_on_one_button_open_one_ticket(app: Flask, client: FlaskClient) -> None:
    """The second tap leaves before the first reply brought the device's cookie."""
    page = run_page()
    form = {"csrf_token": csrf(client.get(f"{page}/signup").text), **typed()}
    before = client.get_cookie("sid")
    assert before
    first = client.post(f"{page}/signup", data=form)
    other = app.test_client()
    other.set_cookie("sid", before.value)
    second = other.post(f"{page}/signup", data=form)
    assert first.headers["Location"] == second.headers["Location"]
    assert other.get(page).headers["Location"] == first.headers["Location"]
    assert db.session.scalars(select(SeatPool.taken)).one() == 1


def test_a_form_from_elsewhere_is_not_taken(client: FlaskClient) -> None:
    page = run_page()
    assert client.post(f"{page}/signup", data=typed()).status_code == 400
    assert db.session.scalar(select(func.count()).select_from(Signup)) == 0


# The ticket


def waiting_ticket(client: FlaskClient, app: Flask) -> tuple[str, str]:
    page = run_page(capacity=1)
    first = signed(app.test_client(), page)
    return first, signed(client, page)


def test_a_waiting_ticket_says_its_place_and_moves_up(app: Flask, client: FlaskClient) -> None:
    first, mine = waiting_ticket(client, app)
    text = client.get(mine).text
    assert "第 1 位" in text
    assert "共 1 人在等" in text
    seen = re.search(r'data-seen="(\w+)"', text)
    assert seen
    unchanged = client.get(f"{mine}/state?seen={seen[1]}").json
    assert unchanged
    assert unchanged["changed"] is False
    client.post(f"{first}/withdraw", data={"csrf_token": csrf(client.get(f"{first}/withdraw").text)})
    moved = client.get(f"{mine}/state?seen={seen[1]}").json
    assert moved
    assert moved["changed"] is True
    assert "<svg" in client.get(mine).text


def test_withdrawing_asks_first_and_says_what_then(client: FlaskClient) -> None:
    page = run_page()
    ticket = signed(client, page)
    asked = client.get(f"{ticket}/withdraw").text
    assert "名额会让给下一位" in asked
    client.post(f"{ticket}/withdraw", data={"csrf_token": csrf(asked)})
    text = client.get(ticket).text
    assert "您已取消这次报名" in text
    assert "重新报名" in text
    assert client.get(f"{ticket}/withdraw").headers["Location"] == ticket
    assert client.get(page).status_code == 200


def test_a_saved_picture_is_a_picture(client: FlaskClient) -> None:
    reply = client.get(f"{signed(client, run_page())}/ticket.png")
    assert (reply.mimetype, reply.data[:4]) == ("image/png", b"\x89PNG")


def test_the_unit_is_chosen_after_the_ticket(client: FlaskClient) -> None:
    ticket = signed(client, run_page())
    office = factories.unit("education").id
    form = {"csrf_token": csrf(client.get(ticket).text), "unit_id": office, "key_group": "students"}
    reply = client.post(f"{ticket}/owner", data=form)
    assert "已记下您的单位" in client.get(reply.headers["Location"]).text
    assert db.session.scalars(select(Signup.owner_unit_id)).one() == office
    assert client.post(f"{ticket}/owner", data={**form, "unit_id": 9999}).status_code == 422


def test_a_units_own_run_does_not_ask(client: FlaskClient) -> None:
    assert "您是哪个单位的" not in client.get(signed(client, run_page(open_to_all=False))).text


def test_my_page_lists_this_phones_tickets(app: Flask, client: FlaskClient) -> None:
    ticket = signed(client, run_page(title="周末班"))
    text = client.get("/me").text
    assert ticket in text
    assert "周末班" in text
    assert ticket not in app.test_client().get("/me").text


def test_a_wrong_ticket_is_not_there(client: FlaskClient) -> None:
    for path in ("", "/state", "/withdraw", "/ticket.png"):
        assert client.get(f"/i/{'a' * 26}{path}").status_code == 404


def test_the_ticket_follows_check_in_and_the_end(client: FlaskClient, frozen: FrozenClock) -> None:
    ticket = signed(client, run_page())
    with unit_of_work():
        db.session.scalars(select(Signup)).one().outcome = "attended"
    assert "接下来是考核" in client.get(ticket).text
    with unit_of_work():
        db.session.scalars(select(Signup)).one().outcome = "absent"
        db.session.scalars(select(CourseRun)).one().state = "closed"
    frozen.now += timedelta(days=4)
    assert "没有您的签到记录" in client.get(ticket).text


def test_pages_are_in_chinese(client: FlaskClient) -> None:
    page = run_page()
    ticket = signed(client, page)
    code = db.session.scalars(select(Signup.code)).one()
    for path in ("/", f"{page}?look=1", "/me", ticket, f"{ticket}/withdraw"):
        words = re.sub(r"<(script|svg|style)[\s\S]*?</\1>|<[^>]+>|&nbsp;", " ", client.get(path).text)
        words = words.replace(f"{code[:3]} {code[3:]}", "")
        assert set(re.findall(r"[A-Za-z]{2,}", words)) <= {"CPR", "AED"}
