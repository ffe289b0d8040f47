"""Paired phones: what each may, how it ends, and that it ends at once."""

import threading
from datetime import datetime, timedelta

import pytest
from sqlalchemy import func, select

from chengjiu_mp.checkin import devices
from chengjiu_mp.checkin.device_models import PairedDevice
from chengjiu_mp.checkin.models import CheckIn, Scan
from chengjiu_mp.core import clock
from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.core.models import AuditEntry
from chengjiu_mp.courses.models import CourseRun, Meeting, RunInstructor, Signup
from chengjiu_mp.signin.models import Account, SignInSession
from tests import factories
from tests.checkin.devices_rows import Day, Phone, a_day

MIDNIGHT = datetime.fromisoformat("2026-11-24T00:00:00+08:00")


@pytest.fixture
def day(app) -> Day:
    return a_day(app)


def _count(model: type) -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count()).select_from(model)) or 0


def _revoke(day: Day, device: PairedDevice) -> None:
    with unit_of_work():
        devices.revoke(device.id, day.as_teacher())


def test_a_helper_scans_ticks_and_is_named_with_every_scan(day):
    helper = day.helper()
    item = helper.send(day.api("/scans"), day.scan()).json["items"][0]
    assert (item["verdict"], item["by"], item["name"]) == ("accepted", "助手 李明", "欧阳娜娜")
    assert (
        helper.post(day.path("/scan"), code=day.tickets["张三"], meeting_id=day.meeting_id, nonce="a" * 8).status_code
        == 303
    )
    rows = db.session.scalars(select(Scan).order_by(Scan.id)).all()
    assert [(one.account_id, one.by_name, one.device_id) for one in rows] == [(None, "助手 李明", day.device().id)] * 2
    (held,) = devices.devices_of(day.run_id, day.as_teacher())
    assert (held.scans, held.state, held.device.kind) == (2, "live", "helper")


def test_the_teachers_phone_goes_on_when_the_sign_in_has_ended_by_the_clock(day, frozen):
    phone = day.teacher()
    assert phone.post(day.path("/devices")).location.endswith("said=paired")
    assert day.device().until == MIDNIGHT
    with unit_of_work():
        db.session.get_one(SignInSession, phone.session_id).account_until = clock.now()
    item = phone.send(day.api("/scans"), day.scan()).json["items"][0]
    assert (item["verdict"], item["by"]) == ("accepted", "陈建国的手机")
    assert db.session.scalars(select(Scan.account_id)).one() == day.account_id
    assert phone.client.get(day.path("/scan")).status_code == 200
    for tail in ("/paper", "/devices", "/results"):
        assert phone.client.get(day.path(tail)).location.startswith("/signin"), tail
    assert phone.client.get("/teach/").location.startswith("/signin")


def test_the_last_day_of_several_is_what_counts_for_the_teachers_phone(app, frozen):
    day = a_day(app, ends_at=clock.now() + timedelta(days=2))
    day.teacher().post(day.path("/devices"))
    assert day.device().until == MIDNIGHT + timedelta(days=2)


def test_a_helper_is_paired_for_the_day_not_the_course(app, frozen):
    day = a_day(app, ends_at=clock.now() + timedelta(days=2))
    with unit_of_work():
        first = db.session.get_one(Meeting, day.meeting_id)
        first.ends_at = first.starts_at + timedelta(hours=3)
        begins = clock.now() + timedelta(days=2, hours=-3)
        db.session.add(Meeting(run_id=day.run_id, sequence=2, starts_at=begins, ends_at=begins + timedelta(hours=3)))
    day.helper()
    assert day.device().until == MIDNIGHT
    frozen.now = MIDNIGHT + timedelta(hours=9)  # no meeting today: the next one counts
    day.helper("王芳")
    assert day.device().until == MIDNIGHT + timedelta(days=2)


@pytest.mark.parametrize("way", ["signed out", "somebody else signed in"])
def test_signing_out_ends_the_teachers_own_pairing(day, way):
    phone = day.teacher()
    phone.post(day.path("/devices"))
    if way == "signed out":
        phone.post("/signout")
    else:
        with factories.made():
            other = factories.account("trainee", name="张三").id
            db.session.get_one(SignInSession, phone.session_id).account_id = other
    assert phone.send(day.api("/scans"), day.scan()).json["code"] == "device_revoked"
    assert _count(Scan) == 0


