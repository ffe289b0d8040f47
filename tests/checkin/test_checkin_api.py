"""The routes: what a phone sends, what it is answered, and who may."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from chengjiu_mp.checkin.models import CheckIn, Scan
from chengjiu_mp.core import clock
from chengjiu_mp.core.db import db
from chengjiu_mp.courses.models import Meeting, SeatPool
from chengjiu_mp.signin.models import Account
from tests import factories
from tests.counting import statements


@pytest.fixture
def day(app):
    """A run that is under way, a seat in it, and its instructor's headers."""
    with factories.made():
        teacher = factories.instructor()
        run = factories.run(starts_in=timedelta(minutes=10), instructors=[teacher])
        signup = factories.signup(run, "欧阳娜娜", code="AB2C9K")
        headers = factories.headers_of(db.session.get_one(Account, teacher.account_id))
        meeting = db.session.scalars(select(Meeting.id).where(Meeting.run_id == run.id)).one()
        ticket = factories.ticket(signup)
    return {"run": run.id, "signup": signup.id, "headers": headers, "meeting": meeting, "ticket": ticket}


def _scan(day, **values):
    scan = {"nonce": "n1", "ticket": day["ticket"], "meeting_id": day["meeting"], "scanned_at": clock.now().isoformat()}
    return {"scans": [scan | {"source": "camera"} | values]}


def _send(client, day, **values):
    return client.post(f"/api/v1/runs/{day['run']}/scans", json=_scan(day, **values), headers=day["headers"])


def test_an_upload_is_answered_item_by_item(client, day):
    reply = _send(client, day)
    item = reply.json["items"][0]
    assert reply.status_code == 200
    assert {k: item[k] for k in ("nonce", "verdict", "code", "by")} == {
        "nonce": "n1", "verdict": "accepted", "code": "ok", "by": "陈建国",
    }  # fmt: skip
    assert item["first_at"] == "2026-11-23T04:00:00Z"
    assert _send(client, day).json == reply.json
    assert db.session.scalar(select(func.count()).select_from(Scan)) == 1


@pytest.mark.parametrize(
    ("values", "said"), [({}, 18), ({"nonce": "n2"}, 10), ({"nonce": "n3", "ticket": "ZZZZZZ"}, 10)]
)
def test_a_scan_says_so_many_statements(client, day, values, said):
    """A first scan, a second one, a refused one; two of them are the bearer's. One more is a choice, no accident."""
    if values:
        _send(client, day)
    db.session.remove()
    with statements() as sent:
        assert _send(client, day, **values).status_code == 200
    assert len(sent) == said, sent


