"""换手机号 at the desk (rulings: who owns a phone)."""

from datetime import date, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from chengjiu_mp.certificates import desk_errors, errors, lookup, passes, phone_desk
from chengjiu_mp.certificates.models import Certificate
from chengjiu_mp.certificates.phone_desk import NewPhone
from chengjiu_mp.certificates.phone_finding import find_by_document, find_by_number, waiting_changes
from chengjiu_mp.certificates.phone_models import PhoneChange
from chengjiu_mp.core import context, privacy
from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.core.models import AuditEntry
from chengjiu_mp.outbox import queries
from chengjiu_mp.people.documents import DocType
from chengjiu_mp.people.models import Contact, Person
from chengjiu_mp.people.service import prove_phone
from chengjiu_mp.reports.reach import Holder, held_by_name
from chengjiu_mp.signin.errors import CodeWrong, NoSms
from chengjiu_mp.signin.models import Account
from tests import factories, issued
from tests.conftest import FrozenClock
from tests.web.test_certificate_pages import code_to, post

NEW = "13900009999"


@pytest.fixture
def one(app: Flask) -> Certificate:
    return issued.issue("张三")[0]


@pytest.fixture
def old(one: Certificate) -> str:
    return issued.phone_of(one)


@pytest.fixture
def staff(app: Flask) -> list[Account]:
    with factories.made():
        return [factories.account("operator", name="甲"), factories.account("operator", name="乙")]


def born(one: Certificate, day: str) -> None:
    """Give the holder a document of that birth date."""
    number = factories.resident_id(birth=day)
    with unit_of_work():
        person = db.session.get_one(Person, one.person_id)
        person.doc_index = privacy.document_index("resident_id", number)
        person.doc_sealed = privacy.seal(number, place=Person.PLACE, row=person.uid)


def begin(by: Account, one: Certificate, phone: str = NEW, **more: Any) -> int:
    wish = NewPhone(**{"phone": phone, "reason": "原号码停用", "seen": True, **more})
    with factories.acting(by), unit_of_work():
        return phone_desk.start(db.session.get_one(Person, one.person_id), wish).id


def prove(by: Account, change: int, code: str = "") -> PhoneChange:
    with factories.acting(by):
        return phone_desk.prove(change, code or code_to(NEW))


def looked_up(phone: str, name: str) -> frozenset[int]:
    with unit_of_work():
        return lookup.people_named(privacy.phone_index(phone), name)


def phones(one: Certificate) -> list[bytes]:
    db.session.rollback()
    of = select(Contact.phone_index).where(Contact.person_id == one.person_id, Contact.ended_at.is_(None))
    return [bytes(found) for found in db.session.scalars(of)]


def test_a_proved_new_phone_takes_the_old_ones_place(one: Certificate, old: str, staff: list[Account]) -> None:
    change = begin(staff[0], one)
    assert phones(one) == [privacy.phone_index(old)]
    done = prove(staff[0], change)
    assert (done.state, done.phone_sealed, done.phone_index) == ("done", b"", b"")
    assert phones(one) == [privacy.phone_index(NEW)]
    assert looked_up(NEW, "张三") == {one.person_id}
    with pytest.raises(errors.NameDiffers):
        looked_up(old, "张三")


def look_up(client: Any, phone: str) -> None:
    post(client, "/lookup", phone=phone, name="张三")
    post(client, "/lookup/code", code=code_to(phone))


def test_what_the_old_phone_opened_ends_with_it(
    client: Any, one: Certificate, old: str, staff: list[Account], frozen: FrozenClock
) -> None:
    key, token, of = issued.key_of(one), issued.pass_of(one), one.id
    mine, record = f"/c/{of}", f"/api/v1/certificates/{of}?key={key}"
    look_up(client, old)
    assert (client.get(mine).status_code, client.get(record).status_code) == (200, 200)
    change = begin(staff[0], db.session.get_one(Certificate, of))
    assert client.get(mine).status_code == 200
    prove(staff[0], change)
    for url in ("/certificates", mine, f"{mine}/correct", f"{mine}/paper"):
        assert "张三" not in client.get(url).text
    assert client.get("/certificates").headers["Location"] == "/lookup"
    assert [client.get(f"{mine}/{part}").status_code for part in ("image", "pdf", "progress")] == [404] * 3
    assert [client.get(url).status_code for url in (record, record.replace("?", "/image?"))] == [404, 404]
    assert passes.people_of(token) == frozenset()
    # The new phone opens it as the old one did.
    look_up(client, NEW)
    assert client.get(mine).status_code == 200


