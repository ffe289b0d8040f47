"""技能考核表: who is present and how far they are, and one person's items step by step. Works by forms alone.

Both pages are kept on the phone for use without network. The kept copies are asked for with ``X-Kept`` and hold
nobody: what is known of people lies in the phone's store, masked, and goes when the roster goes.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from sqlalchemy import select
from werkzeug.wrappers import Response as AnyResponse

from chengjiu_mp.checkin import queries
from chengjiu_mp.core.access import access, roles
from chengjiu_mp.core.context import principal
from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.core.errors import NotFound, Refusal, StaleVersion
from chengjiu_mp.courses.models import CourseRun, Signup
from chengjiu_mp.courses.policy import run_for
from chengjiu_mp.courses.signup_queries import phone_of
from chengjiu_mp.exams.queries import Row, items_of_run, rows_of_run, submission_of
from chengjiu_mp.exams.schemas import ResultIn
from chengjiu_mp.exams.scheme import WORDS, Item, figure
from chengjiu_mp.exams.service import WRITERS, save_results
from chengjiu_mp.exams.steps import Step, Ticks, failed_words, points_of, steps_of_run, ticks_of_run
from chengjiu_mp.people.name_display import mask_name
from chengjiu_mp.web.h5.scan import kept_until

blueprint = Blueprint("checklist", __name__)

MAY = roles(*WRITERS)
# As the grid reads figures: full-width digits and the Chinese full stop come from Chinese keyboards.
_PLAIN = str.maketrans("０１２３４５６７８９．。", "0123456789..")
_NUMBER = re.compile(r"\d{1,4}(\.\d{1,2})?")
_NEW = {"incomplete": "未考", "passed": "合格", "failed": "不合格"}


@dataclass
class Person:
    """One person present. ``masked`` is what the phone keeps; people of one masked name are told apart by ``tail``."""

    signup_id: int
    number: int
    name: str
    masked: str
    tail: str
    version: int
    points: dict[str, float]
    ticks: dict[str, dict[str, str]]
    outcome: str
    why: list[str]
    # Items that need not be taken again, with the reason in words; those of them that are exempt have no points.
    settled: dict[str, str] = field(default_factory=dict)
    exempt: list[str] = field(default_factory=list)
    # What stands in the boxes of items without steps.
    typed: dict[str, str] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)

    @property
    def word(self) -> str:
        """未考 before anything is entered, then the outcome."""
        return (
            WORDS["incomplete"] if self.outcome == "incomplete" and (self.points or self.ticks) else _NEW[self.outcome]
        )

    @property
    def kept(self) -> dict[str, Any]:
        """Return what the phone may keep."""
        return {
            "signup_id": self.signup_id, "number": self.number, "name": self.masked, "tail": self.tail,
            "version": self.version, "items": self.points, "steps": self.ticks, "outcome": self.outcome,
            "settled": self.settled, "exempt": self.exempt,
        }  # fmt: skip


@blueprint.get("/teach/runs/<row:run_id>/checklist")
@access(MAY)
def people(run_id: int) -> Response:
    """Show who is present and who is done."""
    run = run_for(principal(), run_id, roles=WRITERS)
    shown = [] if _for_keeping() else _people(run)
    return _page(
        run, "h5/checklist.html", title="技能考核", back=url_for("teach.roster", run_id=run.id), people=shown,
        saved=next((one for one in shown if str(one.signup_id) == request.args.get("saved")), None),
    )  # fmt: skip


@blueprint.get("/teach/runs/<row:run_id>/checklist/<row:signup_id>")
@access(MAY)
def sheet(run_id: int, signup_id: int) -> Response:
    """Show one person's items, the practical ones step by step."""
    run = run_for(principal(), run_id, roles=WRITERS)
    return _sheet(run, None if _for_keeping() else _person(run, signup_id))


@blueprint.post("/teach/runs/<row:run_id>/checklist/<row:signup_id>")
@access(MAY)
def save(run_id: int, signup_id: int) -> AnyResponse:
    """Save one person's items; whatever is refused, what was ticked stays on the page."""
    run = run_for(principal(), run_id, roles=WRITERS)
    person = _ticked(run, _person(run, signup_id), request.form)
    if person.errors:
        return _sheet(run, person, status=422)
    try:
        with unit_of_work():
            save_results(run_id, [_row_in(run, person)], principal())
    except StaleVersion as refusal:
        return _changed_meanwhile(run, person, refusal)
    except Refusal as refusal:
        return _sheet(run, person, refusal.sentence, refusal.kind.value)
    return redirect(url_for("checklist.people", run_id=run_id, saved=signup_id), 303)


def _for_keeping() -> bool:
    return "X-Kept" in request.headers


def _people(run: CourseRun) -> list[Person]:
    items, steps, ticks = items_of_run(run), steps_of_run(run), ticks_of_run(run.id)
    rows, numbers = rows_of_run(run.id), _numbers(run)
    masks = [mask_name(row.signup.name) for row in rows]
    times = Counter(masks)
    return [
        Person(
            row.signup.id, numbers[row.signup.id], row.signup.name, mask,
            phone_of(row.signup)[-4:] if times[mask] > 1 else "",
            row.version, dict(row.points), {code: dict(one) for code, one in ticks.get(row.signup.id, {}).items()},
            row.outcome, failed_words(steps, ticks.get(row.signup.id, {})),
            _settled(row), sorted(row.exempt),
            {i.code: figure(row.points[i.code]) for i in items if i.code in row.points},
        )
        for row, mask in zip(rows, masks, strict=True)
    ]  # fmt: skip


