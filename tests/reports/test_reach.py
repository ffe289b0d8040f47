"""Whose data is whose: possession, not a name and a document number."""

from datetime import timedelta

import pytest

from chengjiu_mp.core import context, privacy
from chengjiu_mp.core.db import db
from chengjiu_mp.courses.models import Signup
from chengjiu_mp.people.models import Person
from chengjiu_mp.reports.reach import Holder, held_by_name
from tests import factories, invariants, issued, owndata, signups
from tests.owndata import own, passed, signed_in


@pytest.fixture
def run(app):
    with factories.made():
        return factories.run()


def test_a_phone_and_a_name_open_what_they_signed_up(client, run):
    phone = factories.phone()
    signups.signed(run.id, phone=phone)
    headers = signed_in(phone)
    assert own(client, headers) == []
    (person,) = own(client, headers, passed(client, headers))
    assert (person["name_masked"], person["whole"], len(person["signups"])) == ("张*", True, 1)
    assert person["document_number"].startswith("****")
    assert person["signups"][0]["phone"] == f"{phone[:3]}****{phone[-4:]}"
    assert [one["purpose"] for one in person["consents"]] == ["signup", "document_number"]
    assert person["messages"]["count"] == 1


@pytest.mark.parametrize("name", ["李四", "", "x" * 150])
def test_a_strangers_number_opens_nothing_by_itself(client, run, name):
    phone = factories.phone()
    signups.signed(run.id, phone=phone)
    reply = client.post("/api/v1/me/pass", json={"name": name}, headers=signed_in(phone))
    assert (reply.status_code, reply.json["code"]) == (404, "nothing_held")


def test_names_are_guessed_ten_times_an_hour(client, run):
    headers = signed_in(factories.phone())
    codes = [client.post("/api/v1/me/pass", json={"name": "李四"}, headers=headers).status_code for _ in range(11)]
    assert codes == [404] * 10 + [429]


def test_a_sign_in_without_a_phone_is_sent_for_a_code(client, run):
    with factories.made():
        headers = factories.bearer("operator")
    reply = client.post("/api/v1/me/pass", json={"name": "周敏"}, headers=headers)
    assert (reply.status_code, reply.json["code"]) == (409, "phone_not_proved")


def test_a_pass_is_good_for_its_own_phone_alone(client, run):
    phone = factories.phone()
    signups.signed(run.id, phone=phone)
    token = passed(client, signed_in(phone))
    assert own(client, signed_in(factories.phone()), token) == []


def test_a_pass_ends_after_half_an_hour(client, run, frozen):
    phone = factories.phone()
    signups.signed(run.id, phone=phone)
    headers = signed_in(phone)
    token = passed(client, headers)
    frozen.now += timedelta(minutes=31)
    assert own(client, headers, token) == []


def test_who_signs_somebody_up_with_a_phone_of_theirs_reaches_that_sign_up_alone(client, run):
    document, theirs = factories.resident_id(), factories.phone()
    victim = signups.signed(run.id, doc_number=document).signup
    owndata.prove(victim, factories.phone())
    with factories.made():
        other = factories.run(starts_in=timedelta(days=30))
    signups.signed(other.id, doc_number=document, phone=theirs)
    headers = signed_in(theirs)
    (person,) = own(client, headers, token := passed(client, headers))
    assert not person["whole"]
    assert [one["run_id"] for one in person["signups"]] == [other.id]
    assert person["phones_proved"] == []
    client.post("/api/v1/me/erasure", json={"confirm": True, "pass": token}, headers=headers)
    assert owndata.opened(victim)[0] == "张三"
    assert owndata.document_of(victim.person_id) == document
    assert invariants.broken() == {}


def test_nor_does_it_where_nobody_proved_a_phone_yet(client, run):
    document, theirs = factories.resident_id(), factories.phone()
    signups.signed(run.id, doc_number=document)
    with factories.made():
        other = factories.run(starts_in=timedelta(days=30))
    signups.signed(other.id, doc_number=document, phone=theirs)
    headers = signed_in(theirs)
    (person,) = own(client, headers, passed(client, headers))
    assert (person["whole"], [one["run_id"] for one in person["signups"]]) == (False, [other.id])


def test_who_types_a_holders_document_after_an_erasure_reaches_no_certificate(app, client):
    certificate = issued.issue("张三")[0]
    person = db.session.get_one(Person, certificate.person_id)
    document = owndata.document_of(person.id)
    signup = db.session.get_one(Signup, certificate.signup_id)
    headers = signed_in(issued.phone_of(certificate))
    token = passed(client, headers)
    client.post("/api/v1/me/erasure", json={"confirm": True, "pass": token}, headers=headers)
    with factories.made():
        run = factories.run()
    theirs = factories.phone()
    assert signups.signed(run.id, doc_number=document, phone=theirs).signup.person_id == signup.person_id
    headers = signed_in(theirs)
    (reached,) = own(client, headers, passed(client, headers))
    assert (reached["whole"], reached["certificates"]) == (False, [])


def test_a_token_reaches_what_it_signed_up_itself(client, run):
    headers = signed_in(factories.phone())
    body = {"name": "王五", "doc_number": factories.resident_id(), "phone": factories.phone(),
            "consents": [{"purpose": p.purpose, "version": 1} for p in signups.BOTH]}  # fmt: skip
    assert client.post(f"/api/v1/runs/{run.id}/signups", json=body, headers=headers).status_code == 201
    assert [one["name_masked"] for one in own(client, headers)] == ["王*"]


def test_what_staff_sign_up_for_others_is_not_theirs(client, run):
    with factories.made():
        headers = factories.bearer("operator")
    body = {"name": "王五", "doc_number": factories.resident_id(), "phone": factories.phone(),
            "consents": [{"purpose": p.purpose, "version": 1} for p in signups.BOTH]}  # fmt: skip
    assert client.post(f"/api/v1/runs/{run.id}/signups", json=body, headers=headers).status_code == 201
    assert own(client, headers) == []


def test_a_family_on_one_phone_is_seen_one_name_at_a_time(client, run):
    phone = factories.phone()
    for name in ("张三", "张小宝"):
        signups.signed(run.id, phone=phone, name=name)
    headers = signed_in(phone)
    assert [one["name_masked"] for one in own(client, headers, passed(client, headers, "张小宝"))] == ["张**"]


def test_an_erasure_leaves_the_rest_of_the_family(client, run):
    phone = factories.phone()
    mine, child = (signups.signed(run.id, phone=phone, name=name).signup for name in ("张三", "张小宝"))
    headers = signed_in(phone)
    reply = client.post("/api/v1/me/erasure", json={"confirm": True, "pass": passed(client, headers)}, headers=headers)
    assert (reply.json["people"], reply.json["account_closed"]) == (1, False)
    assert owndata.opened(mine) == owndata.GONE
    assert owndata.opened(child) == ("张小宝", phone)


def test_nobody_is_held_by_nobody(app):
    assert held_by_name(None, context.PUBLIC) == []
    assert held_by_name(Holder(privacy.phone_index("13900000000"), "张三"), context.PUBLIC) == []
