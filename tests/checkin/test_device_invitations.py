"""The code that helpers scan: ten minutes, five phones, one at a time, and nothing given away by looking."""

import threading
from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from chengjiu_mp.checkin import devices
from chengjiu_mp.checkin.device_models import DeviceInvitation, PairedDevice
from chengjiu_mp.checkin.erasing import forget_devices_before
from chengjiu_mp.core import clock
from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.courses.models import CourseRun, Meeting, RunInstructor
from chengjiu_mp.reports import retention
from chengjiu_mp.signin.models import SignInSession
from tests import factories
from tests.checkin.devices_rows import Day, Phone, a_day


@pytest.fixture
def day(app) -> Day:
    return a_day(app)


def _paired() -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count()).select_from(PairedDevice)) or 0


def _join(day: Day, token: str, label: str = "李明", phone: Phone | None = None):
    made = phone or Phone(day.app.test_client())
    return made.client.post(f"/h/{token}", data={"csrf_token": made.csrf("/signin?switch=1"), "label": label})


def test_looking_changes_nothing_and_says_which_run_who_invites_and_what_may_be_done(day):
    token, phone = day.invitation(), Phone(day.app.test_client())
    for _ in range(3):
        page = phone.client.get(f"/h/{token}")
    for words in ("CPR+AED 公益培训", "陈建国请您帮忙签到", "您可以", "您不能", "11月23日（周一）24:00"):
        assert words in page.text.replace('<span class="kept">', "").replace("</span>", ""), words
    assert "noindex" in page.text
    for name in day.signups:
        assert name not in page.text
    assert (_paired(), day.open_invitation().uses) == (0, 0)


def test_a_forwarded_code_is_worth_nothing_after_ten_minutes(day, frozen):
    token = day.invitation()
    frozen.now += timedelta(minutes=10)
    for reply in (Phone(day.app.test_client()).client.get(f"/h/{token}"), _join(day, token)):
        assert reply.status_code == 404
        assert "这个邀请已经过期或用完了。请老师在“签到手机”页重新出示二维码" in reply.text
        assert "CPR+AED" not in reply.text
    assert _paired() == 0


def test_five_phones_and_no_more(day):
    token = day.invitation()
    answers = [_join(day, token, f"助手{n}").status_code for n in range(6)]
    assert answers == [303] * 5 + [404]
    assert (_paired(), day.open_invitation().uses) == (5, 5)


