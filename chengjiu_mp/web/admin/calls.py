"""电话清单: whom neither WeChat nor a short message reached.

Numbers are masked until somebody says why they need them.
"""

from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from sqlalchemy import RowMapping, select
from werkzeug.wrappers import Response as AnyResponse

from chengjiu_mp.certificates.models import Certificate
from chengjiu_mp.core import clock, context, limits
from chengjiu_mp.core.access import STAFF, access, roles
from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.core.errors import Refusal
from chengjiu_mp.courses.models import CourseRun, CourseType, Signup
from chengjiu_mp.instructors.models import Instructor
from chengjiu_mp.outbox import calls, wording
from chengjiu_mp.outbox.scope import CALLERS
from chengjiu_mp.people.phones import mask_phone
from chengjiu_mp.signin.models import Account
from chengjiu_mp.web import forms
from chengjiu_mp.web.templating import day_time, day_time_long

blueprint = Blueprint("console_calls", __name__, url_prefix="/console/messages/calls")

_COLUMNS = ["事由", "手机号", "姓名", "场次或证书", "最迟", "结果"]
# (table, row id) -> what it is about, whose it is.
Known = dict[tuple[str, int], tuple[str, str]]
_NO_PHONE = "没有手机号，请当面告知"


@dataclass(frozen=True)
class Shown:
    """A line of the list in words."""

    id: int
    word: str
    phone: str
    run: str
    times: str
    missed: str
    reached: str
    attempt_id: int | None


@blueprint.get("/")
@access(STAFF)
def index() -> str:
    """Show whom to call, and whom somebody called lately."""
    return _page({})


@blueprint.post("/<row:call_id>")
@access(roles(*CALLERS))
def record(call_id: int) -> AnyResponse | tuple[str, int]:
    """Record that a person was called."""
    reached = request.form.get("reached") == "1"
    try:
        with unit_of_work():
            made = calls.record_call(call_id, context.principal(), reached=reached)
            attempt_id = made.id
    except Refusal as refusal:
        return _page(forms.errors(refusal, "reason")), refusal.kind.value
    return redirect(url_for(".index", made=attempt_id, reached=int(reached)), 303)


@blueprint.post("/attempts/<row:attempt_id>/undo")
@access(roles(*CALLERS))
def take_back(attempt_id: int) -> AnyResponse | tuple[str, int]:
    """Take a recorded call back."""
    try:
        with unit_of_work():
            calls.take_back(attempt_id, context.principal())
    except Refusal as refusal:
        return _page(forms.errors(refusal, "reason")), refusal.kind.value
    return redirect(url_for(".index"), 303)


@blueprint.post("/print")
@access(roles(*CALLERS))
def print_list() -> Response | tuple[str, int]:
    """Show the list with full numbers, for a reason; each line is in the audit trail."""
    caller, reason = context.principal(), request.form.get("reason", "")[:200]
    try:
        limits.spend(calls.reveal_limit(caller))
        with unit_of_work():
            rows = _print_rows(calls.reveal(caller, reason))
    except Refusal as refusal:
        return _page(forms.errors(refusal, "reason"), reason), refusal.kind.value
    made = f"{day_time_long(clock.now())}　{caller.name}"
    shown = {"rows": rows, "columns": _COLUMNS, "made": made, "reason": reason.strip()}
    reply = make_response(render_template("admin/calls_print.html", title="电话清单", back=url_for(".index"), **shown))
    reply.headers["X-Robots-Tag"] = "noindex, nofollow"
    return reply


def _page(errors: dict[str, str], reason: str = "") -> str:
    caller = context.principal()
    lines, done, total = calls.to_call(caller), calls.lately_reached(caller), calls.number_to_call(caller)
    runs, names = _runs(lines + done), _names(lines + done)
    return render_template(
        "admin/calls.html", title="电话清单", back=url_for("console_messages.index"), total=total,
        rows=[_shown(one, runs, names) for one in lines], done=[_shown(one, runs, names) for one in done],
        more=total > len(lines), may_call=caller.has(*CALLERS), errors=errors, reason=reason, undo=_undo(),
    )  # fmt: skip


