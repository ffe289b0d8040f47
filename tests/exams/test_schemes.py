"""A new version of a scheme: new runs take it, old runs keep the old rule (feat-C2)."""

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.courses.models import CourseRun, Syllabus
from chengjiu_mp.courses.publishing import publish
from chengjiu_mp.exams.models import ExamScheme
from chengjiu_mp.exams.queries import scheme_of_run
from tests import exams_rows as rows
from tests import factories

THEORY = {"code": "theory", "name": "理论", "kind": "theory", "max": 100, "pass_mark": 90, "required": True}
GIVEN = {"based_on": 1, "items": [THEORY], "max_resits": 2, "resit_failed_only": False}
URL = "/api/v1/exam-schemes/cpr_aed/versions"


@pytest.fixture
def head(app: Flask) -> dict[str, str]:
    with factories.made():
        factories.unit()
        return factories.bearer("operator")


def test_old_runs_keep_the_old_rule_and_new_ones_take_the_new(client: Any, head: Any) -> None:
    with factories.made():
        old = rows.past_run()
        draft = factories.run(state="draft")
    assert client.post(URL, json=GIVEN, headers=head).json["version"] == 2
    with unit_of_work():
        publish(db.session.get_one(CourseRun, draft.id))
    new, before = scheme_of_run(db.session.get_one(CourseRun, draft.id)), scheme_of_run(old)
    assert (before.version, new.version, new.max_resits, new.items[0]["pass"]) == (1, 2, 2, 90)
    was, now = db.session.scalars(select(Syllabus).where(Syllabus.course_type_id == new_kind(draft))).all()
    assert (now.version, now.exam_scheme_id, now.hours) == (was.version + 1, new.id, was.hours)


def new_kind(run: CourseRun) -> int:
    return db.session.get_one(Syllabus, db.session.get_one(CourseRun, run.id).syllabus_id).course_type_id


def test_somebody_elses_version_in_between_refuses(client: Any, head: Any) -> None:
    client.post(URL, json=GIVEN, headers=head)
    refused = client.post(URL, json=GIVEN, headers=head)
    assert (refused.status_code, refused.json["code"], refused.json["version"]) == (409, "stale_version", 2)


@pytest.mark.parametrize(
    ("changed", "pointer"),
    [
        ({"pass_mark": 101}, "/items/0/pass_mark"),
        ({"code": "理论"}, "/items/0/code"),
        ({"required": False}, "/items/0/required"),
    ],
)
def test_a_rule_nobody_could_pass_by_is_refused(client: Any, head: Any, changed: Any, pointer: str) -> None:
    refused = client.post(URL, json=GIVEN | {"items": [THEORY | changed]}, headers=head)
    assert (refused.status_code, refused.json["errors"][0]["pointer"]) == (422, pointer)


def test_only_an_operator_of_the_city_writes(client: Any, head: Any) -> None:
    with factories.made():
        town = factories.bearer("operator", "nanzha")
    assert client.post(URL, json=GIVEN, headers=town).status_code == 403
    assert client.get("/console/schemes/cpr_aed/new", headers=town).status_code == 403


def _form(**changed: str) -> dict[str, str]:
    first = {
        "name-0": "理论",
        "code-0": "theory",
        "kind-0": "theory",
        "max-0": "100",
        "pass_mark-0": "85",
        "required-0": "1",
    }
    return {"based_on": "1", "max_resits": "1", "resit_failed_only": "1", **first, **changed}


def test_the_page_previews_the_rule_and_then_publishes(client: Any, head: Any) -> None:
    assert "起草新版" in client.get("/console/schemes/", headers=head).text
    assert 'value="theory"' in client.get("/console/schemes/cpr_aed/new", headers=head).text
    page = client.post("/console/schemes/cpr_aed/preview", data=_form(), headers=head).text
    assert "理论 84.5 分，其余满分" in page
    assert "不合格" in page
    assert db.session.scalars(select(ExamScheme).where(ExamScheme.version == 2)).all() == []
    assert client.post("/console/schemes/cpr_aed/publish", data=_form(), headers=head).status_code == 303
    assert "第 2 版" in client.get("/console/schemes/cpr_aed", headers=head).text


@pytest.mark.parametrize("wrong", [{"pass_mark-0": "101"}, {"max-0": "很多"}, {"max_resits": "x"}])
def test_what_was_typed_wrong_stands_again(client: Any, head: Any, wrong: dict[str, str]) -> None:
    reply = client.post("/console/schemes/cpr_aed/preview", data=_form(**wrong), headers=head)
    assert reply.status_code == 422
    assert f'value="{next(iter(wrong.values()))}"' in reply.text