def test_the_last_place_is_given_once(day):
    token = day.invitation()
    for n in range(4):
        _join(day, token, f"助手{n}")
    phones, answers = [Phone(day.app.test_client()) for _ in range(3)], []
    marks = [phone.csrf("/signin?switch=1") for phone in phones]

    def join(phone: Phone, mark: str) -> None:
        with day.app.app_context():
            answers.append(phone.client.post(f"/h/{token}", data={"csrf_token": mark, "label": "王芳"}).status_code)

    threads = [threading.Thread(target=join, args=pair) for pair in zip(phones, marks, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [303, 404, 404]
    assert _paired() == 5


def test_a_new_code_ends_the_one_before(day):
    first = day.invitation()
    second = day.invitation()
    assert _join(day, first).status_code == 404
    assert _join(day, second).status_code == 303


def test_who_joined_finds_the_way_back_and_takes_no_second_place(day, frozen):
    helper = day.helper()
    token = devices.invitation_url(day.open_invitation()).rpartition("/")[2]
    assert _join(day, token, "李明", helper).status_code == 303
    frozen.now += timedelta(hours=2)
    page = helper.client.get(f"/h/{token}")
    assert "这台手机已经可以签到" in page.text
    assert day.path("/scan") in page.text
    assert _join(day, token, "李明", helper).location == day.path("/scan")
    assert (_paired(), day.open_invitation().uses) == (1, 1)


def test_a_code_ends_with_the_right_of_who_made_it(day):
    token = day.invitation()
    with unit_of_work():
        db.session.delete(db.session.get_one(RunInstructor, (day.run_id, day.teacher_id)))
    assert _join(day, token).status_code == 404
    assert _paired() == 0


@pytest.mark.parametrize("token", ["a" * 26, "short", "A" * 26])
def test_a_guess_is_told_nothing(day, token):
    assert Phone(day.app.test_client()).client.get(f"/h/{token}").status_code == 404
    assert _join(day, token).status_code == 404


def test_guessing_is_counted(day):
    answers = [_join(day, "a" * 26).status_code for _ in range(61)]
    assert answers.count(429) == 1
    assert answers[-1] == 429


@pytest.mark.parametrize(("label", "words"), [("", "请填写您的名字"), ("名" * 21, "")])
def test_a_helper_says_who_they_are(day, label, words):
    reply = _join(day, day.invitation(), label)
    assert reply.status_code == 422
    assert words in reply.text
    assert _paired() == 0


def test_a_label_is_shown_as_text(day):
    day.helper("<b>李</b>")
    page = day.teacher().client.get(day.path("/devices")).text
    assert "<b>李</b>" not in page
    assert "&lt;b&gt;李" in page


def test_the_devices_page_shows_the_code_and_who_holds_what(day):
    helper = day.helper()
    helper.send(day.api("/scans"), day.scan())
    page = day.teacher().client.get(day.path("/devices")).text
    for words in (
        "邀请助手的二维码",
        "12:10 前有效，已加入 1 台，最多 5 台",
        "李明",
        "签到 1 次",
        "由陈建国邀请",
        "收回",
    ):
        assert words in page, words


def test_the_console_shows_the_same_to_operators(day):
    day.helper()
    with factories.made():
        office, stranger = factories.account("operator").id, factories.account("approver").id
    phone = day.phone(office)
    path = f"/console/runs/{day.run_id}/devices"
    assert "李明" in phone.client.get(path).text
    reply = phone.post(day.path("/devices/revoke"), device_id=day.device().id, back=path)
    assert reply.location == f"{path}?said=revoked"
    assert "已收回" in phone.client.get(reply.location).text
    assert day.phone(stranger).client.get(path).status_code == 403


def test_in_time_the_row_forgets_whose_phone_it_was(day, frozen):
    helper = day.helper()
    helper.send(day.api("/scans"), day.scan())
    frozen.now += timedelta(days=400)
    with unit_of_work():
        db.session.get_one(SignInSession, helper.session_id).expires_at = clock.now() - timedelta(days=300)
    with unit_of_work():
        assert retention._purge_sessions() == 0  # a pairing still names it
    with unit_of_work():
        assert forget_devices_before(clock.now() - timedelta(days=100), 100) == 1
    assert (day.device().session_id, day.device().label) == (None, "")
    assert db.session.scalar(select(func.count()).select_from(DeviceInvitation)) == 0
    with unit_of_work():
        assert retention._purge_sessions() == 1


def test_a_program_joins_by_json_and_gets_a_token_for_this_run_alone(day, frozen):
    token, client = day.invitation(), day.app.test_client()
    address = f"/api/v1/device-invitations/{token}"
    shown = client.get(address).json
    assert (shown["run_id"], shown["invited_by"], shown["paired"]) == (day.run_id, "陈建国", False)
    assert day.open_invitation().uses == 0
    joined = client.post(f"{address}/accept", json={"label": " 李明 "})
    assert (joined.status_code, joined.json["label"], joined.json["until"]) == (201, "李明", shown["until"])
    headers = {"Authorization": f"Bearer {joined.json['access_token']}"}
    again = client.post(f"{address}/accept", json={"label": "李明"}, headers=headers)
    assert (again.status_code, again.json["access_token"], day.open_invitation().uses) == (201, None, 1)
    assert client.get(address, headers=headers).json["paired"] is True
    scan = client.post(day.api("/scans"), json=day.scan(), headers=headers)
    assert (scan.json["items"][0]["verdict"], scan.json["items"][0]["by"]) == ("accepted", "助手 李明")
    assert client.get(day.api("/scan-roster"), headers=headers).status_code == 200
    other = a_day(day.app)
    assert client.post(other.api("/scans"), json=other.scan(), headers=headers).status_code == 404
    for method, path in (
        ("GET", day.api("/results")), ("GET", day.api("/signups")), ("GET", day.api("/devices")),
        ("POST", day.api("/walk-ins")), ("POST", day.api("/close")), ("POST", day.api("/device-invitations")),
        ("GET", "/api/v1/me/signups"), ("POST", "/api/v1/scans/1/annul"),
    ):  # fmt: skip
        refused = client.open(path, method=method, json={} if method == "POST" else None, headers=headers)
        assert refused.status_code in (401, 404), (path, refused.status_code)
    frozen.now = day.device().until
    late = client.post(day.api("/scans"), json=day.scan("张三"), headers=headers)
    assert late.status_code == 401


def test_a_program_that_joins_a_later_run_too_helps_as_long_as_it_was_told(day, frozen):
    client, later = day.app.test_client(), a_day(day.app)
    with unit_of_work():
        run = db.session.get_one(CourseRun, later.run_id)
        for one in (run, db.session.get_one(Meeting, later.meeting_id)):
            one.starts_at, one.ends_at = one.starts_at + timedelta(hours=23), one.ends_at + timedelta(hours=23)
    joined = client.post(f"/api/v1/device-invitations/{day.invitation()}/accept", json={"label": "李明"}).json
    headers = {"Authorization": f"Bearer {joined['access_token']}"}
    also = client.post(
        f"/api/v1/device-invitations/{later.invitation()}/accept", json={"label": "李明"}, headers=headers
    )
    assert (also.status_code, also.json["access_token"]) == (201, None)
    assert also.json["until"] > joined["until"]
    frozen.now += timedelta(hours=23)
    assert client.post(later.api("/scans"), json=later.scan(), headers=headers).status_code == 200
    assert client.post(day.api("/scans"), json=day.scan(), headers=headers).status_code == 401


def test_who_is_signed_in_as_a_program_helps_until_that_ends(day):
    with factories.made():
        headers = factories.bearer("trainee")
        db.session.execute(update(SignInSession).values(expires_at=clock.now() + timedelta(hours=2)))
    address = f"/api/v1/device-invitations/{day.invitation()}/accept"
    assert day.app.test_client().post(address, json={"label": "李明"}, headers=headers).status_code == 201
    held = day.device()
    assert held.until == db.session.get_one(SignInSession, held.session_id).expires_at


def test_a_program_s_token_ends_when_the_phone_is_taken_back(day):
    client = day.app.test_client()
    joined = client.post(f"/api/v1/device-invitations/{day.invitation()}/accept", json={"label": "李明"})
    with unit_of_work():
        devices.revoke(day.device().id, day.as_teacher())
    headers = {"Authorization": f"Bearer {joined.json['access_token']}"}
    refused = client.post(day.api("/scans"), json=day.scan(), headers=headers)
    assert (refused.status_code, refused.json["code"]) == (401, "device_revoked")


@pytest.mark.parametrize("hidden", ["\u202e", "\u200b", "\u2066"])
def test_a_helpers_name_hides_and_turns_nothing(day, hidden):
    address = f"/api/v1/device-invitations/{day.invitation()}/accept"
    client = day.app.test_client()
    assert client.post(address, json={"label": hidden}).status_code == 422
    assert client.post(address, json={"label": f"李{hidden}明"}).json["label"] == "李明"
    _join(day, address.split("/")[-2], f"{hidden}王芳")
    assert day.device().label == "王芳"


@pytest.mark.parametrize(("body", "status"), [({}, 422), ({"label": "  "}, 422), ({"label": "李" * 21}, 422)])
def test_a_program_says_whose_phone_it_is(day, body, status):
    address = f"/api/v1/device-invitations/{day.invitation()}/accept"
    refused = day.app.test_client().post(address, json=body)
    assert (refused.status_code, _paired()) == (status, 0)


def test_a_program_is_told_nothing_of_an_invitation_that_is_over_or_guessed(day, frozen):
    token, client = day.invitation(), day.app.test_client()
    frozen.now += timedelta(minutes=10)
    for wanted, code in ((token, "invitation_over"), ("a" * 26, "not_found"), ("x", "not_found")):
        for reply in (
            client.get(f"/api/v1/device-invitations/{wanted}"),
            client.post(f"/api/v1/device-invitations/{wanted}/accept", json={"label": "李明"}),
        ):
            assert (reply.status_code, reply.json["code"]) == (404, code)
            assert "CPR+AED" not in reply.text
    assert _paired() == 0


def test_the_page_opens_where_the_new_code_stands(day):
    made = day.teacher().post(day.path("/devices/invite"))
    assert made.location.endswith("?said=invited#invite")
    assert 'id="invite"' in day.teacher().client.get(day.path("/devices")).text
