"""按单位点名: one unit's thirty people, twenty-seven ticked, sent once (feat-B13)."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from chengjiu_mp.checkin.models import CheckIn, Scan
from chengjiu_mp.core import clock
from chengjiu_mp.core.db import db
from chengjiu_mp.courses.models import CourseRun, Signup
from tests import factories
from tests.web.test_scan_pages import _sign_in


@pytest.fixture
def group(app, client):
    """A run with thirty people of a school and two of another unit; its instructor is signed in."""
    with factories.made():
        teacher = factories.instructor("陈建国")
        run = factories.run(starts_in=timedelta(minutes=10), instructors=[teacher])
        school = factories.child_unit(name="澄江中心小学")
        ours = [factories.signup(run, f"教师{n:02}", sort_key=f"{n:02}", owner_unit_id=school.id).id for n in range(30)]
        others = [factories.signup(run, f"居民{n}").id for n in range(2)]
    _sign_in(client, teacher.account_id or 0)
    path = f"/teach/runs/{run.id}/group"
    return {"run": run.id, "unit": school.id, "path": path, "ours": ours, "others": others}


def form(client, group):
    page = client.get(f"{group['path']}?unit={group['unit']}").text
    fields = dict(re.findall(r'name="(csrf_token|meeting_id|unit_id|nonce)" value="([^"]*)"', page))
    return page, fields


def here():
    db.session.rollback()
    return set(db.session.scalars(select(CheckIn.signup_id)))


def test_the_roster_leads_to_the_units_and_their_people(client, group):
    assert f'href="{group["path"]}?meeting=' in client.get(f"/teach/runs/{group['run']}").text
    page = client.get(group["path"]).text
    assert "澄江中心小学" in page
    assert "已到 0/30" in page
    shown, _ = form(client, group)
    assert shown.count('name="here"') == 30
    assert "居民" not in shown


def test_twenty_seven_are_ticked_and_sent_once(client, group):
    _, fields = form(client, group)
    for _ in range(2):
        reply = client.post(group["path"], data={**fields, "here": group["ours"][:27]}, follow_redirects=True)
        assert "27 人已签到" in reply.text
    assert here() == set(group["ours"][:27])
    assert len(db.session.scalars(select(Scan)).all()) == 27
    assert {one.source for one in db.session.scalars(select(Scan))} == {"name"}
    assert "还没到（3）" in reply.text


def test_nobody_ticked_is_said_and_nothing_is_written(client, group):
    _, fields = form(client, group)
    reply = client.post(group["path"], data=fields)
    assert (reply.status_code, "还没有勾选人" in reply.text) == (422, True)
    assert here() == set()


def test_who_is_left_is_not_ticked_after_a_form_was_sent(client, group):
    shown, fields = form(client, group)
    assert len(re.findall('name="here"[^>]* checked', shown)) == 30
    reply = client.post(group["path"], data={**fields, "here": group["ours"][:27]}, follow_redirects=True)
    assert reply.text.count('name="here"') == 3
    assert not re.findall('name="here"[^>]* checked', reply.text)


def test_a_form_that_was_refused_comes_back_with_its_ticks(client, group):
    _, fields = form(client, group)
    with factories.made():
        db.session.get_one(CourseRun, group["run"]).closed_at = clock.now()
    refused = client.post(group["path"], data={**fields, "here": group["ours"][:2]})
    assert (refused.status_code, "补签要写明原因" in refused.text) == (422, True)
    ticked = re.findall('name="here" value="([0-9]+)" checked', refused.text)
    assert sorted(map(int, ticked)) == sorted(group["ours"][:2])
    with factories.made():
        db.session.get_one(CourseRun, group["run"]).attendance_fixed_at = clock.now()
    late = client.post(group["path"], data={**fields, "here": group["ours"][:2], "reason": "才交回来"})
    assert (late.status_code, "成绩已经提交，不能再补签" in late.text) == (409, True)
    assert here() == set()


def test_who_left_meanwhile_is_told_of(client, group):
    _, fields = form(client, group)
    with factories.made():
        db.session.get_one(Signup, group["ours"][0]).state = "withdrawn"
    reply = client.post(group["path"], data={**fields, "here": group["ours"][:2]}, follow_redirects=True)
    assert "1 人已签到。1 人没有签上" in reply.text


def test_a_unit_without_people_here_is_not_found(client, group):
    assert client.get(f"{group['path']}?unit=999999").status_code == 404


def test_another_instructor_sees_nothing(client, group):
    with factories.made():
        stranger = factories.instructor("外人")
    _sign_in(client, stranger.account_id or 0)
    assert client.get(f"{group['path']}?unit={group['unit']}").status_code == 404
    _, fields = 0, {"meeting_id": 1, "unit_id": group["unit"], "nonce": "a" * 26, "here": group["ours"][0]}
    assert client.post(group["path"], data=fields).status_code in (400, 404)
    assert here() == set()