def test_a_pass_of_two_people_keeps_the_one_whose_phone_it_still_is(app: Flask, staff: list[Account]) -> None:
    one, other = issued.issue("张三", "李四")
    old = issued.phone_of(one)
    with unit_of_work():
        prove_phone(db.session.get_one(Person, other.person_id), old, "test")
    token = passes.pass_for([one.person_id, other.person_id], privacy.phone_index(old))
    assert passes.people_of(token) == {one.person_id, other.person_id}
    kept = {other.person_id}
    prove(staff[0], begin(staff[0], one))
    assert passes.people_of(token) == kept


def test_the_old_phone_is_told_naming_nobody(one: Certificate, old: str, staff: list[Account]) -> None:
    prove(staff[0], begin(staff[0], one))
    body = queries.messages_to(privacy.phone_index(old))[0].body
    assert "换成别的号码" in body
    for hidden in ("张三", NEW, NEW[-4:], old, one.number):
        assert hidden not in body


def test_it_is_logged_without_personal_data(one: Certificate, old: str, staff: list[Account]) -> None:
    prove(staff[0], begin(staff[0], one))
    rows = db.session.execute(select(AuditEntry.action, AuditEntry.actor_id, AuditEntry.facts)).all()
    said = {row.action: row for row in rows}
    assert said["person.phone_change_begun"].actor_id == staff[0].id
    assert said["person.phone_change_begun"].facts["reason"] == "原号码停用"
    assert said["person.phone_replaced"].actor_id == staff[0].id
    assert NEW not in str([row.facts for row in rows])


def test_a_wrong_code_changes_nothing_and_five_end_it(one: Certificate, old: str, staff: list[Account]) -> None:
    change = begin(staff[0], one)
    right = code_to(NEW)
    wrong = "000000" if right != "000000" else "111111"
    for code in (*[wrong] * 5, right):
        with pytest.raises(CodeWrong):
            prove(staff[0], change, code)
    assert phones(one) == [privacy.phone_index(old)]


@pytest.mark.parametrize(
    ("more", "refusal"),
    [
        ({"seen": False}, desk_errors.DocumentUnseen),
        ({"reason": " "}, errors.ReasonMissing),
        ({"phone": "+85291234567"}, NoSms),
    ],
    ids=["nobody looked", "no reason", "abroad"],
)
def test_what_is_needed(one: Certificate, staff: list[Account], more: dict[str, Any], refusal: type[Exception]) -> None:
    with pytest.raises(refusal):
        begin(staff[0], one, **more)


def test_a_minor_takes_a_second_person(one: Certificate, old: str, staff: list[Account]) -> None:
    born(one, "20081124")
    change = begin(staff[0], one)
    assert prove(staff[0], change).state == "proved"
    assert phones(one) == [privacy.phone_index(old)]
    with factories.acting(staff[0]), pytest.raises(desk_errors.OwnChange), unit_of_work():
        phone_desk.decide(db.session.get_one(PhoneChange, change), agreed=True)
    with factories.acting(staff[1]), unit_of_work():
        assert waiting_changes(context.principal())[0].id == change
        phone_desk.decide(db.session.get_one(PhoneChange, change), agreed=True)
    assert phones(one) == [privacy.phone_index(NEW)]


def test_eighteen_today_is_no_minor(one: Certificate, old: str, staff: list[Account]) -> None:
    born(one, "20081123")
    assert prove(staff[0], begin(staff[0], one)).state == "done"


def test_a_minors_change_refused_leaves_the_phone(one: Certificate, old: str, staff: list[Account]) -> None:
    born(one, "20120101")
    change = begin(staff[0], one)
    prove(staff[0], change)
    with factories.acting(staff[1]), unit_of_work():
        phone_desk.decide(db.session.get_one(PhoneChange, change), agreed=False, reason="监护人不在场")
    assert phones(one) == [privacy.phone_index(old)]


@pytest.mark.parametrize("values", [{"decided_by": None}, {"decided_by": "maker"}], ids=["nobody", "the same"])
def test_the_database_refuses_one_person_for_a_minor(
    one: Certificate, old: str, staff: list[Account], values: dict[str, Any]
) -> None:
    born(one, "20120101")
    change = begin(staff[0], one)
    prove(staff[0], change)
    decided = staff[0].id if values["decided_by"] else None
    by_hand = update(PhoneChange).where(PhoneChange.id == change).values(state="done", decided_by=decided)
    with pytest.raises(IntegrityError), unit_of_work():
        db.session.execute(by_hand)


