"""A month for programs: its days, its poster, and a sheet of runs tried and then imported."""

import io
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from PIL import Image
from sqlalchemy import func, select

from chengjiu_mp.core.db import db
from chengjiu_mp.courses.models import CourseRun
from tests import factories, sheets
from tests.courses.test_api import Headers, a_run, get, post, staff
from tests.courses.test_month_import import GOOD, HEAD
from tests.pictures import code_in

IMPORT = "/api/v1/runs/import"


@pytest.fixture
def boss(client: FlaskClient) -> Headers:
    with factories.made():
        factories.venue(name="训练厅")
        factories.instructor("陈建国")
        factories.instructor("李明")
    return staff()


def sheet(*changes: dict[str, Any]) -> bytes:
    return sheets.book([HEAD, *([{**GOOD, **one}[column] for column in HEAD] for one in changes)])


def sent(client: FlaskClient, path: str, content: bytes, headers: Headers | None) -> Any:
    return client.post(path, data=content, headers=headers)


def runs() -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count()).select_from(CourseRun)) or 0


def test_a_month_shows_its_days_its_runs_and_each_clash_once(client: FlaskClient) -> None:
    boss = staff()
    with factories.made():
        hall = factories.venue(name="训练厅").id
    one, two = (a_run(title=title, venue_id=hall, starts_in=timedelta(days=5)) for title in ("甲班", "乙班"))
    shown = get(client, "/api/v1/calendar?month=2026-11", headers=boss).json
    assert (shown["month"], len(shown["days"]), len(shown["clashes"])) == ("2026-11", 30, 1)
    (day,) = [each for each in shown["days"] if each["entries"]]
    assert (day["day"], day["kind"]) == ("2026-11-28", "weekend")
    assert {(each["run_id"], each["venue"]) for each in day["entries"]} == {(one, "训练厅"), (two, "训练厅")}
    assert all(each["clashes"] == ["venue_clash"] for each in day["entries"])
    assert "甲班" in shown["clashes"][0]["sentence"] and "乙班" in shown["clashes"][0]["sentence"]
    assert get(client, "/api/v1/calendar", headers=boss).json["month"] == "2026-11"


def test_the_calendar_is_the_callers_own(client: FlaskClient) -> None:
    with factories.made():
        factories.run(title="甲班", unit_id=factories.unit("nanzha").id, starts_in=timedelta(days=5))
    theirs = get(client, "/api/v1/calendar?month=2026-11", headers=staff("unit_manager", "yunting")).json
    assert [day for day in theirs["days"] if day["entries"]] == []


@pytest.mark.parametrize("month", ["2026-13", "x", "1999-01", "2026-1"])
def test_what_is_no_month_is_a_422(client: FlaskClient, month: str) -> None:
    assert get(client, f"/api/v1/calendar?month={month}", headers=staff()).status_code == 422


def test_a_months_poster_carries_the_links_code(client: FlaskClient) -> None:
    boss = staff()
    with factories.made():
        hall = factories.venue(name="训练厅").id
    a_run(title="社区班", venue_id=hall, starts_in=timedelta(days=5))
    link = post(client, "/links", {"kind": "venue", "target_id": hall}, boss).json
    drawn = get(client, f"/api/v1/links/{link['id']}/poster.png?month=2026-11", headers=boss)
    assert (drawn.status_code, drawn.mimetype) == (200, "image/png")
    assert code_in(Image.open(io.BytesIO(drawn.data))) == link["url"]
    other = staff("unit_manager", "nanzha")
    assert get(client, f"/api/v1/links/{link['id']}/poster.png", headers=other).status_code == 404


def test_a_sheet_is_tried_then_imported_and_a_second_time_makes_nothing(client: FlaskClient, boss: Headers) -> None:
    content = sheet({}, {"日期": "2026-12-06"})
    tried = sent(client, f"{IMPORT}/preview", content, boss)
    assert (tried.status_code, tried.json["new"], tried.json["faults"], runs()) == (200, 2, [], 0)
    assert tried.json["rows"][0]["starts_at"] == "2026-12-05T14:00:00+08:00"
    made = sent(client, IMPORT, content, boss)
    assert (made.status_code, len(made.json["run_ids"]), runs()) == (201, 2, 2)
    again = sent(client, f"{IMPORT}/preview", content, boss).json
    assert (again["new"], {one["run_id"] for one in again["rows"]}) == (0, set(made.json["run_ids"]))
    assert (sent(client, IMPORT, content, boss).json["run_ids"], runs()) == ([], 2)


def test_a_faulty_sheet_names_its_rows_and_only_the_good_ones_are_taken_if_asked(
    client: FlaskClient, boss: Headers
) -> None:
    content = sheet({}, {"地点": "不在册的厅"})
    tried = sent(client, f"{IMPORT}/preview", content, boss).json
    assert (tried["new"], [one["row"] for one in tried["faults"]]) == (1, [3])
    refused = sent(client, IMPORT, content, boss)
    assert (refused.status_code, refused.json["code"], runs()) == (422, "month_refused", 0)
    assert refused.json["errors"][0]["pointer"] == "/rows/3"
    assert len(sent(client, f"{IMPORT}?partial=true", content, boss).json["run_ids"]) == 1


@pytest.mark.parametrize(("content", "code"), [(b"", "file_missing"), (b"x", "file_not_xlsx")])
def test_what_is_no_sheet_says_so(client: FlaskClient, boss: Headers, content: bytes, code: str) -> None:
    for path in (IMPORT, f"{IMPORT}/preview"):
        answer = sent(client, path, content, boss)
        assert (answer.status_code, answer.json["code"]) == (422, code)


def test_the_template_offers_the_callers_units(client: FlaskClient, boss: Headers) -> None:
    reply = get(client, f"{IMPORT}/template.xlsx", headers=boss)
    assert reply.data.startswith(b"PK") and get(client, f"{IMPORT}/template.xlsx").status_code == 401


def test_a_row_of_another_unit_is_a_fault_for_a_manager(client: FlaskClient, boss: Headers) -> None:
    tried = sent(client, f"{IMPORT}/preview", sheet({}), staff("unit_manager", "nanzha")).json
    assert tried["new"] == 0 and "不在您的管理范围内" in tried["faults"][0]["reasons"][0]
