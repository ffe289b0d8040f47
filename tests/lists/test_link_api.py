"""A unit's private link for programs: the own row alone, one answer for strangers, the ticket on one phone."""

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.courses.models import Signup
from chengjiu_mp.lists import making, queries
from chengjiu_mp.lists.models import UnitList, UnitListRow
from chengjiu_mp.people.models import Consent
from tests import factories, rosters

ONE = rosters.person(1)
TAIL = ONE["证件号码"][-4:]
AGREED = [{"purpose": "signup", "version": 1}, {"purpose": "document_number", "version": 1}]
BASE = "/api/v1/private-links/"


@pytest.fixture
def link(app: Flask) -> str:
    found = rosters.a_list()
    rosters.enrolled(found, rosters.sheet([rosters.person(n) for n in range(3)]))
    with unit_of_work():
        making.switch_link(db.session.get_one(UnitList, found), on=True)
    return token_of(found)


def token_of(list_id: int) -> str:
    return BASE + queries.link_of(db.session.get_one(UnitList, list_id)).rpartition("/")[2]


def find(client: FlaskClient, link: str, **changes: str) -> Any:
    return client.post(f"{link}/find", json={"name": ONE["姓名"], "tail": TAIL, **changes})


def posted(client: FlaskClient, path: str, body: Any, headers: Any = None) -> Any:
    return client.post(path, json=body, headers=headers)


def confirm(client: FlaskClient, link: str, handle: str, **more: Any) -> Any:
    return client.post(f"{link}/confirm", json={"handle": handle, "consents": AGREED, **more})


def test_the_link_says_what_it_is_for_and_lists_nobody(client: FlaskClient, link: str) -> None:
    answer: Any = client.get(link)
    assert (answer.status_code, answer.json["unit"], len(answer.json["runs"])) == (200, "澄江街道", 1)
    assert {"signup", "document_number"} <= {one["purpose"] for one in answer.json["consents"]}
    assert all(rosters.person(n)["姓名"] not in answer.text for n in range(3))


def test_a_row_is_found_confirmed_and_its_ticket_opens(client: FlaskClient, link: str) -> None:
    row = find(client, link).json
    assert (row["name"], row["state"], row["confirmed_at"]) == (ONE["姓名"], "confirmed", None)
    assert row["phone_masked"] == ONE["手机号"][:3] + "****" + ONE["手机号"][-4:]
    assert ONE["证件号码"][-6:] not in str(row)
    done = confirm(client, link, row["handle"])
    assert (done.status_code, done.json["state"]) == (200, "confirmed")
    assert done.json["ticket_url"].endswith(f"/i/{done.json['ticket_token']}")
    assert find(client, link).json["confirmed_at"]
    assert ONE["姓名"] in client.get(f"/i/{done.json['ticket_token']}").text
    assert db.session.scalars(select(Consent.channel).where(Consent.channel == "page")).all() == ["page"] * 2


def test_again_is_the_same_ticket_and_another_phone_gets_none(client: FlaskClient, link: str) -> None:
    with factories.made():
        mine, theirs = factories.bearer("trainee"), factories.bearer("trainee")
    handle = find(client, link).json["handle"]
    body = {"handle": handle, "consents": AGREED}
    first, again = [posted(client, f"{link}/confirm", body, mine) for _ in range(2)]
    assert first.status_code == 200 and first.json == again.json
    for headers in (theirs, None):
        other = posted(client, f"{link}/confirm", body, headers)
        assert (other.status_code, other.json["code"]) == (422, "not_on_list")


def test_who_is_not_signed_in_has_a_lost_answer_again_by_its_key(client: FlaskClient, link: str) -> None:
    body = {"handle": find(client, link).json["handle"], "consents": AGREED}
    first, again = [posted(client, f"{link}/confirm", body, {"Idempotency-Key": "one"}) for _ in range(2)]
    assert first.status_code == 200 and first.json == again.json
    assert confirm(client, link, body["handle"]).json["code"] == "not_on_list"
    assert client.get_cookie("sid") is None


def test_every_way_not_to_be_found_has_one_answer(client: FlaskClient, link: str) -> None:
    answers = [find(client, link, **one) for one in ({"tail": "0000"}, {"tail": ""}, {"name": "不在册"})]
    assert {(one.status_code, one.json["code"], one.json["detail"]) for one in answers} == {
        (422, "not_on_list", answers[0].json["detail"])
    }


def test_without_the_consents_nothing_is_confirmed(client: FlaskClient, link: str) -> None:
    handle = find(client, link).json["handle"]
    answer = confirm(client, link, handle, consents=[])
    assert (answer.status_code, answer.json["code"]) == (422, "consent_missing")
    db.session.rollback()
    assert db.session.scalars(select(UnitListRow.confirmed_at)).all() == [None] * 3
    assert db.session.scalars(select(Signup.device_id)).all() == [None] * 3


def test_a_row_of_a_name_alone_is_completed_by_its_person(client: FlaskClient, app: Flask) -> None:
    list_id = rosters.a_list()
    with unit_of_work():
        of = db.session.get_one(UnitList, list_id)
        making.switch_link(of, on=True)
        making.put_names(of, queries.runs_of(list_id)[0].run, "王芳")
    link, number = token_of(list_id), factories.resident_id()
    row = find(client, link, name="王芳", tail="").json
    assert (row["state"], row["doc_type"], row["phone_masked"]) == ("named", None, None)
    bad = confirm(client, link, row["handle"], doc_number=number[:-1], phone="13900000000")
    assert bad.status_code == 422 and bad.json["errors"][0]["pointer"] == "/doc_number"
    done = confirm(client, link, row["handle"], doc_number=number, phone="13900000000")
    assert (done.status_code, done.json["state"]) == (200, "confirmed")
    db.session.rollback()
    assert db.session.scalars(select(Signup.channel)).all() == ["unit_link"]


def test_a_handle_of_another_link_or_a_false_one_opens_nothing(client: FlaskClient, link: str) -> None:
    other = rosters.a_list()
    with unit_of_work():
        making.switch_link(db.session.get_one(UnitList, other), on=True)
    handle = find(client, link).json["handle"]
    for at, what in ((token_of(other), handle), (link, "x"), (link, handle[:-8] + "AAAAAAA=")):
        assert confirm(client, at, what).json["code"] == "claim_expired"


def test_a_closed_link_and_a_strange_one_open_nothing(client: FlaskClient, link: str) -> None:
    with unit_of_work():
        making.switch_link(db.session.scalars(select(UnitList)).one(), on=False)
    closed: Any = client.get(link)
    assert closed.json["code"] == find(client, link).json["code"] == "link_off"
    assert client.get(BASE + "a" * 26).status_code == find(client, BASE + "a" * 26).status_code == 404


def test_tries_end_for_a_name_and_for_a_row(client: FlaskClient, link: str) -> None:
    handle = find(client, link).json["handle"]
    tries = [confirm(client, link, handle, consents=[]).status_code for _ in range(22)]
    assert tries == [422] * 20 + [429] * 2
    tries = [find(client, link, tail="0000").status_code for _ in range(11)]
    assert tries == [422] * 9 + [429] * 2
