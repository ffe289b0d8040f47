"""证书查询 and 我的证书: a code to the proved phone and the name, then the list, the picture, the way to save it."""

from flask import Blueprint, Response, current_app, redirect, render_template, request, session, url_for
from pydantic import Field
from werkzeug.wrappers import Response as AnyResponse

from chengjiu_mp.certificates import lookup, passes, renewing, signing, versions
from chengjiu_mp.certificates.api import file_name, picture_reply
from chengjiu_mp.certificates.earlier import earlier_of_people
from chengjiu_mp.certificates.pdf_api import pdf_reply
from chengjiu_mp.certificates.queries import Seen, certificates_of_people
from chengjiu_mp.certificates.request_queries import holders_request
from chengjiu_mp.certificates.states import WORDS
from chengjiu_mp.certificates.waiting import WAITING_WORDS, waiting_of_people
from chengjiu_mp.core import asking, privacy, qr
from chengjiu_mp.core.access import PUBLIC, access
from chengjiu_mp.core.context import principal
from chengjiu_mp.core.db import unit_of_work
from chengjiu_mp.core.errors import NotFound, Refusal
from chengjiu_mp.core.parsing import In, from_pairs
from chengjiu_mp.outbox.queries import text_of
from chengjiu_mp.people.phones import mask_phone
from chengjiu_mp.signin import codes
from chengjiu_mp.web import forms

blueprint = Blueprint("lookup", __name__)

TONES = {"valid": "ok", "expired": "warn", "revoked": "bad", "corrected": "warn", "test": "bad"}
_PLACE = "lookup.name"
_PASS, _ASKED = "certificates", "lookup"
# Where to go once the phone is proved, when a page of ours sent the visitor here.
ONWARD = "lookup_onward"


class LookupPage(In):
    phone: str = Field(default="", max_length=40)
    name: str = Field(default="", max_length=200)


class LookupCodePage(In):
    code: str = Field(default="", max_length=12)


class LookupNamePage(In):
    name: str = Field(default="", max_length=200)


@blueprint.get("/lookup")
@access(PUBLIC)
def form() -> str:
    """Ask for phone and name."""
    return _phone_page(LookupPage(), {})


@blueprint.post("/lookup")
@access(PUBLIC)
def send() -> AnyResponse | tuple[str, int]:
    """Send the code when the phone is a proved one; go on in every case."""
    given = LookupPage()
    try:
        given = from_pairs(LookupPage, request.form, ignore=forms.IGNORED)
        forms.need(given, name="请填写证书上印的姓名。", phone="请填写手机号。")
        lookup.spend_start(given.phone, asking.network(), principal().device_id, given.name)
        with unit_of_work():
            challenge = lookup.start(given.phone)
    except Refusal as refusal:
        return _phone_page(given, forms.errors(refusal, "phone")), refusal.kind.value
    sealed = privacy.seal(given.name, place=_PLACE, row=challenge).hex()
    session[_ASKED] = {"challenge": challenge, "to": mask_phone(codes.mobile(given.phone)), "name": sealed}
    return redirect(url_for("lookup.code_form"), 303)


@blueprint.get("/lookup/code")
@access(PUBLIC)
def code_form() -> str | AnyResponse:
    """Ask for the code."""
    return _code_page({}) if _ASKED in session else redirect(url_for("lookup.form"), 303)


@blueprint.post("/lookup/code")
@access(PUBLIC)
def prove() -> AnyResponse | tuple[str, int]:
    """Check the code; a name that does not fit is asked for once more without another code."""
    asked = session.get(_ASKED)
    if not asked:
        return redirect(url_for("lookup.form"), 303)
    try:
        given = from_pairs(LookupCodePage, request.form, ignore=forms.IGNORED)
        phone = codes.prove(asked["challenge"], given.code, lookup.PURPOSE)
    except Refusal as refusal:
        return _code_page(forms.errors(refusal, "code")), refusal.kind.value
    session[_ASKED] = {**asked, "proof": passes.proof_of(phone)}
    return _open_for(phone, privacy.unseal(bytes.fromhex(asked["name"]), place=_PLACE, row=asked["challenge"]))


@blueprint.post("/lookup/name")
@access(PUBLIC)
def name_again() -> AnyResponse | tuple[str, int]:
    """Try another spelling of the name, while the phone's proof holds."""
    phone = passes.phone_of(session.get(_ASKED, {}).get("proof", ""))
    if phone is None:
        return redirect(url_for("lookup.form"), 303)
    try:
        given = from_pairs(LookupNamePage, request.form, ignore=forms.IGNORED)
        lookup.spend_name("proved", phone.hex(), asking.network())
    except Refusal as refusal:
        return _name_page("", forms.errors(refusal, "name")), refusal.kind.value
    return _open_for(phone, given.name)


