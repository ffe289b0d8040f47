"""The console's shell, messages, audit and jobs."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from chengjiu_mp.core import audit, clock, jobs
from chengjiu_mp.core.db import db
from chengjiu_mp.core.models import AuditEntry, Job
from chengjiu_mp.outbox.service import tell
from chengjiu_mp.web.admin.audit_actions import ACTIONS
from chengjiu_mp.web.admin.audit_values import facts_in_words
from tests import factories
from tests.guards.source import modules


@pytest.fixture
def as_role():
    def headers(role="operator", unit=None, **grant):
        with factories.made():
            return factories.bearer(role, unit, **grant)

    return headers


def _dead_job():
    with factories.made():
        jobs.ask("certificates.render", 7, queue=jobs.RENDER, dedupe_key="k")
        row = db.session.scalars(select(Job)).one()
        row.state, row.attempts, row.reason = "dead", 5, "OSError"
        return row.id


def test_the_menu_holds_what_the_role_may_open(client, as_role):
    operator = client.get("/console/", headers=as_role()).text
    manager = client.get("/console/", headers=as_role("unit_manager", "chengjiang")).text
    assert 'href="/console/audit/"' in operator
    assert 'href="/console/audit/"' not in manager
    assert 'href="/console/messages/"' in manager


def test_messages_are_listed_masked_and_in_scope(client, as_role):
    with factories.made():
        here, there = factories.unit("chengjiang"), factories.unit("huashi")
        for number, unit in (("13900001111", here), ("13900002222", there)):
            key = number[-4:]
            tell("signup.confirmed", dedupe_key=key, body="您已报名", phone=number, about=unit, unit_id=unit.id)
    page = client.get("/console/messages/", headers=as_role("unit_manager", "chengjiang")).text
    assert "139****1111" in page
    assert "2222" not in page
    assert "您已报名" not in page
    assert "13900001111" not in page


def test_who_was_not_reached_is_counted_on_the_overview(client, as_role):
    with factories.made():
        tell("run.cancelled", dedupe_key="k", body="b", phone=None, about=factories.unit())
    assert 'href="/console/messages/calls/"' in client.get("/console/", headers=as_role()).text
    listed = client.get("/console/messages/?state=undeliverable", headers=as_role()).text
    assert "没有手机号，请当面告知" in listed


def test_the_audit_trail_is_read_by_object(client, as_role):
    with factories.made():
        audit.record("unit.placed", factories.unit(), reason="合并")
    number = db.session.scalars(select(AuditEntry.object_id)).one()
    auditor = as_role("auditor")
    assert "设置单位" in client.get(f"/console/audit/?object=unit:{number}", headers=auditor).text
    assert "设置单位" not in client.get("/console/audit/?object=unit:999999", headers=auditor).text


@pytest.mark.parametrize("page", ["audit", "jobs"])
def test_pages_of_the_whole_city_are_closed_to_a_part_of_it(client, as_role, page):
    assert client.get(f"/console/{page}/", headers=as_role("operator", "chengjiang")).status_code == 403


def test_a_dead_job_is_shown_with_its_reason_and_sent_back_once(client, as_role):
    number, operator = _dead_job(), as_role()
    assert "OSError" in client.get("/console/jobs/", headers=operator).text
    for _ in range(2):
        assert client.post(f"/console/jobs/{number}/revive", headers=operator).status_code == 303
    row = db.session.scalars(select(Job)).one()
    assert (row.state, row.attempts) == ("queued", 0)
    assert db.session.scalars(select(AuditEntry.action)).all().count("job.revived") == 1


def test_an_auditor_reads_jobs_and_sends_none_back(client, as_role):
    number, auditor = _dead_job(), as_role("auditor")
    assert "revive" not in client.get("/console/jobs/", headers=auditor).text
    assert client.post(f"/console/jobs/{number}/revive", headers=auditor).status_code == 403


@pytest.mark.parametrize("page", ["audit", "jobs", "messages"])
def test_a_cursor_of_our_own_only(client, as_role, page):
    assert client.get(f"/console/{page}/?cursor=%00x", headers=as_role()).status_code in (400, 422)


def test_every_action_that_is_recorded_has_a_word():
    recorded = set()
    for module in modules():
        recorded |= set(re.findall(r'audit\.record\(\s*"([a-z_.]+)"', module.text))
    assert recorded - set(ACTIONS) == set()


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"state": "confirmed", "position": None, "channel": "page"}, "状态：已报上；渠道：网页"),
        ({"counted": True, "warned": ["ratio"]}, "计入任务：是；提示：师资偏少"),
        ({"was": {}, "now": {"theory": 91.0, "cpr": 88.5}}, "现在：理论 91、心肺复苏 88.5"),
        ({"by": "checkin:12", "source": "code"}, "凭：签到 12；方式：六位码"),
        ({"reason": "点错了人", "news": 3}, "原因：点错了人；news：3"),
    ],
)
def test_what_an_entry_says_is_shown_in_words(facts, words):
    assert facts_in_words(facts) == words


def test_the_overview_says_what_is_on_today_and_whose_refresher_is_due(client, as_role):
    with factories.made():
        factories.run(starts_in=timedelta(hours=2))
        factories.run(starts_in=timedelta(days=2))
        factories.instructor(refresh_due=clock.today() + timedelta(days=10))
        factories.instructor(refresh_due=clock.today() - timedelta(days=1))
    shown = re.sub(r"<[^>]+>|\s", "", client.get("/console/", headers=as_role()).text)
    assert "今天上课1场" in shown
    assert "师资复训临期1人另有1人已过期" in shown
