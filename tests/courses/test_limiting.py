"""feat-A17, rel-S6: limits that refuse no crowded hall; a word near a limit; caps per device and person."""

import dataclasses
import re
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from chengjiu_mp import create_app
from chengjiu_mp.config import Settings
from chengjiu_mp.core import context
from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.core.models import AuditEntry
from chengjiu_mp.core.question_pool import POOL
from chengjiu_mp.courses import messages
from chengjiu_mp.courses.models import CourseRun, Signup
from chengjiu_mp.courses.withdrawing import withdraw
from chengjiu_mp.signin import codes
from chengjiu_mp.signin.models import SignInSession
from tests import factories
from tests.conftest import FrozenClock
from tests.families import told

CONSENTS = [{"purpose": purpose, "version": 1} for purpose in ("signup", "document_number")]


def a_run(**values: Any) -> int:
    with factories.made():
        return factories.run(**{"capacity": 300, **values}).id


def form(**changes: Any) -> dict[str, Any]:
    typed = {"name": "张三", "doc_number": factories.resident_id(), "phone": factories.phone(), "consents": CONSENTS}
    return {**typed, **changes}


def send(client: FlaskClient, run: int, who: dict[str, str] | None = None, **changes: Any) -> Any:
    return client.post(f"/api/v1/runs/{run}/signups", json=form(**changes), headers=who)


def trainee() -> dict[str, str]:
    with factories.made():
        return factories.bearer("trainee")


def answer_to(problem: dict[str, Any]) -> dict[str, Any]:
    right = next(one for one in POOL if one.text == problem["question"]).answers[0]
    return {"challenge": problem["challenge"], "answer": right}


def taken() -> int:
    return db.session.scalar(select(func.count()).select_from(Signup)) or 0


def test_sixty_from_one_address_in_a_minute_all_get_in_unasked(client: FlaskClient, frozen: FrozenClock) -> None:
    run = a_run()
    for _ in range(60):
        assert send(client, run).status_code == 201
        frozen.now += timedelta(seconds=1)


def test_who_asks_again_after_a_lost_reply_gets_it_whatever_the_limits_say_by_now(client: FlaskClient) -> None:
    run, who = a_run(), trainee()
    path, bodies = f"/api/v1/runs/{run}/signups", [form() for _ in range(3)]

    def keyed(number: int, body: dict[str, Any]) -> Any:
        return client.post(path, json=body, headers={**who, "Idempotency-Key": f"key-{number}"})

    first = [keyed(number, body) for number, body in enumerate(bodies)]
    # The device holds three places by now: whoever comes with a new form is asked a question.
    assert keyed(3, form()).json["code"] == "question_needed"
    for _ in range(30):
        again = keyed(2, bodies[2])
        assert (again.status_code, again.data, again.headers["Idempotent-Replayed"]) == (201, first[2].data, "true")
    assert keyed(4, form()).json["code"] == "too_many"
    assert keyed(2, form()).json["code"] == "idempotency_key_reused"
    assert taken() == 3


def test_a_number_is_not_flooded_by_ever_new_devices(client: FlaskClient, frozen: FrozenClock) -> None:
    run, number = a_run(), factories.phone()
    assert [send(client, run, phone=number).status_code for _ in range(12)] == [201] * 12
    asked = send(client, run, phone=number)
    assert (asked.status_code, asked.json["code"]) == (429, "question_needed")
    assert not re.search("人很多|手机", asked.json["detail"])  # nor whose number it is
    assert send(client, run, phone=factories.phone()).status_code == 201
    assert send(client, run, phone=number, **answer_to(asked.json)).status_code == 201
    frozen.now += timedelta(days=1, seconds=1)
    assert send(client, run, phone=number).status_code == 201


def test_a_guardian_is_not_flooded_either(client: FlaskClient) -> None:
    with factories.made():
        run = factories.run(kind="popular", capacity=300).id
    named = {"name": "王芳", "relation": "mother", "phone": factories.phone()}

    def child() -> Any:
        return send(client, run, doc_number=factories.resident_id(birth="20160501"), guardian=named)

    assert [child().status_code for _ in range(12)] == [201] * 12
    assert child().json["code"] == "question_needed"


