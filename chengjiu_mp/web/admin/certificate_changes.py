"""更改证书: an operator proposes another name or code, revocation or a void, or notes that the paper is made again."""

from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from pydantic import Field
from werkzeug.wrappers import Response

from chengjiu_mp.certificates import promise, requests
from chengjiu_mp.certificates.models import Certificate
from chengjiu_mp.certificates.policy import certificate_for
from chengjiu_mp.certificates.queries import newest_of
from chengjiu_mp.certificates.request_models import CertificateRequest
from chengjiu_mp.certificates.request_queries import PROPOSERS, reprints_of
from chengjiu_mp.certificates.requests import Sight, Wish
from chengjiu_mp.core import clock
from chengjiu_mp.core.access import access, roles
from chengjiu_mp.core.context import principal
from chengjiu_mp.core.db import unit_of_work
from chengjiu_mp.core.errors import NotFound, Refusal
from chengjiu_mp.core.parsing import Day, In, from_pairs
from chengjiu_mp.people.documents import DocType
from chengjiu_mp.web import forms

blueprint = Blueprint("console_certificate_changes", __name__, url_prefix="/console/certificates")

PROPOSER = roles(*PROPOSERS)
TITLES = {
    "name": "提出更正姓名", "revoke": "提出吊销", "leaked": "二维码泄露，换新码", "void": "提出作废编号",
    "reprint": "补发纸质证书",
}  # fmt: skip
AGAIN = (("yes", "重新发一张新编号的证书"), ("no", "不重发：这张证书本来就不该发"))
CAUSES = (("lost", "遗失"), ("damaged", "损坏"))
DOCUMENTS = (("", "请选择"), *((one.value, one.label) for one in DocType))
_REASON = "请写明原因，至少两个字。"


class ChangePage(In):
    name: str = Field(default="", max_length=200)
    reason: str = Field(default="", max_length=200)
    seen_document: DocType | None = None
    seen_by: str = Field(default="", max_length=60)
    seen_on: Day | None = None
    cause: str = Field(default="", pattern="^(|lost|damaged)$")
    kept: bool = False
    again: str = Field(default="", pattern="^(|yes|no)$")


@blueprint.get("/<row:certificate_id>/change/<any(name, revoke, leaked, void, reprint):what>")
@access(PROPOSER)
def form(certificate_id: int, what: str) -> str:
    """Show the form; what the holder asked for stands in it."""
    certificate = _writing(certificate_id)
    given = ChangePage(seen_by=principal().name[:60], seen_on=clock.today())
    asked = _open(certificate, what)
    if asked is not None:
        given.name = asked.new_name or ""
    return _page(certificate, what, given, {})


@blueprint.post("/<row:certificate_id>/change/<any(name, revoke, leaked, void, reprint):what>")
@access(PROPOSER)
def send(certificate_id: int, what: str) -> Response | tuple[str, int]:
    """Propose it, or note the reprint."""
    given = ChangePage()
    try:
        given = from_pairs(ChangePage, request.form, ignore=forms.IGNORED)
        _need(given, what)
        with unit_of_work():
            target = _done(_writing(certificate_id), what, given)
    except NotFound:
        raise
    except Refusal as refusal:
        page = _page(_writing(certificate_id), what, given, forms.errors(refusal, "reason"))
        return page, refusal.kind.value
    return redirect(target, 303)


def _need(given: ChangePage, what: str) -> None:
    """:raise Invalid: with a sentence at every field that lacks"""
    wanted = {"reason": _REASON}
    if what == "name":
        wanted |= {
            "name": "请填写正确的姓名，和证件上一样。", "seen_document": "请选看的是哪一种证件。",
            "seen_by": "请写明是谁看的证件。", "seen_on": "请填看证件的日期。",
        }  # fmt: skip
    if what == "reprint":
        wanted["cause"] = "请选是遗失还是损坏。"
    if what == "void":
        wanted |= {"kept": "请先确认纸质证书没有交给本人，再勾选这一项。", "again": "请选要不要重新发证。"}
    forms.need(given, **wanted)


def _done(certificate: Certificate, what: str, given: ChangePage) -> str:
    if what == "reprint":
        requests.reprint(certificate, given.cause, given.reason)
        return url_for("console_certificates.one", certificate_id=certificate.id, done="reprint")
    sight = Sight(given.seen_document, given.seen_by, given.seen_on)
    kind = requests.VOID_AGAIN if what == "void" and given.again == "yes" else what
    row = requests.propose(certificate, Wish(kind, given.reason, given.name, sight))
    return url_for("console_certificate_requests.one", request_id=row.id)


def _open(certificate: Certificate, what: str) -> CertificateRequest | None:
    kinds = {"void": (requests.VOID, requests.VOID_AGAIN), "reprint": ()}.get(what, (what,))
    return next((row for kind in kinds if (row := requests.open_request(certificate.id, kind))), None)


def _writing(certificate_id: int) -> Certificate:
    return certificate_for(principal(), certificate_id, roles=PROPOSERS, writing=True)


def _page(certificate: Certificate, what: str, given: ChangePage, errors: dict[str, str]) -> str:
    asked = _open(certificate, what)
    shown: dict[str, Any] = {
        "title": TITLES[what], "back": url_for("console_certificates.one", certificate_id=certificate.id),
        "seen": newest_of(certificate.id), "what": what, "given": given, "errors": errors, "asked": asked,
        "documents": DOCUMENTS, "causes": CAUSES, "choices": AGAIN, "within": promise.within(),
        "printed": len(reprints_of(certificate.id)), "today": clock.today(),
    }  # fmt: skip
    return render_template("admin/certificate_change.html", **shown)
