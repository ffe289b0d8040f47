"""The demo city and the ground for outside checks: whole, repeatable, and true to every invariant."""

import json

from sqlalchemy import func, select, text

from chengjiu_mp.certificates import renewing
from chengjiu_mp.certificates.models import Certificate, CertificateVersion
from chengjiu_mp.core import context
from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.courses import refreshing
from chengjiu_mp.courses.models import CourseRun, Signup
from chengjiu_mp.courses.queries import run_token
from chengjiu_mp.demo import city, ground
from tests import factories, invariants


def _raise_city() -> int:
    with context.acting_as(context.SYSTEM), unit_of_work():
        city.raise_city()
    db.session.remove()
    return db.session.scalar(select(func.count()).select_from(Signup)) or 0


def test_the_demo_city_stands_once_whole_and_breaks_no_invariant(app):
    assert _raise_city() == _raise_city() > 100
    assert invariants.broken() == {}
    assert set(db.session.scalars(select(Certificate.state))) == {"issued", "revoked"}
    assert db.session.scalar(select(func.max(CertificateVersion.version))) == 2
    assert min(filter(None, db.session.scalars(select(Certificate.valid_until)))).year == 2026
    assert db.session.scalar(select(func.count()).where(Signup.state == "waitlisted")) == 7
    states = set(db.session.scalars(select(Signup.state)))
    assert states >= {"offered", "pending", "run_cancelled", "withdrawn"}


def test_who_holds_a_certificate_of_the_city_finds_a_refresher_and_may_come(client):
    _raise_city()
    twelfth = select(Certificate).join(CourseRun, CourseRun.id == Certificate.run_id).order_by(Certificate.id)
    certificate = db.session.scalars(twelfth.where(CourseRun.title == "CPR+AED 公益培训（第 12 期）")).all()[0]
    (found,) = renewing.refreshers(certificate)
    assert refreshing.who_may_renew([certificate.person_id, 0], found.run) == {certificate.person_id}
    assert "复训" in client.get(f"/s/{run_token(found.run)}").text


def test_a_seat_count_that_drifted_is_found(app):
    with factories.made():
        factories.signup(factories.run(), "甲")
        db.session.execute(text("update seat_pool set taken = 0"))
    assert "S1 taken is the number of seats held, within capacity" in invariants.broken()


def test_a_run_that_was_closed_without_a_trace_is_found(app):
    with factories.made():
        factories.run(state="closed")
    assert "L1 every sign-up, issue and close left its trace" in invariants.broken()


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
