"""Copies, series, many published at once, links and filters for programs; and one number everywhere."""

from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from chengjiu_mp.core import clock
from chengjiu_mp.core.db import db
from chengjiu_mp.courses.models import Meeting
from chengjiu_mp.courses.queries import run_token
from chengjiu_mp.units.models import KEY_GROUPS, Sector
from tests import factories
from tests.courses.test_api import Headers, a_run, draft, get, post, staff
from tests.signups import signed

WEEKLY = {"weekdays": [5], "first": "2026-11-28", "begins": "14:00", "ends": "17:00", "count": 3}


def ids(client: FlaskClient, query: str, headers: Headers | None = None) -> list[int]:
    return [one["id"] for one in get(client, f"/api/v1/runs?{query}", headers=headers).json["items"]]


def test_a_copy_is_a_draft_on_another_day(client: FlaskClient) -> None:
    run, boss = a_run(title="社区班", capacity=24), staff()
    begins = (clock.now() + timedelta(days=10)).isoformat()
    made = post(client, f"/runs/{run}/copy", {"starts_at": begins}, boss)
    assert made.status_code == 201
    assert (made.json["title"], made.json["capacity"], made.json["state"]) == ("社区班", 24, "draft")
    assert [one["code"] for one in made.json["warnings"]] == ["no_instructor"]
    past = post(client, f"/runs/{run}/copy", {"starts_at": "2026-11-01T14:00:00+08:00"}, boss)
    assert (past.status_code, past.json["code"]) == (422, "run_times_wrong")


