"""A guardian on another phone: a code by message, one page to enter it, and what it opens."""

import re
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from chengjiu_mp.core.db import db
from chengjiu_mp.outbox import wording
from chengjiu_mp.outbox.models import Message
from chengjiu_mp.outbox.parcels import Parcel
from chengjiu_mp.signin.models import PhoneCode
from tests import factories
from tests.families import child_id, told
from tests.web.test_family_pages import adult, guardian_page, page_of, states
from tests.web.test_own_data_pages import post

PHONE = "13912345678"


def claim_code(last: int = -1) -> str:
    found = re.match(r"【澄救】监护人确认码 (\d{6})。", told("guardian.asked")[last])
    assert found
    return found[1]


@pytest.fixture
def word(client: FlaskClient) -> str:
    """A guardian's page, made on a phone that is not the guardian's."""
    return guardian_page(client, page_of(title="330281 亲子班"), adult(), child_id())


def enter(other: FlaskClient, code: str, phone: str = PHONE) -> Any:
    return post(other, "/g", phone=phone, code=code)


def test_the_code_opens_the_page_and_proves_the_phone(app: Flask, word: str) -> None:
    other = app.test_client()
    assert enter(other, claim_code()).headers["Location"] == word
    page = other.get(word).text
    assert ("已经核对过" in page, 'name="code"' in page) == (True, False)
    unread = post(other, word)
    assert 'href="#f-consent"' in unread.text
    post(other, word, consent="1")
    assert states() == ["confirmed", "confirmed"]
    assert "没有等您同意的报名" in other.get("/g").text


def test_the_page_itself_takes_either_code(client: FlaskClient, word: str) -> None:
    """Both messages come to the same phone, each with six digits."""
    wrong = post(client, word, consent="1", code="000000")
    assert (wrong.status_code, 'id="f-code-error"' in wrong.text) == (422, True)
    assert post(client, word, consent="1", code=claim_code()).status_code == 303
    assert states() == ["confirmed", "confirmed"]


def test_guesses_on_the_page_end_the_messages_code_too(client: FlaskClient, word: str) -> None:
    for _ in range(5):
        post(client, word, consent="1", code="000000")
    assert post(client, word, consent="1", code=claim_code()).status_code == 422
    assert states() == ["pending", "pending"]


def test_the_template_gets_the_code_and_not_a_number_of_the_title(app: Flask, word: str) -> None:
    row = db.session.scalars(select(Message).where(Message.kind == "guardian.asked")).one()
    body = told("guardian.asked")[0]
    said = wording.variables(Parcel(row.id, row.kind, body, PHONE, None, None, row.created_at))
    assert (said["code"], "330281" in body) == (claim_code(), True)


def test_a_wrong_code_and_an_unknown_number_answer_alike(app: Flask, word: str) -> None:
    said = [enter(app.test_client(), "000000", phone) for phone in (PHONE, factories.phone())]
    assert [one.status_code for one in said] == [422, 422]
    first, second = (re.findall(r'id="f-code-error">.*?<span>(.*?)</span>', one.text) for one in said)
    assert (first, len(first)) == (second, 1)


def test_five_wrong_tries_end_the_code(app: Flask, word: str) -> None:
    for _ in range(5):
        enter(app.test_client(), "000000")
    assert enter(app.test_client(), claim_code()).status_code == 422


def again(other: FlaskClient, phone: str = PHONE) -> Any:
    return post(other, "/g", phone=phone, again="1")


def test_five_wrong_tries_end_the_code_and_never_the_guardian(app: Flask, word: str) -> None:
    for round_ in range(1, 4):
        old = claim_code()
        for _ in range(5):
            enter(app.test_client(), "000000")
        assert enter(app.test_client(), old).status_code == 422
        said = again(app.test_client())
        assert (said.status_code, "请填最新那条短信里的" in said.text) == (200, True)
        assert len(told("guardian.asked")) == 1 + round_
    assert enter(app.test_client(), claim_code()).headers["Location"] == word


def test_the_childs_phone_sends_another_code_too_once_the_old_one_is_dead(client: FlaskClient, word: str) -> None:
    for _ in range(5):
        enter(client.application.test_client(), "000000")
    assert "已发给监护人" in client.get(post(client, f"{word}/ask", word).headers["Location"]).text
    assert enter(client.application.test_client(), claim_code()).headers["Location"] == word


def test_asking_for_another_code_tells_nothing_and_sends_none_while_one_is_good(app: Flask, word: str) -> None:
    said = [again(app.test_client(), phone) for phone in (PHONE, factories.phone())]
    assert [one.status_code for one in said] == [200, 200]
    blind = [re.sub(r'value="[^"]*"|nonce="[^"]*"', "", one.text) for one in said]
    assert blind[0] == blind[1]
    assert len(told("guardian.asked")) == 1
    unsaid = again(app.test_client(), "")
    assert (unsaid.status_code, "请填写收到短信的手机号" in unsaid.text) == (422, True)


def test_guesses_from_elsewhere_do_not_shut_the_holder_out(app: Flask, word: str) -> None:
    guesser = app.test_client()
    guesser.environ_base["REMOTE_ADDR"] = "198.51.100.7"
    for _ in range(32):
        enter(guesser, "000000")
    again(app.test_client())
    assert enter(app.test_client(), claim_code()).headers["Location"] == word


def test_another_numbers_holder_does_nothing_with_the_code(app: Flask, word: str) -> None:
    assert enter(app.test_client(), claim_code(), factories.phone()).status_code == 422


def test_the_code_is_good_once_and_48_hours(app: Flask, word: str, frozen: Any) -> None:
    code = claim_code()
    assert enter(app.test_client(), code).status_code == 303
    assert enter(app.test_client(), code).status_code == 422
    frozen.now += timedelta(hours=1, minutes=1)
    post(app.test_client(), f"{word}/ask", word)
    frozen.now += timedelta(hours=48, minutes=1)
    assert enter(app.test_client(), claim_code()).status_code == 422


def test_it_is_sent_once_an_hour_for_each_child(client: FlaskClient, word: str, frozen: Any) -> None:
    frozen.now += timedelta(minutes=2)
    refused = post(client, f"{word}/ask", word)
    assert (refused.status_code, "一小时内只发一次" in refused.text, len(told("guardian.asked"))) == (429, True, 1)
    frozen.now += timedelta(hours=1, minutes=1)
    assert "已发给监护人" in client.get(post(client, f"{word}/ask", word).headers["Location"]).text
    assert len(told("guardian.asked")) == 2
    assert enter(client, claim_code(0)).headers["Location"] == word


def test_two_forms_are_listed(app: Flask, client: FlaskClient, word: str) -> None:
    guardian_page(client, page_of(title="第二班", starts_in=timedelta(days=9)), adult(), child_id())
    other = app.test_client()
    assert enter(other, claim_code(0)).headers["Location"] == "/g"
    page = other.get("/g").text
    assert ("330281 亲子班" in page, "第二班" in page) == (True, True)


def test_guesses_at_one_number_are_bounded(app: Flask, word: str) -> None:
    tries = [enter(app.test_client(), "000000", "13911112222") for _ in range(31)]
    assert [reply.status_code for reply in tries] == [422] * 30 + [429]
    assert re.search(r"（约 \d+ 分钟后可以再试）", tries[-1].text)
    assert db.session.scalars(select(PhoneCode.purpose).where(PhoneCode.purpose == "guardian_claim")).all() != []
