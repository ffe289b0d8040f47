"""补考: attempts that follow each other, in rounds that two people confirm (feat-C7)."""

import threading
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from chengjiu_mp.certificates.issuing import confirm
from chengjiu_mp.certificates.models import Certificate
from chengjiu_mp.certificates.states import revoke
from chengjiu_mp.core import context
from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.exams.errors import ResitRefused, SamePerson
from chengjiu_mp.exams.models import ExamResult, ExamScheme, Submission
from chengjiu_mp.exams.resits import open_resit
from chengjiu_mp.outbox.models import Message
from chengjiu_mp.signin import sessions
from chengjiu_mp.signin.models import Account
from tests import exams_rows as rows
from tests import factories, issued

FAILED = {"theory": 60.0, "cpr": 88.0, "aed": 95.0}


class Hall:
    """A run that is over: 张三 failed the theory, 李四 passed; an instructor, and an approver."""

    def __init__(self) -> None:
        with factories.made():
            self.teacher = factories.instructor()
            self.run = rows.past_run(instructors=[self.teacher])
            self.failed, self.passed = rows.attended(self.run, "张三"), rows.attended(self.run, "李四")
            self.headers = factories.headers_of(db.session.get_one(Account, self.teacher.account_id))
            self.approver = issued.approver()
        self.url = f"/api/v1/runs/{self.run.id}/results"

    def put(self, client: Any, version: int, items: dict[str, Any], who: Any = None) -> Any:
        row = {"signup_id": (who or self.failed).id, "version": version, "items": items}
        return client.put(self.url, json={"rows": [row]}, headers=self.headers)

    def resit(self, client: Any, who: Any = None) -> Any:
        body = {"signup_id": (who or self.failed).id}
        return client.post(f"{self.url}/resits", json=body, headers=self.headers)

    def submit(self, client: Any, *left_out: int) -> Any:
        return client.post(f"{self.url}/submit", json={"left_out": left_out}, headers=self.headers)

    def confirm(self) -> list[Certificate]:
        with unit_of_work():
            return confirm(self.run.id, self.approver)

    def first_round(self, client: Any) -> None:
        self.put(client, 0, FAILED)
        self.put(client, 0, rows.PASS, self.passed)
        self.submit(client)
        self.confirm()

    def ticket(self, client: Any) -> str:
        return client.get(f"/i/{factories.ticket(self.failed)}").text


@pytest.fixture
def hall(app: Flask) -> Hall:
    return Hall()


def row_of(reply: Any, who: Any) -> dict[str, Any]:
    return next(row for row in reply.json["rows"] if row["signup_id"] == who.id)


def test_on_the_day_itself_only_the_failed_items_are_taken_again(client: Any, hall: Hall) -> None:
    hall.put(client, 0, FAILED)
    row = row_of(hall.resit(client), hall.failed)
    assert (row["attempt"], row["kind"], row["outcome"], row["version"]) == (2, "resit", "incomplete", 2)
    assert (row["items"], row["carried"]) == ({"cpr": 88, "aed": 95}, ["aed", "cpr"])
    row = row_of(hall.put(client, 2, {"theory": 85}), hall.failed)
    assert (row["outcome"], row["items"]) == ("passed", {"theory": 85, "cpr": 88, "aed": 95})


def test_an_item_that_was_carried_over_is_not_changed(client: Any, hall: Hall) -> None:
    hall.put(client, 0, FAILED)
    hall.resit(client)
    refused = hall.put(client, 2, {"theory": 85, "cpr": 100})
    assert (refused.status_code, refused.json["errors"][0]["code"]) == (422, "carried_item")


def test_a_scheme_may_want_everything_again(client: Any, hall: Hall) -> None:
    with unit_of_work():
        db.session.get_one(ExamScheme, hall.run.exam_scheme_id).resit_failed_only = False
    hall.put(client, 0, FAILED)
    assert row_of(hall.resit(client), hall.failed)["items"] == {}


def test_a_form_of_the_first_attempt_is_stale_after_the_re_sit_began(client: Any, hall: Hall) -> None:
    hall.put(client, 0, FAILED)
    hall.resit(client)
    assert hall.put(client, 1, rows.PASS).json["code"] == "stale_version"


def test_begun_twice_is_one_attempt(client: Any, hall: Hall) -> None:
    hall.put(client, 0, FAILED)
    assert hall.resit(client).json == hall.resit(client).json


