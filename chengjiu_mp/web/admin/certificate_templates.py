"""证书版式: what a certificate says and where its fields stand; drafted, looked at as 样张, published."""

import io
from typing import Any, Literal

from flask import Blueprint, Response, redirect, render_template, request, url_for
from pydantic import Field
from sqlalchemy import select
from werkzeug.wrappers import Response as AnyResponse

from chengjiu_mp.certificates import emblems, samples, templates
from chengjiu_mp.certificates.picture import render_page
from chengjiu_mp.certificates.template import PREPRINTED, Template
from chengjiu_mp.certificates.template_errors import NoFontFor, OwnTemplate
from chengjiu_mp.certificates.template_models import EVERY_KIND, CertificateTemplate
from chengjiu_mp.core import clock, photos
from chengjiu_mp.core.access import access, roles
from chengjiu_mp.core.context import principal
from chengjiu_mp.core.db import db, end_read, unit_of_work
from chengjiu_mp.core.errors import NotFound, Refusal
from chengjiu_mp.core.fonts import MissingGlyphs, installed_fonts
from chengjiu_mp.core.parsing import In, Malformed, RowId, from_pairs
from chengjiu_mp.core.typeset import NoRoom
from chengjiu_mp.courses.models import CourseType
from chengjiu_mp.signin.models import Account
from chengjiu_mp.web import forms
from chengjiu_mp.web.admin import template_forms
from chengjiu_mp.web.admin.certificate_requests import people
from chengjiu_mp.web.admin.scope import require_city
from chengjiu_mp.web.admin.template_forms import TemplatePage
from chengjiu_mp.web.templating import day_time_long

blueprint = Blueprint("console_templates", __name__, url_prefix="/console/certificates/templates")

MAY = ("operator", "approver")
STATES = {"draft": ("草稿", "warn"), "published": ("在用", "ok"), "retired": ("已停用", "plain")}
PREVIEW = (1240, 877)  # A4 as a screen shows it: the whole page would be 3 MB for each change of a figure
COLUMNS = ["版式", "用于", "状态", "建立", "发布"]
Sample = Literal["three", "two", "long", "latin", "rare"]


class NewPage(In):
    scope: str = Field(default=EVERY_KIND, max_length=30)
    like: RowId | None = None


class SampleQuery(In):
    sample: Sample = "three"


class LiveQuery(TemplatePage):
    sample: Sample = "three"


class PublishPage(In):
    seen: bool = False
    revision: int = Field(default=0, ge=0, le=2_000_000_000)


@blueprint.get("/")
@access(roles(*MAY))
def index() -> str:
    """Show every version, and the way to a new one."""
    require_city(*MAY)
    return _index()


@blueprint.post("/")
@access(roles(*MAY))
def new() -> AnyResponse | tuple[str, int]:
    """Begin a version, from the built-in design or from another."""
    require_city(*MAY, writing=True)
    try:
        given = from_pairs(NewPage, request.form, ignore=forms.IGNORED)
        with unit_of_work():
            like = templates.template_row(given.like) if given.like else None
            made = templates.draft(principal(), given.scope, like).id
    except NotFound:
        raise
    except Refusal as refusal:
        return _index(refusal.sentence), refusal.kind.value
    return redirect(url_for(".one", template_id=made), 303)


@blueprint.get("/<row:template_id>")
@access(roles(*MAY))
def one(template_id: int) -> str:
    """Show a version: a draft as a form, what was published as it is."""
    require_city(*MAY)
    return _page(templates.template_row(template_id))


@blueprint.post("/<row:template_id>")
@access(roles(*MAY))
def save(template_id: int) -> AnyResponse | tuple[str, int]:
    """Keep a draft."""
    require_city(*MAY, writing=True)
    given = None
    try:
        given = from_pairs(TemplatePage, request.form, ignore=forms.IGNORED)
        with unit_of_work():
            row = templates.template_row(template_id)
            look = given.look(row.name)
            templates.save(row, look, revision=given.revision, emblem_id=given.emblem_id)
    except NotFound:
        raise
    except Refusal as refusal:
        return _page(templates.template_row(template_id), given, template_forms.errors(refusal)), refusal.kind.value
    return redirect(url_for(".one", template_id=template_id, _anchor="samples"), 303)


@blueprint.get("/<row:template_id>/sample.jpg")
@access(roles(*MAY))
def sample(template_id: int) -> Response:
    """One of the samples of what is kept."""
    require_city(*MAY)
    row = templates.template_row(template_id)
    return _picture(templates.value_of(row), row.emblem_id, from_pairs(SampleQuery, request.args).sample)


@blueprint.get("/<row:template_id>/live.jpg")
@access(roles(*MAY))
def live(template_id: int) -> Response:
    """A sample of what stands in the form now; nothing is kept."""
    require_city(*MAY)
    given = from_pairs(LiveQuery, request.args, ignore=forms.IGNORED)
    return _picture(given.look(templates.template_row(template_id).name), given.emblem_id, given.sample)


def _picture(look: Template, emblem_id: int | None, which: Sample) -> Response:
    """Return a sample: 样张 across it and a code that proves nothing (rel-A10); no number, no token, no signature."""
    emblem = emblems.emblem_bytes(emblem_id)
    end_read()
    chain = installed_fonts()
    face = samples.sample_face(look, chain, which, today=clock.today(), emblem=emblem)
    try:
        page = render_page(face, chain)
    except MissingGlyphs as missing:
        raise NoFontFor(missing=list(missing.codepoints)) from None
    except NoRoom:
        raise Malformed("这样的尺寸放不下文字，请把框改大。") from None
    out = io.BytesIO()
    page.resize(PREVIEW).save(out, "JPEG", quality=85)
    return Response(out.getvalue(), mimetype="image/jpeg", headers={"Cache-Control": "private, no-store"})


