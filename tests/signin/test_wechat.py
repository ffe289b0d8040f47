"""Signing in by WeChat: one person one account, whatever they prove first."""

import threading
from datetime import timedelta

import pytest
from sqlalchemy import false, func, select

from chengjiu_mp.core import context, privacy
from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.core.models import AuditEntry
from chengjiu_mp.courses.signup_queries import owned_signup
from chengjiu_mp.outbox import ledger
from chengjiu_mp.outbox.models import Message, WechatCredit
from chengjiu_mp.signin import erasing, service, sessions, wechat
from chengjiu_mp.signin.models import Account, SignInSession
from chengjiu_mp.wechat.models import WechatBinding
from tests import factories, signups

PHONE = "13900001111"
TOKENS, PHONE_PATH = "/api/v1/auth/tokens", "/api/v1/auth/wechat/phone"


@pytest.fixture
def settings(settings, twins):
    return twins.connect(settings)


def signed_in(client, name="wang", headers=None):
    """Sign a WeChat user in; return the headers that act as them."""
    reply = client.post(TOKENS, json={"grant": "wechat", "code": f"user-{name}+"}, headers=headers)
    assert reply.status_code == 201
    return {"Authorization": f"Bearer {reply.json['access_token']}"}


def who(headers) -> Account:
    db.session.remove()
    caller = sessions.principal_of(headers["Authorization"].removeprefix("Bearer "), "bearer")
    assert caller is not None
    return db.session.get_one(Account, caller.account_id)


def prove(client, headers, number=PHONE):
    return client.post(PHONE_PATH, json={"code": f"phone-{number}+"}, headers=headers)


def count(model):
    db.session.remove()
    return db.session.scalar(select(func.count()).select_from(model))


def test_a_wechat_user_becomes_a_trainee_and_stays_one(client):
    first, again = signed_in(client), signed_in(client)
    assert who(first).id == who(again).id
    assert [grant.role for grant in sessions.grants_of(who(first).id)] == ["trainee"]
    assert (count(WechatBinding), count(Account)) == (1, 1)


def test_two_wechat_users_are_two_accounts(client):
    assert who(signed_in(client, "wang")).id != who(signed_in(client, "li")).id


def test_neither_openid_nor_session_key_is_stored_open(client):
    signed_in(client)
    row = db.session.scalars(select(WechatBinding)).one()
    assert b"otwin" not in row.openid_sealed + row.openid_index
    facts = db.session.scalars(select(AuditEntry.facts).where(AuditEntry.action == "session.opened")).one()
    assert facts["by"] == "wechat"


@pytest.mark.parametrize(
    ("errcode", "status", "code"),
    [
        (40029, 422, "wechat_code_wrong"), (40163, 422, "wechat_code_wrong"), (45011, 429, "wechat_too_often"),
        (40226, 403, "wechat_blocked"), (-1, 503, "wechat_busy"),
    ],
)  # fmt: skip
def test_what_wechat_says_is_said_with_what_to_do(client, twins, errcode, status, code):
    twins.wechat.plant("/sns/jscode2session", errcode)
    reply = client.post(TOKENS, json={"grant": "wechat", "code": "user-wang"})
    assert (reply.status_code, reply.json["code"]) == (status, code)
    assert "手机验证码" in reply.json["detail"]
    assert reply.headers.get("Retry-After") == ("60" if status == 429 else None)


def test_a_sign_in_without_a_code_names_the_field(client):
    reply = client.post(TOKENS, json={"grant": "wechat"})
    assert reply.json["errors"][0]["pointer"] == "/code"


def test_a_closed_account_stays_out(client):
    account_id = who(signed_in(client)).id
    with factories.made():
        db.session.get_one(Account, account_id).active = False
    assert client.post(TOKENS, json={"grant": "wechat", "code": "user-wang"}).json["code"] == "account_closed"


def test_who_is_signed_in_binds_a_new_wechat_to_their_account(client):
    with factories.made():
        account = factories.account("operator")
        headers = factories.headers_of(account)
        expected = account.id
    assert who(signed_in(client, headers=headers)).id == expected
    assert who(signed_in(client)).id == expected


def test_a_wechat_that_is_bound_is_not_taken_over(client):
    with factories.made():
        mine = factories.headers_of(factories.account("operator"))
        other = factories.headers_of(factories.account("operator", name="沈洁"))
    bound = who(signed_in(client, headers=mine)).id
    assert who(signed_in(client, headers=other)).id == bound