def test_a_guardians_phone_gets_as_few_messages_as_codes(client: FlaskClient, frozen: FrozenClock) -> None:
    with factories.made():
        run = factories.run(kind="popular", capacity=300, starts_in=timedelta(days=9)).id
    named, other = ({"name": "王芳", "relation": "mother", "phone": factories.phone()} for _ in range(2))

    def children(count: int, guardian: Any = named) -> list[int]:
        ids = [factories.resident_id(birth="20160501") for _ in range(count)]
        return [send(client, run, doc_number=one, guardian=guardian).status_code for one in ids]

    # A family of four, child by child, with one guardian.
    assert (children(4), len(told("guardian.asked", named["phone"]))) == ([201] * 4, 4)
    # Nobody is refused; the phone is left in peace.
    assert (children(4), len(told("guardian.asked", named["phone"]))) == ([201] * 4, 5)
    assert (children(1, other), len(told("guardian.asked", other["phone"]))) == ([201], 1)
    frozen.now += timedelta(hours=2)
    assert (children(3), len(told("guardian.asked", named["phone"]))) == ([201] * 3, 8)
    frozen.now += timedelta(hours=2)
    assert (children(1), len(told("guardian.asked", named["phone"]))) == ([201], 9)


def test_a_guardian_who_answers_is_no_stranger(client: FlaskClient) -> None:
    with factories.made():
        run = factories.run(kind="popular", capacity=300).id
    phone = factories.phone()
    for _ in range(8):
        send(client, run, doc_number=factories.resident_id(birth="20160501"),
             guardian={"name": "王芳", "relation": "mother", "phone": phone})  # fmt: skip
        found = re.search(r"确认码 (\d{6})", told("guardian.asked", phone)[-1])
        assert found
        codes.prove_claim(phone, found[1], messages.CLAIM)
    assert len(told("guardian.asked", phone)) == 8


@pytest.fixture
def narrow(app: Flask, settings: Settings) -> FlaskClient:
    """A site whose network limit is ten a minute."""
    small = create_app(dataclasses.replace(settings, signups_per_network=10))
    return small.test_client()


def test_a_hall_beyond_the_networks_limit_is_asked_and_never_refused(narrow: FlaskClient) -> None:
    run = a_run()
    assert [send(narrow, run).status_code for _ in range(8)] == [201] * 8
    for _ in range(12):
        asked = send(narrow, run)
        assert (asked.status_code, asked.json["code"]) == (429, "question_needed")
        assert asked.json["detail"].startswith("现在报名的人很多")
        assert "image" not in asked.json
        assert send(narrow, run, **answer_to(asked.json)).status_code == 201
    assert taken() == 20


def test_a_spoofed_address_does_not_get_around_it(narrow: FlaskClient) -> None:
    """rel-A19: without a proxy that we know, the header says nothing."""
    run = a_run()
    said = [send(narrow, run, {"X-Forwarded-For": f"10.0.0.{n}", "Forwarded": f"for=10.1.0.{n}"}) for n in range(12)]
    assert [one.status_code for one in said] == [201] * 8 + [429] * 4


def test_behind_one_known_proxy_only_its_own_word_counts(app: Flask, settings: Settings) -> None:
    site = create_app(dataclasses.replace(settings, signups_per_network=10, proxy_hops=1))
    run, client = a_run(), site.test_client()
    mine = [send(client, run, {"X-Forwarded-For": f"10.0.0.{n}, 198.51.100.7"}).status_code for n in range(12)]
    assert mine == [201] * 8 + [429] * 4
    assert send(client, run, {"X-Forwarded-For": "198.51.100.8"}).status_code == 201


def test_the_fourth_place_of_a_device_asks_for_a_word(client: FlaskClient) -> None:
    run, who = a_run(), trainee()
    assert [send(client, run, who).status_code for _ in range(3)] == [201] * 3
    asked = send(client, run, who)
    assert (asked.status_code, asked.json["code"]) == (429, "question_needed")
    assert asked.json["detail"].startswith("这部手机上已经报了几个名额")
    assert "retry_after" not in asked.json
    assert send(client, run, who, **answer_to(asked.json)).status_code == 201


def test_a_wrong_word_gets_another_question(client: FlaskClient) -> None:
    run, who = a_run(), trainee()
    for _ in range(3):
        send(client, run, who)
    first = send(client, run, who).json
    again = send(client, run, who, challenge=first["challenge"], answer="不知道")
    assert again.status_code == 429
    assert "不对" in again.json["detail"]
    assert again.json["challenge"] != first["challenge"]


