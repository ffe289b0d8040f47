"""查验: what the code on a certificate leads to, and the same by number and name."""

from flask import Blueprint, Response, current_app, render_template, request
from pydantic import Field

from chengjiu_mp.certificates import lookup, verifying
from chengjiu_mp.certificates.earlier import EarlierSeen
from chengjiu_mp.certificates.errors import CertificateUnknown, SampleCode
from chengjiu_mp.certificates.queries import Seen
from chengjiu_mp.certificates.showing import verify_out
from chengjiu_mp.core import asking
from chengjiu_mp.core.access import PUBLIC, access
from chengjiu_mp.core.errors import Kind, Refusal
from chengjiu_mp.core.parsing import In, from_pairs
from chengjiu_mp.web import forms

blueprint = Blueprint("verify", __name__)

# Shape, word and colour together: never colour alone.
TONES = {"valid": "ok", "expired": "warn", "revoked": "bad", "corrected": "warn", "test": "bad"}


_NAME = "请填写证书上的姓名。"


class VerifyNamePage(In):
    name: str = Field(default="", max_length=200)


class VerifyNumberPage(In):
    number: str = Field(default="", max_length=60)
    name: str = Field(default="", max_length=200)


@blueprint.get("/v/<token>")
@access(PUBLIC)
def page(token: str) -> Response:
    """Show what the certificate is worth today."""
    try:
        return _verdict(verifying.by_token(token))
    except CertificateUnknown as unknown:
        return _unknown(unknown)


@blueprint.post("/v/<token>")
@access(PUBLIC)
def name(token: str) -> Response:
    """核对姓名: say whether the name is the one printed."""
    typed, match, errors, status = "", None, {}, 200
    try:
        seen = verifying.by_token(token)
    except CertificateUnknown as unknown:
        return _unknown(unknown)
    try:
        lookup.spend_name("token", token, asking.network())
        given = from_pairs(VerifyNamePage, request.form, ignore=forms.IGNORED)
        forms.need(given, name=_NAME)
        typed, match = given.name, lookup.reads_as(given.name, seen.version.name)
    except Refusal as refusal:
        errors, status = forms.errors(refusal, "name"), refusal.kind.value
    return _verdict(seen, typed=typed, match=match, errors=errors, status=status)


@blueprint.get("/verify")
@access(PUBLIC)
def form() -> Response:
    """Ask for number and name."""
    return _number_page(VerifyNumberPage(), {})


@blueprint.post("/verify")
@access(PUBLIC)
def by_number() -> Response:
    """Show the state to who knows number and name."""
    given = VerifyNumberPage()
    try:
        given = from_pairs(VerifyNumberPage, request.form, ignore=forms.IGNORED)
        forms.need(given, number="请填写证书左下方的编号。", name=_NAME)
        lookup.spend_name("number", verifying.tidy_number(given.number), asking.network())
        seen = verifying.by_number(given.number, given.name)
    except Refusal as refusal:
        if refusal.kind is Kind.NOT_FOUND:
            return _number_page(given, {}, refusal)
        return _number_page(given, forms.errors(refusal, "number"), status=refusal.kind.value)
    if seen is None:
        return _number_page(given, {"name": "姓名与这个编号的证书不一致，请对照证书再填一次。"}, status=422)
    return _verdict(seen, typed=given.name, match=True, by_number=True)


def _verdict(
    seen: Seen | EarlierSeen, *, typed: str = "", match: bool | None = None, errors: dict[str, str] | None = None,
    by_number: bool = False, status: int = 200,
) -> Response:  # fmt: skip
    return private(render_template(
        "h5/verify.html", title="证书查验", back="/", shown=verify_out(seen), tone=TONES[seen.state], typed=typed,
        match=match, errors=errors or {}, by_number=by_number, path=request.path,
        replaced=seen.certificate.state == "superseded",
    ), status)  # fmt: skip


def _unknown(refusal: Refusal) -> Response:
    return private(
        render_template(
            "h5/verify_unknown.html", title="证书查验", back="/", sentence=refusal.sentence,
            sample=isinstance(refusal, SampleCode),
        ), 404
    )  # fmt: skip


def _number_page(
    given: VerifyNumberPage, errors: dict[str, str], unknown: Refusal | None = None, status: int = 200
) -> Response:
    status = unknown.kind.value if unknown else status
    return private(render_template(
        "h5/verify_number.html", title="按编号查验", back="/lookup", given=given, errors=errors, unknown=unknown,
    ), status)  # fmt: skip


def private(html: str, status: int) -> Response:
    """Return a page of an answer, which no search engine is to keep."""
    reply: Response = current_app.make_response((html, status))
    reply.headers["X-Robots-Tag"] = "noindex, nofollow"
    return reply
