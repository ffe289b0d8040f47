"""Three years on, with another phone: the number went to a stranger, the desk changes it, the certificate has ended, and
its holder takes the course again. By pages, as the three people meet them.
"""

import re
from datetime import datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from chengjiu_mp.certificates import tasks
from chengjiu_mp.certificates.issuing import confirm
from chengjiu_mp.certificates.models import Certificate
from chengjiu_mp.certificates.queries import certificate_by_token
from chengjiu_mp.core import clock, privacy
from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.courses.models import CourseRun, Signup
from chengjiu_mp.outbox import queries
from chengjiu_mp.outbox.models import Message
from tests import exams_rows as rows
from tests import factories, issued
from tests.conftest import FrozenClock
from tests.web.test_certificate_pages import code_to, look_up, post

NAME, NEW = "张三", "13700005678"
AGREED = {"consent.signup": "1", "consent.document_number": "1"}


def codes_to(phone: str) -> int:
    db.session.rollback()
    of = select(func.count()).where(Message.kind == "code.lookup", Message.phone_index == privacy.phone_index(phone))
    return db.session.scalar(of) or 0


def last_words(phone: str) -> str:
    found = queries.messages_to(privacy.phone_index(phone))[0].body
    db.session.rollback()
    return found


def asks(visitor: FlaskClient, phone: str, name: str) -> str:
    """Start a look-up and return what the next page says."""
    visitor.delete_cookie("sid")
    assert post(visitor, "/lookup", phone=phone, name=name).headers["Location"] == "/lookup/code"
    page = visitor.get("/lookup/code").text.replace(f"{phone[:3]}****{phone[-4:]}", "PHONE")
    return re.sub(r'(?<=name="csrf_token" value=")[^"]+', "", page)


def changed_at_the_desk(desk: FlaskClient, number: str) -> None:
    with factories.made():
        head = factories.bearer("operator", name="王芳")
    found = desk.post("/console/phones/", data={"way": "number", "number": number, "name": NAME}, headers=head)
    wish = {"seen": "1", "phone": NEW, "reason": "原号码停用"}
    asked = desk.post(found.headers["Location"], data=wish, headers=head)
    done = desk.post(asked.headers["Location"], data={"code": code_to(NEW)}, headers=head)
    assert "手机号已换好" in desk.get(done.headers["Location"], headers=head).text


def passes(run_id: int, signup_id: int) -> Certificate:
    """Let the course be held: the holder was there and passed, two people said so."""
    with factories.made():
        db.session.get_one(Signup, signup_id).outcome = "attended"
        rows.result(db.session.get_one(Signup, signup_id))
        rows.submitted(db.session.get_one(CourseRun, run_id))
        by = issued.approver()
    with unit_of_work():
        return confirm(run_id, by)[0]


@pytest.fixture
def visitors(app: Flask) -> list[FlaskClient]:
    return [app.test_client() for _ in range(3)]


def nothing_comes_to_the_stranger(stranger: FlaskClient, old: str, number: str) -> None:
    tasks.tell_expiring()
    assert not any(hidden in last_words(old) for hidden in (NAME, number))
    asks(stranger, old, "李四")
    refused = post(stranger, "/lookup/code", code=code_to(old))
    assert (refused.status_code, number in refused.text) == (422, False)
    assert stranger.get("/certificates").headers["Location"] == "/lookup"


def the_new_number_is_nobodys_yet(holder: FlaskClient) -> None:
    asks(holder, NEW, NAME)
    assert codes_to(NEW) == 0
    assert "换过手机号" in holder.get("/lookup").text


def the_old_number_is_nobodys_now(stranger: FlaskClient, old: str) -> None:
    """The stranger has heard the name by now, and sees what anybody sees."""
    before = codes_to(old)
    assert asks(stranger, old, NAME) == asks(stranger, NEW[:-1] + "9", NAME)
    assert codes_to(old) == before


def sees_that_it_has_ended(holder: FlaskClient, number: str, mine: int) -> None:
    asks(holder, NEW, NAME)
    assert post(holder, "/lookup/code", code=code_to(NEW)).headers["Location"] == "/certificates"
    page = holder.get("/certificates").text
    assert (number in page, "已过期" in page) == (True, True)
    assert 'href="/again/"' in holder.get(f"/c/{mine}").text


def takes_it_again(holder: FlaskClient, mine: int) -> tuple[int, int]:
    """Return the run and the sign-up."""
    with factories.made():
        run = factories.run(title="澄江的复训班", starts_in=timedelta(days=5)).id
    again = holder.get("/again/").text
    assert "澄江的复训班" in again
    form = re.findall(rf'href="(/again/{mine}/{run})"', again)[0]
    assert NAME in holder.get(form).text
    assert post(holder, form, name=NAME, phone=NEW, **AGREED).headers["Location"].startswith("/i/")
    return run, db.session.scalars(select(Signup.id).where(Signup.run_id == run)).one()


def test_three_years_on(visitors: list[FlaskClient], frozen: FrozenClock) -> None:
    holder, stranger, desk = visitors
    first = issued.issue(NAME)[0]
    number, old, code, mine = first.number, issued.phone_of(first), issued.token(first), first.id
    look_up(holder, first)
    assert "有效" in holder.get("/certificates").text
    frozen.now = datetime.fromisoformat("2029-10-01T10:00:00+08:00")
    nothing_comes_to_the_stranger(stranger, old, number)
    frozen.now = datetime.fromisoformat("2029-11-24T09:00:00+08:00")
    the_new_number_is_nobodys_yet(holder)
    frozen.now += timedelta(hours=2)
    changed_at_the_desk(desk, number)
    assert "换成别的号码" in last_words(old)
    frozen.now += timedelta(hours=1)
    the_old_number_is_nobodys_now(stranger, old)
    sees_that_it_has_ended(holder, number, mine)
    run, signup = takes_it_again(holder, mine)
    frozen.now += timedelta(days=6)
    second = passes(run, signup)
    assert (second.person_id, second.issued_on) == (db.session.get_one(Certificate, mine).person_id, clock.today())
    assert [one.state for one in map(certificate_by_token, (code, issued.token(second))) if one] == ["expired", "valid"]
    tasks.tell_expiring()
    assert db.session.scalar(select(func.count()).where(Message.kind == "certificate.expiring")) == 1