@pytest.mark.parametrize("at", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00"])
def test_a_copy_at_the_ends_of_time_is_refused(client: FlaskClient, at: str) -> None:
    assert post(client, f"/runs/{a_run()}/copy", {"starts_at": at}, staff()).status_code == 422


def test_a_draft_says_what_it_clashes_with(client: FlaskClient) -> None:
    content, boss = draft(), staff()
    a_run(title="社区班", venue_id=content["venue_id"], starts_in=timedelta(days=5))
    made = post(client, "/runs", content, boss)
    assert [one["code"] for one in made.json["warnings"]] == ["no_instructor", "venue_clash"]


def test_a_series_is_tried_then_made_then_published(client: FlaskClient) -> None:
    run, boss = a_run(title="周末班"), staff()
    tried = post(client, f"/runs/{run}/repeat", {**WEEKLY, "dry_run": True}, boss).json
    assert (tried["id"], tried["run_ids"], len(tried["dates"])) == (None, [], 3)
    made = post(client, f"/runs/{run}/repeat", WEEKLY, boss).json
    assert [one["day"] for one in made["dates"]] == ["2026-11-28", "2026-12-05", "2026-12-12"]
    published = post(client, "/runs/publish", {"run_ids": made["run_ids"]}, boss).json
    assert published["run_ids"] == made["run_ids"]
    assert post(client, "/runs/publish", {"run_ids": made["run_ids"]}, boss).json["run_ids"] == []
    page = client.get(made["url"].partition(":8000")[2]).text
    assert page.count('class="card run"') == 3


@pytest.mark.parametrize(
    "change",
    [
        {"count": None},
        {"weekdays": []},
        {"weekdays": [7]},
        {"ends": "13:00"},
        {"count": 61},
        {"first": "2026-02-30"},
        {"begins": 0},
        {"ends": "17:00+08:00"},
    ],
)
def test_a_series_that_makes_no_sense_is_refused(client: FlaskClient, change: dict[str, Any]) -> None:
    assert post(client, f"/runs/{a_run()}/repeat", {**WEEKLY, **change}, staff()).status_code == 422


def test_nobody_copies_repeats_or_links_out_of_scope(client: FlaskClient) -> None:
    with factories.made():
        other = factories.unit("nanzha").id
        run = factories.run(unit_id=other).id
    here = staff("unit_manager", "chengjiang")
    replies = [
        post(client, f"/runs/{run}/copy", {"starts_at": "2026-12-05T14:00:00+08:00"}, here),
        post(client, f"/runs/{run}/repeat", WEEKLY, here),
        post(client, "/links", {"kind": "unit", "target_id": other}, here),
        post(client, "/runs/publish", {"run_ids": [run]}, staff("approver", "chengjiang")),
    ]
    assert [reply.status_code for reply in replies] == [404] * 4


def test_a_link_is_the_same_each_time(client: FlaskClient) -> None:
    with factories.made():
        hall, boss = factories.venue().id, factories.bearer("operator")
    said = [post(client, "/links", {"kind": "venue", "target_id": hall}, boss).json for _ in range(2)]
    assert said[0] == said[1]
    assert said[0]["url"].startswith("http://127.0.0.1:8000/s/")


# What lists are narrowed to


def test_runs_are_narrowed_by_sector_and_weekend(client: FlaskClient) -> None:
    with factories.made():
        factories.unit()
        school = db.session.scalars(select(Sector.id).where(Sector.code == "school")).one()
    thursday = a_run(sector_id=school)
    saturday = a_run(starts_in=timedelta(days=5))
    assert ids(client, "weekend=1") == [saturday]
    assert ids(client, "sector=school") == [thursday]
    assert ids(client, "sector=school&weekend=true") == []
    assert get(client, "/api/v1/runs?weekend=maybe").status_code == 422


@pytest.mark.parametrize(
    ("hours", "weekend"),
    # From Monday noon: Friday 23:59, Saturday 00:00, Sunday 23:59, Monday 00:00, all in Jiangyin.
    [(4 * 24 + 11.99, False), (4 * 24 + 12, True), (6 * 24 + 11.99, True), (6 * 24 + 12, False)],
)
def test_the_weekend_is_jiangyins(client: FlaskClient, hours: float, weekend: bool) -> None:
    run = a_run(starts_in=timedelta(hours=hours))
    assert ids(client, "weekend=1") == ([run] if weekend else [])


def test_every_meeting_of_a_weekend_run_is_on_the_weekend(client: FlaskClient) -> None:
    with factories.made():
        run = factories.run(starts_in=timedelta(days=6))  # Sunday
        monday = run.starts_at + timedelta(days=1)
        db.session.add(Meeting(run_id=run.id, sequence=2, starts_at=monday, ends_at=monday + timedelta(hours=1)))
    assert ids(client, "weekend=1") == []


# One number everywhere (feat-A2), one group for everybody (feat-F2)


def test_list_page_and_api_give_the_same_number_right_after_a_sign_up(client: FlaskClient) -> None:
    with factories.made():
        run = factories.run(capacity=7)
        token = run_token(run)
    for left in (6, 5, 4):
        signed(run.id)
        line = get(client, "/api/v1/runs").json["items"][0]["seats_left"]
        document = get(client, f"/api/v1/runs/{run.id}").json["seats_left"]
        assert (line, document) == (left, left)
        words = f"余 {left} 席" if left > 5 else f"仅剩 {left} 席"
        assert [words in client.get(page).text for page in ("/", f"/s/{token}")] == [True, True]


@pytest.mark.parametrize(("group", "kept"), [(None, "other"), ("medical", "medical")])
def test_every_sign_up_has_exactly_one_group(client: FlaskClient, group: str | None, kept: str) -> None:
    made = signed(a_run(key_group=group)).signup
    assert made.key_group == kept in KEY_GROUPS


# What a run offers instead


def test_a_run_that_is_full_names_the_next_ones(client: FlaskClient) -> None:
    run, other = a_run(capacity=1), a_run(title="另一场")
    assert get(client, f"/api/v1/runs/{run}").json["alternatives"] == []
    signed(run)
    (named,) = get(client, f"/api/v1/runs/{run}").json["alternatives"]
    assert (named["id"], named["same_kind"], named["same_town"], named["seats_left"]) == (other, True, True, 50)
