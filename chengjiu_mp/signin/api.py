"""How a request proves who it is from: a bearer token, or the device's cookie guarded against forged requests."""

from urllib.parse import urlsplit

from flask import Flask, current_app, request, session
from flask_wtf.csrf import CSRFError

from chengjiu_mp.core import context, http
from chengjiu_mp.core.errors import Kind, Refusal, SignInNeeded
from chengjiu_mp.signin import sessions


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
