"""Events from WeChat: only the platform's own, and what they mean for the ledger."""

import json

import pytest

from chengjiu_mp.core.db import db
from chengjiu_mp.outbox import callbacks, ledger
from chengjiu_mp.wechat import bindings, signatures
from chengjiu_mp.wechat.sealed import CallbackSeal
from chengjiu_mp.wechat.settings import WechatSettings
from chengjiu_mp.wechat.twin import APPID
from tests import factories

PATH, TOKEN, KEY = "/api/v1/wechat/callback", "callback-token", "kWxPEV2UEDyxWpmPdKC3F4dgPDmOvfKX1HGnEUDS1aR"


@pytest.fixture
def settings(settings, twins):
    return twins.connect(settings, CHENGJIU_WECHAT_CALLBACK_TOKEN=TOKEN, CHENGJIU_WECHAT_CALLBACK_KEY=KEY)


@pytest.fixture
def wang(app):
    with factories.made():
        binding = bindings.bind("otwin-wang", factories.account("trainee").id)
        ledger.accepted(binding.id, "twin-signup")
        return binding.id


def event(**changes):
    lines = [{"TemplateId": "twin-signup", "SubscribeStatusString": "reject"}]
    usual = {"FromUserName": "otwin-wang", "Event": "subscribe_msg_change_event", "List": lines}
    return {**usual, **changes}


def post(client, content, appid=APPID, **query):
    sealed = CallbackSeal(KEY, appid).seal(json.dumps(content).encode())
    signed = signatures.callback(TOKEN, "1", "n", sealed)
    given = {"timestamp": "1", "nonce": "n", "msg_signature": signed, **query}
    return client.post(PATH, json={"ToUserName": "gh_1", "Encrypt": sealed}, query_string=given)


def left(binding_id):
    db.session.remove()
    return ledger.left(binding_id, "twin-signup")


def test_the_address_is_confirmed(client):
    signed = signatures.callback(TOKEN, "1", "n")
    reply = client.get(PATH, query_string={"signature": signed, "timestamp": "1", "nonce": "n", "echostr": "592778"})
    assert (reply.status_code, reply.text, reply.mimetype) == (200, "592778", "text/plain")


@pytest.mark.parametrize("signature", ["", "0" * 40, "×"])
def test_nobody_else_is_answered(client, wang, signature):
    assert client.get(PATH, query_string={"signature": signature, "echostr": "a"}).status_code == 404
    assert post(client, event(), msg_signature=signature).status_code == 404
    assert left(wang) == 1


def test_who_switched_it_off_allows_none(client, wang):
    assert post(client, event()).text == "success"
    assert left(wang) == 0


def test_a_single_line_may_stand_alone(client, wang):
    post(client, event(List={"TemplateId": "twin-signup", "SubscribeStatusString": "reject"}))
    assert left(wang) == 0


@pytest.mark.parametrize(
    "content",
    [
        event(Event="subscribe_msg_sent_event"), event(FromUserName="otwin-li"), event(List="x"), event(List=["x"]),
        event(List=[{"TemplateId": "twin-signup", "SubscribeStatusString": "accept"}]), {}, {"Event": 1},
    ],
)  # fmt: skip
def test_what_is_none_of_ours_changes_nothing(client, wang, content):
    assert post(client, content).status_code == 200
    assert left(wang) == 1


@pytest.mark.parametrize("body", [b"", b"[]", b"<xml/>", b'{"Encrypt": 1}', b'{"Encrypt": "AAAA"}'])
def test_what_is_no_event_is_not_found(client, wang, body):
    assert client.post(PATH, data=body, content_type="application/json").status_code == 404


def test_an_event_for_another_program_is_not_taken(client, wang):
    assert post(client, event(), appid="wx0000000000000000").status_code == 404
    assert left(wang) == 1


def test_without_a_token_nobody_is_believed():
    query = {"timestamp": "1", "nonce": "n", "signature": signatures.callback("", "1", "n")}
    assert not callbacks.is_signed(WechatSettings("wx", "s"), query, "signature")
