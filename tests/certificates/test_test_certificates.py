"""feat-N36: a test certificate has its own numbers, counts nowhere, and nothing anywhere takes it for a real one."""

import re
from datetime import date
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import joinedload

from chengjiu_mp.certificates import expiring, numbering, renewing, states, years
from chengjiu_mp.certificates.issuing import confirm
from chengjiu_mp.certificates.models import Certificate
from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.courses.models import Signup
from chengjiu_mp.outbox.models import Message
from chengjiu_mp.people.models import Attainment, Person
from chengjiu_mp.people.service import prove_name
from chengjiu_mp.web.h5.journey import journey_of
from tests import invariants, issued
from tests.ledgers import line, look
from tests.web.test_certificate_pages import look_up, post

VALID = re.compile(r"有效(?!期|力)|由江阴市红十字会发出")


@pytest.fixture
def one(app: Flask) -> Certificate:
    run, by = issued.ready_run("张三")
    with unit_of_work():
        return confirm(run.id, by, mode="test")[0]


def shown(page: Any) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<script.*?</script>|<[^>]+>", " ", page.text, flags=re.S))


@pytest.mark.parametrize("change", ["none", "revoked", "corrected", "expired"])
def test_the_public_never_reads_that_it_is_worth_anything(client: Any, one: Certificate, change: str) -> None:
    code = issued.token(one)
    with unit_of_work():
        row = db.session.get_one(Certificate, one.id)
        if change == "revoked":
            states.revoke(row, "试过了")
        if change == "corrected":
            states.correct_name(row, "张三丰", "试过了")
        if change == "expired":
            row.valid_until = date(2026, 1, 1)
    for path in (f"/v/{code}", "/verify"):
        name = "张三丰" if change == "corrected" else "张三"
        page = client.get(path) if path != "/verify" else post(client, path, number=one.number, name=name)
        assert "测试证书，无效力" in page.text and not VALID.search(shown(page))
    answer = client.get(f"/api/v1/verify/{code}").json
    assert (answer["state"], answer["test"], answer["revoked_on"]) == ("test", True, None)


def test_the_api_by_number_and_in_a_list(client: Any, one: Certificate) -> None:
    body = {"number": one.number, "name": "张三"}
    assert client.post("/api/v1/verify", json=body).json["certificate"]["state"] == "test"
    (answer,) = client.post("/api/v1/verify/batch", json={"lines": [body]}).json["items"]
    assert (answer["code"], answer["words"]) == ("test", "测试证书，无效力")
    # Without the prefix there is no such number.
    bare = {**body, "number": one.number.removeprefix("TEST-")}
    assert client.post("/api/v1/verify", json=bare).json["code"] == "year_incomplete"


def test_its_holder_reads_it_too(client: Any, one: Certificate) -> None:
    look_up(client, one)
    for path in ("/certificates", f"/c/{one.id}"):
        page = client.get(path)
        assert "测试证书，无效力" in page.text and not VALID.search(shown(page))
    signup = db.session.get_one(Signup, one.signup_id, options=[joinedload(Signup.run)], populate_existing=True)
    assert journey_of(signup).word == "测试证书"


def test_it_gives_nobody_anything_and_nobody_hears_of_it(app: Flask, one: Certificate) -> None:
    assert db.session.scalars(select(Attainment)).all() == []
    assert db.session.scalars(select(Message)).all() == []
    assert not [name for name in invariants.broken() if name.startswith(("N36", "I9"))]


def test_no_figure_and_no_year_counts_it(app: Flask, one: Certificate) -> None:
    assert one.counted is False
    (line_of,) = years.ledger()
    assert (line_of.series.mode, line_of.given, line_of.gaps) == ("test", 1, ())
    assert sum(year.ours for year in years.years()) == 0


def test_its_number_is_no_earlier_papers(app: Flask, one: Certificate) -> None:
    assert look(line(number=one.number)).faults
    assert numbering.Taken().covers("TEST-JYA202600099")


def test_it_does_not_stand_in_for_a_renewal(app: Flask, one: Certificate) -> None:
    real = issued.issue("李四")[0]
    issued.phone_of(real)
    with unit_of_work():
        person = db.session.get_one(Person, real.person_id)
        prove_name(person, "李四", "test")
        db.session.get_one(Certificate, real.id).valid_until = date(2026, 12, 1)
        row = db.session.get_one(Certificate, one.id)
        row.person_id = real.person_id
    assert expiring.due_for_notice() == [real.id]
    assert [seen.certificate.id for seen in renewing.expiring([real.person_id])] == [real.id]


def test_real_and_test_numbers_do_not_touch_each_other(app: Flask, one: Certificate) -> None:
    assert [issued.issue("李四")[0].number, one.number] == ["JYA202600001", "TEST-JYA202600001"]
