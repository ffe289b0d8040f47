"""姓名印错了: the holder asks for another printed name on their own page, possession proved as the look-up does."""

from flask import Blueprint, redirect, render_template, request, url_for
from pydantic import Field
from werkzeug.wrappers import Response

from chengjiu_mp.certificates import promise, requests
from chengjiu_mp.certificates.queries import Seen, certificates_of_people
from chengjiu_mp.certificates.request_queries import holders_request
from chengjiu_mp.core import limits
from chengjiu_mp.core.access import PUBLIC, access
from chengjiu_mp.core.db import unit_of_work
from chengjiu_mp.core.errors import NotFound, Refusal
from chengjiu_mp.core.limits import Limit
from chengjiu_mp.core.parsing import In, from_pairs
from chengjiu_mp.web import forms
from chengjiu_mp.web.h5.certificates import people_here

blueprint = Blueprint("certificate_requests", __name__)

DAY = 86400
_PER_CERTIFICATE = 5


class AskPage(In):
    name: str = Field(default="", max_length=200)
    note: str = Field(default="", max_length=200)


@blueprint.get("/c/<row:certificate_id>/correct")
@access(PUBLIC)
def form(certificate_id: int) -> str | Response:
    """Show the form, or how far what was asked for is."""
    if not people_here():
        return redirect(url_for("lookup.form"), 303)
    return _page(_mine(certificate_id), AskPage(), {})


@blueprint.post("/c/<row:certificate_id>/correct")
@access(PUBLIC)
def send(certificate_id: int) -> str | Response | tuple[str, int]:
    """Keep what the holder asks for."""
    if not people_here():
        return redirect(url_for("lookup.form"), 303)
    given = AskPage()
    try:
        given = from_pairs(AskPage, request.form, ignore=forms.IGNORED)
        forms.need(given, name="请填写正确的姓名，和证件上一样。")
        limits.spend(Limit(f"certificate-ask:{_mine(certificate_id).certificate.id}", _PER_CERTIFICATE, DAY))
        with unit_of_work():
            requests.ask_name(_mine(certificate_id).certificate, given.name, given.note)
    except NotFound:
        raise
    except Refusal as refusal:
        return _page(_mine(certificate_id), given, forms.errors(refusal, "name")), refusal.kind.value
    return redirect(url_for(".form", certificate_id=certificate_id), 303)


def _mine(certificate_id: int) -> Seen:
    found = certificates_of_people(people_here())
    seen = next((one for one in found if one.certificate.id == certificate_id), None)
    if seen is None:
        raise NotFound
    return seen


def _page(seen: Seen, given: AskPage, errors: dict[str, str]) -> str:
    asked = holders_request(seen.certificate.id)
    # What is done is shown as done; a second wish is a step of its own.
    closed = asked is not None and (
        asked.state in ("asked", "proposed")
        or (asked.state == "approved" and "again" not in request.args and not errors)
    )
    return render_template(
        "h5/certificate_correct.html", title="姓名印错了", seen=seen, given=given, errors=errors, asked=asked,
        back=url_for("lookup.certificate", certificate_id=seen.certificate.id), within=promise.within(),
        word=requests.STATES[asked.state] if asked else "", may=not closed and seen.certificate.state == "issued",
    )  # fmt: skip
