"""The client against the platform's twin, by HTTP: shapes, errors, one token for all processes."""

import logging
import threading
from datetime import timedelta

import pytest
from sqlalchemy import select, text

from chengjiu_mp.core.db import database_epoch, db, unit_of_work
from chengjiu_mp.core.outside import Answer, Unreachable
from chengjiu_mp.wechat import client as speaking
from chengjiu_mp.wechat import errors
from chengjiu_mp.wechat.client import Client
from chengjiu_mp.wechat.models import WechatToken
from chengjiu_mp.wechat.twin import SECRET

SESSION, TOKEN, PHONE = "/sns/jscode2session", "/cgi-bin/stable_token", "/wxa/business/getuserphonenumber"
SEND, CODE = "/cgi-bin/message/subscribe/send", "/wxa/getwxacodeunlimit"


@pytest.fixture
def settings(settings, twins):
    return twins.connect(settings)


@pytest.fixture
def client(app):
    """A client of a process of its own."""
    return Client(app.config["SETTINGS"].wechat)


def test_a_sign_in_carries_no_access_token(client, twins):
    assert client.user_of_code("user-wang").openid == "otwin-wang"
    [(path, asked)] = twins.wechat.asked
    assert (path, sorted(asked)) == (SESSION, ["appid", "grant_type", "js_code", "secret"])
    assert twins.wechat.calls[TOKEN] == 0


@pytest.mark.parametrize(
    ("code", "refusal"),
    [("error-40226", errors.WechatBlocked), ("error-45011", errors.WechatTooOften), ("error--1", errors.WechatBusy)],
)
def test_a_code_wishes_for_the_twins_error(client, twins, code, refusal):
    with pytest.raises(refusal):
        client.user_of_code(code)
    with pytest.raises(refusal):
        client.phone_of_code(code)


@pytest.mark.parametrize(
    ("errcode", "refusal"),
    [
        (40029, errors.WechatCodeWrong), (40163, errors.WechatCodeWrong), (45011, errors.WechatTooOften),
        (40226, errors.WechatBlocked), (-1, errors.WechatBusy), (40125, errors.WechatBusy), (99999, errors.WechatBusy),
        ("40029", errors.WechatCodeWrong), ("x", errors.WechatBusy), ([], None),
    ],
)  # fmt: skip
def test_what_the_platform_says_to_people(client, twins, errcode, refusal):
    twins.wechat.plant(SESSION, errcode)
    with pytest.raises(refusal or errors.WechatBusy) as refused:
        client.user_of_code("user-wang")
    assert SECRET not in repr(refused.value)


def test_a_code_works_once(client):
    client.user_of_code("user-wang")
    with pytest.raises(errors.WechatCodeWrong):
        client.user_of_code("user-wang")


def test_success_may_say_errcode_0_as_a_text(client, twins):
    twins.wechat.planted[SESSION] = [{"errcode": "0", "openid": "o1", "session_key": "k", "unionid": "u"}]
    assert client.user_of_code("user-wang").unionid == "u"


@pytest.mark.parametrize("reply", [{"session_key": "k"}, {"openid": "", "session_key": "k"}, {"openid": 7}])
def test_half_an_answer_is_none(client, twins, reply):
    twins.wechat.planted[SESSION] = [reply]
    with pytest.raises(errors.WechatBusy):
        client.user_of_code("user-wang")


def test_a_user_shows_neither_openid_nor_key(client):
    shown = repr(client.user_of_code("user-wang"))
    assert "otwin" not in shown
    assert "dHdp" not in shown


def test_the_phone_is_read_whatever_kind_its_country_is(client, twins):
    assert client.phone_of_code("phone-13900001111").country == "86"
    info = {"purePhoneNumber": "61234567", "phoneNumber": "+85261234567", "countryCode": "852"}
    twins.wechat.planted[PHONE] = [{"errcode": 0, "phone_info": info}]
    found = client.phone_of_code("phone-2")
    assert (found.country, found.number) == ("852", "61234567")
    assert "61234567" not in repr(found)


def test_a_sign_ins_code_is_no_phones_code(client):
    with pytest.raises(errors.WechatCodeWrong):
        client.phone_of_code("user-wang")


def test_a_code_is_a_picture_by_type_and_by_its_first_bytes(client, monkeypatch):
    assert client.unlimited_code("a=1").startswith(b"\xff\xd8\xff")
    for media_type, body in (("image/jpeg", b"{}"), ("application/json", b"\xff\xd8\xff"), ("image/png", b"GIF89a")):
        answer = Answer(200, media_type, body)
        monkeypatch.setattr("chengjiu_mp.core.outside.call", lambda *_args, _answer=answer, **_kw: _answer)
        with pytest.raises(Unreachable):
            client.unlimited_code("a=1")


def test_a_refusal_with_status_200_is_not_saved_as_a_picture(client, twins):
    twins.wechat.plant(CODE, 41030, "invalid page")
    with pytest.raises(errors.ApiRefused, match=r"^41030$"):
        client.unlimited_code("a=1", "pages/none")


@pytest.mark.parametrize(("scene", "width"), [("", 430), ("a" * 33, 430), ("%", 430), ("字", 430), ("a", 279)])
def test_what_no_code_can_hold_is_not_asked_for(client, twins, scene, width):
    with pytest.raises(ValueError, match="scene or width"):
        client.unlimited_code(scene, width=width)
    assert not twins.wechat.asked


def test_a_subscribe_message_says_where_it_leads(client, twins):
    twins.allow("wang")
    client.send_subscribe("otwin-wang", "twin-signup", {"thing1": "报名成功"}, "pages/ticket")
    [sent] = twins.wechat.sent
    assert sent["data"] == {"thing1": {"value": "报名成功"}}
    assert (sent["miniprogram_state"], sent["lang"], sent["page"]) == ("formal", "zh_CN", "pages/ticket")


