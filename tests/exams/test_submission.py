"""One submits, another confirms."""

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from chengjiu_mp.checkin.models import Scan
from chengjiu_mp.core import clock, context
from chengjiu_mp.core.day_words import day_time
from chengjiu_mp.core.db import db, unit_of_work, violated
from chengjiu_mp.courses.models import CourseRun, Meeting, Signup
from chengjiu_mp.exams import queries
from chengjiu_mp.exams.models import Submission
from tests import exams_rows as rows
from tests import factories


class Office:
    """A run that is over with one result, an operator and an approver."""

    def __init__(self) -> None:
        with factories.made():
            self.run = rows.past_run()
            self.one = rows.attended(self.run)
            self.operator, self.approver = factories.account("operator"), factories.account("approver", name="顾问渠")
            self.as_operator = factories.headers_of(self.operator)
            self.as_approver = factories.headers_of(self.approver)
        self.url = f"/api/v1/runs/{self.run.id}/results"

    def enter(self, client: Any, items: dict[str, float] | None = None, version: int = 0):
        row = {"signup_id": self.one.id, "version": version, "items": items or rows.PASS}
        return client.put(self.url, json={"rows": [row]}, headers=self.as_operator)

    def submit(self, client: Any, *left_out: int):
        return client.post(f"{self.url}/submit", json={"left_out": left_out}, headers=self.as_operator)


@pytest.fixture
def office(app: Flask) -> Office:
    return Office()


def test_submitted_results_are_closed(client: Any, office: Office) -> None:
    office.enter(client)
    assert office.submit(client).json["state"] == "submitted"
    refused = office.enter(client, version=1)
    assert (refused.status_code, refused.json["code"]) == (409, "results_submitted")
    assert office.submit(client).json["code"] == "results_submitted"


def test_confirmed_results_stay(client: Any, office: Office) -> None:
    with factories.made():
        db.session.add(Submission(run_id=office.run.id, state="confirmed"))
    assert office.enter(client).json["code"] == "results_confirmed"


def test_submitting_needs_no_body(client: Any, office: Office) -> None:
    office.enter(client)
    assert client.post(f"{office.url}/submit", headers=office.as_operator).json["state"] == "submitted"


def test_a_run_that_goes_on_is_not_submitted(client: Any, office: Office, frozen) -> None:
    office.enter(client)
    frozen.now -= timedelta(hours=2)
    assert office.submit(client).json["code"] == "run_not_over"


def test_the_pages_say_when_it_can_be_submitted_and_offer_it_then(client: Any, office: Office, frozen) -> None:
    phone, desk = f"/teach/runs/{office.run.id}/results", f"/console/results/{office.run.id}"

    def pages() -> tuple[str, str]:
        return tuple(client.get(url, headers=office.as_operator).text for url in (phone, desk))

    office.enter(client)
    over = frozen.now
    frozen.now -= timedelta(hours=2)
    entering, waiting = pages()
    said = f"{day_time(office.run.ends_at)}课程结束后"
    assert f"{said}，这里可以提交复核" in entering
    assert "全部登记好了" not in entering and "/results/submit" not in entering
    assert "保存成绩" in entering
    assert f"{said}，讲师才能提交" in waiting
    # What was sent all the same is refused with the same answer, and nothing is lost.
    refused = client.post(f"{phone}/submit", headers=office.as_operator)
    assert (refused.status_code, "课程还没有结束" in refused.text) == (409, True)
    frozen.now = over
    entering, waiting = pages()
    assert "全部登记好了" in entering and said not in entering
    assert "讲师还没有提交" in waiting


def test_a_run_that_was_closed_early_is(client: Any, office: Office, frozen) -> None:
    office.enter(client)
    frozen.now -= timedelta(hours=2)
    with unit_of_work():
        db.session.get_one(CourseRun, office.run.id).state = "closed"
    assert office.submit(client).status_code == 200


def test_an_incomplete_result_is_named_until_it_is_left_out(client: Any, office: Office) -> None:
    refused = office.submit(client)
    assert (refused.status_code, refused.json["signup_ids"]) == (422, [office.one.id])
    assert office.submit(client, office.one.id).status_code == 200


def test_an_empty_hall_submits_nothing(client: Any, office: Office) -> None:
    with unit_of_work():
        db.session.get_one(Signup, office.one.id).outcome = "absent"
    assert office.submit(client).json["code"] == "nobody_present"


def test_a_returned_run_opens_with_its_note(client: Any, office: Office) -> None:
    office.enter(client)
    office.submit(client)
    back = client.post(f"{office.url}/return", json={"note": "理论成绩漏填"}, headers=office.as_approver)
    assert (back.json["state"], back.json["returned_note"]) == ("open", "理论成绩漏填")
    assert office.enter(client, rows.FAIL, 1).status_code == 200
    assert office.submit(client).json["returned_note"] == ""


def test_nothing_to_return(client: Any, office: Office) -> None:
    back = client.post(f"{office.url}/return", json={"note": "理论成绩漏填"}, headers=office.as_approver)
    assert back.json["code"] == "not_submitted"


def test_the_database_itself_wants_two_people(app: Flask, office: Office) -> None:
    with factories.made():
        rows.submitted(office.run, office.operator)
    with pytest.raises(IntegrityError) as caught, unit_of_work():
        db.session.execute(text("update submission set confirmed_by = submitted_by"))
    assert violated(caught.value, "ck_submission_two_people")


def test_the_queue_names_who_is_waited_for(app: Flask, office: Office) -> None:
    with factories.made():
        elsewhere = factories.account("approver", "nanzha", name="别处")
        both = factories.account("approver", name="自己")
        rows.submitted(office.run, both)
    with factories.acting(office.approver):
        waiting = queries.submissions_waiting_for(context.principal())
    assert [w.approvers for w in waiting] == [("顾问渠",)]
    with factories.acting(elsewhere):
        assert queries.submissions_waiting_for(context.principal()) == []


def _scan_of(office: Office) -> int:
    with factories.made():
        meeting = db.session.query(Meeting).filter_by(run_id=office.run.id).one()
        scan = Scan(
            run_id=office.run.id, meeting_id=meeting.id, signup_id=office.one.id, nonce="n", source="name",
            scanned_at=clock.now(), verdict="accepted", code="ok",
        )  # fmt: skip
        db.session.add(scan)
        db.session.flush()
        return scan.id


def test_nobodys_attendance_is_taken_back_under_results_that_were_handed_in(client: Any, office: Office) -> None:
    office.enter(client)
    office.submit(client)
    url, body = (
        f"/api/v1/scans/{_scan_of(office)}/annul",
        {"json": {"reason": "点错了人"}, "headers": office.as_operator},
    )
    assert client.post(url, **body).json["code"] == "check_in_needed"
    client.post(f"{office.url}/return", json={"note": "请核对"}, headers=office.as_approver)
    assert client.post(url, **body).status_code == 200
