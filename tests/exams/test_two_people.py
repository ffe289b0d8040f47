"""Who typed a result, corrected it or exempted somebody is one of the two people; whoever confirms is another."""

import pytest
from flask import Flask
from sqlalchemy import select

from chengjiu_mp.certificates.issuing import confirm
from chengjiu_mp.core.context import Principal
from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.exams.correcting import record_correction
from chengjiu_mp.exams.errors import SamePerson
from chengjiu_mp.exams.exemption_models import ExamExemption
from chengjiu_mp.exams.models import ExamResult, Submission
from chengjiu_mp.exams.queries import submissions_waiting_for
from chengjiu_mp.exams.schemas import CorrectionIn
from chengjiu_mp.signin import sessions
from chengjiu_mp.signin.models import RoleGrant
from tests import factories, issued


@pytest.mark.parametrize("how", ["typed", "corrected", "exempted"])
def test_who_typed_it_does_not_confirm_it_when_somebody_else_submits(app: Flask, how: str) -> None:
    run, other = issued.ready_run("张三")
    with factories.made():
        both = factories.account("approver", name="周敏")
        db.session.add(RoleGrant(account_id=both.id, role="operator"))
        db.session.flush()
        who = Principal(account_id=both.id, name=both.name, grants=sessions.grants_of(both.id))
        result = db.session.scalars(select(ExamResult)).one()
        signup_id = result.signup_id
        if how == "typed":
            result.entered_by = both.id
        elif how == "exempted":
            db.session.add(
                ExamExemption(run_id=run.id, signup_id=signup_id, item="aed", reason="持证", certificate_no="A1",
                              made_by=both.id)
            )  # fmt: skip
    if how == "corrected":
        with unit_of_work():
            db.session.get_one(ExamResult, result.id).outcome = "failed"
            confirm(run.id, other)
        with unit_of_work():
            record_correction(run.id, CorrectionIn(signup_id=signup_id, items={"theory": 85}, reason="漏算一题"), who)
        with factories.made():
            found = db.session.scalars(select(Submission).where(Submission.round == 2)).one()
            found.state, found.submitted_by = "submitted", factories.account("operator").id
    with pytest.raises(SamePerson), unit_of_work():
        confirm(run.id, who)
    with unit_of_work():
        assert len(confirm(run.id, other)) == 1


def test_the_queue_names_nobody_who_typed_it(app: Flask) -> None:
    _, other = issued.ready_run("张三")
    with factories.made():
        typist = factories.account("approver", name="吴方")
        result = db.session.scalars(select(ExamResult)).one()
        result.entered_by = typist.id
    (waiting,) = submissions_waiting_for(other)
    assert waiting.approvers == (other.name,)
