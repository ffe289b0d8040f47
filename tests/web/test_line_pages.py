"""The ticket's holder decides, and the office changes a run: by pages, and by the API."""

import re
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from chengjiu_mp.core import clock, context, privacy
from chengjiu_mp.core.context import Principal
from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.courses import changes, queries, reserving
from chengjiu_mp.courses.change_models import RunChange
from chengjiu_mp.courses.models import CourseRun, SeatPool, Signup
from chengjiu_mp.courses.signing_up import sign_up
from chengjiu_mp.courses.signup_rows import Owner
from chengjiu_mp.courses.sittings import Sitting
from chengjiu_mp.courses.withdrawing import withdraw
from tests import factories
from tests.signups import entry, signed
from tests.web.test_console_runs import desk, post, token_in


def a_run(**values: Any) -> int:
    with factories.made():
        return factories.run(**values).id


def offered() -> tuple[int, str]:
    """Return a sign-up with an offered seat, and its ticket."""
    run, phone = a_run(capacity=1), factories.phone()
    seated = signed(run).signup.id
    with context.acting_as(Principal(phone_index=privacy.phone_index(phone))):
        made = signed(run, phone=phone)
    with unit_of_work():
        withdraw(db.session.get_one(Signup, seated))
    return made.signup.id, made.ticket_token


def state(signup_id: int) -> str:
    return db.session.get_one(Signup, signup_id, populate_existing=True).state


def rescheduled(run: int) -> int:
    with unit_of_work():
        found = db.session.get_one(CourseRun, run)
        later = [Sitting(found.starts_at + timedelta(days=2), found.ends_at + timedelta(days=2))]
        return changes.reschedule(found, later, "教室检修").id


def press(client: FlaskClient, ticket: str, action: str, **fields: Any) -> Any:
    return post(client, f"/i/{ticket}", f"/i/{ticket}/{action}", **fields)


def test_an_offered_seat_is_taken_with_one_button(client: FlaskClient) -> None:
    one, ticket = offered()
    page = client.get(f"/i/{ticket}").text
    assert "名额给您留着" in page
    assert "签到码" not in page
    assert press(client, ticket, "accept").headers["Location"] == f"/i/{ticket}?kept=seat"
    assert state(one) == "confirmed"
    assert "签到码" in client.get(f"/i/{ticket}?kept=seat").text


def test_an_offer_that_is_gone_says_what_now(client: FlaskClient) -> None:
    one, ticket = offered()
    page = client.get(f"/i/{ticket}").text
    with unit_of_work():
        withdraw(db.session.get_one(Signup, one))
    reply = client.post(f"/i/{ticket}/accept", data={"csrf_token": token_in(page)})
    assert reply.status_code == 409
    assert "可以重新报名排队" in reply.text


def test_one_tap_moves_to_another_run(client: FlaskClient) -> None:
    run, other = a_run(), a_run(starts_in=timedelta(days=9))
    made = signed(run)
    page = f"/i/{made.ticket_token}/move"
    assert "换到这一场" in client.get(page).text
    reply = post(client, page, page, run_id=other)
    new = db.session.scalars(select(Signup).where(Signup.run_id == other)).one()
    assert (reply.status_code, new.state, state(made.signup.id)) == (303, "confirmed", "moved")
    assert "新的入场码" in client.get(reply.headers["Location"]).text
    old = client.get(f"/i/{made.ticket_token}").text
    assert reply.headers["Location"].partition("?")[0] in old


def test_who_is_told_of_a_class_called_off_reads_it_once(client: FlaskClient) -> None:
    run = a_run()
    made = signed(run)
    with unit_of_work():
        changes.cancel(db.session.get_one(CourseRun, run), "教室检修")
    page = client.get(f"/i/{made.ticket_token}").text
    assert (page.count("停课了"), page.count("教室检修")) == (1, 1)


def test_a_run_that_filled_up_meanwhile_says_so(client: FlaskClient) -> None:
    run, other = a_run(), a_run(capacity=1)
    made = signed(run)
    page = f"/i/{made.ticket_token}/move"
    shown = client.get(page).text
    signed(other)
    reply = client.post(page, data={"csrf_token": token_in(shown), "run_id": other})
    assert reply.status_code == 409
    assert "请换一个时间不同的场次" in reply.text


