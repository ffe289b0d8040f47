"""A family on one phone: up to four people in one form, a guardian's page, tickets side by side; by forms alone."""

import re
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from chengjiu_mp.core.db import db
from chengjiu_mp.courses import tasks
from chengjiu_mp.courses.models import SeatPool, Signup
from chengjiu_mp.courses.queries import run_token
from chengjiu_mp.people.models import GuardianConsent, Person
from tests import factories
from tests.conftest import FrozenClock
from tests.families import FIFTEEN, THIRTEEN, child_id, code_to, told

AGREED = {"consent.signup": "1", "consent.document_number": "1"}
PHONE = "13912345678"


def page_of(kind: str = "popular", **values: Any) -> str:
    with factories.made():
        return f"/s/{run_token(factories.run(kind=kind, **values))}"


def csrf(text: str) -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', text)
    assert found
    return found[1]


def hidden(text: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', text)
    return found[1] if found else ""


def people(*documents: str, **changes: Any) -> dict[str, Any]:
    """Return a form with one person for each document; the first stands at the top."""
    names = ("王芳", "李小明", "陈桂英", "李大伟")
    fields = {"name": names[0], "doc_number": documents[0], "phone": PHONE, "size": len(documents), **AGREED}
    for index, number in enumerate(documents[1:], 1):
        fields |= {f"people.{index}.name": names[index], f"people.{index}.doc_number": number}
    return {**fields, **changes}


def send(client: FlaskClient, page: str, **fields: Any) -> Any:
    token = csrf(client.get(f"{page}/signup?other=1").text)
    return client.post(f"{page}/signup", data={"csrf_token": token, **fields})


def again(client: FlaskClient, page: str, before: Any, **fields: Any) -> Any:
    """Send the form that came back, with what it carries."""
    kept = {name: hidden(before.text, name) for name in ("csrf_token", "size")}
    return client.post(
        f"{page}/signup", data={**kept, **numbers_in(before.text), **{k: v for k, v in fields.items() if v}}
    )


def numbers_in(text: str) -> dict[str, str]:
    """Return the document numbers that the page gives back, by field."""
    return dict(re.findall(r'name="((?:people\.\d\.)?doc_number)" value="([^"]+)"', text))


def adult() -> str:
    return factories.resident_id()


def guardian(**changes: Any) -> dict[str, Any]:
    return {"guardian.name": "王芳", "guardian.relation": "mother", "guardian.phone": PHONE, **changes}


def states() -> list[str]:
    db.session.expire_all()
    return list(db.session.scalars(select(Signup.state).order_by(Signup.id)))


def answer(client: FlaskClient, page: str, **fields: Any) -> Any:
    return client.post(page, data={"csrf_token": csrf(client.get(page).text), **fields})


# More people


def test_a_person_more_keeps_what_was_typed_the_number_too(client: FlaskClient) -> None:
    page, number = page_of(), adult()
    reply = send(client, page, **people(number, add="1"))
    assert reply.status_code == 200
    assert 'name="people.1.name"' in reply.text
    assert 'value="王芳"' in reply.text
    assert numbers_in(reply.text) == {"doc_number": number}
    made = again(client, page, reply, **{**people(number, adult()), "doc_number": ""})
    assert (made.status_code, states()) == (303, ["confirmed", "confirmed"])


def test_four_is_the_most_and_one_can_go_again(client: FlaskClient) -> None:
    page = page_of()
    four = send(client, page, **people(adult(), adult(), adult(), add="1"))
    assert 'name="people.3.name"' in four.text
    assert "再加一位" not in four.text
    less = again(client, page, four, **people("", "", "", "", drop="1"))
    assert ('name="people.3.name"' in less.text, len(numbers_in(less.text))) == (False, 2)
    assert 'value="陈桂英"' in less.text
    assert "李小明" not in less.text


def test_a_mistake_of_one_takes_nothing_and_keeps_the_others_numbers(client: FlaskClient) -> None:
    page = page_of()
    wrong = send(client, page, **people(adult(), "320281198506150012", adult()))
    assert wrong.status_code == 422
    assert 'href="#f-people.1.doc_number"><span>第 2 位：' in wrong.text
    assert len(numbers_in(wrong.text)) == 3
    assert states() == []
    right = again(client, page, wrong, **people("", adult(), ""))
    assert (right.status_code, states()) == (303, ["confirmed"] * 3)


def test_a_shared_phone_is_corrected_once_and_an_own_one_at_its_place(client: FlaskClient) -> None:
    page = page_of()
    shared = send(client, page, **people(adult(), adult(), phone="1391234")).text
    assert shared.count('class="error"') == 1
    assert 'href="#f-phone"' in shared
    own = send(client, page, **people(adult(), adult(), **{"people.1.phone": "1"})).text
    assert 'href="#f-people.1.phone"' in own


def test_a_birth_date_that_is_none_costs_nothing_else(client: FlaskClient) -> None:
    reply = send(client, page_of(), **people(adult(), adult(), **{"people.1.birth_date": "2015年"}))
    assert 'href="#f-people.1.birth_date"' in reply.text
    assert 'value="王芳"' in reply.text


def test_a_second_tap_on_a_familys_form_opens_the_ticket_and_asks_nothing(client: FlaskClient) -> None:
    page, four = page_of(), people(adult(), adult(), adult(), adult())
    token = csrf(client.get(f"{page}/signup?other=1").text)
    first, second = (client.post(f"{page}/signup", data={"csrf_token": token, **four}) for _ in "ab")
    # By the second tap this phone holds four places, and another form would be asked a question.
    assert send(client, page, **people(adult())).status_code == 429
    assert (first.status_code, second.status_code) == (303, 303)
    assert first.location == second.location
    assert states() == ["confirmed"] * 4


def test_the_same_person_twice_is_asked_about(client: FlaskClient) -> None:
    number = adult()
    assert 'href="#f-people.1.doc_number"' in send(client, page_of(), **people(number, number)).text


# Not enough seats


def test_who_do_not_all_fit_choose_in_one_tap(client: FlaskClient) -> None:
    page = page_of(capacity=2)
    there = page_of(title="周日班", capacity=9, starts_in=timedelta(days=5))
    page_of(title="小班", capacity=1, starts_in=timedelta(days=4))
    numbers = [adult() for _ in range(3)]
    asked = send(client, page, **people(*numbers))
    assert asked.status_code == 409
    assert "只剩 2 个名额，不够 3 人一起" in asked.text
    assert re.findall(r'formaction="([^"]+)"', asked.text) == [f"{there}/signup"]
    assert states() == []
    elsewhere = again(client, there, asked, **people("", "", ""))
    assert elsewhere.status_code == 303
    assert db.session.scalars(select(SeatPool.taken).order_by(SeatPool.id)).all() == [0, 3, 0]


def test_a_family_is_sent_to_no_run_that_its_child_is_too_young_for(client: FlaskClient) -> None:
    page = page_of(capacity=1)
    page_of("cpr_aed", title="要满十四", capacity=9, starts_in=timedelta(days=4))
    there = page_of(title="都能来", capacity=9, starts_in=timedelta(days=5))
    named = {"guardian.name": "王芳", "guardian.relation": "mother", "guardian.phone": PHONE}
    asked = send(client, page, **people(adult(), child_id(), **named))
    assert re.findall(r'formaction="([^"]+)"', asked.text) == [f"{there}/signup"]
    grown = send(client, page, **people(adult(), adult()))
    assert len(re.findall(r'formaction="([^"]+)"', grown.text)) == 2


def test_who_split_get_what_there_is_in_their_order(client: FlaskClient) -> None:
    page = page_of(capacity=2)
    asked = send(client, page, **people(adult(), adult(), adult()))
    reply = again(client, page, asked, **people("", "", "", split="1"))
    assert (reply.status_code, states()) == (303, ["confirmed", "confirmed", "waitlisted"])


# Tickets side by side


def test_one_phone_holds_everybody_s_ticket_and_a_handed_on_one_opens_itself(app: Flask, client: FlaskClient) -> None:
    page = page_of()
    ticket = send(client, page, **people(adult(), adult(), adult())).headers["Location"]
    text = client.get(ticket).text
    assert "这部手机上同场的还有 2 位" in text
    others = set(re.findall(r'href="(/i/\w+)"', text)) - {ticket}
    assert {name for name in ("李小明", "陈桂英") if name in text} == {"李小明", "陈桂英"}
    for one in others:
        assert "这部手机上同场的还有 2 位" in client.get(one).text
        assert "同场的还有" not in app.test_client().get(one).text
    assert client.get("/me").text.count("/i/") == 3
    neighbour = app.test_client()
    send(neighbour, page, **people(adult(), phone=factories.phone()))
    assert "同场的还有" not in neighbour.get(ticket).text


def test_somebody_else_is_signed_up_on_a_phone_that_has_a_ticket(client: FlaskClient) -> None:
    page = page_of()
    send(client, page, **people(adult()))
    form = client.get(f"{page}/signup?other=1").text
    assert "替别人报名" in form
    assert "联系手机号" in form
    wrong = send(client, page, **people(adult(), phone="1", other="1"))
    assert "替家人或别人报名" in wrong.text
    assert again(client, page, wrong, **people("", other="1")).status_code == 303
    assert states() == ["confirmed", "confirmed"]


def test_each_message_says_which_of_the_party_and_no_name(client: FlaskClient) -> None:
    send(client, page_of(), **people(adult(), adult()))
    first, second = told("signup.confirmed", PHONE)
    assert "同行 2 位中的第 1 位" in first
    assert "同行 2 位中的第 2 位" in second
    assert not any(name in first + second for name in ("王芳", "李小明"))


# The guardian


def guardian_page(client: FlaskClient, page: str, *documents: str) -> str:
    reply = send(client, page, **people(*documents, **guardian()))
    assert reply.status_code == 303, reply.text
    return str(reply.headers["Location"])


def test_a_child_s_form_asks_for_the_guardian_and_suggests_who(client: FlaskClient) -> None:
    page = page_of()
    asked = send(client, page, **people(adult(), child_id()))
    assert asked.status_code == 422
    assert 'href="#f-guardian.name"' in asked.text
    assert 'id="f-guardian.name" name="guardian.name"' in asked.text
    assert re.search(r'value="王芳" id="f-guardian.name"', asked.text)
    assert re.search(rf'value="{PHONE}" id="f-guardian.phone"', asked.text)
    made = again(client, page, asked, **people("", "", **guardian()))
    assert made.headers["Location"].startswith("/g/")
    assert states() == ["pending", "pending"]


def test_a_guardian_left_half_is_corrected_at_its_fields(client: FlaskClient) -> None:
    text = send(client, page_of(), **people(adult(), child_id(), **guardian(**{"guardian.relation": ""}))).text
    assert 'href="#f-guardian.relation"' in text
    assert len(numbers_in(text)) == 2


def test_a_child_too_young_for_the_course_sees_what_fits_and_no_guardian_s_block(client: FlaskClient) -> None:
    fits = page_of(title="亲子普及班", starts_in=timedelta(days=6))
    text = send(client, page_of(kind="responder"), **people(child_id(THIRTEEN))).text
    assert "年满 18 周岁" in text
    assert fits in text
    assert "11月29日（周日）12:00" in text
    assert "guardian.name" not in text
    assert "监护人同意。" not in text.partition("适合参加的场次")[0]


def test_a_child_too_young_for_anything_is_asked_for_no_guardian(client: FlaskClient) -> None:
    text = send(client, page_of(kind="responder"), **people(adult(), child_id(THIRTEEN))).text
    assert ("暂时没有适合的场次" in text, "guardian.name" in text) == (True, False)


def test_the_code_gives_the_family_its_seats(client: FlaskClient) -> None:
    word = guardian_page(client, page_of(), adult(), child_id())
    text = client.get(word).text
    assert "未满 14 周岁儿童个人信息监护人同意书" in text
    assert "139****5678" in text
    assert "李小明" not in text
    unread = answer(client, word, code=code_to(PHONE))
    assert 'href="#f-consent"' in unread.text
    wrong = answer(client, word, code="000000", consent="1")
    assert (wrong.status_code, states()) == (422, ["pending", "pending"])
    done = answer(client, word, code=code_to(PHONE), consent="1")
    assert done.headers["Location"].startswith("/i/")
    assert states() == ["confirmed", "confirmed"]
    assert "已记下您的同意" in client.get(word).text


def test_agreeing_opens_the_child_s_ticket_not_an_earlier_one(client: FlaskClient) -> None:
    page = page_of()
    mine = send(client, page, **people(adult())).headers["Location"]
    asked = guardian_page(client, page, child_id())
    done = answer(client, asked, code=code_to(PHONE), consent="1")
    assert done.headers["Location"] != mine
    assert "/i/" in done.headers["Location"]


def test_another_form_s_code_opens_nothing(client: FlaskClient) -> None:
    page = page_of()
    first = guardian_page(client, page, adult(), child_id())
    code = code_to(PHONE)
    other = factories.phone()
    reply = send(client, page, **people(adult(), child_id(), **guardian(**{"guardian.phone": other})))
    second = reply.headers["Location"]
    assert answer(client, first, code=code, consent="1").status_code == 422
    assert answer(client, second, code=code, consent="1").status_code == 422
    assert answer(client, second, code=code_to(other), consent="1").status_code == 303
    assert states() == ["pending", "pending", "confirmed", "confirmed"]


def test_the_guardian_s_own_phone_gets_a_code_there(app: Flask, client: FlaskClient, frozen: FrozenClock) -> None:
    word = guardian_page(client, page_of(), adult(), child_id())
    own = app.test_client()
    assert "获取验证码" in own.get(word).text
    frozen.now += timedelta(minutes=2)
    assert own.post(f"{word}/code", data={"csrf_token": csrf(own.get(word).text)}).status_code == 303
    done = answer(own, word, code=code_to(PHONE), consent="1")
    assert (done.headers["Location"], states()) == (word, ["confirmed", "confirmed"])


def test_taking_it_back_is_asked_once_more_and_dated(client: FlaskClient) -> None:
    word = guardian_page(client, page_of(), adult(), child_id())
    answer(client, word, code=code_to(PHONE), consent="1")
    asked = client.get(word).text
    assert "撤回同意？" in asked
    for _ in "twice":
        assert client.post(f"{word}/refuse", data={"csrf_token": csrf(asked)}).status_code == 303
    assert "11月23日（周一）12:00已撤回同意" in client.get(word).text
    assert states() == ["confirmed", "withdrawn"]


def test_a_family_that_lost_its_seats_chooses_on_the_guardian_s_page(app: Flask, client: FlaskClient) -> None:
    page = page_of(capacity=2)
    word = guardian_page(client, page, adult(), child_id())
    send(app.test_client(), page, **people(adult(), phone=factories.phone()))
    lost = answer(client, word, code=code_to(PHONE), consent="1")
    assert lost.status_code == 409
    assert "只剩 1 个名额" in lost.text
    shown = client.get(word).text
    assert ("已记下您的同意" in shown, "还没占上名额" in shown, "待监护人同意" in shown) == (True, True, False)
    token = csrf(shown)
    assert client.post(f"{word}/places", data={"csrf_token": token, "split": "1"}).status_code == 303
    assert sorted(states()) == ["confirmed", "confirmed", "waitlisted"]


def test_the_form_says_for_which_of_a_family_a_guardian_is_asked(client: FlaskClient) -> None:
    asked = send(client, page_of(), **people(adult(), child_id(), adult(), child_id()))
    assert "第 2 位、第 4 位未满 14 周岁" in asked.text
    assert "参加人未满 14 周岁" in send(client, page_of(), **people(child_id())).text


def test_who_waits_for_a_guardian_is_told_what_to_do(client: FlaskClient) -> None:
    guardian_page(client, page_of(), adult(), child_id())
    mine = client.get("/me").text
    assert (mine.count("要监护人同意才占名额，点开看怎么办"), "有结果会通知您" in mine) == (2, False)


def test_a_phone_without_codes_is_sent_to_paper(client: FlaskClient) -> None:
    page = page_of()
    reply = send(client, page, **people(adult(), child_id(), **guardian(**{"guardian.phone": "+852 91234567"})))
    text = client.get(reply.headers["Location"]).text
    assert "可以交纸质同意书" in text
    assert 'name="code"' not in text


def test_silence_is_said_on_every_page_of_it(client: FlaskClient, frozen: FrozenClock) -> None:
    page = page_of(starts_in=timedelta(days=9))
    word = guardian_page(client, page, adult(), child_id())
    ticket = re.findall(r'href="(/i/\w+)"', client.get("/me").text)[0]
    assert word in client.get(ticket).text
    frozen.now += timedelta(hours=49)
    tasks.end_unanswered()
    assert "不用再同意了" in client.get(word).text
    assert word not in client.get(ticket).text


def test_a_minor_s_ticket_speaks_of_the_parents(client: FlaskClient) -> None:
    page = page_of()
    young = send(client, page, **people(child_id(FIFTEEN))).headers["Location"]
    assert "参加人未满 18 周岁" in client.get(young).text
    assert "参加人未满" not in client.get(send(client, page, **people(adult())).headers["Location"]).text


def test_a_wrong_link_is_not_there(client: FlaskClient) -> None:
    for path in ("/g/x", f"/g/{'a' * 26}"):
        assert client.get(path).status_code == 404


@pytest.mark.parametrize("token", ["x", "a" * 26])
def test_no_json_of_a_wrong_link(client: FlaskClient, token: str) -> None:
    assert client.get(f"/api/v1/guardian/{token}").status_code == 404


def test_what_is_kept_of_a_child_is_what_is_needed(client: FlaskClient) -> None:
    guardian_page(client, page_of(), adult(), child_id())
    row = db.session.scalars(select(GuardianConsent)).one()
    assert db.session.get_one(Person, row.person_id).name is None
    kept = {column.name for column in GuardianConsent.__table__.columns}
    assert not {one for one in kept if "birth" in one or "age" in one}