def test_the_phone_is_proved_as_a_code_proves_it(client):
    headers = signed_in(client)
    reply = prove(client, headers)
    assert (reply.status_code, reply.json["phone_masked"]) == (200, "139****1111")
    row = db.session.scalars(select(SignInSession)).one()
    assert row.phone_index == privacy.phone_index(PHONE)
    assert db.session.scalars(select(WechatBinding.phone_index)).one() == privacy.phone_index(PHONE)
    with unit_of_work():
        assert service.account_of_phone(privacy.phone_index(PHONE)).id == who(headers).id


def test_an_account_that_has_the_phone_is_joined_with_its_sign_ups_and_roles(client):
    with factories.made():
        known = service.add_account("周敏", phone=PHONE)
        service.grant_role(known, "operator")
        known_id, run_id = known.id, factories.run().id
    headers = signed_in(client)
    caller = sessions.principal_of(headers["Authorization"].removeprefix("Bearer "), "bearer")
    assert caller is not None
    with context.acting_as(caller):
        made = signups.signed(run_id).signup.id
    assert prove(client, headers).json["roles"] == ["operator"]
    assert who(headers).id == known_id
    assert who(signed_in(client)).id == known_id
    owner = context.Principal(account_id=known_id)
    assert owned_signup(owner, made) is not None
    assert db.session.scalars(select(Account.active).where(Account.id != known_id)).one() is False


def test_what_wechat_made_first_comes_along_when_a_phone_signs_in(client):
    made = who(signed_in(client)).id
    with factories.made():
        account = factories.account("trainee")
        headers, expected = factories.headers_of(account), account.id
    assert who(signed_in(client, headers=headers)).id == expected
    assert db.session.get_one(Account, made).active is False


def test_staff_with_a_phone_do_not_become_somebody_else(client):
    with factories.made():
        service.add_account("别人", phone=PHONE)
        account = factories.account("operator")
        headers, expected = factories.headers_of(account), account.id
    assert prove(client, headers).status_code == 200
    assert who(headers).id == expected


def test_a_phone_speaks_for_the_wechat_that_proved_it_last(client):
    first, second = signed_in(client, "wang"), signed_in(client, "li")
    prove(client, first)
    prove(client, second)
    holders = db.session.scalars(select(WechatBinding.phone_index).where(WechatBinding.phone_index.is_not(None))).all()
    assert len(holders) == 2
    assert who(first).id == who(second).id


def test_a_number_abroad_is_a_contact(client, twins):
    info = {"purePhoneNumber": "61234567", "phoneNumber": "+85261234567", "countryCode": 852}
    twins.wechat.planted["/wxa/business/getuserphonenumber"] = [{"errcode": 0, "phone_info": info}]
    assert prove(client, signed_in(client)).json["phone_masked"] == "+852****67"


def test_who_is_nobody_proves_nothing(client):
    assert client.post(PHONE_PATH, json={"code": "phone-1"}).status_code == 401


def test_two_taps_at_once_make_one_account(app):
    ready, found = threading.Barrier(4), []

    def tap():
        with app.app_context():
            ready.wait()
            with context.acting_as(context.PUBLIC), unit_of_work():
                found.append(wechat.account_of_openid("otwin-wang").id)
            db.session.remove()

    threads = [threading.Thread(target=tap) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4
    assert len(set(found)) == 1
    assert (count(WechatBinding), count(Account)) == (1, 1)


def test_codes_still_work_beside_wechat(client, twins):
    assert client.post("/api/v1/auth/codes", json={"phone": PHONE}).status_code == 202
    assert count(Message) == 1


def test_a_closed_account_forgets_its_wechat_and_what_it_allowed(client):
    headers = signed_in(client)
    prove(client, headers)
    before = who(headers).id
    with factories.made():
        ledger.accepted(db.session.scalars(select(WechatBinding.id)).one(), "twin-signup")
    with unit_of_work():
        assert erasing.close_trainee_of(privacy.phone_index(PHONE))
    assert (count(WechatBinding), count(WechatCredit)) == (0, 0)
    assert who(signed_in(client)).id != before


def test_an_account_that_wechat_alone_made_is_closed_by_night(client, frozen):
    signed_in(client)
    frozen.now += timedelta(days=400)
    with unit_of_work():
        assert erasing.close_idle_trainees(frozen.now - timedelta(days=1), 10, kept=false()) == 1
        assert erasing.close_idle_trainees(frozen.now - timedelta(days=1), 10, kept=false()) == 0
    assert count(WechatBinding) == 0
