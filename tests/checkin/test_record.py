"""普及记录: pictures that show a run, the record that names what is missing, and what counts without either."""

import io
import random
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from PIL import Image
from sqlalchemy import select

from chengjiu_mp.checkin.evidence import forget_before, lacks_evidence
from chengjiu_mp.checkin.record_models import PopularRecord, RunEvidence
from chengjiu_mp.core import clock
from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.core.models import AuditEntry
from chengjiu_mp.core.storage import media
from chengjiu_mp.courses.models import CourseRun
from tests import factories


def picture(colour="red", size=(600, 400)):
    out = io.BytesIO()
    Image.new("RGB", size, colour).save(out, "JPEG")
    return out.getvalue()


class Talk:
    """A 普及 run that is over, its instructor and an operator."""

    def __init__(self, client: FlaskClient) -> None:
        self.client = client
        with factories.made():
            teacher = factories.instructor("陈建国")
            run = factories.run("popular", starts_in=timedelta(hours=-4), instructors=[teacher])
            self.teacher = factories.headers_of(db.session.get_one(type(factories.account()), teacher.account_id))
            self.operator = factories.bearer("operator")
        self.run_id, self.path = run.id, f"/api/v1/runs/{run.id}"

    @property
    def run(self) -> CourseRun:
        return db.session.get_one(CourseRun, self.run_id, populate_existing=True)

    def upload(self, content=None, kind="photo", who=None):
        return self.client.post(
            f"{self.path}/evidence?kind={kind}", data=picture() if content is None else content,
            content_type="image/jpeg", headers=who or self.teacher,
        )  # fmt: skip

    def submit(self, who=None, **values):
        return self.client.post(f"{self.path}/record", json=values, headers=who or self.teacher)

    def read(self, who=None):
        return self.client.get(f"{self.path}/evidence", headers=who or self.teacher).json

    def lacks(self) -> bool:
        return db.session.scalar(select(CourseRun.id).where(lacks_evidence())) == self.run_id


@pytest.fixture
def talk(client, frozen):
    return Talk(client)


def test_a_record_is_submitted_with_a_picture_and_closes_the_run(talk):
    said = talk.upload()
    assert (said.status_code, said.json["kind"], said.json["by"]) == (201, "photo", "陈建国")
    done = talk.submit(head_count=180)
    assert done.status_code == 200
    assert (talk.run.state, talk.run.head_count) == ("closed", 180)
    found = done.json
    assert (found["presenter"], found["minutes"], found["lacks_evidence"]) == ("陈建国", 180, False)
    assert len(found["items"]) == 1
    assert "record.submitted" in db.session.scalars(select(AuditEntry.action)).all()


def test_each_missing_thing_is_named_and_nothing_is_closed(talk):
    refused = talk.submit(presenter=" ")
    assert (refused.status_code, refused.json["code"]) == (422, "record_incomplete")
    assert [one["pointer"] for one in refused.json["errors"]] == ["/presenter", "/head_count", "/evidence"]
    assert (talk.run.state, db.session.scalars(select(PopularRecord)).all()) == ("published", [])
    talk.upload()
    assert [one["pointer"] for one in talk.submit(presenter=" ").json["errors"]] == ["/presenter", "/head_count"]


def test_a_run_closed_without_evidence_counts_and_waits_for_it(talk):
    closed = talk.client.post(f"{talk.path}/close", json={"head_count": 180}, headers=talk.operator)
    assert (closed.status_code, talk.lacks(), talk.read()["lacks_evidence"]) == (200, True, True)
    rows = "/api/v1/progress/rows?metric=popular"
    behind = talk.client.get(rows, headers=talk.operator)
    assert behind.status_code == 200
    assert [(one["count"], one["lacks_evidence"]) for one in behind.json["items"]] == [(180, True)]
    talk.upload()
    assert (talk.lacks(), talk.read()["lacks_evidence"]) == (False, False)
    again = talk.client.get(rows, headers=talk.operator).json
    assert [(one["count"], one["lacks_evidence"]) for one in again["items"]] == [(180, False)]
    assert talk.submit(head_count=180).status_code == 200
    assert talk.submit(head_count=190).json["code"] == "head_count_fixed"
    assert talk.submit(head_count=190, note="漏数一排").json["head_count"] == 190


