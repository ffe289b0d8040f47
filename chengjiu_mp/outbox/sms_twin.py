"""The SMS provider's twin for development and tests: checks signatures, answers in the provider's shapes over HTTP.

A number that ends in 0000 is on its blacklist, so that the call list can be seen.
"""

import hmac
import json
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

from chengjiu_mp.outbox.sms import authorization

SECRET_ID, SECRET_KEY, APP_ID, SIGN = "twin-id", "twin-key-of-no-value", "1400000000", "澄救"
BLACKLISTED = "FailedOperation.PhoneNumberInBlacklist"

Start = Callable[[str, list[tuple[str, str]]], Any]


@dataclass
class SmsState:
    """What the twin sent and was asked; what it is told to answer.

    :ivar mode: ``ok``, a code of the provider, ``429``, ``500``, or ``hang`` (no answer until ``hang`` returns)
    """

    mode: str = "ok"
    by_phone: dict[str, str] = field(default_factory=dict)
    sent: list[dict[str, Any]] = field(default_factory=list)
    calls: Counter[str] = field(default_factory=Counter)
    hang: Callable[[], Any] = lambda: None


class SmsTwin:
    """A WSGI application."""

    def __init__(self) -> None:
        self.state = SmsState()
        self._lock = Lock()

    def __call__(self, environ: dict[str, Any], start: Start) -> Iterable[bytes]:
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        mode = self.state.mode
        self.state.calls[mode] += 1
        if mode == "hang":
            self.state.hang()
            return []
        if mode in ("429", "500"):
            start(f"{mode} planted", [("Content-Length", "0"), ("Retry-After", "20")])
            return [b""]
        with self._lock:
            content = json.dumps({"Response": {**self._answer(environ, body, mode), "RequestId": "twin"}}).encode()
        start("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(content)))])
        return [content]

    def _answer(self, environ: dict[str, Any], body: bytes, mode: str) -> dict[str, Any]:
        if (fault := self._fault(environ, body)) is not None:
            return {"Error": {"Code": fault, "Message": fault}}
        asked = json.loads(body)
        number = asked["PhoneNumberSet"][0]
        usual = BLACKLISTED if number.endswith("0000") else "Ok"
        code = self.state.by_phone.get(number.removeprefix("+86"), usual if mode == "ok" else mode)
        if code == "Ok":
            self.state.sent.append(asked)
        status = {"SerialNo": f"twin:{len(self.state.sent)}", "PhoneNumber": number, "Fee": int(code == "Ok")}
        return {"SendStatusSet": [{**status, "SessionContext": asked["SessionContext"], "Code": code, "Message": code}]}

    @staticmethod
    def _fault(environ: dict[str, Any], body: bytes) -> str | None:
        if environ.get("HTTP_X_TC_ACTION") != "SendSms":
            return "InvalidAction"
        stamp = int(environ.get("HTTP_X_TC_TIMESTAMP") or 0)
        right = authorization((SECRET_ID, SECRET_KEY), "sms", environ["HTTP_HOST"], stamp, body)
        if not hmac.compare_digest(environ.get("HTTP_AUTHORIZATION", ""), right):
            return "AuthFailure.SignatureFailure"
        long = [v for v in json.loads(body).get("TemplateParamSet", []) if len(v) > 6 or "://" in v]
        return "InvalidParameterValue.TemplateParameterLengthLimit" if long else None