def test_a_used_word_and_somebody_elses_open_nothing(client: FlaskClient) -> None:
    run, who, other = a_run(), trainee(), trainee()
    for _ in range(3):
        send(client, run, who)
        send(client, run, other)
    word = answer_to(send(client, run, who).json)
    assert send(client, run, other, **word).status_code == 429
    assert send(client, run, who, **word).status_code == 201
    assert send(client, run, who, **word).json["code"] == "question_needed"
    assert taken() == 7


def test_a_slip_elsewhere_in_the_form_costs_no_second_answer(client: FlaskClient) -> None:
    run, who = a_run(), trainee()
    for _ in range(3):
        send(client, run, who)
    word = answer_to(send(client, run, who).json)
    assert send(client, run, who, doc_number="1", **word).status_code == 422
    assert send(client, run, who, **word).status_code == 201


def test_the_same_key_repeats_the_reply_although_its_word_is_used(client: FlaskClient) -> None:
    run, who = a_run(), trainee()
    for _ in range(3):
        send(client, run, who)
    content = form(**answer_to(send(client, run, who).json))
    replies = [
        client.post(f"/api/v1/runs/{run}/signups", json=content, headers={**who, "Idempotency-Key": "k"})
        for _ in range(2)
    ]
    assert [one.status_code for one in replies] == [201, 201]
    assert replies[0].json == replies[1].json


def test_a_bot_on_one_device_ends_at_twelve(client: FlaskClient, frozen: FrozenClock) -> None:
    """rel-A18: two hundred identities, answering every question right."""
    run, who, codes = a_run(), trainee(), list[str]()
    for _ in range(200):
        frozen.now += timedelta(seconds=3)
        reply = send(client, run, who)
        if reply.json.get("code") == "question_needed":
            reply = send(client, run, who, **answer_to(reply.json))
        codes.append(reply.json["code"] if reply.status_code == 429 else "in")
    assert codes.count("in") == taken() == 12
    assert set(codes[12:]) <= {"device_full", "too_many"}


def test_a_full_device_is_told_what_to_do_and_has_room_again(client: FlaskClient) -> None:
    run, who = a_run(), trainee()
    device = db.session.scalars(select(SignInSession.id)).one()
    with factories.made():
        of = db.session.get_one(CourseRun, run)
        first = [factories.signup(of, device_id=device).id for _ in range(12)].pop()
    full = send(client, run, who)
    assert (full.status_code, full.json["code"], full.json["call"]) == (429, "device_full", "0510-86800000")
    with unit_of_work():
        withdraw(db.session.get_one(Signup, first))
    asked = send(client, run, who)
    assert asked.json["code"] == "question_needed"
    assert send(client, run, who, **answer_to(asked.json)).status_code == 201


@pytest.mark.parametrize(("role", "unit"), [("operator", None), ("unit_manager", "chengjiang")])
def test_staff_who_enter_others_are_exempt_and_logged(client: FlaskClient, role: str, unit: str | None) -> None:
    run = a_run()
    with factories.made():
        account = factories.account(role, unit)
        who, account_id = factories.headers_of(account), account.id
    assert [send(client, run, who).status_code for _ in range(35)] == [201] * 35
    made = db.session.scalars(select(AuditEntry.actor_id).where(AuditEntry.action == "signup.made")).all()
    assert made == [account_id] * 35


def test_staff_out_of_scope_are_like_anybody(client: FlaskClient) -> None:
    run = a_run()
    with factories.made():
        who = factories.bearer("unit_manager", "nanzha")
    assert [send(client, run, who).status_code for _ in range(4)] == [201, 201, 201, 429]


def test_a_person_holds_three_certified_places_ahead(client: FlaskClient) -> None:
    runs = [a_run(starts_in=timedelta(days=day)) for day in range(3, 8)]
    lecture = a_run(kind="popular", starts_in=timedelta(days=20))
    number, who = factories.resident_id(), trainee()
    replies = [send(client, run, who, doc_number=number) for run in runs[:3]]
    assert [one.status_code for one in replies] == [201] * 3
    other = trainee()
    full = send(client, runs[3], other, doc_number=number)
    assert (full.status_code, full.json["code"], full.json["most"]) == (409, "too_many_places", 3)
    assert send(client, lecture, other, doc_number=number).status_code == 201
    with unit_of_work(), context.acting_as(context.SYSTEM):
        withdraw(db.session.get_one(Signup, replies[0].json["id"]))
    assert send(client, runs[3], other, doc_number=number).status_code == 201
