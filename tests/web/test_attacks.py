"""rel-A17, A20 by real requests. rel-A18, A19: tests/courses/test_limiting.py; codes: tests/signin/test_codes.py;
fixation on a page: tests/web/test_signin_pages.py.
"""

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from chengjiu_mp.core import clock, privacy
from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.outbox.models import Message
from chengjiu_mp.outbox.queries import messages_to
from chengjiu_mp.signin.models import RoleGrant, SignInSession
from tests import factories
from tests.conftest import FrozenClock

PHONE = "13700001234"


def wish(client: FlaskClient, phone: str = PHONE, **headers: str) -> Any:
    return client.post("/api/v1/auth/codes", json={"phone": phone}, headers=headers)


def codes_to(phone: str = PHONE) -> int:
    db.session.rollback()
    query = select(func.count()).select_from(Message).where(Message.phone_index == privacy.phone_index(phone))
    return db.session.scalar(query) or 0


def code(phone: str = PHONE) -> str:
    body = messages_to(privacy.phone_index(phone))[0].body
    db.session.rollback()
    return next(word for word in body.replace("，", " ").split() if word.isdigit() and len(word) == 6)


def answer(client: FlaskClient, challenge: str, said: str) -> Any:
    body = {"grant": "phone_code", "challenge_id": challenge, "code": said}
    return client.post("/api/v1/auth/tokens", json=body)


# rel-A17 bombs and guesses


def test_any_number_of_wishes_for_one_phone_sends_one_a_minute(client: FlaskClient, frozen: FrozenClock) -> None:
    said = [wish(client, **{"X-Forwarded-For": f"10.0.{n % 250}.{n % 199}"}).status_code for n in range(150)]
    assert (said.count(202), codes_to()) == (1, 1)


def test_in_a_day_at_most_ten(client: FlaskClient, frozen: FrozenClock) -> None:
    said = []
    for _ in range(60):
        said.append(wish(client).status_code)
        frozen.now += timedelta(minutes=20)
    assert said.count(202) == codes_to() == 10


def test_in_an_hour_at_most_five(client: FlaskClient, frozen: FrozenClock) -> None:
    began, sent = frozen.now, 0
    while frozen.now - began < timedelta(minutes=59):
        sent += wish(client).status_code == 202
        frozen.now += timedelta(seconds=67)
    assert sent == codes_to() == 5


def test_many_phones_from_one_address_are_bounded_too(client: FlaskClient) -> None:
    said = [wish(client, f"1370{n:07d}").status_code for n in range(150)]
    assert said.count(202) == db.session.scalar(select(func.count()).select_from(Message)) == 120


def test_a_code_is_not_guessed(client: FlaskClient) -> None:
    challenge, right = wish(client).json["challenge_id"], code()
    wrong = [f"{(int(right) + n) % 1_000_000:06d}" for n in range(1, 40)]
    assert {answer(client, challenge, one).status_code for one in wrong} <= {422, 429}
    assert answer(client, challenge, right).status_code in (422, 429)


# rel-A20 steals and replays


def test_a_code_opens_one_session_and_its_repeat_none(client: FlaskClient) -> None:
    challenge, said = wish(client).json["challenge_id"], code()
    assert answer(client, challenge, said).status_code == 201
    assert answer(client, challenge, said).status_code == 422


def test_a_token_in_an_address_opens_nothing(client: FlaskClient) -> None:
    with factories.made():
        token = factories.bearer("operator")["Authorization"].removeprefix("Bearer ")
    for query in (f"?access_token={token}", f"?token={token}", f"?t={token}", f"?Authorization=Bearer%20{token}"):
        assert client.get(f"/api/v1/instructors{query}").status_code == 401
        assert client.get(f"/console/{query}").status_code == 303


def test_after_signing_out_neither_the_token_nor_the_old_cookie_works(client: FlaskClient) -> None:
    with factories.made():
        who = factories.bearer("operator")
    assert client.get("/api/v1/instructors", headers=who).status_code == 200
    assert client.delete("/api/v1/auth/tokens/current", headers=who).status_code == 204
    assert client.get("/api/v1/instructors", headers=who).status_code == 401


