"""成绩: one grid for everybody present. Works by forms alone; what was typed is kept whatever is refused."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from chengjiu_mp.checkin.attended import attended_of, percent
from chengjiu_mp.core.access import access, roles
from chengjiu_mp.core.context import principal
from chengjiu_mp.core.db import unit_of_work
from chengjiu_mp.core.errors import Refusal, StaleVersion
from chengjiu_mp.core.parsing import Invalid
from chengjiu_mp.courses.models import CourseRun
from chengjiu_mp.courses.policy import run_for
from chengjiu_mp.courses.queries import instructors_of as run_instructors
from chengjiu_mp.exams.errors import ExaminerNotValid
from chengjiu_mp.exams.examiners import choices, may_name, own_line_in, refuse_unfit_submitter
from chengjiu_mp.exams.queries import Row, items_of_run, rows_of_run, submission_of
from chengjiu_mp.exams.resit_offers import candidates
from chengjiu_mp.exams.resits import open_resit
from chengjiu_mp.exams.schemas import ResultIn
from chengjiu_mp.exams.scheme import WORDS, Item, figure, outcome_of
from chengjiu_mp.exams.service import WRITERS, save_results
from chengjiu_mp.exams.steps import why_failed
from chengjiu_mp.exams.submission import not_before, submit_results

blueprint = Blueprint("teach_results", __name__)

MAY = roles(*WRITERS)

# Full-width digits and the Chinese full stop come from Chinese keyboards.
_PLAIN = str.maketrans("０１２３４５６７８９．。", "0123456789..")
_NUMBER = re.compile(r"\d{1,4}(\.\d{1,2})?")


@dataclass
class Line:
    """One row of the grid as the form shows it: what was typed beside what is stored."""

    signup_id: int
    name: str
    version: int
    typed: dict[str, str]
    stored: dict[str, str]
    outcome: str
    errors: dict[str, str] = field(default_factory=dict)
    examiner: str = ""
    attempt: int = 1
    kind: str = "exam"
    round: int = 1
    carried: tuple[str, ...] = ()
    exempt: frozenset[str] = frozenset()
    # Why nobody can make this person pass, empty where they can.
    short: str = ""

    @property
    def changed(self) -> bool:
        return self.typed != self.stored


@blueprint.get("/teach/runs/<row:run_id>/results")
@access(MAY)
def grid(run_id: int) -> str:
    """Show the grid."""
    run = run_for(principal(), run_id, roles=WRITERS)
    return _page(run, _lines(items_of_run(run), rows_of_run(run.id)))


@blueprint.post("/teach/runs/<row:run_id>/results")
@access(MAY)
def save(run_id: int) -> Response | tuple[str, int]:
    """Save the rows that changed; on a refusal show the grid again as it was typed."""
    run = run_for(principal(), run_id, roles=WRITERS)
    items = items_of_run(run)
    lines = _typed(_lines(items, rows_of_run(run.id)), items, request.form)
    changed = [line for line in lines if line.changed]
    if any(line.errors for line in lines):
        return _page(run, lines), 422
    try:
        with unit_of_work():
            save_results(run_id, [_row_in(line) for line in changed], principal(), examined_by=_named())
    except Refusal as refusal:
        return _refused(run_id, refusal, lines)
    return redirect(url_for("teach_results.grid", run_id=run_id, saved=len(changed)), 303)


@blueprint.post("/teach/runs/<row:run_id>/results/submit")
@access(MAY)
def submit(run_id: int) -> Response | tuple[str, int]:
    """Hand the results in."""
    left_out = [int(one) for one in request.form.getlist("left_out") if one.isascii() and one.isdigit()]
    try:
        with unit_of_work():
            submit_results(run_id, left_out, principal())
    except Refusal as refusal:
        run = run_for(principal(), run_id, roles=WRITERS)
        lines = _lines(items_of_run(run), rows_of_run(run.id))
        return _page(run, lines, refusal.sentence), refusal.kind.value
    return redirect(url_for("teach_results.grid", run_id=run_id), 303)


@blueprint.post("/teach/runs/<row:run_id>/results/resit")
@access(MAY)
def resit(run_id: int) -> Response | tuple[str, int]:
    """Begin somebody's re-sit, which is the grid's row from then on."""
    text = request.form.get("signup_id", "")
    try:
        with unit_of_work():
            open_resit(run_id, int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0, principal())
    except Refusal as refusal:
        run = run_for(principal(), run_id, roles=WRITERS)
        return _page(run, _lines(items_of_run(run), rows_of_run(run.id)), refusal.sentence), refusal.kind.value
    return redirect(url_for("teach_results.grid", run_id=run_id), 303)


def _lines(items: Sequence[Item], rows: Sequence[Row]) -> list[Line]:
    return [
        Line(
            row.signup.id,
            row.signup.name,
            row.version,
            stored.copy(),
            stored,
            row.outcome,
            examiner=row.examiner,
            attempt=row.attempt,
            kind=row.kind,
            round=row.round,
            carried=row.carried,
            exempt=row.exempt,
        )
        for row in rows
        for stored in [{i.code: figure(row.points[i.code]) if i.code in row.points else "" for i in items}]
    ]


def _typed(lines: Sequence[Line], items: Sequence[Item], form: Mapping[str, str]) -> list[Line]:
    """Put what the form brought into the lines, with the version and the points that it was shown."""
    for line in lines:
        if f"v.{line.signup_id}" not in form:
            continue
        given = form.get(f"v.{line.signup_id}", "0")
        line.version = int(given) if given.isascii() and given.isdigit() and len(given) < 10 else 0
        shown = form.get(f"b.{line.signup_id}", "").split("|")
        line.stored = {item.code: was for item, was in zip(items, [*shown, *[""] * len(items)], strict=False)}
        for item in items:
            text = form.get(f"p.{line.signup_id}.{item.code}", "").strip().translate(_PLAIN)[:10]
            line.typed[item.code] = figure(float(text)) if _NUMBER.fullmatch(text) else text
            wrong = text and (not _NUMBER.fullmatch(text) or float(text) > item.maximum)
            if wrong:
                line.errors[item.code] = f"{item.name}请填 0 到 {figure(item.maximum)} 的数字。"
    return list(lines)


def _row_in(line: Line) -> ResultIn:
    items = {code: float(text) if text else None for code, text in line.typed.items()}
    return ResultIn(signup_id=line.signup_id, version=line.version, items=items)


def _refused(run_id: int, refusal: Refusal, lines: list[Line]) -> Response | tuple[str, int]:
    """Show the typed grid again with the rows that somebody else changed brought up to date beneath it."""
    if isinstance(refusal, Invalid) and not any(line.changed for line in lines):
        return redirect(url_for("teach_results.grid", run_id=run_id, saved=0), 303)
    run = run_for(principal(), run_id, roles=WRITERS)
    items = items_of_run(run)
    if isinstance(refusal, StaleVersion):
        now = {line.signup_id: line for line in _lines(items, rows_of_run(run.id))}
        for one in refusal.facts["stale"]:
            line = next(each for each in lines if each.signup_id == one["signup_id"])
            fresh = now[line.signup_id]
            line.version, line.stored = fresh.version, fresh.stored
            told = "、".join(f"{item.name} {fresh.stored[item.code] or '空'}" for item in items)
            line.errors[items[0].code] = f"刚刚有人把这一行改成：{told}。您填的还在框里，核对后再保存一次。"
    return _page(run, lines, "" if isinstance(refusal, StaleVersion) else refusal.sentence), refusal.kind.value


def _page(run: CourseRun, lines: Sequence[Line], problem: str = "") -> str:
    items = items_of_run(run)
    _mark_short(run, lines)
    submission, blocked = submission_of(run.id), _blocked(run)
    number = submission.round if submission else 1
    here = [line for line in lines if line.round == number]
    saved = request.args.get("saved", "")
    return render_template(
        "h5/results.html", title="成绩", back=url_for("teach.roster", run_id=run.id), run=run, items=items,
        lines=here, settled=[line for line in lines if line.round != number], number=number,
        resits=[] if blocked else candidates(run), words=WORDS, problem=problem,
        state=submission.state if submission else "open",
        note=submission.returned_note if submission else "", submitted_at=submission and submission.submitted_at,
        saved=int(saved) if saved.isascii() and saved.isdigit() and len(saved) < 5 else None,
        errors={f"{one.signup_id}-{code}": f"{one.name}：{text}" for one in lines for code, text in one.errors.items()},
        open_lines=[line for line in here if line.outcome == "incomplete"],
        passed=sum(line.outcome == "passed" for line in here),
        failed=sum(line.outcome == "failed" for line in here), preview=_preview(items, lines),
        blocked=blocked, ends=not_before(run), examiners=_examiners(run), chosen=request.form.get("examined_by", ""),
        why=why_failed(run),
    )  # fmt: skip


def _named() -> int | None:
    text = request.form.get("examined_by", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


def _blocked(run: CourseRun) -> str:
    """Why the caller enters nothing, empty when they may."""
    try:
        refuse_unfit_submitter(run, principal())
    except ExaminerNotValid as refusal:
        return refusal.sentence
    return ""


def _examiners(run: CourseRun) -> list[tuple[str, str]]:
    """Whom an operator names who enters from paper; nothing for the examiners themselves."""
    if own_line_in(run, principal()) is not None or not may_name(run, principal()):
        return []
    found = choices(run)
    taught = run_instructors(run.id)
    first = f"按原来的；新登记的算{found[0].name}" if found and taught else "请选考核人"
    return [("", first), *((str(one.id), one.name) for one in found)]


def _mark_short(run: CourseRun, lines: Sequence[Line]) -> None:
    found = attended_of(run, [line.signup_id for line in lines])
    for line in lines:
        one = found[line.signup_id]
        if not one.enough:
            line.short = f"出勤 {one.words}，不到 {percent(one.required)}%，不能登记为合格。"


def _preview(items: Sequence[Item], lines: Sequence[Line]) -> dict[int, str]:
    """The outcome of what stands in the boxes, typed or stored."""
    found: dict[int, str] = {}
    for line in lines:
        points = {
            c: float(text)
            for c, text in line.typed.items()
            if text and c not in line.errors and _NUMBER.fullmatch(text)
        }
        found[line.signup_id] = outcome_of(items, points, line.exempt)
    return found
