"""成绩确认: what waits, for whom and how long; the people and outcomes of one run; confirm or send back."""

from typing import Any, Literal

from flask import Blueprint, redirect, render_template, request, url_for
from pydantic import Field
from sqlalchemy import select
from werkzeug.wrappers import Response

from chengjiu_mp.certificates.issuing import certificates_of_run, confirm
from chengjiu_mp.certificates.queries import newest_of_all
from chengjiu_mp.certificates.waiting import number_waiting
from chengjiu_mp.core import clock
from chengjiu_mp.core.access import access, roles
from chengjiu_mp.core.context import principal
from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.core.errors import Refusal
from chengjiu_mp.core.parsing import In, from_pairs
from chengjiu_mp.courses.policy import run_for
from chengjiu_mp.exams.queries import (
    Row,
    Waiting,
    hands_in,
    items_of_run,
    rows_of_run,
    submission_of,
    submissions_waiting_for,
)
from chengjiu_mp.exams.resit_offers import candidates
from chengjiu_mp.exams.review_models import ResultReview
from chengjiu_mp.exams.reviewing import review as review_sample
from chengjiu_mp.exams.reviewing import reviews_of, sample_share, waiting_reviews
from chengjiu_mp.exams.sampling import percent
from chengjiu_mp.exams.scheme import WORDS, Item, figure
from chengjiu_mp.exams.steps import why_failed
from chengjiu_mp.exams.submission import not_before, return_to_instructor
from chengjiu_mp.signin.models import Account
from chengjiu_mp.web import forms
from chengjiu_mp.web.waiting_words import waited

blueprint = Blueprint("console_results", __name__, url_prefix="/console/results")

READERS = roles("approver", "operator", "unit_manager", "auditor")
APPROVER = roles("approver")
TONES = {"passed": "ok", "failed": "bad"}


class ReviewPage(In):
    verdict: Literal["", "fine", "problem"] = ""
    note: str = Field(default="", max_length=300)


class ReturnPage(In):
    note: str = Field(default="", max_length=300)


@blueprint.get("/")
@access(READERS)
def index() -> str:
    """Show what waits, the longest waiting first."""
    rows = [_row(one) for one in submissions_waiting_for(principal())]
    samples = [
        [{"text": one.run.title, "href": f"{url_for('.review', run_id=one.run.id)}#sample"},
         clock.local(one.run.starts_at).strftime("%-m月%-d日"), waited(clock.now() - one.review.picked_at)]
        for one in waiting_reviews(principal())
    ]  # fmt: skip
    share = percent(sample_share())
    return render_template("admin/results.html", title="成绩确认", rows=rows, samples=samples, share=share)


def _row(one: Waiting) -> list[Any]:
    at = one.submission.submitted_at
    return [
        {"text": f"{one.run.title}{_round(one)}", "href": url_for(".review", run_id=one.run.id)},
        clock.local(one.run.starts_at).strftime("%-m月%-d日"), one.submitter or "—",
        waited(clock.now() - at) if at else "—",
        "、".join(one.approvers) or {"text": "没有可确认的人，请设置代理", "tone": "bad"},
    ]  # fmt: skip


def _round(one: Waiting) -> str:
    return f"（补考或更正，第 {one.submission.round} 次提交）" if one.submission.round > 1 else ""


@blueprint.get("/<row:run_id>")
@access(READERS)
def review(run_id: int) -> str:
    """Show the people and outcomes of one run."""
    return _page(run_id)


@blueprint.post("/<row:run_id>/confirm")
@access(APPROVER)
def accept(run_id: int) -> Response | tuple[str, int]:
    """Confirm, which issues the certificates."""
    try:
        with unit_of_work():
            confirm(run_id, principal())
    except Refusal as refusal:
        return _page(run_id, refusal.sentence), refusal.kind.value
    return redirect(url_for(".review", run_id=run_id), 303)


@blueprint.post("/<row:run_id>/return")
@access(APPROVER)
def send_back(run_id: int) -> Response | tuple[str, int]:
    """Send the results back with a note."""
    given = ReturnPage()
    try:
        given = from_pairs(ReturnPage, request.form, ignore=forms.IGNORED)
        if len(given.note) < 2:
            return _page(run_id, errors={"note": "请写明要改什么，至少两个字。"}), 422
        with unit_of_work():
            return_to_instructor(run_id, given.note, principal())
    except Refusal as refusal:
        return _page(run_id, refusal.sentence, note=given.note), refusal.kind.value
    return redirect(url_for(".index"), 303)