def test_the_same_picture_twice_is_one_and_nine_are_the_most(talk):
    assert talk.upload().json["id"] == talk.upload().json["id"]
    for n in range(8):
        assert talk.upload(picture((n * 20, 0, 0))).status_code == 201
    full = talk.upload(picture("blue"))
    assert (full.status_code, full.json["code"], full.json["most"]) == (409, "evidence_full", 9)
    assert talk.upload().status_code == 201


def hall(seed: int, **saved: int) -> bytes:
    """A photo with something to see: people as spots of light before a wall. Saved again, it is another file."""
    spots, out = Image.new("L", (9, 8)), io.BytesIO()
    spots.putdata([random.Random(f"{seed}.{n}").randrange(256) for n in range(72)])
    whole = spots.resize((saved.pop("width", 900), saved.pop("height", 600)), Image.Resampling.BICUBIC).convert("RGB")
    whole.save(out, "JPEG", **saved)
    return out.getvalue()


def test_a_picture_sent_again_under_another_key_is_told_to_be_known(talk):
    replies = [
        talk.client.post(
            f"{talk.path}/evidence", data=hall(1), content_type="image/jpeg",
            headers={**talk.teacher, "Idempotency-Key": f"key-number-{n}"},
        ).json
        for n in range(2)
    ]  # fmt: skip
    assert replies[0]["id"] == replies[1]["id"]
    assert [one["known"] for one in replies] == [False, True]
    assert len(talk.read()["items"]) == 1


def test_a_picture_that_another_run_showed_is_kept_and_says_which(client, talk):
    talk.upload(hall(1))
    other = Talk(client)
    again = other.upload(hall(1, quality=55, width=600, height=400), who=other.operator).json
    assert (again["known"], again["like"]["run_id"]) == (False, talk.run_id)
    assert again["like"]["title"] == talk.run.title
    assert other.upload(hall(2)).json["like"] is None
    assert [bool(one["like"]) for one in other.read()["items"]] == [True, False]
    assert talk.upload(hall(3)).json["like"] is None
    first = talk.read()["items"][0]["id"]
    client.post(f"{talk.path}/evidence/{first}/remove", json={"reason": "传错了场次"}, headers=talk.teacher)
    assert [bool(one["like"]) for one in other.read()["items"]] == [False, False]


def test_who_may_not_see_the_other_run_learns_only_that_there_is_one(client, talk):
    talk.upload(hall(1))
    other = Talk(client)
    nothing = {"run_id": None, "title": None, "starts_at": None}
    assert other.upload(hall(1)).json["like"] == nothing
    assert other.read()["items"][0]["like"] == nothing
    assert other.read(other.operator)["items"][0]["like"]["title"] == talk.run.title


def test_blank_walls_and_signed_sheets_are_not_taken_for_one_another(client, talk):
    talk.upload(picture("white"))
    talk.upload(hall(1), kind="sheet")
    other = Talk(client)
    assert other.upload(picture("ivory")).json["like"] is None
    assert other.upload(hall(1, quality=55), kind="sheet").json["like"] is None
    assert other.upload(hall(1), "sheet", other.operator).json["like"]["run_id"] == talk.run_id


def test_what_is_no_picture_leaves_nothing_behind(talk):
    assert talk.upload(b"GIF89a").json["code"] == "photo_wrong_kind"
    assert talk.upload(b"\xff\xd8\xff" + b"0" * 5_300_000).json["code"] == "photo_too_large"
    assert db.session.scalars(select(RunEvidence)).all() == []


