"""证书更改: the holder's own page, the operator's form, the queue and the second person's decision, by forms alone."""

import re
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from chengjiu_mp.certificates.issuing import confirm
from chengjiu_mp.certificates.models import Certificate
from chengjiu_mp.certificates.request_models import CertificateRequest
from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.core.models import AuditEntry
from chengjiu_mp.signin.models import RoleGrant
from tests import factories, issued
from tests.conftest import FrozenClock
from tests.web.test_certificate_pages import look_up, post

QUEUE = "/console/certificates/requests/"
NAME = {
    "name": "张珊",
    "seen_document": "resident_id",
    "seen_by": "陈老师",
    "seen_on": "2026-11-23",
    "reason": "录错一字",
}


@pytest.fixture
def mine(app: Flask) -> Certificate:
    return issued.issue("张三")[0]


@pytest.fixture
def staff(app: Flask) -> dict[str, dict[str, str]]:
    with factories.made():
        return {role: factories.bearer(role) for role in ("operator", "approver", "auditor", "unit_manager")}


def asked() -> CertificateRequest:
    db.session.rollback()
    return db.session.scalars(select(CertificateRequest).order_by(CertificateRequest.id.desc())).first()  # type: ignore[return-value]


def test_the_holder_asks_and_reads_how_far_it_is(
    client: Any, mine: Certificate, staff: dict[str, dict[str, str]]
) -> None:
    of, page = f"/c/{mine.id}", f"/c/{mine.id}/correct"
    assert client.get(page).headers["Location"] == "/lookup"
    look_up(client, mine)
    assert "姓名印错了？" in client.get(of).text
    empty = post(client, page, name="")
    assert (empty.status_code, "请填写正确的姓名" in empty.text) == (422, True)
    same = post(client, page, name="张三")
    assert (same.status_code, "不用更正" in same.text) == (422, True)
    assert post(client, page, name="张珊", note="陈老师看过身份证").status_code == 303
    assert "待核对证件" in client.get(of).text
    assert "三个工作日内答复" in client.get(page).text
    console = client.get(f"/console/certificates/{mine.id}/change/name", headers=staff["operator"]).text
    assert "陈老师看过身份证" in console
    assert 'value="张珊"' in console
    client.post(f"/console/certificates/{mine.id}/change/name", data=NAME, headers=staff["operator"])
    assert "待复核" in client.get(of).text
    client.post(f"{QUEUE}{asked().id}/approve", headers=staff["approver"])
    assert "已办好" in client.get(of).text
    assert "张珊" in client.get(of).text
    assert ('name="note"' in client.get(page).text, 'name="note"' in client.get(f"{page}?again=1").text) == (
        False,
        True,
    )


def test_the_holder_reads_why_not_and_may_ask_again(
    client: Any, mine: Certificate, staff: dict[str, dict[str, str]]
) -> None:
    page = f"/c/{mine.id}/correct"
    look_up(client, mine)
    post(client, page, name="张珊")
    missing = client.post(f"{QUEUE}{asked().id}/refuse", data={"reason": ""}, headers=staff["operator"])
    assert (missing.status_code, "请写明原因" in missing.text) == (422, True)
    sent = client.post(f"{QUEUE}{asked().id}/refuse", data={"reason": "没有带证件"}, headers=staff["operator"])
    assert sent.status_code == 303
    shown = client.get(page).text
    assert "没有带证件" in shown
    assert "没有通过" in shown
    assert post(client, page, name="张珊").status_code == 303


def test_nobody_asks_for_another_persons_certificate(client: Any, mine: Certificate) -> None:
    own, other = mine.id, issued.issue("李四")[0].id
    look_up(client, db.session.get_one(Certificate, own))
    assert client.get(f"/c/{other}/correct").status_code == 404
    token = re.findall(r'name="csrf_token" value="([^"]+)"', client.get(f"/c/{own}/correct").text)[0]
    assert client.post(f"/c/{other}/correct", data={"csrf_token": token, "name": "王五"}).status_code == 404


def test_a_page_is_not_hammered(client: Any, mine: Certificate) -> None:
    look_up(client, mine)
    sent = [post(client, f"/c/{mine.id}/correct", name="张三").status_code for _ in range(7)]
    assert sent == [422] * 5 + [429] * 2


def test_the_queue_tells_age_and_who(
    client: Any, mine: Certificate, staff: dict[str, dict[str, str]], frozen: FrozenClock
) -> None:
    assert "没有正在办的更改" in client.get(QUEUE, headers=staff["operator"]).text
    client.post(f"/console/certificates/{mine.id}/change/name", data=NAME, headers=staff["operator"])
    frozen.now += timedelta(days=4)
    with factories.made():
        later = {role: factories.bearer(role) for role in ("auditor", "approver")}
    page = client.get(QUEUE, headers=later["auditor"]).text
    assert "4 天" in page
    assert "已超期" in page
    assert "周敏" in page
    assert "证书更改待办" in client.get("/console/", headers=later["approver"]).text


