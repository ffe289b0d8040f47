"""A recorded refresher gives the next due date."""

from datetime import date
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.core.errors import Refusal
from chengjiu_mp.core.models import AuditEntry
from chengjiu_mp.instructors.models import Instructor, InstructorPolicy
from chengjiu_mp.instructors.refreshing import record_refresher
from chengjiu_mp.outbox.models import Message
from tests import factories


def registered(**values) -> Instructor:
    with factories.made():
        return factories.instructor(**values)


def record(who: Instructor, day: date) -> date | None:
    with unit_of_work():
        row = db.session.get_one(Instructor, who.id)
        record_refresher(row, day, "复训班")
        return row.refresh_due


def test_it_is_due_again_after_the_interval(app: Flask) -> None:
    assert record(registered(), date(2026, 11, 20)) == date(2028, 11, 20)


def test_the_interval_is_a_setting(app: Flask) -> None:
    with factories.made():
        factories.unit()
        db.session.scalars(select(InstructorPolicy)).one().refresh_interval_months = 12
    assert record(registered(), date(2026, 11, 20)) == date(2027, 11, 20)


def test_an_older_refresher_moves_nothing_back(app: Flask) -> None:
    assert record(registered(refresh_due=date(2027, 5, 1)), date(2024, 3, 1)) == date(2027, 5, 1)


REFUSED: dict[str, tuple[dict[str, Any], date, str]] = {
    "future": ({}, date(2026, 11, 24), "refresher_day_invalid"),
    "before the qualification": ({"qualified_on": date(2024, 1, 1)}, date(2023, 12, 31), "refresher_day_invalid"),
    "retired": ({"status": "retired"}, date(2026, 11, 1), "instructor_retired"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_is_refused(app: Flask, name: str) -> None:
    values, day, code = REFUSED[name]
    with pytest.raises(Refusal) as refused:
        record(registered(**values), day)
    assert refused.value.code == code


def test_the_same_day_is_recorded_once(app: Flask) -> None:
    who = registered()
    record(who, date(2026, 11, 20))
    with pytest.raises(Refusal) as refused:
        record(who, date(2026, 11, 20))
    assert refused.value.code == "refresher_known"


def test_it_leaves_an_audit_row_and_a_message(app: Flask) -> None:
    record(registered(), date(2026, 11, 20))
    entry = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "refresher.recorded")).one()
    assert entry.facts["next_due"] == "2028-11-20"
    assert db.session.scalars(select(Message.kind)).all() == ["refresher.recorded"]


def test_staff_record_it_by_the_api_in_their_scope(client: FlaskClient) -> None:
    who = registered(unit_code="nanzha")
    with factories.made():
        here, there = factories.bearer("operator", "nanzha"), factories.bearer("operator", "yunting")
        reader = factories.bearer("operator", "nanzha", read_only=True)
    path, body = f"/api/v1/instructors/{who.id}/refreshers", {"completed_on": "2026-11-20", "source": "复训班"}
    assert client.post(path, json=body, headers=there).status_code == 404
    assert client.post(path, json=body, headers=reader).status_code == 403
    done = client.post(path, json=body, headers=here)
    assert (done.status_code, done.get_json()["next_due"]) == (201, "2028-11-20")


def test_the_register_is_listed_by_scope_and_state_with_masked_phones(client: FlaskClient) -> None:
    registered(unit_code="nanzha", refresh_due=date(2026, 12, 1))
    registered(unit_code="nanzha")
    registered(unit_code="yunting", refresh_due=date(2026, 12, 1))
    with factories.made():
        headers = factories.bearer("unit_manager", "nanzha")
    everybody = client.get("/api/v1/instructors", headers=headers).get_json()["items"]
    soon = client.get("/api/v1/instructors?state=soon", headers=headers).get_json()["items"]
    assert (len(everybody), len(soon), soon[0]["state"]) == (2, 1, "soon")
    assert all(row["unit"] == "南闸街道" and "****" in row["phone_masked"] for row in everybody)
