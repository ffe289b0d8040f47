"""A full class, from the last seat to another day: by pages, as one person meets it."""

import re
from datetime import timedelta
from typing import Any

from flask.testing import FlaskClient
from sqlalchemy import select

from chengjiu_mp.core import privacy
from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.core.models import Job
from chengjiu_mp.courses import tasks as course_tasks
from chengjiu_mp.courses.models import CourseRun, Signup
from chengjiu_mp.courses.withdrawing import withdraw
from chengjiu_mp.outbox import tasks as outbox_tasks
from chengjiu_mp.outbox.models import Message
from tests import factories, invariants
from tests.signups import signed
from tests.web.test_console_runs import desk, token_in

PHONE = "13700005678"


def work_off() -> None:
    """Do what beat and the workers would do now."""
    course_tasks.settle()
    deliveries = select(Job.id).where(Job.kind == "outbox.deliver", Job.state == "queued")
    for job in db.session.scalars(deliveries).all():
        db.session.rollback()
        outbox_tasks.deliver(job)
    course_tasks.settle()
    db.session.remove()


def last_message() -> str:
    of = select(Message).where(Message.phone_index == privacy.phone_index(PHONE)).order_by(Message.id.desc())
    row = db.session.scalars(of).first()
    assert row is not None
    return privacy.unseal(row.body_sealed, place=Message.PLACE_BODY, row=row.uid)


def link_in(text: str) -> str:
    found = re.search(r"http://127\.0\.0\.1:8000(/i/[a-z2-7]+)", text)
    assert found
    return found[1]


def send(client: FlaskClient, page: str, action: str, **fields: Any) -> str:
    """Send a form of the page, follow to the next page, and return where that is."""
    reply = client.post(action, data={"csrf_token": token_in(client.get(page).text), **fields})
    assert reply.status_code == 303, reply.text
    db.session.remove()
    return reply.headers["Location"]


def proves_the_phone(client: FlaskClient) -> None:
    challenge_page = send(client, "/signin", "/signin", phone=PHONE)
    code = re.search(r"\d{6}", last_message())
    assert code
    send(client, challenge_page, challenge_page.partition("?")[0], code=code[0])


def numbers(client: FlaskClient, run: CourseRun) -> tuple[int, int]:
    """Return the seats left and the people waiting, the same in the list and the run's document."""
    one = client.get(f"/api/v1/runs/{run.id}").get_json()
    line = next(r for r in client.get("/api/v1/runs").get_json()["items"] if r["id"] == run.id)
    assert (one["seats_left"], one["waiting"]) == (line["seats_left"], line["waiting"])
    return one["seats_left"], one["waiting"]


def test_from_the_last_seat_to_another_day(client: FlaskClient) -> None:
    with factories.made():
        run = factories.run(capacity=1, title="周四班")
        other = factories.run(title="周日班", starts_in=timedelta(days=6))
    seated = signed(run.id).signup.id
    poster = privacy.unseal(run.token_sealed, place=CourseRun.PLACE, row=run.uid)

    proves_the_phone(client)
    assert "排队候补" in client.get(f"/s/{poster}").text
    ticket = send(
        client, f"/s/{poster}/signup", f"/s/{poster}/signup", name="王秀英", doc_number=factories.resident_id(),
        phone=PHONE, **{"consent.signup": "1", "consent.document_number": "1"},
    )  # fmt: skip
    assert "第 1 位" in client.get(ticket).text
    assert numbers(client, run) == (0, 1)

    with unit_of_work():
        withdraw(db.session.get_one(Signup, seated))
    work_off()
    assert "有空位了，名额给您留着" in last_message()
    assert link_in(last_message()) == ticket
    assert numbers(client, run) == (0, 0)
    taken = send(client, ticket, f"{ticket}/accept")
    assert "签到码" in client.get(taken).text

    office = desk(client.application.test_client())
    page = f"/console/runs/{run.id}/reschedule"
    times = {"m1.day": "2026-12-05", "m1.begins": "09:00", "m1.ends": "12:00"}
    send(office, page, page, reason="教室检修", sure="1", **times)
    work_off()
    assert "12月5日" in last_message()

    change = re.search(r'name="change_id" value="(\d+)"', client.get(ticket).text)
    assert change
    choice = send(client, ticket, f"{ticket}/answer", change_id=change[1], answer="move")
    assert "周日班" in client.get(choice).text
    new = send(client, choice, choice, run_id=other.id)
    assert "已为您换场" in client.get(new).text
    assert new.partition("?")[0] in client.get(ticket).text
    assert (numbers(client, run), numbers(client, other)) == ((1, 0), (49, 0))
    assert client.get(f"/s/{poster}?look=1").status_code == 200
    assert invariants.broken() == {}
