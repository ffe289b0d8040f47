"""Short messages by Tencent Cloud: SendSms of 2021-01-11, signed with TC3-HMAC-SHA256.

The number and the code travel in the body, never in an address. Errors are the provider's published codes
(cloud.tencent.com/document/api/382/59177); what is not known may work later.
"""

import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from chengjiu_mp.core import outside
from chengjiu_mp.core.outside import Answer, Unreachable

HOST = "https://sms.tencentcloudapi.com"
_SERVICE, _VERSION, _TYPE = "sms", "2021-01-11", "application/json; charset=utf-8"

# What no later try can change for this message: codes as they are, or the part before the dot.
FOR_EVER = frozenset({
    "FailedOperation.ContainSensitiveWord",
    "FailedOperation.PhoneNumberInBlacklist",
    "FailedOperation.TemplateIncorrectOrUnapproved",
    "FailedOperation.TemplateParamSetNotMatchApprovedTemplate",
    "FailedOperation.TemplateUnapprovedOrNotExist",
    "InvalidParameterValue.ContentLengthLimit",
    "InvalidParameterValue.IncorrectPhoneNumber",
    "InvalidParameterValue.InvalidTemplateFormat",
    "InvalidParameterValue.ProhibitedUseUrlInTemplateParameter",
    "InvalidParameterValue.TemplateParameterFormatError",
    "InvalidParameterValue.TemplateParameterLengthLimit",
    # The person got as many as the provider lets through in a day: tomorrow is too late for most of what we say.
    "LimitExceeded.PhoneNumberDailyLimit",
    "LimitExceeded.PhoneNumberSameContentDailyLimit",
    "UnsupportedOperation.ContainDomesticAndInternationalPhoneNumber",
    "UnsupportedOperation.UnsupportedRegion",
})  # fmt: skip


@dataclass(frozen=True)
class SmsTemplate:
    """An approved template and the variables that fill its {1}, {2}, … (names of ``outbox/wording.py``)."""

    id: str
    variables: tuple[str, ...] = ()


@dataclass(frozen=True)
class SmsSettings:
    """What the provider gave us. ``templates`` is by kind (``signup.confirmed``), family (``signup``), or ``*``.

    :ivar longest: how many characters a variable may have: 6 for accounts opened since 2024-01-25
    """

    secret_id: str
    secret_key: str = field(repr=False)
    app_id: str
    sign: str
    templates: Mapping[str, SmsTemplate]
    region: str = "ap-guangzhou"
    longest: int = 6
    url: str = HOST

    def templates_for(self, kind: str) -> list[SmsTemplate]:
        """Return the templates that can carry a kind, the closest first; codes have no stand-in."""
        family = kind.partition(".")[0]
        names = (kind, family) if family == "code" else (kind, family, "*")
        return [self.templates[name] for name in names if name in self.templates]


class SmsRefused(Exception):
    """The provider will never send this; the text is its code."""


def send(settings: SmsSettings, phone: str, template: SmsTemplate, values: Sequence[str], context: str = "") -> None:
    """Send one message to a mainland number.

    :param context: comes back in the provider's receipts; holds no personal data
    :raise SmsRefused: for ever; :raise Unreachable: it may work later
    """
    body = json.dumps({
        "PhoneNumberSet": [f"+86{phone}"], "SmsSdkAppId": settings.app_id, "SignName": settings.sign,
        "TemplateId": template.id, "TemplateParamSet": list(values), "SessionContext": context,
    }, ensure_ascii=False).encode()  # fmt: skip
    host, now = urlsplit(settings.url).netloc, int(datetime.now(UTC).timestamp())
    headers = {
        "Host": host, "Content-Type": _TYPE, "X-TC-Action": "SendSms", "X-TC-Version": _VERSION,
        "X-TC-Region": settings.region, "X-TC-Timestamp": str(now),
        "Authorization": authorization((settings.secret_id, settings.secret_key), _SERVICE, host, now, body),
    }  # fmt: skip
    _judge(outside.call("POST", f"{settings.url}/", body=body, headers=headers))


def authorization(secret: tuple[str, str], service: str, host: str, timestamp: int, body: bytes) -> str:
    """Return the header that proves a POST to ``/`` is ours.

    :param secret: id and key; :param timestamp: epoch seconds, five minutes off at most
    """
    day = datetime.fromtimestamp(timestamp, UTC).date().isoformat()
    scope = f"{day}/{service}/tc3_request"
    request = f"POST\n/\n\ncontent-type:{_TYPE}\nhost:{host}\n\ncontent-type;host\n{hashlib.sha256(body).hexdigest()}"
    text = f"TC3-HMAC-SHA256\n{timestamp}\n{scope}\n{hashlib.sha256(request.encode()).hexdigest()}"
    key = f"TC3{secret[1]}".encode()
    for part in (day, service, "tc3_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    signature = hmac.new(key, text.encode(), "sha256").hexdigest()
    credential = f"Credential={secret[0]}/{scope}"
    return f"TC3-HMAC-SHA256 {credential}, SignedHeaders=content-type;host, Signature={signature}"


def _judge(answer: Answer) -> None:
    code = _code(answer)
    if code == "Ok":
        return
    if code in FOR_EVER:
        raise SmsRefused(code)
    # Limits per second or hour, no money left, a wrong key, a server's fault: not this message's fault.
    raise Unreachable(code)


def _code(answer: Answer) -> str:
    try:
        reply: dict[str, Any] = json.loads(answer.body)["Response"]
        if "Error" in reply:
            return str(reply["Error"]["Code"])
        return str(reply["SendStatusSet"][0]["Code"])
    except (ValueError, KeyError, IndexError, TypeError):
        return "no_answer"
