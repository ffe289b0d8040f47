"""Runs and sign-ups over HTTP, as the contract says."""

import threading
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from chengjiu_mp.core import clock
from chengjiu_mp.core.db import db
from chengjiu_mp.core.models import IdempotencyKey
from chengjiu_mp.courses.models import SeatPool, Signup
from chengjiu_mp.courses.signup_queries import ticket_token
from chengjiu_mp.signin.models import Account
from tests import factories
from tests.conftest import FrozenClock
from tests.counting import statements

Headers = dict[str, str]
CONSENTS = [{"purpose": "signup", "version": "1"}, {"purpose": "document_number", "version": 1}]

# In Jiangyin it would end in the year 10000.
LAST_EVENING = {"starts_at": "9999-12-31T20:00:00Z", "ends_at": "9999-12-31T23:00:00Z"}


def form(**changes: Any) -> dict[str, Any]:
    typed = {"name": "张三", "doc_number": factories.resident_id(), "phone": factories.phone(), "consents": CONSENTS}
    return {**typed, **changes}


def post(client: FlaskClient, path: str, content: Any = None, headers: Headers | None = None) -> Any:
    return client.post(f"/api/v1{path}", json=content, headers=headers)


def get(client: FlaskClient, path: str, **named: Any) -> Any:
    return client.get(path, **named)


def put(client: FlaskClient, path: str, **named: Any) -> Any:
    return client.put(path, **named)


def a_run(**values: Any) -> int:
    with factories.made():
        return factories.run(**values).id


def trainee() -> Headers:
    with factories.made():
        return factories.bearer("trainee")


def staff(role: str = "operator", unit: str | None = None, **grant: Any) -> Headers:
    with factories.made():
        return factories.bearer(role, unit, **grant)


def draft(**changes: Any) -> dict[str, Any]:
    begins = clock.now() + timedelta(days=5)
    with factories.made():
        made = {"kind": "cpr_aed", "unit_id": factories.unit().id, "venue_id": factories.venue().id}
    times = [{"starts_at": begins.isoformat(), "ends_at": (begins + timedelta(hours=4)).isoformat()}]
    return {**made, "meetings": times, **changes}


# Runs


def test_a_run_says_all_that_somebody_needs(client: FlaskClient) -> None:
    run = a_run(capacity=40)
    said = get(client, f"/api/v1/runs/{run}").json
    assert (said["id"], said["kind"], said["state"], said["phase"]) == (run, "cpr_aed", "published", "open")
    assert (said["seats_left"], said["capacity"], said["waiting"], said["min_age"]) == (40, 40, 0, 14)
    assert said["venue"]["name"] == "澄江街道应急救护培训基地"
    assert [c["purpose"] for c in said["consents"]] == ["signup", "document_number"]
    assert len(said["meetings"]) == 1
    assert said["url"].startswith("http://127.0.0.1:8000/s/")
    assert datetime.fromisoformat(said["closes_at"]) == datetime.fromisoformat(said["starts_at"])


def test_seats_left_are_none_while_anyone_waits(client: FlaskClient) -> None:
    run = a_run(capacity=1)
    for _ in range(3):
        post(client, f"/runs/{run}/signups", form())
    said = get(client, f"/api/v1/runs/{run}").json
    assert (said["seats_left"], said["waiting"], said["phase"]) == (0, 2, "full")


def test_drafts_are_for_staff_in_scope(client: FlaskClient) -> None:
    run = a_run(state="draft")
    asked = {h: get(client, f"/api/v1/runs/{run}", headers=w).status_code for h, w in {
        "public": {}, "operator": staff(), "its unit": staff("unit_manager", "chengjiang"),
        "other unit": staff("unit_manager", "nanzha"),
    }.items()}  # fmt: skip
    assert asked == {"public": 404, "operator": 200, "its unit": 200, "other unit": 404}


