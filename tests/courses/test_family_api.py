"""Families over HTTP: a party in one request, a guardian's word by its link."""

from typing import Any

from flask.testing import FlaskClient
from sqlalchemy import select

from chengjiu_mp.core.db import db
from chengjiu_mp.courses.models import Signup
from tests import factories
from tests.families import THIRTEEN, child_id, code_to

CONSENTS = [{"purpose": "signup", "version": 1}, {"purpose": "document_number", "version": 1}]
PHONE = "13912345678"
GUARDIAN = {"name": "王芳", "relation": "mother", "phone": PHONE}


def a_run(kind: str = "popular", **values: Any) -> int:
    with factories.made():
        return factories.run(kind=kind, **values).id


def person(number: str = "", **changes: Any) -> dict[str, Any]:
    return {"name": "张三", "doc_number": number or factories.resident_id(), **changes}


def together(client: FlaskClient, run: int, *people: dict[str, Any], **changes: Any) -> Any:
    content = {"people": list(people), "phone": PHONE, "consents": CONSENTS, **changes}
    return client.post(f"/api/v1/runs/{run}/signups/together", json=content)


def post(client: FlaskClient, path: str, content: Any = None) -> Any:
    return client.post(f"/api/v1{path}", json=content)


def test_a_party_comes_in_one_request_in_its_order(client: FlaskClient) -> None:
    said = together(client, a_run(), person(name="张三"), person(name="李四", phone=factories.phone()))
    assert (said.status_code, [one["state"] for one in said.json["items"]]) == (201, ["confirmed"] * 2)
    rows = db.session.scalars(select(Signup).order_by(Signup.id)).all()
    assert [row.name for row in rows] == ["张三", "李四"]
    assert [one["id"] for one in said.json["items"]] == [row.id for row in rows]
    assert rows[0].phone_index != rows[1].phone_index
    assert rows[0].party_id == rows[1].party_id is not None


def test_seats_for_all_or_none_unless_they_split(client: FlaskClient) -> None:
    run, people = a_run(capacity=1), (person(), person())
    said = together(client, run, *people)
    assert (said.status_code, said.json["code"]) == (409, "party_does_not_fit")
    assert (said.json["seats_left"], said.json["people"]) == (1, 2)
    split = together(client, run, *people, split=True)
    assert [(one["state"], one["position"]) for one in split.json["items"]] == [("confirmed", None), ("waitlisted", 1)]


def test_each_fault_has_its_own_pointer(client: FlaskClient) -> None:
    said = together(client, a_run(), person(name="张3"), person("320281198506150012"), person(phone="1"))
    assert said.status_code == 422
    assert [e["pointer"] for e in said.json["errors"]] == ["/people/0/name", "/people/1/doc_number", "/people/2/phone"]
    assert together(client, a_run(), *(person() for _ in range(5))).json["errors"][0]["pointer"] == "/people"


def test_a_child_waits_for_the_word_that_comes_by_the_link(client: FlaskClient) -> None:
    run = a_run()
    content = {**person(child_id()), "phone": PHONE, "consents": CONSENTS}
    refused = post(client, f"/runs/{run}/signups", content)
    assert (refused.status_code, refused.json["code"]) == (422, "guardian_required")
    made = post(client, f"/runs/{run}/signups", {**content, "guardian": GUARDIAN})
    assert (made.status_code, made.json["state"]) == (201, "pending")
    link = f"/guardian/{made.json['guardian_token']}"
    asked: Any = client.get(f"/api/v1{link}").json
    assert (asked["state"], asked["phone_masked"], asked["notice"]["purpose"]) == ("asked", "139****5678", "guardian")
    assert "王芳" not in str(asked)
    challenge = post(client, f"{link}/codes").json["challenge"]
    word = {"challenge": challenge, "code": code_to(PHONE), "version": asked["notice"]["version"]}
    assert post(client, f"{link}/agree", {**word, "version": 9}).json["code"] == "consent_missing"
    agreed = post(client, f"{link}/agree", word).json
    assert (agreed["state"], agreed["children"][0]["state"], agreed["hindrance"]) == ("agreed", "confirmed", None)
    for _ in "twice":
        ended = post(client, f"{link}/withdraw").json
        assert (ended["state"], ended["children"][0]["state"]) == ("withdrawn", "withdrawn")


def test_a_party_that_lost_its_seats_hears_why_and_may_split(client: FlaskClient) -> None:
    run = a_run(capacity=2)
    made = together(client, run, person(), person(child_id()), guardian=GUARDIAN).json["items"]
    assert [one["state"] for one in made] == ["pending"] * 2
    link = f"/guardian/{made[1]['guardian_token']}"
    together(client, run, person())
    challenge = post(client, f"{link}/codes").json["challenge"]
    said = post(client, f"{link}/agree", {"challenge": challenge, "code": code_to(PHONE), "version": 1}).json
    assert (said["state"], said["hindrance"]) == ("agreed", "party_does_not_fit")


def test_the_course_s_age_stands_beside_the_guardian_s_word(client: FlaskClient) -> None:
    """feat-F3: 13 years and 救护员; the answer names what fits with its day."""
    fits, run = a_run(), a_run(kind="responder")
    content = {**person(child_id(THIRTEEN)), "phone": PHONE, "consents": CONSENTS}
    for guardian in (None, GUARDIAN):
        said = post(client, f"/runs/{run}/signups", {**content, "guardian": guardian})
        assert (said.status_code, said.json["code"]) == (422, "too_young")
        assert [one["id"] for one in said.json["alternatives"]] == [fits]


def test_a_stranger_s_link_opens_nothing(client: FlaskClient) -> None:
    for path, body in (("codes", None), ("agree", {"challenge": "a", "code": "1", "version": 1}), ("withdraw", None)):
        assert post(client, f"/guardian/{'a' * 26}/{path}", body).status_code == 404
