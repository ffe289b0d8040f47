"""待补字: who waits for which character, which fonts are here, how to add one, and making the pictures then."""

from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from pydantic import Field
from werkzeug.wrappers import Response

from chengjiu_mp.certificates import glyphs
from chengjiu_mp.certificates.glyphs import Wait
from chengjiu_mp.certificates.policy import OFFICE_ROLES, certificates_visible_to
from chengjiu_mp.core.access import access, roles
from chengjiu_mp.core.context import Principal, principal
from chengjiu_mp.core.db import unit_of_work
from chengjiu_mp.core.fonts import installed_fonts
from chengjiu_mp.core.parsing import In, from_pairs
from chengjiu_mp.web.templating import day_time

blueprint = Blueprint("console_glyphs", __name__, url_prefix="/console/certificates/glyphs")

MAKERS = ("operator", "approver")
COLUMNS = ["编号", "姓名", "缺的字", "已等", "现在"]


class GlyphQuery(In):
    made: int | None = Field(default=None, ge=0, le=100_000)


@blueprint.get("/")
@access(roles(*OFFICE_ROLES))
def index() -> str:
    """Show what waits."""
    return _page(from_pairs(GlyphQuery, request.args).made)


@blueprint.post("/")
@access(roles(*MAKERS))
def make() -> Response:
    """Make every picture that a font has come for."""
    who = principal()
    # Only what the caller may change: a grant that reads opens nothing here.
    mine = Principal(account_id=who.account_id, grants=tuple(g for g in who.grants if not g.read_only))
    with unit_of_work():
        made = glyphs.make_again(glyphs.waiting(certificates_visible_to(mine, MAKERS), installed_fonts()))
    return redirect(url_for(".index", made=made), 303)


def _page(made: int | None) -> str:
    chain = installed_fonts()
    waits = glyphs.waiting(certificates_visible_to(principal()), chain)
    characters = [
        {"char": char, "point": f"U+{ord(char):04X}", "count": count, "here": chain.face_for(char) is not None}
        for char, count in glyphs.by_character(waits).items()
    ]
    return render_template(
        "admin/glyphs.html", title="待补字", back=url_for("console_certificates.index", state="glyphs"),
        rows=[_row(one) for one in waits], columns=COLUMNS, characters=characters, made=made,
        ready=sum(not one.still for one in waits), fonts=[face.path.name for face in chain.faces],
        may_make=principal().has(*MAKERS), most=glyphs.MOST,
    )  # fmt: skip


def _row(one: Wait) -> list[Any]:
    points = " ".join(f"{char} U+{ord(char):04X}" for char in one.characters)
    age = f"{one.days} 天" if one.days else f"不到 1 天（{day_time(one.since)}起）"
    now = {"text": "还缺字", "tone": "warn"} if one.still else {"text": "字已补上，可以制作", "tone": "ok"}
    link = url_for("console_certificates.one", certificate_id=one.certificate.id)
    return [{"text": one.certificate.number, "href": link}, one.version.name, points, age, now]
