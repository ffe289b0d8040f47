"""One person's result: attempts, exemptions, corrections, and its history. Forms alone."""

import re
from collections.abc import Sequence
from typing import Any, cast

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from chengjiu_mp.certificates.result_corrections import correct_result, standing_certificate
from chengjiu_mp.core.access import access, roles
from chengjiu_mp.core.context import principal
from chengjiu_mp.core.db import unit_of_work
from chengjiu_mp.core.errors import NotFound, Refusal
from chengjiu_mp.core.parsing import RowId, from_pairs
from chengjiu_mp.courses.models import CourseRun, Signup
from chengjiu_mp.courses.policy import run_for
from chengjiu_mp.exams.attempts import attempts_of
from chengjiu_mp.exams.correcting import CORRECTORS, refuse_resat
from chengjiu_mp.exams.errors import ResatElsewhere
from chengjiu_mp.exams.examiners import may_name
from chengjiu_mp.exams.exempting import certificates_held, exempt, exemptions_of, withdraw_exemption
from chengjiu_mp.exams.history import Event, history_of
from chengjiu_mp.exams.models import ExamResult
from chengjiu_mp.exams.queries import items_of_run, signup_of_run, submission_for
from chengjiu_mp.exams.schemas import CorrectionIn, ExemptionIn
from chengjiu_mp.exams.scheme import WORDS, Item, Outcome, figure
from chengjiu_mp.exams.service import WRITERS
from chengjiu_mp.web import forms
from chengjiu_mp.web.h5.attempts import points_of, title_of

blueprint = Blueprint("result_person", __name__)

READERS = roles("instructor", "unit_manager", "operator", "approver", "auditor")
_NUMBER = re.compile(r"\d{1,4}(\.\d{1,2})?")
_TONES = {"passed": "ok", "failed": "bad", "incomplete": "plain"}
_KINDS = {"responder": "救护员证", "junior": "初级救护员证", "cpr_aed": "CPR+AED 证书"}


class ExemptPage(ExemptionIn):
    """The form names its person by its address."""

    signup_id: RowId = 1
    certificate_no: str = ""
    reason: str = ""


@blueprint.get("/teach/runs/<row:run_id>/results/<row:signup_id>")
@access(READERS)
def page(run_id: int, signup_id: int) -> str:
    """Show one person's result and what became of it."""
    return _page(run_id, signup_id)


@blueprint.post("/teach/runs/<row:run_id>/results/<row:signup_id>/exempt")
@access(roles(*WRITERS))
def exempt_from(run_id: int, signup_id: int) -> Response | tuple[str, int]:
    """Record an exemption."""
    try:
        given = from_pairs(ExemptPage, request.form, ignore=forms.IGNORED)
        forms.need(given, certificate_no="请填写据以免考的证书编号。", reason="请写明为什么免考。")
        body = ExemptionIn(**given.model_dump() | {"signup_id": signup_id})
        with unit_of_work():
            exempt(run_id, body, principal())
    except Refusal as refusal:
        return _page(run_id, signup_id, refusal, "certificate_no"), refusal.kind.value
    return _back(run_id, signup_id)


@blueprint.post("/teach/runs/<row:run_id>/results/<row:signup_id>/exemptions/<row:exemption_id>/withdraw")
@access(roles(*WRITERS))
def withdraw(run_id: int, signup_id: int, exemption_id: int) -> Response | tuple[str, int]:
    """Take an exemption back."""
    try:
        with unit_of_work():
            withdraw_exemption(run_id, exemption_id, principal())
    except Refusal as refusal:
        return _page(run_id, signup_id, refusal), refusal.kind.value
    return _back(run_id, signup_id)


@blueprint.post("/teach/runs/<row:run_id>/results/<row:signup_id>/correct")
@access(roles(*CORRECTORS))
def correct(run_id: int, signup_id: int) -> Response | tuple[str, int]:
    """Correct a confirmed result, which another person confirms again."""
    items = items_of_run(run_for(principal(), run_id, roles=CORRECTORS))
    points, reason, wrong = _typed(items)
    if wrong:
        return _page(run_id, signup_id, errors=wrong), 422
    try:
        with unit_of_work():
            correct_result(run_id, CorrectionIn(signup_id=signup_id, items=points, reason=reason), principal())
    except Refusal as refusal:
        return _page(run_id, signup_id, refusal), refusal.kind.value
    return _back(run_id, signup_id)


