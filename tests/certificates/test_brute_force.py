"""Nobody finds somebody else's certificates by trying (rel-A3, A4, A23): without Redis, whatever the headers say."""

import dataclasses
import itertools
import secrets
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from chengjiu_mp import create_app
from chengjiu_mp.certificates import verifying
from chengjiu_mp.certificates.errors import CertificateUnknown, YearIncomplete
from chengjiu_mp.certificates.models import Certificate
from chengjiu_mp.certificates.queries import certificate_by_token
from chengjiu_mp.core import context, ids
from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.outbox.models import Message
from chengjiu_mp.people.models import Person
from chengjiu_mp.people.service import prove_phone
from tests import factories, issued
from tests.conftest import FrozenClock
from tests.web.test_certificate_pages import post

LOOKUP = "/api/v1/certificates/lookup"
VICTIM = "欧阳铁柱"


@pytest.fixture
def one(app: Flask) -> Certificate:
    return issued.issue(VICTIM)[0]


def candidates(day: str = "19850615") -> list[str]:
    """Return the 500 numbers of one sex that share a county and a birthday."""
    return [factories.resident_id(number, day) for number in range(1, 1000, 2)]


def tried(
    client: Any, numbers: list[str], phone: str = "", every: timedelta = timedelta(0), clock: Any = None
) -> list[Any]:
    """Try each number with the victim's name from 50 invented addresses, every time as a new device."""
    replies = []
    for turn, number in enumerate(numbers):
        head = {"X-Forwarded-For": f"203.0.113.{turn % 50}", "X-Real-IP": f"203.0.113.{turn % 50}"}
        body = {"phone": phone or f"1380000{turn:04d}", "name": VICTIM, "doc_type": "resident_id", "doc_number": number}
        replies.append(client.post(LOOKUP, json=body, headers=head))
        if clock:
            clock.now += every
    return replies


def allowed(replies: list[Any]) -> int:
    return sum(reply.status_code == 202 for reply in replies)


def sent() -> int:
    db.session.rollback()
    return db.session.query(Message).filter(Message.kind == "code.lookup").count()


@pytest.mark.parametrize("hops", [0, 1], ids=["no proxy", "one proxy"])
def test_500_candidates_from_50_addresses_get_ten_tries_a_day(
    settings: Any, frozen: FrozenClock, app: Flask, one: Certificate, hops: int
) -> None:
    number, phone = one.number, issued.phone_of(one)
    client = create_app(dataclasses.replace(settings, proxy_hops=hops, redis_url=None)).test_client()
    spread = timedelta(seconds=86400 / 510)
    replies = tried(client, candidates(), every=spread, clock=frozen)
    assert {reply.status_code for reply in replies} == {202, 429}
    assert allowed(replies) <= 10
    # No phone that they named is a proved one: nothing was sent, nothing was said.
    assert sent() == 0
    assert not any(number in reply.text or phone in reply.text for reply in replies)


def test_who_knows_the_phone_as_well_sends_its_owner_ten_codes_and_gets_nothing(
    client: Any, one: Certificate, frozen: FrozenClock
) -> None:
    number = one.number
    replies = tried(client, candidates(), phone=issued.phone_of(one), every=timedelta(seconds=170), clock=frozen)
    assert allowed(replies) <= 10
    assert sent() == allowed(replies)
    assert not any(number in reply.text for reply in replies)


def test_another_spelling_of_the_name_is_no_other_target(client: Any, app: Flask, frozen: FrozenClock) -> None:
    spellings = itertools.cycle(["张三", " 张三", "张 三", "张\u200b三", "张三\u3000"])
    codes = []
    for number in candidates()[:40]:
        body = {"phone": factories.phone(), "name": next(spellings), "doc_number": number}
        codes.append(client.post(LOOKUP, json=body).status_code)
        frozen.now += timedelta(minutes=30)
    assert codes.count(202) <= 10


def test_without_a_name_the_birthday_is_the_target(client: Any, app: Flask) -> None:
    bodies = [{"phone": factories.phone(), "doc_number": number} for number in candidates()[:30]]
    replies = [client.post(LOOKUP, json=body).status_code for body in bodies]
    assert replies.count(202) <= 20


def three_ways(one: Certificate) -> list[tuple[str, str]]:
    """Return (phone, name) of a holder, of a holder's phone with another name, and of nobody."""
    return [(issued.phone_of(one), VICTIM), (second_phone(one), "上官银花"), (factories.phone(), "司马金宝")]


def second_phone(one: Certificate) -> str:
    other = issued.issue("诸葛铜锁")[0]
    number = factories.phone()
    with unit_of_work():
        prove_phone(db.session.get_one(Person, other.person_id), number, "test")
    return number


def test_known_mismatch_and_unknown_read_the_same(client: Any, one: Certificate, frozen: FrozenClock) -> None:
    shapes = set()
    for phone, name in three_ways(one):
        reply = client.post(LOOKUP, json={"phone": phone, "name": name})
        names = tuple(sorted(name for name, _ in reply.headers if name != "X-Request-Id"))
        shapes.add((reply.status_code, len(reply.data), tuple(reply.json), names))
    assert len(shapes) == 1


def test_their_pages_are_the_same_to_the_letter(client: Any, one: Certificate, frozen: FrozenClock) -> None:
    pages = set()
    for phone, name in three_ways(one):
        client.delete_cookie("sid")
        sent_ = post(client, "/lookup", phone=phone, name=name)
        page = client.get(sent_.headers["Location"])
        plain = page.text.replace(f"{phone[:3]}****{phone[-4:]}", "PHONE")
        token = plain.partition('name="csrf_token" value="')[2].partition('"')[0]
        pages.add((sent_.status_code, page.status_code, plain.replace(token, ""), len(page.data)))
    assert len(pages) == 1


def test_a_thousand_numbers_on_either_side_tell_nothing(app: Flask, one: Certificate) -> None:
    prefix, width = one.number[:-5], 5
    middle, found, unknown = int(one.number[-width:]), 0, 0
    with context.acting_as(context.PUBLIC):
        for sequence in range(max(0, middle - 1000), middle + 1001):
            try:
                found += verifying.by_number(f"{prefix}{sequence:0{width}d}", "张伟") is not None
            except (CertificateUnknown, YearIncomplete):
                unknown += 1
    assert (found, unknown) == (0, middle + 1000)


def test_a_thousand_numbers_over_the_network_are_stopped(client: Any, one: Certificate) -> None:
    replies = [
        client.post(
            "/api/v1/verify", json={"number": f"JYA2026{sequence:05d}", "name": "张伟"},
            headers={"X-Forwarded-For": f"203.0.113.{sequence % 250}"},
        )
        for sequence in range(100)
    ]  # fmt: skip
    assert [reply.status_code for reply in replies].count(429) >= 40
    assert {reply.text for reply in replies if reply.status_code == 200} <= {'{"match":false,"certificate":null}'}


def test_random_tokens_are_nobodys(app: Flask, one: Certificate) -> None:
    assert certificate_by_token(issued.token(one)) is not None
    tokens = [ids.new_token() for _ in range(1500)] + [secrets.token_hex(13) for _ in range(500)]
    assert [token for token in tokens if certificate_by_token(token)] == []