def test_the_list_pages_by_cursor_and_narrows(client: FlaskClient) -> None:
    made = [a_run() for _ in range(3)]
    other = a_run(kind="junior", starts_in=timedelta(days=9))
    a_run(state="draft")
    first = get(client, "/api/v1/runs?limit=3").json
    second = get(client, "/api/v1/runs", query_string={"limit": 3, "cursor": first["next_cursor"]}).json
    assert [r["id"] for r in first["items"] + second["items"]] == [other, *reversed(made)]
    assert second["next_cursor"] is None
    assert [r["id"] for r in get(client, "/api/v1/runs?kind=junior").json["items"]] == [other]
    assert [r["id"] for r in get(client, "/api/v1/runs?date=2026-12-02").json["items"]] == [other]
    assert get(client, "/api/v1/runs?cursor=nonsense").json["code"] == "bad_cursor"


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
def test_a_day_at_the_calendar_s_end_is_refused(client: FlaskClient, day: str) -> None:
    assert get(client, f"/api/v1/runs?date={day}").status_code == 422


def test_a_unit_in_the_list_includes_what_is_below_it(client: FlaskClient) -> None:
    with factories.made():
        school = factories.child_unit("chengjiang")
        run = factories.run(unit_id=school.id).id
        above, other = factories.unit("chengjiang").id, factories.unit("nanzha").id
    assert [r["id"] for r in get(client, f"/api/v1/runs?unit={above}").json["items"]] == [run]
    assert get(client, f"/api/v1/runs?unit={other}").json["items"] == []


def test_from_draft_to_public(client: FlaskClient) -> None:
    made = post(client, "/runs", draft(title="周末公益班"), staff("unit_manager", "chengjiang"))
    assert (made.status_code, made.json["state"], made.json["capacity"]) == (201, "draft", 50)
    run = made.json["id"]
    assert post(client, f"/runs/{run}/publish", headers=staff("unit_manager", "chengjiang")).status_code == 403
    said = post(client, f"/runs/{run}/publish", headers=staff("approver"))
    assert (said.json["state"], [w["code"] for w in said.json["warnings"]]) == ("published", ["no_instructor"])
    assert get(client, f"/api/v1/runs/{run}").json["title"] == "周末公益班"
    assert post(client, f"/runs/{run}/publish", headers=staff()).json["code"] == "run_not_draft"


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"kind": "yoga"}, 422, "unknown_choice"),
        ({"sector": "space"}, 422, "unknown_choice"),
        ({"venue_id": 999}, 422, "unknown_choice"),
        ({"instructor_ids": [999]}, 422, "unknown_choice"),
        ({"key_group": "kings"}, 422, "unknown_choice"),
        ({"unit_id": 999}, 404, "not_found"),
        ({"signup_closes_at": "2026-11-22T00:00:00+08:00"}, 422, "run_times_wrong"),
        ({"signup_opens_at": "0001-01-01T00:00:00+14:00"}, 422, "run_times_wrong"),
        ({"meetings": [LAST_EVENING]}, 422, "run_times_wrong"),
        ({"meetings": []}, 422, "invalid"),
        ({"capacity": 0}, 422, "invalid"),
        ({"state": "published"}, 422, "invalid"),
    ],
)
def test_a_draft_that_does_not_fit_is_refused(
    client: FlaskClient, changes: dict[str, Any], status: int, code: str
) -> None:
    said = post(client, "/runs", draft(**changes), staff())
    assert (said.status_code, said.json["code"]) == (status, code)
    assert len(said.json["errors"]) == 1


def test_a_title_holds_nothing_invisible(client: FlaskClient) -> None:
    made = post(client, "/runs", draft(title="\u202e周末\u200b公益\x07班"), staff())
    assert made.json["title"] == "周末公益班"


def test_meetings_do_not_overlap(client: FlaskClient) -> None:
    content = draft()
    said = post(client, "/runs", {**content, "meetings": content["meetings"] * 2}, staff())
    assert said.json["errors"][0]["pointer"] == "/meetings"


def test_a_unit_drafts_for_itself_only(client: FlaskClient) -> None:
    said = post(client, "/runs", draft(), staff("unit_manager", "nanzha"))
    assert (said.status_code, said.json["code"]) == (404, "not_found")
    assert post(client, "/runs", draft(), staff("auditor")).status_code == 403
    assert post(client, "/runs", draft(), staff("operator", read_only=True)).status_code == 403
    assert post(client, "/runs", draft()).status_code == 401


