"""feat-N27: from the link in a message to a form filled in, by a code to the proved phone; nothing personal in a URL."""

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from chengjiu_mp.certificates.models import Certificate
from chengjiu_mp.core import clock, privacy
from chengjiu_mp.core.calendar import add_months
from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.courses.models import Signup
from chengjiu_mp.people.models import Person
from tests import factories, issued
from tests.signups import signed
from tests.web.test_certificate_pages import look_up, post

AGREED = {"consent.signup": "1", "consent.document_number": "1"}


@pytest.fixture
def mine(app: Flask) -> Certificate:
    """A certificate that ends in two months."""
    return ending(2)


def ending(months: int) -> Certificate:
    one = issued.issue("张三")[0]
    with unit_of_work():
        row = db.session.get_one(Certificate, one.id)
        row.valid_until = add_months(clock.today(), months)
    return db.session.get_one(Certificate, one.id)


def a_run(unit: str = "chengjiang", **values: Any) -> int:
    with factories.made():
        return factories.run(unit_id=factories.unit(unit).id, **values).id


def proved(client: FlaskClient, one: Certificate) -> None:
    assert client.get("/again/").headers["Location"] == "/lookup"
    assert look_up(client, one).headers["Location"] == "/again/"


def document_of(one: Certificate) -> str:
    person = db.session.get_one(Person, one.person_id)
    return privacy.unseal(person.doc_sealed, place=Person.PLACE, row=person.uid)


def test_without_a_code_nothing_is_shown(client: FlaskClient, mine: Certificate) -> None:
    run = a_run()
    assert client.get("/again/").headers["Location"] == "/lookup"
    assert client.get(f"/again/{mine.id}/{run}").headers["Location"] == "/again/"
    assert client.get(f"/again/{mine.id}/{run}?phone=1&name=2").status_code == 303


def test_who_follows_the_message_reads_what_the_number_is_asked_for(client: FlaskClient) -> None:
    words = ("先核对是不是您本人", "<h1>再培训", "<h1>证书查询")
    assert [word in client.get("/lookup").text for word in words] == [False, False, True]
    client.get("/again/")
    assert [word in client.get("/lookup").text for word in words] == [True, True, False]


def test_what_ends_soon_and_the_own_towns_runs_first(client: FlaskClient, mine: Certificate) -> None:
    a_run("nanzha", title="别镇的班", starts_in=timedelta(days=1))
    a_run(title="本镇的班", starts_in=timedelta(days=9))
    a_run(title="别的课", kind="junior", starts_in=timedelta(days=5))
    a_run(title="截止的班", signup_closes_at=clock.now())
    proved(client, mine)
    page = client.get("/again/").text
    assert "快到期了" in page
    assert page.index("本镇的班") < page.index("别镇的班")
    assert ("别的课" in page, "截止的班" in page) == (False, False)


@pytest.mark.parametrize(("months", "offered"), [(2, True), (-1, True), (20, False)])
def test_ones_own_certificates_lead_there_when_one_of_them_ends(
    app: Flask, client: FlaskClient, months: int, offered: bool
) -> None:
    look_up(client, ending(months))
    assert ('href="/again/"' in client.get("/certificates").text) is offered


def test_a_full_run_comes_after_those_with_a_seat(client: FlaskClient, mine: Certificate) -> None:
    signed(a_run(title="满了的班", capacity=1, starts_in=timedelta(days=1)))
    a_run("nanzha", title="别镇的班", starts_in=timedelta(days=9))
    proved(client, mine)
    page = client.get("/again/").text
    assert page.index("别镇的班") < page.index("满了的班")


def test_the_form_is_filled_in_and_one_tap_signs_up(client: FlaskClient, mine: Certificate) -> None:
    run, number = a_run(), document_of(mine)
    phone = issued.phone_of(mine)
    proved(client, mine)
    page = f"/again/{mine.id}/{run}"
    form = client.get(page).text
    assert 'value="张三"' in form
    assert f'value="{phone}"' in form
    assert number not in form
    assert number[-4:] not in form
    reply = post(client, page, name="张三", phone=phone, **AGREED)
    assert reply.headers["Location"].startswith("/i/")
    row = db.session.scalars(select(Signup).where(Signup.run_id == run)).one()
    assert (row.person_id, row.state, row.channel) == (mine.person_id, "confirmed", "page")
    assert "张三" in client.get(reply.headers["Location"]).text
    assert client.get("/me").text.count("到场出示入场码签到") == 1


def test_consents_are_asked_anew(client: FlaskClient, mine: Certificate) -> None:
    run = a_run()
    proved(client, mine)
    reply = post(client, f"/again/{mine.id}/{run}", name="张三", phone=factories.phone())
    assert reply.status_code == 422
    assert 'id="f-consent.signup-error"' in reply.text
    assert document_of(mine) not in reply.text


@pytest.mark.parametrize("months", [7, 36])
def test_what_is_good_for_longer_is_left_alone(client: FlaskClient, app: Flask, months: int) -> None:
    one = ending(months)
    run = a_run()
    proved(client, one)
    assert "没有快到期的证书" in client.get("/again/").text
    assert client.get(f"/again/{one.id}/{run}").status_code == 404


def test_what_has_ended_can_be_taken_again(client: FlaskClient, app: Flask) -> None:
    one = ending(-1)
    a_run(title="再来一班")
    proved(client, one)
    page = client.get("/again/").text
    assert "已过期" in page
    assert "再来一班" in page


def test_nobody_signs_up_with_another_persons_document(client: FlaskClient, mine: Certificate) -> None:
    run, own = a_run(), mine.id
    proved(client, mine)
    page = f"/again/{ending(1).id}/{run}"
    assert client.get(page).status_code == 404
    assert post(client, page, back=f"/again/{own}/{run}", name="张三", **AGREED).status_code == 404


def test_a_run_of_another_kind_is_not_offered_by_address(client: FlaskClient, mine: Certificate) -> None:
    proved(client, mine)
    assert client.get(f"/again/{mine.id}/{a_run(kind='junior')}").status_code == 404


def test_no_run_says_so(client: FlaskClient, mine: Certificate) -> None:
    proved(client, mine)
    assert "现在还没有同类的场次" in client.get("/again/").text