@blueprint.post("/<row:run_id>/reviews/<row:review_id>")
@access(APPROVER)
def say(run_id: int, review_id: int) -> Response | tuple[str, int]:
    """Take a third person's word on results that were picked."""
    given = ReviewPage()
    try:
        given = from_pairs(ReviewPage, request.form, ignore=forms.IGNORED)
        forms.need(given, verdict="请选一项：复核无误，或者有问题。")
        with unit_of_work():
            review_sample(run_id, review_id, given.verdict, given.note, principal())
    except Refusal as refusal:
        return _page(run_id, errors=forms.errors(refusal, "verdict"), note=given.note), refusal.kind.value
    return redirect(f"{url_for('.review', run_id=run_id)}#sample", 303)


def _page(run_id: int, problem: str = "", errors: dict[str, str] | None = None, note: str = "") -> str:
    run = run_for(principal(), run_id)
    items, everybody, submission = items_of_run(run), rows_of_run(run.id), submission_of(run.id)
    number = submission.round if submission else 1
    rows = [row for row in everybody if row.round == number]
    numbers = {s.certificate.signup_id: s for s in newest_of_all([c.id for c in certificates_of_run(run.id)])}
    state = submission.state if submission else "open"
    mine = submission is not None and principal().account_id in hands_in(submission)
    why = why_failed(run)
    table = [
        [_who(row), *(_points(row, i) for i in items),
         {"text": WORDS[row.outcome], "tone": TONES.get(row.outcome, "plain")},
         row.examiner or {"text": "没有写明", "tone": "warn"} if row.version else None,
         *([_number(numbers.get(row.signup.id))] if numbers else [])]
        for row in rows
    ]  # fmt: skip
    columns = ["姓名", *({"label": f"{i.name}（{figure(i.pass_mark)}）", "num": True} for i in items), "结果", "考核人"]
    return render_template(
        "admin/results_run.html", title="成绩确认", back=url_for(".index"), run=run, state=state,
        submission=submission, note=note, ends=not_before(run),
        columns=columns + (["证书编号"] if numbers else []), rows=table,
        problem=problem, errors=errors or {},
        passed=sum(r.outcome == "passed" for r in rows), failed=sum(r.outcome == "failed" for r in rows),
        incomplete=sum(r.outcome == "incomplete" for r in rows), may=principal().has("approver"), mine=mine,
        why=[(row.signup.name, "；".join(why[row.signup.id])) for row in rows if why.get(row.signup.id)],
        waiting=number_waiting(run.id),
        reviews=[_review(one) for one in reviews_of(run.id)], number=number,
        earlier=[_earlier(row, numbers) for row in everybody if row.round != number],
        resits=len(candidates(run)), may_enter=principal().has("operator"), numbered=bool(numbers),
        issued=sum(row.signup.id in numbers for row in rows),
    )  # fmt: skip


def _earlier(row: Row, numbers: dict[int, Any]) -> list[Any]:
    outcome = {"text": WORDS[row.outcome], "tone": TONES.get(row.outcome, "plain")}
    return [_who(row), outcome, *([_number(numbers.get(row.signup.id))] if numbers else [])]


def _who(row: Row) -> dict[str, str]:
    more = {"resit": f"（第 {row.attempt} 次考核）", "correction": "（更正）"}.get(row.kind, "")
    url = url_for("result_person.page", run_id=row.signup.run_id, signup_id=row.signup.id)
    return {"text": f"{row.signup.name}{more}", "href": url}


def _points(row: Row, item: Item) -> str | None:
    if item.code in row.exempt:
        return "免考"
    if item.code not in row.points:
        return None
    return f"{figure(row.points[item.code])}{'（沿用）' if item.code in row.carried else ''}"


def _review(one: ResultReview) -> dict[str, Any]:
    me = principal().account_id
    name = db.session.scalar(select(Account.name).where(Account.id == one.reviewed_by)) if one.reviewed_by else ""
    return {"id": one.id, "state": one.state, "note": one.note, "by": name, "at": one.reviewed_at,
            "mine": me in (one.submitted_by, one.confirmed_by)}  # fmt: skip


def _number(seen: Any) -> Any:
    if seen is None:
        return None
    return {
        "text": seen.certificate.number,
        "href": url_for("console_certificates.one", certificate_id=seen.certificate.id),
    }
