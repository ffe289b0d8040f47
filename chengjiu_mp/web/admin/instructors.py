"""师资: the register, who is due, who was told what, and recording a refresher."""

from datetime import date
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from pydantic import Field
from werkzeug.wrappers import Response

from chengjiu_mp.core import clock, context
from chengjiu_mp.core.access import STAFF, access, roles
from chengjiu_mp.core.db import unit_of_work
from chengjiu_mp.core.errors import Refusal
from chengjiu_mp.core.parsing import In, RowId, from_pairs
from chengjiu_mp.instructors import policy, queries
from chengjiu_mp.instructors.models import Instructor
from chengjiu_mp.instructors.refreshing import phone_of, record_refresher
from chengjiu_mp.instructors.states import WORDS, DueState, due_state
from chengjiu_mp.people.phones import mask_phone
from chengjiu_mp.units.policy import open_units
from chengjiu_mp.units.queries import plan_rows, subtree_ids
from chengjiu_mp.web import forms
from chengjiu_mp.web.admin.messages import STATES as DELIVERY
from chengjiu_mp.web.templating import date_long, day_time_long

blueprint = Blueprint("console_instructors", __name__, url_prefix="/console/instructors")

COLUMNS = ["姓名", "单位", "级别", "下次复训", "状态", "最近提醒"]
_STAGES = {90: "提前 90 天", 60: "提前 60 天", 30: "提前 30 天", 7: "提前 7 天", 0: "到期"}


class RegisterQuery(In):
    state: DueState | None = None
    unit: RowId | None = None
    q: str = Field(default="", max_length=50)
    page: int = Field(default=1, ge=1, le=1000)


class RefresherPage(In):
    completed_on: date
    source: str = Field(min_length=1, max_length=200)


@blueprint.get("/")
@access(STAFF)
def index() -> str:
    """Show the register, who is due first."""
    asked, who = from_pairs(RegisterQuery, request.args), context.principal()
    below = subtree_ids(asked.unit) if asked.unit else None
    found, total = queries.due_first(who, queries.Filter(asked.state, below, asked.q), asked.page)
    units, told = queries.unit_names(found), queries.told([one.id for one in found])
    return render_template(
        "admin/instructors.html", title="师资", asked=asked, columns=COLUMNS, total=total, chips=_chips(asked),
        rows=[_row(one, units[one.unit_id], told.get(one.id, [])) for one in found], units=_units(),
        previous=_page(asked, -1) if asked.page > 1 else "", may_edit=who.has("operator"),
        following=_page(asked, 1) if asked.page * queries.SIZE < total else "",
    )  # fmt: skip


def _chips(asked: RegisterQuery) -> list[dict[str, Any]]:
    counts = queries.counts_by_state(context.principal())
    kept: dict[str, Any] = {"unit": asked.unit, "q": asked.q or None}
    everybody = {"label": "全部", "href": url_for(".index", **kept), "current": asked.state is None}
    return [everybody] + [
        {
            "label": WORDS[s][0],
            "href": url_for(".index", state=s.value, **kept),
            "current": s == asked.state,
            "count": n,
        }
        for s, n in counts.items()
    ]


def _units() -> list[tuple[Any, str]]:
    held = open_units(context.principal())
    return [("", "全部单位")] + [(u.id, u.name) for u in plan_rows() if held is None or u.id in held]


def _page(asked: RegisterQuery, step: int) -> str:
    state = asked.state.value if asked.state else None
    return url_for(".index", state=state, unit=asked.unit, q=asked.q or None, page=asked.page + step)


def _row(one: Instructor, unit: str, told: list[queries.Told]) -> list[Any]:
    name = {"text": one.name, "href": url_for(".detail", instructor_id=one.id)}
    return [name, unit, _grade(one), date_long(one.refresh_due), _pill(one), _told(told[0]) if told else None]


def _pill(one: Instructor) -> dict[str, str]:
    word, tone = WORDS[due_state(one, clock.today())]
    return {"text": word, "tone": tone}


def _grade(one: Instructor) -> str:
    return " ".join(part for part in (one.grade, f"{one.stars}\u00a0星" if one.stars else "") if part) or "—"


def _told(one: queries.Told) -> str:
    states = "、".join(DELIVERY[state][0] for state in one.deliveries) or "未发送"
    return f"{_STAGES[one.stage]}：{day_time_long(one.at)} {states}"


@blueprint.get("/<row:instructor_id>")
@access(STAFF)
def detail(instructor_id: int) -> str:
    """Show one instructor: dates, refreshers, reminders."""
    return _detail(policy.instructor_for(context.principal(), instructor_id), {}, {})


@blueprint.post("/<row:instructor_id>/refreshers")
@access(roles("operator"))
def add_refresher(instructor_id: int) -> Response | tuple[str, int]:
    """Record a completed refresher."""
    who = context.principal()
    try:
        given = from_pairs(RefresherPage, request.form, ignore=forms.IGNORED)
        with unit_of_work():
            row = policy.instructor_for(who, instructor_id, writing=True)
            record_refresher(row, given.completed_on, given.source)
    except Refusal as refusal:
        shown = _detail(policy.instructor_for(who, instructor_id), request.form, forms.errors(refusal, "completed_on"))
        return shown, refusal.kind.value
    return redirect(url_for(".detail", instructor_id=instructor_id), 303)


def _detail(one: Instructor, given: Any, errors: dict[str, str]) -> str:
    told = queries.told([one.id]).get(one.id, [])
    facts = [
        ("单位", queries.unit_names([one])[one.unit_id]), ("手机号", mask_phone(phone_of(one))), ("级别", _grade(one)),
        ("证书编号", one.certificate_no or "没有登记"), ("取得日期", date_long(one.qualified_on)),
        ("下次复训", date_long(one.refresh_due)),
    ]  # fmt: skip
    return render_template(
        "admin/instructor.html", title=one.name, back=url_for(".index"), one=one, facts=facts, state=_pill(one),
        refreshers=queries.refreshers_of(one.id), errors=errors, given=given, today=clock.today(),
        told=[[_STAGES[t.stage], date_long(t.due_on), day_time_long(t.at), _delivery(t)] for t in told],
        may_edit=context.principal().has("operator") and one.status != "retired",
    )  # fmt: skip


def _delivery(told: queries.Told) -> dict[str, str]:
    worst = next((state for state in told.deliveries if state != "delivered"), "delivered")
    word, tone = DELIVERY[worst]
    return {"text": word, "tone": tone}
