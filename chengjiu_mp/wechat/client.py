"""The platform's calls that this product makes, and nothing else (developers.weixin.qq.com).

Addresses hold the secret and the token: no exception and no log line of ours repeats one. A call is asked again at
most once, and only after the platform refused the access token itself.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from chengjiu_mp.core import outside
from chengjiu_mp.core.errors import Refusal
from chengjiu_mp.core.outside import Answer, Unreachable
from chengjiu_mp.wechat import errors
from chengjiu_mp.wechat.errors import ApiRefused
from chengjiu_mp.wechat.fields import scene_fits
from chengjiu_mp.wechat.settings import WechatSettings
from chengjiu_mp.wechat.tokens import Tokens

TOKEN_REFUSED = frozenset({40001, 40014, 42001})
BUSY = -1
_TO_PEOPLE: dict[int, type[Refusal]] = {
    40029: errors.WechatCodeWrong, 40163: errors.WechatCodeWrong, 45011: errors.WechatTooOften,
    40226: errors.WechatBlocked,
}  # fmt: skip
# A ticket may need a new access token on its way: four calls of five seconds.
_TICKET_LEASE = 25.0
_PICTURES = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n")


@dataclass(frozen=True)
class WechatUser:
    """Whose code it was. The session key stays on this side and is kept nowhere."""

    openid: str = field(repr=False)
    session_key: str = field(repr=False)
    unionid: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class WechatPhone:
    """A number that the platform vouches for: its country code without +, and the rest."""

    country: str
    number: str = field(repr=False)


class Client:
    """Speaks for one mini program. Every method waits five seconds at most and needs no open transaction."""

    def __init__(self, settings: WechatSettings) -> None:
        self.settings = settings
        self._tokens = Tokens(settings.appid, self._stable_token)
        self._tickets = Tokens(f"{settings.appid}#pages", self._page_ticket, lease_seconds=_TICKET_LEASE)

    def user_of_code(self, code: str) -> WechatUser:
        """Return who tapped: the code of ``wx.login``, five minutes, one use.

        :raise WechatCodeWrong, WechatTooOften, WechatBlocked, WechatBusy:
        """
        # No access token belongs here: with one, a spent quota of tokens would stop people from signing in.
        asked = {
            "appid": self.settings.appid, "secret": self.settings.secret, "js_code": code,
            "grant_type": "authorization_code",
        }  # fmt: skip
        reply = self._for_people(lambda: _object(self._get("/sns/jscode2session", asked)))
        openid, key = reply.get("openid"), reply.get("session_key")
        if not isinstance(openid, str) or not openid or not isinstance(key, str):
            raise errors.WechatBusy
        unionid = reply.get("unionid")
        return WechatUser(openid, key, unionid if isinstance(unionid, str) else None)

    def phone_of_code(self, code: str) -> WechatPhone:
        """Return the number behind the code of a ``getPhoneNumber`` tap; a sign-in code is none.

        :raise WechatCodeWrong, WechatTooOften, WechatBlocked, WechatBusy:
        """
        reply = self._for_people(lambda: self._ask("/wxa/business/getuserphonenumber", {"code": code}))
        info = reply.get("phone_info")
        if not isinstance(info, dict) or not info.get("purePhoneNumber"):
            raise errors.WechatBusy
        # A number in the platform's sample, a text in its table.
        return WechatPhone(str(info.get("countryCode", "86")).lstrip("+"), str(info["purePhoneNumber"]))

    def unlimited_code(self, scene: str, page: str = "", *, width: int = 430) -> bytes:
        """Return a mini-program code as JPEG or PNG; there is no limit to how many, and they do not end.

        :param scene: 1 to 32 characters of the published set; :param width: 280 to 1280 pixels
        :raise ValueError: what the platform would refuse; :raise ApiRefused, Unreachable: it did, or it is away
        """
        if not scene_fits(scene) or not 280 <= width <= 1280:
            raise ValueError("scene or width")
        body = {"scene": scene, "width": width, "check_path": False, "env_version": _VERSIONS[self.settings.version]}
        answer = self._with_token("/wxa/getwxacodeunlimit", {**body, **({"page": page} if page else {})})
        # A refusal comes with status 200 too: only what says and looks like a picture is one.
        if answer.media_type.startswith("image/") and answer.body.startswith(_PICTURES):
            return answer.body
        _object(answer)
        raise Unreachable("no_picture")

    def send_subscribe(self, openid: str, template_id: str, data: Mapping[str, str], page: str = "") -> None:
        """Send one subscribe message; every value of ``data`` fits its field already (``wechat/fields.py``).

        :raise ApiRefused: with the platform's number; :raise Unreachable: it may work later
        """
        body: dict[str, Any] = {
            "touser": openid, "template_id": template_id, "miniprogram_state": self.settings.version, "lang": "zh_CN",
            "data": {name: {"value": value} for name, value in data.items()},
        }  # fmt: skip
        self._ask("/cgi-bin/message/subscribe/send", {**body, **({"page": page} if page else {})})

    def page_ticket(self) -> str:
        """Return the ticket with which pages of an official account are signed for the JS-SDK; it lives two hours.

        :raise ApiRefused, Unreachable: the platform gave none
        """
        # Ahead of the ticket's own lease, which must not wait for two calls more.
        self._tokens.current()
        return self._tickets.current()

    def _page_ticket(self) -> tuple[str, int]:
        reply = _object(self._with_token("/cgi-bin/ticket/getticket", {}, {"type": "jsapi"}))
        ticket, seconds = reply.get("ticket"), reply.get("expires_in")
        if not isinstance(ticket, str) or not ticket or not isinstance(seconds, int):
            raise Unreachable("no_ticket")
        return ticket, seconds

    def _stable_token(self) -> tuple[str, int]:
        body = {"grant_type": "client_credential", "appid": self.settings.appid, "secret": self.settings.secret}
        reply = _object(self._post("/cgi-bin/stable_token", {}, {**body, "force_refresh": False}))
        token, seconds = reply.get("access_token"), reply.get("expires_in")
        if not isinstance(token, str) or not token or not isinstance(seconds, int):
            raise Unreachable("no_token")
        return token, seconds

    def _ask(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        return _object(self._with_token(path, body))

    def _with_token(self, path: str, body: Mapping[str, Any], query: Mapping[str, str] | None = None) -> Answer:
        """Return the answer to ``body``, or, where there is a ``query``, to that alone."""

        def ask(token: str) -> Answer:
            if query is not None:
                return self._get(path, {"access_token": token, **query})
            return self._post(path, {"access_token": token}, body)

        token = self._tokens.current()
        answer = ask(token)
        if _errcode(answer) in TOKEN_REFUSED:
            # Once: a token that is refused for ever must not ask for ever.
            answer = ask(self._tokens.instead_of(token))
        return answer

    def _for_people(self, ask: Any) -> dict[str, Any]:
        """Return the reply; the platform's refusals become ours, said to the person who waits."""
        try:
            reply: dict[str, Any] = ask()
        except ApiRefused as refused:
            kind = _TO_PEOPLE.get(refused.errcode, errors.WechatBusy)
            # As its sentence says; of the others nobody knows when.
            raise (kind(retry_after=60) if kind is errors.WechatTooOften else kind()) from None
        except Unreachable:
            raise errors.WechatBusy from None
        return reply

    def _get(self, path: str, query: Mapping[str, str]) -> Answer:
        return outside.call("GET", f"{self.settings.url}{path}?{urlencode(query)}")

    def _post(self, path: str, query: Mapping[str, str], body: Mapping[str, Any]) -> Answer:
        url = f"{self.settings.url}{path}" + (f"?{urlencode(query)}" if query else "")
        sent = json.dumps(body, ensure_ascii=False).encode()
        return outside.call("POST", url, body=sent, headers={"Content-Type": "application/json"})