def _undo() -> dict[str, str] | None:
    """Return how to take back the call that was just recorded."""
    made = request.args.get("made", "")
    if request.method != "GET" or not (made.isascii() and made.isdigit() and len(made) < 10 and int(made)):
        return None
    text = "已记下：打过了，从名单里移走了。" if request.args.get("reached") == "1" else "已记下：没打通，仍在名单里。"
    return {"text": text, "action": url_for(".take_back", attempt_id=int(made))}


def _shown(line: calls.Line, runs: Known, names: dict[int, str]) -> Shown:
    late = f"最迟 {day_time(line.too_late_at)}" if line.too_late_at else f"{day_time(line.written_at)} 起没送到"
    missed = [one for one in line.attempts if not one.reached]
    last = next((one for one in reversed(line.attempts) if one.reached), None)
    return Shown(
        id=line.delivery_id, word=wording.word_of(line.kind),
        phone=mask_phone(line.phone) if line.phone else _NO_PHONE, run=_run_of(line, runs)[0],
        times=late,
        missed=f"没打通 {len(missed)} 次，最近 {_who_when(missed[-1], names)}" if missed else "",
        reached=_who_when(last, names) if last else "", attempt_id=last.id if last else None,
    )  # fmt: skip


def _who_when(attempt: calls.Attempt, names: dict[int, str]) -> str:
    return f"{day_time(attempt.at)} {names.get(attempt.account_id, '')}".strip()


def _print_rows(lines: list[calls.Line]) -> list[list[object]]:
    runs = _runs(lines)
    return [
        [
            wording.word_of(line.kind), {"text": line.phone, "href": f"tel:{line.phone}"} if line.phone else _NO_PHONE,
            _run_of(line, runs)[1], _run_of(line, runs)[0],
            day_time(line.too_late_at) if line.too_late_at else "不限", "□\u00a0打过　□\u00a0没通",
        ]
        for line in lines
    ]  # fmt: skip


def _run_of(line: calls.Line, runs: Known) -> tuple[str, str]:
    """Return what a line is about beyond its kind, a run or a certificate, and whose it is; empty for others."""
    return runs.get(line.subject, ("", ""))


def _runs(lines: list[calls.Line]) -> Known:
    return {
        **_named(lines, Signup, select(Signup.id, Signup.name, CourseRun.title, CourseRun.starts_at)
                 .join(CourseRun, CourseRun.id == Signup.run_id)),
        **_named(lines, Certificate, select(Certificate.id, Signup.name, CourseType.name.label("title"))
                 .join(Signup, Signup.id == Certificate.signup_id)
                 .join(CourseType, CourseType.id == Certificate.course_type_id)),
        **_named(lines, Instructor, select(Instructor.id, Instructor.name)),
    }  # fmt: skip


def _named(lines: list[calls.Line], of: type[Signup | Certificate | Instructor], query: Any) -> Known:
    table = of.__tablename__
    wanted = {line.subject[1] for line in lines if line.subject[0] == table}
    if not wanted:
        return {}
    found = db.session.execute(query.where(of.id.in_(wanted))).mappings()
    return {(table, row["id"]): (_about(row), row["name"]) for row in found}


def _about(row: RowMapping) -> str:
    if "starts_at" in row:
        return f"{row['title']}，{day_time(row['starts_at'])}"
    return f"{row['title']}证书" if "title" in row else ""


def _names(lines: list[calls.Line]) -> dict[int, str]:
    wanted = {one.account_id for line in lines for one in line.attempts}
    return {
        row.id: row.name for row in db.session.execute(select(Account.id, Account.name).where(Account.id.in_(wanted)))
    }
