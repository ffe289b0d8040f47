"""How a request proves who it is from: a bearer token, or the device's cookie guarded against forged requests."""

from urllib.parse import urlsplit

from flask import Blueprint, Flask, current_app, request, session
from flask_wtf.csrf import CSRFError

from chengjiu_mp.core import access, asking, context, http, limits, privacy
from chengjiu_mp.core.db import unit_of_work
from chengjiu_mp.core.errors import Kind, Refusal, SignInNeeded, TooMany
from chengjiu_mp.core.http import route
from chengjiu_mp.core.limits import Limit
from chengjiu_mp.core.parsing import Invalid
from chengjiu_mp.core.wording import sentence_for
from chengjiu_mp.people.phones import PhoneRefused, mask_phone
from chengjiu_mp.signin import codes, passwords, service, sessions, wechat
from chengjiu_mp.signin.errors import AccountClosed, CodeWrong, CredentialsWrong, NoSms
from chengjiu_mp.signin.schemas import CodeSent, CodeWanted, PhoneProved, SignIn, TokenOut, WechatTap
from chengjiu_mp.wechat.client import client
from chengjiu_mp.wechat.errors import (
    WechatBlocked,
    WechatBusy,
    WechatCodeWrong,
    WechatNotConfigured,
    WechatTooOften,
)

PURPOSE = "signin"
_FROM_WECHAT = (WechatNotConfigured, WechatCodeWrong, WechatTooOften, WechatBlocked, WechatBusy)

blueprint = Blueprint("auth", __name__, url_prefix="/api/v1/auth")


class FormExpired(Refusal):
    """The CSRF token is missing or old, or the request comes from another site."""

    code = "form_expired"
    message = "页面停留太久了，请刷新页面后再提交一次。"
    kind = Kind.MALFORMED


def init_app(app: Flask) -> None:
    """Let the edge ask here who is calling."""
    app.extensions["edge"].authenticate = authenticate


def authenticate() -> context.Principal:
    """Return the caller. A bearer token is looked at alone: a cookie beside it plays no part.

    :raise SignInNeeded: the token is unknown or ended; :raise FormExpired: a cookie's write without its token
    """
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        caller = sessions.principal_of(token.strip(), "bearer")
        if caller is None:
            raise SignInNeeded("登录已过期，请重新登录。")
        return caller
    if request.method not in http.SAFE:
        _refuse_forged()
    return sessions.principal_of(session.get("t", ""), "device") or context.PUBLIC


def _refuse_forged() -> None:
    # A program without a cookie has nothing to forge; its JSON content type cannot come from a foreign form.
    if http.wants_json() and not session:
        return
    origin = request.headers.get("Origin")
    ours = {request.host, urlsplit(current_app.config["SETTINGS"].public_url).netloc}
    if origin is not None and urlsplit(origin).netloc not in ours:
        raise FormExpired
    try:
        current_app.extensions["csrf"].protect()
    except CSRFError:
        raise FormExpired from None


def remember_device(token: str) -> None:
    """Put the device's token into its cookie."""
    session.permanent = True
    session["t"] = token


def _count_wish(body: CodeWanted) -> None:
    codes.spend_send(body.phone, asking.network())


@route(
    blueprint, "POST", "/codes", access.PUBLIC, status=202, before=_count_wish,
    refusals=(PhoneRefused, NoSms, TooMany), example={"phone": "13900000001"},
)  # fmt: skip
def send_code(body: CodeWanted) -> CodeSent:
    """Send a six-digit code to a phone.

    The reply is the same whether or not the phone is known. Five minutes, five tries, one use.
    """
    return CodeSent(challenge_id=codes.send_code(body.phone, PURPOSE))


@route(
    blueprint, "POST", "/tokens", access.PUBLIC, status=201, transaction=False,
    refusals=(CodeWrong, CredentialsWrong, AccountClosed, *_FROM_WECHAT, TooMany),
    example={"grant": "password", "username": "zhoumin", "password": "…"},
)  # fmt: skip
def open_token(body: SignIn) -> TokenOut:
    """Sign in and get a bearer token.

    A proved phone, or a WeChat user, without an account becomes a trainee's. Who is signed in while they prove a
    WeChat user that is new here binds it to their account. The token is shown once and lives twelve hours.
    """
    if body.grant == "wechat":
        return _by_wechat(body)
    _require_fields(body)
    if body.grant == "password":
        account_id = passwords.check_password(body.username, body.password, asking.network())
        with unit_of_work():
            return _shown(*service.open_bearer(account_id))
    proved = codes.prove(body.challenge_id, body.code, PURPOSE)
    with unit_of_work():
        return _shown(*service.open_bearer(service.account_of_phone(proved).id, proved))


def _by_wechat(body: SignIn) -> TokenOut:
    speaking = client()
    _require_fields(body)
    limits.spend(Limit(f"wechat-net:{asking.network()}", 1200, 60))
    openid = speaking.user_of_code(body.code).openid
    with unit_of_work():
        return _shown(*service.open_bearer(wechat.account_of_openid(openid).id, by="wechat"))


def _shown(token: str, roles: list[str]) -> TokenOut:
    return TokenOut(access_token=token, expires_in=int(sessions.BEARER_LIFE.total_seconds()), roles=roles)


_NEEDED = {"phone_code": ("challenge_id", "code"), "password": ("username", "password"), "wechat": ("code",)}


def _require_fields(body: SignIn) -> None:
    needed = _NEEDED[body.grant]
    missing = [name for name in needed if not getattr(body, name)]
    if missing:
        raise Invalid(
            [{"pointer": f"/{n}", "code": "missing", "detail": sentence_for("missing", None)} for n in missing]
        )


@route(
    blueprint, "POST", "/wechat/phone", access.SIGNED_IN, transaction=False,
    refusals=(*_FROM_WECHAT, AccountClosed, PhoneRefused, TooMany), example={"code": "…"},
)  # fmt: skip
def prove_wechat_phone(body: WechatTap) -> PhoneProved:
    """Prove the session's phone by WeChat, as a code by short message does.

    An account that WeChat alone made takes the number, or joins the account that already has it.
    """
    speaking, caller = client(), context.principal()
    limits.spend(Limit(f"wechat-phone:{caller.key}", 10, 3600))
    number = wechat.number_of(speaking.phone_of_code(body.code))
    with unit_of_work():
        account_id = wechat.prove_phone_here(privacy.phone_index(number)).id
        roles = sorted({grant.role for grant in sessions.grants_of(account_id)})
    return PhoneProved(phone_masked=mask_phone(number), roles=roles)


@route(blueprint, "DELETE", "/tokens/current", access.SIGNED_IN, status=204)
def end_token() -> None:
    """End the sign-in that this request was made with."""
    service.sign_out_here()
