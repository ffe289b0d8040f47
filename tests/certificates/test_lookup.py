"""Finding one's own certificates: equal answers for everybody, and only to the proved phone and the name."""

import re
import statistics
import time
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from chengjiu_mp.certificates.models import Certificate
from chengjiu_mp.core import clock, privacy
from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.core.models import AuditEntry
from chengjiu_mp.outbox.models import Message
from chengjiu_mp.people.models import Contact, Person
from chengjiu_mp.people.service import prove_phone
from chengjiu_mp.signin.service import add_account, grant_role
from tests import factories, issued

LOOKUP = "/api/v1/certificates/lookup"


def sent_code(phone: str) -> str:
    of = select(Message).where(Message.kind == "code.lookup", Message.phone_index == privacy.phone_index(phone))
    row = db.session.scalars(of.order_by(Message.id.desc())).first()
    assert row is not None
    body = privacy.unseal(row.body_sealed, place=Message.PLACE_BODY, row=row.uid)
    return re.findall(r"\d{6}", body)[0]


def codes_sent() -> int:
    return db.session.scalar(select(func.count()).where(Message.kind == "code.lookup")) or 0


def look_up(client: Any, phone: str, name: str = "张三") -> Any:
    challenge = client.post(LOOKUP, json={"phone": phone}).json["challenge_id"]
    return client.post(f"{LOOKUP}/answer", json={"challenge_id": challenge, "code": sent_code(phone), "name": name})


@pytest.fixture
def mine(app: Flask) -> Certificate:
    return issued.issue("张三")[0]


def test_code_and_name_open_the_list_and_the_picture(client: Any, mine: Certificate) -> None:
    found = look_up(client, issued.phone_of(mine)).json["certificates"]
    assert [(c["number"], c["state_words"], c["picture"]) for c in found] == [(mine.number, "有效", "waiting")]
    waiting = client.get(found[0]["image_url"])
    assert (waiting.status_code, waiting.headers["Retry-After"]) == (202, "3")
    issued.draw(mine)
    ready = client.get(found[0]["image_url"])
    assert (ready.status_code, ready.mimetype) == (200, "image/jpeg")


def test_a_picture_that_waits_for_a_font_is_worth_no_hurry(client: Any, app: Flask) -> None:
    one = issued.issue("张\U0003fffd")[0]
    issued.draw(one)
    reply = client.get(f"/api/v1/certificates/{one.id}/image?key={issued.key_of(one)}")
    assert (reply.status_code, reply.headers["Retry-After"]) == (202, "3600")


def test_known_and_unknown_people_get_equal_answers(client: Any, mine: Certificate) -> None:
    phones = [issued.phone_of(mine), factories.phone()]
    replies = [client.post(LOOKUP, json={"phone": phone, "name": "张三"}) for phone in phones]
    shapes = {
        (r.status_code, len(r.data), tuple(r.json), tuple(name for name, _ in r.headers if name != "X-Request-Id"))
        for r in replies
    }
    assert len(shapes) == 1
    assert codes_sent() == 1


def test_they_take_equal_time(client: Any, app: Flask, frozen: Any) -> None:
    known = [issued.phone_of(one) for one in issued.issue(*("甲乙丙丁戊己庚辛"))]
    seconds: dict[bool, list[float]] = {True: [], False: []}
    for phone in known:
        for is_known, number in ((True, phone), (False, factories.phone())):
            begin = time.perf_counter()
            client.post(LOOKUP, json={"phone": number})
            seconds[is_known].append(time.perf_counter() - begin)
    ratio = statistics.median(seconds[True]) / statistics.median(seconds[False])
    assert 0.5 < ratio < 2


def test_a_phone_that_nobody_proved_gets_no_code(client: Any, mine: Certificate) -> None:
    phone = issued.phone_of(mine, proved=False)
    assert client.post(LOOKUP, json={"phone": phone}).status_code == 202
    assert codes_sent() == 0


def test_an_ended_contact_gets_no_code(client: Any, mine: Certificate) -> None:
    phone = issued.phone_of(mine)
    with unit_of_work():
        db.session.scalars(select(Contact)).one().ended_at = clock.now()
    client.post(LOOKUP, json={"phone": phone})
    assert codes_sent() == 0


def test_the_new_owner_of_a_number_opens_nothing(client: Any, mine: Certificate) -> None:
    refused = look_up(client, issued.phone_of(mine), "李四")
    assert (refused.status_code, refused.json["code"]) == (422, "name_differs")
    assert mine.number not in refused.text


def test_two_people_on_one_phone_see_their_own(client: Any, app: Flask) -> None:
    mother = issued.issue("张三")[0]
    phone = issued.phone_of(mother)
    child = issued.issue("李四")[0]
    with unit_of_work():
        person = db.session.get_one(Person, child.person_id)
        prove_phone(person, phone, "test")
    found = look_up(client, phone, "李四").json["certificates"]
    assert [c["number"] for c in found] == [child.number]


