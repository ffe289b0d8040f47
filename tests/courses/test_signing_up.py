"""Signing up: a seat or a place in the line, and whose ticket it is."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from chengjiu_mp.core import clock, context, privacy
from chengjiu_mp.core.context import Principal
from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.core.errors import NotFound, Refusal
from chengjiu_mp.core.models import AuditEntry
from chengjiu_mp.core.parsing import Invalid
from chengjiu_mp.courses.errors import AlreadySignedUp, BirthDateMissing, GuardianRequired, OverlappingSignup, TooYoung
from chengjiu_mp.courses.models import SeatPool, Signup
from chengjiu_mp.courses.signup_queries import phone_of, signup_by_ticket
from chengjiu_mp.outbox.chain import parcel_of
from chengjiu_mp.outbox.models import Delivery, Message
from chengjiu_mp.people.documents import DocType
from chengjiu_mp.people.models import Consent, Person
from chengjiu_mp.signin import sessions
from tests import factories
from tests.conftest import FrozenClock
from tests.signups import BOTH, signed


def run_of(capacity: int = 2, **values: Any) -> int:
    with factories.made():
        return factories.run(capacity=capacity, **values).id


def device() -> Principal:
    with factories.made():
        return Principal(device_id=sessions.open_session("device")[1].id)


def bodies() -> list[str]:
    return [
        privacy.unseal(m.body_sealed, place=Message.PLACE_BODY, row=m.uid)
        for m in db.session.scalars(select(Message).order_by(Message.id))
    ]


def test_seats_first_then_the_line(app: Flask) -> None:
    run = run_of(capacity=2)
    made = [signed(run) for _ in range(4)]
    assert [(m.signup.state, m.rank) for m in made] == [
        ("confirmed", None), ("confirmed", None), ("waitlisted", 1), ("waitlisted", 2),
    ]  # fmt: skip
    pool = db.session.scalars(select(SeatPool)).one()
    assert (pool.taken, pool.waiting, pool.next_position) == (2, 2, 3)


def test_no_seat_for_a_newcomer_while_anybody_waits(app: Flask) -> None:
    run = run_of(capacity=5)
    with unit_of_work():
        pool = db.session.scalars(select(SeatPool)).one()
        pool.waiting, pool.next_position = 1, 2
    assert signed(run).signup.position == 2


def test_what_is_frozen_and_what_is_sealed(app: Flask) -> None:
    with factories.made():
        office = factories.unit("education")
        run = factories.run(unit_id=office.id, key_group="school_staff")
    number, phone = factories.resident_id(), factories.phone()
    made = signed(run.id, doc_number=number, phone=f"+86 {phone}", name=" 买买提.吐尔逊 ")
    row = signup_by_ticket(made.ticket_token)
    assert (row.owner_unit_id, row.sector_id, row.key_group) == (office.id, run.sector_id, "school_staff")
    assert (row.name, phone_of(row), len(row.code)) == ("买买提·吐尔逊", phone, 6)
    person = db.session.get_one(Person, row.person_id)
    assert (person.name, person.doc_type) == (None, "resident_id")
    assert privacy.unseal(person.doc_sealed, place=Person.PLACE, row=person.uid) == number
    assert db.session.scalar(select(func.count()).select_from(Consent)) == 2


def test_the_message_says_when_where_and_how_to_come_back(app: Flask) -> None:
    run = run_of(capacity=1)
    first, _, third = signed(run), signed(run), signed(run)
    told = bodies()
    assert "11月26日（周四）12:00–15:00" in told[0]
    assert f"http://127.0.0.1:8000/i/{first.ticket_token}" in told[0]
    assert "请带身份证件原件" in told[0]
    assert "第 2 位" in told[2]
    assert third.ticket_token in told[2]
    assert not any("张三" in body for body in told)


def test_a_phone_abroad_gets_no_message_but_stands_on_the_call_list_with_its_number(app: Flask) -> None:
    made = signed(run_of(), phone="+852 91234567")
    assert made.signup.warnings == ["phone_no_sms"]
    line = db.session.scalars(select(Delivery)).one()
    assert (line.channel, line.reason) == ("call", "phone_abroad")
    message = db.session.scalars(select(Message)).one()
    assert parcel_of(message).phone == "+85291234567"


def test_it_is_audited_without_personal_data(app: Flask) -> None:
    made = signed(run_of())
    row = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "signup.made")).one()
    assert (row.object_id, row.facts) == (
        made.signup.id, {"state": "confirmed", "position": None, "channel": "api"},
    )  # fmt: skip


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"signup_opens_at": timedelta(hours=1)}, "signup_not_open"),
        ({"signup_closes_at": timedelta(0)}, "signup_closed"),
        ({"state": "closed"}, "signup_closed"),
        ({"state": "cancelled"}, "signup_closed"),
        ({"state": "draft"}, "not_found"),
    ],
)
def test_the_run_must_be_open(app: Flask, values: dict[str, Any], code: str) -> None:
    fixed: dict[str, Any] = {k: clock.now() + v if isinstance(v, timedelta) else v for k, v in values.items()}
    run = run_of(**fixed)
    with pytest.raises(Refusal) as refused:
        signed(run)
    assert refused.value.code == code
    assert db.session.scalars(select(SeatPool.taken)).one() == 0


def test_an_unknown_run_is_not_found(app: Flask) -> None:
    with pytest.raises(NotFound):
        signed(4711)


@pytest.mark.parametrize(
    ("changes", "field", "code"),
    [
        ({"doc_number": "320281198506150012"}, "doc_number", "doc_checksum"),
        ({"name": "张3"}, "name", "name_digits"),
        ({"phone": "1391234"}, "phone", "phone_length"),
        ({"consents": BOTH[:1]}, "consents", "consent_missing"),
    ],
)
def test_one_mistake_is_that_refusal(app: Flask, changes: dict[str, Any], field: str, code: str) -> None:
    run = run_of()
    with pytest.raises(Refusal) as refused:
        signed(run, **changes)
    assert (refused.value.field, refused.value.code) == (field, code)
    assert db.session.scalar(select(func.count()).select_from(Person)) == 0


def test_all_mistakes_are_told_at_once_and_no_input_with_them(app: Flask) -> None:
    run = run_of()
    with pytest.raises(Invalid) as refused:
        signed(run, name="", doc_number="320281198506150012", phone="1391234", consents=())
    assert [e["pointer"] for e in refused.value.errors] == ["/name", "/doc_number", "/phone", "/consents"]
    assert "32028119850615" not in str(refused.value.errors) + str(refused.value)


# Age


def test_too_young_names_what_fits_and_when(app: Flask) -> None:
    with factories.made():
        mine = factories.run("responder")
        fits = factories.run("cpr_aed", starts_in=timedelta(days=9), title="学生专场")
        factories.run("junior", starts_in=timedelta(days=8))
        factories.run("instructor", starts_in=timedelta(days=7))
    with pytest.raises(TooYoung) as refused:
        signed(mine.id, doc_number=factories.resident_id(birth="20110101"))
    facts = refused.value.facts
    assert facts["min_age"] == 18
    assert [(a["id"], a["title"]) for a in facts["alternatives"]] == [(fits.id, "学生专场")]
    assert datetime.fromisoformat(facts["alternatives"][0]["starts_at"]) == fits.starts_at


@pytest.mark.parametrize(("birth", "fits"), [("20081126", True), ("20081127", False)])
def test_the_age_counts_on_the_first_day(app: Flask, birth: str, fits: bool) -> None:
    run = run_of(kind="responder", starts_in=timedelta(days=3))
    number = factories.resident_id(birth=birth)
    if fits:
        assert signed(run, doc_number=number).fresh
    else:
        with pytest.raises(TooYoung):
            signed(run, doc_number=number)


@pytest.mark.parametrize(("birth", "refused"), [("20121123", False), ("20121124", True)])
def test_a_guardian_agrees_for_who_is_under_14_today(app: Flask, birth: str, refused: bool) -> None:
    run = run_of(starts_in=timedelta(days=30))
    number = factories.resident_id(birth=birth)
    if not refused:
        assert signed(run, doc_number=number).fresh
        return
    with pytest.raises(GuardianRequired) as said:
        signed(run, doc_number=number)
    assert said.value.facts["call"] in said.value.sentence


def test_a_document_without_a_birth_date_asks_for_one_so_that_no_child_goes_unnoticed(app: Flask) -> None:
    run = run_of(kind="popular")
    for number, kind in (("12345678", DocType.TW_TRAVEL_PERMIT), ("H12345678", None), ("AB123456", None)):
        with pytest.raises(BirthDateMissing) as asked:
            signed(run, doc_number=number, doc_type=kind)
        assert asked.value.field == "birth_date"
    with pytest.raises(Invalid) as both:
        signed(run, name="", doc_number="AB123456")
    assert [e["pointer"] for e in both.value.errors] == ["/name", "/birth_date"]
    made = signed(run, doc_number="12345678", doc_type=DocType.TW_TRAVEL_PERMIT, birth_optional=True)
    assert "age_unknown" in made.signup.warnings
    told = signed(run, doc_number="87654321", doc_type=DocType.TW_TRAVEL_PERMIT, birth_date=date(1990, 1, 1))
    assert "age_unknown" not in told.signup.warnings
    with pytest.raises(GuardianRequired):
        signed(run, doc_number="87654322", doc_type=DocType.TW_TRAVEL_PERMIT, birth_date=date(2020, 1, 1))


# Whose ticket


def test_the_same_device_gets_its_own_ticket_again(app: Flask) -> None:
    run, number, mine = run_of(), factories.resident_id(), device()
    with context.acting_as(mine):
        first, again = signed(run, doc_number=number), signed(run, doc_number=number)
    assert (first.fresh, again.fresh) == (True, False)
    assert again.ticket_token == first.ticket_token
    assert db.session.scalars(select(SeatPool.taken)).one() == 1


@pytest.mark.parametrize("who", ["nobody", "other device"])
def test_anyone_else_learns_nothing(app: Flask, who: str) -> None:
    run, number = run_of(), factories.resident_id()
    with context.acting_as(device()):
        made = signed(run, doc_number=number)
    stranger = device() if who == "other device" else Principal()
    with context.acting_as(stranger), pytest.raises(AlreadySignedUp) as refused:
        signed(run, doc_number=number, name="李四")
    assert refused.value.facts == {}
    assert made.ticket_token not in refused.value.sentence


def test_the_same_account_on_another_device_gets_it(app: Flask) -> None:
    run, number = run_of(), factories.resident_id()
    with factories.made():
        who = factories.account("trainee")
        one, other = (sessions.open_session("bearer", who.id)[1].id for _ in "ab")
    with context.acting_as(Principal(account_id=who.id, device_id=one)):
        made = signed(run, doc_number=number)
    with context.acting_as(Principal(account_id=who.id, device_id=other)):
        assert signed(run, doc_number=number).ticket_token == made.ticket_token


def test_who_proved_the_phone_on_it_and_types_the_document_gets_it(app: Flask) -> None:
    run, number, phone = run_of(), factories.resident_id(), factories.phone()
    made = signed(run, doc_number=number, phone=phone)
    with context.acting_as(Principal(device_id=device().device_id, phone_index=privacy.phone_index(phone))):
        assert signed(run, doc_number=number).ticket_token == made.ticket_token


def test_one_person_one_place_at_a_time(app: Flask) -> None:
    number = factories.resident_id()
    with factories.made():
        one, same_time = factories.run().id, factories.run().id
        later = factories.run(starts_in=timedelta(days=4)).id
    signed(one, doc_number=number)
    with pytest.raises(OverlappingSignup):
        signed(same_time, doc_number=number)
    assert signed(later, doc_number=number).fresh


def test_a_withdrawn_place_does_not_block_a_new_one(app: Flask, frozen: FrozenClock) -> None:
    run, number = run_of(), factories.resident_id()
    first = signed(run, doc_number=number)
    with unit_of_work():
        db.session.get_one(Signup, first.signup.id).state = "withdrawn"
    assert signed(run, doc_number=number).signup.id != first.signup.id
