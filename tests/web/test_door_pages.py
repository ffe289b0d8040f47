"""现场加人: one form, signed up and checked in; the tick for one more than fits."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from chengjiu_mp.checkin.models import CheckIn
from chengjiu_mp.core.db import db
from chengjiu_mp.courses.models import Meeting, Signup
from chengjiu_mp.signin.models import Account
from tests import factories
from tests.web.test_citizen_pages import csrf, typed
from tests.web.test_scan_pages import _sign_in


def a_class(client, capacity=50):
    with factories.made():
        teacher = factories.instructor("陈建国")
        run = factories.run(starts_in=timedelta(minutes=10), capacity=capacity, instructors=[teacher])
        for n in range(min(capacity, 2)):
            factories.signup(run, f"学员{n}")
    _sign_in(client, teacher.account_id or 0)
    return run.id, teacher.account_id


def fields(client, run, **changes):
    page = client.get(f"/console/runs/{run}/door")
    assert page.status_code == 200, page.text
    hidden = dict(re.findall(r'name="(form_key|meeting_id)" value="([^"]*)"', page.text))
    return {"csrf_token": csrf(page.text), **hidden, **typed(**changes)}


def add(client, run, **changes):
    return client.post(f"/console/runs/{run}/door", data=fields(client, run, **changes))


def newest():
    db.session.rollback()
    return db.session.scalars(select(Signup).order_by(Signup.id.desc())).first()


def test_the_roster_leads_to_the_door(client, app):
    run, _ = a_class(client)
    meeting = db.session.scalars(select(Meeting.id)).one()
    assert f'href="/console/runs/{run}/door?meeting={meeting}"' in client.get(f"/teach/runs/{run}").text


def test_one_form_signs_up_and_checks_in(client, app):
    run, _ = a_class(client)
    reply = add(client, run, name="王奶奶")
    row = newest()
    assert reply.headers["Location"] == f"/console/runs/{run}/desk/{row.id}"
    assert (row.name, row.outcome, row.over_capacity) == ("王奶奶", "attended", False)
    shown = client.get(reply.headers["Location"]).text
    assert "已报名并签到" in shown
    assert f'href="/console/runs/{run}/door"' in shown
    assert "已到（1）" in client.get(f"/teach/runs/{run}").text


def test_two_taps_add_one(client, app):
    run, _ = a_class(client)
    form = fields(client, run)
    replies = [client.post(f"/console/runs/{run}/door", data=form) for _ in range(2)]
    assert replies[0].headers["Location"] == replies[1].headers["Location"]
    assert len(db.session.scalars(select(CheckIn)).all()) == 1


def test_a_full_run_asks_for_the_tick_and_then_says_so_everywhere(client, app):
    run, account = a_class(client, capacity=2)
    refused = add(client, run, name="多一位")
    assert (refused.status_code, 'id="f-over-error"' in refused.text) == (409, True)
    assert "2 个名额已满" in refused.text
    assert newest().name != "多一位"
    reply = add(client, run, name="多一位", over="1")
    assert "超员" in client.get(reply.headers["Location"]).text
    assert "超员加人" in client.get(f"/teach/runs/{run}").text
    with factories.made():
        boss = factories.account("operator").id
        headers = factories.headers_of(db.session.get_one(Account, account))
    listed = client.get(f"/api/v1/runs/{run}/checkins", headers=headers).json["items"]
    roster = client.get(f"/api/v1/runs/{run}/signups", headers=headers).json["items"]
    assert [sum(one["over_capacity"] for one in items) for items in (listed, roster)] == [1, 1]
    _sign_in(client, boss)
    page = client.get(f"/console/runs/{run}").text
    assert "含超员加 1" in page
    assert "超员加人" in page


def test_mistakes_stand_at_their_fields_and_the_tick_stays(client, app):
    run, _ = a_class(client, capacity=2)
    reply = add(client, run, doc_number="1", over="1")
    assert reply.status_code == 422
    assert 'id="f-doc_number-error"' in reply.text
    assert re.search(r'name="over"[^>]* checked', reply.text)


@pytest.mark.parametrize(
    ("role", "status"), [("operator", 200), ("unit_manager", 403), ("approver", 403), ("trainee", 403)]
)
def test_who_may(client, app, role, status):
    run, _ = a_class(client)
    with factories.made():
        account = factories.account(role).id
    _sign_in(client, account)
    assert client.get(f"/console/runs/{run}/door").status_code == status


def test_a_strangers_run_is_not_found(client, app):
    run, _ = a_class(client)
    form = fields(client, run)
    with factories.made():
        stranger = factories.instructor("刘芳").account_id
    _sign_in(client, stranger or 0)
    assert client.get(f"/console/runs/{run}/door").status_code == 404
    form["csrf_token"] = csrf(client.get(f"/console/runs/{a_class(client)[0]}/door").text)
    _sign_in(client, stranger or 0)
    assert client.post(f"/console/runs/{run}/door", data=form).status_code in (400, 404)
    assert db.session.scalars(select(CheckIn)).all() == []


def test_days_later_somebody_on_the_paper_is_added_and_the_roster_comes(client, app, frozen):
    run, account = a_class(client)
    frozen.now += timedelta(days=2)
    _sign_in(client, account)
    reply = add(client, run, name="王奶奶")
    assert reply.headers["Location"].startswith(f"/teach/runs/{run}?meeting=")
    assert "纸质签到" in client.get(reply.headers["Location"]).text
