"""The sign-up form: four things to fill in and two ticks, no account, no script needed."""

from datetime import date
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from pydantic import Field
from werkzeug.wrappers import Response

from chengjiu_mp.core import context
from chengjiu_mp.core.access import PUBLIC, access
from chengjiu_mp.core.errors import Refusal
from chengjiu_mp.core.parsing import In, from_pairs
from chengjiu_mp.courses import queries, signup_queries
from chengjiu_mp.courses.entry import Entry
from chengjiu_mp.people.documents import DocType
from chengjiu_mp.people.models import Notice
from chengjiu_mp.people.queries import current_notices
from chengjiu_mp.people.schemas import ConsentIn
from chengjiu_mp.web import forms
from chengjiu_mp.web.h5 import asking, entering
from chengjiu_mp.web.h5.run_words import card

blueprint = Blueprint("signup", __name__)


class SignupPage(In):
    """``consent`` is {purpose: version} of the ticked boxes."""

    name: str = Field("", max_length=200)
    doc_number: str = Field("", max_length=100)
    phone: str = Field("", max_length=60)
    doc_type: DocType | None = None
    birth_date: date | None = None
    consent: dict[str, int] = Field(default_factory=dict)


@blueprint.get("/s/<token>/signup")
@access(PUBLIC)
def form(token: str) -> str | Response:
    """Show the form; a device with a ticket is sent to it, a run that takes nobody to its own page."""
    found = queries.run_by_token(token)
    mine = signup_queries.my_live_signup(context.principal(), found.run.id)
    if mine or found.phase not in ("open", "full"):
        return redirect(url_for("runs.landing", token=token), 303)
    return _page(token, found, _blank(), None)


@blueprint.post("/s/<token>/signup")
@access(PUBLIC)
def send(token: str) -> str | Response | tuple[str, int]:
    """Sign up and open the ticket; or the form again with everything kept but the document number."""
    given = _blank()
    found = queries.run_by_token(token)
    run_id = found.run.id
    try:
        given = from_pairs(SignupPage, request.form, ignore=forms.IGNORED)
        kept = entering.enter(run_id, _entry(given), asking.count_try(run_id))
    except Refusal as refusal:
        return _page(token, queries.run_by_token(token), given, refusal), refusal.kind.value
    return entering.to_ticket(kept)


def _blank() -> SignupPage:
    return SignupPage.model_validate({})


def _entry(given: SignupPage) -> Entry:
    return Entry(
        name=given.name, doc_number=given.doc_number, phone=given.phone, doc_type=given.doc_type,
        birth_date=given.birth_date, health_notice_read=True,
        consents=[ConsentIn(purpose=p, version=v) for p, v in given.consent.items()],
    )  # fmt: skip


def _page(token: str, found: queries.RunAndSeats, given: SignupPage, refusal: Refusal | None) -> str:
    notices = current_notices()
    errors = _errors(refusal, given, notices) if refusal else {}
    return render_template(
        "h5/signup.html", title="填写报名", back=url_for("runs.landing", token=token), card=card(found), given=given,
        notices=notices, errors=errors, phase=found.phase, token=token, syllabus=found.run.syllabus,
        doc_types=[("", "自动识别"), *((one.value, one.label) for one in DocType)],
        code=refusal.code if refusal else "",
        others=refusal.facts.get("alternatives", []) if refusal else [],
        call=refusal.facts.get("call", "") if refusal else "",
    )  # fmt: skip


def _errors(refusal: Refusal, given: SignupPage, notices: Any) -> dict[str, str]:
    found = forms.errors(refusal, "name")
    if "consents" in found:
        del found["consents"]
        missing: list[Notice] = [n for n in notices if n.required and given.consent.get(n.purpose) != n.version]
        found |= {f"consent.{n.purpose}": f"请先看过《{n.title}》，再勾选同意。" for n in missing}
    return found