_VERSIONS = {"formal": "release", "trial": "trial", "developer": "develop"}


def _reply(answer: Answer) -> dict[str, Any] | None:
    try:
        found = json.loads(answer.body)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _errcode(answer: Answer) -> int:
    """Return the number in a reply: 0 where there is none, whether it is written as a number or as a text."""
    reply = _reply(answer) or {}
    try:
        return int(reply.get("errcode") or 0)
    except (TypeError, ValueError):
        return BUSY


def _object(answer: Answer) -> dict[str, Any]:
    """Return a reply that says no ``errcode``.

    :raise ApiRefused: it says one; :raise Unreachable: -1, or no JSON object at all
    """
    reply, errcode = _reply(answer), _errcode(answer)
    if reply is None or errcode == BUSY:
        raise Unreachable("busy")
    if errcode:
        said = re.search(r"data\.(\w+?)\.value", str(reply.get("errmsg", "")))
        raise ApiRefused(errcode, said[1] if said else "")
    return reply


_client: Client | None = None


def use_client(chosen: Client | None) -> None:
    """Install the process's client, or none; the application factory does it once."""
    global _client
    _client = chosen


def connected() -> Client | None:
    """Return the process's client, None where WeChat is switched off."""
    return _client


def client() -> Client:
    """Return the process's client.

    :raise WechatNotConfigured: where WeChat is switched off
    """
    if _client is None:
        raise errors.WechatNotConfigured
    return _client
