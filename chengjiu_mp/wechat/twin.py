"""The platform's twin for development and tests: speaks its shapes and its errors over HTTP, on this machine only.

The code of a sign-in is ``user-<name>`` and stands for one person for ever; the code of a phone tap is
``phone-<number>``; ``error-<errcode>`` is refused with that number (40226, 45011, -1). Each code works once unless it
ends with ``+``. ``state`` plants errors and shows what was sent.
"""

import json
import re
import secrets
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from threading import Lock
from typing import Any
from urllib.parse import parse_qs

APPID, PAGES_APPID, SECRET = "wxtwin0000000000", "wxtwinpages00000", "twin-secret-of-no-value"
_PICTURE = b"\xff\xd8\xff\xe0" + b"twin" * 8
_WISHED = re.compile(r"error-(-?\d{1,6})", re.ASCII)
JSON = "application/json; charset=utf-8"

Start = Callable[[str, list[tuple[str, str]]], Any]


@dataclass
class State:
    """What the twin remembers, and the errors planted in it: path -> replies to give first, then the usual."""

    tokens: list[str] = field(default_factory=list)
    tickets: list[str] = field(default_factory=list)
    used: set[str] = field(default_factory=set)
    credits: Counter[str] = field(default_factory=Counter)
    sent: list[dict[str, Any]] = field(default_factory=list)
    calls: Counter[str] = field(default_factory=Counter)
    planted: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def plant(self, path: str, errcode: int, errmsg: str = "planted", times: int = 1) -> None:
        """Let the next calls of a path answer with an error."""
        self.planted.setdefault(path, []).extend([{"errcode": errcode, "errmsg": errmsg}] * times)


class Twin:
    """A WSGI application."""

    def __init__(self) -> None:
        self.state = State()
        self._lock = Lock()
        self._paths: dict[str, Callable[[dict[str, Any]], Any]] = {
            "/sns/jscode2session": self._session,
            "/cgi-bin/stable_token": self._token,
            "/cgi-bin/ticket/getticket": self._ticket,
            "/wxa/business/getuserphonenumber": self._phone,
            "/wxa/getwxacodeunlimit": self._code,
            "/cgi-bin/message/subscribe/send": self._subscribe,
            # Not the platform's: the tap of a user who accepts a message, for programs that have no fingers.
            "/_tap": self._tap,
        }

    def __call__(self, environ: dict[str, Any], start: Start) -> Iterable[bytes]:
        query = {name: values[0] for name, values in parse_qs(environ.get("QUERY_STRING", "")).items()}
        length = int(environ.get("CONTENT_LENGTH") or 0)
        body = json.loads(environ["wsgi.input"].read(length) or b"{}") if length else {}
        with self._lock:
            reply = self._answer(environ["PATH_INFO"], {**query, **body})
        content, kind = (reply, "image/jpeg") if isinstance(reply, bytes) else (json.dumps(reply).encode(), JSON)
        start("200 OK", [("Content-Type", kind), ("Content-Length", str(len(content)))])
        return [content]

    def _answer(self, path: str, given: dict[str, Any]) -> Any:
        self.state.calls[path] += 1
        self.state.asked.append((path, given))
        planted = self.state.planted.get(path)
        if planted:
            return planted.pop(0)
        if wished := _WISHED.fullmatch(str(given.get("js_code") or given.get("code") or "")):
            return _error(int(wished[1]), "wished for")
        work = self._paths.get(path)
        if work is None:
            return _error(40066, "invalid url")
        if "access_token" in given and given["access_token"] not in self.state.tokens[-2:]:
            return _error(40001, "invalid credential, access_token is invalid or not latest")
        return work(given)

    def _use(self, code: str, kind: str) -> str | None:
        """Return what a code stands for; None when it is no such code or was used."""
        if not code.startswith(f"{kind}-") or code in self.state.used:
            return None
        if not code.endswith("+"):
            self.state.used.add(code)
        return code.removeprefix(f"{kind}-").rstrip("+")

    def _session(self, given: dict[str, Any]) -> Any:
        if (given.get("appid"), given.get("secret")) != (APPID, SECRET):
            return _error(40125, "invalid appsecret")
        code = str(given.get("js_code", ""))
        if code in self.state.used:
            return _error(40163, "code been used")
        name = self._use(code, "user")
        if name is None:
            return _error(40029, "invalid code")
        # Without errcode, as the platform does when all is well.
        return {"openid": f"otwin-{name}", "session_key": "dHdpbi1zZXNzaW9uLWtleQ=="}

    def _token(self, given: dict[str, Any]) -> Any:
        if given.get("appid") not in (APPID, PAGES_APPID) or given.get("secret") != SECRET:
            return _error(40125, "invalid appsecret")
        if not self.state.tokens:
            self.state.tokens.append(secrets.token_hex(64))
        return {"access_token": self.state.tokens[-1], "expires_in": 7200}

    def _ticket(self, given: dict[str, Any]) -> Any:
        if "access_token" not in given:
            return _error(41001, "access_token missing")
        if given.get("type") != "jsapi":
            return _error(40097, "invalid args")
        self.state.tickets.append(secrets.token_urlsafe(64))
        return {"errcode": 0, "errmsg": "ok", "ticket": self.state.tickets[-1], "expires_in": 7200}

    def _phone(self, given: dict[str, Any]) -> Any:
        number = self._use(str(given.get("code", "")), "phone")
        if number is None:
            return _error(40029, "invalid code")
        # A number where the platform's table says text: its sample does so.
        info = {"phoneNumber": number, "purePhoneNumber": number, "countryCode": 86}
        return {"errcode": 0, "errmsg": "ok", "phone_info": {**info, "watermark": {"timestamp": 1, "appid": APPID}}}

    def _code(self, given: dict[str, Any]) -> Any:
        scene = str(given.get("scene", ""))
        return _PICTURE if 1 <= len(scene) <= 32 and "%" not in scene else _error(40169, "invalid length for scene")

    def _tap(self, given: dict[str, Any]) -> Any:
        self.state.credits[f"{given.get('openid')} {given.get('template')}"] += 1
        return {"errcode": 0, "errmsg": "ok"}

    def _subscribe(self, given: dict[str, Any]) -> Any:
        openid, template = str(given.get("touser", "")), str(given.get("template_id", ""))
        if not openid.startswith("otwin-"):
            return _error(40003, "invalid openid")
        if not template.startswith("twin-"):
            return _error(40037, "invalid template_id")
        for name, value in given.get("data", {}).items():
            if name.startswith("thing") and len(value.get("value", "")) > 20:
                return _error(47003, f"argument invalid! data.{name}.value invalid")
        if self.state.credits[f"{openid} {template}"] < 1:
            return _error(43101, "user refuse to accept the msg")
        self.state.credits[f"{openid} {template}"] -= 1
        self.state.sent.append(given)
        return {"errcode": 0, "errmsg": "ok"}


def _error(errcode: int, errmsg: str) -> dict[str, Any]:
    return {"errcode": errcode, "errmsg": f"{errmsg} rid: twin"}
