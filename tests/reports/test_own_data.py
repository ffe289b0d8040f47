"""Looking at one's own data, withdrawing a consent and having it erased, over the API; everything else still stands."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from chengjiu_mp.certificates import lookup
from chengjiu_mp.certificates.errors import NameDiffers
from chengjiu_mp.certificates.issuing import confirm
from chengjiu_mp.certificates.models import Certificate
from chengjiu_mp.core import context, privacy
from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.core.models import AuditEntry
from chengjiu_mp.courses import moving
from chengjiu_mp.courses.models import SeatPool, Signup
from chengjiu_mp.outbox.models import Delivery
from chengjiu_mp.people.models import Consent, Person
from chengjiu_mp.reports.consenting import consent_held, withdraw_consent
from chengjiu_mp.reports.erasure import consequences, erase
from chengjiu_mp.reports.errors import NothingHeld
from chengjiu_mp.reports.reach import Held, Holder, held_by_name
from tests import exams_rows, factories, invariants, issued, owndata, signups
from tests.owndata import GONE, Headers, again, opened, own, passed, signed_in


@pytest.fixture
def run(app: Any) -> Any:
    with factories.made():
        return factories.run(capacity=1)


@pytest.fixture
def phone() -> str:
    return factories.phone()


@pytest.fixture
def mine(run: Any, phone: str) -> Signup:
    return signups.signed(run.id, phone=phone).signup


def consents(client: Any, headers: Headers, token: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client.get(f"/api/v1/me/consents?pass={token}", headers=headers).json["items"]
    return found


def withdraw(client: Any, headers: Headers, token: str, consent_id: int) -> Any:
    return client.post(f"/api/v1/me/consents/{consent_id}/withdraw", json={"pass": token}, headers=headers)


def erased(client: Any, headers: Headers, **more: Any) -> Any:
    body = {"confirm": True, "pass": passed(client, headers), **more}
    return client.post("/api/v1/me/erasure", json=body, headers=headers)


def held(phone: str, name: str = "张三") -> list[Held]:
    return held_by_name(Holder(privacy.phone_index(phone), name), context.PUBLIC)


# Consents


def test_the_api_says_which_text_and_when_and_lets_it_be_withdrawn(client, mine, phone, frozen):
    headers = signed_in(phone)
    token = passed(client, headers)
    one = consents(client, headers, token)[0]
    assert (one["purpose"], one["version"], one["withdrawn_at"]) == ("signup", 1, None)
    assert one["given_at"].startswith("2026-11-23T04:00")
    assert client.get(one["text_url"].removeprefix("http://127.0.0.1:8000")).status_code == 200
    assert one["ends_signup"] and "名额让给下一位" in one["consequence"]
    frozen.now += timedelta(minutes=5)
    done = withdraw(client, headers, token, one["id"])
    assert (done.status_code, done.json["withdrawn_at"][:16]) == (200, "2026-11-23T04:05")
    assert again(mine).state == "withdrawn"


def test_a_withdrawal_frees_the_seat_for_the_next_and_is_dated_once(client, run, mine, phone, frozen):
    waiting = signups.signed(run.id).signup
    headers = signed_in(phone)
    token = passed(client, headers)
    first = withdraw(client, headers, token, consents(client, headers, token)[0]["id"]).json
    frozen.now += timedelta(minutes=5)
    second = withdraw(client, headers, token, first["id"]).json
    assert first["withdrawn_at"] == second["withdrawn_at"]
    assert again(waiting).state == "confirmed"
    assert db.session.scalar(select(func.count()).select_from(Consent)) == 4
    trail = db.session.scalars(select(AuditEntry.action).where(AuditEntry.object_type == "consent")).all()
    assert trail == ["consent.withdrawn"]
    assert invariants.broken() == {}


def test_an_optional_consent_ends_no_sign_up(app, client, mine, phone):
    with unit_of_work():
        notice = db.session.get_one(Consent, 1).notice_id
        db.session.execute(db.text("update notice set required = :no where id = :id"), {"no": False, "id": notice})
    headers = signed_in(phone)
    token = passed(client, headers)
    done = withdraw(client, headers, token, 1)
    assert not done.json["ends_signup"]
    assert again(mine).state == "confirmed"


def test_after_the_training_began_a_withdrawal_changes_no_attendance(app, phone):
    with factories.made():
        over = exams_rows.past_run()
        here = exams_rows.attended(over, phone=phone)
        db.session.add(
            Consent(person_id=here.person_id, signup_id=here.id, notice_id=1, text_sha256="x", channel="page")
        )
    with unit_of_work():
        given = consent_held(held(phone), 1)
        assert not given.ends_signup
        withdraw_consent(given)
    assert (again(here).state, again(here).outcome) == ("confirmed", "attended")


def test_a_strangers_consent_is_not_there(client, run, mine, phone):
    stranger = factories.phone()
    signups.signed(run.id, phone=stranger, name="李四")
    headers = signed_in(stranger)
    assert withdraw(client, headers, passed(client, headers, "李四"), 1).status_code == 404
    assert again(db.session.get_one(Consent, 1)).withdrawn_at is None


# Erasure


def test_an_erasure_needs_its_confirmation(client, mine, phone):
    headers = signed_in(phone)
    reply = client.post("/api/v1/me/erasure", json={"pass": passed(client, headers)}, headers=headers)
    assert (reply.status_code, reply.json["code"]) == (422, "not_confirmed")
    assert opened(mine)[0] == "张三"


def test_an_erasure_leaves_rows_and_no_data(client, run, mine, phone):
    waiting = signups.signed(run.id).signup
    ticket = factories.ticket(mine)
    owndata.prove(mine, phone)
    done = erased(client, signed_in(phone)).json
    assert done == {"people": 1, "signups": 1, "places": 1, "messages": 2, "account_closed": True}
    assert opened(mine) == GONE
    assert (again(mine).state, again(waiting).state) == ("withdrawn", "confirmed")
    assert owndata.document_of(mine.person_id) == ""
    assert owndata.texts_about(mine) == ["", ""]
    assert all(c.ended_at and c.phone_index != privacy.phone_index(phone) for c in owndata.contacts_of(mine.person_id))
    assert client.get(f"/i/{ticket}").status_code == 404
    assert invariants.broken() == {}


def test_nothing_typed_is_left_in_any_table(client, run, phone):
    name, document = "欧阳不可寻", factories.resident_id()
    signups.signed(run.id, phone=phone, name=name, doc_number=document)
    headers = signed_in(phone)
    token = passed(client, headers, name)
    indexes = {privacy.phone_index(phone), privacy.document_index("resident_id", document)}
    client.post("/api/v1/me/erasure", json={"confirm": True, "pass": token}, headers=headers)
    left = []
    for table in db.metadata.sorted_tables:
        for row in db.session.execute(table.select()).mappings():
            left += [
                f"{table.name}.{c}" for c, v in row.items() if v == name or (isinstance(v, bytes) and v in indexes)
            ]
    assert left == []


def test_a_familys_places_are_given_back_run_by_run(client, phone):
    """Whoever takes the places of several runs takes the runs in one order, or two of them wait for each other."""
    with factories.made():
        first, second = (factories.run(starts_in=timedelta(days=days)).id for days in (3, 5))
    for run_id in (second, first):
        signups.signed(run_id, phone=phone)
    erased(client, signed_in(phone))
    given_back = select(Signup.run_id).join(AuditEntry, AuditEntry.object_id == Signup.id)
    rows = db.session.scalars(given_back.where(AuditEntry.action == "signup.withdrawn").order_by(AuditEntry.id))
    assert rows.all() == [first, second]


def test_what_is_moved_while_it_is_erased_goes_too(app, phone):
    with factories.made():
        first, second = (factories.run(starts_in=timedelta(days=days)).id for days in (3, 5))
    mine = signups.signed(first, phone=phone).signup
    found = held(phone)
    with unit_of_work():
        moving.move(db.session.get_one(Signup, mine.id), second)
    with unit_of_work():
        done = erase(lambda: found, context.PUBLIC)
    assert (done.signups, done.places) == (2, 1)
    assert None not in db.session.scalars(select(Signup.erased_at)).all()
    assert invariants.broken() == {}


def test_an_erasure_twice_is_one(client, mine, phone):
    found = held(phone)
    with unit_of_work():
        first = erase(lambda: found, context.PUBLIC)
    before = (again(mine).ticket_hash, again(mine).erased_at)
    with unit_of_work():
        second = erase(lambda: found, context.PUBLIC)
    assert (first.signups, second.signups, second.messages) == (1, 0, 0)
    assert (again(mine).ticket_hash, again(mine).erased_at) == before
    with pytest.raises(NothingHeld), unit_of_work():
        erase(lambda: held(phone), context.PUBLIC)


def test_who_comes_back_with_the_document_is_new(client, run, phone):
    document = factories.resident_id()
    first = signups.signed(run.id, phone=phone, doc_number=document).signup
    erased(client, signed_in(phone))
    second = signups.signed(run.id, phone=phone, doc_number=document).signup
    assert second.person_id != first.person_id
    assert invariants.broken() == {}


def test_a_waiting_message_goes_nowhere(client, mine, phone):
    erased(client, signed_in(phone))
    states = db.session.execute(select(Delivery.state, Delivery.reason)).all()
    assert {tuple(one) for one in states} == {("expired", "erased")}


def test_the_phones_next_sign_in_is_a_fresh_account(client, mine, phone):
    headers = signed_in(phone)
    erased(client, headers)
    assert client.get("/api/v1/me/data", headers=headers).status_code == 401
    assert own(client, signed_in(phone)) == []


# Certificates stay


def test_a_certificate_stays_and_verifies_and_the_phone_finds_nothing(client, app):
    certificate = issued.issue("张三")[0]
    phone, token = issued.phone_of(certificate), issued.token(certificate)
    document = owndata.document_of(certificate.person_id)
    erased(client, signed_in(phone))
    assert client.get(f"/api/v1/verify/{token}").json["name_masked"] == "张*"
    with pytest.raises(NameDiffers), unit_of_work():
        lookup.people_named(privacy.phone_index(phone), "张三")
    assert db.session.scalar(select(func.count()).select_from(Certificate)) == 1
    person = again(db.session.get_one(Person, certificate.person_id))
    assert person.doc_index == privacy.document_index("resident_id", document)
    assert (person.forgotten_at, owndata.document_of(person.id)) == (None, "")


def test_a_holder_who_insists_is_forgotten(client, app):
    certificate = issued.issue("张三")[0]
    document = owndata.document_of(certificate.person_id)
    erased(client, signed_in(issued.phone_of(certificate)), forget_certificates=True)
    person = again(db.session.get_one(Person, certificate.person_id))
    assert person.doc_index != privacy.document_index("resident_id", document)
    assert person.forgotten_at is not None


def test_a_holder_who_comes_back_is_the_same_person(client, app):
    certificate = issued.issue("张三")[0]
    document = owndata.document_of(certificate.person_id)
    erased(client, signed_in(issued.phone_of(certificate)))
    with factories.made():
        run = factories.run()
    again_here = signups.signed(run.id, doc_number=document).signup
    assert again_here.person_id == certificate.person_id
    assert owndata.document_of(certificate.person_id) == document


def test_whoever_is_erased_before_the_confirmation_gets_no_certificate(app):
    run, by = issued.ready_run("张三", "李四")
    first, second = db.session.scalars(select(Signup).order_by(Signup.id))
    phone = opened(first)[1]
    with unit_of_work():
        found = held(phone)
        assert consequences(found).unfinished == 1
        erase(lambda: found, context.PUBLIC)
    with unit_of_work():
        certificates = confirm(run.id, by)
    assert [one.signup_id for one in certificates] == [second.id]
    assert "I9 numbers of a series are 1 to n without a gap" not in invariants.broken()


def test_who_is_at_the_training_is_nameless_and_keeps_the_place(app, phone):
    with factories.made():
        under_way = factories.run(starts_in=timedelta(minutes=-10))
        here = factories.signup(under_way, phone=phone)
    with unit_of_work():
        assert erase(lambda: held(phone), context.PUBLIC).places == 0
    assert (again(here).state, opened(here)) == ("confirmed", GONE)
    assert db.session.scalars(select(SeatPool.taken).where(SeatPool.run_id == under_way.id)).one() == 1


def test_an_erasure_is_on_record_without_personal_data(client, mine, phone):
    erased(client, signed_in(phone))
    (entry,) = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "person.erased"))
    assert entry.facts == {"signups": 1, "messages": 2, "certificates": 0, "whole": True, "forgotten": True}


def test_what_goes_and_stays_is_told_in_figures(app, client):
    certificate = issued.issue("张三")[0]
    told = consequences(held(issued.phone_of(certificate)))
    assert (told.signups, told.live, told.certificates) == (1, 0, 1)
    assert certificate.valid_until is not None
    assert told.index_until == certificate.valid_until + timedelta(days=1095)


def test_two_taps_at_once_erase_once(app, run, phone):
    mine = signups.signed(run.id, phone=phone).signup
    waiting = [signups.signed(run.id).signup for _ in range(2)]

    def tap(_: int) -> int:
        with app.app_context():
            try:
                with unit_of_work():
                    return erase(lambda: held(phone), context.PUBLIC).signups
            except NothingHeld:
                return 0
            finally:
                db.session.remove()

    with ThreadPoolExecutor(4) as taps:
        assert sum(taps.map(tap, range(4))) == 1
    assert opened(mine) == GONE
    assert sorted(again(one).state for one in waiting) == ["confirmed", "waitlisted"]
    assert invariants.broken() == {}