def _open_for(phone: bytes, name: str) -> AnyResponse | tuple[str, int]:
    try:
        with unit_of_work():
            people = lookup.people_named(phone, name)
    except Refusal as refusal:
        return _name_page(name, forms.errors(refusal, "name")), refusal.kind.value
    session.pop(_ASKED, None)
    session[_PASS] = passes.pass_for(people, phone)
    return redirect(session.pop(ONWARD, "") or url_for("lookup.mine"), 303)


def people_here() -> frozenset[int]:
    """Return who proved themselves on this phone within the last half hour, and have no other phone since."""
    return passes.people_of(session.get(_PASS, ""))


@blueprint.get("/certificates")
@access(PUBLIC)
def mine() -> str | AnyResponse:
    """Show one's own certificates, for half an hour after the look-up."""
    people = passes.people_of(session.get(_PASS, ""))
    if not people:
        return redirect(url_for("lookup.form"), 303)
    found = certificates_of_people(people)
    return render_template(
        "h5/certificates.html", title="我的证书", back="/", found=found, ending=bool(renewing.expiring(people)),
        earlier=earlier_of_people(people), words=WORDS, tones=TONES, waiting=waiting_of_people(people),
        waiting_words=WAITING_WORDS,
    )  # fmt: skip


@blueprint.get("/c/<row:certificate_id>")
@access(PUBLIC)
def certificate(certificate_id: int) -> str | AnyResponse:
    """Show one certificate with its picture, or how far the picture is."""
    if not passes.people_of(session.get(_PASS, "")):
        return redirect(url_for("lookup.form"), 303)
    seen = _mine(certificate_id)
    offline = signing.code_url(seen.version)
    return render_template(
        "h5/certificate.html", title="我的证书", back=url_for("lookup.mine"), seen=seen, words=WORDS, tones=TONES,
        verify_url=versions.verify_url(seen.version), verify_path=versions.verify_path(seen.version),
        offline_qr=qr.qr_svg(offline, label="离线核验码") if offline else "", asked=holders_request(certificate_id),
    )  # fmt: skip


@blueprint.get("/c/<row:certificate_id>/progress")
@access(PUBLIC)
def progress(certificate_id: int) -> dict[str, str]:
    """Say how far the picture is, for the page that waits."""
    state = _mine(certificate_id).version.picture_state
    return {
        "state": "working" if state == "waiting" else "done",
        "text": "证书还在制作，一般不到一分钟，可以先离开本页。",
    }


@blueprint.get("/c/<row:certificate_id>/image")
@access(PUBLIC)
def image(certificate_id: int) -> Response:
    """The picture, for its holder; ``save`` offers it as a file."""
    seen = _mine(certificate_id)
    reply = picture_reply(seen)
    if "save" in request.args and reply.status_code == 200:
        reply.headers["Content-Disposition"] = f"attachment; {file_name(seen.certificate.number)}"
    return reply


@blueprint.get("/c/<row:certificate_id>/pdf")
@access(PUBLIC)
def pdf(certificate_id: int) -> Response:
    """The PDF, for its holder to keep."""
    return pdf_reply(_mine(certificate_id), save=True)


def _mine(certificate_id: int) -> Seen:
    people = passes.people_of(session.get(_PASS, ""))
    found = certificates_of_people(people) if people else []
    seen = next((one for one in found if one.certificate.id == certificate_id), None)
    if seen is None:
        raise NotFound
    return seen


def _phone_page(given: LookupPage, errors: dict[str, str]) -> str:
    # Who followed the message of an ending certificate looks for a class and not for a certificate.
    again = session.get(ONWARD) == "/again/"
    title = "再培训" if again else "证书查询"
    return render_template("h5/lookup.html", title=title, back="/", given=given, errors=errors, again=again)


def _code_page(errors: dict[str, str]) -> str:
    asked = session[_ASKED]
    shown = text_of(codes.message_key(asked["challenge"])) if current_app.config["SETTINGS"].demo else None
    return render_template(
        "h5/lookup_code.html", title="输入验证码", back=url_for("lookup.form"), to=asked["to"], errors=errors,
        sms=shown.body if shown else "", demo=current_app.config["SETTINGS"].demo,
    )  # fmt: skip


def _name_page(name: str, errors: dict[str, str]) -> str:
    return render_template(
        "h5/lookup_name.html", title="核对姓名", back=url_for("lookup.form"), name=name, errors=errors
    )
