"""The wall's pages by forms alone: the instructor's screen, the trainee's page in each state, roster and closing."""

import re
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from chengjiu_mp.checkin import queries
from chengjiu_mp.checkin.models import CheckIn, Scan
from chengjiu_mp.checkin.wall_models import WallDisplay
from chengjiu_mp.core import clock
from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.signin import sessions
from tests import factories
from tests.checkin.wall_hall import WallHall, count


def sign_in(client: FlaskClient, account_id: int | None = None) -> int:
    """Make the client a phone, of an account when one is named; return its session's id."""
    with unit_of_work():
        token, row = sessions.open_session("device", account_id)
        device_id = row.id
    with client.session_transaction() as cookie:
        cookie["t"] = token
    return device_id


def hidden(page: str, marker: str) -> dict[str, str]:
    """Return the filled fields of the page's first form that holds ``marker``."""
    for form in re.findall(r"<form.*?</form>", page, re.DOTALL):
        if marker in form:
            return dict(re.findall(r'name="(\w+)"[^>]*? value="([^"]*)"', form))
    raise AssertionError(f"no form with {marker}")


@pytest.fixture
def hall(app):
    return WallHall()


@pytest.fixture
def teacher(app, hall):
    client = app.test_client()
    sign_in(client, hall.account_id)
    return client


@pytest.fixture
def phone(app, hall):
    """A trainee's phone without any sign-up; ``device`` is its session."""
    client = app.test_client()
    client.device = sign_in(client)
    return client


def seat(hall: WallHall, phone, name: str = "张三", **values) -> int:
    with factories.made():
        return factories.signup(hall.run, name, device_id=phone.device, **values).id


def scan(hall: WallHall, phone) -> str:
    return phone.get(f"/w/{hall.code()}").text


def tap(phone, page: str, **values):
    return phone.post("/w", data=hidden(page, 'action="/w"') | values, follow_redirects=True)


def test_the_screen_opens_shows_the_code_and_ends(hall, teacher):
    path = f"/teach/runs/{hall.run_id}/wall"
    fields = hidden(teacher.get(path).text, 'id="wall-open"') | {"step_seconds": "15"}
    shown = teacher.post(path, data=fields, follow_redirects=True)
    assert shown.request.args["display"] == str(hall.display_id)
    assert "<svg" in shown.text
    assert 'http-equiv="refresh" content="15"' in shown.text
    assert "用微信扫一扫" in shown.text
    ended = teacher.post(f"{path}/end", data=hidden(shown.text, "display_id"))
    assert ended.status_code == 303
    again = teacher.get(f"{path}?display={hall.display_id}")
    assert again.status_code == 409
    assert "已经收起" in again.text


def test_the_screen_knows_a_slower_step(hall, teacher):
    path = f"/teach/runs/{hall.run_id}/wall"
    shown = teacher.post(
        path, data=hidden(teacher.get(path).text, "打开") | {"step_seconds": "30"}, follow_redirects=True
    )
    assert "每 30 秒换一次" in shown.text


def test_the_screen_does_not_tell_when_the_second_scan_is(hall, teacher):
    page = teacher.get(f"/teach/runs/{hall.run_id}/wall?display={hall.display_id}").text
    begins = hall.display.second_at
    assert begins is not None
    assert f"{clock.local(begins):%H:%M}" not in page
    assert re.search(r"data-second hidden", page)
    code = teacher.get(f"/api/v1/runs/{hall.run_id}/wall-code?display={hall.display_id}").json
    assert code["second"] is False
    assert not [key for key in code if key.startswith("second_")]


@pytest.mark.parametrize(("minutes", "words"), [(-31, "起可以打开"), (181, "这一课已经结束")])
def test_outside_of_its_hours_the_screen_is_not_offered(hall, teacher, frozen, minutes, words):
    frozen.now = hall.meeting.starts_at + timedelta(minutes=minutes)
    page = teacher.get(f"/teach/runs/{hall.run_id}/wall").text
    assert words in page
    assert 'id="wall-open"' not in page


def test_one_person_taps_once(hall, phone):
    seat(hall, phone)
    page = scan(hall, phone)
    assert "请核对姓名" in page
    assert "张三" in page
    reply = tap(phone, page)
    assert reply.request.path == "/w/done"
    assert "签到成功，12:00" in reply.text
    assert count(CheckIn) == 1
    assert "12:00 已签到，不用再扫" in scan(hall, phone)
    assert "已签到" in phone.get("/me").text