def test_a_draft_can_be_edited_and_a_public_run_not(client: FlaskClient) -> None:
    who, content = staff(), draft()
    run = post(client, "/runs", content, who).json["id"]
    changed = put(client, f"/api/v1/runs/{run}", json={**content, "capacity": 8, "kind": "popular"}, headers=who)
    assert (changed.json["capacity"], changed.json["kind"], len(changed.json["meetings"])) == (8, "popular", 1)
    post(client, f"/runs/{run}/publish", headers=who)
    assert put(client, f"/api/v1/runs/{run}", json=content, headers=who).json["code"] == "run_not_draft"


def test_the_poster_carries_the_sign_up_link(client: FlaskClient) -> None:
    run = a_run()
    reply = get(client, f"/api/v1/runs/{run}/poster.png")
    assert (reply.status_code, reply.mimetype) == (200, "image/png")
    assert reply.data.startswith(b"\x89PNG")
    assert get(client, f"/api/v1/runs/{a_run(state='draft')}/poster.png").status_code == 404


# Sign-ups


def test_signing_up_gives_a_ticket(client: FlaskClient) -> None:
    run = a_run(capacity=1)
    said = post(client, f"/runs/{run}/signups", form())
    assert (said.status_code, said.json["state"], said.json["position"]) == (201, "confirmed", None)
    assert said.json["ticket_url"] == f"http://127.0.0.1:8000/i/{said.json['ticket_token']}"
    waiting = post(client, f"/runs/{run}/signups", form())
    assert (waiting.json["state"], waiting.json["position"]) == ("waitlisted", 1)


def test_a_mistake_names_the_field_and_echoes_nothing(client: FlaskClient) -> None:
    said = post(client, f"/runs/{a_run()}/signups", form(doc_number="320281198506150012", doc_type="resident_id"))
    assert (said.status_code, said.json["code"]) == (422, "doc_checksum")
    assert said.json["errors"][0]["pointer"] == "/doc_number"
    assert "32028119850615" not in said.text


def test_a_program_may_leave_the_birth_date_of_a_passport_to_staff(client: FlaskClient) -> None:
    run = a_run(kind="popular")
    said = post(client, f"/runs/{run}/signups", form(doc_number="AB1234567"))
    assert said.status_code == 201
    assert "age_unknown" in db.session.scalars(select(Signup.warnings)).one()
    child = post(client, f"/runs/{run}/signups", form(doc_number="AB1234568", birth_date="2020-01-01"))
    assert (child.status_code, child.json["code"]) == (422, "guardian_required")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"state": "confirmed"}, "extra_forbidden"),
        ({"owner_unit_id": 3}, "extra_forbidden"),
        ({"doc_type": "driving_licence"}, "enum"),
        ({"name": "张" * 201}, "string_too_long"),
        ({"consents": [{"purpose": "signup", "version": "one"}]}, "int_parsing"),
        ({"phone": None}, "string_type"),
    ],
)
def test_fields_that_are_not_the_forms_are_refused(client: FlaskClient, changes: dict[str, Any], code: str) -> None:
    said = post(client, f"/runs/{a_run()}/signups", form(**changes))
    assert (said.status_code, said.json["errors"][0]["code"]) == (422, code)
    assert db.session.scalar(select(func.count()).select_from(Signup)) == 0


def test_consents_that_are_missing_are_named(client: FlaskClient) -> None:
    said = post(client, f"/runs/{a_run()}/signups", form(consents=CONSENTS[:1]))
    assert (said.status_code, said.json["code"], said.json["purposes"]) == (422, "consent_missing", ["document_number"])


def test_a_second_sign_up_is_the_owners_ticket_and_nobody_elses(client: FlaskClient) -> None:
    run, content, mine = a_run(), form(), trainee()
    first = post(client, f"/runs/{run}/signups", content, mine)
    again = post(client, f"/runs/{run}/signups", content, mine)
    assert (again.status_code, again.json) == (200, first.json)
    for headers in (None, trainee()):
        other = post(client, f"/runs/{run}/signups", content, headers)
        assert (other.status_code, other.json["code"]) == (409, "already_signed_up")
        assert first.json["ticket_token"] not in other.text
        assert "id" not in other.json


def test_signing_out_keeps_the_accounts_places(client: FlaskClient) -> None:
    with factories.made():
        run, trainee = factories.run(), factories.account("trainee")
        first, second = factories.headers_of(trainee), factories.headers_of(trainee)
    place = post(client, f"/runs/{run.id}/signups", form(), first).json["id"]
    assert client.delete("/api/v1/auth/tokens/current", headers=first).status_code == 204
    assert get(client, f"/api/v1/signups/{place}", headers=second).status_code == 200
    assert get(client, f"/api/v1/signups/{place}", headers=first).status_code == 401


