"""Before anything is issued, who came looks at the name that will be printed; teacher and approver see who has not."""

import re
from typing import Any

from flask import Flask
from sqlalchemy import select

from chengjiu_mp.certificates.issuing import confirm
from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.courses.models import Signup
from chengjiu_mp.courses.naming import names_checked
from tests import exams_rows as rows
from tests import factories, issued

ASKED, BUTTON = "证书上将印这个姓名", "确认无误"


def hall(kind: str = "cpr_aed") -> tuple[int, list[str], dict[str, str]]:
    """A run with two people who came and one who did not; their tickets; an operator."""
    with factories.made():
        run = rows.past_run(kind)
        came = [rows.attended(run, "张三"), rows.attended(run, "李四")]
        for one in came if kind == "cpr_aed" else []:
            rows.result(one)
        tickets = [f"/i/{factories.ticket(one)}" for one in (*came, factories.signup(run, "王五", outcome="absent"))]
        rows.submitted(run)
        return run.id, tickets, factories.bearer("operator")


def press(client: Any, ticket: str) -> Any:
    page = client.get(ticket).text
    stamp = re.findall(r'name="stamp" value="([^"]+)"', page)[0]
    token = re.findall(r'name="csrf_token" value="([^"]+)"', page)[0]
    return client.post(f"{ticket}/name", data={"csrf_token": token, "stamp": stamp}, follow_redirects=True)


def test_who_came_confirms_and_the_teacher_sees_who_has_not(app: Flask, client: Any) -> None:
    run_id, (zhang, _, wang), operator = hall()
    page = client.get(zhang).text
    assert ASKED in page
    assert "有误请告诉老师" in page
    assert ASKED not in client.get(wang).text
    assert "您已确认无误" in press(client, zhang).text
    for where in (f"/teach/runs/{run_id}/results", f"/console/results/{run_id}"):
        shown = app.test_client().get(where, headers=operator).text
        assert "姓名已确认 1/2" in shown
        assert "还有 1 人没确认" in shown
        assert re.search(r"<p>(<[^>]+>)?李四(<[^>]+>)?</p>", shown)


def test_what_nobody_confirmed_is_issued_all_the_same_and_then_asked_no_more(app: Flask, client: Any) -> None:
    run_id, (zhang, *_), _ = hall()
    with factories.made():
        by = issued.approver()
    with unit_of_work():
        confirm(run_id, by)
    assert names_checked(run_id).confirmed == 0
    assert ASKED not in client.get(zhang).text


def test_a_name_proved_face_to_face_counts(app: Flask) -> None:
    run_id, *_ = hall()
    with unit_of_work():
        one = db.session.scalars(select(Signup).where(Signup.name == "李四")).one()
        one.name_proved_at = one.created_at
    assert names_checked(run_id).open == ("张三",)


def test_a_course_without_certificates_does_not_ask(app: Flask, client: Any) -> None:
    _, (zhang, *_), _ = hall("popular")
    assert ASKED not in client.get(zhang).text