def test_five_wrong_codes_end_the_code_and_nothing_else(client: Any, mine: Certificate, frozen: Any) -> None:
    phone = issued.phone_of(mine)
    challenge = client.post(LOOKUP, json={"phone": phone}).json["challenge_id"]
    right = sent_code(phone)
    wrong = "000000" if right != "000000" else "111111"
    for code in (wrong, wrong, wrong, wrong, wrong, right):
        reply = client.post(f"{LOOKUP}/answer", json={"challenge_id": challenge, "code": code, "name": "张三"})
        assert (reply.status_code, reply.json["code"]) == (422, "code_wrong")
    frozen.now += timedelta(minutes=2)
    assert look_up(client, phone).status_code == 200


def test_an_answer_to_a_challenge_that_never_was_reads_the_same(client: Any, mine: Certificate) -> None:
    answers = []
    for phone in (issued.phone_of(mine), factories.phone()):
        challenge = client.post(LOOKUP, json={"phone": phone}).json["challenge_id"]
        body = {"challenge_id": challenge, "code": "00000", "name": "张三"}
        reply = client.post(f"{LOOKUP}/answer", json=body).json
        answers.append({k: v for k, v in reply.items() if k != "request_id"})
    assert answers[0] == answers[1]


def test_known_and_unknown_phones_are_throttled_alike(client: Any, mine: Certificate, frozen: Any) -> None:
    seen = []
    for phone in (issued.phone_of(mine), factories.phone()):
        line = []
        for _ in range(7):
            line.append(client.post(LOOKUP, json={"phone": phone}).status_code)
            frozen.now += timedelta(seconds=70)
        seen.append(line)
        frozen.now += timedelta(hours=2)
    assert seen[0] == seen[1] == [202] * 5 + [429] * 2


def test_one_name_is_not_tried_on_many_phones(client: Any, app: Flask) -> None:
    replies = [client.post(LOOKUP, json={"phone": factories.phone(), "name": "张三"}).status_code for _ in range(12)]
    assert replies == [202] * 10 + [429] * 2


def test_a_key_opens_its_certificate_alone_and_ends(client: Any, app: Flask, frozen: Any) -> None:
    one, two = issued.issue("张三", "李四")
    key = issued.key_of(one)
    assert client.get(f"/api/v1/certificates/{one.id}?key={key}").json["name"] == "张三"
    assert client.get(f"/api/v1/certificates/{two.id}?key={key}").status_code == 404
    frozen.now += timedelta(minutes=31)
    assert client.get(f"/api/v1/certificates/{one.id}?key={key}").status_code == 404


@pytest.mark.parametrize("key", ["", "zz", "00" * 40, 1800])
def test_no_key_no_certificate(client: Any, mine: Certificate, key: object) -> None:
    for path in ("", "/image"):
        assert client.get(f"/api/v1/certificates/{mine.id}{path}?key={key}").status_code == 404


@pytest.mark.parametrize(
    ("role", "unit", "record", "picture"),
    [
        ("operator", None, 200, 202), ("approver", None, 200, 202), ("auditor", None, 200, 404),
        ("unit_manager", "chengjiang", 200, 202), ("unit_manager", "nanzha", 404, 404),
        ("instructor", None, 404, 404), ("trainee", None, 404, 404),
    ],
)  # fmt: skip
def test_staff_see_what_is_in_their_scope(
    client: Any, mine: Certificate, role: str, unit: str | None, record: int, picture: int
) -> None:
    with factories.made():
        who = factories.bearer(role, unit)
    of = f"/api/v1/certificates/{mine.id}"
    assert client.get(of, headers=who).status_code == record
    assert client.get(f"{of}/image", headers=who).status_code == picture


def test_the_trail_tells_of_a_look_up_without_saying_who(client: Any, mine: Certificate) -> None:
    look_up(client, issued.phone_of(mine))
    entry = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "certificate.looked_up")).one()
    assert (entry.object_id, entry.facts) == (mine.person_id, {})


@pytest.mark.parametrize(("name", "status"), [("张三", 200), ("", 404), ("李四", 404)])
def test_an_account_of_the_phone_and_the_name_is_the_holder(
    client: Any, mine: Certificate, name: str, status: int
) -> None:
    phone = issued.phone_of(mine)
    with factories.made():
        who = add_account(name, phone=phone)
        grant_role(who, "trainee")
        head = factories.headers_of(who)
    assert client.get(f"/api/v1/certificates/{mine.id}", headers=head).status_code == status


def test_a_key_that_opens_nothing_is_not_echoed_to_staff(client: Any, app: Flask) -> None:
    (one,) = issued.issue("张三")
    with factories.made():
        head = factories.headers_of(factories.account("operator"))
    said = client.get(f"/api/v1/certificates/{one.id}?key=32028119850615004X", headers=head)
    assert said.json["image_url"] == f"/api/v1/certificates/{one.id}/image"
