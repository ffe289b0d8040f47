"""Finding one's sign-ups on another phone: a code to the number, and for what is over the name (docs/decisions)."""

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import update

from chengjiu_mp.core import clock
from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.courses import merging, moving
from chengjiu_mp.courses.models import CourseRun, Signup
from chengjiu_mp.courses.queries import run_token
from tests import factories, signups
from tests.counting import statements
from tests.web.test_own_data_pages import post
from tests.web.test_signin_pages import sign_in


@pytest.fixture
def phone() -> str:
    return factories.phone()


def signed(phone: str, title: str, name: str = "张三", **values: Any) -> Signup:
    """Sign somebody up on a phone of their own, which is not this test's."""
    with factories.made():
        run = factories.run(title=title, **values)
    return signups.signed(run.id, phone=phone, name=name).signup


def test_a_code_lists_the_familys_tickets_of_other_phones(client: FlaskClient, phone: str) -> None:
    signed(phone, "外婆的班", "外婆")
    signed(phone, "妈妈的班", "妈妈")
    signed(factories.phone(), "别人的班")
    assert sign_in(client, "/me", phone).headers["Location"] == "/me"
    text = client.get("/me").text
    assert [words in text for words in ("外婆的班", "妈妈的班", "别人的班")] == [True, True, False]
    assert text.count('href="/i/') == 2


def test_without_the_code_nothing_is_listed(client: FlaskClient, phone: str) -> None:
    signed(phone, "外婆的班")
    assert "外婆的班" not in client.get("/me").text
    sign_in(client, "/me", phone)
    post(client, "/signout", "/me")
    assert "外婆的班" not in client.get("/me").text


@pytest.mark.parametrize("state", ["over", "old"])
def test_what_may_be_a_strangers_by_now_asks_for_the_name(
    client: FlaskClient, frozen: Any, phone: str, state: str
) -> None:
    row = signed(phone, "从前的班")
    if state == "over":
        frozen.now += timedelta(days=20)
    else:
        with factories.made():
            db.session.execute(
                update(Signup).where(Signup.id == row.id).values(created_at=clock.now() - timedelta(days=91))
            )
    sign_in(client, "/me", phone)
    text = client.get("/me").text
    assert ("从前的班" in text, 'href="/me/data?then=me"' in text) == (False, True)
    assert post(client, "/me/data", "/me/data?then=me", name="李四", then="me").status_code == 404
    assert "从前的班" not in client.get("/me").text
    assert post(client, "/me/data", "/me/data?then=me", name="张三", then="me").headers["Location"] == "/me"
    assert "从前的班" in client.get("/me").text


@pytest.mark.parametrize("way", ["moved", "merged"])
def test_an_old_place_that_was_moved_lately_is_still_old(
    client: FlaskClient, frozen: Any, phone: str, way: str
) -> None:
    row = signed(phone, "从前的班", starts_in=timedelta(days=120))
    frozen.now += timedelta(days=91)
    with factories.made():
        goal = factories.run(title="换到的班", starts_in=timedelta(days=40)).id
    with unit_of_work():
        if way == "moved":
            moving.move(db.session.get_one(Signup, row.id), goal)
        else:
            merging.merge(db.session.get_one(CourseRun, row.run_id), db.session.get_one(CourseRun, goal), "人少")
    sign_in(client, "/me", phone)
    assert "换到的班" not in client.get("/me").text
    post(client, "/me/data", "/me/data?then=me", name="张三", then="me")
    assert "换到的班" in client.get("/me").text


def test_a_numbers_next_holder_is_not_let_into_what_its_account_signed_up(
    app: Flask, client: FlaskClient, frozen: Any, phone: str
) -> None:
    with factories.made():
        run = factories.run(title="前任机主的班", starts_in=timedelta(days=120))
    sign_in(client, "/me", phone)
    form = {"name": "张三", "doc_number": factories.resident_id(), "phone": factories.phone()}
    agreed = {"consent.signup": "1", "consent.document_number": "1"}
    post(client, f"/s/{run_token(run)}/signup", **form, **agreed)
    assert "前任机主的班" in client.get("/me").text
    frozen.now += timedelta(days=91)
    next_one = app.test_client()
    sign_in(next_one, "/me", phone)
    assert "前任机主的班" not in next_one.get("/me").text
    assert "前任机主的班" in client.get("/me").text


def test_nothing_at_all_leads_on(client: FlaskClient, phone: str) -> None:
    assert 'href="/signin?switch=1&amp;next=/me"' in client.get("/me").text
    sign_in(client, "/me", phone)
    assert "填姓名，看以前的报名" in client.get("/me").text


def test_the_poster_opens_the_ticket_on_the_new_phone(client: FlaskClient, phone: str) -> None:
    row = signed(phone, "外婆的班")
    page = f"/s/{run_token(db.session.get_one(CourseRun, row.run_id))}"
    sign_in(client, page, phone)
    assert client.get(page).headers["Location"].startswith("/i/")


def test_a_taken_document_leads_to_the_list(app: Flask, client: FlaskClient, phone: str) -> None:
    with factories.made():
        run = factories.run()
    number = factories.resident_id()
    signups.signed(run.id, phone=phone, doc_number=number)
    page = f"/s/{run_token(run)}/signup"
    form = {"name": "张三", "doc_number": number, "phone": phone, "consent.signup": "1", "consent.document_number": "1"}
    assert 'href="/signin?switch=1&amp;next=/me"' in post(client, page, **form).text


def test_a_family_costs_as_many_statements_as_one(client: FlaskClient, phone: str) -> None:
    signed(phone, "第一班")
    sign_in(client, "/me", phone)
    counts = []
    for day in (5, 6, 7):
        with statements() as sent:
            client.get("/me")
        counts.append(len(sent))
        signed(phone, "又一班", starts_in=timedelta(days=day))
    assert len(set(counts)) == 1
