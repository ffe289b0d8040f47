"""Corrections after the confirmation: revoked first, another person again, and a history (feat-C6, rel-E3)."""

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from chengjiu_mp.certificates.models import Certificate
from chengjiu_mp.certificates.states import revoke
from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.exams.models import ExamResult, Submission
from chengjiu_mp.signin.models import Account
from tests import exams_rows as rows
from tests import factories, issued


class Office:
    """A confirmed run: 张三 passed and holds a certificate, 李四 failed by half a point."""

    def __init__(self, client: Any) -> None:
        self.client = client
        run, by = issued.ready_run("张三")
        self.run = run
        with factories.made():
            self.failed = rows.attended(run, "李四")
            rows.result(self.failed, rows.FAIL, "failed")
            self.operator = factories.account("operator", name="周敏")
            self.headers = factories.headers_of(self.operator)
            self.approver = factories.headers_of(db.session.get_one(Account, by.account_id))
        self.url = f"/api/v1/runs/{run.id}/results"
        self.confirm()
        self.certificate = db.session.scalars(select(Certificate)).one()

    def confirm(self) -> Any:
        return self.client.post(f"{self.url}/confirm", headers=self.approver)

    def correct(self, signup_id: int, reason: str = "理论卷第二页漏算", **items: Any) -> Any:
        body = {"signup_id": signup_id, "items": items, "reason": reason}
        return self.client.post(f"{self.url}/corrections", json=body, headers=self.headers)


@pytest.fixture
def office(app: Flask, client: Any) -> Office:
    return Office(client)


def test_a_failure_put_right_is_confirmed_by_another_and_then_issued(office: Office) -> None:
    assert office.correct(office.failed.id, theory=80).json["round"] == 2
    assert office.client.post(f"{office.url}/submit", headers=office.headers).status_code == 200
    assert db.session.scalar(select(Submission.submitted_by).where(Submission.round == 2)) == office.operator.id
    assert [one["number"] for one in office.confirm().json["certificates"]] == ["JYA202600001", "JYA202600002"]
    was, now = db.session.scalars(select(ExamResult).where(ExamResult.signup_id == office.failed.id)).all()
    assert (was.items["theory"], was.outcome) == (79.5, "failed")
    assert (now.items["theory"], now.outcome, now.reason, now.follows_id) == (80, "passed", "理论卷第二页漏算", was.id)


def test_while_a_certificate_stands_its_revocation_is_asked_for(office: Office) -> None:
    holder = office.certificate.signup_id
    refused = office.correct(holder, theory=10)
    assert (refused.status_code, refused.json["code"]) == (409, "certificate_stands")
    assert refused.json["certificate_id"] == office.certificate.id
    assert db.session.scalars(select(Submission).where(Submission.round == 2)).all() == []
    with unit_of_work():
        revoke(db.session.get_one(Certificate, office.certificate.id), "成绩登记有误")
    assert office.correct(holder, theory=10).status_code == 200
    office.client.post(f"{office.url}/submit", headers=office.headers)
    office.confirm()
    assert [one.state for one in db.session.scalars(select(Certificate))] == ["revoked"]


def test_what_is_not_confirmed_is_no_correction_and_the_same_points_neither(office: Office) -> None:
    assert office.correct(office.failed.id, theory=79.5).json["code"] == "nothing_to_correct"
    office.correct(office.failed.id, theory=80)
    assert office.correct(office.failed.id, theory=81).json["code"] == "nothing_to_correct"
    assert office.correct(office.failed.id, theory=101).status_code == 422


def test_the_history_says_old_and_new_who_and_why(office: Office) -> None:
    office.correct(office.failed.id, theory=80)
    url = f"{office.url}/{office.failed.id}/history"
    events = office.client.get(url, headers=office.approver).json["items"]
    last = events[-1]
    assert (last["action"], last["by"], last["reason"]) == ("更正成绩", "周敏", "理论卷第二页漏算")
    assert (last["was"]["theory"], last["now"]["theory"]) == (79.5, 80)
    page = office.client.get(f"/teach/runs/{office.run.id}/results/{office.failed.id}", headers=office.headers).text
    assert "理论 79.5 → 80" in page
    assert "原因：理论卷第二页漏算" in page


def test_a_return_is_in_the_history_with_its_note(client: Any, app: Flask) -> None:
    run, by = issued.ready_run("张三")
    with factories.made():
        head = factories.headers_of(db.session.get_one(Account, by.account_id))
    client.post(f"/api/v1/runs/{run.id}/results/return", json={"note": "理论漏填"}, headers=head)
    one = db.session.scalars(select(ExamResult)).one()
    events = client.get(f"/api/v1/runs/{run.id}/results/{one.signup_id}/history", headers=head).json["items"]
    assert [(e["action"], e["reason"]) for e in events] == [("退回修改", "理论漏填")]


def test_the_page_asks_for_a_reason_and_points_to_the_certificate(office: Office) -> None:
    page = f"/teach/runs/{office.run.id}/results/{office.failed.id}"
    points = {"p-theory": "80", "p-cpr": "88", "p-aed": "95"}
    refused = office.client.post(f"{page}/correct", data=points, headers=office.headers)
    assert refused.status_code == 422
    assert "请写明更正原因" in refused.text
    assert 'value="80"' in refused.text
    done = office.client.post(f"{page}/correct", data=points | {"why": "漏算一题"}, headers=office.headers)
    assert done.status_code == 303
    holder = f"/teach/runs/{office.run.id}/results/{office.certificate.signup_id}"
    text = office.client.get(holder, headers=office.headers).text
    assert f"/console/certificates/{office.certificate.id}" in text
    assert "请复核人先吊销证书" in text
