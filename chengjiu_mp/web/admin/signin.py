"""The desk's way in: user name and password."""

from flask import Blueprint, redirect, render_template, request
from pydantic import Field
from werkzeug.wrappers import Response

from chengjiu_mp.core import asking, context
from chengjiu_mp.core.access import PUBLIC, access
from chengjiu_mp.core.db import unit_of_work
from chengjiu_mp.core.errors import Refusal
from chengjiu_mp.core.parsing import In, from_pairs
from chengjiu_mp.signin import passwords, service
from chengjiu_mp.web import forms
from chengjiu_mp.web.h5.signin import onward, signed_in

blueprint = Blueprint("signin_desk", __name__, url_prefix="/console")


class DeskPage(In):
    username: str = Field(default="", max_length=60)
    password: str = Field(default="", max_length=200)
    next: str = Field(default="", max_length=500)


@blueprint.get("/signin")
@access(PUBLIC)
def form() -> str | Response:
    """Ask for name and password; who is signed in already goes on."""
    caller, wanted = context.principal(), request.args.get("next", "")
    if caller.account_id is not None and not request.args.get("switch"):
        return redirect(onward(caller, wanted), 303)
    return _page(DeskPage(next=wanted[:500]), {})


@blueprint.post("/signin")
@access(PUBLIC)
def check() -> str | Response | tuple[str, int]:
    """Check them and sign this device in."""
    given = DeskPage()
    try:
        given = from_pairs(DeskPage, request.form, ignore=forms.IGNORED)
        account_id = passwords.check_password(given.username, given.password, asking.network())
        with unit_of_work():
            token = service.sign_in_here(account_id)
    except Refusal as refusal:
        # On a page a wrong password is an input to correct, not a missing sign-in.
        return _page(given, forms.errors(refusal, "password")), max(refusal.kind.value, 422)
    return signed_in(account_id, token, given.next or "/console/")


def _page(given: DeskPage, errors: dict[str, str]) -> str:
    return render_template("admin/signin.html", title="工作人员登录", given=given, errors=errors)
