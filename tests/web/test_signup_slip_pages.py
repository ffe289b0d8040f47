"""What people get wrong in the sign-up form, and where and how the form says it."""

import re

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.courses.models import Signup
from chengjiu_mp.people.models import Person
from tests import factories
from tests.web.test_citizen_pages import run_page, send, typed


def latest_type() -> str:
    person = select(Person.doc_type).join(Signup, Signup.person_id == Person.id).order_by(Signup.id.desc())
    return str(db.session.scalars(person.limit(1)).one())


@pytest.mark.parametrize("number", ["320281", "1990 0101", "320281199001"])
def test_a_number_cut_short_is_not_taken_for_a_passport(client: FlaskClient, number: str) -> None:
    given = typed(name="李四", doc_number=number, birth_date="1990-01-01", doc_type="")
    page = run_page()
    told = send(client, page, **given)
    assert told.status_code == 422
    assert 'id="f-doc_number-error"' in told.text and "这个号码不到 18 位" in told.text
    assert re.search(r'<details class="more" open><summary>用的不是居民身份证', told.text)
    assert send(client, page, **{**given, "doc_type": "passport"}).status_code == 303
    assert latest_type() == "passport"


@pytest.mark.parametrize(
    ("name", "number"), [("JOHN SMITH", "123456789"), ("林志明", "01234567"), ("林志明", "19901301")]
)
def test_what_is_no_number_cut_short_is_not_asked_about(client: FlaskClient, name: str, number: str) -> None:
    given = typed(name=name, doc_number=number, birth_date="1990-01-01", doc_type="")
    assert send(client, run_page(), **given).status_code == 303


def test_a_phone_in_the_numbers_place_is_told_apart(client: FlaskClient) -> None:
    assert "这像是手机号" in send(client, run_page(), **typed(doc_number="13800138000", doc_type="")).text


def test_what_is_asked_for_is_not_said_to_be_left_out_at_will(client: FlaskClient) -> None:
    page = run_page()

    def label(text: str) -> str:
        found = re.search(r'<label for="f-doc_type">证件类型(.*?)</label>', text)
        assert found
        return found[1]

    assert "可不填" in label(client.get(f"{page}/signup").text)
    assert label(send(client, page, **typed(name="何生", doc_number="M12345678", doc_type="")).text) == ""


def test_a_duplicate_is_said_at_the_document_it_is_of(client: FlaskClient) -> None:
    page, given = run_page(), typed()
    assert send(client, page, **given).status_code == 303
    told = send(client.application.test_client(), page, **{**given, "phone": factories.phone()})
    assert told.status_code == 409
    assert ('id="f-doc_number-error"' in told.text, 'id="f-name-error"' in told.text) == (True, False)


def test_who_is_too_young_is_told_where_else_they_can_go(client: FlaskClient) -> None:
    run_page(kind="cpr_aed", title="学生专场")
    told = send(client, run_page(kind="responder"), **typed(doc_number=factories.resident_id(birth="20110101")))
    shown = re.sub(r"<[^>]+>", "", told.text)
    with unit_of_work():
        place = factories.venue().name
    assert re.search(rf"学生专场\s*11月\d+日（周.）\d\d:\d\d，{place}", shown)
