"""Ending a run on its instructor's phone, and paper that is entered afterwards, by forms alone."""

import re
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, update

from chengjiu_mp.checkin.models import Scan
from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.courses.models import CourseRun, Signup
from chengjiu_mp.signin import sessions
from tests import factories


def _sign_in(client: FlaskClient, account_id: int) -> None:
    with unit_of_work():
        token, _ = sessions.open_session("device", account_id)
    with client.session_transaction() as cookie:
        cookie["t"] = token


@pytest.fixture
def class_(app, client, frozen):
    """A run of two people that ended an hour ago; one came, and its instructor is signed in."""
    with factories.made():
        teacher = factories.instructor("陈建国")
        run = factories.run(starts_in=timedelta(hours=-4), instructors=[teacher])
        factories.signup(run, "张伟", outcome="attended")
        late = factories.signup(run, "李娜", code="AB2C9K")
    _sign_in(client, teacher.account_id or 0)
    return {"run": run.id, "path": f"/teach/runs/{run.id}", "late": late.id}


def _fields(page: str, action: str, marker: str = "") -> dict[str, str]:
    for form in re.findall(r"<form.*?</form>", page, re.DOTALL):
        if f'action="{action}"' in form and marker in form:
            return dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', form))
    raise AssertionError(f"no form for {action}")


def _send(client, page, action, marker="", **values):
    fields = _fields(client.get(page).text, action, marker)
    return client.post(action, data=fields | values)


def test_the_instructor_closes_the_run_from_the_roster(client, class_):
    close = f"{class_['path']}/close"
    assert f'href="{close}"' in client.get(class_["path"]).text
    page = client.get(close).text
    assert re.search(r"<dt>签到</dt><dd>1 人</dd>", page)
    assert re.search(r"<dt>待补录</dt><dd>0 人</dd>", page)
    unsure = _send(client, close, close, head_count="1")
    assert (unsure.status_code, "请先勾选" in unsure.text) == (422, True)
    wrong = _send(client, close, close, head_count="3", sure="1")
    assert (wrong.status_code, "签到 1 人，实到 3 人，多 2 人" in wrong.text) == (422, True)
    assert 'value="3"' in wrong.text
    assert _send(client, close, close, head_count="3", note="两位旁听", sure="1").status_code == 303
    assert db.session.get_one(CourseRun, class_["run"]).state == "closed"
    shown = client.get(close).text
    assert "写的原因：两位旁听" in shown
    assert _send(client, close, close, head_count="2").status_code == 409
    assert _send(client, close, close, head_count="1", note="重新数过").status_code == 303
    assert "写的原因" not in client.get(close).text


def test_somebody_elses_run_is_not_closed(client, class_):
    with factories.made():
        other = factories.run(starts_in=timedelta(hours=-4))
    assert client.get(f"/teach/runs/{other.id}/close").status_code == 404


def _close(run_id, **values):
    with unit_of_work():
        run = db.session.get_one(CourseRun, run_id)
        run.state, run.closed_at = "closed", run.ends_at + timedelta(minutes=5)
        for name, value in values.items():
            setattr(run, name, value)
        db.session.execute(update(Signup).where(Signup.outcome.is_(None)).values(outcome="absent"))


def test_a_name_is_ticked_after_closing_with_a_reason(client, class_):
    _close(class_["run"], head_count=1)
    page, ticks = class_["path"], f"{class_['path']}/ticks"
    assert "这一场已经结束" in client.get(page).text
    assert "现场加人" not in client.get(page).text
    refused = _send(client, page, ticks, "李娜")
    assert "签到时间已过" in client.get(refused.location).text
    assert _send(client, page, ticks, "李娜", reason="签到表刚交回来").status_code == 303
    assert db.session.get_one(Signup, class_["late"]).outcome == "attended"
    assert "签到 2 人，实到 1 人，实到少 1 人。" in client.get(page).text


def test_the_paper_field_asks_why_once_it_is_closed(client, class_):
    action = f"{class_['path']}/paper"
    assert 'name="reason"' not in client.get(action).text
    _close(class_["run"])
    missing = _send(client, action, action, codes="AB2C9K")
    assert (missing.status_code, "补签要写明原因" in missing.text, "AB2C9K" in missing.text) == (422, True, True)
    assert "录入了 1 人" in _send(client, action, action, codes="AB2C9K", reason="签到表刚交回来").text
    assert db.session.scalars(select(Scan.reason)).all() == ["签到表刚交回来"]


def test_a_unit_is_ticked_after_closing_with_a_reason(client, class_):
    _close(class_["run"])
    unit = db.session.get_one(Signup, class_["late"]).owner_unit_id
    page, action = f"{class_['path']}/group?unit={unit}", f"{class_['path']}/group"
    refused = _send(client, page, action, here=str(class_["late"]))
    assert (refused.status_code, "补签要写明原因" in refused.text) == (422, True)
    assert _send(client, page, action, here=str(class_["late"]), reason="表刚交回来").status_code == 303
    assert db.session.get_one(Signup, class_["late"]).outcome == "attended"


def test_once_the_results_are_in_nobody_is_ticked(client, class_, frozen):
    _close(class_["run"], attendance_fixed_at=frozen.now)
    page = client.get(class_["path"]).text
    assert "成绩已经提交，不能再补签" in page
    assert f'action="{class_["path"]}/ticks"' not in page


def test_the_console_shows_the_same_figures(client, class_):
    with factories.made():
        operator = factories.account("operator")
    _sign_in(client, operator.id)
    page = client.get(f"/console/runs/{class_['run']}").text
    assert re.search(r"<dt>签到</dt><dd>1 人</dd>", page)
    _close(class_["run"], head_count=2, head_count_note="一位没带手机")
    page = client.get(f"/console/runs/{class_['run']}").text
    assert "签到 1 人，实到 2 人，实到多 1 人。写的原因：一位没带手机" in page
