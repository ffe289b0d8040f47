"""Short messages: the provider's published signature, its twin by HTTP, and what its codes mean for a message."""

import json

import pytest

from chengjiu_mp.core import clock
from chengjiu_mp.core.outside import Answer, Unreachable
from chengjiu_mp.outbox import sms, wording
from chengjiu_mp.outbox.channels import SmsChannel
from chengjiu_mp.outbox.parcels import Parcel
from chengjiu_mp.outbox.sms import FOR_EVER, SmsTemplate

PHONE = "13900001111"


@pytest.fixture
def provider(settings, twins):
    return twins.connect(settings).sms


@pytest.fixture
def channel(provider, frozen):
    return SmsChannel(provider)


def parcel(body="【澄救】报名成功：CPR 培训，12月5日（周六）09:00–12:00，地点。入场码：https://a.cn/i/x", **values):
    known = {"message_id": 7, "kind": "signup.confirmed", "phone": PHONE, "phone_index": None, "account_id": None}
    return Parcel(**{"body": body, "written_at": clock.now(), **known, **values})


def test_the_providers_published_signature():
    body = b'{"Limit": 1, "Filters": [{"Values": ["\\u672a\\u547d\\u540d"], "Name": "instance-name"}]}'
    secret = ("AKIDz8krbsJ5yKBZQpn74WFkmLPx3EXAMPLE", "Gu5t9xGARNpq86cd98joQYCN3EXAMPLE")
    assert sms.authorization(secret, "cvm", "cvm.tencentcloudapi.com", 1551113065, body) == (
        "TC3-HMAC-SHA256 Credential=AKIDz8krbsJ5yKBZQpn74WFkmLPx3EXAMPLE/2019-02-25/cvm/tc3_request, "
        "SignedHeaders=content-type;host, "
        "Signature=72e494ea809ad7a8c8f7a4507b9bddcbaa8e581f516e8da2f66e2c5a96525168"
    )


def test_a_message_is_sent_by_its_template(channel, twins):
    assert channel.send(parcel()).delivered
    [sent] = twins.sms.sent
    assert (sent["PhoneNumberSet"], sent["TemplateId"]) == (["+8613900001111"], "1002")
    assert (sent["TemplateParamSet"], sent["SignName"], sent["SessionContext"]) == (["12月5日", "09:00"], "澄救", "7")


def test_a_code_is_sent_by_the_codes_template(channel, twins):
    body = "【澄救】验证码 012345，5 分钟内有效，请勿告诉他人。"
    assert channel.send(parcel(body, kind="code.signin")).delivered
    assert (twins.sms.sent[0]["TemplateId"], twins.sms.sent[0]["TemplateParamSet"]) == ("1001", ["012345"])


def test_what_a_template_has_no_room_for_goes_by_the_general_one(channel, twins):
    assert channel.send(parcel("【澄救】您的报名已取消。")).delivered
    assert (twins.sms.sent[0]["TemplateId"], twins.sms.sent[0]["TemplateParamSet"]) == ("1003", [])


def test_a_code_without_a_code_is_not_sent_as_something_else(channel, twins):
    done = channel.send(parcel("没有数字", kind="code.signin"))
    assert (done.delivered, done.reason, twins.sms.sent) == (False, "no_template", [])


def test_a_wrong_key_is_no_messages_fault(provider, twins):
    other = sms.SmsSettings("twin-id", "another-key", "1", "澄救", provider.templates, url=provider.url)
    with pytest.raises(Unreachable, match=r"AuthFailure\.SignatureFailure"):
        sms.send(other, PHONE, SmsTemplate("1001", ("code",)), ["123456"])


@pytest.mark.parametrize("code", sorted(FOR_EVER))
def test_what_the_provider_never_sends_is_not_asked_again(channel, twins, code):
    twins.sms.mode = code
    done = channel.send(parcel())
    assert (done.delivered, done.reason) == (False, code)


@pytest.mark.parametrize(
    "code",
    [
        "LimitExceeded.PhoneNumberThirtySecondLimit", "LimitExceeded.DeliveryFrequencyLimit", "InternalError.Timeout",
        "FailedOperation.InsufficientBalanceInSmsPackage", "UnauthorizedOperation.SmsSdkAppIdVerifyFail", "429", "500",
        "SomethingNew.OfTomorrow",
    ],
)  # fmt: skip
def test_what_may_work_later_is_asked_again(channel, twins, code):
    twins.sms.mode = code
    with pytest.raises(Unreachable):
        channel.send(parcel())


def test_neither_number_nor_code_travels_in_an_address_or_an_error(channel, twins, monkeypatch):
    asked = []

    def call(_method, url, **_sent):
        asked.append(url)
        return Answer(200, "application/json", json.dumps({"Response": {}}).encode())

    monkeypatch.setattr("chengjiu_mp.core.outside.call", call)
    with pytest.raises(Unreachable) as away:
        channel.send(parcel())
    assert PHONE not in asked[0] + repr(away.value)
    assert PHONE not in repr(parcel())


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (
            "【澄救】12月5日（周六）09:00–12:00，请来",
            {"day": "12月5日", "time": "09:00", "when": "2026年12月5日 09:00"},
        ),
        ("将于2027年1月5日到期", {"day": "1月5日", "when": "2027年1月5日"}),
        ("1月5日见", {"day": "1月5日", "when": "2027年1月5日"}),
        ("验证码 123456，5 分钟", {"code": "123456"}),
        ("改期通知：原定12月5日（周六）09:00，改到12月6日（周日）14:00–17:00", {"day": "12月6日", "time": "14:00"}),
        (
            "拼班通知：原定12月5日（周六）09:00的培训，合并到场次，12月7日（周一）13:30",
            {"day": "12月7日", "time": "13:30"},
        ),
        ("电话 05108680000", {}),
        ("看 https://a.cn/i/20261205 里", {"text": "看  里"}),
    ],
)
def test_what_a_text_says(frozen, body, said):
    found = wording.variables(parcel(body))
    assert {name: found.get(name) for name in said} == said
    assert ("code" in found) == ("code" in said)


@pytest.mark.parametrize(
    ("names", "given", "values"),
    [
        (("day",), {"day": "12月15日"}, ["12月15日"]),
        (("day",), {"day": "2026年12月5日"}, None),
        (("day", "time"), {"day": "12月5日"}, None),
        ((), {}, []),
    ],
)
def test_a_variable_is_short_or_the_template_is_not_used(names, given, values):
    assert wording.filled(names, given, 6) == values