def _typed(items: Sequence[Item]) -> tuple[dict[str, float | None], str, dict[str, str]]:
    """Return the points and the reason that were typed, and {field: sentence} of what is wrong with them."""
    texts = {one.code: request.form.get(f"p-{one.code}", "").strip()[:10] for one in items}
    wrong = {
        f"p-{one.code}": f"{one.name}请填 0 到 {figure(one.maximum)} 的数字，没有考的留空。"
        for one in items
        if texts[one.code] and not (_NUMBER.fullmatch(texts[one.code]) and float(texts[one.code]) <= one.maximum)
    }
    reason = request.form.get("why", "").strip()[:200]
    if len(reason) < 2:
        wrong["why"] = "请写明更正原因，至少两个字，例如：理论卷第二页漏算。"
    points = {code: float(text) if text else None for code, text in texts.items()} if not wrong else {}
    return points, reason, wrong


def _back(run_id: int, signup_id: int) -> Response:
    return redirect(url_for(".page", run_id=run_id, signup_id=signup_id), 303)


def _page(
    run_id: int, signup_id: int, refusal: Refusal | None = None, at: str = "", errors: dict[str, str] | None = None
) -> str:
    run = run_for(principal(), run_id)
    signup = signup_of_run(run, signup_id)
    items, submission = items_of_run(run), submission_for(signup)
    state = submission.state if submission is not None else "open"
    if refusal is not None and at:
        errors = forms.errors(refusal, at)
    attempts, exemptions = attempts_of(signup.id), exemptions_of(signup.id)
    standing = standing_certificate(signup.id)
    return render_template(
        "h5/result_person.html", title="成绩详情", back=_grid(run), run=run, signup=signup, state=state, items=items,
        attempts=[_attempt(one, items, {each.item for each in exemptions}) for one in reversed(attempts)],
        exemptions=exemptions,
        names={one.code: one.name for one in items}, held=_held(run, signup), errors=errors or {},
        problem="" if refusal is None or at else refusal.sentence, typed=request.form, standing=standing,
        last=attempts[-1].items if attempts else {}, may_exempt=state == "open" and _writes(run),
        may_correct=state == "confirmed" and bool(attempts) and may_name(run, principal()),
        resat=_resat(attempts),
        revoke=url_for("console_certificates.one", certificate_id=standing) if standing else "",
        history=[_event(one, items) for one in reversed(history_of(run, signup))],
    )  # fmt: skip


def _resat(attempts: Sequence[ExamResult]) -> str:
    """Why a result is corrected elsewhere, empty where it is corrected here."""
    try:
        if attempts:
            refuse_resat(attempts[-1])
    except ResatElsewhere as refusal:
        return refusal.sentence
    return ""


def _grid(run: CourseRun) -> str:
    return url_for("teach_results.grid" if _writes(run) else "console_results.review", run_id=run.id)


def _writes(run: CourseRun) -> bool:
    try:
        run_for(principal(), run.id, roles=WRITERS)
    except NotFound:
        return False
    return True


def _held(run: CourseRun, signup: Signup) -> str:
    kinds = dict.fromkeys(one.kind for one in certificates_held(run, signup.person_id))
    found = [_KINDS[one] for one in kinds if one in _KINDS]
    return f"本系统查到他有有效的{'、'.join(found)}。" if found else "本系统没有查到他的有效证书，请核对原件。"


def _attempt(one: ExamResult, items: tuple[Item, ...], exempted: set[str]) -> dict[str, Any]:
    return {
        "title": "更正" if one.kind == "correction" else title_of(one.kind, one.attempt),
        "word": WORDS[cast(Outcome, one.outcome)],
        "tone": _TONES[one.outcome],
        "rows": [(i.name, "免考" if i.code in exempted else points_of(i, one.items, one.carried)) for i in items]
        + [("考核人", one.examiner_name or "没有写明")] + ([("更正原因", one.reason)] if one.reason else []),
    }  # fmt: skip


def _event(one: Event, items: tuple[Item, ...]) -> dict[str, Any]:
    changed = [
        f"{item.name} {_figure(one.was, item)} → {_figure(one.now, item)}"
        for item in items
        if one.was.get(item.code) != one.now.get(item.code)
    ]
    names = {item.code: item.name for item in items}
    judged = [f"{WORDS[before]} → {WORDS[after]}" for before, after in _judged(one)]
    said = "；".join([*changed, *judged, *([names.get(one.item, one.item)] if one.item else [])])
    return {"at": one.at, "by": one.by, "action": one.action, "said": said, "reason": one.reason}


def _judged(one: Event) -> list[tuple[Outcome, Outcome]]:
    return [cast(tuple[Outcome, Outcome], (one.outcome_before, one.outcome))] if one.outcome_before else []


def _figure(points: dict[str, Any], item: Item) -> str:
    return figure(points[item.code]) if item.code in points else "空"