def test_who_proposed_is_told_to_wait(client: Any, mine: Certificate, app: Flask) -> None:
    with factories.made():
        both, other = factories.account("operator"), factories.bearer("approver")
        db.session.add(RoleGrant(account_id=both.id, role="approver"))
        own = factories.headers_of(both)
    client.post(f"/console/certificates/{mine.id}/change/name", data=NAME, headers=own)
    page = f"{QUEUE}{asked().id}"
    assert "由您提出" in client.get(page, headers=own).text
    assert "同意更正" not in client.get(page, headers=own).text
    refused = client.post(f"{page}/approve", headers=own)
    assert (refused.status_code, "另一位复核人" in refused.text) == (403, True)
    assert "同意更正" in client.get(page, headers=other).text


@pytest.mark.parametrize("what", ["name", "revoke", "leaked", "reprint"])
def test_a_form_sent_empty_says_what_lacks(
    client: Any, mine: Certificate, staff: dict[str, dict[str, str]], what: str
) -> None:
    of = f"/console/certificates/{mine.id}/change/{what}"
    reply = client.post(of, data={}, headers=staff["operator"])
    assert reply.status_code == 422
    assert reply.text.count('class="error"') == {"name": 5, "reprint": 2}.get(what, 1)
    assert client.get(of, headers=staff["approver"]).status_code == 403


def test_a_second_proposal_is_led_to_the_first(
    client: Any, mine: Certificate, staff: dict[str, dict[str, str]]
) -> None:
    of = f"/console/certificates/{mine.id}/change/revoke"
    assert client.post(of, data={"reason": "替考"}, headers=staff["operator"]).status_code == 303
    assert f"{QUEUE}{asked().id}" in client.get(of, headers=staff["operator"]).text
    assert client.post(of, data={"reason": "替考"}, headers=staff["operator"]).status_code == 409


def test_a_reprint_is_counted_and_shown(client: Any, mine: Certificate, staff: dict[str, dict[str, str]]) -> None:
    of = f"/console/certificates/{mine.id}"
    sent = client.post(f"{of}/change/reprint", data={"cause": "lost", "reason": "搬家遗失"}, headers=staff["operator"])
    page = client.get(sent.headers["Location"], headers=staff["operator"]).text
    assert "已登记补发" in page
    assert "补发 1 次" in page
    assert "搬家遗失" in page


def test_a_leaked_code_reads_corrected_and_leads_nowhere(
    client: Any, mine: Certificate, staff: dict[str, dict[str, str]]
) -> None:
    old = issued.token(mine)
    of = f"/console/certificates/{mine.id}/change/leaked"
    client.post(of, data={"reason": "照片被转发"}, headers=staff["operator"])
    client.post(f"{QUEUE}{asked().id}/approve", headers=staff["approver"])
    page = client.get(f"/v/{old}").text
    assert "这个二维码已经换掉" in page
    assert issued.token(mine) not in page
    assert "有效" in client.get(f"/v/{issued.token(mine)}").text


def test_no_name_stands_in_the_trail(client: Any, mine: Certificate, staff: dict[str, dict[str, str]]) -> None:
    client.post(f"/console/certificates/{mine.id}/change/name", data=NAME, headers=staff["operator"])
    client.post(f"{QUEUE}{asked().id}/approve", headers=staff["approver"])
    said = str(db.session.scalars(select(AuditEntry.facts)).all())
    assert "录错一字" in said
    assert "张珊" not in said


def verdict_of(page: str) -> str:
    found = re.search(r'<div class="verdict[^"]*".*?<(?:strong|p|h2|b)[^>]*>([^<]+)<', page, re.S)
    assert found, page
    return found[1]


def test_d7_each_state_has_its_word_and_its_status(
    client: Any, app: Flask, staff: dict[str, dict[str, str]], frozen: FrozenClock
) -> None:
    certificates = {
        name: one.id for name, one in zip("abcd", issued.issue("甲乙", "丙丁", "戊己", "庚辛"), strict=True)
    }
    tokens = {name: issued.token(db.session.get_one(Certificate, one)) for name, one in certificates.items()}
    for name, what, given in (("b", "revoke", {"reason": "替考"}), ("c", "name", NAME)):
        client.post(f"/console/certificates/{certificates[name]}/change/{what}", data=given, headers=staff["operator"])
        client.post(f"{QUEUE}{asked().id}/approve", headers=staff["approver"])
    with unit_of_work():
        db.session.get_one(Certificate, certificates["d"]).valid_until = frozen.now.date() - timedelta(days=1)
    run, by = issued.ready_run("测试")
    with unit_of_work():
        test = issued.token(confirm(run.id, by, mode="test")[0])
    seen = [client.get(f"/v/{token}") for token in (*tokens.values(), "a" * 26, test)]
    assert [(verdict_of(reply.text), reply.status_code) for reply in seen] == [
        ("有效", 200), ("已吊销", 200), ("已更正", 200), ("已过期", 200), ("查无此证", 404), ("测试证书，无效力", 200),
    ]  # fmt: skip
    asked_for = [post(client, "/verify", number=number, name="甲乙") for number in ("JYA202699999", "12345678")]
    assert [(verdict_of(reply.text), reply.status_code) for reply in asked_for] == [
        ("未能核实", 404),
        ("查无此证", 404),
    ]
    assert "该年度证书尚未全部录入，请致电核实" in asked_for[0].text