def test_a_picture_is_taken_out_with_a_reason_and_its_file_goes(talk):
    one = talk.upload().json["id"]
    file = db.session.get_one(RunEvidence, one).file or ""
    remove = f"{talk.path}/evidence/{one}/remove"
    assert talk.client.post(remove, json={"reason": ""}, headers=talk.teacher).status_code == 422
    assert media().path(file).exists()
    left = talk.client.post(remove, json={"reason": "传错了场次"}, headers=talk.teacher)
    assert (left.status_code, left.json["items"], media().path(file).exists()) == (200, [], False)
    db.session.rollback()
    assert db.session.get_one(RunEvidence, one, populate_existing=True).remove_reason == "传错了场次"
    assert talk.client.get(f"{talk.path}/evidence/{one}", headers=talk.teacher).status_code == 404


def test_once_submitted_only_an_operator_takes_a_picture_out(talk):
    one = talk.upload().json["id"]
    talk.submit(head_count=30)
    remove = f"{talk.path}/evidence/{one}/remove"
    assert talk.client.post(remove, json={"reason": "糊了"}, headers=talk.teacher).json["code"] == "evidence_fixed"
    assert talk.client.post(remove, json={"reason": "糊了"}, headers=talk.operator).status_code == 200
    assert talk.lacks()


def test_a_file_that_another_run_shows_too_is_kept(talk):
    with factories.made():
        other = factories.run("popular", starts_in=timedelta(hours=-4))
    one = talk.upload(who=talk.operator).json["id"]
    path = f"/api/v1/runs/{other.id}/evidence"
    twin = talk.client.post(path, data=picture(), headers=talk.operator).json["id"]
    talk.client.post(f"{talk.path}/evidence/{one}/remove", json={"reason": "传错了"}, headers=talk.operator)
    assert talk.client.get(f"{path}/{twin}", headers=talk.operator).status_code == 200


def test_a_picture_is_for_staff_in_scope_and_kept_nowhere(talk):
    one = talk.upload().json["id"]
    seen = talk.client.get(f"{talk.path}/evidence/{one}?small=true", headers=talk.operator)
    assert (seen.status_code, seen.mimetype) == (200, "image/jpeg")
    assert (seen.headers["Cache-Control"], seen.headers["X-Content-Type-Options"]) == ("no-store", "nosniff")
    assert max(Image.open(io.BytesIO(seen.data)).size) == 320
    with factories.made():
        inside = factories.bearer("unit_manager", "chengjiang")
        outside, teaches_else = factories.bearer("unit_manager", "nanzha"), factories.bearer("instructor")
    path = f"{talk.path}/evidence/{one}"
    assert talk.client.get(path).status_code == 401
    assert [talk.client.get(path, headers=who).status_code for who in (inside, outside, teaches_else)] == [
        200, 404, 404,
    ]  # fmt: skip
    assert talk.upload(who=teaches_else).status_code == 404


def test_a_run_for_certificates_keeps_no_record(client, frozen):
    with factories.made():
        run = factories.run(starts_in=timedelta(hours=-4))
        who = factories.bearer("operator")
    refused = client.post(f"/api/v1/runs/{run.id}/evidence", data=picture(), headers=who)
    assert (refused.status_code, refused.json["code"]) == (409, "not_popular")


def test_pictures_are_deleted_in_time_and_the_run_does_not_lack_them_for_that(talk, frozen):
    one = talk.upload().json["id"]
    talk.submit(head_count=30)
    file = db.session.get_one(RunEvidence, one).file or ""
    with unit_of_work():
        assert forget_before(clock.now() - timedelta(days=1095), 100) == 0
    frozen.now += timedelta(days=1095)
    with unit_of_work():
        assert forget_before(clock.now() - timedelta(days=1095), 100) == 1
    assert (media().path(file).exists(), talk.lacks()) == (False, False)
    with unit_of_work():
        assert forget_before(clock.now() - timedelta(days=1095), 100) == 0
