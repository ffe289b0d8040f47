"""feat-N27: whose certificate ends within two months hears of it once, with the way to the next course."""

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from chengjiu_mp.certificates import tasks
from chengjiu_mp.certificates.models import Certificate
from chengjiu_mp.core import clock, privacy
from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.outbox.models import Message
from chengjiu_mp.outbox.queries import text_of
from tests import issued
from tests.conftest import FrozenClock


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
