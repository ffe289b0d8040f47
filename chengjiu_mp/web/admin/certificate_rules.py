"""编号规则: who numbers the certificates of a kind and year, and by which pattern; two people set it."""

from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from pydantic import Field
from werkzeug.wrappers import Response

from chengjiu_mp.certificates import number_patterns, series
from chengjiu_mp.certificates.errors import PatternRefused
from chengjiu_mp.certificates.numbering import LOCAL
from chengjiu_mp.certificates.series import RuleLine
from chengjiu_mp.core import clock
from chengjiu_mp.core.access import access, roles
from chengjiu_mp.core.context import principal
from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.core.errors import NotFound, Refusal
from chengjiu_mp.core.parsing import In, from_pairs
from chengjiu_mp.signin.models import Account
from chengjiu_mp.units.policy import open_units
from chengjiu_mp.web import forms
from chengjiu_mp.web.admin.scope import require_city

blueprint = Blueprint("console_number_rules", __name__, url_prefix="/console/certificates/rules")

READERS = ("operator", "approver", "auditor")
PROPOSERS = ("operator", "approver")
APPROVER = ("approver",)
MODES = {"local": "本系统编号", "external": "外部取号"}
CHOICES = [("local", "由本系统按规则编号，确认成绩当场就有号"), ("external", "到省级或全国平台取号，取到再导回来")]
WIDTHS = [(str(n), f"{n} 位") for n in range(3, 10)]
COLUMNS = ["课程", "谁编号", "第一个编号", {"label": "已发出", "num": True}, "等确认的", "规则"]


class RulePage(In):
    mode: str = Field(default="", max_length=10)
    pattern: str = Field(default="", max_length=60)
    width: str = Field(default="5", max_length=2)


@blueprint.get("/")
@access(roles(*READERS))
def index() -> str:
    """Show the rules of this year and the next."""
    require_city(*READERS)
    this = clock.today().year
    years = [(year, [_row(one) for one in series.rule_lines(year)]) for year in (this, this + 1)]
    return render_template(
        "admin/number_rules.html", title="编号规则", back=url_for("console_certificates.index"), years=years,
        columns=COLUMNS,
    )  # fmt: skip


def _row(one: RuleLine) -> list[Any]:
    waits = {"text": "有，等确认", "tone": "warn"} if one.waiting else None
    return [
        one.kind.name, MODES[one.mode], _sample(one.mode, one.pattern, one.year), one.given, waits,
        {"text": "查看", "href": url_for(".one", kind_id=one.kind.id, year=one.year)},
    ]  # fmt: skip


def _sample(mode: str, pattern: str, year: int) -> str | None:
    return pattern.format(year=year, seq=1) if mode == LOCAL else None


@blueprint.get("/<row:kind_id>/<int:year>")
@access(roles(*READERS))
def one(kind_id: int, year: int) -> str:
    """Show a kind's rule in a year, and how to propose another."""
    require_city(*READERS)
    return _page(kind_id, year)


@blueprint.post("/<row:kind_id>/<int:year>")
@access(roles(*PROPOSERS))
def propose(kind_id: int, year: int) -> Response | tuple[str, int]:
    """Propose a rule."""
    require_city(*PROPOSERS, writing=True)
    given = RulePage()
    try:
        given = from_pairs(RulePage, request.form, ignore=forms.IGNORED)
        mode, pattern = _read(given)
        with unit_of_work():
            series.propose(kind_id, year, mode, pattern, principal())
    except NotFound:
        raise
    except Refusal as refusal:
        return _page(kind_id, year, given, forms.errors(refusal, "pattern")), refusal.kind.value
    return redirect(url_for(".one", kind_id=kind_id, year=year), 303)


def _read(given: RulePage) -> tuple[str, str]:
    if given.mode not in MODES:
        raise PatternRefused("请选一项。", field="mode")
    if given.mode != LOCAL:
        return given.mode, ""
    forms.need(given, pattern="请填写编号规则。例如：JYA{year}{seq}。")
    if given.width not in dict(WIDTHS):
        raise PatternRefused("请从列表里选流水号的位数。", field="width")
    return LOCAL, number_patterns.with_width(given.pattern, int(given.width))


@blueprint.post("/proposals/<row:rule_id>/confirm")
@access(roles(*APPROVER))
def confirm(rule_id: int) -> Response | tuple[str, int]:
    """Put a proposal in force."""
    require_city(*APPROVER, writing=True)
    return _decided(rule_id, series.put_in_force)


@blueprint.post("/proposals/<row:rule_id>/refuse")
@access(roles(*PROPOSERS))
def refuse(rule_id: int) -> Response | tuple[str, int]:
    """Refuse a proposal, or take one's own back."""
    require_city(*PROPOSERS, writing=True)
    return _decided(rule_id, series.refuse)


def _decided(rule_id: int, decide: Any) -> Response | tuple[str, int]:
    try:
        with unit_of_work():
            rule = decide(rule_id, principal())
    except NotFound:
        raise
    except Refusal as refusal:
        rule = series.rule_by_id(rule_id)
        page = _page(rule.course_type_id, rule.year, problem=refusal.sentence)
        return page, refusal.kind.value
    return redirect(url_for(".one", kind_id=rule.course_type_id, year=rule.year), 303)


def _page(
    kind_id: int, year: int, given: RulePage | None = None, errors: dict[str, str] | None = None, problem: str = ""
) -> str:
    line, who = series.rule_line(kind_id, year), principal()
    kept = line.pattern or "{seq}"
    shown = given or RulePage(
        mode=line.mode, pattern=number_patterns.without_width(line.pattern), width=str(number_patterns.width_of(kept))
    )
    waiting = line.waiting
    by = db.session.get(Account, waiting.proposed_by) if waiting and waiting.proposed_by else None
    return render_template(
        "admin/number_rule.html", title=f"{line.kind.name}：{year} 年编号规则", back=url_for(".index"), line=line,
        given=shown, errors=errors or {}, problem=problem, modes=MODES, choices=CHOICES, widths=WIDTHS,
        sample=_sample(line.mode, line.pattern, year), by=by.name if by else "",
        asked=_sample(waiting.mode, waiting.pattern, year) if waiting else None,
        mine=waiting is not None and waiting.proposed_by == who.account_id,
        may_confirm=_may(APPROVER), may_propose=_may(PROPOSERS),
    )  # fmt: skip


def _may(wanted: tuple[str, ...]) -> bool:
    return open_units(principal(), wanted, writing=True) is None
