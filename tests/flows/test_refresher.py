"""A certificate is about to end: its holder finds the refresher, passes it, and holds a new one; the plan does not move."""

import re
from datetime import date, datetime, timedelta

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from chengjiu_mp.certificates import tasks
from chengjiu_mp.certificates.models import Certificate
from chengjiu_mp.certificates.queries import certificate_by_token
from chengjiu_mp.certificates.rendering import face_of
from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.courses.models import Signup
from chengjiu_mp.outbox.models import Message
from chengjiu_mp.outbox.queries import text_of
from chengjiu_mp.people.models import Attainment
from chengjiu_mp.reports.classes import by_class
from chengjiu_mp.reports.policy import EVERYTHING
from chengjiu_mp.reports.progress import progress
from tests import factories, issued
from tests.conftest import FrozenClock
from tests.web.test_again_pages import AGREED
from tests.web.test_certificate_pages import look_up, post

NAME = "张三"
YEAR = (date(2029, 1, 1), date(2029, 12, 31))


def two_runs() -> tuple[int, int]:
    """Return a whole course and a refresher; the refresher is later and further away."""
    with factories.made():
        whole = factories.run(title="整班", starts_in=timedelta(days=5)).id
        elsewhere = factories.unit("nanzha").id
        short = factories.run(
            "cpr_aed_refresher", title="续证的复训班", starts_in=timedelta(days=9), unit_id=elsewhere
        ).id
    return whole, short


def signs_up(holder: FlaskClient, first: Certificate) -> int:
    """Return the sign-up for the refresher, which is offered before the whole course."""
    whole, short = two_runs()
    mine, phone = first.id, issued.phone_of(first)
    look_up(holder, first)
    page = holder.get("/again/").text
    assert (
        page.index("上复训班续证")
        < page.index("续证的复训班")
        < page.index("也可以整班重学一次")
        < page.index("整班</a>")
    )
    assert f"/again/{mine}/{whole}" in page
    (form,) = re.findall(rf'href="(/again/{mine}/{short})"', page)
    assert post(holder, form, name=NAME, phone=phone, **AGREED).headers["Location"].startswith("/i/")
    return db.session.scalars(select(Signup.id).where(Signup.run_id == short)).one()


def passes(desk: FlaskClient, signup_id: int) -> None:
    """Let two people hand in and confirm what the refresher asks for: two practical items, no theory."""
    with unit_of_work():
        signup = db.session.get_one(Signup, signup_id)
        signup.outcome, run_id = "attended", signup.run_id
    with factories.made():
        operator, approver = factories.bearer("operator"), factories.bearer("approver", name="顾问渠")
    url, row = f"/api/v1/runs/{run_id}/results", {"signup_id": signup_id, "version": 0}
    theory = desk.put(url, json={"rows": [{**row, "items": {"theory": 90}}]}, headers=operator)
    assert theory.status_code == 422
    assert desk.put(url, json={"rows": [{**row, "items": {"cpr": 90, "aed": 85}}]}, headers=operator).status_code == 200
    assert desk.post(f"{url}/submit", json={"left_out": []}, headers=operator).status_code == 200
    assert desk.post(f"{url}/confirm", headers=approver).status_code == 200
    db.session.remove()


def the_plan(year: int) -> tuple[int, list[int]]:
    found = progress(year)
    db.session.rollback()
    return found.totals.certified.done, [row.certified.done for row in found.rows]


def trained() -> int:
    found = by_class(EVERYTHING, YEAR).totals.trained
    db.session.rollback()
    return found


def the_new_one(mine: int) -> Certificate:
    """Return it, by now of the same kind, the next number of its series, valid from today and counted nowhere."""
    first = db.session.get_one(Certificate, mine)
    second = db.session.scalars(select(Certificate).where(Certificate.id != mine)).one()
    assert (second.person_id, second.course_type_id) == (first.person_id, first.course_type_id)
    assert (second.counted, second.number) == (False, "JYA202900001")
    assert (second.issued_on, second.valid_until) == (date(2029, 11, 2), date(2032, 11, 2))
    face = face_of(issued.version_of(second))
    assert (face.kind_name, face.run_title) == ("CPR+AED", "续证的复训班")
    assert (int(face.hours), face.syllabus) == (2, "CPR+AED 复训教学大纲 第 1 版")
    held = db.session.scalars(select(Attainment).where(Attainment.source == f"certificate:{second.id}")).one()
    assert (held.kind, held.valid_to) == ("cpr_aed", second.valid_until)
    return second


def test_a_refresher_renews(app: Flask, frozen: FrozenClock) -> None:
    holder, desk = app.test_client(), app.test_client()
    first = issued.issue(NAME)[0]
    mine, code = first.id, issued.token(first)
    issued.phone_of(first)
    frozen.now = datetime.fromisoformat("2029-10-24T09:00:00+08:00")
    signup = signs_up(holder, db.session.get_one(Certificate, mine))
    frozen.now += timedelta(days=9, hours=5)
    before, came = the_plan(2029), trained()
    passes(desk, signup)
    second = the_new_one(mine)
    new_code, number = issued.token(second), second.number
    assert (the_plan(2029), trained()) == (before, came + 1)
    assert [one.state for one in map(certificate_by_token, (code, new_code)) if one] == ["valid", "valid"]
    look_up(holder, db.session.get_one(Certificate, mine))
    for page in ("/certificates", "/card"):
        shown = holder.get(page).text
        assert 0 < shown.index(number) < shown.index("JYA202600001"), page
    assert "没有快到期的证书" in holder.get("/again/").text
    tasks.tell_expiring()
    assert db.session.scalars(select(Message).where(Message.kind == "certificate.expiring")).all() == []
    frozen.now = datetime.fromisoformat("2029-12-01T09:00:00+08:00")
    assert [one.state for one in map(certificate_by_token, (code, new_code)) if one] == ["expired", "valid"]


def test_the_notice_speaks_of_the_refresher_that_is_there(app: Flask, frozen: FrozenClock) -> None:
    first, second = issued.issue(NAME)[0], issued.issue("李四", kind="responder")[0]
    issued.phone_of(first), issued.phone_of(second)
    frozen.now = datetime.fromisoformat("2029-10-24T09:00:00+08:00")
    two_runs()
    tasks.tell_expiring()
    told = [text_of(f"certificate:{one}:expiring") for one in (first.id, second.id)]
    assert ["复训班" in one.body for one in told if one] == [True, False]