def test_an_id_alone_opens_nothing(client: FlaskClient) -> None:
    mine = trainee()
    made = post(client, f"/runs/{a_run()}/signups", form(), mine).json
    assert get(client, f"/api/v1/signups/{made['id']}", headers=mine).json["ticket_token"] == made["ticket_token"]
    for headers in ({}, trainee(), staff("unit_manager", "nanzha")):
        assert get(client, f"/api/v1/signups/{made['id']}", headers=headers).status_code == 404
        assert post(client, f"/signups/{made['id']}/withdraw", headers=headers).status_code == 404
    seen = get(client, f"/api/v1/signups/{made['id']}", headers=staff()).json
    assert (seen["state"], seen["ticket_token"], seen["code"]) == ("confirmed", None, None)


@pytest.mark.parametrize("who", ["owner", "ticket", "operator", "its unit"])
def test_who_may_give_a_place_back(client: FlaskClient, who: str) -> None:
    mine, run = trainee(), a_run()
    made = post(client, f"/runs/{run}/signups", form(), mine).json
    headers = {"owner": mine, "operator": staff(), "its unit": staff("unit_manager", "chengjiang")}.get(who)
    body = {"ticket_token": made["ticket_token"]} if who == "ticket" else None
    for _ in "twice":
        said = post(client, f"/signups/{made['id']}/withdraw", body, headers)
        assert (said.status_code, said.json["state"]) == (200, "withdrawn")
    assert get(client, f"/api/v1/runs/{run}").json["seats_left"] == 50


@pytest.mark.parametrize("who", ["auditor", "approver", "instructor", "read-only"])
def test_who_may_not(client: FlaskClient, who: str) -> None:
    made = post(client, f"/runs/{a_run()}/signups", form()).json
    headers = staff("operator", read_only=True) if who == "read-only" else staff(who)
    assert post(client, f"/signups/{made['id']}/withdraw", headers=headers).status_code == 404


def test_anothers_ticket_does_not_open_a_sign_up(client: FlaskClient) -> None:
    run = a_run()
    one, other = (post(client, f"/runs/{run}/signups", form()).json for _ in "ab")
    said = post(client, f"/signups/{one['id']}/withdraw", {"ticket_token": other["ticket_token"]})
    assert said.status_code == 404
    assert post(client, f"/signups/{one['id']}/withdraw", {"token": "x"}).status_code == 422


def test_the_roster_masks_by_role(client: FlaskClient) -> None:
    with factories.made():
        teacher = factories.instructor()
        run = factories.run(capacity=2, starts_in=timedelta(hours=2), instructors=[teacher])
        factories.signup(run, "李四", sort_key="li si")
        factories.signup(run, "白一", sort_key="bai yi")
        mine = factories.headers_of(db.session.get_one(Account, teacher.account_id))
    post(client, f"/runs/{run.id}/signups", form(name="周七"))
    office = get(client, f"/api/v1/runs/{run.id}/signups", headers=staff()).json["items"]
    hall = get(client, f"/api/v1/runs/{run.id}/signups", headers=mine).json["items"]
    assert [(r["name"], r["position"]) for r in office] == [("白一", None), ("李四", None), ("周七", 1)]
    assert all(r["phone_masked"][3:7] == "****" and len(r["doc_last4"]) == 4 for r in office)
    assert [r["doc_last4"] for r in hall] == [None] * 3
    for headers, status in ((staff("unit_manager", "nanzha"), 404), (trainee(), 403), ({}, 401)):
        assert get(client, f"/api/v1/runs/{run.id}/signups", headers=headers).status_code == status


# Closing


def test_a_popular_run_closes_with_its_head_count(client: FlaskClient) -> None:
    run, who = a_run(kind="popular", starts_in=timedelta(hours=1)), staff()
    assert post(client, f"/runs/{run}/close", {}, who).json["code"] == "head_count_missing"
    said = post(client, f"/runs/{run}/close", {"head_count": 180}, who)
    assert (said.status_code, said.json["state"], said.json["head_count"]) == (200, "closed", 180)
    assert post(client, f"/runs/{run}/close", {"head_count": 180}, who).status_code == 200
    assert post(client, f"/runs/{run}/close", {"head_count": 190}, who).json["code"] == "head_count_fixed"
    assert post(client, f"/runs/{run}/close", {"head_count": 190, "note": "漏数一排"}, who).json["head_count"] == 190


