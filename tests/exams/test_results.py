"""Results: only for people present, versioned, never lost."""

import threading
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from chengjiu_mp.core import context
from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.core.errors import StaleVersion
from chengjiu_mp.core.models import AuditEntry
from chengjiu_mp.exams.models import ExamResult, ExamScheme
from chengjiu_mp.exams.schemas import ResultIn
from chengjiu_mp.exams.service import save_results
from chengjiu_mp.signin.models import Account
from tests import exams_rows as rows
from tests import factories


class Hall:
    """A run with its instructor signed in and one person present."""

    def __init__(self) -> None:
        with factories.made():
            self.teacher = factories.instructor()
            self.run = rows.past_run(instructors=[self.teacher])
            self.one = rows.attended(self.run)
            self.headers = factories.headers_of(db.session.get_one(Account, self.teacher.account_id))
        self.url = f"/api/v1/runs/{self.run.id}/results"


@pytest.fixture
def hall(app: Flask) -> Hall:
    return Hall()


def put(client: Any, hall: Hall, version: int = 0, /, **items: Any) -> Any:
    body = {"rows": [{"signup_id": hall.one.id, "version": version, "items": items}]}
    return client.put(hall.url, json=body, headers=hall.headers)


def test_the_scheme_decides_and_the_version_rises(client: Any, hall: Hall) -> None:
    first = put(client, hall, theory=80, cpr=80).json["rows"][0]
    second = put(client, hall, 1, theory=80, cpr=80, aed=80).json["rows"][0]
    third = put(client, hall, 2, theory=79.5, cpr=80, aed=80).json["rows"][0]
    assert [(r["version"], r["outcome"]) for r in (first, second, third)] == [
        (1, "incomplete"), (2, "passed"), (3, "failed"),
    ]  # fmt: skip


def test_a_stale_version_changes_nothing_and_names_the_current_one(client: Any, hall: Hall) -> None:
    put(client, hall, theory=80)
    put(client, hall, 1, theory=81)
    refused = put(client, hall, 1, theory=99)
    assert (refused.status_code, refused.json["code"], refused.json["version"]) == (409, "stale_version", 2)
    assert client.get(hall.url, headers=hall.headers).json["rows"][0]["items"] == {"theory": 81}


def test_one_stale_row_keeps_the_others_back(client: Any, hall: Hall) -> None:
    with factories.made():
        other = rows.attended(hall.run, "李四")
    put(client, hall, theory=80)
    both = [{"signup_id": i, "version": 0, "items": {"theory": 90}} for i in (hall.one.id, other.id)]
    refused = client.put(hall.url, json={"rows": both}, headers=hall.headers)
    assert refused.json["stale"] == [{"signup_id": hall.one.id, "version": 1}]
    assert db.session.scalar(select(func.count()).select_from(ExamResult)) == 1


def test_an_absent_person_has_no_result(client: Any, hall: Hall) -> None:
    with factories.made():
        away = factories.signup(hall.run, "李四")
    body = {"rows": [{"signup_id": away.id, "version": 0, "items": rows.PASS}]}
    refused = client.put(hall.url, json=body, headers=hall.headers)
    assert (refused.status_code, refused.json["code"]) == (422, "not_present")
    assert refused.json["errors"][0]["pointer"] == "/rows/0/signup_id"


@pytest.mark.parametrize(
    ("items", "code"),
    [
        ({"theory": 100.5}, "points_out_of_range"), ({"theory": -1}, "points_out_of_range"),
        ({"swimming": 3}, "unknown_item"), ({"theory": "85"}, "float_type"), ({"theory": True}, "float_type"),
    ],
)  # fmt: skip
def test_points_are_numbers_within_the_items_range(client: Any, hall: Hall, items: dict, code: str) -> None:
    refused = put(client, hall, **items)
    assert (refused.status_code, refused.json["errors"][0]["code"]) == (422, code)
    assert refused.json["errors"][0]["pointer"].startswith("/rows/0/items/")


def test_a_row_twice_is_refused(client: Any, hall: Hall) -> None:
    row = {"signup_id": hall.one.id, "version": 0, "items": {}}
    assert (
        client.put(hall.url, json={"rows": [row, row]}, headers=hall.headers).json["errors"][0]["code"]
        == "duplicate_row"
    )


def test_an_emptied_cell_is_open_again(client: Any, hall: Hall) -> None:
    put(client, hall, **rows.PASS)
    assert put(client, hall, 1, theory=90, cpr=None).json["rows"][0]["items"] == {"theory": 90}


def test_a_run_of_another_instructor_does_not_exist(client: Any, hall: Hall) -> None:
    with factories.made():
        stranger = factories.bearer("instructor")
    body = {"rows": [{"signup_id": hall.one.id, "version": 0, "items": rows.PASS}]}
    assert client.put(hall.url, json=body, headers=stranger).status_code == 404
    assert client.get(hall.url, headers=stranger).status_code == 404


def test_a_popular_run_has_no_grid(client: Any, hall: Hall) -> None:
    with factories.made():
        popular = rows.past_run("popular", instructors=[hall.teacher])
    reply = client.get(f"/api/v1/runs/{popular.id}/results", headers=hall.headers)
    assert (reply.status_code, reply.json["code"]) == (409, "no_exam")


def test_a_new_scheme_version_leaves_the_run_its_own(client: Any, hall: Hall) -> None:
    with factories.made():
        old = db.session.get_one(ExamScheme, hall.run.exam_scheme_id)
        strict = [{**item, "pass": 99} for item in old.items]
        db.session.add(ExamScheme(code=old.code, version=2, name=old.name, items=strict))
    assert put(client, hall, **rows.PASS).json["rows"][0]["outcome"] == "passed"


def test_the_trail_keeps_what_was_and_what_is(client: Any, hall: Hall) -> None:
    put(client, hall, theory=80)
    put(client, hall, 1, theory=90)
    entry = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "results.saved")).all()[-1]
    assert (entry.facts["was"], entry.facts["now"], entry.facts["version"]) == ({"theory": 80}, {"theory": 90}, 2)


def test_200_interleaved_writes_lose_none(app: Flask, hall: Hall) -> None:
    caller = context.Principal(account_id=hall.teacher.account_id, grants=(context.Grant("instructor"),))
    done: list[bool] = []
    gate = threading.Barrier(8)

    def enter(points: int) -> bool:
        with app.app_context():
            version = db.session.scalar(select(ExamResult.version)) or 0
            row = ResultIn(signup_id=hall.one.id, version=version, items={"theory": points})
            try:
                with unit_of_work():
                    save_results(hall.run.id, [row], caller)
            except StaleVersion:
                return False
            finally:
                db.session.remove()
        return True

    def work() -> None:
        gate.wait()
        done.extend(enter(points) for points in range(25))

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(done) == 200
    assert db.session.scalar(select(ExamResult.version)) == sum(done) > 0
