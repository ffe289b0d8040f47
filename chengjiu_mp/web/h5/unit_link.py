"""The private link of a unit: find the own row, look it over, take the ticket. Nothing is listed."""

from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from pydantic import Field
from werkzeug.wrappers import Response

from chengjiu_mp.core import context
from chengjiu_mp.core.access import PUBLIC, access
from chengjiu_mp.core.asking import network
from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.core.errors import NotFound, Refusal
from chengjiu_mp.core.parsing import Day, In, from_pairs
from chengjiu_mp.courses.entry import Entry
from chengjiu_mp.lists import claiming
from chengjiu_mp.lists.errors import ClaimExpired, LinkOff, RowGone
from chengjiu_mp.lists.models import UnitList, UnitListRow
from chengjiu_mp.lists.queries import list_by_token, name_of, runs_of
from chengjiu_mp.people.documents import DocType
from chengjiu_mp.people.models import Notice
from chengjiu_mp.people.queries import current_notices
from chengjiu_mp.people.schemas import ConsentIn
from chengjiu_mp.signin import sessions
from chengjiu_mp.signin.api import remember_device
from chengjiu_mp.units.models import Unit
from chengjiu_mp.web import forms

blueprint = Blueprint("unit_link", __name__)


class FindPage(In):
    name: str = Field("", max_length=200)
    tail: str = Field("", max_length=20)


class ClaimPage(In):
    """``handle`` says that this browser found the row; ``consent`` is {purpose: version} of the ticked boxes."""

    handle: str = Field("", max_length=400)
    doc_number: str = Field("", max_length=100)
    phone: str = Field("", max_length=60)
    doc_type: DocType | None = None
    birth_date: Day | None = None
    latin_surname: str = Field("", max_length=200)
    latin_given: str = Field("", max_length=200)
    consent: dict[str, int] = Field(default_factory=dict)


@blueprint.get("/u/<token>")
@access(PUBLIC)
def form(token: str) -> str:
    """Ask for the name and four digits."""
    return _find_page(token, list_by_token(token), {}, FindPage.model_validate({}))


@blueprint.post("/u/<token>")
@access(PUBLIC)
def find(token: str) -> str | tuple[str, int]:
    """Show the row that fits, or say that none does."""
    given, of = FindPage.model_validate({}), list_by_token(token)
    try:
        given = from_pairs(FindPage, request.form, ignore=forms.IGNORED)
        claiming.spend_claim_limits(of, given.name, network(), context.principal().device_id)
        of = list_by_token(token)
        row = claiming.find_row(of, given.name, given.tail)
    except Refusal as refusal:
        return _find_page(token, list_by_token(token), forms.errors(refusal, "name"), given), refusal.kind.value
    return _row_page(token, of, row, ClaimPage.model_validate({"handle": claiming.handle_of(of, row)}), None)


@blueprint.post("/u/<token>/mine")
@access(PUBLIC)
def confirm(token: str) -> str | Response | tuple[str, int]:
    """Confirm the row, or complete it, and open the ticket on this phone."""
    given = ClaimPage.model_validate({})
    try:
        given = from_pairs(ClaimPage, request.form, ignore=forms.IGNORED)
        claiming.spend_row_limits(list_by_token(token), given.handle)
        ticket, device = _claimed(token, given)
    except (LinkOff, NotFound):
        raise
    except Refusal as refusal:
        return _again(token, given, refusal)
    if device:
        remember_device(device)
    return redirect(url_for("tickets.ticket", token=ticket), 303)


def _claimed(token: str, given: ClaimPage) -> tuple[str, str]:
    """Return the ticket's token, and the device's when this made it."""
    consents = [ConsentIn(purpose=p, version=v) for p, v in given.consent.items()]
    with unit_of_work():
        of = list_by_token(token)
        row = claiming.row_of_handle(of, given.handle)
        device, fresh = context.principal().device_id, ""
        if device is None:
            fresh, session = sessions.open_session("device")
            device = session.id
        if row.state == "named":
            entry = Entry(
                name=name_of(row), doc_number=given.doc_number, phone=given.phone, doc_type=given.doc_type,
                birth_date=given.birth_date, consents=consents, health_notice_read=True,
                latin_surname=given.latin_surname, latin_given=given.latin_given,
            )  # fmt: skip
            return claiming.complete(of, row, entry, device), fresh
        return claiming.claim(of, row, consents, device), fresh


def _again(token: str, given: ClaimPage, refusal: Refusal) -> tuple[str, int]:
    """Return to the row with what was typed; to the beginning when the row is not there any more."""
    of = list_by_token(token)
    try:
        row = claiming.row_of_handle(of, given.handle)
    except (ClaimExpired, RowGone):
        return _find_page(token, of, forms.errors(refusal, "name"), FindPage.model_validate({})), refusal.kind.value
    return _row_page(token, of, row, given, refusal), refusal.kind.value


def _find_page(token: str, of: UnitList, errors: dict[str, str], given: FindPage) -> str:
    runs = runs_of(of.id)
    return render_template(
        "h5/unit_link.html", title="确认报名", of=of, token=token, errors=errors, given=given, runs=runs,
        unit=db.session.get_one(Unit, of.unit_id),
    )  # fmt: skip


def _row_page(token: str, of: UnitList, row: UnitListRow, given: ClaimPage, refusal: Refusal | None) -> str:
    notices = current_notices()
    errors = _errors(refusal, given, notices) if refusal else {}
    return render_template(
        "h5/unit_link_row.html", title="核对我的报名", back=url_for(".form", token=token), of=of, token=token, row=row,
        name=name_of(row), facts=claiming.facts_of(row), given=given, errors=errors, notices=notices,
        doc_types=[("", "自动识别"), *((one.value, one.label) for one in DocType)],
    )  # fmt: skip


def _errors(refusal: Refusal, given: ClaimPage, notices: Any) -> dict[str, str]:
    found = forms.errors(refusal, "doc_number")
    if "consents" in found:
        del found["consents"]
        missing: list[Notice] = [n for n in notices if n.required and given.consent.get(n.purpose) != n.version]
        found |= {f"consent.{n.purpose}": f"请先看过《{n.title}》，再勾选同意。" for n in missing}
    return found
