"""出勤 by forms alone: shares on the roster, 签退, an operator's correction, and results that wait for it."""

import re
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from chengjiu_mp.checkin.attended_models import ExitScan
from chengjiu_mp.checkin.models import CheckIn, Scan
from chengjiu_mp.checkin.queries import export_person
from chengjiu_mp.core import clock
from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.courses import signup_queries
from chengjiu_mp.courses.models import Meeting, Signup
from chengjiu_mp.signin import sessions
from tests import factories


def _sign_in(client: FlaskClient, account_id: int) -> None:
    with unit_of_work():
        token, _ = sessions.open_session("device", account_id)
    with client.session_transaction() as cookie:
        cookie["t"] = token


class Course:
    """A run of two meetings that are over, the last an hour ago; 张伟 came to both, 李娜 to the first."""

    def __init__(self, client: FlaskClient, *, exits: bool) -> None:
        with factories.made():
            asked = factories.syllabus()
            asked.exit_scan, asked.min_attendance_ratio = exits, 0.9
            teacher = factories.instructor("陈建国")
            run = factories.run(starts_in=timedelta(days=-1), instructors=[teacher])
            second = Meeting(
                run_id=run.id, sequence=2, starts_at=clock.now() - timedelta(hours=4),
                ends_at=clock.now() - timedelta(hours=1),
            )  # fmt: skip
            db.session.add(second)
            run.ends_at = second.ends_at
            db.session.flush()
            self.whole = self._here(factories.signup(run, "张伟", outcome="attended"), *run_meetings(run.id))
            self.half = self._here(factories.signup(run, "李娜", outcome="attended"), *run_meetings(run.id)[:1])
            self.operator = factories.account("operator").id
        self.run, self.second = run.id, second.id
        self.path = f"/teach/runs/{run.id}"
        _sign_in(client, teacher.account_id or 0)

    def _here(self, signup: Signup, *meetings: Meeting) -> int:
        for meeting in meetings:
            scan = Scan(
                run_id=signup.run_id, meeting_id=meeting.id, signup_id=signup.id, nonce=f"{signup.id}-{meeting.id}",
                source="name", scanned_at=meeting.starts_at, verdict="accepted", code="ok",
            )  # fmt: skip
            db.session.add(scan)
            db.session.flush()
            db.session.add(
                CheckIn(
                    run_id=signup.run_id, signup_id=signup.id, meeting_id=meeting.id, scan_id=scan.id,
                    first_at=scan.scanned_at, by_name="陈建国",
                )
            )  # fmt: skip
        return signup.id


def run_meetings(run_id: int) -> list[Meeting]:
    return list(db.session.scalars(select(Meeting).where(Meeting.run_id == run_id).order_by(Meeting.sequence)))


@pytest.fixture
def course(app, client, frozen):
    return Course(client, exits=False)


def _form(page: str, marker: str) -> tuple[str, dict[str, str]]:
    for form in re.findall(r"<form.*?</form>", page, re.DOTALL):
        if marker in form:
            action = re.search(r'action="([^"]+)"', form)
            return (action[1] if action else ""), dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', form))
    raise AssertionError(f"no form with {marker}")


def test_the_roster_says_who_attended_how_much(client, course):
    page = client.get(course.path).text
    assert "2/2 次 · 100%" in page
    assert f'href="{course.path}/attended' in page
    assert "1/2 次 · 50%" in client.get(f"{course.path}?meeting={run_meetings(course.run)[0].id}").text


def test_a_run_of_one_meeting_says_nothing_of_shares(client, app, frozen):
    with factories.made():
        teacher = factories.instructor("刘芳")
        run = factories.run(starts_in=timedelta(hours=-4), instructors=[teacher])
        factories.signup(run, "张三", outcome="attended")
    _sign_in(client, teacher.account_id or 0)
    assert "/attended" not in client.get(f"/teach/runs/{run.id}").text


def test_nobody_is_passed_who_was_there_too_little(client, course):
    page = client.get(f"{course.path}/results").text
    assert "出勤 1/2 次 · 50%，不到 90%" in page
    assert f"p.{course.whole}.theory" in page
    assert f"p.{course.half}.theory" not in page


def test_an_operator_corrects_with_a_reason_and_the_boxes_are_there(client, course):
    page = f"{course.path}/attended"
    shown = client.get(page).text
    assert "50%，不够" in shown
    assert "加多少分钟" not in shown
    _sign_in(client, course.operator)
    action, fields = _form(client.get(page).text, "更正李娜的出勤")
    assert client.post(action, data=fields | {"minutes": "180", "reason": ""}).status_code == 422
    done = client.post(action, data=fields | {"minutes": "180", "reason": "签到表上有签名"})
    shown = client.get(done.location).text
    assert "出勤已更正" in shown
    assert "含更正 180 分钟" in shown
    assert f"p.{course.half}.theory" in client.get(f"{course.path}/results").text


def test_an_instructor_corrects_nothing(client, course):
    _, fields = _form(client.get(course.path).text, "打印签到表")
    given = {"csrf_token": fields["csrf_token"], "signup_id": str(course.half), "minutes": "180", "reason": "在场"}
    assert client.post(f"{course.path}/attended", data=given).status_code == 403


def test_people_are_scanned_out_by_name_and_by_code_where_it_is_asked(client, app, frozen):
    course = Course(client, exits=True)
    page = f"{course.path}/attended?meeting={course.second}"
    roster = client.get(course.path).text
    assert "没有签退" in roster
    assert "签退、出勤" in roster
    shown = client.get(page).text
    assert "2 课没有签退" in shown
    assert "开课 15 分钟内签到" in shown
    action, fields = _form(shown, "给张伟签退")
    done = client.post(action, data=fields).text
    assert "已签退" in done
    assert "1 课没有签退" in done
    code = db.session.get_one(Signup, course.half).code
    action, fields = _form(done, 'name="code"')
    refused = client.post(action, data=fields | {"code": code}).text
    assert "这位在这一课没有签到" in refused
    assert db.session.scalars(select(ExitScan.signup_id)).all() == [course.whole]


def test_the_persons_own_page_says_how_much_was_attended_and_what_to_do(client, course):
    """feat-B10, C3: who would not pass for it learns so from their ticket."""
    whole = client.get(ticket_path(course.whole)).text
    assert "已上 2/2 次 · 100%（要求 90%）" in whole
    half = client.get(ticket_path(course.half)).text
    assert "出勤不够" in half
    assert "已上 1/2 次 · 50%，要求 90%" in half
    assert "请告诉老师" in half


def test_ones_own_data_says_when_one_came_and_left(client, app, frozen):
    course = Course(client, exits=True)
    action, fields = _form(client.get(f"{course.path}/attended?meeting={course.second}").text, "给张伟签退")
    client.post(action, data=fields)
    rows = export_person([course.whole])
    assert [row["left_at"] for row in rows] == [None, frozen.now]


def ticket_path(signup_id: int) -> str:
    return f"/i/{signup_queries.ticket_token(db.session.get_one(Signup, signup_id))}"
