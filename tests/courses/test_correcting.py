"""Putting a sign-up right from its ticket: what may change, what was proved and stays, and until when."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from chengjiu_mp.core import clock, privacy
from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.core.errors import Refusal
from chengjiu_mp.core.models import AuditEntry
from chengjiu_mp.courses.correcting import Correction, correct
from chengjiu_mp.courses.models import SeatPool, Signup
from chengjiu_mp.courses.moving import move
from chengjiu_mp.courses.signup_queries import phone_of, signup_by_ticket
from chengjiu_mp.outbox.models import Message
from chengjiu_mp.people import service as people
from chengjiu_mp.people.documents import DocType
from chengjiu_mp.people.models import Consent, Person
from tests import factories
from tests.conftest import FrozenClock
from tests.signups import signed


def ticket_of(run_id: int, **typed: Any) -> str:
    return signed(run_id, **typed).ticket_token


def run_of(**values: Any) -> int:
    with factories.made():
        return factories.run(**values).id


def put_right(ticket: str, **wish: Any) -> dict[str, str]:
    with unit_of_work():
        return correct(signup_by_ticket(ticket), Correction(**wish))


def refused(ticket: str, **wish: Any) -> Refusal:
    with pytest.raises(Refusal) as caught:
        put_right(ticket, **wish)
    db.session.rollback()
    return caught.value


def told() -> list[tuple[str, str, str]]:
    rows = db.session.scalars(select(Message).where(Message.kind.like("signup.phone%")).order_by(Message.id))
    return [
        (
            m.kind,
            privacy.unseal(m.phone_sealed, place=Message.PLACE_PHONE, row=m.uid) if m.phone_sealed else "",
            privacy.unseal(m.body_sealed, place=Message.PLACE_BODY, row=m.uid),
        )
        for m in rows
    ]


def audited(action: str) -> list[dict[str, Any]]:
    rows = db.session.scalars(select(AuditEntry).where(AuditEntry.action == action).order_by(AuditEntry.id))
    return [row.facts for row in rows]


def test_a_name_is_put_right_and_asked_to_be_confirmed_again(app: Flask) -> None:
    ticket = ticket_of(run_of(), name="张")
    with unit_of_work():
        signup_by_ticket(ticket).name_confirmed_at = clock.now()
    assert put_right(ticket, name=" 张\u200b伟 ") == {"name": "changed"}
    row = signup_by_ticket(ticket)
    assert (row.name, row.name_raw, row.name_confirmed_at, row.warnings) == ("张伟", " 张\u200b伟 ", None, [])
    assert row.sort_key.startswith("zhang1")
    assert audited("signup.corrected") == [{"what": ["name"], "reason": ""}]


def test_the_same_again_changes_nothing(app: Flask) -> None:
    number, phone = factories.resident_id(), factories.phone()
    ticket = ticket_of(run_of(), name="张伟", doc_number=number, phone=phone)
    same = {"document": "same", "name": "same", "phone": "same"}
    assert put_right(ticket, name="张伟", doc_number=number.lower(), phone=f"+86 {phone}") == same
    assert audited("signup.corrected") == []
    assert told() == []


def test_a_document_moves_the_place_to_the_other_person(app: Flask) -> None:
    ticket = ticket_of(run_of(capacity=1), doc_number="E12345678", doc_type=DocType.CN_PASSPORT, birth_optional=True)
    before = signup_by_ticket(ticket)
    assert before.warnings == ["age_unknown"]
    code, number = before.code, factories.resident_id()
    assert put_right(ticket, doc_number=number, doc_type=DocType.PASSPORT) == {"document": "changed"}
    row = signup_by_ticket(ticket)
    person = db.session.get_one(Person, row.person_id)
    assert privacy.unseal(person.doc_sealed, place=Person.PLACE, row=person.uid) == number
    assert (row.state, row.code, row.warnings) == ("confirmed", code, ["doc_retyped"])
    assert set(db.session.scalars(select(Consent.person_id))) == {person.id}
    assert db.session.scalars(select(SeatPool.taken)).one() == 1


def test_warnings_of_other_things_stay(app: Flask) -> None:
    ticket = ticket_of(run_of(), name="张", phone="+85291234567", doc_number="AB123456", birth_optional=True)
    put_right(ticket, name="张伟")
    assert sorted(signup_by_ticket(ticket).warnings) == ["age_unknown", "phone_no_sms"]
    put_right(ticket, phone=factories.phone())
    assert signup_by_ticket(ticket).warnings == ["age_unknown"]
    assert refused(ticket, doc_number="AB123457").code == "birth_date_missing"
    put_right(ticket, doc_number="AB123457", birth_date=date(1985, 6, 15))
    assert signup_by_ticket(ticket).warnings == []


def test_a_document_that_holds_a_place_here_is_refused(app: Flask) -> None:
    run, number = run_of(), factories.resident_id()
    signed(run, doc_number=number)
    ticket = ticket_of(run)
    mine = signup_by_ticket(ticket).person_id
    found = refused(ticket, doc_number=number, name="李四")
    assert (found.code, found.field) == ("already_signed_up", "doc_number")
    row = signup_by_ticket(ticket)
    assert (row.person_id, row.name) == (mine, "张三")


def test_a_document_that_is_elsewhere_at_that_hour_is_refused(app: Flask) -> None:
    number = factories.resident_id()
    signed(run_of(), doc_number=number)
    assert refused(ticket_of(run_of()), doc_number=number).code == "overlapping_signup"


@pytest.mark.parametrize(
    ("kind", "birth", "code"), [("popular", "20150101", "guardian_required"), ("responder", "20150101", "too_young")]
)
def test_the_age_is_judged_again(app: Flask, kind: str, birth: str, code: str) -> None:
    ticket = ticket_of(run_of(kind=kind))
    assert refused(ticket, doc_number=factories.resident_id(birth=birth)).code == code
    assert refused(ticket, doc_number="E12345678", birth_date=date.fromisoformat(birth)).code == code


def test_the_old_phone_is_told_once_and_the_new_one_gets_the_ticket(app: Flask) -> None:
    old, new = factories.phone(), factories.phone()
    ticket = ticket_of(run_of(), phone=old, name="张伟")
    assert put_right(ticket, phone=new) == {"phone": "changed"}
    assert phone_of(signup_by_ticket(ticket)) == new
    (left, to_old, words), (taken, to_new, link) = told()
    assert (left, to_old, taken, to_new) == ("signup.phone_left", old, "signup.phone_taken", new)
    assert f"/i/{ticket}" in link
    assert not any(secret in words for secret in (ticket, old, new, "张伟"))
    put_right(ticket, phone=old)
    put_right(ticket, phone=new)
    assert [kind for kind, number, _ in told() if number == old] == ["signup.phone_left", "signup.phone_taken"]


def prove_here(row: Signup) -> None:
    row.name_proved_at = row.phone_proved_at = clock.now()


def prove_elsewhere(row: Signup) -> None:
    person = db.session.get_one(Person, row.person_id)
    people.prove_name(person, row.name, "checkin:1")
    people.prove_phone(person, phone_of(row), "checkin:1")


@pytest.mark.parametrize("prove", [prove_here, prove_elsewhere])
def test_what_was_proved_stays_and_becomes_an_item_for_the_desk(app: Flask, prove: Callable[[Signup], None]) -> None:
    phone = factories.phone()
    ticket = ticket_of(run_of(), name="张伟", phone=phone)
    with unit_of_work():
        prove(signup_by_ticket(ticket))
    assert put_right(ticket, name="李四", phone=factories.phone()) == {"name": "to_desk", "phone": "to_desk"}
    row = signup_by_ticket(ticket)
    assert (row.name, phone_of(row)) == ("张伟", phone)
    assert audited("person.conflict") == [{"what": w, "by": f"signup:{row.id}"} for w in ("name", "phone")]
    assert audited("signup.corrected") == []
    assert told() == []


def test_a_document_seen_face_to_face_stays(app: Flask) -> None:
    ticket = ticket_of(run_of())
    with unit_of_work():
        prove_here(signup_by_ticket(ticket))
    mine = signup_by_ticket(ticket).person_id
    assert put_right(ticket, doc_number=factories.resident_id()) == {"document": "to_desk"}
    assert signup_by_ticket(ticket).person_id == mine


def test_towards_what_was_proved_is_always_right(app: Flask) -> None:
    number, phone = factories.resident_id(), factories.phone()
    first = ticket_of(run_of(starts_in=timedelta(days=2)), name="张伟", doc_number=number, phone=phone)
    with unit_of_work():
        prove_elsewhere(signup_by_ticket(first))
    ticket = ticket_of(run_of(starts_in=timedelta(days=9)), name="章伟", doc_number=number)
    assert put_right(ticket, name="张伟", phone=phone) == {"name": "changed", "phone": "changed"}


def test_after_the_list_is_final_it_says_whom_to_call(app: Flask, frozen: FrozenClock) -> None:
    ticket = ticket_of(run_of(starts_in=timedelta(days=3)))
    frozen.now = datetime.fromisoformat("2026-11-25T18:00:00+08:00")
    found = refused(ticket, name="李四")
    assert (found.code, found.facts["call"]) == ("roster_locked", "0510-86800000")
    assert "0510-86800000" in found.sentence
    assert signup_by_ticket(ticket).name == "张三"


@pytest.mark.parametrize("values", [{"state": "withdrawn"}, {"outcome": "attended"}])
def test_a_place_that_is_over_or_taken_up_is_not_changed(app: Flask, values: dict[str, str]) -> None:
    ticket = ticket_of(run_of())
    with unit_of_work():
        for name, value in values.items():
            setattr(signup_by_ticket(ticket), name, value)
    assert refused(ticket, name="李四").code == "roster_locked"


def test_the_waiting_may_put_things_right_and_keep_their_place_in_the_line(app: Flask) -> None:
    run = run_of(capacity=1)
    signed(run)
    ticket = ticket_of(run)
    put_right(ticket, name="李四", doc_number=factories.resident_id())
    row = signup_by_ticket(ticket)
    assert (row.state, row.position) == ("waitlisted", 1)


def test_whoever_waits_elsewhere_is_one_person_on_both_places(app: Flask) -> None:
    full = run_of(capacity=1, starts_in=timedelta(days=9))
    signed(full)
    ticket = ticket_of(run_of())
    with unit_of_work():
        waiting = move(signup_by_ticket(ticket), full).signup
    put_right(ticket, name="章伟", doc_number=factories.resident_id(), phone=factories.phone())
    kept, waiting = signup_by_ticket(ticket), db.session.get_one(Signup, waiting.id)
    assert (waiting.state, waiting.name, waiting.person_id) == ("waitlisted", "章伟", kept.person_id)
    assert phone_of(waiting) == phone_of(kept)
    assert len(told()) == 2


def test_nothing_wished_is_asked_back(app: Flask) -> None:
    assert refused(ticket_of(run_of())).code == "nothing_to_correct"


def test_no_audit_row_holds_what_was_typed(app: Flask) -> None:
    number, phone = factories.resident_id(), factories.phone()
    ticket = ticket_of(run_of())
    put_right(ticket, name="欧阳娜娜", doc_number=number, phone=phone)
    facts = [str(row.facts) for row in db.session.scalars(select(AuditEntry))]
    assert not any(secret in one for secret in ("欧阳", number, phone, number[6:14]) for one in facts)
