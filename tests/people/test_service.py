"""Persons are documents; what is proved stays."""

import threading

import pytest
from flask import Flask
from sqlalchemy import func, select

from chengjiu_mp.core import clock
from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.core.models import AuditEntry
from chengjiu_mp.people import service
from chengjiu_mp.people.documents import DocumentReading, read_document
from chengjiu_mp.people.errors import ConsentMissing
from chengjiu_mp.people.models import Consent, Contact, Person
from chengjiu_mp.people.queries import live_contacts
from chengjiu_mp.people.schemas import ConsentIn
from tests import factories

BOTH = [ConsentIn(purpose="signup", version=1), ConsentIn(purpose="document_number", version=1)]


def reading(number: str | None = None) -> DocumentReading:
    return read_document(number or factories.resident_id(), today=clock.today())


def conflicts() -> list[dict]:
    return [e.facts for e in db.session.scalars(select(AuditEntry).where(AuditEntry.action == "person.conflict"))]


def test_the_same_document_is_the_same_person(app: Flask) -> None:
    one = reading()
    with unit_of_work():
        first, again = service.person_for(one), service.person_for(one)
        other = service.person_for(reading())
    assert first.id == again.id != other.id


def test_the_number_lies_sealed(app: Flask) -> None:
    one = reading()
    with unit_of_work():
        found = service.person_for(one)
    assert one.number.encode() not in found.doc_sealed + found.doc_index


def test_ten_forms_with_one_new_document_make_one_person(app: Flask) -> None:
    one, ids, start = reading(), [], threading.Barrier(10)

    def sign() -> None:
        with app.app_context():
            start.wait()
            with unit_of_work():
                ids.append(service.person_for(one).id)
            db.session.remove()

    threads = [threading.Thread(target=sign) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(ids) == 10
    assert len(set(ids)) == 1
    assert db.session.scalar(select(func.count()).select_from(Person)) == 1


@pytest.mark.parametrize("given", [BOTH[:1], BOTH[1:], [], [BOTH[0], ConsentIn(purpose="document_number", version=2)]])
def test_every_required_notice_in_its_current_version_is_asked_for(app: Flask, given: list[ConsentIn]) -> None:
    with factories.made():
        who = factories.signup(factories.run())
    with pytest.raises(ConsentMissing) as refused, unit_of_work():
        service.record_consents(db.session.get_one(Person, who.person_id), who, given, "api")
    missing = {"signup", "document_number"} - {c.purpose for c in given if c.version == 1}
    assert set(refused.value.facts["purposes"]) == missing
    assert db.session.scalar(select(func.count()).select_from(Consent)) == 0


def test_consents_are_written_with_the_texts_hash(app: Flask) -> None:
    with factories.made():
        who = factories.signup(factories.run())
    with unit_of_work():
        service.record_consents(db.session.get_one(Person, who.person_id), who, BOTH, "desk")
    rows = db.session.scalars(select(Consent)).all()
    assert [(r.signup_id, r.channel, len(r.text_sha256)) for r in rows] == [(who.id, "desk", 64)] * 2


def test_a_version_may_come_as_digits() -> None:
    assert ConsentIn.model_validate({"purpose": "signup", "version": "1"}).version == 1


def test_a_proved_name_is_never_replaced(app: Flask) -> None:
    with unit_of_work():
        who = service.person_for(reading())
        assert service.prove_name(who, "张三", "code")
        assert service.prove_name(who, "张三", "checkin:1")
        assert not service.prove_name(who, "李四", "checkin:2")
    assert (who.name, who.name_proved_by) == ("张三", "code")
    assert conflicts() == [{"what": "name", "by": "checkin:2"}]


def test_a_proved_phone_is_never_replaced(app: Flask) -> None:
    mine, other = factories.phone(), factories.phone()
    with unit_of_work():
        who = service.person_for(reading())
        assert service.prove_phone(who, mine, "code")
        assert service.prove_phone(who, mine, "checkin:1")
        assert not service.prove_phone(who, other, "checkin:2")
        assert len(live_contacts(who.id)) == 1
    assert conflicts() == [{"what": "phone", "by": "checkin:2"}]


def test_a_closed_contact_makes_room(app: Flask) -> None:
    with unit_of_work():
        who = service.person_for(reading())
        service.prove_phone(who, factories.phone(), "code")
        db.session.scalars(select(Contact)).one().ended_at = clock.now()
        assert service.prove_phone(who, factories.phone(), "desk")
