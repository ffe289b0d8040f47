"""What became of somebody's result, from the audit trail: old and new, who, when and why (feat-C6)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, or_, select

from chengjiu_mp.core.db import db
from chengjiu_mp.core.models import AuditEntry
from chengjiu_mp.courses.models import CourseRun, Signup
from chengjiu_mp.exams.exemption_models import ExamExemption
from chengjiu_mp.exams.models import ExamResult, Submission
from chengjiu_mp.signin.models import Account

WORDS = {
    "results.saved": "登记成绩", "results.submitted": "提交复核", "results.returned": "退回修改",
    "results.confirmed": "确认", "results.resit_opened": "登记补考", "results.correction": "更正成绩",
    "results.exempted": "免考", "results.exemption_withdrawn": "撤销免考", "results.reviewed": "抽查复核",
    "results.rejudged": "重新评定",
}  # fmt: skip


@dataclass(frozen=True)
class Event:
    """One entry: {item code: points} before and after where points changed, the outcome after (and before, where it was
    judged anew), and the reason.
    """

    at: datetime
    by: str
    action: str
    was: dict[str, Any]
    now: dict[str, Any]
    outcome: str
    outcome_before: str
    reason: str
    item: str


def history_of(run: CourseRun, signup: Signup) -> list[Event]:
    """Return what happened to a sign-up's result and to the rounds it was in, the oldest first."""
    theirs = ExamResult.signup_id == signup.id
    results = select(ExamResult.id).where(theirs)
    exempted = select(ExamExemption.id).where(ExamExemption.signup_id == signup.id)
    rounds = select(Submission.id).where(
        Submission.run_id == run.id, Submission.round.in_(select(ExamResult.round).where(theirs))
    )  # fmt: skip
    about = or_(
        and_(AuditEntry.object_type == "exam_result", AuditEntry.object_id.in_(results)),
        and_(AuditEntry.object_type == "exam_exemption", AuditEntry.object_id.in_(exempted)),
        and_(AuditEntry.object_type == "submission", AuditEntry.object_id.in_(rounds)),
    )
    query = select(AuditEntry, Account.name).outerjoin(Account, Account.id == AuditEntry.actor_id)
    found = db.session.execute(query.where(about, AuditEntry.action.in_(WORDS)).order_by(AuditEntry.id))
    return [_event(entry, name) for entry, name in found]


def _event(entry: AuditEntry, name: str | None) -> Event:
    facts = entry.facts
    return Event(
        entry.at, name or "系统", WORDS[entry.action], facts.get("was", {}), facts.get("now", {}),
        str(facts.get("outcome", "")),
        str(facts.get("before", "")), str(facts.get("reason", "")), str(facts.get("item", "")),
    )  # fmt: skip
