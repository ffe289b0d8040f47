"""How many of the confirmed results a third person looks at: set by operators of the city, version by version."""

import threading
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.core.errors import StaleVersion
from chengjiu_mp.core.models import AuditEntry
from chengjiu_mp.exams.review_models import ExamPolicy, ResultReview
from chengjiu_mp.exams.reviewing import sample_share
from chengjiu_mp.exams.sampling import ShareIn, set_share
from chengjiu_mp.signin.models import Account
from tests import factories, issued
from tests.ledgers import office

URL, PAGE = "/api/v1/exam-sampling", "/console/settings/sampling/"


@pytest.fixture
def head(app: Flask) -> dict[str, str]:
    with factories.made():
        factories.unit()
        return factories.bearer("operator", name="周敏")


def shares() -> list[float]:
    db.session.rollback()
    return list(db.session.scalars(select(ExamPolicy.sample_share).order_by(ExamPolicy.id)))


def test_a_new_share_counts_for_what_is_confirmed_from_then_on(client: Any, head: Any) -> None:
    assert client.get(URL, headers=head).json == {"version": 0, "sample_share": 0.05}
    assert client.put(URL, json={"based_on": 0, "sample_share": 1}, headers=head).json["sample_share"] == 1
    run, by = issued.ready_run("张三")
    with factories.made():
        confirmer = factories.headers_of(db.session.get_one(Account, by.account_id))
    assert client.post(f"/api/v1/runs/{run.id}/results/confirm", headers=confirmer).status_code == 200
    assert db.session.scalars(select(ResultReview.state)).all() == ["waiting"]
    entry = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "exam_policy.sample_set")).one()
    assert (entry.facts["before"], entry.facts["after"]) == ("5%", "100%")
    assert entry.actor_id == db.session.scalars(select(ExamPolicy.set_by)).one()


def test_one_set_in_between_refuses_and_the_same_again_is_nothing_new(client: Any, head: Any) -> None:
    version = client.put(URL, json={"based_on": 0, "sample_share": 0.1}, headers=head).json["version"]
    refused = client.put(URL, json={"based_on": 0, "sample_share": 0.2}, headers=head)
    assert (refused.status_code, refused.json["code"], refused.json["version"]) == (409, "stale_version", version)
    assert client.put(URL, json={"based_on": version, "sample_share": 0.1}, headers=head).json["version"] == version
    assert shares() == [0.1]


@pytest.mark.parametrize("share", [-0.01, 1.01, "nan"])
def test_a_share_lies_between_nothing_and_everything(client: Any, head: Any, share: Any) -> None:
    assert client.put(URL, json={"based_on": 0, "sample_share": share}, headers=head).status_code == 422


def test_an_operator_of_one_unit_and_an_approver_change_nothing(client: Any, head: Any) -> None:
    with factories.made():
        town, approver = factories.bearer("operator", "nanzha"), factories.bearer("approver")
    for who in (town, approver):
        assert client.put(URL, json={"based_on": 0, "sample_share": 0.2}, headers=who).status_code == 403
        form = {"based_on": "0", "percent": "20"}
        assert client.post(PAGE, data=form, headers=who).status_code == 403
        assert client.post(f"{PAGE}preview", data=form, headers=who).status_code == 403
        page = client.get(PAGE, headers=who).text
        assert "现在抽查 5%" in page
        assert "下一步" not in page
    assert shares() == []


def test_the_page_shows_what_changes_before_it_does(client: Any, head: Any) -> None:
    assert "待业务核实" in client.get(PAGE, headers=head).text
    form = {"based_on": "0", "percent": "１２.5％"}
    page = client.post(f"{PAGE}preview", data=form, headers=head).text
    assert "抽查比例从 5% 改成 12.5%？" in page
    assert shares() == []
    assert client.post(PAGE, data={"based_on": "0", "percent": "12.5"}, headers=head).status_code == 303
    assert shares() == [0.125]
    page = client.get(PAGE, headers=head).text
    assert "现在抽查 12.5%" in page
    assert "周敏" in page
    assert "待业务核实" not in page
    assert "12.5%" in client.get("/console/settings/", headers=head).text
    late = client.post(PAGE, data={"based_on": "0", "percent": "30"}, headers=head)
    assert late.status_code == 409
    assert shares() == [0.125]


@pytest.mark.parametrize("typed", ["", "百分之五", "101", "-1", "5.123", "1e2", "nan"])
def test_what_is_no_share_is_said_at_the_field(client: Any, head: Any, typed: str) -> None:
    for url in (PAGE, f"{PAGE}preview"):
        refused = client.post(url, data={"based_on": "0", "percent": typed}, headers=head)
        assert refused.status_code == 422
        assert "请填 0 到 100 的数字" in refused.text
    assert shares() == []


def test_nothing_at_all_is_confirmed_in_its_own_words(client: Any, head: Any) -> None:
    page = client.post(f"{PAGE}preview", data={"based_on": "0", "percent": "0"}, headers=head).text
    assert "不再抽查" in page
    client.post(PAGE, data={"based_on": "0", "percent": "0"}, headers=head)
    assert sample_share() == 0


def test_two_set_it_at_once_and_one_is_told(app: Flask, head: Any) -> None:
    by, gate = office("operator"), threading.Barrier(4)
    got: list[float | None] = []
    db.session.rollback()

    def press(share: float) -> None:
        with app.app_context():
            gate.wait()
            try:
                with unit_of_work():
                    got.append(set_share(ShareIn(based_on=0, sample_share=share), by).sample_share)
            except StaleVersion:
                got.append(None)
            finally:
                db.session.remove()

    threads = [threading.Thread(target=press, args=(n / 10,)) for n in range(1, 5)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert len(got) == 4
    assert [one for one in got if one is not None] == shares()
    assert len(shares()) == 1
