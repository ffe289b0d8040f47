"""The door's routes: the line, what several phones say, and who comes first and says later who they are."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from chengjiu_mp.checkin.models import CheckIn
from chengjiu_mp.core import clock
from chengjiu_mp.core.db import db
from chengjiu_mp.courses.models import Meeting, Signup
from chengjiu_mp.signin.models import Account
from tests import factories
from tests.signups import signed


@pytest.fixture
def day(app):
    """A full run of one seat that is under way, its two instructors' headers."""
    with factories.made():
        both = [factories.instructor("陈建国"), factories.instructor("李助教")]
        run = factories.run(starts_in=timedelta(minutes=10), capacity=1, instructors=both)
        headers = [factories.headers_of(db.session.get_one(Account, one.account_id)) for one in both]
        meeting = db.session.scalars(select(Meeting.id).where(Meeting.run_id == run.id)).one()
    return {
        "run": run.id,
        "path": f"/api/v1/runs/{run.id}",
        "headers": headers[0],
        "other": headers[1],
        "meeting": meeting,
    }


def post(client, day, tail, **body):
    return client.post(f"{day['path']}/{tail}", json=body, headers=day["headers"])


def test_who_waits_is_let_in_once(client, day):
    signed(day["run"])
    waiting = signed(day["run"]).signup.id
    reply = post(client, day, "let-ins", signup_id=waiting, meeting_id=day["meeting"])
    assert (reply.status_code, reply.json["verdict"]) == (201, "accepted")
    again = post(client, day, "let-ins", signup_id=waiting, meeting_id=day["meeting"])
    assert (again.status_code, again.json["code"]) == (409, "not_waiting")


def test_two_phones_are_shown_with_which_counts(client, day):
    signup = signed(day["run"]).signup.id
    for nonce, who, after in (("a", "headers", 3), ("b", "other", 1)):
        at = (clock.now() + timedelta(minutes=after)).isoformat()
        scan = {"nonce": nonce, "signup_id": signup, "meeting_id": day["meeting"], "scanned_at": at, "source": "name"}
        assert client.post(f"{day['path']}/scans", json={"scans": [scan]}, headers=day[who]).status_code == 200
    (one,) = client.get(f"{day['path']}/scan-conflicts", headers=day["headers"]).json["items"]
    assert one["name_masked"] == "张*"
    assert [(mark["by"], mark["kept"]) for mark in one["marks"]] == [("李助教", True), ("陈建国", False)]


def test_a_number_first_and_the_person_later(client, day):
    made = post(client, day, "provisional-check-ins", phone="13900001111", name="王阿姨")
    assert made.status_code == 201
    assert "/b/" in made.json["url"]
    path = f"provisional-check-ins/{made.json['id']}"
    who = {"name": "王桂花", "doc_number": factories.resident_id()}
    consents = [{"purpose": "signup", "version": 1}, {"purpose": "document_number", "version": 1}]
    done = post(client, day, f"{path}/complete", **who, consents=consents)
    assert (done.status_code, done.json["over_capacity"]) == (201, False)
    assert db.session.scalars(select(CheckIn.signup_id)).all() == [done.json["signup_id"]]
    assert db.session.get_one(Signup, done.json["signup_id"]).name == "王桂花"
    assert post(client, day, f"{path}/drop", reason="晚了").json["code"] == "provisional_ended"


def test_it_is_dropped_with_a_reason(client, day):
    made = post(client, day, "provisional-check-ins", phone="13900001111").json["id"]
    assert post(client, day, f"provisional-check-ins/{made}/drop", reason="").status_code == 422
    assert post(client, day, f"provisional-check-ins/{made}/drop", reason="留错了").status_code == 204


def test_another_run_s_row_is_not_found(client, day):
    made = post(client, day, "provisional-check-ins", phone="13900001111").json["id"]
    with factories.made():
        stranger = factories.instructor("外人")
        other = factories.run(starts_in=timedelta(minutes=10), instructors=[stranger])
        headers = factories.headers_of(db.session.get_one(Account, stranger.account_id))
        number = other.id
    for run in (day["run"], number):
        path = f"/api/v1/runs/{run}/provisional-check-ins/{made}/drop"
        assert client.post(path, json={"reason": "不是我的"}, headers=headers).status_code == 404
