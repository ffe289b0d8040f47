"""Who examines is named, and valid on the day (feat-C4)."""

from datetime import date, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from chengjiu_mp.core import clock
from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.core.models import AuditEntry
from chengjiu_mp.exams.models import ExamResult
from chengjiu_mp.instructors.models import Instructor
from chengjiu_mp.signin.models import Account
from tests import exams_rows as rows
from tests import factories

YESTERDAY = timedelta(days=-1)


class Room:
    """A run of today with a lead and a second instructor, one person present, and an operator with the paper."""

    def __init__(self) -> None:
        with factories.made():
            self.lead, self.second = factories.instructor("陈建国"), factories.instructor("李晓梅")
            self.run = rows.past_run(instructors=[self.lead, self.second])
            self.one = rows.attended(self.run)
            self.as_lead = self.headers(self.lead)
            self.as_second = self.headers(self.second)
            self.as_operator = factories.bearer("operator")
        self.url = f"/api/v1/runs/{self.run.id}/results"

    def headers(self, who: Instructor) -> dict[str, str]:
        return factories.headers_of(db.session.get_one(Account, who.account_id))

    def put(self, client: Any, headers: dict[str, str], version: int = 0, **body: Any) -> Any:
        row = {"signup_id": self.one.id, "version": version, "items": rows.PASS}
        return client.put(self.url, json={"rows": [row], **body}, headers=headers)

    def change(self, who: Instructor, **values: Any) -> None:
        with unit_of_work():
            for name, value in values.items():
                setattr(db.session.get_one(Instructor, who.id), name, value)


@pytest.fixture
def room(app: Flask) -> Room:
    return Room()


def test_an_instructors_result_names_them(client: Any, room: Room) -> None:
    row = room.put(client, room.as_second).json["rows"][0]
    assert (row["examined_by"], row["examiner"]) == (room.second.id, "李晓梅")
    kept = db.session.scalars(select(ExamResult)).one()
    assert (kept.examiner_name, kept.entered_by) == ("李晓梅", room.second.account_id)
    entry = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "results.saved")).one()
    assert entry.facts["examined_by"] == room.second.id


@pytest.mark.parametrize(
    ("values", "reason", "why"),
    [
        ({"refresh_due": date(2026, 11, 22)}, "overdue", "陈建国的复训已在2026年11月22日到期"),
        ({"status": "suspended"}, "suspended", "陈建国的师资资格已暂停"),
        ({"status": "retired"}, "retired", "陈建国的师资资格已退出"),
    ],
)
def test_who_is_not_valid_enters_nothing_and_reads_why(
    client: Any, room: Room, values: Any, reason: str, why: str
) -> None:
    room.change(room.lead, **values)
    refused = room.put(client, room.as_lead)
    assert (refused.status_code, refused.json["code"], refused.json["reason"]) == (422, "examiner_not_valid", reason)
    assert why in refused.json["detail"]
    assert "另一位有效的师资" in refused.json["detail"]
    assert db.session.scalars(select(ExamResult)).all() == []


@pytest.mark.parametrize("due", [None, date(2026, 11, 23)])
def test_an_unknown_date_and_the_last_day_itself_are_in_time(client: Any, room: Room, due: date | None) -> None:
    room.change(room.lead, refresh_due=due)
    assert room.put(client, room.as_lead).status_code == 200


def test_what_was_examined_in_time_is_entered_after_the_day(client: Any, room: Room, frozen) -> None:
    room.change(room.lead, refresh_due=clock.today())
    frozen.now += timedelta(days=2)
    with factories.made():
        signed_in = room.headers(room.lead)
    assert room.put(client, signed_in).status_code == 200


def test_who_is_not_valid_hands_nothing_in(client: Any, room: Room) -> None:
    room.put(client, room.as_second)
    room.change(room.lead, status="suspended")
    refused = client.post(f"{room.url}/submit", headers=room.as_lead)
    assert refused.json["code"] == "examiner_not_valid"
    assert client.post(f"{room.url}/submit", headers=room.as_second).status_code == 200


def test_paper_counts_for_the_lead_unless_another_is_named(client: Any, room: Room) -> None:
    assert room.put(client, room.as_operator).json["rows"][0]["examiner"] == "陈建国"
    named = room.put(client, room.as_operator, 1, examined_by=room.second.id)
    assert named.json["rows"][0]["examiner"] == "李晓梅"


def test_a_figure_put_right_by_an_operator_keeps_who_examined(client: Any, room: Room) -> None:
    room.put(client, room.as_second)
    row = room.put(client, room.as_operator, 1).json["rows"][0]
    assert (row["version"], row["examiner"]) == (2, "李晓梅")


def test_paper_does_not_count_for_who_is_not_valid(client: Any, room: Room) -> None:
    room.change(room.lead, refresh_due=clock.today() + YESTERDAY)
    assert room.put(client, room.as_operator, examined_by=room.lead.id).json["code"] == "examiner_not_valid"
    assert room.put(client, room.as_operator).json["rows"][0]["examiner"] == "李晓梅"


def test_a_run_without_a_valid_one_takes_another_of_the_register(client: Any, room: Room) -> None:
    for one in (room.lead, room.second):
        room.change(one, status="suspended")
    with factories.made():
        third = factories.instructor("王磊")
    assert room.put(client, room.as_operator).json["code"] == "examiner_not_valid"
    assert room.put(client, room.as_operator, examined_by=third.id).json["rows"][0]["examiner"] == "王磊"


def test_a_stranger_is_not_named_and_an_instructor_names_nobody_else(client: Any, room: Room) -> None:
    with factories.made():
        stranger = factories.instructor("王磊")
    assert room.put(client, room.as_operator, examined_by=stranger.id).json["code"] == "examiner_not_of_run"
    assert room.put(client, room.as_lead, examined_by=room.second.id).json["code"] == "examiner_not_you"


def test_the_phone_says_why_and_offers_no_box(client: Any, room: Room) -> None:
    room.change(room.lead, refresh_due=clock.today() + YESTERDAY)
    page = client.get(f"/teach/runs/{room.run.id}/results", headers=room.as_lead).text
    assert "您现在不能登记成绩" in page
    assert "保存成绩" not in page


def test_the_operators_grid_asks_who_examined_and_the_review_shows_it(client: Any, room: Room) -> None:
    grid = f"/teach/runs/{room.run.id}/results"
    assert "新登记的算陈建国" in client.get(grid, headers=room.as_operator).text
    box = {f"p.{room.one.id}.{code}": "90" for code in rows.PASS} | {f"v.{room.one.id}": "0", f"b.{room.one.id}": ""}
    client.post(grid, data=box | {"examined_by": str(room.second.id)}, headers=room.as_operator)
    assert "李晓梅" in client.get(f"/console/results/{room.run.id}", headers=room.as_operator).text
    assert "<select" not in client.get(grid, headers=room.as_lead).text