def test_a_phone_that_is_taken_back_is_refused_at_its_next_call(day):
    helper = day.helper()
    _revoke(day, day.device())
    for reply in (
        helper.send(day.api("/scans"), day.scan()), helper.client.get(day.api("/checkins")),
        helper.client.get(day.api("/scan-roster")),
    ):  # fmt: skip
        assert (reply.status_code, reply.json["code"]) == (401, "device_revoked")
        assert "没上传的签到还在手机里" in reply.json["detail"]
    page = helper.client.get(day.path())
    assert page.status_code == 401
    assert "这台手机的签到权限已被收回" in page.text
    assert "欧阳娜娜" not in page.text
    assert _count(Scan) == 0
    _revoke(day, day.device())  # harmless twice
    actions = db.session.scalars(select(AuditEntry.action).where(AuditEntry.action.like("device.%"))).all()
    assert sorted(actions) == ["device.invited", "device.paired", "device.revoked"]


def test_who_was_sent_away_does_not_come_back_by_the_code_on_the_screen(day):
    helper, token = day.helper(), devices.invitation_url(day.open_invitation()).rpartition("/")[2]
    _revoke(day, day.device())
    reply = helper.post(f"/h/{token}", label="李明")
    assert reply.status_code == 404
    assert "请老师在“签到手机”页重新出示二维码" in reply.text
    stranger = Phone(day.app.test_client())
    assert stranger.post(f"/h/{token}", label="别人").status_code == 404
    # Invited anew, the same phone may again.
    again = day.invitation()
    assert helper.post(f"/h/{again}", label="李明").status_code == 303
    assert helper.client.get(day.api("/checkins")).status_code == 200


def test_a_colleagues_lost_phone_is_signed_out_with_it(day):
    lost = day.teacher()
    lost.post(day.path("/devices"))
    with factories.made():
        office = factories.account("operator").id
    day.phone(office).post(day.path("/devices/revoke"), device_id=day.device().id)
    assert lost.client.get(day.api("/checkins")).json["code"] == "device_revoked"
    assert lost.client.get("/teach/").status_code == 303
    assert lost.client.get("/api/v1/runs/1/walk-ins").status_code in (404, 405)


def test_taking_back_the_phone_in_ones_hand_signs_nobody_out(day):
    phone = day.teacher()
    phone.post(day.path("/devices"))
    phone.post(day.path("/devices/revoke"), device_id=day.device().id)
    assert phone.client.get("/teach/").status_code == 200


def test_all_are_taken_back_at_once(day):
    first, second = day.helper(), day.helper("王芳")
    day.teacher().post(day.path("/devices/revoke-all"))
    for phone in (first, second):
        assert phone.client.get(day.api("/checkins")).json["code"] == "device_revoked"


def test_a_helper_who_keeps_the_cookie_past_midnight_is_refused(day, frozen):
    helper = day.helper()
    frozen.now = MIDNIGHT - timedelta(seconds=1)
    assert helper.client.get(day.api("/checkins")).status_code == 200
    frozen.now = MIDNIGHT
    reply = helper.send(day.api("/scans"), day.scan())
    assert (reply.status_code, reply.json["code"]) == (401, "device_revoked")
    assert "签到时间已经结束" in reply.json["detail"]


@pytest.mark.parametrize("why", ["another teaches", "the account is closed"])
def test_a_pairing_ends_with_the_right_of_who_made_it(day, why):
    helper = day.helper()
    with unit_of_work():
        if why == "another teaches":
            db.session.delete(db.session.get_one(RunInstructor, (day.run_id, day.teacher_id)))
        else:
            db.session.get_one(Account, day.account_id).active = False
    assert helper.client.get(day.api("/checkins")).json["code"] == "device_revoked"


