"""再培训: whose certificate ends soon sees refreshers and courses of the kind, and signs up with what is known.

Nothing personal stands in an address: the phone is proved by the look-up's code, and its pass says who this is.
"""

from flask import Blueprint, redirect, render_template, request, session, url_for
from pydantic import Field
from werkzeug.wrappers import Response

from chengjiu_mp.certificates import renewing
from chengjiu_mp.certificates.queries import Seen
from chengjiu_mp.core.access import PUBLIC, access
from chengjiu_mp.core.errors import NotFound, Refusal
from chengjiu_mp.core.parsing import In, from_pairs
from chengjiu_mp.courses.queries import RunAndSeats
from chengjiu_mp.people.queries import current_notices
from chengjiu_mp.people.schemas import ConsentIn
from chengjiu_mp.web import forms
from chengjiu_mp.web.h5 import certificates, entering
from chengjiu_mp.web.h5.run_words import card

blueprint = Blueprint("again", __name__, url_prefix="/again")


class AgainPage(In):
    """The document is not among them: it is taken from the person whose phone was proved."""

    name: str = Field("", max_length=200)
    phone: str = Field("", max_length=60)
    consent: dict[str, int] = Field(default_factory=dict)


@blueprint.get("/")
@access(PUBLIC)
def index() -> str | Response:
    """Show what ends soon and where to go again; who has not proved the phone does that first."""
    people = certificates.people_here()
    if not people:
        session[certificates.ONWARD] = url_for(".index")
        return redirect(url_for("lookup.form"), 303)
    ending = [
        (seen, _cards(seen, renewing.refreshers(seen.certificate)), _cards(seen, renewing.runs_again(seen.certificate)))
        for seen in renewing.expiring(people)
    ]
    return render_template("h5/again.html", title="再培训", back="/", ending=ending)


@blueprint.get("/<row:certificate_id>/<row:run_id>")
@access(PUBLIC)
def form(certificate_id: int, run_id: int) -> str | Response:
    """Show the form, filled in but for the consents."""
    if not certificates.people_here():
        return redirect(url_for(".index"), 303)
    seen, found = _chosen(certificate_id, run_id)
    known = renewing.known_of(seen)
    return _page(seen, found, AgainPage(name=known.name, phone=known.phone), None)


@blueprint.post("/<row:certificate_id>/<row:run_id>")
@access(PUBLIC)
def send(certificate_id: int, run_id: int) -> Response | tuple[str, int]:
    """Sign up and open the ticket."""
    seen, _ = _chosen(certificate_id, run_id)
    given = AgainPage.model_validate({})
    try:
        given = from_pairs(AgainPage, request.form, ignore=forms.IGNORED)
        consents = [ConsentIn(purpose=p, version=v) for p, v in given.consent.items()]
        entry = renewing.entry_again(renewing.known_of(seen), given.name, given.phone, consents)
        return entering.to_ticket(entering.enter(run_id, entry))
    except Refusal as refusal:
        return _page(*_chosen(certificate_id, run_id), given, refusal), refusal.kind.value


def _cards(seen: Seen, found: list[RunAndSeats]) -> list[dict[str, object]]:
    return [card(one, url_for(".form", certificate_id=seen.certificate.id, run_id=one.run.id)) for one in found]


def _chosen(certificate_id: int, run_id: int) -> tuple[Seen, RunAndSeats]:
    """Return the caller's own certificate and one of the runs offered for it.

    :raise NotFound: when it is not theirs, or the run takes nobody any more
    """
    mine = renewing.expiring(certificates.people_here())
    seen = next((one for one in mine if one.certificate.id == certificate_id), None)
    runs = [*renewing.refreshers(seen.certificate), *renewing.runs_again(seen.certificate)] if seen else []
    found = next((one for one in runs if one.run.id == run_id), None)
    if seen is None or found is None:
        raise NotFound
    return seen, found


def _page(seen: Seen, found: RunAndSeats, given: AgainPage, refusal: Refusal | None) -> str:
    notices = current_notices()
    errors = forms.errors(refusal, "name") if refusal else {}
    if "consents" in errors:
        del errors["consents"]
        missing = [n for n in notices if n.required and given.consent.get(n.purpose) != n.version]
        errors |= {f"consent.{n.purpose}": f"请先看过《{n.title}》，再勾选同意。" for n in missing}
    if "doc_number" in errors:
        errors["name"] = errors.pop("doc_number")
    return render_template(
        "h5/again_form.html", title="再培训报名", back=url_for(".index"), seen=seen, card=card(found), given=given,
        notices=notices, errors=errors, phase=found.phase, syllabus=found.run.syllabus,
        action=url_for(".send", certificate_id=seen.certificate.id, run_id=found.run.id),
    )  # fmt: skip
