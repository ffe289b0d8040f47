"""号段, 作废 and the ledger's sheet in the console."""

import re
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from chengjiu_mp.certificates.models import Certificate
from chengjiu_mp.certificates.void_models import NumberBlock, NumberVoid
from chengjiu_mp.core import spreadsheet
from chengjiu_mp.core.db import db
from chengjiu_mp.courses.models import CourseType
from tests import factories, issued

BLOCKS, LEDGER = "/console/certificates/blocks/", "/console/certificates/ledger/"


def signed(role: str = "operator", unit: str | None = None, **grant: Any) -> dict[str, str]:
    with factories.made():
        factories.unit()
        return factories.bearer(role, unit, **grant)


def block(client: FlaskClient, headers: dict[str, str], count: str = "3") -> str:
    kind = db.session.scalars(select(CourseType.id).where(CourseType.code == "cpr_aed")).one()
    form = {"kind": str(kind), "unit": str(factories.unit().id), "count": count}
    return client.post(BLOCKS, data=form, headers=headers).headers["Location"]


def words(text: str) -> str:
    return re.sub(r"\s+", " ", re.sub("<[^>]+>", " ", text))


def test_a_block_is_made_used_spoiled_and_taken_back(client: FlaskClient) -> None:
    headers = signed()
    path = block(client, headers)
    assert "JYA202600001 至 JYA202600003" in client.get(path, headers=headers).text
    wrong = client.post(f"{path}/void", data={"number": "JYA202600009", "reason": "印坏了"}, headers=headers)
    assert wrong.status_code == 422 and "不在这个号段" in wrong.text
    done = client.post(f"{path}/void", data={"number": "jya 202600001", "reason": "印坏了"}, headers=headers)
    assert done.status_code == 303
    assert issued.issue("张三")[0].number == "JYA202600002"
    assert "退回全市的顺序" in client.get(path, headers=headers).text
    assert client.post(f"{path}/close", data={"reason": ""}, headers=headers).status_code == 422
    assert client.post(f"{path}/close", data={"reason": "不用了"}, headers=headers).status_code == 303
    assert client.post(f"{path}/close", data={"reason": "不用了"}, headers=headers).status_code == 409
    assert "已收回" in client.get(BLOCKS, headers=headers).text
    assert "没有缺号" in client.get(LEDGER, headers=headers).text
    sheet = spreadsheet.read(client.get(f"{LEDGER}2026/numbers.xlsx", headers=headers).data).rows
    assert [(line[2], line[3], line[8]) for line in sheet[2:]] == [
        ("JYA202600001", "作废", "印坏了"), ("JYA202600002", "已发", ""),
    ]  # fmt: skip
    assert "张三" not in str(sheet)


def test_two_people_void_a_certificate_and_another_number_is_issued(client: FlaskClient) -> None:
    one = issued.issue("张三")[0]
    proposer, decider = signed(), signed("approver")
    path = f"/console/certificates/{one.id}/change/void"
    assert "没有交给本人" in client.get(path, headers=proposer).text
    form = {"again": "yes", "reason": "卡纸", "kept": "1"}
    for missing, said in (("kept", "先确认"), ("again", "要不要重新发证"), ("reason", "原因")):
        refused = client.post(path, data={**form, missing: ""}, headers=proposer)
        assert refused.status_code == 422 and said in refused.text
    assert client.post(path, data=form, headers=decider).status_code == 403
    asked = client.post(path, data=form, headers=proposer).headers["Location"]
    assert "在等复核" in client.get(path, headers=proposer).text
    assert client.post(f"{asked}/approve", headers=proposer).status_code == 403
    assert db.session.scalars(select(NumberVoid.number)).all() == []
    assert "同意作废" in client.get(asked, headers=decider).text
    assert client.post(f"{asked}/approve", headers=decider).status_code == 303
    assert client.post(f"{asked}/approve", headers=decider).status_code == 409
    db.session.rollback()
    assert sorted(db.session.execute(select(Certificate.number, Certificate.state)).all()) == [
        ("JYA202600001", "revoked"), ("JYA202600002", "issued"),
    ]  # fmt: skip
    assert db.session.scalars(select(NumberVoid.number)).all() == ["JYA202600001"]
    assert "作废：卡纸" in client.get(f"/console/certificates/{one.id}", headers=decider).text


@pytest.mark.parametrize("count", ["", "x", "0", "5000"])
def test_how_many_is_asked_again(client: FlaskClient, count: str) -> None:
    headers = signed()
    kind = db.session.scalars(select(CourseType.id).where(CourseType.code == "cpr_aed")).one()
    page = client.post(
        BLOCKS, data={"kind": str(kind), "unit": str(factories.unit().id), "count": count}, headers=headers
    )
    assert page.status_code == 422 and db.session.scalars(select(NumberBlock)).all() == []


@pytest.mark.parametrize(
    ("role", "unit", "grant", "seen", "made"),
    [
        ("unit_manager", None, {}, 403, 403), ("auditor", None, {}, 200, 403), ("operator", "nanzha", {}, 403, 403),
        ("operator", None, {"read_only": True}, 200, 403), ("approver", None, {}, 200, 422),
    ],
)  # fmt: skip
def test_who_sees_and_who_sets_aside(
    client: FlaskClient, role: str, unit: str | None, grant: dict[str, Any], seen: int, made: int
) -> None:
    headers = signed(role, unit, **grant)
    assert client.get(BLOCKS, headers=headers).status_code == seen
    assert client.get(f"{LEDGER}2026/numbers.xlsx", headers=headers).status_code == seen
    assert client.post(BLOCKS, data={}, headers=headers).status_code == made


def test_nothing_is_not_there(client: FlaskClient) -> None:
    headers = signed("approver")
    for path in (f"{BLOCKS}99", f"{LEDGER}2099/numbers.xlsx"):
        assert client.get(path, headers=headers).status_code == 404
    assert client.post(f"{BLOCKS}99/close", data={"reason": "不用了"}, headers=headers).status_code == 404
