"""号段 and 作废: numbers set aside for a unit's runs, and numbers that nobody uses."""

from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from pydantic import Field
from sqlalchemy import select
from werkzeug.wrappers import Response

from chengjiu_mp.certificates import numbering, voids
from chengjiu_mp.certificates.errors import BlockSize
from chengjiu_mp.certificates.models import NumberSeries
from chengjiu_mp.certificates.verifying import tidy_number
from chengjiu_mp.certificates.void_models import NumberBlock
from chengjiu_mp.core import clock
from chengjiu_mp.core.access import access, roles
from chengjiu_mp.core.context import principal
from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.core.errors import NotFound, Refusal
from chengjiu_mp.core.parsing import In, from_pairs
from chengjiu_mp.courses.models import CourseType
from chengjiu_mp.units.models import Unit
from chengjiu_mp.units.policy import open_units
from chengjiu_mp.units.queries import units_to_choose
from chengjiu_mp.web import forms
from chengjiu_mp.web.admin.scope import require_city

blueprint = Blueprint("console_blocks", __name__, url_prefix="/console/certificates/blocks")

READERS = ("operator", "approver", "auditor")
MAY = ("operator", "approver")
COLUMNS = ["号段", "单位", "课程", {"label": "已用", "num": True}, {"label": "还剩", "num": True}, "状态"]


class BlockPage(In):
    kind: str = Field(default="", max_length=12)
    unit: str = Field(default="", max_length=12)
    count: str = Field(default="", max_length=6)


class VoidNumberPage(In):
    number: str = Field(default="", max_length=60)
    reason: str = Field(default="", max_length=200)


@blueprint.get("/")
@access(roles(*READERS))
def index() -> str:
    """Show the blocks, and how to set one aside."""
    require_city(*READERS)
    return _list(BlockPage(), {})


@blueprint.post("/")
@access(roles(*MAY))
def make() -> Response | tuple[str, int]:
    """Set the next numbers of this year aside for a unit's runs."""
    require_city(*MAY, writing=True)
    given = BlockPage()
    try:
        given = from_pairs(BlockPage, request.form, ignore=forms.IGNORED)
        forms.need(given, kind="请选课程。", unit="请选单位。", count="请填要分几个编号。")
        count = _whole(given.count)
        with unit_of_work():
            made = voids.make_block(_whole(given.kind), clock.today().year, _unit(given.unit), count, principal())
    except Refusal as refusal:
        return _list(given, forms.errors(refusal, "count")), refusal.kind.value
    return redirect(url_for(".one", block_id=made.id), 303)


def _whole(typed: str) -> int:
    if not typed.isascii() or not typed.isdigit():
        raise BlockSize(field="count")
    return int(typed)


def _unit(typed: str) -> int:
    if typed not in {str(one.id) for one in units_to_choose(None)}:
        raise NotFound
    return int(typed)


def _list(given: BlockPage, errors: dict[str, str]) -> str:
    own = (CourseType.family != "popular", CourseType.refresh_of_id.is_(None))
    kinds = db.session.scalars(select(CourseType).where(*own).order_by(CourseType.sort))
    return render_template(
        "admin/blocks.html", title="号段", back=url_for("console_certificates.index"), columns=COLUMNS,
        rows=[_row(*one) for one in _blocks()], given=given, errors=errors, may=_may(MAY), year=clock.today().year,
        kinds=[("", "请选"), *((str(one.id), one.name) for one in kinds)],
        units=[("", "请选"), *((str(one.id), one.name) for one in units_to_choose(None))],
    )  # fmt: skip


def _blocks(block_id: int | None = None) -> list[Any]:
    query = (
        select(NumberBlock, NumberSeries, Unit.name, CourseType.name)
        .join(NumberSeries, NumberSeries.id == NumberBlock.series_id)
        .join(Unit, Unit.id == NumberBlock.unit_id)
        .join(CourseType, CourseType.id == NumberSeries.course_type_id)
    )
    if block_id is not None:
        query = query.where(NumberBlock.id == block_id)
    return list(db.session.execute(query.order_by(NumberBlock.id.desc()).limit(200)))


def _row(block: NumberBlock, series: NumberSeries, unit: str, kind: str) -> list[Any]:
    left = len(numbering.left_of(block))
    name = {"text": _range(block, series), "href": url_for(".one", block_id=block.id)}
    state = {"text": "已收回", "tone": "plain"} if block.closed_at else {"text": "在用", "tone": "ok"}
    return [
        name,
        unit,
        f"{series.year} 年{kind}",
        block.next - block.first if not block.closed_at else None,
        left,
        state,
    ]


def _range(block: NumberBlock, series: NumberSeries) -> str:
    if block.upto < block.first:
        return "全部退回"
    return f"{numbering.number_at(series, block.first)} 至 {numbering.number_at(series, block.upto)}"


@blueprint.get("/<row:block_id>")
@access(roles(*READERS))
def one(block_id: int) -> str:
    """Show a block, what is left in it, and what can be done."""
    require_city(*READERS)
    return _page(block_id, {})


@blueprint.post("/<row:block_id>/close")
@access(roles(*MAY))
def close(block_id: int) -> Response | tuple[str, int]:
    """Close a block, with a reason."""
    require_city(*MAY, writing=True)
    return _changed(block_id, lambda given: voids.close_block(block_id, given.reason, principal()))


@blueprint.post("/<row:block_id>/void")
@access(roles(*MAY))
def void_number(block_id: int) -> Response | tuple[str, int]:
    """Void a number of a block that nobody has, with a reason."""
    require_city(*MAY, writing=True)
    return _changed(
        block_id, lambda given: voids.void_number(block_id, tidy_number(given.number), given.reason, principal())
    )


def _changed(block_id: int, change: Any) -> Response | tuple[str, int]:
    given = VoidNumberPage()
    try:
        given = from_pairs(VoidNumberPage, request.form, ignore=forms.IGNORED)
        with unit_of_work():
            change(given)
    except NotFound:
        raise
    except Refusal as refusal:
        return _page(block_id, forms.errors(refusal, "reason"), given), refusal.kind.value
    return redirect(url_for(".one", block_id=block_id), 303)


def _page(block_id: int, errors: dict[str, str], given: VoidNumberPage | None = None) -> str:
    found = _blocks(block_id)
    if not found:
        raise NotFound
    block, series, unit, kind = found[0]
    left = [numbering.number_at(series, at) for at in numbering.left_of(block)]
    return render_template(
        "admin/block.html", title="号段", back=url_for(".index"), block=block, range=_range(block, series), unit=unit,
        kind=f"{series.year} 年{kind}", left=left, errors=errors, given=given or VoidNumberPage(), may=_may(MAY),
        ends=block.upto == series.last and len(left) == block.upto - block.next + 1,
    )  # fmt: skip


def _may(wanted: tuple[str, ...]) -> bool:
    return open_units(principal(), wanted, writing=True) is None
