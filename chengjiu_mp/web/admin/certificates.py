"""证书: the list, what waits for a font, and the approver's word on what somebody else proposed."""

from typing import Any

from flask import Blueprint, Response, redirect, render_template, request, url_for
from pydantic import Field
from sqlalchemy import ColumnElement, and_, func, select
from werkzeug.wrappers import Response as AnyResponse

from chengjiu_mp.certificates import requests, states, versions
from chengjiu_mp.certificates.api import picture_reply
from chengjiu_mp.certificates.models import Certificate, CertificateVersion
from chengjiu_mp.certificates.pdf_api import pdf_reply
from chengjiu_mp.certificates.policy import PICTURE_ROLES, certificate_for, certificates_visible_to
from chengjiu_mp.certificates.queries import Seen, newest_of, newest_of_all, newest_version_number
from chengjiu_mp.certificates.request_queries import PROPOSERS, reprints_of, requests_of
from chengjiu_mp.certificates.verifying import tidy_number
from chengjiu_mp.core import clock
from chengjiu_mp.core.access import access, roles
from chengjiu_mp.core.context import principal
from chengjiu_mp.core.day_words import date_long
from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.core.errors import Refusal
from chengjiu_mp.core.paging import page
from chengjiu_mp.core.parsing import In, from_pairs
from chengjiu_mp.web import forms

blueprint = Blueprint("console_certificates", __name__, url_prefix="/console/certificates")

READERS = roles("unit_manager", "operator", "approver", "auditor")
APPROVER = ("approver",)
TONES = {"valid": "ok", "expired": "warn", "revoked": "bad", "corrected": "warn", "test": "bad"}
PICTURES = {"waiting": ("制作中", ""), "ready": ("已做好", "ok"), "missing_glyphs": ("待补字", "warn")}
FILTERS = {"all": "全部", "glyphs": "待补字", "waiting": "制作中", "revoked": "已吊销", "expired": "已过期"}


class RevokePage(In):
    reason: str = Field(default="", max_length=200)


class CorrectPage(In):
    name: str = Field(default="", max_length=200)
    reason: str = Field(default="", max_length=200)


@blueprint.get("/")
@access(READERS)
def index() -> str:
    """Show one page of certificates, newest first, by state or number."""
    wanted = request.args.get("state", "all")
    wanted = wanted if wanted in FILTERS else "all"
    number = tidy_number(request.args.get("number", "")[:60])
    found = select(Certificate).where(certificates_visible_to(principal()), _filter(wanted))
    if number:
        found = found.where(Certificate.number == number)
    shown = page(found, Certificate.id, request.args.get("cursor"))
    following = url_for(".index", state=wanted, cursor=shown.next_cursor) if shown.next_cursor else ""
    return render_template(
        "admin/certificates.html", title="证书", rows=[_row(one) for one in newest_of_all([c.id for c in shown.items])],
        chips=_chips(wanted), number=number, following=following, wanted=wanted,
    )  # fmt: skip


def _filter(wanted: str) -> ColumnElement[bool]:
    newest = and_(
        CertificateVersion.certificate_id == Certificate.id, CertificateVersion.version == newest_version_number()
    )
    picture = select(CertificateVersion.picture_state).where(newest).scalar_subquery()
    return {
        "glyphs": picture == "missing_glyphs",
        "waiting": picture == "waiting",
        "revoked": Certificate.state == "revoked",
        "expired": and_(Certificate.state != "revoked", Certificate.valid_until < clock.today()),
    }.get(wanted, Certificate.id > 0)


def _chips(wanted: str) -> list[dict[str, Any]]:
    seen = certificates_visible_to(principal())
    glyphs = db.session.scalar(select(func.count()).select_from(Certificate).where(seen, _filter("glyphs")))
    return [
        {"label": words, "href": url_for(".index", state=key), "current": key == wanted,
         "count": glyphs if key == "glyphs" else None}
        for key, words in FILTERS.items()
    ]  # fmt: skip


