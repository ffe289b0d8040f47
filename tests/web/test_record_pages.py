"""普及记录 by forms alone: photos up, the record, what the console lists as 待补佐证."""

import io
import re
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from PIL import Image

from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.courses.models import CourseRun
from chengjiu_mp.courses.queries import instructors_of
from chengjiu_mp.signin import sessions
from tests import factories


def _sign_in(client: FlaskClient, account_id: int) -> None:
    with unit_of_work():
        token, _ = sessions.open_session("device", account_id)
    with client.session_transaction() as cookie:
        cookie["t"] = token


@pytest.fixture
def talk(app, client, frozen):
    """A 普及 run that ended an hour ago; its instructor is signed in."""
    with factories.made():
        teacher = factories.instructor("陈建国")
        run = factories.run("popular", starts_in=timedelta(hours=-4), instructors=[teacher])
    _sign_in(client, teacher.account_id or 0)
    return {"run": run.id, "page": f"/teach/runs/{run.id}/record"}


def _picture():
    out = io.BytesIO()
    Image.new("RGB", (600, 400), "teal").save(out, "JPEG")
    return io.BytesIO(out.getvalue())


def _send(client, talk, action, **values):
    token = re.search(r'name="csrf_token" value="([^"]+)"', client.get(talk["page"]).text)[1]  # type: ignore[index]
    return client.post(action, data=values | {"csrf_token": token})


def _operator(client):
    with factories.made():
        operator = factories.account("operator")
    _sign_in(client, operator.id)


def test_the_roster_leads_to_the_record_and_the_record_closes_the_run(client, talk):
    roster = client.get(f"/teach/runs/{talk['run']}").text
    assert f'href="{talk["page"]}"' in roster
    assert f'href="/teach/runs/{talk["run"]}/close"' not in roster
    page = client.get(talk["page"]).text
    assert 'value="陈建国"' in page
    assert 'value="180"' in page
    empty = _send(client, talk, talk["page"], presenter="", minutes="", head_count="", note="")
    assert empty.status_code == 422
    for words in ("请填主讲人", "讲了多少分钟", "请填实到人数", "还没有佐证"):
        assert words in empty.text
    up = _send(client, talk, f"{talk['page']}/evidence", kind="sheet", photo=(_picture(), "IMG_1.jpg"))
    assert up.status_code == 303
    shown = client.get(up.location).text
    source = re.search(r'<img src="([^"]+)"', shown)[1]  # type: ignore[index]
    assert client.get(source).mimetype == "image/jpeg"
    assert "签到表（1/9）" in shown.replace("现场照片和", "")
    done = _send(client, talk, talk["page"], presenter="陈建国", minutes="90", head_count="180", note="")
    assert "实到 180 人计入任务" in client.get(done.location).text
    assert db.session.get_one(CourseRun, talk["run"]).state == "closed"


def test_the_same_picture_again_is_said_and_one_of_another_run_is_pointed_out(client, talk):
    for said in ("传好了", "这张照片已上传，没有重复存"):
        up = _send(client, talk, f"{talk['page']}/evidence", kind="photo", photo=(_picture(), "IMG_1.jpg"))
        assert said in client.get(up.location).text
    assert "可能重复" not in client.get(talk["page"]).text
    with factories.made():
        teacher = instructors_of(talk["run"])[0]
        other = factories.run("popular", starts_in=timedelta(hours=-4), instructors=[teacher], title="另一场")
    page = f"/teach/runs/{other.id}/record"
    up = _send(client, talk, f"{page}/evidence", kind="photo", photo=(_picture(), "IMG_1.jpg"))
    shown = client.get(up.location).text
    assert "可能重复" in shown
    assert "和11月23日（周一）“CPR+AED 公益培训”的照片一样" in shown
    _operator(client)
    assert "可能重复" in client.get(f"/console/runs/{other.id}").text


def test_a_file_that_is_no_photo_is_told_so_beside_the_field(client, talk):
    for file, words in (((io.BytesIO(b"GIF89a"), "a.gif"), "只收 JPEG 和 PNG"), (None, "请先选一张照片")):
        given = {"photo": file} if file else {}
        refused = _send(client, talk, f"{talk['page']}/evidence", kind="photo", **given)
        assert (refused.status_code, words in refused.text) == (422, True)


def test_a_picture_is_taken_out_with_a_reason(client, talk):
    _send(client, talk, f"{talk['page']}/evidence", kind="photo", photo=(_picture(), "a.jpg"))
    action = re.search(r'action="([^"]+/remove)"', client.get(talk["page"]).text)[1]  # type: ignore[index]
    assert _send(client, talk, action, reason="").status_code == 422
    gone = _send(client, talk, action, reason="传错了场次")
    assert "已删去" in client.get(gone.location).text
    assert "<img" not in client.get(talk["page"]).text


def test_the_console_lists_what_waits_for_evidence_beside_the_figures(client, talk):
    with unit_of_work():
        run = db.session.get_one(CourseRun, talk["run"])
        run.state, run.closed_at, run.head_count, run.title = "closed", run.ends_at, 72, "社区普及讲座"
    _operator(client)
    assert "其中 72 人次待补佐证" in client.get("/console/progress/?year=2026").text
    rows = client.get("/console/progress/rows?year=2026&metric=popular").text
    assert "待补佐证" in rows
    listed = client.get("/console/runs/?state=closed&evidence=missing").text
    assert "社区普及讲座" in listed
    assert "待补佐证 1" in listed
    assert "请补上佐证" in client.get(f"/console/runs/{talk['run']}").text
    _send(client, talk, f"{talk['page']}/evidence", kind="photo", photo=(_picture(), "a.jpg"))
    assert "待补佐证" not in client.get("/console/progress/?year=2026").text
    assert "社区普及讲座" not in client.get("/console/runs/?state=closed&evidence=missing").text
    assert '<img src="' in client.get(f"/console/runs/{talk['run']}").text


def test_only_who_teaches_it_or_runs_the_office_keeps_the_record(client, talk):
    with factories.made():
        other = factories.run("popular", starts_in=timedelta(hours=-4))
    assert client.get(f"/teach/runs/{other.id}/record").status_code == 404
