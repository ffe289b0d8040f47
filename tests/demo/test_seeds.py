"""The demo city and the ground for outside checks: whole, repeatable, and true to every invariant."""

import json

import pytest
from sqlalchemy import func, select, text

from chengjiu_mp.certificates.models import Certificate, CertificateVersion
from chengjiu_mp.core import context
from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.courses.models import CourseRun, Signup
from chengjiu_mp.demo import city, ground
from tests import invariants


@pytest.fixture
def standing(app):
    with context.acting_as(context.SYSTEM), unit_of_work():
        city.raise_city()
    db.session.remove()


def test_the_demo_city_breaks_no_invariant(standing):
    assert invariants.broken() == {}


def test_a_broken_seat_count_is_found(standing):
    with unit_of_work():
        db.session.execute(text("update seat_pool set taken = taken - 1 where taken > 1"))
    assert "S1 taken is the number of seats held, within capacity" in invariants.broken()


def test_raising_the_city_twice_changes_nothing(standing):
    before = db.session.scalar(select(func.count()).select_from(Signup))
    with context.acting_as(context.SYSTEM), unit_of_work():
        city.raise_city()
    assert db.session.scalar(select(func.count()).select_from(Signup)) == before > 100


def test_the_city_has_every_certificate_state_and_a_line(client, standing):
    states = set(db.session.scalars(select(Certificate.state)))
    assert states == {"issued", "revoked"}
    assert db.session.scalar(select(func.max(CertificateVersion.version))) == 2
    assert db.session.scalar(select(func.min(Certificate.valid_until))).year == 2026
    assert db.session.scalar(select(func.count()).where(Signup.state == "waitlisted")) == 5


def test_the_ground_is_the_same_each_time_and_its_tokens_work(client, tmp_path):
    with context.acting_as(context.SYSTEM):
        first, again = (json.loads(ground.lay("http://127.0.0.1:8000", tmp_path / "note.json")) for _ in range(2))
    tokens = [actor.pop("token") for actor in again["actors"]]
    for actor in first["actors"]:
        actor.pop("token")
    assert first == again
    replies = [client.get("/api/v1/runs", headers={"Authorization": f"Bearer {one}"}).status_code for one in tokens]
    assert set(replies) == {200}
    assert invariants.broken() == {}


def test_the_grounds_public_part_is_what_it_says(client, tmp_path):
    with context.acting_as(context.SYSTEM):
        found = json.loads(ground.lay("http://127.0.0.1:8000", tmp_path / "note.json"))["public"]
    for state, token in found["verify"].items():
        assert client.get(f"/api/v1/verify/{token}").get_json()["state"] == state
    assert client.get(f"/s/{found['run_token']}").status_code == 200
    assert db.session.get_one(CourseRun, found["run_id"]).state == "published"


def test_a_trainee_of_the_ground_reads_the_own_certificate_and_not_the_others(client, tmp_path):
    with context.acting_as(context.SYSTEM):
        actors = json.loads(ground.lay("http://127.0.0.1:8000", tmp_path / "note.json"))["actors"]
    one, other = (actor for actor in actors if actor["role"] == "trainee")
    headers = {"Authorization": f"Bearer {one['token']}"}
    mine, theirs = one["owns"]["certificates"][0], other["owns"]["certificates"][0]
    assert client.get(f"/api/v1/certificates/{mine}", headers=headers).status_code == 200
    assert client.get(f"/api/v1/certificates/{theirs}", headers=headers).status_code == 404
