"""What anybody may learn: by the code, by number and name."""

from typing import Any

import pytest
from flask import Flask

from chengjiu_mp.certificates import states, years
from chengjiu_mp.certificates.issuing import confirm
from chengjiu_mp.certificates.models import Certificate
from chengjiu_mp.certificates.verifying import tidy_number
from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.signin import sessions
from tests import factories, issued, ledgers


@pytest.fixture
def one(app: Flask) -> Certificate:
    return issued.issue("欧阳娜娜")[0]


def said(client: Any, code: str) -> Any:
    reply = client.get(f"/api/v1/verify/{code}")
    return reply.status_code, reply.json.get("state"), reply.json.get("state_words")


def test_five_words(client: Any, one: Certificate, frozen: Any) -> None:
    first = issued.token(one)
    assert said(client, first) == (200, "valid", "有效")
    with unit_of_work():
        states.correct_name(db.session.get_one(Certificate, one.id), "欧阳娜", "录错")
    assert said(client, first) == (200, "corrected", "已更正")
    second = issued.token(one)
    frozen.now = frozen.now.replace(year=2029, month=12)
    assert said(client, second) == (200, "expired", "已过期")
    with unit_of_work():
        states.revoke(db.session.get_one(Certificate, one.id), "成绩有误")
    assert said(client, second) == said(client, first) == (200, "revoked", "已吊销")
    assert said(client, "a" * 26)[0] == 404


def test_the_public_sees_no_more_than_it_may(client: Any, one: Certificate) -> None:
    assert client.get(f"/api/v1/verify/{issued.token(one)}").json == {
        "state": "valid", "state_words": "有效", "type": "CPR+AED", "number": "JYA202600001", "name_masked": "欧阳**",
        "issued_on": "2026-11-23", "valid_until": "2029-11-23", "revoked_on": None, "test": False,
        "source": None, "newer_path": None,
    }  # fmt: skip


def test_a_revocation_shows_its_day_and_not_its_reason(client: Any, one: Certificate) -> None:
    with unit_of_work():
        states.revoke(db.session.get_one(Certificate, one.id), "替考")
    reply = client.get(f"/api/v1/verify/{issued.token(one)}")
    assert reply.json["revoked_on"] == "2026-11-23"
    assert "替考" not in reply.text


@pytest.mark.parametrize("code", ["a" * 26, "A" * 26, "x", "0" * 200, "%00", "张三"])
def test_unknown_and_malformed_answer_alike(client: Any, app: Flask, code: str) -> None:
    reply = client.get(f"/api/v1/verify/{code}")
    assert (reply.status_code, reply.json["code"]) == (404, "certificate_unknown")
    assert "查无此证" in reply.json["detail"]


@pytest.mark.parametrize(
    ("name", "match"), [("欧阳娜娜", True), (" 欧阳娜娜 ", True), ("欧阳娜", False), ("12", False)]
)
def test_the_name_on_it_is_confirmed_or_not(client: Any, one: Certificate, name: str, match: bool) -> None:
    reply = client.post(f"/api/v1/verify/{issued.token(one)}/name", json={"name": name})
    assert reply.json == {"match": match, "certificate": None}


def test_names_are_not_tried_without_end(client: Any, one: Certificate) -> None:
    of = f"/api/v1/verify/{issued.token(one)}/name"
    assert [client.post(of, json={"name": "李四"}).status_code for _ in range(12)] == [200] * 10 + [429] * 2


def by_number(client: Any, number: str, name: str = "欧阳娜娜") -> Any:
    return client.post("/api/v1/verify", json={"number": number, "name": name})


def test_number_and_name_tell_the_state(client: Any, one: Certificate) -> None:
    assert by_number(client, "jya2026 00001").json["certificate"]["state"] == "valid"
    assert by_number(client, one.number, "李四").json == {"match": False, "certificate": None}


def test_an_unknown_number_of_an_open_year_asks_to_call(client: Any, one: Certificate) -> None:
    reply = by_number(client, "JYA202600002")
    assert (reply.status_code, reply.json["detail"]) == (404, "该年度证书尚未全部录入，请致电核实。")
    by = ledgers.office("approver")
    with unit_of_work():
        years.declare(2026, by)
    assert by_number(client, "JYA202600003").json["code"] == "certificate_unknown"


@pytest.mark.parametrize("number", ["JYA2031 00001", "12345678", "JYA00001"])
def test_a_number_without_a_year_that_was_is_unknown(client: Any, app: Flask, number: str) -> None:
    assert by_number(client, number).json["code"] == "certificate_unknown"


@pytest.mark.parametrize("number", ["JY-2019-000123", "JYC201912345", "2019 0012"])
def test_an_older_paper_is_checked_by_phone(client: Any, app: Flask, number: str) -> None:
    assert by_number(client, number).json["code"] == "year_incomplete"


def test_numbers_are_not_guessed(client: Any, app: Flask) -> None:
    replies = [by_number(client, f"JYA2026{n:05d}").status_code for n in range(70)]
    assert replies[0] == 404
    assert replies[-1] == 429


def test_a_number_is_read_as_people_type_it() -> None:
    assert tidy_number(" jya 2026　00001 ") == "JYA202600001"


def test_revoke_and_correct_are_for_approvers_in_scope_on_anothers_proposal(client: Any, one: Certificate) -> None:
    with factories.made():
        heads = [factories.bearer(*who) for who in (("operator",), ("approver", "nanzha"), ("approver",))]
    of = f"/api/v1/certificates/{one.id}"
    sight = {"seen_document": "resident_id", "seen_by": "陈老师", "seen_on": "2026-11-23"}
    for verb, body in (("correct", {"name": "欧阳娜", "reason": "录错"}), ("revoke", {"reason": "成绩有误"})):
        assert client.post(f"{of}/{verb}", json=body, headers=heads[2]).status_code == 409
        kind = {"correct": {"kind": "name", **sight}, "revoke": {"kind": "revoke"}}[verb]
        assert client.post(f"{of}/requests", json={**body, **kind}, headers=heads[0]).status_code == 201
        assert [client.post(f"{of}/{verb}", json=body, headers=h).status_code for h in heads] == [403, 404, 200]


def test_confirm_answers_with_ids_and_numbers(client: Any, app: Flask) -> None:
    run, by = issued.ready_run("张三")
    with factories.made():
        token, _ = sessions.open_session("bearer", by.account_id)
    reply = client.post(f"/api/v1/runs/{run.id}/results/confirm", headers={"Authorization": f"Bearer {token}"})
    assert [c["number"] for c in reply.json["certificates"]] == ["JYA202600001"]


def test_a_test_certificate_says_so(client: Any, app: Flask) -> None:
    run, by = issued.ready_run()
    with unit_of_work():
        code = issued.token(confirm(run.id, by, mode="test")[0])
    answer = client.get(f"/api/v1/verify/{code}").json
    assert (answer["test"], answer["state"], answer["state_words"]) == (True, "test", "测试证书，无效力")
    assert "不能作为凭证" in client.get(f"/v/{code}").text
