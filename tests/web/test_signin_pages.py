"""Signing in on a page: two steps without script, no fixation, no way out of the site, no forged forms."""

import dataclasses
import re

import pytest
from sqlalchemy import select

from chengjiu_mp import create_app
from chengjiu_mp.core import privacy
from chengjiu_mp.core.db import db
from chengjiu_mp.outbox import queries
from chengjiu_mp.signin import service
from chengjiu_mp.signin.models import SignInSession
from tests import factories

PHONE = "13900001111"


def token_in(reply):
    return re.findall(r'name="csrf_token" value="([^"]+)"', reply.text)[0]


def ask(client, wanted="", phone=PHONE):
    form = {"csrf_token": token_in(client.get("/signin", query_string={"next": wanted, "switch": "1"})), "phone": phone}
    return client.post("/signin", data={**form, "next": wanted})


def code_to(phone=PHONE):
    found = re.findall(r"\d{6}", queries.messages_to(privacy.phone_index(phone))[0].body)[0]
    db.session.remove()
    return found


def answer(client, code):
    form = {"csrf_token": token_in(client.get("/signin/code")), "code": code}
    return client.post("/signin/code", data=form)


def sign_in(client, wanted="", phone=PHONE):
    assert ask(client, wanted, phone).headers["Location"] == "/signin/code"
    return answer(client, code_to(phone))


def account(role, phone=PHONE):
    with factories.made():
        found = service.add_account("周敏", phone=phone, username="zhoumin", password="Wo-hui-jiu-2026")
        service.grant_role(found, role)


@pytest.mark.parametrize(("role", "place"), [("instructor", "/teach/"), ("operator", "/console/"), ("trainee", "/me")])
def test_everybody_lands_at_their_work(client, role, place):
    account(role)
    assert sign_in(client).headers["Location"] == place
    assert client.get("/signin").headers["Location"] == place


def test_who_was_sent_to_sign_in_comes_back(client):
    account("operator")
    assert client.get("/console/jobs/?state=done").headers["Location"] == (
        "/console/signin?next=%2Fconsole%2Fjobs%2F%3Fstate%3Ddone"
    )
    assert sign_in(client, "/console/jobs/?state=done").headers["Location"] == "/console/jobs/?state=done"


@pytest.mark.parametrize("wanted", ["//evil.test", "https://evil.test", "/\\evil.test", "///evil.test", "/signin"])
def test_next_leads_nowhere_else(client, wanted):
    assert sign_in(client, wanted).headers["Location"] == "/me"


def test_a_wrong_code_keeps_the_page_and_says_what_to_do(client):
    ask(client)
    reply = answer(client, "abcdef")
    assert reply.status_code == 422
    assert 'id="f-code-error"' in reply.text
    assert "重新获取" in reply.text


def test_a_wrong_phone_is_kept_in_the_form(client):
    reply = ask(client, phone="1390000")
    assert reply.status_code == 422
    assert 'value="1390000"' in reply.text
    assert "手机号应是 11 位数字" in reply.text


def test_the_code_page_alone_sends_back_to_the_phone(client):
    assert client.get("/signin/code").headers["Location"] == "/signin"


def test_the_code_is_shown_in_the_demo_alone(client, settings):
    ask(client)
    assert code_to() not in client.get("/signin/code").text
    demo = create_app(dataclasses.replace(settings, demo=True)).test_client()
    ask(demo, phone="13900002222")
    page = demo.get("/signin/code").text
    assert "演示短信" in page
    assert code_to("13900002222") in page


def test_signing_in_gives_the_device_a_new_token(client):
    sign_in(client)
    before = bytes(db.session.scalars(select(SignInSession.token_hash)).one())
    db.session.remove()
    with client.session_transaction() as kept:
        old = kept["t"]
    account("operator", "13900003333")
    sign_in(client, phone="13900003333")
    row = db.session.scalars(select(SignInSession)).one()
    assert bytes(row.token_hash) != before
    with client.session_transaction() as kept:
        assert kept["t"] != old


def test_the_csrf_token_of_the_visitor_ends_at_sign_in(client):
    stale = token_in(client.get("/signin"))
    sign_in(client)
    assert client.post("/signout", data={"csrf_token": stale}).status_code == 400
    assert client.get("/console/signin").status_code == 303


def test_signing_out_keeps_the_device(client):
    sign_in(client)
    form = {"csrf_token": token_in(client.get("/signin?switch=1"))}
    assert client.post("/signout", data=form).status_code == 303
    row = db.session.scalars(select(SignInSession)).one()
    assert (row.account_id, row.phone_index, row.revoked_at) == (None, None, None)
    assert client.get("/console/").headers["Location"].startswith("/console/signin")


@pytest.mark.parametrize("token", ["", "wrong"])
def test_a_form_without_its_token_is_refused(client, token):
    client.get("/signin")
    reply = client.post("/signin", data={"csrf_token": token, "phone": PHONE})
    assert reply.status_code == 400
    assert "请刷新页面后再提交一次" in reply.text


@pytest.mark.parametrize("origin", ["https://evil.test", "null"])
def test_a_form_from_another_site_is_refused(client, origin):
    form = {"csrf_token": token_in(client.get("/signin")), "phone": PHONE}
    assert client.post("/signin", data=form, headers={"Origin": origin}).status_code == 400
    assert client.post("/signin", data=form, headers={"Origin": "http://127.0.0.1:8000"}).status_code == 303


def test_json_with_a_cookie_needs_the_token_too(client):
    sign_in(client)
    assert client.delete("/api/v1/auth/tokens/current").status_code == 400
    headers = {"X-CSRFToken": token_in(client.get("/signin?switch=1"))}
    assert client.delete("/api/v1/auth/tokens/current", headers=headers).status_code == 204


def test_a_bearer_request_plays_no_part_in_the_cookies_session(client):
    account("operator")
    sign_in(client)
    reply = client.get("/console/", headers={"Authorization": "Bearer " + "a" * 26})
    assert reply.status_code == 303
    assert client.get("/console/").status_code == 200


def desk(client, username="zhoumin", password="Wo-hui-jiu-2026"):
    form = {"csrf_token": token_in(client.get("/console/signin?switch=1")), "username": username, "password": password}
    return client.post("/console/signin", data=form)


def test_the_desk_signs_in_with_a_password(client):
    account("auditor")
    assert desk(client).headers["Location"] == "/console/"
    assert "周敏" in client.get("/console/").text


def test_a_wrong_password_stays_on_the_page_without_the_password(client):
    account("auditor")
    reply = desk(client, password="wrong-secret")
    assert reply.status_code == 422
    assert "wrong-secret" not in reply.text
    assert "用户名或密码不对" in reply.text


def test_a_role_that_does_not_suffice_may_change_the_account(client):
    sign_in(client)
    reply = client.get("/console/")
    assert reply.status_code == 403
    assert "换个账号登录" in reply.text
