"""A passport's Latin name beside the name: on the form, the ticket, the list, in a correction, in the copy, and gone."""

from datetime import date, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from playwright.sync_api import Page
from sqlalchemy import func, select

from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.courses.erasing import erase_signups
from chengjiu_mp.courses.models import Signup
from chengjiu_mp.courses.moving import move
from chengjiu_mp.people.documents import DocType
from chengjiu_mp.people.models import Person
from tests import factories, owndata, signups
from tests.web.test_citizen_pages import run_page, send, signed, typed
from tests.web.test_desk_pages import a_run, enter, staff
from tests.web.test_document_browser import form, site  # noqa: F401  fixtures
from tests.web.test_own_data_pages import post

ANNA = {
    "name": "安娜", "doc_number": "C01X00T47", "doc_type": "passport", "birth_date": "1990-01-01",
    "latin_surname": "Müller-O’Hara", "latin_given": "Anna  M.",
}  # fmt: skip
WHOLE = "Müller-O'Hara Anna M."
SHOWN = "Müller-O&#39;Hara Anna M."


def latest() -> Signup:
    db.session.rollback()
    return db.session.scalars(select(Signup).order_by(Signup.id.desc())).first()  # type: ignore[return-value]


def test_it_goes_from_the_form_to_the_ticket(client: FlaskClient) -> None:
    ticket = signed(client, run_page(), **ANNA)
    assert (latest().latin_surname, latest().latin_given, latest().latin_name) == ("Müller-O'Hara", "Anna M.", WHOLE)
    assert client.get(ticket).text.count(SHOWN) == 2


def test_nobody_has_to_have_one(client: FlaskClient) -> None:
    signed(client, run_page())
    assert (latest().latin_surname, latest().latin_given, latest().latin_name) == (None, None, "")


def test_a_mistake_stands_at_its_part_and_costs_nothing(client: FlaskClient) -> None:
    page = run_page()
    text = send(client, page, **typed(**{**ANNA, "latin_given": "安娜"})).text
    assert 'id="f-latin_given-error"' in text
    assert "请照护照用拉丁字母填写" in text
    assert 'value="Müller-O’Hara"' in text


def test_it_is_put_right_and_taken_away(client: FlaskClient) -> None:
    ticket = signed(client, run_page(), **ANNA)
    page = f"{ticket}/correct?what=name"
    assert 'value="Anna M."' in client.get(page).text
    changed = {"what": "name", "name": "安娜", "latin_surname": "Müller", "latin_given": ""}
    assert post(client, f"{ticket}/correct", page, **changed).headers["Location"].endswith("kept=name-changed")
    assert latest().latin_name == "Müller"
    post(client, f"{ticket}/correct", page, **{**changed, "latin_surname": ""})
    assert (latest().latin_surname, latest().name) == (None, "安娜")


def test_staff_enter_it_at_the_desk_and_read_it_on_both_lists(client: FlaskClient) -> None:
    run = a_run(starts_in=timedelta(hours=2))
    staff(client)
    assert enter(client, run, **ANNA).status_code == 303
    assert SHOWN in client.get(f"/console/runs/{run}").text
    assert SHOWN in client.get(f"/console/runs/{run}/checkins").text


def test_programs_write_read_and_correct_it(client: FlaskClient) -> None:
    run = a_run()
    consents = [{"purpose": one.purpose, "version": one.version} for one in signups.BOTH]
    body = {**ANNA, "phone": factories.phone(), "consents": consents}
    made: Any = client.post(f"/api/v1/runs/{run}/signups", json=body).json
    with factories.made():
        headers = factories.bearer()
    path = f"/api/v1/runs/{run}/signups"
    listed: Any = client.get(path, headers=headers).json
    assert listed["items"][0]["latin_name"] == WHOLE
    wish = {"ticket_token": made["ticket_token"], "latin_surname": "Mueller"}
    said: Any = client.post(f"/api/v1/signups/{made['id']}/correct", json=wish).json
    assert (said["latin_name"], said["name"], latest().latin_name) == ("changed", None, "Mueller")
    together = {"people": [{**ANNA, "doc_number": "C01X00T55"}], "phone": factories.phone(), "consents": consents}
    assert client.post(f"/api/v1/runs/{run}/signups/together", json=together).status_code == 201
    assert latest().latin_name == WHOLE


