"""编号规则 in the console: one proposes, another confirms; what cannot be used is said in words."""

import re
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from chengjiu_mp.certificates.series_models import SeriesRule
from chengjiu_mp.core.db import db
from chengjiu_mp.courses.models import CourseType
from tests import factories, issued

RULES = "/console/certificates/rules/"


def signed(role: str = "operator", unit: str | None = None, **grant: Any) -> dict[str, str]:
    with factories.made():
        factories.unit()
        return factories.bearer(role, unit, **grant)


def kind_id() -> int:
    return db.session.scalars(select(CourseType.id).where(CourseType.code == "cpr_aed")).one()


def words(text: str) -> str:
    return re.sub(r"\s+", " ", re.sub("<[^>]+>", " ", text))


def test_a_rule_from_its_proposal_to_the_first_number(client: FlaskClient) -> None:
    operator, approver = signed(), signed("approver")
    path = f"{RULES}{kind_id()}/2026"
    form = {"mode": "local", "pattern": "苏红澄{year}-{seq}", "width": "4"}
    assert client.post(path, data=form, headers=operator).status_code == 303
    assert "需要另一位复核人" in client.get(path, headers=operator).text
    page = client.get(path, headers=approver).text
    assert "苏红澄2026-0001" in page and "JYA202600001" in page
    (rule,) = db.session.scalars(select(SeriesRule.id)).all()
    assert client.post(f"{RULES}proposals/{rule}/confirm", headers=approver).status_code == 303
    assert issued.issue()[0].number == "苏红澄2026-0001"
    again = client.post(f"{RULES}proposals/{rule}/confirm", headers=approver)
    assert again.status_code == 409 and "已经有人处理过" in again.text
    assert "苏红澄2026-0001" in words(client.get(RULES, headers=signed("auditor")).text)
    late = client.post(path, data={**form, "pattern": "苏红{year}{seq}"}, headers=operator)
    assert late.status_code == 409 and "规则不能再改" in late.text


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"mode": "", "pattern": "A{seq}"}, "请选一项"), ({"mode": "local", "pattern": ""}, "请填写编号规则"),
        ({"mode": "local", "pattern": "JYB{year}"}, "要有一个 {seq}"),
        ({"mode": "local", "pattern": "JYC{year}{seq}"}, "重号"),
        ({"mode": "local", "pattern": "JYB{year}{seq}", "width": "99"}, "位数"),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_said(client: FlaskClient, form: dict[str, str], said: str) -> None:
    headers = signed()
    page = client.post(f"{RULES}{kind_id()}/2026", data=form, headers=headers)
    assert page.status_code in (409, 422) and said in page.text
    assert db.session.scalars(select(SeriesRule)).all() == []


@pytest.mark.parametrize(
    ("role", "unit", "grant", "statuses"),
    [
        ("unit_manager", None, {}, (403, 403)), ("operator", "nanzha", {}, (403, 403)), ("auditor", None, {}, (200, 403)),
        ("operator", None, {"read_only": True}, (200, 403)), ("operator", None, {}, (200, 303)),
    ],
)  # fmt: skip
def test_who_sees_and_who_proposes(
    client: FlaskClient, role: str, unit: str | None, grant: dict[str, Any], statuses: tuple[int, int]
) -> None:
    headers = signed(role, unit, **grant)
    path = f"{RULES}{kind_id()}/2026"
    form = {"mode": "external", "pattern": "", "width": "5"}
    assert client.get(path, headers=headers).status_code == statuses[0]
    assert client.post(path, data=form, headers=headers).status_code == statuses[1]


def test_an_operator_does_not_confirm_and_a_strange_year_is_not_there(client: FlaskClient) -> None:
    operator = signed()
    client.post(f"{RULES}{kind_id()}/2026", data={"mode": "external"}, headers=signed())
    (rule,) = db.session.scalars(select(SeriesRule.id)).all()
    assert client.post(f"{RULES}proposals/{rule}/confirm", headers=operator).status_code == 403
    assert client.post(f"{RULES}proposals/{rule}/refuse", headers=operator).status_code == 303
    assert client.get(f"{RULES}{kind_id()}/2029", headers=operator).status_code == 404
    assert client.post(f"{RULES}proposals/999/refuse", headers=operator).status_code == 404