def test_the_new_date_is_asked_about_on_the_ticket(client: FlaskClient) -> None:
    run = a_run()
    made = signed(run)
    change = rescheduled(run)
    page = client.get(f"/i/{made.ticket_token}").text
    assert '<h2 id="change">时间改了' in page
    assert "教室检修" in page
    assert "原定11月26日（周四）12:00，已改到上面的时间" in client.get(f"/s/{_token(run)}").text
    press(client, made.ticket_token, "answer", change_id=change, answer="agree")
    agreed = client.get(f"/i/{made.ticket_token}").text
    assert "您已选“同意”" in agreed
    assert "<summary>时间改了，您已同意" in agreed


@pytest.mark.parametrize(("said", "leads_to"), [("move", "move"), ("withdraw", "withdraw")])
def test_the_other_answers_lead_on(client: FlaskClient, said: str, leads_to: str) -> None:
    run = a_run()
    made = signed(run)
    reply = press(client, made.ticket_token, "answer", change_id=rescheduled(run), answer=said)
    assert reply.headers["Location"] == f"/i/{made.ticket_token}/{leads_to}"
    assert state(made.signup.id) == "confirmed"


def test_a_run_called_off_offers_others(client: FlaskClient) -> None:
    run, other = a_run(), a_run(starts_in=timedelta(days=9), title="下一场")
    made = signed(run)
    with unit_of_work():
        changes.cancel(db.session.get_one(CourseRun, run), "场地停电")
    page = client.get(f"/i/{made.ticket_token}").text
    assert "场地停电" in page
    assert "下一场" in client.get(f"/i/{made.ticket_token}/move").text
    assert "原因：场地停电" in client.get(f"/s/{_token(run)}").text
    assert other


def _token(run: int) -> str:
    row = db.session.get_one(CourseRun, run)
    return privacy.unseal(row.token_sealed, place=CourseRun.PLACE, row=row.uid)


# The office


def test_staff_move_a_run_to_another_day(client: FlaskClient) -> None:
    run = a_run()
    signed(run)
    desk(client)
    page = f"/console/runs/{run}/reschedule"
    times = {"m1.day": "2026-12-05", "m1.begins": "09:00", "m1.ends": "12:00"}
    refused = post(client, page, page, reason="检修", **times)
    assert (refused.status_code, "请先勾选" in refused.text, 'value="2026-12-05"' in refused.text) == (422, True, True)
    both = post(client, page, page, **times).text
    assert ("有 2 处要改一下" in both, "请先勾选" in both, "请写明原因" in both) == (True, True, True)
    assert post(client, page, page, reason="检修", sure="1", **times).status_code == 303
    assert clock.local(db.session.get_one(CourseRun, run).starts_at).isoformat() == "2026-12-05T09:00:00+08:00"
    shown = client.get(f"/console/runs/{run}").text
    assert re.search(r"还没答</dt>\s*<dd>1 人", shown)


def test_staff_merge_runs(client: FlaskClient) -> None:
    few, many = a_run(), a_run(starts_in=timedelta(days=9))
    signed(few)
    desk(client)
    page = f"/console/runs/{few}/merge"
    assert post(client, page, page, reason="人少", sure="1", into=many).headers["Location"] == f"/console/runs/{many}"
    assert db.session.scalars(select(RunChange.kind)).one() == "merged"
    # Who comes by the old poster is sent where the others went.
    old, goal = (queries.run_with_seats(one).run for one in (few, many))
    poster = client.get(urlsplit(queries.run_url(old)).path).text
    assert ("和另一场合到一起上" in poster, f'href="{urlsplit(queries.run_url(goal)).path}"' in poster) == (True, True)


