"""What a phone may keep: details that only the ticket opens, and scans whose ticket nobody can read."""

import base64
import hashlib
import json
from datetime import timedelta

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy import select

from chengjiu_mp.checkin.models import Scan
from chengjiu_mp.core import clock, ids
from chengjiu_mp.core.db import db
from chengjiu_mp.courses.models import Meeting
from chengjiu_mp.signin.models import Account
from tests import factories


@pytest.fixture
def day(app):
    """A run that is under way with a foreigner and a Chinese, and what its instructor's phone says and holds."""
    with factories.made():
        teacher = factories.instructor()
        run = factories.run(starts_in=timedelta(minutes=10), instructors=[teacher])
        first = factories.signup(run, "欧阳娜娜", code="AB2C9K", phone="13900001111")
        second = factories.signup(run, "张伟", code="CD2C9K")
        second.latin_surname, second.latin_given = "ZHANG", "WEI"
        meeting = db.session.scalars(select(Meeting.id).where(Meeting.run_id == run.id)).one()
        headers = factories.headers_of(db.session.get_one(Account, teacher.account_id))
    return {
        "run": run.id, "meeting": meeting, "headers": headers, "first": first.id,
        "tickets": [factories.ticket(first), factories.ticket(second)],
    }  # fmt: skip


def _roster(client, day) -> list[dict]:
    return client.get(f"/api/v1/runs/{day['run']}/scan-roster", headers=day["headers"]).json["items"]


def _open(sealed: str, token: str, run: int) -> dict:
    """Open as the phone does, written down a second time."""
    raw = base64.urlsafe_b64decode(sealed + "=" * (-len(sealed) % 4))
    key = HKDF(SHA256(), 32, salt=b"", info=f"roster1|{run}".encode()).derive(token.encode())
    return json.loads(AESGCM(key).decrypt(raw[:12], raw[12:], None))


def test_a_ticket_opens_its_own_persons_details_and_no_others(client, day):
    rows = _roster(client, day)
    assert [_open(row["sealed"], token, day["run"]) for row, token in zip(rows, day["tickets"], strict=True)] == [
        {"name": "欧阳娜娜"}, {"name": "张伟", "latin_name": "ZHANG WEI"},
    ]  # fmt: skip
    with pytest.raises(InvalidTag):
        _open(rows[0]["sealed"], day["tickets"][1], day["run"])
    with pytest.raises(InvalidTag):
        _open(rows[0]["sealed"], day["tickets"][0], day["run"] + 1)


def test_the_roster_says_no_more_than_the_masked_name_and_four_digits(client, day):
    row = _roster(client, day)[0]
    assert set(row) == {"signup_id", "keys", "name_masked", "phone_end", "unit_id", "sealed", "first_at", "by"}
    assert (row["name_masked"], row["phone_end"]) == ("欧阳**", "1111")
    assert "娜" not in str(row)


def test_sealing_twice_gives_two_texts(client, day):
    assert _roster(client, day)[0]["sealed"] != _roster(client, day)[0]["sealed"]


def _key(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _send(client, day, **what) -> dict:
    scan = {"nonce": ids.new_token(), "meeting_id": day["meeting"], "scanned_at": clock.now().isoformat()}
    reply = client.post(f"/api/v1/runs/{day['run']}/scans", json={"scans": [scan | what]}, headers=day["headers"])
    assert reply.status_code == 200, reply.json
    return reply.json["items"][0]


def test_the_hash_of_a_ticket_or_of_a_code_checks_in(client, day):
    by_ticket = _send(client, day, ticket_key=_key(day["tickets"][0]))
    assert (by_ticket["code"], by_ticket["name"]) == ("ok", "欧阳娜娜")
    by_code = _send(client, day, ticket_key=_key(f"{day['run']}:CD2C9K"), source="code")
    assert (by_code["code"], by_code["name"]) == ("ok", "张伟")
    assert _send(client, day, ticket_key=_key(f"{day['run']}:AB2C9K"))["code"] == "already"


def test_the_hash_of_another_days_ticket_is_told_apart_and_of_its_code_is_unknown(client, day):
    with factories.made():
        other = factories.signup(factories.run(starts_in=timedelta(days=3)), "王芳", code="EF2C9K")
    assert _send(client, day, ticket_key=_key(factories.ticket(other)))["code"] == "wrong_run"
    assert _send(client, day, ticket_key=_key(f"{other.run_id}:EF2C9K"))["code"] == "unknown_ticket"
    assert _send(client, day, ticket_key=_key(f"{day['run']}:EF2C9K"))["code"] == "unknown_ticket"


def test_what_no_ticket_can_be_is_recorded_without_its_text(client, day):
    assert _send(client, day, ticket="?")["code"] == "not_a_ticket"
    assert db.session.scalars(select(Scan.verdict)).one() == "refused"


@pytest.mark.parametrize(
    "what",
    [
        {"ticket_key": "a" * 63}, {"ticket_key": "G" * 64}, {"ticket_key": "A" * 64}, {"ticket_key": ""},
        {"ticket_key": "a" * 64, "signup_id": 1}, {"ticket_key": "a" * 64, "ticket": "AB2C9K"},
    ],
)  # fmt: skip
def test_a_scan_names_one_ticket_in_one_way(client, day, what):
    scan = {"nonce": "n", "meeting_id": day["meeting"], "scanned_at": clock.now().isoformat()}
    reply = client.post(f"/api/v1/runs/{day['run']}/scans", json={"scans": [scan | what]}, headers=day["headers"])
    assert reply.status_code == 422
