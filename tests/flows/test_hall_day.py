"""A class day in a hall, from the evening before to the end: the instructor's phone and a helper's, the wall, paper,
the door. By pages alone; nobody is lost and nobody is counted twice.
"""

import re
from datetime import date, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from chengjiu_mp.checkin import devices, provisional
from chengjiu_mp.checkin.models import CheckIn, ProvisionalCheckIn
from chengjiu_mp.checkin.tasks import remind
from chengjiu_mp.checkin.wall_displays import shown_now
from chengjiu_mp.checkin.wall_models import WallDisplay
from chengjiu_mp.core import clock, context
from chengjiu_mp.core.db import db
from chengjiu_mp.courses.models import CourseRun, Signup
from chengjiu_mp.courses.queries import run_token
from chengjiu_mp.outbox.queries import messages_to
from chengjiu_mp.signin import sessions
from tests import factories
from tests.conftest import FrozenClock
from tests.invariants import broken
from tests.web.test_scan_pages import _sign_in

AGREED = {"consent.signup": "1", "consent.document_number": "1"}


class Phone:
    """Somebody's phone: pages by forms alone."""

    def __init__(self, app: Flask, account_id: int | None = None) -> None:
        self.client: FlaskClient = app.test_client()
        if account_id is not None:
            _sign_in(self.client, account_id)

    def sees(self, path: str) -> str:
        reply = self.client.get(path)
        assert reply.status_code == 200, (path, reply.status_code)
        return reply.text

    def press(self, page: str, marker: str, **fields: Any) -> str:
        """Send the page's first form that holds ``marker``; return the page it leads to."""
        for form in re.findall(r"<form.*?</form>", self.sees(page), re.DOTALL):
            if marker in form:
                hidden = dict(re.findall(r'<input type="hidden" name="([\w.]+)" value="([^"]*)"', form))
                action = re.search(r'action="([^"]*)"', form)
                data = {**hidden, **fields}
                reply = self.client.post(action[1] if action else page, data=data, follow_redirects=True)
                assert reply.status_code == 200, (reply.status_code, reply.text)
                return reply.text
        raise AssertionError(f"no form with {marker} on {page}")


@pytest.fixture
def day(app: Flask, frozen: FrozenClock) -> dict[str, Any]:
    """A class of four seats on the 5th of December at two, all taken, one person in the line."""
    begins = clock.at_local(date(2026, 12, 5), 14)
    with factories.made():
        teacher = factories.instructor("陈建国")
        run = factories.run(starts_in=begins - clock.now(), capacity=4, instructors=[teacher])
        number, account, index = run.id, teacher.account_id, teacher.phone_index
    people = {}
    for name in ("赵一", "钱二", "孙三", "李四", "周五"):
        phone = Phone(app)
        page = f"/s/{token(number)}/signup"
        phone.press(
            page, 'id="signup"', name=name, doc_number=factories.resident_id(), phone=factories.phone(), **AGREED
        )
        people[name] = phone
    return {"run": number, "account": account, "people": people, "begins": begins, "index": index}


def token(run: int) -> str:
    return run_token(db.session.get_one(CourseRun, run))


def rows() -> dict[str, Signup]:
    db.session.rollback()
    return {one.name: one for one in db.session.scalars(select(Signup))}