def test_a_helper_sees_no_document_and_finds_nobody_by_its_digits(day):
    with factories.made():
        signup = db.session.get_one(Signup, day.signups["张三"])
        number = factories.resident_id(321)
        signup.person_id = factories.person(number).id
    helper, teacher = day.helper(), day.teacher()
    assert f"证件尾号 {number[-4:]}" in teacher.client.get(day.path()).text
    page = helper.client.get(day.path()).text
    assert "张三" in page
    for missing in ("证件", number[-4:], "撤销</", "打印签到表", "现场加人</a>", "登记成绩", "准备签到"):
        assert missing not in page, missing
    assert "没有找到" in helper.post(day.path(), q=number[-4:]).text
    assert "没有找到" not in teacher.post(day.path(), q=number[-4:]).text


def test_a_helper_does_not_learn_a_phone_digit_by_digit(app):
    day = a_day(app)
    with factories.made():
        factories.signup(db.session.get_one(CourseRun, day.run_id), "赵六", phone="13900008888")
    helper = day.helper()
    assert "赵六" in helper.post(day.path(), q="8888").text
    assert "没有找到" in helper.post(day.path(), q="08888").text


def test_what_a_helper_calls_paper_is_judged_by_the_hours_of_the_door(day, frozen):
    helper = day.helper()
    frozen.now += timedelta(hours=6)  # the hours are over, paper goes on for a week
    item = helper.send(day.api("/scans"), day.scan(source="paper")).json["items"][0]
    assert item["code"] == "run_closed"
    assert db.session.scalars(select(Scan.source)).one() == "name"
    ticked = helper.post(day.path("/ticks"), signup_id=day.signups["张三"], meeting_id=day.meeting_id, nonce="b" * 8,
                         source="paper")  # fmt: skip
    assert ticked.status_code == 303
    assert _count(CheckIn) == 0


def test_a_name_that_a_helper_ticks_proves_nothing_a_ticket_does(day):
    helper = day.helper()
    helper.post(day.path("/ticks"), signup_id=day.signups["张三"], meeting_id=day.meeting_id, nonce="b" * 8)
    helper.send(day.api("/scans"), day.scan())
    db.session.rollback()
    proved = {row.name: row.phone_proved_at is not None for row in db.session.scalars(select(Signup))}
    assert proved == {"张三": False, "欧阳娜娜": True}


@pytest.mark.parametrize("role", ["trainee", "instructor"])
def test_a_helper_who_signs_in_as_somebody_stays_a_helper_here(day, role):
    helper = day.helper()
    with factories.made():
        db.session.get_one(SignInSession, helper.session_id).account_id = factories.account(role, name="张三").id
        db.session.get_one(SignInSession, helper.session_id).account_until = clock.now() + timedelta(hours=12)
    item = helper.send(day.api("/scans"), day.scan()).json["items"][0]
    assert item["by"] == "助手 李明"
    assert db.session.scalars(select(Scan.account_id)).one() is None
    assert helper.post(day.path("/annul"), scan_id=item["scan_id"], reason="点错").status_code in (403, 404)
    assert helper.client.get(day.path("/devices")).status_code in (403, 404)
    _revoke(day, day.device())
    assert helper.client.get(day.api("/checkins")).json["code"] == "device_revoked"


def test_a_helper_who_turns_out_to_teach_the_run_may_all_of_it(day):
    helper = day.helper()
    with factories.made():
        db.session.get_one(SignInSession, helper.session_id).account_id = day.account_id
        db.session.get_one(SignInSession, helper.session_id).account_until = clock.now() + timedelta(hours=12)
    assert helper.send(day.api("/scans"), day.scan()).json["items"][0]["by"] == "陈建国"
    assert helper.client.get(day.path("/devices")).status_code == 200


def test_an_upload_and_the_taking_back_come_one_after_the_other(day):
    """Whatever the order: no scan of the phone arrives after its pairing was taken back."""
    helper, device = day.helper(), day.device()
    app, answered, started = day.app, [], threading.Event()

    def upload() -> None:
        with app.app_context():
            started.set()
            answered.append(helper.send(day.api("/scans"), day.scan()))

    sending = threading.Thread(target=upload)
    with unit_of_work():
        devices.revoke(device.id, day.as_teacher())
        sending.start()
        started.wait()
        sending.join(0.5)  # it waits for the row, or was not let in
    sending.join()
    assert answered[0].json["code"] == "device_revoked"
    assert _count(Scan) == 0