def test_a_family_ticks_and_is_asked_when_nobody_is(hall, phone, frozen):
    seat(hall, phone, "母")
    son = seat(hall, phone, "子")
    page = scan(hall, phone)
    fields = hidden(page, 'action="/w"')
    frozen.now += timedelta(seconds=100)
    nobody = phone.post("/w", data={k: v for k, v in fields.items() if k != "signup_id"})
    assert nobody.status_code == 422
    assert "请先勾选到场的人" in nobody.text
    # The form that comes back is no younger than the scan.
    assert hidden(nobody.text, 'action="/w"')["claim"] == fields["claim"]
    assert "子" in tap(phone, nobody.text, signup_id=str(son)).text
    assert db.session.scalars(select(CheckIn.signup_id)).all() == [son]


def test_who_has_no_seat_reads_what_to_do(hall, phone):
    seat(hall, phone, "李四", state="waitlisted", position=1)
    page = scan(hall, phone)
    assert "还在候补，没有名额" in page
    assert 'action="/w"' not in page


def test_a_phone_without_a_signup_is_shown_the_ways_on(hall, phone, app):
    seat_elsewhere = WallHall()
    seat(seat_elsewhere, phone)
    for one in (phone, app.test_client()):
        page = scan(hall, one)
        assert "这部手机上没有本场的报名" in page
        assert 'href="/signin?next=/me"' in page
        assert "/signup" in page
        assert 'action="/w"' not in page


def test_a_full_run_offers_no_form_to_sign_up(app, phone):
    hall = WallHall(capacity=1)
    with factories.made():
        factories.signup(hall.run)
    assert "还没报名" not in scan(hall, phone)


def test_a_screenshot_forty_seconds_old_is_refused_and_kept(hall, phone, frozen):
    """feat-B3, rel-C5."""
    seat(hall, phone)
    old = hall.code()
    frozen.now += timedelta(seconds=40)
    for _ in range(3):
        reply = phone.get(f"/w/{old}")
        assert reply.status_code == 409
        assert "二维码已过期，请对着大屏幕再扫一次。" in reply.text
    assert [(one.code, one.name) for one in queries.refused_scans(hall.run_id)] == [("wall_old", "张三")]


def test_a_forwarded_code_opens_nothing_for_others_names(hall, phone, app):
    """Fresh, but on the phone of somebody who did not sign up: no name, no form, and a made-up one is refused."""
    theirs = seat(hall, phone)
    other = app.test_client()
    other.device = sign_in(other)
    page = scan(hall, other)
    assert "张三" not in page
    mine = hidden(scan(hall, phone), 'action="/w"')
    token = re.search(r'name="csrf_token" value="([^"]*)"', other.get("/signin").text)[1]  # type: ignore[index]
    stolen = other.post("/w", data=mine | {"csrf_token": token, "signup_id": str(theirs)})
    assert stolen.status_code == 403
    assert "不是在这部手机上扫出来的" in stolen.text
    assert count(CheckIn) == 0


def test_a_forwarded_form_is_kept_where_its_taker_has_a_signup(hall, phone, app):
    seat(hall, phone)
    other = app.test_client()
    other.device = sign_in(other)
    own = seat(hall, other, "李四")
    fields = hidden(scan(hall, other), 'action="/w"')
    claim = hidden(scan(hall, phone), 'action="/w"')["claim"]
    reply = other.post("/w", data=fields | {"claim": claim, "signup_id": str(own)})
    assert reply.status_code == 403
    assert [(one.code, one.name) for one in queries.refused_scans(hall.run_id)] == [("wall_elsewhere", "李四")]
    assert count(CheckIn) == 0


def test_somebody_elses_number_in_ones_own_form_is_refused(hall, phone, app):
    seat(hall, phone)
    stranger = app.test_client()
    stranger.device = sign_in(stranger)
    theirs = seat(hall, stranger, "李四")
    page = scan(hall, phone)
    reply = tap(phone, page, signup_id=str(theirs))
    assert reply.status_code == 403
    assert "不能代签" in reply.text
    assert count(Scan) == 0


def test_a_form_without_its_token_is_refused(hall, phone):
    seat(hall, phone)
    fields = hidden(scan(hall, phone), 'action="/w"')
    assert phone.post("/w", data=fields | {"csrf_token": "x"}).status_code == 400
    assert count(CheckIn) == 0


def test_an_impatient_finger_is_slowed_down(hall, phone):
    seat(hall, phone)
    fields = hidden(scan(hall, phone), 'action="/w"')
    statuses = [phone.post("/w", data=fields).status_code for _ in range(25)]
    assert (statuses[0], statuses[-1]) == (303, 429)
    assert (count(Scan), count(CheckIn)) == (1, 1)


