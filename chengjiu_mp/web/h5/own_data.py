"""我的信息: what is held, the consents, the way to take a copy and the way to have it erased.

A phone code and the name open it, as they open the look-up of certificates; the proof lasts half an hour.
"""

import json
from datetime import date, datetime
from typing import Any

from flask import Blueprint, Response, redirect, render_template, request, session, url_for
from pydantic import Field
from werkzeug.wrappers import Response as AnyResponse

from chengjiu_mp.certificates.states import WORDS as CERTIFICATES
from chengjiu_mp.core import asking, spreadsheet
from chengjiu_mp.core.access import PUBLIC, SIGNED_IN, access
from chengjiu_mp.core.context import principal
from chengjiu_mp.core.db import unit_of_work
from chengjiu_mp.core.errors import Refusal
from chengjiu_mp.core.parsing import In, from_pairs
from chengjiu_mp.reports import consenting, erasure, own_data
from chengjiu_mp.reports.errors import NotConfirmed
from chengjiu_mp.reports.own_sheet import OUTCOMES, SIGNUPS, archive_of, sheet_of
from chengjiu_mp.reports.reach import Held, held_by_name, holder_of
from chengjiu_mp.web import forms

blueprint = Blueprint("own_data", __name__)

_OPENED = "own_data"


class NamePage(In):
    """``then`` is the page to come back to: the list of sign-ups, or what is held."""

    name: str = Field(default="", max_length=200)
    then: str = Field(default="", pattern="^(|me)$")


class ErasurePage(In):
    understood: bool = False
    certificates: str = Field(default="keep", pattern="^(keep|forget)$")


@blueprint.get("/me/data")
@access(SIGNED_IN)
def index() -> str | AnyResponse:
    """Show what is held; before that ask for the name, and for a code where the sign-in was by password."""
    if principal().phone_index is None:
        return redirect(url_for("signin.form", switch=1, next=url_for(".index")), 303)
    held = held_now()
    if not held:
        return _name_page(NamePage(then="me" if request.args.get("then") == "me" else ""), {})
    export = own_data.export_of(held)
    return render_template(
        "h5/own_data.html", title="我的信息", back="/me", people=export["people"], states=SIGNUPS, outcomes=OUTCOMES,
        certificates=CERTIFICATES,
    )  # fmt: skip


@blueprint.post("/me/data")
@access(SIGNED_IN)
def open_() -> AnyResponse | tuple[str, int]:
    """Check the name against the proved phone."""
    given = NamePage()
    try:
        given = from_pairs(NamePage, request.form, ignore=forms.IGNORED)
        own_data.spend_name(principal(), asking.network())
        with unit_of_work():
            session[_OPENED] = own_data.pass_for(principal(), given.name)
    except Refusal as refusal:
        return _name_page(given, forms.errors(refusal, "name")), refusal.kind.value
    return redirect(url_for("mine.mine" if given.then else ".index"), 303)


def held_now() -> list[Held]:
    """Return what the name that was said opens; nothing once the half hour has passed."""
    sealed = session.get(_OPENED, "")
    return held_by_name(holder_of(principal(), sealed), principal()) if sealed else []


def _name_page(given: NamePage, errors: dict[str, str]) -> str:
    title = "我的报名" if given.then else "我的信息"
    return render_template("h5/own_name.html", title=title, back="/me", given=given, errors=errors)


@blueprint.get("/me/data/my-data.<any(json, xlsx, zip):kind>")
@access(SIGNED_IN)
def download(kind: str) -> AnyResponse:
    """Send a copy to keep: a sheet to read, the same with the pictures, or JSON for a program."""
    held = held_now()
    if not held:
        return redirect(url_for(".index"), 303)
    export = own_data.export_of(held)
    if kind == "xlsx":
        reply = Response(sheet_of(export), mimetype=spreadsheet.XLSX)
    elif kind == "zip":
        reply = Response(archive_of(export), mimetype="application/zip")
    else:
        reply = Response(json.dumps(export, ensure_ascii=False, indent=1, default=_plain), mimetype="application/json")
    reply.headers["Content-Disposition"] = f'attachment; filename="my-data.{kind}"'
    reply.headers["Cache-Control"] = "private, no-store"
    return reply


def _plain(value: object) -> str:
    assert isinstance(value, date | datetime)  # noqa: S101  nothing else in an export is not JSON's own
    return value.isoformat()


@blueprint.get("/me/consents")
@access(SIGNED_IN)
def consents() -> str | AnyResponse:
    """List what was agreed to, in which version and when."""
    held = held_now()
    if not held:
        return redirect(url_for(".index"), 303)
    return render_template(
        "h5/own_consents.html", title="我的同意记录", back=url_for(".index"), found=consenting.consents_held(held),
        done=request.args.get("done", ""),
    )  # fmt: skip


@blueprint.get("/me/consents/<row:consent_id>/withdraw")
@access(SIGNED_IN)
def ask_withdraw(consent_id: int) -> str | AnyResponse:
    """Say what the withdrawal does, and ask once more."""
    held = held_now()
    if not held:
        return redirect(url_for(".index"), 303)
    given = consenting.consent_held(held, consent_id)
    if given.consent.withdrawn_at is not None:
        return redirect(url_for(".consents"), 303)
    return render_template("h5/own_withdraw.html", title="撤回同意", back=url_for(".consents"), given=given)


@blueprint.post("/me/consents/<row:consent_id>/withdraw")
@access(SIGNED_IN)
def withdraw(consent_id: int) -> AnyResponse:
    """Withdraw it; twice changes nothing."""
    with unit_of_work():
        held = held_now()
        if held:
            consenting.withdraw_consent(consenting.consent_held(held, consent_id))
    return redirect(url_for(".consents", done="withdrawn") if held else url_for(".index"), 303)


@blueprint.get("/me/erasure")
@access(SIGNED_IN)
def ask_erasure() -> str | AnyResponse:
    """Say what goes and what stays."""
    held = held_now()
    return _erasure_page(held, {}) if held else redirect(url_for(".index"), 303)


@blueprint.post("/me/erasure")
@access(SIGNED_IN)
def erase() -> AnyResponse | tuple[str, int]:
    """Erase, once it was confirmed that the page was read."""
    try:
        given = from_pairs(ErasurePage, request.form, ignore=forms.IGNORED)
        if not given.understood:
            raise NotConfirmed(field="understood")
        with unit_of_work():
            done = erasure.erase(held_now, principal(), forget_certificates=given.certificates == "forget")
    except Refusal as refusal:
        held = held_now()
        if not held:
            return redirect(url_for(".erased"), 303)
        return _erasure_page(held, forms.errors(refusal, "understood")), refusal.kind.value
    session.pop(_OPENED, None)
    return redirect(url_for(".erased", certificates="1" if done.certificates else None), 303)


def _erasure_page(held: list[Held], errors: dict[str, str]) -> str:
    export: list[dict[str, Any]] = own_data.export_of(held)["people"]
    return render_template(
        "h5/own_erasure.html", title="删除我的信息", back=url_for(".index"), people=export, errors=errors,
        told=erasure.consequences(held),
    )  # fmt: skip


@blueprint.get("/me/erased")
@access(PUBLIC)
def erased() -> str:
    """Say that it is done; the account may be gone by now."""
    return render_template(
        "h5/own_erased.html", title="已删除", back="/", certified=request.args.get("certificates") == "1"
    )
