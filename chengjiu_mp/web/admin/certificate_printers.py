"""套打: printers by name, how far each lies off, a page to measure it by, and a certificate's words alone."""

import io
from typing import Annotated

from flask import Blueprint, Response, redirect, render_template, request, url_for
from PIL import Image
from pydantic import Field
from sqlalchemy import select, true
from werkzeug.wrappers import Response as AnyResponse

from chengjiu_mp.certificates import printers, printing, templates
from chengjiu_mp.certificates.api import file_name
from chengjiu_mp.certificates.measuring import measuring_page
from chengjiu_mp.certificates.paper import DPI
from chengjiu_mp.certificates.policy import PICTURE_ROLES, certificate_for
from chengjiu_mp.certificates.printing import Of
from chengjiu_mp.certificates.printing_sheets import PREPRINTED
from chengjiu_mp.certificates.queries import certificate_by_number
from chengjiu_mp.certificates.template import TEMPLATE_VERSION
from chengjiu_mp.certificates.template_errors import NoFontFor
from chengjiu_mp.certificates.verifying import tidy_number
from chengjiu_mp.core.access import access, roles
from chengjiu_mp.core.context import principal
from chengjiu_mp.core.db import db, end_read, unit_of_work
from chengjiu_mp.core.errors import NotFound, Refusal
from chengjiu_mp.core.fonts import MissingGlyphs, installed_fonts
from chengjiu_mp.core.parsing import In, RowId, from_pairs
from chengjiu_mp.units.models import Unit
from chengjiu_mp.units.policy import open_units
from chengjiu_mp.web import forms

blueprint = Blueprint("console_printers", __name__, url_prefix="/console/certificates/printers")

MAY = roles(*printers.ROLES)
Offset = Annotated[float, Field(ge=-297, le=297, allow_inf_nan=False)]


class PrinterPage(In):
    unit_id: RowId | None = None
    name: str = Field(default="", max_length=40)
    across: Offset = 0.0
    down: Offset = 0.0


class TestQuery(In):
    template: str = Field(default=TEMPLATE_VERSION, max_length=20)


class NumberPage(In):
    number: str = Field(default="", max_length=60)


@blueprint.get("/")
@access(MAY)
def index() -> str:
    """Show the printers in reach and how to measure one."""
    return _page(PrinterPage(), {})


@blueprint.post("/")
@access(MAY)
def save() -> AnyResponse | tuple[str, int]:
    """Keep a printer's offset."""
    given = PrinterPage()
    try:
        given = from_pairs(PrinterPage, request.form, ignore=forms.IGNORED)
        forms.need(given, name="请给打印机起个名字，例如：三楼彩色打印机。", unit_id="请选单位。")
        with unit_of_work():
            printers.save_printer(principal(), given.unit_id or 0, given.name, (given.across, given.down))
    except Refusal as refusal:
        return _page(given, forms.errors(refusal, "name")), refusal.kind.value
    return redirect(url_for(".index"), 303)


@blueprint.post("/<row:printer_id>/remove")
@access(MAY)
def remove(printer_id: int) -> AnyResponse:
    """Take a printer off the list."""
    with unit_of_work():
        printers.remove_printer(printers.printer_for(principal(), printer_id, writing=True))
    return redirect(url_for(".index"), 303)


@blueprint.get("/<row:printer_id>/test.png")
@access(MAY)
def test(printer_id: int) -> Response:
    """The page to measure by."""
    printer = printers.printer_for(principal(), printer_id)
    look, _ = templates.look_of(_known(from_pairs(TestQuery, request.args).template))
    offset, name = printers.offset_of(printer), printer.name
    end_read()
    try:
        page = measuring_page(look, installed_fonts(), name, offset)
    except MissingGlyphs as missing:
        raise NoFontFor(missing=list(missing.codepoints)) from None
    return _png(page, file_name("test-page", ".png"))


@blueprint.post("/<row:printer_id>/page")
@access(roles(*PICTURE_ROLES))
def page(printer_id: int) -> AnyResponse | tuple[str, int]:
    """Ask for one certificate's words and code alone, moved for this printer: a file as every other that is printed."""
    offset = printers.offset_of(printers.printer_for(principal(), printer_id))
    try:
        number = tidy_number(from_pairs(NumberPage, request.form, ignore=forms.IGNORED).number)
        with unit_of_work():
            found = certificate_by_number(number)
            if found is None:
                raise NotFound
            one = certificate_for(principal(), found.certificate.id, roles=PICTURE_ROLES)
            of = Of(run_id=one.run_id, certificate_id=one.id)
            (file,) = printing.ask_for(of, PREPRINTED, "all", principal(), tuple(PICTURE_ROLES), offset)
            made = file.id
    except Refusal as refusal:
        said = "没有这个编号的证书，请核对编号。" if isinstance(refusal, NotFound) else refusal.sentence
        return _page(PrinterPage(), {}, said), refusal.kind.value
    return redirect(url_for("console_printing.file", file_id=made), 303)


def _known(name: str) -> str:
    if name != TEMPLATE_VERSION and name not in {row.name for row in templates.all_templates()}:
        raise NotFound
    return name


def _png(image: Image.Image, name: str) -> Response:
    out = io.BytesIO()
    image.save(out, "PNG", dpi=(DPI, DPI), compress_level=4)
    reply = Response(out.getvalue(), mimetype="image/png", headers={"Cache-Control": "private, no-store"})
    reply.headers["Content-Disposition"] = f"inline; {name}"
    return reply


def _page(given: PrinterPage, errors: dict[str, str], problem: str = "") -> str:
    open_ = open_units(principal(), printers.ROLES, writing=True)
    mine = true() if open_ is None else Unit.id.in_(open_)
    units = db.session.execute(select(Unit.id, Unit.name).where(mine).order_by(Unit.id)).all()
    found = printers.printers_of(principal())
    names = {row.id: row.name for row in db.session.scalars(select(Unit))}
    looks = [TEMPLATE_VERSION, *(row.name for row in templates.all_templates())]
    return render_template(
        "admin/printers.html", title="套打与打印机", back=url_for("console_certificates.index"), given=given,
        errors=errors, problem=problem, may_make=principal().has(*PICTURE_ROLES),
        units=[(row.id, row.name) for row in units], looks=[(name, name) for name in looks],
        rows=[(one, names.get(one.unit_id, ""), printers.offset_of(one)) for one in found],
    )  # fmt: skip