def test_the_database_refuses_a_phone_that_answered_no_code(one: Certificate, old: str, staff: list[Account]) -> None:
    change = begin(staff[0], one)
    with pytest.raises(IntegrityError), unit_of_work():
        db.session.execute(update(PhoneChange).where(PhoneChange.id == change).values(state="done"))


def test_a_document_without_a_birth_date_asks_for_it(one: Certificate, old: str, staff: list[Account]) -> None:
    with unit_of_work():
        person = db.session.get_one(Person, one.person_id)
        person.doc_type = "passport"
        person.doc_sealed = privacy.seal("E12345678", place=Person.PLACE, row=person.uid)
    with pytest.raises(desk_errors.BirthMissing):
        begin(staff[0], one)
    db.session.rollback()
    assert prove(staff[0], begin(staff[0], one, birth=date(2012, 1, 1))).state == "proved"


def test_a_later_desk_stands(one: Certificate, old: str, staff: list[Account], frozen: FrozenClock) -> None:
    first, code = begin(staff[0], one), code_to(NEW)
    second = begin(staff[1], one, phone="13900008888")
    with pytest.raises(desk_errors.ChangeNotOpen):
        prove(staff[0], first, code)
    with factories.acting(staff[1]):
        phone_desk.prove(second, code_to("13900008888"))
    assert phones(one) == [privacy.phone_index("13900008888")]


def principal_of(who: Account) -> context.Principal:
    with factories.acting(who):
        return context.principal()


def test_the_holder_is_found_two_ways_in_scope_alone(one: Certificate, staff: list[Account]) -> None:
    number = factories.resident_id(birth="19900101")
    with unit_of_work():
        person = db.session.get_one(Person, one.person_id)
        person.doc_index = privacy.document_index("resident_id", number)
    with factories.made():
        away = factories.account("operator", "nanzha")
        reader = factories.account("operator", read_only=True)
    who = principal_of(staff[0])
    assert find_by_number(who, one.number.lower(), " 张三").id == one.person_id
    assert find_by_document(who, number, DocType.RESIDENT_ID).id == one.person_id
    for caller, typed, name in (
        (who, one.number, "李四"), (who, "JYA202699999", "张三"),
        (principal_of(away), one.number, "张三"), (principal_of(reader), one.number, "张三"),
    ):  # fmt: skip
        with pytest.raises(desk_errors.HolderNotFound):
            find_by_number(caller, typed, name)
    for caller, typed in ((principal_of(away), number), (who, factories.resident_id())):
        with pytest.raises(desk_errors.HolderNotFound):
            find_by_document(caller, typed, None)


def test_the_old_numbers_stranger_reaches_no_signup(one: Certificate, old: str, staff: list[Account]) -> None:
    holder = Holder(privacy.phone_index(old), "张三")
    assert held_by_name(holder, context.PUBLIC)
    prove(staff[0], begin(staff[0], one))
    assert held_by_name(holder, context.PUBLIC) == []
    assert held_by_name(Holder(privacy.phone_index(NEW), "张三"), context.PUBLIC)[0].whole


def test_a_parents_phone_may_be_the_childs_as_well(one: Certificate, old: str, staff: list[Account]) -> None:
    child = issued.issue("李四")[0]
    prove(staff[0], begin(staff[0], child, phone=NEW))
    assert looked_up(NEW, "李四") == {child.person_id}
    assert phones(one) == [privacy.phone_index(old)]


def test_searches_and_changes_are_counted(client: Any, one: Certificate, frozen: FrozenClock) -> None:
    with factories.made():
        head = factories.bearer("operator")
    ways = {"way": "number", "number": "JYA202699999", "name": "张三"}
    sent = [client.post("/console/phones/", data=ways, headers=head).status_code for _ in range(32)]
    assert sent == [422] * 30 + [429] * 2
    frozen.now += timedelta(hours=2)
    with factories.made():
        head = factories.bearer("operator")
    page, given = f"/console/phones/{one.person_id}", {"seen": "1", "reason": "停用"}
    changes = []
    for last in range(7):
        frozen.now += timedelta(minutes=2)
        reply = client.post(page, data={**given, "phone": f"1390000777{last}"}, headers=head)
        changes.append(reply.status_code)
    assert changes == [303] * 5 + [429] * 2