@pytest.mark.parametrize("path", ["/w/x", "/w/abcdefgh.1.aaaaaaaaaaaaaaaa", "/w/%00"])
def test_what_is_no_code_says_so(app, client, path):
    reply = client.get(path)
    assert reply.status_code in (400, 404)
    assert "大屏幕" in reply.text or reply.status_code == 400


def test_the_page_after_the_tap_is_this_phones_alone(hall, phone, app):
    seat(hall, phone)
    tap(phone, scan(hall, phone))
    other = app.test_client()
    sign_in(other)
    assert other.get("/w/done").headers["Location"] == "/me"


def second_begins(hall: WallHall, frozen) -> None:
    frozen.now = db.session.scalars(select(WallDisplay.second_at)).one()


def test_the_roster_lists_who_scanned_once_and_takes_the_instructors_word(hall, phone, teacher, frozen):
    seat(hall, phone)
    tap(phone, scan(hall, phone))
    roster = f"/teach/runs/{hall.run_id}"
    assert "凭墙上的码签到 1 人。" in teacher.get(roster).text
    second_begins(hall, frozen)
    page = teacher.get(roster).text
    assert "只扫了第一次，请当面核对（1）" in page
    fields = hidden(page, "人在")
    reply = teacher.post(f"{roster}/wall/present", data=fields, follow_redirects=True)
    assert "已记下：当面核对过，人在。" in reply.text
    assert "只扫了第一次" not in reply.text
    assert db.session.scalars(select(Scan.source).order_by(Scan.id)).all() == ["wall", "name"]
    teacher.post(f"{roster}/wall/present", data=fields)
    assert count(Scan) == 2


def test_the_second_scan_takes_somebody_off_the_list(hall, phone, teacher, frozen):
    seat(hall, phone)
    tap(phone, scan(hall, phone))
    second_begins(hall, frozen)
    page = scan(hall, phone)
    assert "第二次扫码" in page
    assert "第二次扫码已记下" in tap(phone, page).text
    assert "只扫了第一次" not in teacher.get(f"/teach/runs/{hall.run_id}").text


def test_who_closes_the_run_sees_the_walls_people_beside_the_head_count(hall, phone, app, frozen):
    with factories.made():
        operator = factories.account("operator").id
    console = app.test_client()
    sign_in(console, operator)
    page = f"/console/runs/{hall.run_id}"
    assert "只凭墙上的码签到" not in console.get(page).text
    seat(hall, phone)
    tap(phone, scan(hall, phone))
    assert "只凭墙上的码签到的 1 人。请数一数" in console.get(page).text
    frozen.now = hall.meeting.ends_at
    assert "只凭墙上的码签到的 1 人，其中 1 人没扫第二次" in console.get(page).text


def test_programs_open_fetch_and_end(hall, client):
    with factories.made():
        headers = factories.bearer("operator", "chengjiang")
    made = client.post(f"/api/v1/runs/{hall.run_id}/wall-displays", json={"step_seconds": 30}, headers=headers)
    assert (made.status_code, made.json["number"], made.json["step_seconds"]) == (201, 2, 30)
    address = f"/api/v1/runs/{hall.run_id}/wall-code?display={made.json['id']}"
    code = client.get(address, headers=headers).json
    assert (code["lives_for"], code["dies_in"], code["arrived"], code["expected"]) == (30, 60, 0, 0)
    assert code["url"].startswith("http://127.0.0.1:8000/w/")
    assert code["svg"].startswith("<svg")
    end = f"/api/v1/runs/{hall.run_id}/wall-displays/{made.json['id']}/end"
    for _ in range(2):
        assert client.post(end, json={}, headers=headers).json["ended_at"] is not None
    refused = client.get(address, headers=headers)
    assert (refused.status_code, refused.json["code"]) == (409, "wall_ended")


def test_a_phone_may_not_send_a_scan_as_from_the_wall(hall, client):
    with factories.made():
        headers = factories.bearer("operator", "chengjiang")
    scan_ = {"nonce": "n-1", "ticket": "ZZZZZZ", "meeting_id": hall.meeting.id, "source": "wall",
             "scanned_at": "2026-11-23T12:00:00+08:00"}  # fmt: skip
    assert client.post(f"/api/v1/runs/{hall.run_id}/scans", json={"scans": [scan_]}, headers=headers).status_code == 422