@pytest.mark.parametrize(
    ("values", "pointer"),
    [
        ({"signup_id": 1}, "/scans/0"), ({"ticket": None}, "/scans/0"), ({"nonce": ""}, "/scans/0/nonce"),
        ({"nonce": "a b"}, "/scans/0/nonce"), ({"scanned_at": "2026-11-23T12:00:00"}, "/scans/0/scanned_at"),
        ({"scanned_at": "0001-01-01T00:00:00+14:00"}, "/scans/0/scanned_at"), ({"source": "gps"}, "/scans/0/source"),
        ({"meeting_id": 2**31}, "/scans/0/meeting_id"), ({"lat": 31.9}, "/scans/0/lat"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_named(client, day, values, pointer):
    reply = _send(client, day, **values)
    assert (reply.status_code, reply.json["errors"][0]["pointer"]) == (422, pointer)
    assert db.session.scalar(select(func.count()).select_from(Scan)) == 0


def test_a_scan_is_annulled_with_a_reason(client, day):
    scan_id = _send(client, day).json["items"][0]["scan_id"]
    path = f"/api/v1/scans/{scan_id}/annul"
    assert client.post(path, json={"reason": " "}, headers=day["headers"]).status_code == 422
    reply = client.post(path, json={"reason": "点错了人"}, headers=day["headers"])
    assert (reply.status_code, reply.json["checked_in"]) == (200, False)
    assert client.post(path, json={"reason": "点错了人"}, headers=day["headers"]).json["code"] == "nothing_to_annul"
    assert db.session.scalar(select(func.count()).select_from(CheckIn)) == 0


def test_counts_and_masked_rows_are_polled(client, day):
    path = f"/api/v1/runs/{day['run']}/checkins"
    before = client.get(path, headers=day["headers"]).json
    _send(client, day)
    after = client.get(f"{path}?meeting_id={day['meeting']}", headers=day["headers"]).json
    assert [(r["arrived"], r["expected"]) for r in (before, after)] == [(0, 1), (1, 1)]
    assert [(row["name_masked"], row["checked_in"], row["by"]) for row in after["items"]] == [
        ("欧阳**", True, "陈建国")
    ]


def test_the_phones_roster_holds_no_name_ticket_or_code_in_the_clear(client, day):
    reply = client.get(f"/api/v1/runs/{day['run']}/scan-roster", headers=day["headers"])
    assert len(reply.json["items"][0]["keys"]) == 2
    for secret in ("欧阳娜娜", day["ticket"], "AB2C9K"):
        assert secret not in reply.text


@pytest.mark.parametrize("path", ["checkins", "scan-roster"])
def test_a_strangers_run_does_not_exist(client, day, path):
    with factories.made():
        stranger = factories.instructor("刘芳")
        headers = factories.headers_of(db.session.get_one(Account, stranger.account_id))
        manager = factories.bearer("unit_manager")
    assert client.get(f"/api/v1/runs/{day['run']}/{path}", headers=headers).status_code == 404
    assert client.get(f"/api/v1/runs/{day['run']}/{path}", headers=manager).status_code == 403
    assert client.get(f"/api/v1/runs/{day['run']}/{path}").status_code == 401
    day["headers"] = headers
    assert _send(client, day).status_code == 404


def test_a_meeting_of_another_run_is_not_found(client, day):
    reply = client.get(f"/api/v1/runs/{day['run']}/checkins?meeting_id=999", headers=day["headers"])
    assert reply.status_code == 404


def _walk_in(client, day, **changes):
    typed = {
        "name": "王奶奶", "doc_number": factories.resident_id(), "phone": factories.phone(), "meeting_id": day["meeting"],
        "consents": [{"purpose": "signup", "version": 1}, {"purpose": "document_number", "version": 1}],
    }  # fmt: skip
    return client.post(f"/api/v1/runs/{day['run']}/walk-ins", json=typed | changes, headers=day["headers"])


def test_who_comes_to_the_door_is_in_the_roster_and_the_counts(client, day):
    reply = _walk_in(client, day)
    assert (reply.status_code, reply.json["over_capacity"], reply.json["scan"]["verdict"]) == (201, False, "accepted")
    assert "ticket" not in str(reply.json)
    counts = client.get(f"/api/v1/runs/{day['run']}/checkins", headers=day["headers"]).json
    assert (counts["arrived"], counts["expected"]) == (1, 2)


def test_a_full_run_takes_one_more_only_when_it_is_said(client, day):
    with factories.made():
        db.session.scalars(select(SeatPool)).one().capacity = 1
    refused = _walk_in(client, day)
    assert (refused.status_code, refused.json["code"], refused.json["capacity"]) == (409, "run_is_full", 1)
    assert _walk_in(client, day, over=True).json["over_capacity"] is True
    items = client.get(f"/api/v1/runs/{day['run']}/checkins", headers=day["headers"]).json["items"]
    assert sum(one["over_capacity"] for one in items) == 1


def test_paper_is_a_source_of_scans(client, day):
    assert _send(client, day, ticket="ab2 c9k", source="paper").json["items"][0]["verdict"] == "accepted"
    assert db.session.scalars(select(Scan.source)).one() == "paper"
