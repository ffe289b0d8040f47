"""编号台账: our series without a silent gap, the years, and who declared which of them complete."""

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, redirect, render_template, request, url_for
from pydantic import Field
from sqlalchemy import select
from werkzeug.wrappers import Response as AnyResponse

from chengjiu_mp.certificates import years
from chengjiu_mp.certificates.earlier_models import YearDeclaration
from chengjiu_mp.certificates.errors import YearAhead
from chengjiu_mp.certificates.ledger_sheet import ledger_sheet
from chengjiu_mp.certificates.years import SeriesLine, YearLine
from chengjiu_mp.core import clock
from chengjiu_mp.core.access import access, roles
from chengjiu_mp.core.context import principal
from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.core.errors import NotFound, Refusal
from chengjiu_mp.core.parsing import In, from_pairs
from chengjiu_mp.signin.models import Account
from chengjiu_mp.units.policy import open_units
from chengjiu_mp.web import forms
from chengjiu_mp.web.admin import uploads
from chengjiu_mp.web.admin.certificates import APPROVER
from chengjiu_mp.web.admin.scope import require_city
from chengjiu_mp.web.templating import day_time_long

blueprint = Blueprint("console_ledger", __name__, url_prefix="/console/certificates/ledger")

READERS = ("operator", "approver", "auditor")
SERIES = [
    "号段", "从", "到", {"label": "发出", "num": True}, {"label": "未吊销", "num": True},
    {"label": "换发", "num": True}, {"label": "吊销", "num": True}, {"label": "作废", "num": True},
    {"label": "待用", "num": True}, "缺号",
]  # fmt: skip
YEARS = ["年度", {"label": "本系统发出", "num": True}, {"label": "历史证书", "num": True}, "全部录入"]
_MODES = {"local": "", "test": "（测试）", "external": "（外部取号）"}


class YearPage(In):
    year: str = Field(default="", max_length=10)


class DeclarePage(In):
    checked: bool = False


class ReasonPage(In):
    reason: str = Field(default="", max_length=200)


@blueprint.get("/")
@access(roles(*READERS))
def index() -> str | AnyResponse:
    """Show every series and every year; ``year`` goes to that one, known or not."""
    require_city(*READERS)
    asked, errors = request.args.get("year", "").strip()[:10], {}
    if asked:
        try:
            return redirect(url_for(".one", year=_year(asked)), 303)
        except Refusal as refusal:
            errors = forms.errors(refusal, "year")
    return render_template(
        "admin/ledger.html", title="编号台账", back=url_for("console_certificates.index"), errors=errors, asked=asked,
        series=[_series(one) for one in years.ledger()], series_columns=SERIES, year_columns=YEARS,
        rows=[_year_row(one) for one in years.years()],
    )  # fmt: skip


def _year(text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) != 4:
        raise YearAhead(field="year")
    return years.check_year(int(text))


def _series(one: SeriesLine) -> list[Any]:
    gaps = {"text": "没有缺号", "tone": "ok"} if not one.gaps else {"text": _listed(one.gaps), "tone": "bad"}
    name = f"{one.series.year} 年 {one.kind}{_MODES[one.series.mode]}"
    return [
        name, one.first or None, one.last or None, one.given, one.standing, one.corrected, one.revoked, one.voided,
        one.left, gaps,
    ]  # fmt: skip


def _listed(gaps: tuple[int, ...]) -> str:
    return "缺 " + "、".join(map(str, gaps[:20])) + (" 等" if len(gaps) > 20 else "")


def _year_row(one: YearLine) -> list[Any]:
    state = {"text": "已声明全部录入", "tone": "ok"} if one.declared else {"text": "还没有声明", "tone": "plain"}
    return [{"text": f"{one.year} 年", "href": url_for(".one", year=one.year)}, one.ours, one.earlier, state]


@blueprint.get("/<int:year>")
@access(roles(*READERS))
def one(year: int) -> str:
    """Show a year, and the way to declare it complete or to take that back."""
    require_city(*READERS)
    return _page(year, {})


@blueprint.get("/<int:year>/numbers.xlsx")
@access(roles(*READERS))
def export(year: int) -> Response:
    """Send every number of a year with its state; no names."""
    require_city(*READERS)
    if not years.FIRST_YEAR <= year <= clock.today().year:
        raise NotFound
    return uploads.download(ledger_sheet(year), f"numbers-{year}.xlsx")


@blueprint.post("/<int:year>/declare")
@access(roles(*APPROVER))
def declare(year: int) -> AnyResponse | tuple[str, int]:
    """Declare a year complete."""
    require_city(*APPROVER, writing=True)
    try:
        given = from_pairs(DeclarePage, request.form, ignore=forms.IGNORED)
        forms.need(given, checked="请先核对，再勾选这一项。")
        with unit_of_work():
            years.declare(year, principal())
    except YearAhead:
        raise NotFound from None
    except Refusal as refusal:
        return _page(year, forms.errors(refusal, "checked")), refusal.kind.value
    return redirect(url_for(".one", year=year), 303)


@blueprint.post("/<int:year>/revoke")
@access(roles(*APPROVER))
def revoke(year: int) -> AnyResponse | tuple[str, int]:
    """Take a declaration back, with a reason."""
    require_city(*APPROVER, writing=True)
    try:
        given = from_pairs(ReasonPage, request.form, ignore=forms.IGNORED)
        with unit_of_work():
            years.take_back(year, given.reason, principal())
    except Refusal as refusal:
        return _page(year, forms.errors(refusal, "reason")), refusal.kind.value
    return redirect(url_for(".one", year=year), 303)


def _page(year: int, errors: dict[str, str]) -> str:
    if not years.FIRST_YEAR <= year <= clock.today().year:
        raise NotFound
    past = years.history(year)
    ids = {who for one in past for who in (one.declared_by, one.revoked_by) if who}
    names = {
        row.id: row.name for row in db.session.execute(select(Account.id, Account.name).where(Account.id.in_(ids)))
    }
    rows = [_declared(one, names) for one in past]
    figures = next((line for line in years.years() if line.year == year), YearLine(year, 0, 0, None))
    return render_template(
        "admin/ledger_year.html", title=f"{year} 年证书台账", back=url_for(".index"), year=year, figures=figures,
        series=[_series(one) for one in years.ledger(year)], series_columns=SERIES, errors=errors, rows=rows,
        declared=names.get(figures.declared.declared_by or 0, "") if figures.declared else "", this=clock.today().year,
        may_change=open_units(principal(), APPROVER, writing=True) is None,
    )  # fmt: skip


def _declared(one: YearDeclaration, names: Mapping[int, str]) -> list[Any]:
    over = day_time_long(one.revoked_at) if one.revoked_at else None
    who, by = names.get(one.declared_by or 0), names.get(one.revoked_by or 0)
    return [day_time_long(one.declared_at), who, over, by, one.revoke_reason or None]
