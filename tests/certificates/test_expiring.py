"""feat-N27: whose certificate ends within two months hears of it once, with the way to the next course."""

from datetime import datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from chengjiu_mp.certificates import states, tasks
from chengjiu_mp.certificates.models import Certificate
from chengjiu_mp.core import clock, privacy
from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.outbox.models import Message
from chengjiu_mp.outbox.queries import text_of
from tests import factories, issued
from tests.conftest import FrozenClock
from tests.web.test_certificate_pages import look_up


def ending(days: int, *, proved: bool = True, **values: object) -> int:
    """Return a certificate that ends in so many days."""
    one = issued.issue("张三")[0].id
    if proved:
        issued.phone_of(db.session.get_one(Certificate, one))
    with unit_of_work():
        row = db.session.get_one(Certificate, one)
        row.valid_until = clock.today() + timedelta(days=days)
        for name, value in values.items():
            setattr(row, name, value)
    return one


def told() -> list[int]:
    db.session.rollback()
    return list(db.session.scalars(select(Message.subject_id).where(Message.kind == "certificate.expiring")))


def test_it_is_told_once_with_the_way_back_and_no_name(app: Flask, frozen: FrozenClock) -> None:
    one = ending(61)
    tasks.tell_expiring()
    assert told() == []
    frozen.now += timedelta(days=1)
    tasks.tell_expiring()
    tasks.tell_expiring()
    frozen.now += timedelta(days=30)
    tasks.tell_expiring()
    assert told() == [one]
    said = text_of(f"certificate:{one}:expiring")
    assert said is not None
    assert "http://127.0.0.1:8000/again/" in said.body
    assert "张三" not in said.body


@pytest.mark.parametrize(
    ("days", "values"),
    [(-1, {}), (30, {"state": "revoked"}), (30, {"is_test": True}), (30, {"proved": False}), (300, {})],
    ids=["over", "revoked", "a test", "no proved phone", "far off"],
)
def test_who_is_left_alone(app: Flask, days: int, values: dict[str, bool]) -> None:
    ending(days, **values)
    tasks.tell_expiring()
    assert told() == []


def test_who_took_the_course_again_hears_nothing(app: Flask) -> None:
    old = ending(30)
    with unit_of_work():
        person = db.session.get_one(Certificate, old).person_id
    ending(700, person_id=person, counted=False)
    tasks.tell_expiring()
    assert told() == []


def test_it_goes_to_the_proved_phone(app: Flask) -> None:
    one = ending(10)
    tasks.tell_expiring()
    row = db.session.scalars(select(Message).where(Message.kind == "certificate.expiring")).one()
    assert row.phone_index == privacy.phone_index(issued.phone_of(db.session.get_one(Certificate, one), proved=False))


def test_a_replaced_one_hears_nothing_and_a_corrected_one_once(app: Flask) -> None:
    ending(30, state="superseded")
    corrected = ending(30, counted=False)
    with unit_of_work():
        states.correct_name(db.session.get_one(Certificate, corrected), "张珊", "录错")
    tasks.tell_expiring()
    tasks.tell_expiring()
    assert told() == [corrected]


def test_on_the_last_day_it_is_still_told_and_not_after(app: Flask, frozen: FrozenClock) -> None:
    one = ending(0)
    frozen.now = datetime.fromisoformat("2026-11-23T23:59:59+08:00")
    tasks.tell_expiring()
    assert told() == [one]
    late = ending(0, counted=False)
    frozen.now = datetime.fromisoformat("2026-11-24T00:00:00+08:00")
    tasks.tell_expiring()
    assert late not in told()


def test_the_message_leads_to_a_class_nearby(client: FlaskClient, app: Flask) -> None:
    one = db.session.get_one(Certificate, ending(30))
    tasks.tell_expiring()
    with factories.made():
        for town in ("nanzha", "chengjiang"):
            factories.run(unit_id=factories.unit(town).id, title=f"{town} 的班")
    assert client.get("/again/").headers["Location"] == "/lookup"
    look_up(client, one)
    page = client.get("/again/").text
    assert page.index("chengjiang 的班") < page.index("nanzha 的班")


def test_who_renewed_before_the_notice_hears_nothing_of_the_new_one_either(app: Flask, frozen: FrozenClock) -> None:
    old = ending(100)
    person = db.session.get_one(Certificate, old).person_id
    new = ending(1096, person_id=person, counted=False)
    for _ in range(4):
        frozen.now += timedelta(days=30)
        tasks.tell_expiring()
    assert told() == []
    frozen.now += timedelta(days=940)
    tasks.tell_expiring()
    assert told() == [new]