def test_the_programs_routes_pair_invite_list_and_take_back(day, client):
    with factories.made():
        headers = factories.headers_of(db.session.get_one(Account, day.account_id))
    made = client.post(day.api("/devices"), headers=headers)
    assert (made.status_code, made.json["kind"], made.json["state"], made.json["here"]) == (201, "own", "live", True)
    assert client.post(day.api("/devices"), headers=headers).json["id"] == made.json["id"]
    invited = client.post(day.api("/device-invitations"), headers=headers).json
    assert (invited["most"], invited["uses"]) == (5, 0)
    assert datetime.fromisoformat(invited["expires_at"]) == clock.now() + timedelta(minutes=10)
    assert "/h/" in invited["url"]
    helper = day.helper()
    listed = client.get(day.api("/devices"), headers=headers).json["items"]
    assert [(one["kind"], one["label"], one["paired_by"]) for one in listed] == [
        ("helper", "李明", "陈建国"), ("own", "陈建国", "陈建国"),
    ]  # fmt: skip
    gone = client.post(f"/api/v1/devices/{listed[0]['id']}/revoke", headers=headers)
    assert gone.json["state"] == "revoked"
    assert helper.client.get(day.api("/checkins")).status_code == 401


def test_a_programs_pairing_ends_with_its_token(app, client):
    day = a_day(app, ends_at=clock.now() + timedelta(days=2))
    with factories.made():
        headers = factories.headers_of(db.session.get_one(Account, day.account_id))
    until = client.post(day.api("/devices"), headers=headers).json["until"]
    assert until == "2026-11-23T16:00:00Z"  # twelve hours, which here is midnight


def test_nobody_prepares_for_what_is_over(day, frozen):
    phone = day.teacher()
    frozen.now = MIDNIGHT + timedelta(hours=9)
    phone = day.teacher()
    for tail in ("/devices", "/devices/invite"):
        assert phone.post(day.path(tail)).status_code == 409
    assert _count(PairedDevice) == 0


def test_devices_out_of_scope_do_not_exist(day):
    day.helper()
    with factories.made():
        stranger = factories.instructor("刘芳")
    phone = day.phone(stranger.account_id)
    assert phone.client.get(day.path("/devices")).status_code == 404
    assert phone.send(f"/api/v1/devices/{day.device().id}/revoke", {}).status_code == 404
    assert phone.post(day.path("/devices/invite")).status_code == 404
    assert day.device().revoked_at is None


def test_a_device_is_revoked_under_its_own_run_alone(day):
    other = a_day(day.app)
    day.helper()
    phone, device_id = day.phone(day.account_id), day.device().id
    with factories.made():
        db.session.add(RunInstructor(run_id=other.run_id, instructor_id=day.teacher_id))
    assert phone.post(other.path("/devices/revoke"), device_id=device_id).status_code == 404
    assert day.device().revoked_at is None


def test_two_taps_pair_once(day):
    phone = day.teacher()
    for _ in range(2):
        phone.post(day.path("/devices"))
    assert _count(PairedDevice) == 1


def test_forms_without_their_token_change_nothing(day):
    phone, helper = day.teacher(), day.helper()
    token = day.invitation()
    for path, fields in (
        (day.path("/devices"), {}), (day.path("/devices/invite"), {}),
        (day.path("/devices/revoke"), {"device_id": day.device().id}), (day.path("/devices/revoke-all"), {}),
    ):  # fmt: skip
        assert phone.client.post(path, data=fields).status_code == 400, path
    assert day.app.test_client().post(f"/h/{token}", data={"label": "李明"}).status_code == 400
    assert helper.client.post(day.api("/scans"), json=day.scan()).status_code == 400
    foreign = {"Origin": "https://evil.test", "X-CSRFToken": helper.csrf("/signin?switch=1")}
    assert helper.client.post(day.api("/scans"), json=day.scan(), headers=foreign).status_code == 400
    assert (_count(PairedDevice), _count(Scan)) == (1, 0)