@blueprint.post("/<row:template_id>/publish")
@access(roles(*MAY))
def publish(template_id: int) -> AnyResponse | tuple[str, int]:
    """Put a draft in force."""
    require_city(*MAY, writing=True)
    try:
        given = from_pairs(PublishPage, request.form, ignore=forms.IGNORED)
        with unit_of_work():
            row = templates.template_row(template_id)
            templates.publish(row, principal(), seen=given.seen, revision=given.revision)
    except NotFound:
        raise
    except OwnTemplate as refusal:
        return _page(templates.template_row(template_id)), refusal.kind.value
    except Refusal as refusal:
        return _page(templates.template_row(template_id), None, template_forms.errors(refusal)), refusal.kind.value
    return redirect(url_for(".one", template_id=template_id), 303)


@blueprint.post("/<row:template_id>/retire")
@access(roles(*MAY))
def retire(template_id: int) -> AnyResponse | tuple[str, int]:
    """Take a version out of use."""
    require_city(*MAY, writing=True)
    try:
        with unit_of_work():
            templates.retire(templates.template_row(template_id))
    except NotFound:
        raise
    except Refusal as refusal:
        return _index(refusal.sentence), refusal.kind.value
    return redirect(url_for(".index"), 303)


@blueprint.post("/<row:template_id>/drop")
@access(roles(*MAY))
def drop(template_id: int) -> AnyResponse | tuple[str, int]:
    """Take a draft away."""
    require_city(*MAY, writing=True)
    try:
        with unit_of_work():
            templates.drop(templates.template_row(template_id))
    except NotFound:
        raise
    except Refusal as refusal:
        return _index(refusal.sentence), refusal.kind.value
    return redirect(url_for(".index"), 303)


@blueprint.post("/emblems")
@access(roles(*MAY))
def upload() -> AnyResponse | tuple[str, int]:
    """Take the society's emblem."""
    require_city(*MAY, writing=True)
    given = request.files.get("emblem")
    content = given.stream.read(photos.MAX_BYTES + 1) if given is not None and given.filename else b""
    end_read()
    try:
        read = photos.read_emblem(content)
        with unit_of_work():
            emblems.add_emblem(read, principal())
    except Refusal as refusal:
        return _index(errors={"emblem": refusal.sentence}), refusal.kind.value
    return redirect(url_for(".index", _anchor="emblems"), 303)


@blueprint.get("/emblems/<row:emblem_id>.png")
@access(roles(*MAY))
def emblem(emblem_id: int) -> Response:
    """An emblem as it is kept."""
    require_city(*MAY)
    data = emblems.emblem_bytes(emblem_id)
    if data is None:
        raise NotFound
    return Response(data, mimetype="image/png", headers={"Cache-Control": "private, max-age=3600"})


def _index(problem: str = "", errors: dict[str, str] | None = None) -> str:
    found = templates.all_templates()
    names, kinds = _names(found), _kinds()
    rows = [
        [{"text": row.name, "href": url_for(".one", template_id=row.id)}, kinds.get(row.scope, row.scope),
         {"text": STATES[row.state][0], "tone": STATES[row.state][1]},
         f"{names.get(row.created_by, '')} {day_time_long(row.created_at)}",
         f"{names.get(row.published_by, '')} {day_time_long(row.published_at)}" if row.published_at else None]
        for row in found
    ]  # fmt: skip
    return render_template(
        "admin/templates.html", title="证书版式", back=url_for("console_certificates.index"), rows=rows,
        columns=COLUMNS, kinds=list(kinds.items()), emblems=emblems.emblems(), problem=problem, errors=errors or {},
    )  # fmt: skip


def _kinds() -> dict[str, str]:
    kinds = select(CourseType.code, CourseType.name).where(
        CourseType.family != "popular", CourseType.refresh_of_id.is_(None)
    )
    found = db.session.execute(kinds.order_by(CourseType.sort))
    return {EVERY_KIND: "所有课程"} | {row.code: row.name for row in found}


def _names(rows: Any) -> dict[int | None, str]:
    ids = {one for row in rows for one in (row.created_by, row.published_by) if one}
    found = db.session.execute(select(Account.id, Account.name).where(Account.id.in_(ids)))
    return {row.id: row.name for row in found}


def _page(row: CertificateTemplate, given: TemplatePage | None = None, errors: dict[str, str] | None = None) -> str:
    names, kinds = _names([row]), _kinds()
    look = templates.value_of(row)
    own = row.state == "draft" and principal().account_id in templates.writers(row)
    return render_template(
        "admin/template.html", title=f"版式 {row.name}", back=url_for(".index"), row=row, state=STATES[row.state],
        given=given or _form_of(look, row), errors=errors or {}, typed=request.form if errors and not given else {},
        places=template_forms.PLACES, preprinted=PREPRINTED, kind=kinds.get(row.scope, row.scope),
        samples=samples.SAMPLES, emblems=emblems.emblems(), author=names.get(row.created_by, ""),
        publisher=names.get(row.published_by, ""), own=own,
        waits_for=people(tuple(templates.may_publish(row, MAY))) if own else "",
    )  # fmt: skip


def _form_of(look: Template, row: CertificateTemplate) -> TemplatePage:
    return TemplatePage.of(look, row.emblem_id, row.revision)