def test_who_sits_in_a_units_places_or_waits_for_a_guardian_is_counted_too(client: FlaskClient) -> None:
    run = a_run(capacity=30)
    signed(run)
    with factories.made():
        unit = factories.unit("chengjiang")
        reserving.reserve_places(db.session.get_one(CourseRun, run), unit.id, 10)
        owner = Owner(unit.id, db.session.get_one(CourseRun, run).sector_id, "other")
    with unit_of_work():
        sign_up(run, entry(), channel="import", owner=owner)
    with factories.made():
        signed_row = db.session.scalars(select(Signup).order_by(Signup.id)).first()
        assert signed_row is not None
        signed_row.state = "pending"
        db.session.get_one(SeatPool, signed_row.pool_id).taken -= 1
    desk(client)
    assert "已报 1 人，候补 0 人，等监护人同意 1 人" in client.get(f"/console/runs/{run}/cancel").text
    assert f"/console/runs/{run}/cancel" in client.get(f"/console/runs/{run}/change").text
    assert "通知这 2 人" in client.get(f"/console/runs/{run}/cancel").text
    shown = re.sub(r"<[^>]+>|\s", "", client.get(f"/console/runs/{run}").text)
    assert "已报1人名额30，其中给单位10" in shown
    row = client.get("/console/runs/").text
    assert re.findall(r'data-label="(?:已报|名额)"[^>]*>\s*<span>(\d+)</span>', row) == ["1", "30"]


def test_staff_reserve_and_release(client: FlaskClient) -> None:
    run = a_run(capacity=30)
    with factories.made():
        unit = factories.unit("nanzha").id
    desk(client)
    page = f"/console/runs/{run}/reserves"
    assert "最多还能预留 30 个名额" in post(client, page, page, unit_id=unit, places=31).text
    post(client, page, page, unit_id=unit, places=10)
    assert "预留" in client.get(page).text
    reserve = db.session.scalars(select(SeatPool).where(SeatPool.unit_id == unit)).one()
    post(client, page, f"{page}/{reserve.id}/release")
    open_ = db.session.scalars(select(SeatPool).where(SeatPool.run_id == run, SeatPool.unit_id.is_(None))).one()
    assert open_.capacity == 30


@pytest.mark.parametrize("verb", ["reschedule", "cancel", "merge", "reserves", "change"])
def test_only_operators_change_a_public_run(client: FlaskClient, verb: str) -> None:
    run = a_run()
    desk(client, "unit_manager", "chengjiang")
    assert client.get(f"/console/runs/{run}/{verb}").status_code == 403


# The API


def test_the_line_by_the_api(client: FlaskClient) -> None:
    one, ticket = offered()
    asked = {"ticket_token": ticket}
    stranger = client.post(f"/api/v1/signups/{one}/accept", json={})
    assert stranger.status_code == 404
    reply = client.post(f"/api/v1/signups/{one}/accept", json=asked)
    assert (reply.status_code, reply.get_json()["state"]) == (200, "confirmed")
    other = a_run(starts_in=timedelta(days=9))
    moved = client.post(f"/api/v1/signups/{one}/move", json={**asked, "run_id": other})
    assert (moved.status_code, moved.get_json()["state"], state(one)) == (201, "confirmed", "moved")


def test_the_office_by_the_api(client: FlaskClient) -> None:
    run = a_run(capacity=30)
    made = signed(run)
    with factories.made():
        who, unit = factories.bearer("operator"), factories.unit("nanzha").id

    def call(verb: str, status: int, **body: Any) -> Any:
        reply = client.post(f"/api/v1/runs/{run}/{verb}", json=body, headers=who)
        assert reply.status_code == status, reply.text
        return reply.json

    assert call("reserves", 201, unit_id=unit, places=10)["items"][0]["places"] == 10
    assert client.get(f"/api/v1/runs/{run}").get_json()["seats_left"] == 19
    times = [{"starts_at": "2026-12-05T09:00:00+08:00", "ends_at": "2026-12-05T12:00:00+08:00"}]
    call("reschedule", 200, meetings=times, reason="检修")
    shown = client.get(f"/api/v1/signups/{made.signup.id}", headers=who).get_json()["question"]
    assert (shown["kind"], shown["reason"], shown["answer"]) == ("rescheduled", "检修", None)
    said = {"ticket_token": made.ticket_token, "change_id": shown["change_id"], "answer": "withdraw"}
    assert client.post(f"/api/v1/signups/{made.signup.id}/answer", json=said).get_json()["state"] == "withdrawn"
    assert call("cancel", 200, reason="停电")["cancel_reason"] == "停电"
    assert call("cancel", 409, reason="停电")["code"] == "run_not_published"
