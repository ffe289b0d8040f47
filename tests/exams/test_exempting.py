"""免考: on the strength of a certificate whose original was seen; the item counts as passed."""

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from chengjiu_mp.core.db import db
from chengjiu_mp.core.models import AuditEntry
from chengjiu_mp.exams.exemption_models import ExamExemption
from chengjiu_mp.signin.models import Account
from tests import exams_rows as rows
from tests import factories

GIVEN = {"item": "cpr", "reason": "持有效救护员证", "certificate_no": "JYR202500012", "original_seen": True}


class Desk:
    def __init__(self, client: Any) -> None:
        self.client = client
        with factories.made():
            teacher = factories.instructor()
            self.run = rows.past_run(instructors=[teacher])
            self.one = rows.attended(self.run)
            self.headers = factories.headers_of(db.session.get_one(Account, teacher.account_id))
        self.url = f"/api/v1/runs/{self.run.id}/results"

    def exempt(self, **changed: Any) -> Any:
        body = GIVEN | {"signup_id": self.one.id} | changed
        return self.client.post(f"{self.url}/exemptions", json=body, headers=self.headers)

    def put(self, version: int = 0, /, **items: Any) -> Any:
        body = {"rows": [{"signup_id": self.one.id, "version": version, "items": items}]}
        return self.client.put(self.url, json=body, headers=self.headers)


@pytest.fixture
def desk(app: Flask, client: Any) -> Desk:
    return Desk(client)


def test_an_exempt_item_counts_as_passed(desk: Desk) -> None:
    assert desk.exempt().json["rows"][0]["exempt"] == ["cpr"]
    assert desk.put(theory=90, aed=79).json["rows"][0]["outcome"] == "failed"
    assert desk.put(1, theory=90, aed=80).json["rows"][0]["outcome"] == "passed"
    row = db.session.scalars(select(ExamExemption)).one()
    assert (row.reason, row.certificate_no, row.by_name) == ("持有效救护员证", "JYR202500012", "陈建国")
    entry = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "results.exempted")).one()
    assert entry.facts["item"] == "cpr" and "JYR202500012" not in str(entry.facts)


def test_what_was_entered_before_is_judged_anew_and_a_form_from_before_is_stale(desk: Desk) -> None:
    desk.put(theory=90, aed=90)
    row = desk.exempt().json["rows"][0]
    assert (row["outcome"], row["version"]) == ("passed", 2)
    assert desk.put(1, theory=10, aed=90).json["code"] == "stale_version"


def test_twice_is_once_and_taken_back_it_is_examined_again(desk: Desk) -> None:
    desk.put(theory=90, aed=90)
    desk.exempt()
    assert desk.exempt().json["rows"][0]["version"] == 2
    row = db.session.scalars(select(ExamExemption)).one()
    url = f"{desk.url}/exemptions/{row.id}/withdraw"
    back = desk.client.post(url, headers=desk.headers).json["rows"][0]
    assert (back["outcome"], back["exempt"], back["version"]) == ("incomplete", [], 3)


def test_what_the_result_became_is_in_the_trail_and_in_its_history(desk: Desk) -> None:
    desk.put(theory=90, aed=90)
    desk.exempt()
    row = db.session.scalars(select(ExamExemption)).one()
    desk.client.post(f"{desk.url}/exemptions/{row.id}/withdraw", headers=desk.headers)
    entries = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "results.rejudged")).all()
    assert [(one.object_type, one.facts["before"], one.facts["outcome"], one.facts["version"]) for one in entries] == [
        ("exam_result", "incomplete", "passed", 2), ("exam_result", "passed", "incomplete", 3),
    ]  # fmt: skip
    events = desk.client.get(f"{desk.url}/{desk.one.id}/history", headers=desk.headers).json["items"]
    assert [one["action"] for one in events] == ["登记成绩", "免考", "重新评定", "撤销免考", "重新评定"]
    assert (events[-1]["outcome_before"], events[-1]["outcome"]) == ("passed", "incomplete")
    page = desk.client.get(f"/teach/runs/{desk.run.id}/results/{desk.one.id}", headers=desk.headers).text
    assert "合格 → 未完成" in page
    assert "未完成 → 合格" in page


def test_an_exemption_before_any_points_has_nothing_to_judge(desk: Desk) -> None:
    desk.exempt()
    assert db.session.scalars(select(AuditEntry).where(AuditEntry.action == "results.rejudged")).all() == []


def test_nobody_is_exempt_without_the_original_nor_from_everything(desk: Desk) -> None:
    refused = desk.exempt(original_seen=False)
    assert (refused.status_code, refused.json["code"]) == (422, "original_not_seen")
    desk.exempt()
    desk.exempt(item="aed")
    assert desk.exempt(item="theory").json["code"] == "exemption_too_wide"
    assert desk.exempt(item="swimming").status_code == 404


def test_handed_in_results_take_no_exemption(desk: Desk) -> None:
    desk.put(**rows.PASS)
    desk.client.post(f"{desk.url}/submit", headers=desk.headers)
    assert desk.exempt().json["code"] == "results_submitted"


def test_the_page_records_it_and_the_grid_shows_it(desk: Desk) -> None:
    page = f"/teach/runs/{desk.run.id}/results"
    form = {"item": "cpr", "reason": "持有效救护员证", "certificate_no": "JYR202500012"}
    refused = desk.client.post(f"{page}/{desk.one.id}/exempt", data=form, headers=desk.headers)
    assert refused.status_code == 422
    assert "请看过原件再勾选" in refused.text
    assert 'value="JYR202500012"' in refused.text
    form["original_seen"] = "1"
    assert desk.client.post(f"{page}/{desk.one.id}/exempt", data=form, headers=desk.headers).status_code == 303
    assert "免考" in desk.client.get(f"{page}/{desk.one.id}", headers=desk.headers).text
    assert '<span class="pill ok">' in desk.client.get(page, headers=desk.headers).text.partition("心肺复苏")[2][:200]
