"""换手机号, by forms alone; nothing personal stands in an address."""

from typing import Any

import pytest
from flask import Flask

from chengjiu_mp.certificates.models import Certificate
from tests import factories, issued
from tests.web.test_certificate_pages import code_to

PAGE, NEW = "/console/phones/", "13900009999"


@pytest.fixture
def one(app: Flask) -> Certificate:
    made = issued.issue("张三")[0]
    issued.phone_of(made)
    return made


@pytest.fixture
def operator(app: Flask) -> dict[str, str]:
    with factories.made():
        return factories.bearer("operator")


def test_found_entered_proved(client: Any, one: Certificate, operator: dict[str, str]) -> None:
    found = client.post(PAGE, data={"way": "number", "number": one.number, "name": "张三"}, headers=operator)
    form = found.headers["Location"]
    assert form == f"{PAGE}{one.person_id}"
    page = client.get(form, headers=operator).text
    assert "139****" in page
    assert "张三" in page
    asked = client.post(form, data={"phone": NEW, "reason": "停用", "seen": "1"}, headers=operator)
    code = asked.headers["Location"]
    assert NEW not in code
    wrong = client.post(code, data={"code": "12"}, headers=operator)
    assert wrong.status_code == 422
    assert client.post(code, data={"code": code_to(NEW)}, headers=operator).status_code == 303
    assert "手机号已换好" in client.get(code, headers=operator).text


def test_a_form_sent_empty_says_what_lacks(client: Any, one: Certificate, operator: dict[str, str]) -> None:
    for data, lacks in (({"way": "number"}, 2), ({"way": "document"}, 1)):
        reply = client.post(PAGE, data=data, headers=operator)
        assert (reply.status_code, reply.text.count('class="error"')) == (422, lacks)
    reply = client.post(f"{PAGE}{one.person_id}", data={}, headers=operator)
    assert (reply.status_code, reply.text.count('class="error"')) == (422, 3)


def test_a_document_number_is_posted_and_not_shown_again(
    client: Any, one: Certificate, operator: dict[str, str]
) -> None:
    number = factories.resident_id()
    reply = client.post(PAGE, data={"way": "document", "doc_number": number}, headers=operator)
    assert (reply.status_code, number in reply.text) == (422, False)


def test_others_are_not_let_in(client: Any, one: Certificate) -> None:
    with factories.made():
        away, auditor = factories.bearer("operator", "nanzha"), factories.bearer("auditor")
    assert client.get(f"{PAGE}{one.person_id}", headers=away).status_code == 404
    assert client.get(PAGE, headers=auditor).status_code == 403
    assert client.get(f"{PAGE}{one.person_id}").status_code == 303