@pytest.fixture
def anna(app: Any) -> Signup:
    typed_in = {**ANNA, "doc_type": DocType.PASSPORT, "birth_date": date(1990, 1, 1), "phone": "13900001234"}
    return signups.signed(a_run(), **typed_in).signup


def test_it_is_in_the_copy_and_moves_along(client: FlaskClient, anna: Signup) -> None:
    mine, headers = anna.id, owndata.signed_in("13900001234")
    person = owndata.own(client, headers, owndata.passed(client, headers, "安娜"))[0]
    assert person["signups"][0]["latin_name"] == WHOLE
    other = a_run(starts_in=timedelta(days=9))
    with unit_of_work():
        move(db.session.get_one(Signup, mine), other)
    assert (latest().run_id, latest().latin_name) == (other, WHOLE)


def test_erasing_takes_it_away(anna: Signup) -> None:
    with unit_of_work():
        erase_signups([anna.id])
    assert (latest().latin_surname, latest().latin_given) == (None, None)


def test_what_was_proved_face_to_face_goes_to_the_desk(client: FlaskClient, anna: Signup) -> None:
    with unit_of_work():
        row = db.session.get_one(Signup, anna.id)
        row.name_proved_at = row.created_at
    ticket = f"/i/{factories.ticket(latest())}"
    wish = {"what": "name", "name": "安娜", "latin_surname": "Else", "latin_given": ""}
    assert post(client, f"{ticket}/correct", f"{ticket}/correct?what=name", **wish).headers["Location"].endswith("desk")
    assert latest().latin_name == WHOLE


@pytest.mark.parametrize(
    ("names", "doc_type"),
    [
        ({"name": "金敏洙", "latin_surname": "KIM", "latin_given": "MINSU"}, "passport"),
        ({"name": "KIM MINSU"}, "passport"),
        ({"name": "何敏", "doc_type": "hm_travel_permit"}, "hm_travel_permit"),
    ],
)
def test_a_korean_number_needs_no_chosen_type(client: FlaskClient, names: dict[str, str], doc_type: str) -> None:
    ticket = signed(client, run_page(), doc_number="M12345678", birth_date="1990-01-01", **names)
    person = db.session.get_one(Person, latest().person_id)
    assert (person.doc_type, latest().warnings) == (doc_type, [])
    wish = {"what": "document", "doc_number": "M87654321", "birth_date": "1990-01-01"}
    post(client, f"{ticket}/correct", f"{ticket}/correct?what=document", **wish)
    again = db.session.get_one(Person, latest().person_id)
    assert (again.id != person.id, again.doc_type) == (True, doc_type)


def test_a_number_that_macao_and_korea_share_is_asked_about(client: FlaskClient) -> None:
    given = typed(name="金敏洙", doc_number="m 1234 5678", birth_date="1990-01-01", doc_type="")
    page = run_page()
    told = send(client, page, **given)
    assert (told.status_code, db.session.scalar(select(func.count()).select_from(Signup))) == (422, 0)
    assert (
        'id="f-doc_type-error"' in told.text
        and "韩国护照都有" in told.text
        and '<details class="more" open>' in told.text
    )
    unread = send(client, page, **{**given, "doc_number": "320281********1234", "name": ""}).text
    assert "遮住了" in unread and 'id="f-name-error"' in unread
    assert send(client, page, **{**given, "doc_type": "passport"}).status_code == 303
    assert db.session.get_one(Person, latest().person_id).doc_type == "passport"


@pytest.mark.browser
def test_it_is_asked_where_the_number_is_a_passports(form: Page) -> None:  # noqa: F811
    part = form.locator("[data-latin]")
    assert not part.is_visible()
    form.fill("#f-doc_number", "C01X00T47")
    assert part.is_visible()
    form.fill("#f-doc_number", "M12345678")
    assert part.is_visible()
    form.fill("#f-doc_number", "H12345678")
    assert not part.is_visible()
    form.locator("#f-doc_number").blur()
    assert form.locator("#f-birth_date").is_visible()
    form.select_option("#f-doc_type", "passport")
    assert part.is_visible()
    part.locator("summary").click()
    form.fill("#f-latin_surname", "Hopp")
    form.fill("#f-doc_number", "")
    assert part.is_visible()
