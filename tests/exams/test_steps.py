"""Steps of practical items: the points and the outcome that ticks give, and how they are stored and refused."""

import json
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from chengjiu_mp.core.db import db
from chengjiu_mp.exams.models import ExamResult, ExamScheme
from chengjiu_mp.exams.scheme import items_of, outcome_of
from chengjiu_mp.exams.steps import failed_words, points_of, steps_of, why_failed
from chengjiu_mp.signin.models import Account
from tests import exams_rows as rows
from tests import factories

VECTORS = json.loads((Path(__file__).parent / "step_vectors.json").read_text(encoding="utf-8"))
CPR = (
    "scene",
    "response",
    "call",
    "breathing",
    "place",
    "hands",
    "rate",
    "depth",
    "airway",
    "breaths",
    "ratio",
    "recheck",
)
AED = ("on", "pads", "plug", "analyse", "clear", "shock", "resume")


def ticks(codes: tuple[str, ...], **failed: str) -> dict[str, str]:
    return {code: failed.get(code, "") for code in codes}


@pytest.mark.parametrize("vector", VECTORS["vectors"], ids=lambda one: one["why"])
def test_ticks_give_points_and_outcome(vector: dict[str, Any]) -> None:
    (item,) = items_of([VECTORS["item"]])
    points = points_of(item, steps_of([VECTORS["item"]])["cpr"], vector["ticks"])
    assert points == vector["points"]
    assert outcome_of([item], {} if points is None else {"cpr": points}) == vector["outcome"]


def test_a_mark_between_whole_points_is_not_reached_either() -> None:
    stored = VECTORS["item"] | {"pass": 79.5}
    (item,) = items_of([stored])
    assert points_of(item, steps_of([stored])["cpr"], ticks(("call", "hands", "rate", "recheck"), call="漏做")) == 79


def test_a_reason_is_said_in_the_schemes_order() -> None:
    said = failed_words(steps_of([VECTORS["item"]]), {"cpr": {"rate": "超时", "call": "漏做", "recheck": ""}})
    assert said == ["呼救（关键）：漏做", "频率：超时"]


def test_what_is_shipped_adds_up_and_is_marked_as_unconfirmed(app: Flask) -> None:
    with factories.made():
        factories.reference_data()
    for scheme in db.session.scalars(select(ExamScheme)):
        assert "steps" in scheme.unconfirmed
        for item in scheme.items:
            assert sum(one["points"] for one in item.get("steps", [])) in (0, item["max"])
    assert set(steps_of(scheme.items)) == {"cpr", "aed"}


class Hall:
    def __init__(self, client: Any) -> None:
        with factories.made():
            teacher = factories.instructor()
            self.run = rows.past_run(instructors=[teacher])
            self.one = rows.attended(self.run)
            self.headers = factories.headers_of(db.session.get_one(Account, teacher.account_id))
        self.client, self.url = client, f"/api/v1/runs/{self.run.id}/results"

    def put(self, version: int = 0, **row: Any) -> Any:
        body = {"rows": [{"signup_id": self.one.id, "version": version, "items": {}, **row}]}
        return self.client.put(self.url, json=body, headers=self.headers)

    def stored(self) -> ExamResult:
        db.session.expire_all()
        return db.session.scalars(select(ExamResult)).one()


@pytest.fixture
def hall(client: Any) -> Hall:
    return Hall(client)


def test_ticks_are_counted_here_and_kept(hall: Hall) -> None:
    said = {"cpr": ticks(CPR, rate="超时"), "aed": ticks(AED)}
    reply = hall.put(items={"theory": 90, "cpr": 100}, steps=said)
    (row,) = reply.json["rows"]
    assert (row["items"], row["outcome"]) == ({"theory": 90, "cpr": 85, "aed": 100}, "passed")
    assert row["steps"] == hall.stored().steps == said
    assert [one["critical"] for one in reply.json["items"][2]["steps"]] == [
        True,
        True,
        False,
        False,
        True,
        False,
        False,
    ]


def test_a_critical_step_fails_whoever_has_points_enough(hall: Hall) -> None:
    (row,) = hall.put(items={"theory": 90}, steps={"cpr": ticks(CPR, call="漏做"), "aed": ticks(AED)}).json["rows"]
    assert (row["items"]["cpr"], row["outcome"]) == (79, "failed")
    assert why_failed(hall.run) == {hall.one.id: ["呼救：打 120、取 AED（关键）：漏做"]}


def test_half_a_checklist_is_kept_and_gives_no_points(hall: Hall) -> None:
    (row,) = hall.put(items={"theory": 90, "cpr": 88}, steps={"cpr": {"scene": "", "call": "漏做"}}).json["rows"]
    assert (row["items"], row["outcome"]) == ({"theory": 90}, "incomplete")
    assert row["steps"] == {"cpr": {"scene": "", "call": "漏做"}}


def test_the_grid_keeps_ticks_until_it_types_over_their_points(hall: Hall) -> None:
    hall.put(items={"theory": 70}, steps={"cpr": ticks(CPR, rate="超时"), "aed": ticks(AED)})
    hall.put(1, items={"theory": 90, "cpr": 85, "aed": 100})
    assert set(hall.stored().steps) == {"cpr", "aed"}
    hall.put(2, items={"theory": 90, "cpr": 86, "aed": 100})
    assert set(hall.stored().steps) == {"aed"}


@pytest.mark.parametrize(
    ("steps", "pointer", "code"),
    [
        ({"cpr": {"dance": ""}}, "/rows/0/steps/cpr/dance", "unknown_step"),
        ({"cpr": {"call": "随便写的话"}}, "/rows/0/steps/cpr/call", "unknown_reason"),
        ({"theory": {}}, "/rows/0/steps/theory", "unknown_item"),
        ({"wound": {"a": ""}}, "/rows/0/steps/wound/a", "unknown_step"),
    ],
)
def test_what_the_scheme_does_not_know_is_refused(hall: Hall, steps: Any, pointer: str, code: str) -> None:
    refused = hall.put(steps=steps)
    assert refused.status_code == 422
    assert (refused.json["errors"][0]["pointer"], refused.json["errors"][0]["code"]) == (pointer, code)
    assert db.session.scalars(select(ExamResult)).all() == []
