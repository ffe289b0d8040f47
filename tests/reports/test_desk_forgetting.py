"""What the desk keeps of people goes with them, and by itself when nothing came of it."""

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from chengjiu_mp.certificates import desk_errors, phone_desk, requests
from chengjiu_mp.certificates.models import Certificate
from chengjiu_mp.certificates.phone_desk import NewPhone
from chengjiu_mp.certificates.phone_models import PhoneChange
from chengjiu_mp.certificates.request_models import CertificateRequest
from chengjiu_mp.core import context, privacy
from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.exams.exemption_models import ExamExemption
from chengjiu_mp.people.models import Contact, Person
from chengjiu_mp.people.name_display import ERASED_NAME
from chengjiu_mp.reports.erasure import erase
from chengjiu_mp.signin.models import Account
from tests import exams_rows, factories, issued
from tests.conftest import FrozenClock
from tests.owndata import again
from tests.reports.test_own_data import held
from tests.reports.test_retention import night, over
from tests.web.test_certificate_pages import code_to

NEW = "13900009999"


@pytest.fixture
def one(app: Flask) -> Certificate:
    return issued.issue("张三")[0]


@pytest.fixture
def clerk(app: Flask) -> Account:
    with factories.made():
        return factories.account("operator")


def begin(clerk: Account, one: Certificate, *, birth: str = "") -> PhoneChange:
    if birth:
        number = factories.resident_id(birth=birth)
        with unit_of_work():
            person = db.session.get_one(Person, one.person_id)
            person.doc_sealed = privacy.seal(number, place=Person.PLACE, row=person.uid)
    with factories.acting(clerk), unit_of_work():
        person = db.session.get_one(Person, one.person_id)
        return phone_desk.start(person, NewPhone(phone=NEW, reason="原号码停用", seen=True))


def ask(one: Certificate, name: str = "张珊") -> CertificateRequest:
    with unit_of_work():
        return requests.ask_name(db.session.get_one(Certificate, one.id), name, "身份证上是珊瑚的珊")


def refuse(clerk: Account, row: CertificateRequest) -> None:
    with factories.acting(clerk), unit_of_work():
        requests.refuse(db.session.get_one(CertificateRequest, row.id), "证件不一致")


def forget(one: Certificate) -> None:
    phone = issued.phone_of(one)
    with unit_of_work():
        found = held(phone)
        erase(lambda: found, context.PUBLIC)


def test_a_change_of_phone_under_way_does_not_outlive_an_erasure(one: Certificate, clerk: Account) -> None:
    change = begin(clerk, one)
    code = code_to(NEW)
    forget(one)
    row = again(change)
    assert (row.state, row.phone_sealed, row.phone_index) == ("dropped", b"", b"")
    with factories.acting(clerk), pytest.raises(desk_errors.ChangeNotOpen):
        phone_desk.prove(change.id, code)
    live = select(Contact.id).where(Contact.person_id == one.person_id, Contact.ended_at.is_(None))
    assert db.session.scalars(live).all() == []


def test_names_that_were_asked_for_go_with_the_person_and_the_printed_one_stays(
    one: Certificate, clerk: Account
) -> None:
    first = ask(one, "张姗")
    refuse(clerk, first)
    second = ask(one)
    forget(one)
    for row in (again(first), again(second)):
        assert (row.state, row.new_name, row.note, row.old_name) == ("refused", ERASED_NAME, "", "张三")
    assert again(second).decision


def test_a_refused_name_and_an_abandoned_phone_go_by_themselves(
    app: Flask, one: Certificate, clerk: Account, frozen: FrozenClock
) -> None:
    asked = ask(one)
    refuse(clerk, asked)
    waits = ask(one, "张姗")
    change = begin(clerk, one)
    frozen.now += timedelta(days=2)
    night()
    assert (again(change).state, again(change).phone_sealed) == ("dropped", b"")
    assert again(asked).new_name == "张珊"
    frozen.now += timedelta(days=180)
    night()
    assert (again(asked).new_name, again(asked).note) == (ERASED_NAME, "")
    assert again(waits).new_name == "张姗"


def test_a_minors_phone_waits_for_the_second_person_longer_than_a_code(
    app: Flask, one: Certificate, clerk: Account, frozen: FrozenClock
) -> None:
    change = begin(clerk, one, birth="20150101")
    with factories.acting(clerk):
        phone_desk.prove(change.id, code_to(NEW))
    for days, state in ((10, "proved"), (180, "dropped")):
        frozen.now += timedelta(days=days)
        night()
        assert again(change).state == state


@pytest.mark.parametrize("how", ["erased", "purged"])
def test_an_exemptions_certificate_number_goes_with_the_sign_up(app: Flask, frozen: FrozenClock, how: str) -> None:
    with factories.made():
        here = exams_rows.attended(over())
        row = ExamExemption(
            run_id=here.run_id, signup_id=here.id, item="cpr", reason="持有效证", certificate_no="JYR202500012"
        )
        db.session.add(row)
    if how == "erased":
        phone = privacy.unseal(here.phone_sealed, place=type(here).PLACE_PHONE, row=here.uid)
        with unit_of_work():
            found: Any = held(phone)
            erase(lambda: found, context.PUBLIC)
    else:
        frozen.now += timedelta(days=366)
        night()
    assert (again(row).certificate_no, again(row).reason) == (ERASED_NAME, ERASED_NAME)
