"""Signing in by phone code, and signing out. Two pages, no script, and back to where the person wanted to go."""

from flask import Blueprint, current_app, redirect, render_template, request, session, url_for
from pydantic import Field
from werkzeug.wrappers import Response

from chengjiu_mp.core import asking, context
from chengjiu_mp.core.access import PUBLIC, access
from chengjiu_mp.core.context import Principal
from chengjiu_mp.core.db import unit_of_work
from chengjiu_mp.core.errors import Refusal
from chengjiu_mp.core.parsing import In, from_pairs
from chengjiu_mp.outbox import queries
from chengjiu_mp.people.phones import mask_phone
from chengjiu_mp.signin import codes, service
from chengjiu_mp.signin.api import PURPOSE, remember_device
from chengjiu_mp.web import forms
from chengjiu_mp.web.view import own_path

blueprint = Blueprint("signin", __name__)

_DESK = ("unit_manager", "operator", "approver", "auditor", "system")


class PhonePage(In):
    phone: str = Field(default="", max_length=40)
    next: str = Field(default="", max_length=500)


class CodePage(In):
    code: str = Field(default="", max_length=12)


@blueprint.get("/signin")
@access(PUBLIC)
def form() -> str | Response:
    """Ask for the phone; who is signed in already goes on."""
    caller, wanted = context.principal(), request.args.get("next", "")
    if caller.account_id is not None and not request.args.get("switch"):
        return redirect(onward(caller, wanted), 303)
    return _phone_page(PhonePage(next=wanted[:500]), {})


@blueprint.post("/signin")
@access(PUBLIC)
def send() -> str | Response | tuple[str, int]:
    """Send the code and ask for it on the next page."""
    given = PhonePage()
    try:
        given = from_pairs(PhonePage, request.form, ignore=forms.IGNORED)
        codes.spend_send(given.phone, asking.network())
        with unit_of_work():
            challenge = codes.send_code(given.phone, PURPOSE)
    except Refusal as refusal:
        return _phone_page(given, forms.errors(refusal, "phone")), refusal.kind.value
    masked = mask_phone(codes.mobile(given.phone))
    session["signin"] = {"challenge": challenge, "to": masked, "next": given.next}
    return redirect(url_for("signin.code_form"), 303)


@blueprint.get("/signin/code")
@access(PUBLIC)
def code_form() -> str | Response:
    """Ask for the code."""
    return _code_page({}) if "signin" in session else redirect(url_for("signin.form"), 303)


@blueprint.post("/signin/code")
@access(PUBLIC)
def prove() -> str | Response | tuple[str, int]:
    """Check the code and sign this device in."""
    asked = session.get("signin")
    if not asked:
        return redirect(url_for("signin.form"), 303)
    try:
        given = from_pairs(CodePage, request.form, ignore=forms.IGNORED)
        proved = codes.prove(asked["challenge"], given.code, PURPOSE)
        with unit_of_work():
            account_id = service.account_of_phone(proved).id
            token = service.sign_in_here(account_id, proved)
    except Refusal as refusal:
        return _code_page(forms.errors(refusal, "code")), refusal.kind.value
    return signed_in(account_id, token, asked["next"])


@blueprint.post("/signout")
@access(PUBLIC)
def sign_out() -> Response:
    """Sign this device out; its own tickets stay."""
    staff = context.principal().has(*_DESK)
    with unit_of_work():
        service.sign_out_here()
    session.pop("csrf_token", None)
    return redirect(url_for("signin_desk.form") if staff else "/", 303)


def signed_in(account_id: int, token: str, wanted: str) -> Response:
    """Give the device its new token, and go on; what the visitor's session held before ends (no fixation)."""
    session.clear()
    remember_device(token)
    return redirect(onward(service.principal_of_account(account_id), wanted), 303)


def onward(caller: Principal, wanted: str) -> str:
    """Return where a caller goes after signing in: where they wanted, else the first page of their work."""
    local = own_path(wanted) if wanted else "/"
    if local != "/" and not local.startswith("/signin"):
        return local
    if caller.has("instructor"):
        return "/teach/"
    return "/console/" if caller.has(*_DESK) else "/me"


def _phone_page(given: PhonePage, errors: dict[str, str]) -> str:
    return render_template("h5/signin.html", title="登录", given=given, errors=errors)


def _code_page(errors: dict[str, str]) -> str:
    asked = session["signin"]
    shown = queries.text_of(codes.message_key(asked["challenge"])) if current_app.config["SETTINGS"].demo else None
    return render_template(
        "h5/signin_code.html", title="输入验证码", back=url_for("signin.form", next=asked["next"]), to=asked["to"],
        errors=errors, sms=shown.body if shown else "",
    )  # fmt: skip
