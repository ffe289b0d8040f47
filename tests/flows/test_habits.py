"""Somebody who stayed away twice: signs up, is reminded, confirms or not, and the seat goes on; by pages and the beat."""

import re
from datetime import date, datetime, timedelta
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from chengjiu_mp.core import clock, privacy
from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.core.models import Job
from chengjiu_mp.courses import publishing, tasks
from chengjiu_mp.courses.models import CourseRun, Signup
from chengjiu_mp.courses.queries import run_token
from chengjiu_mp.outbox.models import Message
from chengjiu_mp.outbox.queries import messages_to
from chengjiu_mp.outbox.tasks import deliver
from tests import factories
from tests.conftest import FrozenClock

DOCUMENT, PHONE = factories.resident_id(77), "13700007777"
AGREED = {"consent.signup": "1", "consent.document_number": "1"}


class Phone:
    """A person's phone: pages by forms alone."""

    def __init__(self, app: Flask) -> None:
        self.client: FlaskClient = app.test_client()

    def press(self, page: str, action: str, **fields: Any) -> str:
        token = re.search(r'name="csrf_token" value="([^"]+)"', self.client.get(page).text)
        assert token
        reply = self.client.post(action, data={"csrf_token": token[1], **fields})
        assert reply.status_code == 303, reply.text
        return str(reply.headers["Location"])

    def signs_up(self, run: int, number: str, phone: str) -> str:
        with unit_of_work():
            page = f"/s/{run_token(db.session.get_one(CourseRun, run))}/signup"
        return self.press(page, page, name="张三", doc_number=number, phone=phone, **AGREED)

    def sees(self, page: str, *words: str) -> None:
        text = self.client.get(page).text
        for one in words:
            assert one in text, text


def a_run(day: int, **values: Any) -> int:
    """A run at two in the afternoon of a day in December, one seat."""
    begins = clock.at_local(date(2026, 12, day), 14)
    with factories.made():
        return factories.run(starts_in=begins - clock.now(), capacity=1, **values).id


def it_is(frozen: FrozenClock, text: str) -> None:
    """Let it be this time, and let beat and worker do what they do."""
    frozen.now = datetime.fromisoformat(f"2026-12-{text}:00+08:00")
    tasks.settle()
    tasks.remind()
    for job_id in db.session.scalars(select(Job.id).where(Job.kind == "outbox.deliver", Job.state == "queued")).all():
        db.session.rollback()
        deliver(job_id)
    db.session.rollback()


def stays_away(frozen: FrozenClock, phone: Phone, day: int) -> str:
    run = a_run(day)
    ticket = phone.signs_up(run, DOCUMENT, PHONE)
    it_is(frozen, f"{day:02d}T09:00")
    it_is(frozen, f"{day:02d}T18:00")
    with unit_of_work():
        publishing.close(db.session.get_one(CourseRun, run))
    return ticket


def newest(phone: str = PHONE) -> str:
    body = messages_to(privacy.phone_index(phone))[0].body
    db.session.rollback()
    return body


def kinds(run: int) -> list[str]:
    query = select(Message.kind).join(Signup, Signup.id == Message.subject_id).where(Signup.run_id == run)
    return sorted(db.session.scalars(query.where(Message.subject_type == "signup")))


def test_two_absences_one_tap_and_a_seat_that_goes_on(app: Flask, frozen: FrozenClock) -> None:
    mine, other = Phone(app), Phone(app)
    first = stays_away(frozen, mine, 1)
    stays_away(frozen, mine, 3)
    mine.sees("/me", "以前的", "没能来？点开说一声，不算缺席")

    run = a_run(10)
    ticket = mine.signs_up(run, DOCUMENT, PHONE)
    assert "请在12月9日（周三）18:00前打开入场码点“我会来”" in newest()
    waiting = other.signs_up(run, factories.resident_id(), factories.phone())
    it_is(frozen, "09T09:00")
    assert newest().startswith("【澄救】提醒您：")
    mine.sees(ticket, "请点一下“我会来”")
    it_is(frozen, "09T18:00")
    mine.sees(ticket, "请点一下“我会来”")
    it_is(frozen, "09T18:01")
    mine.sees(ticket, "名额已让出")
    other.sees(waiting, "已报上")
    assert kinds(run) == [
        "signup.confirmed", "signup.promoted", "signup.reminder", "signup.reminder", "signup.seat_released",
        "signup.waiting",
    ]  # fmt: skip

    mine.sees(first, "未到场")


def test_an_excuse_through_the_reminders_link_clears_the_record(app: Flask, frozen: FrozenClock) -> None:
    mine = Phone(app)
    stays_away(frozen, mine, 1)
    second = stays_away(frozen, mine, 3)
    link = re.search(
        r"说一声：http://[^/]+(/i/\w+/excuse)", "".join(t.body for t in messages_to(privacy.phone_index(PHONE)))
    )
    assert link
    assert link[1] == f"{second}/excuse"
    mine.press(link[1], link[1], reason="临时有事")
    mine.sees(second, "已请假")
    ticket = mine.signs_up(a_run(10), DOCUMENT, PHONE)
    assert "我会来" not in mine.client.get(ticket).text


def test_who_taps_i_come_keeps_the_seat_and_comes(app: Flask, frozen: FrozenClock) -> None:
    mine = Phone(app)
    stays_away(frozen, mine, 1)
    stays_away(frozen, mine, 3)
    ticket = mine.signs_up(a_run(10), DOCUMENT, PHONE)
    it_is(frozen, "09T12:00")
    mine.press(ticket, f"{ticket}/confirm")
    it_is(frozen, "09T18:05")
    mine.sees(ticket, "已记下您会来", "加到日历")
    frozen.now += timedelta(hours=14)
    mine.sees("/me", "今天 14:00 到场，出示入场码")