def test_a_class_day_in_a_hall(app: Flask, frozen: FrozenClock, day: dict[str, Any]) -> None:
    frozen.now = day["begins"] - timedelta(hours=18, minutes=30)
    yesterdays = prepares(app, day)
    frozen.now = day["begins"] - timedelta(minutes=15)
    scans_after_the_sign_in_ended(yesterdays, day)
    teacher = Phone(app, day["account"])
    helper = helps(app, teacher, day)
    by_the_wall(app, teacher, day)
    roster = f"/teach/runs/{day['run']}"
    # Paper: 李四 signed the sheet.
    teacher.press(roster, 'name="codes"', codes=rows()["李四"].code)
    at_the_door(app, teacher, day)

    # Six people are in, each once; the two beyond the four seats are flagged.
    found = rows()
    assert {name for name, one in found.items() if one.outcome == "attended"} == {
        "赵一", "钱二", "孙三", "李四", "周五", "王桂花",
    }  # fmt: skip
    assert sorted(name for name, one in found.items() if one.over_capacity) == sorted(["周五", "王桂花"])
    assert len(db.session.scalars(select(CheckIn)).all()) == 6
    assert broken() == {}

    # The helper is sent away at once.
    teacher.press(f"{roster}/devices", "revoke-all")
    assert "收回" in helper.client.get(roster).text


def prepares(app: Flask, day: dict[str, Any]) -> Phone:
    """The evening before: the reminder, and the phone is paired."""
    remind()
    assert "断网" in messages_to(day["index"])[0].body
    teacher, roster = Phone(app, day["account"]), f"/teach/runs/{day['run']}"
    assert "准备断网" in teacher.sees(f"{roster}/scan")
    teacher.press(f"{roster}/devices", "准备签到")
    return teacher


def scans_after_the_sign_in_ended(phone: Phone, day: dict[str, Any]) -> None:
    """The sign-in of yesterday is over; the phone still scans this run, and nothing else."""
    roster = f"/teach/runs/{day['run']}"
    assert "赵一" in phone.press(f"{roster}/scan", "scan-code", code=rows()["赵一"].code)
    assert phone.client.get(f"{roster}/devices").status_code in (303, 403, 404)
    assert db.session.scalars(select(CheckIn.by_name)).one() == "陈建国的手机"


def helps(app: Flask, teacher: Phone, day: dict[str, Any]) -> Phone:
    """A helper joins by the code, ticks a name, and sees no document and no line."""
    roster = f"/teach/runs/{day['run']}"
    teacher.press(f"{roster}/devices", "出示邀请码")
    invitation = devices.open_invitation(day["run"])
    assert invitation is not None
    helper = Phone(app)
    helper.press("/h/" + devices.invitation_url(invitation).rpartition("/")[2], 'id="help"', label="小王")
    shown = helper.sees(roster)
    assert "证件尾号" not in shown
    assert "候补中" not in shown
    helper.press(roster, "给钱二签到")
    return helper


def by_the_wall(app: Flask, teacher: Phone, day: dict[str, Any]) -> None:
    """孙三 scans the wall with the own phone; on somebody else's phone nobody is in it."""
    teacher.press(f"/teach/runs/{day['run']}/wall", 'id="wall-open"')
    with context.acting_as(_principal(day["account"])):
        display = db.session.scalars(select(WallDisplay)).one()
        code = shown_now(day["run"], display.id, context.principal()).url.rpartition("/")[2]
    db.session.rollback()
    assert "孙三" not in Phone(app).client.get(f"/w/{code}").text
    day["people"]["孙三"].press(f"/w/{code}", 'id="wall"')


def at_the_door(app: Flask, teacher: Phone, day: dict[str, Any]) -> None:
    """周五 waits in the line and is let in; 王阿姨 leaves a number, and says later who she is."""
    roster, first = f"/teach/runs/{day['run']}", f"/console/runs/{day['run']}/door/first/"
    teacher.press(roster, "door/let-in")
    teacher.press(first, 'id="first"', phone="13900001111", name="王阿姨")
    assert "待补录（1）" in teacher.sees(roster)
    row = db.session.scalars(select(ProvisionalCheckIn)).one()
    page = f"/b/{provisional.token_of(row)}"
    Phone(app).press(page, 'id="signup"', name="王桂花", doc_number=factories.resident_id(), **AGREED)


def _principal(account_id: int) -> context.Principal:
    return context.Principal(account_id=account_id, name="陈建国", grants=sessions.grants_of(account_id))
