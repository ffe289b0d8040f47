"""Signing in by JSON: equal answers, tokens that end, roles that hold."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from chengjiu_mp.core import clock, privacy
from chengjiu_mp.core.db import db
from chengjiu_mp.core.models import AuditEntry
from chengjiu_mp.outbox import queries
from chengjiu_mp.signin import service
from chengjiu_mp.signin.models import Account, RoleGrant, SignInSession
from tests import factories

PHONE = "13900001111"


def _staff(**values):
    with factories.made():
        account = service.add_account(
            **{"name": "周敏", "username": "zhoumin", "password": "Wo-hui-jiu-2026", **values}
        )
        service.grant_role(account, "operator")
        return account.id


def _by_code(client, phone=PHONE):
    challenge = client.post("/api/v1/auth/codes", json={"phone": phone}).json["challenge_id"]
    text = queries.messages_to(privacy.phone_index(phone))[0].body
    db.session.remove()
    body = {"grant": "phone_code", "challenge_id": challenge, "code": re.findall(r"\d{6}", text)[0]}
    return client.post("/api/v1/auth/tokens", json=body)


def _by_password(client, username="zhoumin", password="Wo-hui-jiu-2026"):
    body = {"grant": "password", "username": username, "password": password}
    return client.post("/api/v1/auth/tokens", json=body)


def _as(reply):
    return {"Authorization": f"Bearer {reply.json['access_token']}"}


def test_an_unknown_phone_becomes_a_trainee(client):
    reply = _by_code(client)
    assert reply.status_code == 201
    assert reply.json["roles"] == ["trainee"]
    assert reply.json["expires_in"] == 12 * 3600
    assert db.session.scalars(select(Account)).one().phone_sealed is None


def test_the_same_phone_stays_one_account(client, frozen):
    _by_code(client)
    frozen.now += timedelta(minutes=2)
    assert _by_code(client).status_code == 201
    assert len(db.session.scalars(select(Account)).all()) == 1


def test_a_staff_phone_signs_in_as_staff(client):
    _staff(phone=PHONE)
    assert _by_code(client).json["roles"] == ["operator"]


def test_a_closed_account_is_told_so_after_the_proof(client):
    with factories.made():
        closed = service.add_account("周敏", phone=PHONE, username="zhoumin", password="Wo-hui-jiu-2026")
        closed.active = False
    assert (_by_code(client).status_code, _by_password(client).status_code) == (403, 401)


def test_codes_are_answered_alike_for_known_and_unknown_phones(client):
    _staff(phone=PHONE)
    known = client.post("/api/v1/auth/codes", json={"phone": PHONE})
    unknown = client.post("/api/v1/auth/codes", json={"phone": "13900002222"})
    assert known.status_code == unknown.status_code == 202
    assert known.json.keys() == unknown.json.keys()
    assert len(known.data) == len(unknown.data)


@pytest.mark.parametrize(("username", "password"), [("zhoumin", "wrong"), ("nobody", "Wo-hui-jiu-2026")])
def test_a_wrong_name_and_a_wrong_password_answer_alike(client, username, password):
    _staff()
    reply = _by_password(client, username, password)
    reply.json.pop("request_id")
    assert (reply.status_code, reply.json["code"], reply.json["errors"]) == (401, "credentials_wrong", [])


def test_guessing_is_slowed_and_then_possible_again(client, frozen):
    _staff()
    answers = [_by_password(client, password="wrong").status_code for _ in range(11)]
    assert answers == [401] * 10 + [429]
    assert _by_password(client).status_code == 429
    frozen.now += timedelta(minutes=17)
    assert _by_password(client).status_code == 201


def test_guessing_from_elsewhere_does_not_keep_the_person_out(client):
    _staff()
    body = {"grant": "password", "username": "zhoumin", "password": "wrong"}
    for _ in range(11):
        client.post("/api/v1/auth/tokens", json=body, environ_base={"REMOTE_ADDR": "203.0.113.9"})
    assert _by_password(client).status_code == 201


def test_a_token_ends_when_it_is_deleted(client):
    _staff()
    headers = _as(_by_password(client))
    assert client.delete("/api/v1/auth/tokens/current", headers=headers).status_code == 204
    assert client.delete("/api/v1/auth/tokens/current", headers=headers).status_code == 401


def test_a_token_ends_after_twelve_hours(client, frozen):
    _staff()
    headers = _as(_by_password(client))
    frozen.now += timedelta(hours=12)
    assert client.delete("/api/v1/auth/tokens/current", headers=headers).status_code == 401


def test_a_role_is_held_only_on_its_days(client, frozen):
    with factories.made():
        account = service.add_account("代理", username="deputy", password="Wo-hui-jiu-2026")
        service.grant_role(account, "approver", valid=(clock.today(), clock.today()))
    assert _by_password(client, "deputy").json["roles"] == ["approver"]
    frozen.now += timedelta(days=1)
    assert _by_password(client, "deputy").json["roles"] == []


def test_a_bearer_token_is_looked_at_alone(client):
    _staff()
    headers = _as(_by_password(client))
    client.set_cookie("sid", "stale")
    assert client.delete("/api/v1/auth/tokens/current", headers=headers).status_code == 204
    unknown = {"Authorization": "Bearer " + "a" * 26}
    assert client.post("/api/v1/auth/codes", json={"phone": PHONE}, headers=unknown).status_code == 401


@pytest.mark.parametrize(
    ("body", "pointers"),
    [
        ({"grant": "phone_code"}, ["/challenge_id", "/code"]),
        ({"grant": "password", "username": "a"}, ["/password"]),
        ({"grant": "magic"}, ["/grant"]),
        ({"grant": "password", "username": "a", "password": "b", "roles": ["system"]}, ["/roles"]),
    ],
)
def test_what_is_missing_or_too_much_is_named(client, body, pointers):
    reply = client.post("/api/v1/auth/tokens", json=body)
    assert reply.status_code == 422
    assert [e["pointer"] for e in reply.json["errors"]] == pointers


def test_wechat_is_refused_with_its_reason(client):
    reply = client.post("/api/v1/auth/tokens", json={"grant": "wechat"})
    assert (reply.status_code, reply.json["code"]) == (409, "wechat_not_configured")


def test_signing_in_and_out_is_in_the_audit_trail(client):
    _staff()
    client.delete("/api/v1/auth/tokens/current", headers=_as(_by_password(client)))
    actions = db.session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)).all()
    assert actions == ["account.added", "role.granted", "session.opened", "session.ended"]


def test_neither_token_nor_password_is_stored_open(client):
    _staff()
    token = _by_password(client).json["access_token"]
    row, account = db.session.scalars(select(SignInSession)).one(), db.session.scalars(select(Account)).one()
    assert token.encode() not in bytes(row.token_hash)
    assert str(account.password_hash).startswith("$argon2id$v=19$m=19456,t=2,p=1$")


def test_an_unknown_role_cannot_be_granted(app):
    with factories.made(), pytest.raises(ValueError, match="king"):
        service.grant_role(service.add_account("甲"), "king")
    assert db.session.scalars(select(RoleGrant)).all() == []