def test_a_cookie_kept_from_before_signing_out_is_nobody(app: Flask, client: FlaskClient) -> None:
    from_desk(client)
    kept = client.get_cookie("sid")
    assert kept is not None
    assert client.get("/console/").status_code == 200
    page = client.get("/console/").text
    token = page.split('name="csrf_token" value="')[1].split('"')[0]
    client.post("/signout", data={"csrf_token": token})
    thief = app.test_client()
    thief.set_cookie("sid", kept.value)
    assert thief.get("/console/").status_code == 303


def test_a_session_given_by_a_stranger_does_not_become_mine(app: Flask, client: FlaskClient) -> None:
    """Fixation: the attacker's cookie, planted in the victim's browser, knows nothing once the victim signs in."""
    attacker = app.test_client()
    attacker.get("/signin")
    planted = attacker.get_cookie("sid")
    assert planted is not None
    client.set_cookie("sid", planted.value)
    from_desk(client)
    assert client.get("/console/").status_code == 200
    assert attacker.get("/console/").status_code == 303


@pytest.mark.parametrize("change", ["withdrawn", "ended", "read only"])
def test_a_role_taken_away_is_gone_at_the_next_request(client: FlaskClient, change: str) -> None:
    with factories.made():
        account = factories.account("operator")
        who, account_id = factories.headers_of(account), account.id
    assert client.post("/api/v1/runs", json={}, headers=who).status_code == 422
    with unit_of_work():
        grant = db.session.scalars(select(RoleGrant).where(RoleGrant.account_id == account_id)).one()
        if change == "withdrawn":
            db.session.delete(grant)
        elif change == "ended":
            grant.valid_to = clock.today() - timedelta(days=1)
        else:
            grant.read_only = True
    assert client.post("/api/v1/runs", json={}, headers=who).status_code == 403


def test_a_closed_account_is_out_at_the_next_request(client: FlaskClient) -> None:
    with factories.made():
        account = factories.account("operator")
        who, account_id = factories.headers_of(account), account.id
    with unit_of_work():
        db.session.get_one(type(account), account_id).active = False
    assert client.get("/api/v1/instructors", headers=who).status_code == 401


def test_a_devices_token_is_no_bearer_and_a_bearer_no_cookie(app: Flask, client: FlaskClient) -> None:
    from_desk(client)
    with client.session_transaction() as kept:
        device = kept["t"]
    assert client.get("/api/v1/instructors", headers={"Authorization": f"Bearer {device}"}).status_code == 401
    with factories.made():
        token = factories.bearer("operator")["Authorization"].removeprefix("Bearer ")
    other = app.test_client()
    other.get("/signin")
    with other.session_transaction() as planted:
        planted["t"] = token
    assert other.get("/console/").status_code == 303


def test_a_token_that_was_revoked_or_ran_out_is_nobodys(client: FlaskClient, frozen: FrozenClock) -> None:
    with factories.made():
        first, second = factories.bearer("operator"), factories.bearer("operator")
    with unit_of_work():
        db.session.scalars(select(SignInSession).order_by(SignInSession.id)).first().revoked_at = clock.now()  # type: ignore[union-attr]
    assert client.get("/api/v1/instructors", headers=first).status_code == 401
    assert client.get("/api/v1/instructors", headers=second).status_code == 200
    frozen.now += timedelta(hours=13)
    assert client.get("/api/v1/instructors", headers=second).status_code == 401


def from_desk(client: FlaskClient) -> None:
    """Sign an operator in on this browser by a code."""
    with factories.made():
        phone = factories.phone_of(factories.account("operator"))
    token = client.get("/signin").text.split('name="csrf_token" value="')[1].split('"')[0]
    client.post("/signin", data={"csrf_token": token, "phone": phone})
    page = client.get("/signin/code").text
    token = page.split('name="csrf_token" value="')[1].split('"')[0]
    client.post("/signin/code", data={"csrf_token": token, "code": code(phone)})