def _row(seen: Seen) -> list[Any]:
    one, (picture, tone) = seen.certificate, PICTURES[seen.version.picture_state]
    return [
        {"text": one.number, "href": url_for(".one", certificate_id=one.id)}, seen.version.name, seen.kind,
        {"text": states.WORDS[seen.state], "tone": TONES[seen.state]}, date_long(one.issued_on),
        date_long(one.valid_until) if one.valid_until else "长期", {"text": picture, "tone": tone or "plain"},
    ]  # fmt: skip


@blueprint.get("/<row:certificate_id>")
@access(READERS)
def one(certificate_id: int) -> str:
    """Show one certificate with its versions and what can be done."""
    return _page(certificate_id)


@blueprint.get("/<row:certificate_id>/image")
@access(roles(*PICTURE_ROLES))
def image(certificate_id: int) -> Response:
    """The newest version's picture."""
    seen = newest_of(certificate_for(principal(), certificate_id, roles=PICTURE_ROLES).id)
    return picture_reply(seen)


@blueprint.get("/<row:certificate_id>/pdf")
@access(roles(*PICTURE_ROLES))
def pdf(certificate_id: int) -> Response:
    """The newest version as a PDF."""
    return pdf_reply(newest_of(certificate_for(principal(), certificate_id, roles=PICTURE_ROLES).id))


@blueprint.post("/<row:certificate_id>/revoke")
@access(roles(*APPROVER))
def revoke(certificate_id: int) -> AnyResponse | tuple[str, int]:
    """Approve the revocation that somebody else proposed."""
    try:
        given = from_pairs(RevokePage, request.form, ignore=forms.IGNORED)
        with unit_of_work():
            requests.approve_open(_for_approver(certificate_id), requests.REVOKE, given.reason)
    except Refusal as refusal:
        return _page(certificate_id, refusal.sentence), refusal.kind.value
    return redirect(url_for(".one", certificate_id=certificate_id), 303)


@blueprint.post("/<row:certificate_id>/correct")
@access(roles(*APPROVER))
def correct(certificate_id: int) -> AnyResponse | tuple[str, int]:
    """Approve the name that somebody else proposed."""
    try:
        given = from_pairs(CorrectPage, request.form, ignore=forms.IGNORED)
        with unit_of_work():
            requests.approve_open(_for_approver(certificate_id), requests.NAME, given.reason, name=given.name)
    except Refusal as refusal:
        return _page(certificate_id, refusal.sentence), refusal.kind.value
    return redirect(url_for(".one", certificate_id=certificate_id), 303)


def _for_approver(certificate_id: int) -> Certificate:
    return certificate_for(principal(), certificate_id, roles=APPROVER, writing=True)


@blueprint.post("/<row:certificate_id>/render")
@access(roles("operator", "approver"))
def render_again(certificate_id: int) -> AnyResponse | tuple[str, int]:
    """Ask once more for the picture, after a font was added."""
    try:
        with unit_of_work():
            of = certificate_for(principal(), certificate_id, roles=("operator", "approver"), writing=True)
            versions.render_again(versions.newest_version(of.id), unit_id=of.owner_unit_id)
    except Refusal as refusal:
        return _page(certificate_id, refusal.sentence), refusal.kind.value
    return redirect(url_for(".one", certificate_id=certificate_id), 303)


def _page(certificate_id: int, problem: str = "") -> str:
    certificate_for(principal(), certificate_id)
    seen = newest_of(certificate_id)
    history = db.session.scalars(
        select(CertificateVersion)
        .where(CertificateVersion.certificate_id == certificate_id)
        .order_by(CertificateVersion.version.desc())
    ).all()
    return render_template(
        "admin/certificate.html", title=f"证书 {seen.certificate.number}", back=url_for(".index"), seen=seen,
        history=history, words=states.WORDS, tones=TONES, pictures=PICTURES, problem=problem,
        requests=requests_of(certificate_id), reprints=reprints_of(certificate_id), request_kinds=requests.KINDS,
        request_states=requests.STATES, may_propose=principal().has(*PROPOSERS), done=request.args.get("done", ""),
        may_render=principal().has("operator", "approver"), may_picture=principal().has(*PICTURE_ROLES),
        verify_path=versions.verify_path(seen.version),
    )  # fmt: skip