def _numbers(run: CourseRun) -> dict[int, int]:
    """Return {sign-up: its number in the run}, in the order of signing up: a latecomer moves nobody's number."""
    ids = db.session.scalars(select(Signup.id).where(Signup.run_id == run.id).order_by(Signup.id))
    return {signup_id: number for number, signup_id in enumerate(ids, 1)}


def _settled(row: Row) -> dict[str, str]:
    carried = {code: f"上次已合格，沿用 {figure(row.points[code])} 分，不用再考" for code in row.carried}
    return carried | dict.fromkeys(row.exempt, "免考，不用考")


def _person(run: CourseRun, signup_id: int) -> Person:
    found = next((one for one in _people(run) if one.signup_id == signup_id), None)
    if found is None:
        raise NotFound
    return found


def _ticked(run: CourseRun, person: Person, form: Mapping[str, str]) -> Person:
    """Put what the form brought in the place of what is stored."""
    given = form.get("version", "")
    person.version = int(given) if given.isascii() and given.isdigit() and len(given) < 10 else person.version
    steps = steps_of_run(run)
    person.ticks = {code: _ticks(code, of_item, form) for code, of_item in steps.items()}
    for item in items_of_run(run):
        if item.code in steps:
            continue
        text = form.get(f"p.{item.code}", "").strip().translate(_PLAIN)[:10]
        person.typed[item.code] = text
        if text and (not _NUMBER.fullmatch(text) or float(text) > item.maximum):
            person.errors[f"p.{item.code}"] = f"{item.name}请填 0 到 {figure(item.maximum)} 的数字。"
    return person


def _ticks(code: str, steps: Sequence[Step], form: Mapping[str, str]) -> dict[str, str]:
    found = {}
    for step in steps:
        said = form.get(f"t.{code}.{step.code}")
        if said == "ok":
            found[step.code] = ""
        elif said == "no":
            reason = form.get(f"w.{code}.{step.code}", "")
            found[step.code] = reason if reason in step.reasons else step.reasons[0]
    return found


def _row_in(run: CourseRun, person: Person) -> ResultIn:
    steps = steps_of_run(run)
    plain = [item.code for item in items_of_run(run) if item.code not in steps]
    points = {code: float(person.typed[code]) if person.typed.get(code) else None for code in plain}
    return ResultIn(signup_id=person.signup_id, version=person.version, items=points, steps=person.ticks)


def _changed_meanwhile(run: CourseRun, person: Person, refusal: StaleVersion) -> Response:
    """Show what somebody else saved beside what was ticked here; saving once more puts this in its place."""
    fresh = _person(run, person.signup_id)
    told = "、".join(f"{i.name} {figure(fresh.points[i.code])}" for i in items_of_run(run) if i.code in fresh.points)
    person.version = fresh.version
    said = f"刚刚有人把这位学员的成绩改成：{told or '空'}。您勾的还在下面，核对后再保存一次，就以您的为准。"
    return _sheet(run, person, said, refusal.kind.value)


def _sheet(run: CourseRun, person: Person | None, problem: str = "", status: int = 200) -> Response:
    title = person.name if person else "技能考核"
    back = url_for("checklist.people", run_id=run.id)
    steps = steps_of_run(run)
    sums = _sums(items_of_run(run), steps, person.ticks if person else {})
    return _page(
        run, "h5/checklist_one.html", title=title, back=back, person=person, problem=problem, sums=sums, status=status
    )


def _sums(items: Sequence[Item], steps: Mapping[str, Sequence[Step]], ticks: Ticks) -> dict[str, str]:
    """Return {item's code: its points as a person writes them} of the items whose every step is judged."""
    found = {i.code: points_of(i, steps[i.code], ticks.get(i.code, {})) for i in items if i.code in steps}
    return {code: figure(points) for code, points in found.items() if points is not None}


def _page(run: CourseRun, template: str, *, status: int = 200, **values: Any) -> Response:
    submission, items, steps = submission_of(run.id), items_of_run(run), steps_of_run(run)
    until = kept_until(queries.meetings_of(run.id)).isoformat()
    reply = make_response(render_template(
        template, run=run, items=items, steps=steps, words=WORDS, until=until, figure=figure,
        state=submission.state if submission else "open", scheme=_scheme(items, steps), **values,
    ), status)  # fmt: skip
    reply.headers["X-Kept-Until"] = until
    return reply


def _scheme(items: Sequence[Item], steps: Mapping[str, Sequence[Step]]) -> list[dict[str, Any]]:
    """Return the scheme as the phone counts by it, in the shape a scheme is stored in."""
    return [
        {
            "code": item.code, "name": item.name, "max": item.maximum, "pass": item.pass_mark,
            "required": item.required,
            "steps": [{"code": s.code, "points": s.points, "critical": s.critical} for s in steps.get(item.code, ())],
        }
        for item in items
    ]  # fmt: skip