# The same request twice


def test_a_key_replays_the_reply(client: FlaskClient) -> None:
    run, content = a_run(), form()
    key = {**trainee(), "Idempotency-Key": "k1"}
    first, again = (post(client, f"/runs/{run}/signups", content, key) for _ in "ab")
    assert (again.status_code, again.json) == (201, first.json)
    assert again.headers["Idempotent-Replayed"] == "true"
    other = post(client, f"/runs/{run}/signups", form(), key)
    assert (other.status_code, other.json["code"]) == (422, "idempotency_key_reused")
    assert db.session.scalars(select(SeatPool.taken)).one() == 1


def test_a_refusal_is_not_kept_under_the_key(client: FlaskClient) -> None:
    run, content, key = a_run(), form(phone="1"), {**trainee(), "Idempotency-Key": "k1"}
    assert post(client, f"/runs/{run}/signups", content, key).status_code == 422
    assert db.session.scalar(select(func.count()).select_from(IdempotencyKey)) == 0
    assert post(client, f"/runs/{run}/signups", {**content, "phone": factories.phone()}, key).status_code == 201


def test_a_client_that_lost_the_reply_finds_its_ticket(client: FlaskClient) -> None:
    """What was committed before a crash answers the retry: key and sign-up are one transaction."""
    run, content, key = a_run(), form(), {**trainee(), "Idempotency-Key": "k1"}
    post(client, f"/runs/{run}/signups", content, key)
    db.session.remove()
    retried = post(client, f"/runs/{run}/signups", content, key)
    kept = db.session.scalars(select(Signup)).one()
    assert (retried.status_code, retried.json["ticket_token"]) == (201, ticket_token(kept))


@pytest.mark.slow
def test_one_key_ten_times_at_once_is_one_sign_up(app: Flask) -> None:
    run, content = a_run(), form()
    key, replies = {**trainee(), "Idempotency-Key": "k1"}, list[Any]()

    def send() -> None:
        with app.app_context():
            replies.append(post(app.test_client(), f"/runs/{run}/signups", content, key))

    threads = [threading.Thread(target=send) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {(r.status_code, r.json["ticket_token"]) for r in replies} == {(201, replies[0].json["ticket_token"])}
    assert db.session.scalars(select(SeatPool.taken)).one() == 1


# Limits


def test_sixty_people_on_one_network_in_a_minute_all_get_in(client: FlaskClient) -> None:
    run = a_run(capacity=100)
    assert {post(client, f"/runs/{run}/signups", form()).status_code for _ in range(60)} == {201}


def test_a_device_has_its_limit_and_a_time_to_come_back(client: FlaskClient, frozen: FrozenClock) -> None:
    run, mine, content = a_run(), trainee(), form()
    replies = [post(client, f"/runs/{run}/signups", content, mine) for _ in range(31)]
    assert [r.status_code for r in replies] == [201, *[200] * 29, 429]
    assert 0 < int(replies[-1].headers["Retry-After"]) <= 70
    frozen.now += timedelta(seconds=70)
    assert post(client, f"/runs/{run}/signups", content, mine).status_code == 200


# What lists cost


def test_the_list_costs_the_same_for_many_runs(client: FlaskClient) -> None:
    a_run()
    with statements() as few:
        get(client, "/api/v1/runs")
    for _ in range(10):
        a_run()
    with statements() as many:
        get(client, "/api/v1/runs")
    assert len(few) == len(many) == 2


def test_a_sign_up_says_eighteen_statements(app: Flask, client: FlaskClient) -> None:
    """What it says grows with neither runs nor sign-ups; a statement more is a choice, not an accident."""
    with factories.made():
        run_id = factories.run(capacity=1).id
    for state in ("confirmed", "waitlisted"):
        with statements() as sent:
            reply = post(client, f"/runs/{run_id}/signups", form(), {"Idempotency-Key": factories.phone()})
        assert (reply.status_code, reply.json["state"]) == (201, state)
        assert len(sent) == 18, sent
