"""Makers for tests about results: a run that is over, people who were there, their points."""

from datetime import timedelta

from chengjiu_mp.core.db import db
from chengjiu_mp.courses.models import CourseRun, Signup
from chengjiu_mp.exams.models import ExamResult, Submission
from chengjiu_mp.signin.models import Account
from tests import factories

PASS = {"theory": 90.0, "cpr": 88.0, "aed": 95.0}
FAIL = {"theory": 79.5, "cpr": 88.0, "aed": 95.0}


def past_run(kind: str = "cpr_aed", **values) -> CourseRun:
    return factories.run(kind, starts_in=timedelta(hours=-4), **values)


def attended(of: CourseRun, name: str = "张三", **values) -> Signup:
    return factories.signup(of, name, outcome="attended", **values)


def result(of: Signup, items: dict[str, float] | None = None, outcome: str = "passed") -> ExamResult:
    row = ExamResult(run_id=of.run_id, signup_id=of.id, items=items or PASS, outcome=outcome)
    db.session.add(row)
    return row


def submitted(of: CourseRun, by: Account | None = None) -> Submission:
    who = by or factories.account("operator")
    row = Submission(run_id=of.id, state="submitted", submitted_by=who.id, submitted_at=of.ends_at)
    db.session.add(row)
    return row