@pytest.mark.parametrize(
    ("openid", "template", "value", "errcode", "field"),
    [
        ("wrong", "twin-signup", "a", 40003, ""),
        ("otwin-wang", "wrong", "a", 40037, ""),
        ("otwin-wang", "twin-signup", "a", 43101, ""),
        ("otwin-wang", "twin-signup", "a" * 21, 47003, "thing1"),
    ],
)
def test_what_the_platform_refuses_of_a_message(client, openid, template, value, errcode, field):
    with pytest.raises(errors.ApiRefused) as refused:
        client.send_subscribe(openid, template, {"thing1": value})
    assert (refused.value.errcode, refused.value.field) == (errcode, field)


def _send(client):
    client.send_subscribe("otwin-wang", "twin-signup", {"thing1": "a"})


def test_a_refused_token_is_renewed_once(client, twins):
    twins.allow("wang", times=5)
    _send(client)
    twins.wechat.tokens.append("another")
    twins.wechat.tokens.append("and-another")
    _send(client)
    assert twins.wechat.calls[TOKEN] == 2
    assert len(twins.wechat.sent) == 2


@pytest.mark.parametrize("errcode", [40001, 40014, 42001])
def test_a_token_refused_for_ever_is_not_asked_for_ever(client, twins, errcode):
    twins.wechat.plant(SEND, errcode, times=100)
    with pytest.raises(errors.ApiRefused):
        _send(client)
    assert twins.wechat.calls[SEND] == 2


def test_the_token_is_kept_five_minutes_shorter_than_it_lives(client, twins, frozen):
    twins.allow("wang", times=5)
    _send(client)
    frozen.now += timedelta(seconds=7200 - 301)
    _send(client)
    assert twins.wechat.calls[TOKEN] == 1
    frozen.now += timedelta(seconds=2)
    _send(client)
    assert twins.wechat.calls[TOKEN] == 2


def test_processes_share_one_token(app, twins):
    twins.allow("wang", times=5)
    for _ in range(4):
        _send(Client(app.config["SETTINGS"].wechat))
    assert twins.wechat.calls[TOKEN] == 1


def test_of_many_that_need_a_token_at_once_one_asks(app, twins):
    started, answered, lock = threading.Barrier(6), [], threading.Lock()

    def need():
        with app.app_context():
            client = Client(app.config["SETTINGS"].wechat)
            started.wait()
            try:
                client._tokens.current()
            except Unreachable as away:
                with lock:
                    answered.append(away.reason)
            finally:
                db.session.remove()

    threads = [threading.Thread(target=need) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert twins.wechat.calls[TOKEN] == 1
    assert set(answered) <= {"token_on_its_way"}


def test_who_read_before_another_renewed_takes_that_token(app, twins, monkeypatch):
    slow, quick = (Client(app.config["SETTINGS"].wechat)._tokens for _ in range(2))
    read = slow._read
    taken: list[str] = []

    def read_and_be_overtaken():
        found = read()
        if not taken:
            taken.append(quick.current())
        return found

    monkeypatch.setattr(slow, "_read", read_and_be_overtaken)
    assert slow.current() == taken[0]
    assert twins.wechat.calls[TOKEN] == 1
    assert _lease_until() == 0.0


def _lease_until():
    return db.session.scalar(text("select lease_until from wechat_token"))


def _hold_the_lease():
    with unit_of_work() as session:
        session.execute(text(f"update wechat_token set lease_until = {database_epoch()} + 10, lease_token = 'other'"))


def test_while_another_renews_the_old_one_still_serves(app, twins, frozen):
    client = Client(app.config["SETTINGS"].wechat)
    old = client._tokens.current()
    frozen.now += timedelta(seconds=7200 - 200)
    _hold_the_lease()
    assert client._tokens.current() == old
    frozen.now += timedelta(seconds=201)
    with pytest.raises(Unreachable, match="token_on_its_way"):
        client._tokens.current()
    assert twins.wechat.calls[TOKEN] == 1


def test_a_refresher_that_died_holds_up_nobody_for_long(app, twins):
    with unit_of_work():
        db.session.add(WechatToken(appid="wxtwin0000000000", lease_until=1.0, lease_token="dead"))
    assert Client(app.config["SETTINGS"].wechat)._tokens.current() == twins.wechat.tokens[-1]


def test_a_refused_secret_gives_the_lease_back(app, twins):
    client = Client(app.config["SETTINGS"].wechat)
    twins.wechat.plant(TOKEN, 40125)
    with pytest.raises(errors.ApiRefused, match=r"^40125$"):
        client._tokens.current()
    assert client._tokens.current() == twins.wechat.tokens[-1]


def test_the_token_is_not_stored_open(client, twins):
    twins.allow("wang")
    _send(client)
    row = db.session.scalars(select(WechatToken)).one()
    assert row.token_sealed is not None
    assert twins.wechat.tokens[-1].encode() not in row.token_sealed


def test_no_secret_is_logged(client, twins, caplog):
    caplog.set_level(logging.DEBUG)
    twins.wechat.plant(SESSION, 40029)
    with pytest.raises(errors.WechatCodeWrong):
        client.user_of_code("user-wang")
    twins.allow("wang")
    _send(client)
    logged = caplog.text + "".join(repr(record.__dict__) for record in caplog.records)
    assert SECRET not in logged
    assert twins.wechat.tokens[-1] not in logged


def test_where_wechat_is_switched_off_there_is_no_client(app):
    speaking.use_client(None)
    assert speaking.connected() is None
    with pytest.raises(errors.WechatNotConfigured):
        speaking.client()
