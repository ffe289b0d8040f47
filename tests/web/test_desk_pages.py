"""现场代报名: exempt from limits, logged, and the ticket is the person's own."""

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from chengjiu_mp.core.db import db
from chengjiu_mp.core.models import AuditEntry
from chengjiu_mp.courses.models import Signup
from chengjiu_mp.people.models import Consent
from tests import factories
from tests.conftest import FrozenClock
from tests.web.test_citizen_pages import AGREED, csrf, typed
from tests.web.test_signin_pages import sign_in


def a_run(**values: Any) -> int:
    with factories.made():
        return factories.run(**values).id


def staff(client: FlaskClient, role: str = "operator", unit: str | None = None) -> int:
    with factories.made():
        account = factories.account(role, unit)
        phone, account_id = factories.phone_of(account), account.id
    sign_in(client, phone=phone)
    return account_id


def enter(client: FlaskClient, run: int, **changes: Any) -> Any:
    page = client.get(f"/console/runs/{run}/desk")
    assert page.status_code == 200, page.text
    key = page.text.split('name="form_key" value="')[1].split('"')[0]
    return client.post(
        f"/console/runs/{run}/desk", data={"csrf_token": csrf(page.text), "form_key": key, **typed(**changes)}
    )


def the_signup() -> Signup:
    db.session.rollback()
    return db.session.scalars(select(Signup).order_by(Signup.id.desc())).first()  # type: ignore[return-value]


def test_a_person_is_signed_up_and_gets_a_code_to_photograph(client: FlaskClient) -> None:
    run, who = a_run(), staff(client)
    reply = enter(client, run, name="王奶奶")
    row = the_signup()
    assert reply.headers["Location"] == f"/console/runs/{run}/desk/{row.id}"
    shown = client.get(reply.headers["Location"]).text
    assert f"{row.code[:3]} {row.code[3:]}" in shown
    assert "<svg" in shown
    assert "王奶奶" in shown
    assert (row.channel, row.device_id, row.phone_proved_at) == ("desk", None, None)
    made = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "signup.made")).one()
    assert (made.actor_id, made.facts["channel"]) == (who, "desk")
    assert {one.channel for one in db.session.scalars(select(Consent))} == {"desk"}


def test_the_ticket_is_not_on_the_staffs_phone(client: FlaskClient) -> None:
    run = a_run()
    staff(client)
    enter(client, run)
    text = client.get("/me").text
    assert ("目前没有要上的课" in text, 'href="/i/' in text) == (True, False)


def test_a_desk_enters_a_queue_of_people_unasked(client: FlaskClient) -> None:
    run = a_run()
    staff(client, "unit_manager", "chengjiang")
    assert [enter(client, run).status_code for _ in range(35)] == [303] * 35


def test_two_taps_are_one(client: FlaskClient) -> None:
    run = a_run()
    staff(client)
    page = client.get(f"/console/runs/{run}/desk").text
    form = {"csrf_token": csrf(page), "form_key": "k", **typed()}
    replies = [client.post(f"/console/runs/{run}/desk", data=form) for _ in range(2)]
    assert replies[0].headers["Location"] == replies[1].headers["Location"]
    assert len(db.session.scalars(select(Signup)).all()) == 1


def test_mistakes_stand_at_their_fields(client: FlaskClient) -> None:
    run = a_run()
    staff(client)
    reply = enter(client, run, doc_number="1", **dict.fromkeys(AGREED, ""))
    assert reply.status_code == 422
    assert "请念给本人听《" in reply.text
    assert 'id="f-doc_number-error"' in reply.text


@pytest.mark.parametrize(
    ("role", "unit", "status"),
    [("operator", None, 200), ("unit_manager", "chengjiang", 200), ("unit_manager", "nanzha", 404),
     ("trainee", None, 403), ("auditor", None, 403), ("approver", None, 403), ("instructor", None, 404)],
)  # fmt: skip
def test_who_may(client: FlaskClient, role: str, unit: str | None, status: int) -> None:
    run = a_run()
    staff(client, role, unit)
    assert client.get(f"/console/runs/{run}/desk").status_code == status


def test_the_instructor_may_on_the_day(app: Flask, client: FlaskClient, frozen: FrozenClock) -> None:
    with factories.made():
        teacher = factories.instructor()
        run = factories.run(instructors=[teacher], starts_in=timedelta(days=1)).id
        phone = factories.phone_of(db.session.get_one(type(factories.account()), teacher.account_id))
    sign_in(client, phone=phone)
    early = client.get(f"/console/runs/{run}/desk")
    assert early.status_code == 409
    assert "开课当天" in early.text
    frozen.now += timedelta(hours=22)
    sign_in(client, phone=phone)
    assert enter(client, run).status_code == 303


def test_a_ticket_is_shown_for_a_quarter_of_an_hour_and_only_the_desks_own(
    client: FlaskClient, frozen: FrozenClock
) -> None:
    run = a_run()
    staff(client)
    shown = enter(client, run).headers["Location"]
    with factories.made():
        other = factories.signup(db.session.get_one(type(factories.run()), run)).id
    assert client.get(f"/console/runs/{run}/desk/{other}").status_code == 404
    frozen.now += timedelta(minutes=16)
    assert client.get(shown).status_code == 404


def test_a_run_offers_the_desk(client: FlaskClient) -> None:
    run = a_run()
    staff(client)
    assert f'href="/console/runs/{run}/desk"' in client.get(f"/console/runs/{run}").text