def test_who_passed_does_not_re_sit_and_nobody_more_often_than_the_scheme_allows(client: Any, hall: Hall) -> None:
    hall.put(client, 0, rows.PASS, hall.passed)
    assert hall.resit(client, hall.passed).json["code"] == "resit_refused"
    hall.put(client, 0, FAILED)
    hall.resit(client)
    hall.put(client, 2, {"theory": 10})
    refused = hall.resit(client)
    assert (refused.status_code, refused.json["code"], refused.json["max_resits"]) == (409, "resits_used_up", 1)


def test_nobody_re_sits_what_waits_for_its_confirmation(client: Any, hall: Hall) -> None:
    hall.put(client, 0, FAILED)
    hall.submit(client, hall.passed.id)
    assert hall.resit(client).json["code"] == "results_submitted"


def test_after_the_confirmation_a_second_round_is_confirmed_by_two_again(client: Any, hall: Hall) -> None:
    hall.first_round(client)
    assert len(hall.confirm()) == 1
    grid = hall.resit(client)
    assert (grid.json["round"], grid.json["state"]) == (2, "open")
    assert hall.put(client, 1, rows.PASS, hall.passed).json["code"] == "results_confirmed"
    hall.put(client, 2, {"theory": 90})
    assert hall.submit(client).status_code == 200
    with factories.made():
        db.session.scalars(
            select(Submission).where(Submission.round == 2)
        ).one().submitted_by = hall.approver.account_id
        other = issued.approver()
    with pytest.raises(SamePerson):
        hall.confirm()
    with unit_of_work():
        numbers = [one.number for one in confirm(hall.run.id, other)]
    assert numbers == ["JYA202600001", "JYA202600002"]


def test_a_re_sit_counts_for_the_plan_in_the_year_of_the_runs_last_meeting(client: Any, hall: Hall, frozen) -> None:
    hall.first_round(client)
    frozen.now += timedelta(days=60)
    with factories.made():
        hall.headers = factories.headers_of(db.session.get_one(Account, hall.teacher.account_id))
    hall.resit(client)
    hall.put(client, 2, {"theory": 90})
    hall.submit(client)
    late = hall.confirm()[-1]
    assert (late.counted, late.count_year, late.issued_on.year) == (True, 2026, 2027)


def test_what_was_revoked_is_not_issued_again_by_somebody_elses_re_sit(client: Any, hall: Hall) -> None:
    hall.first_round(client)
    with unit_of_work():
        revoke(db.session.scalars(select(Certificate)).one(), "冒名顶替")
    hall.resit(client)
    hall.put(client, 2, {"theory": 90})
    hall.submit(client)
    given = hall.confirm()
    assert [(one.signup_id, one.state) for one in given] == [
        (hall.passed.id, "revoked"), (hall.failed.id, "issued"),
    ]  # fmt: skip


def test_a_missed_re_sit_costs_none(client: Any, hall: Hall) -> None:
    hall.first_round(client)
    hall.resit(client)
    hall.submit(client, hall.failed.id)
    hall.confirm()
    assert row_of(hall.resit(client), hall.failed)["attempt"] == 3


def test_the_holder_is_offered_the_re_sit_and_reads_every_attempt(client: Any, hall: Hall) -> None:
    hall.first_round(client)
    page = hall.ticket(client)
    assert "理论 60 分（80 分合格）" in page
    assert "可以补考 1 次，只考没过的项目" in page
    assert db.session.scalar(select(func.count()).where(Message.kind == "result.failed")) == 1
    hall.resit(client)
    assert "待补考" in hall.ticket(client)
    hall.put(client, 2, {"theory": 90})
    hall.submit(client)
    assert "已交复核" in hall.ticket(client)
    hall.confirm()
    page = hall.ticket(client)
    assert "已发证" in page
    assert page.index("不合格") < page.index("补考（第 2 次考核）")
    assert "88 分，沿用上次" in page


class Later:
    """Another run of the same kind, at which the person who failed is present."""

    def __init__(self, hall: Hall) -> None:
        with factories.made():
            self.run = factories.run(starts_in=timedelta(minutes=-30), instructors=[hall.teacher])
            self.one = rows.attended(self.run, "张三", person_id=hall.failed.person_id)
        self.url = f"/api/v1/runs/{self.run.id}/results"


