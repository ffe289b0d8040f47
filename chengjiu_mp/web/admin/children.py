"""未成年人信息查看审计: a year's looks at full numbers of minors, and the second person who goes over them."""

from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from pydantic import Field
from werkzeug.wrappers import Response

from chengjiu_mp.core import clock, context
from chengjiu_mp.core.access import access, roles
from chengjiu_mp.core.db import unit_of_work
from chengjiu_mp.core.errors import Refusal
from chengjiu_mp.core.parsing import In, from_pairs
from chengjiu_mp.reports import child_access
from chengjiu_mp.units.plan_2022 import FIRST_YEAR
from chengjiu_mp.web import forms
from chengjiu_mp.web.admin import uploads
from chengjiu_mp.web.admin.scope import require_city
from chengjiu_mp.web.templating import day_time_long

blueprint = Blueprint("console_children", __name__, url_prefix="/console/audit/children")

WHO = ("operator", "auditor")
# A page lists so many; the file has them all.
AT_MOST = 200
COUNTS = ["谁", "为什么", {"label": "次数", "num": True}]
ROWS = ["时间", "谁", "为什么", "看了什么", "审计"]
_JANUARY = 1


class YearQuery(In):
    year: int | None = Field(default=None, ge=FIRST_YEAR, le=2099)


class ReviewPage(In):
    year: int = Field(ge=FIRST_YEAR, le=2099)
    seen: int = Field(ge=0)
    note: str = Field("", max_length=200)


@blueprint.get("/")
@access(roles(*WHO))
def index() -> str:
    """Show a year; in January the one before, which is to be told by the end of the month."""
    require_city(*WHO)
    return _page(_asked(), {})


@blueprint.get("/accesses.xlsx")
@access(roles(*WHO))
def save() -> Response:
    """Return the whole list as a file."""
    require_city(*WHO)
    year = _asked()
    return uploads.download(child_access.sheet_of(year, child_access.accesses_in(year)), f"child-accesses-{year}.xlsx")


@blueprint.post("/")
@access(roles(*WHO))
def review() -> Response | tuple[str, int]:
    """Mark a year as looked over, by somebody who made none of its accesses."""
    require_city(*WHO, writing=True)
    given = from_pairs(ReviewPage, request.form, ignore=forms.IGNORED)
    try:
        with unit_of_work():
            child_access.mark_reviewed(given.year, context.principal(), seen=given.seen, note=given.note)
    except Refusal as refusal:
        return _page(given.year, forms.errors(refusal, "note"), given.note), refusal.kind.value
    return redirect(url_for(".index", year=given.year), 303)


def _asked() -> int:
    today = clock.today()
    return from_pairs(YearQuery, request.args).year or today.year - (today.month == _JANUARY)


def _page(year: int, errors: dict[str, str], note: str = "") -> str:
    found, done = child_access.accesses_in(year), child_access.reviews_of(year)
    caller, this = context.principal(), clock.today().year
    years = range(this, max(FIRST_YEAR, this - 3) - 1, -1)
    return render_template(
        "admin/children.html", title="查看未成年人信息的审计", back=url_for("console_audit.index"), year=year,
        errors=errors, note=note, total=len(found), counts=[list(one) for one in child_access.counted(found)],
        count_columns=COUNTS, rows=[_row(one) for one in found[::-1][:AT_MOST]], columns=ROWS, at_most=AT_MOST,
        reviews=done,
        own=any(one.account_id == caller.account_id for one in found), over=year < this,
        later=len(found) - done[0].accesses if done else 0,
        years=[{"label": f"{y}年", "href": url_for(".index", year=y), "current": y == year} for y in years],
    )  # fmt: skip


def _row(one: child_access.Access) -> list[Any]:
    return [day_time_long(one.at), one.name, one.reason, one.what, f"第 {one.id} 条"]
