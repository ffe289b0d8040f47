"""海报链接: one code for a venue, a town or a series, and the poster of a month that carries it."""

from typing import Any

from flask import Blueprint, Response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from chengjiu_mp.core import context
from chengjiu_mp.core.access import STAFF, access, roles
from chengjiu_mp.core.calendar import add_months
from chengjiu_mp.core.db import unit_of_work
from chengjiu_mp.core.errors import Refusal
from chengjiu_mp.core.parsing import In, RowId, from_pairs
from chengjiu_mp.core.qr import qr_svg
from chengjiu_mp.courses import links
from chengjiu_mp.courses.calendar_api import poster_of
from chengjiu_mp.courses.month import month_of, runs_to_print
from chengjiu_mp.courses.policy import units_in_scope
from chengjiu_mp.courses.queries import venues_to_choose
from chengjiu_mp.units.queries import units_to_choose
from chengjiu_mp.web import forms

blueprint = Blueprint("console_links", __name__, url_prefix="/console/links")

MAY_LINK = roles(*links.LINKING_ROLES)
_KINDS = {"unit": "镇街、单位", "venue": "地点", "series": "系列"}


class LinkPage(In):
    """One of the three."""

    unit: RowId | None = None
    venue: RowId | None = None
    series: RowId | None = None


@blueprint.get("/")
@access(STAFF)
def index() -> str:
    """List the links in scope, and offer to make one."""
    return _index({})


@blueprint.post("/")
@access(MAY_LINK)
def make() -> str | AnyResponse | tuple[str, int]:
    """Make the link, or open the one that is there."""
    try:
        given = from_pairs(LinkPage, request.form, ignore=forms.IGNORED).model_dump(exclude_none=True)
        kind, target_id = next(iter(given.items()), ("unit", 0))
        with unit_of_work():
            link_id = links.link_to(kind, target_id).id
    except Refusal as refusal:
        return _index({"unit": "没有找到，或不在您的管理范围内。请重新选择。"}), refusal.kind.value
    return redirect(url_for(".show", link_id=link_id), 303)


@blueprint.get("/<row:link_id>")
@access(STAFF)
def show(link_id: int) -> str:
    """Show the code, the address and the posters of the coming months."""
    found = links.link_shown(link_id)
    this = month_of(None)
    months = [add_months(this, n) for n in range(4)]
    posters = [(first, len(runs_to_print(first, links.filter_of(found.link)))) for first in months]
    return render_template(
        "admin/link.html", title=found.title, back=url_for(".index"), link=found, kind=_KINDS[found.link.kind],
        qr=qr_svg(found.url, label="场次列表的二维码"), posters=posters,
    )  # fmt: skip


@blueprint.get("/<row:link_id>/poster.png")
@access(STAFF)
def poster(link_id: int) -> Response:
    """Draw the poster of a month."""
    return poster_of(link_id, request.args.get("month"))


def _index(errors: dict[str, str]) -> str:
    caller = context.principal()
    rows: list[list[Any]] = [
        [{"text": one.title, "href": url_for(".show", link_id=one.link.id)}, _KINDS[one.link.kind], one.address or None]
        for one in links.links_in_scope()
    ]
    scope = units_in_scope(caller, links.LINKING_ROLES)
    venues = [one for one in venues_to_choose() if scope is None or one.unit_id in scope]
    return render_template(
        "admin/links.html", title="海报链接", columns=["名称", "范围", "地址"], rows=rows, errors=errors,
        units=[(one.id, one.name) for one in units_to_choose(scope)], venues=[(one.id, one.name) for one in venues],
        may_link=caller.has(*links.LINKING_ROLES),
    )  # fmt: skip
