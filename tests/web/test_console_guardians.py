"""What the desk sees and does about guardians: masked, and paper by its number."""

from flask.testing import FlaskClient
from sqlalchemy import select

from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.core.models import AuditEntry
from chengjiu_mp.courses.models import Signup
from chengjiu_mp.courses.signing_up import sign_up_together
from tests import factories
from tests.families import child_id, mother
from tests.signups import entry
from tests.web.test_console_runs import desk, post, token_in


def a_child_waits() -> tuple[str, int]:
    with factories.made():
        run = factories.run(kind="popular").id
    with unit_of_work():
        people = [entry(name="王芳"), entry(name="李小明", doc_number=child_id())]
        made = sign_up_together(run, people, channel="page", guardian=mother(phone="13912345678"))
        return f"/console/runs/{run}", made[1].signup.id


def test_paper_seats_the_family_and_leaves_its_number(client: FlaskClient) -> None:
    page, child = a_child_waits()
    text = desk(client).get(page).text
    assert "待监护人同意" in text
    assert "监护人未答复（母亲 139****5678）" in text
    assert "等同行孩子的监护人" in text
    assert "13912345678" not in text
    reply = post(client, page, f"{page}/signups/{child}/guardian", reason="2026-教-017")
    assert reply.status_code == 303
    assert list(db.session.scalars(select(Signup.state))) == ["confirmed"] * 2
    after = client.get(page).text
    assert "纸质同意书 2026-教-017（母亲 139****5678）" in after
    assert "已收到纸质同意书" not in after
    row = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "guardian.agreed")).one()
    assert row.facts == {"by": "paper"}


def test_paper_without_a_number_is_not_taken(client: FlaskClient) -> None:
    page, child = a_child_waits()
    desk(client)
    reply = post(client, page, f"{page}/signups/{child}/guardian", reason=" ")
    assert reply.status_code == 422
    assert "请填写纸质同意书的编号" in reply.text
    assert set(db.session.scalars(select(Signup.state))) == {"pending"}


def test_another_unit_s_children_are_not_there(client: FlaskClient) -> None:
    page, child = a_child_waits()
    desk(client, "unit_manager", "nanzha")
    token = token_in(client.get("/console/").text)
    reply = client.post(f"{page}/signups/{child}/guardian", data={"csrf_token": token, "reason": "1"})
    assert reply.status_code == 404
