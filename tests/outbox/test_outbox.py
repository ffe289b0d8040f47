"""A message is written with its change, delivered once, and readable by nobody but its owner."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from chengjiu_mp.core import clock, jobs, privacy
from chengjiu_mp.core.context import Grant, Principal
from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.core.models import Job
from chengjiu_mp.outbox import channels, queries, tasks
from chengjiu_mp.outbox.models import Delivery, Message
from chengjiu_mp.outbox.parcels import Outcome
from chengjiu_mp.outbox.service import tell
from tests import factories

PHONE = "13900001111"


def _tell(key="k1", kind="signup.confirmed", **values):
    with factories.made():
        about = factories.unit()
        return tell(kind, **{"dedupe_key": key, "body": "您已报名", "phone": PHONE, "about": about, **values})


def _count(model):
    return db.session.scalar(select(func.count()).select_from(model))


def _deliver():
    tasks.deliver(db.session.scalars(select(Job.id)).one())
    db.session.expire_all()
    return db.session.scalars(select(Delivery).order_by(Delivery.id)).first()


def test_the_same_key_makes_one_message_one_delivery_one_job(app):
    assert _tell().id == _tell(body="另一句").id
    assert (_count(Message), _count(Delivery), _count(Job)) == (1, 1, 1)
    assert queries.messages_to(privacy.phone_index(PHONE))[0].body == "您已报名"


def test_a_message_rolls_back_with_its_change(app):
    def change():
        with unit_of_work():
            tell("a", dedupe_key="k", body="b", phone=PHONE, about=factories.unit())
            raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        change()
    assert (_count(Message), _count(Job)) == (0, 0)


def test_delivery_is_recorded_once_with_its_instant(app, frozen):
    message = _tell()
    assert _deliver().state == "delivered"
    frozen.now += timedelta(hours=1)
    tasks.deliver(db.session.scalars(select(Job.id)).one())
    assert queries.delivered_at(message.id) == frozen.now - timedelta(hours=1)


def test_what_is_too_late_is_not_sent(app, frozen, monkeypatch):
    monkeypatch.setitem(channels.channels(), "console", Refusing())
    _tell(expires_at=clock.now() + timedelta(minutes=5))
    frozen.now += timedelta(minutes=5)
    assert _deliver().state == "expired"


def test_nobody_to_send_to_is_kept_for_staff_to_call(app):
    _tell(phone=None)
    assert db.session.scalars(select(Delivery)).one().reason == "no_phone"
    assert _count(Job) == 0


class Refusing(channels.ConsoleChannel):
    def send(self, parcel):
        return Outcome(delivered=False, reason="refused_by_provider")


class Broken(channels.ConsoleChannel):
    def send(self, parcel):
        raise ConnectionError


def test_a_provider_that_says_never_is_not_asked_again(app, monkeypatch):
    monkeypatch.setitem(channels.channels(), "console", Refusing())
    _tell()
    _deliver()
    found = db.session.execute(select(Delivery.channel, Delivery.state).order_by(Delivery.id)).all()
    assert [tuple(row) for row in found] == [("console", "undeliverable"), ("call", "waiting")]
    assert db.session.scalars(select(Job.state)).one() == "done"


def test_a_channel_that_breaks_is_tried_again(app, monkeypatch):
    monkeypatch.setitem(channels.channels(), "console", Broken())
    _tell()
    with pytest.raises(ConnectionError):
        _deliver()
    db.session.expire_all()
    assert db.session.scalars(select(Job.state)).one() == "queued"
    assert db.session.scalars(select(Delivery.state)).one() == "waiting"


def test_staff_see_the_messages_of_their_units_only(app):
    _tell("city")
    here, there = factories.unit("chengjiang").id, factories.unit("huashi").id
    _tell("in", unit_id=here)
    _tell("out", unit_id=there)
    scope = Principal(1, grants=(Grant("unit_manager", unit_ids=frozenset({here})),))
    assert len(queries.staff_page(scope).items) == 1
    assert len(queries.staff_page(Principal(1, grants=(Grant("operator"),))).items) == 3


def test_neither_text_nor_phone_is_stored_open(app):
    _tell()
    row = db.session.scalars(select(Message)).one()
    assert PHONE.encode() not in (row.phone_sealed or b"") + (row.phone_index or b"")
    assert "您已报名".encode() not in bytes(row.body_sealed)
    assert db.session.scalars(select(Job.queue)).one() == jobs.URGENT


@pytest.mark.parametrize(("hour", "sent_at"), [(3, "08:30"), (9, None), (19, None), (21, "08:30")])
def test_nobody_is_woken_by_a_reminder(app, frozen, hour, sent_at):
    frozen.now = frozen.now.replace(hour=hour)
    _tell(kind="refresher.reminder")
    after = db.session.scalars(select(Job.run_after)).one()
    morning = frozen.now.replace(hour=8, minute=30) + timedelta(days=int(hour == 21))
    assert after == (morning.timestamp() if sent_at else 0.0)


def test_an_answer_to_what_somebody_just_did_comes_at_any_hour(app, frozen):
    frozen.now = frozen.now.replace(hour=3)
    _tell()
    assert db.session.scalars(select(Job.run_after)).one() == 0.0
