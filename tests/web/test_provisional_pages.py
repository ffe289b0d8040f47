"""先签到后补录 by forms: the instructor's number field, the person's own form, the desk's."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from chengjiu_mp.checkin.models import CheckIn, ProvisionalCheckIn
from chengjiu_mp.checkin.provisional import token_of
from chengjiu_mp.core.db import db
from chengjiu_mp.courses.models import Signup
from tests import factories
from tests.web.test_citizen_pages import csrf, typed
from tests.web.test_scan_pages import _sign_in


@pytest.fixture
def door(app, client):
    with factories.made():
        teacher = factories.instructor("陈建国")
        run = factories.run(starts_in=timedelta(minutes=10), instructors=[teacher])
    _sign_in(client, teacher.account_id or 0)
    return {"run": run.id, "path": f"/console/runs/{run.id}/door/first/", "account": teacher.account_id}


def leaves(client, door, **values):
    page = client.get(door["path"]).text
    fields = dict(re.findall(r'name="(csrf_token|meeting_id)" value="([^"]*)"', page))
    return client.post(door["path"], data={**fields, "phone": "13900001111", **values})


def newest() -> ProvisionalCheckIn:
    db.session.rollback()
    return db.session.scalars(select(ProvisionalCheckIn).order_by(ProvisionalCheckIn.id.desc()).limit(1)).one()


def test_the_roster_leads_there_and_shows_who_is_to_be_completed(client, door):
    roster = f"/teach/runs/{door['run']}"
    assert f'href="{door["path"]}?meeting=' in client.get(roster).text
    reply = leaves(client, door, name="王阿姨")
    assert reply.headers["Location"] == f"{door['path']}{newest().id}"
    page = client.get(roster).text
    assert "待补录（1）" in page
    assert "王阿姨" in page
    assert "139****1111" in page
    assert "13900001111" not in page


def test_the_code_is_for_the_person_and_their_form_makes_the_ticket(client, door, app):
    shown = client.get(leaves(client, door).headers["Location"]).text
    assert "<svg" in shown
    token, phone = token_of(newest()), app.test_client()
    page = phone.get(f"/b/{token}").text
    assert "139****1111" in page
    assert 'name="phone"' not in page
    reply = phone.post(f"/b/{token}", data={"csrf_token": csrf(page), **typed(name="王奶奶")})
    assert reply.headers["Location"].startswith("/i/")
    ticket = phone.get(reply.headers["Location"]).text
    assert "王奶奶" in ticket
    signup = db.session.scalars(select(Signup)).one()
    assert (signup.outcome, signup.device_id is not None, signup.channel) == ("attended", True, "page")
    assert len(db.session.scalars(select(CheckIn)).all()) == 1
    again = phone.get(f"/b/{token}").text
    assert "已经补好或作废了" in again


def test_a_mistake_keeps_what_was_typed(client, door, app):
    leaves(client, door)
    token, phone = token_of(newest()), app.test_client()
    page = phone.get(f"/b/{token}").text
    reply = phone.post(f"/b/{token}", data={"csrf_token": csrf(page), **typed(name="王奶奶", doc_number="123")})
    assert reply.status_code == 422
    assert 'value="王奶奶"' in reply.text
    assert newest().ended_at is None


def test_a_wrong_link_is_not_found(client, door):
    assert client.get(f"/b/{'a' * 26}").status_code == 404
    assert client.get("/b/short").status_code == 404


def test_staff_fill_it_in_for_the_person(client, door):
    where = leaves(client, door, name="王阿姨").headers["Location"]
    page = client.get(f"{where}/complete").text
    assert 'name="phone"' not in page
    fields = dict(re.findall(r'name="(form_key|meeting_id)" value="([^"]*)"', page))
    data = {"csrf_token": csrf(page), **fields, **typed(name="王桂花")}
    data.pop("phone")
    reply = client.post(f"{where}/complete", data=data)
    assert reply.headers["Location"].startswith(f"/teach/runs/{door['run']}")
    assert "王桂花" in client.get(reply.headers["Location"]).text
    assert client.get(where).status_code == 404


def test_dropping_asks_why(client, door):
    where = leaves(client, door).headers["Location"]
    page = client.get(door["path"]).text
    client.post(f"{where}/drop", data={"csrf_token": csrf(page), "reason": "留错了号码"})
    assert newest().end_reason == "留错了号码"
    assert "待补录" not in client.get(f"/teach/runs/{door['run']}").text


def test_a_number_that_is_none_is_said_at_the_field(client, door):
    reply = leaves(client, door, phone="123")
    assert reply.status_code == 422
    assert 'value="123"' in reply.text


def test_another_instructor_sees_nothing_of_it(client, door):
    where = leaves(client, door).headers["Location"]
    with factories.made():
        stranger = factories.instructor("外人")
    _sign_in(client, stranger.account_id or 0)
    for path in (door["path"], where, f"{where}/complete"):
        assert client.get(path).status_code == 404