def test_a_later_run_of_the_same_kind_takes_the_failed_items_alone(client: Any, hall: Hall) -> None:
    hall.first_round(client)
    later = Later(hall)
    page = client.get(f"/teach/runs/{later.run.id}/results", headers=hall.headers).text
    assert "上一场同类课程不合格" in page
    client.post(f"/teach/runs/{later.run.id}/results/resit", data={"signup_id": later.one.id}, headers=hall.headers)
    row = client.get(later.url, headers=hall.headers).json["rows"][0]
    assert (row["attempt"], row["kind"], row["carried"]) == (1, "resit", ["aed", "cpr"])
    body = {"rows": [{"signup_id": later.one.id, "version": 1, "items": {"theory": 80}}]}
    assert client.put(later.url, json=body, headers=hall.headers).json["rows"][0]["outcome"] == "passed"
    # The failed attempt is followed already: neither here nor there a second time.
    assert hall.resit(client).json["code"] == "resit_refused"


def test_a_result_that_was_re_sat_elsewhere_is_corrected_there(client: Any, hall: Hall) -> None:
    hall.first_round(client)
    later = Later(hall)
    client.post(f"{later.url}/resits", json={"signup_id": later.one.id}, headers=hall.headers)
    with factories.made():
        headers = factories.bearer("operator")
    body = {"signup_id": hall.failed.id, "items": {"theory": 85}, "reason": "理论卷第二页漏算"}
    refused = client.post(f"{hall.url}/corrections", json=body, headers=headers)
    assert (refused.status_code, refused.json["code"]) == (409, "resat_elsewhere")
    assert refused.json["run_id"] == later.run.id
    assert later.run.title in refused.json["detail"]
    assert "请到那一场处理" in refused.json["detail"]
    # No empty round is left behind, and the page says it before anybody types.
    assert db.session.scalars(select(Submission.round).where(Submission.run_id == hall.run.id)).all() == [1]
    page = client.get(f"/teach/runs/{hall.run.id}/results/{hall.failed.id}", headers=headers).text
    assert "成绩以那一场为准" in page
    assert "登记更正" not in page
    # What is a correction of the last attempt at its own run stays one.
    body = {"signup_id": hall.passed.id, "items": {"theory": 85}, "reason": "理论卷第二页漏算"}
    assert client.post(f"{hall.url}/corrections", json=body, headers=headers).json["code"] == "certificate_stands"


def test_two_begin_one_persons_re_sit_at_once(app: Flask, client: Any, hall: Hall) -> None:
    hall.first_round(client)
    later = Later(hall)
    who = hall.teacher.account_id
    caller = context.Principal(account_id=who, grants=sessions.grants_of(who or 0))
    db.session.rollback()
    gate, got = threading.Barrier(6), []

    def begin(run_id: int, signup_id: int) -> None:
        with app.app_context():
            gate.wait()
            try:
                with unit_of_work():
                    got.append(open_resit(run_id, signup_id, caller).id)
            except ResitRefused:
                got.append(0)
            finally:
                db.session.remove()

    places = [(hall.run.id, hall.failed.id), (later.run.id, later.one.id)] * 3
    db.session.rollback()
    threads = [threading.Thread(target=begin, args=place) for place in places]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert len(got) == 6
    assert db.session.scalar(select(func.count()).where(ExamResult.kind == "resit")) == 1
    assert len(set(got) - {0}) == 1


def test_the_phone_begins_a_re_sit_and_the_desk_sees_the_round(client: Any, hall: Hall) -> None:
    hall.first_round(client)
    page = f"/teach/runs/{hall.run.id}/results"
    assert "第 1 次不合格，还可补考 1 次" in client.get(page, headers=hall.headers).text
    assert client.post(f"{page}/resit", data={"signup_id": hall.failed.id}, headers=hall.headers).status_code == 303
    grid = client.get(page, headers=hall.headers).text
    assert "补考（第 2 次考核）" in grid
    assert "（沿用）" in grid
    assert "已经确认的 1 人" in grid
    hall.put(client, 2, {"theory": 90})
    hall.submit(client)
    with factories.made():
        head = factories.bearer("approver")
    assert "第 2 次提交" in client.get("/console/results/", headers=head).text
    review = client.get(f"/console/results/{hall.run.id}", headers=head).text
    assert "张三（第 2 次考核）" in review
    assert "之前已经确认的 1 人" in review
