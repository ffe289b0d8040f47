"""Runs in the console: from the empty form to the closed run."""

import re
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from chengjiu_mp.core import clock
from chengjiu_mp.core.db import db
from chengjiu_mp.courses.groups import seated_by_group
from chengjiu_mp.courses.models import CourseRun, Meeting, SeatPool, Signup
from chengjiu_mp.courses.queries import run_with_seats
from chengjiu_mp.signin import service
from tests import factories

PASSWORD = "Wo-hui-jiu-2026"


def token_in(page: str) -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert found
    return found[1]


def desk(client: FlaskClient, role: str = "operator", unit_code: str | None = None) -> FlaskClient:
    with factories.made():
        unit = factories.unit(unit_code or "chengjiang")
        account = service.add_account("周敏", username="zhoumin", password=PASSWORD)
        service.grant_role(account, role, unit_id=unit.id if unit_code else None)
    page = client.get("/console/signin").text
    client.post("/console/signin", data={"csrf_token": token_in(page), "username": "zhoumin", "password": PASSWORD})
    return client


def post(client: FlaskClient, page: str, action: str, **fields: Any) -> Any:
    """Send a form as the page at ``page`` would."""
    return client.post(action, data={"csrf_token": token_in(client.get(page).text), **fields})


def filled(**changes: Any) -> dict[str, Any]:
    with factories.made():
        teacher = factories.instructor()
        made = {"unit_id": factories.unit().id, "venue_id": factories.venue().id, "instructor_ids": [teacher.id]}
    times = {"m1.day": "2026-12-05", "m1.begins": "14:00", "m1.ends": "17:00"}
    return {"kind": "cpr_aed", "sector": "school", "audience": "unit", "title": "周末班", **made, **times, **changes}


def a_run(**values: Any) -> int:
    with factories.made():
        return factories.run(**values).id


def test_a_run_is_drafted_and_published_in_local_time(client: FlaskClient) -> None:
    desk(client)
    reply = post(client, "/console/runs/new", "/console/runs/new", **filled(capacity="24"))
    run = db.session.scalars(select(CourseRun)).one()
    assert (reply.status_code, reply.headers["Location"]) == (303, f"/console/runs/{run.id}")
    assert (run.starts_at, run.open_to_all) == (clock.at_local(clock.local(run.starts_at).date(), 14), False)
    page = client.get(f"/console/runs/{run.id}/publish").text
    assert page.count("待业务核实") == 7
    assert "24 个名额，1 名师资" in page
    post(client, f"/console/runs/{run.id}/publish", f"/console/runs/{run.id}/publish")
    db.session.expire_all()
    assert run.state == "published"
    assert f"/api/v1/runs/{run.id}/poster.png" in client.get(f"/console/runs/{run.id}").text


@pytest.mark.parametrize(("role", "named"), [("operator", True), ("auditor", False)])
def test_the_page_of_a_run_lists_what_checked_nobody_in(client: FlaskClient, role: str, named: bool) -> None:
    with factories.made():
        run = factories.run(starts_in=timedelta(minutes=10))
        factories.signup(run, "欧阳娜娜")
        gone = factories.signup(run, "张三", state="withdrawn")
        meeting = db.session.scalars(select(Meeting.id).where(Meeting.run_id == run.id)).one()
        teller = factories.bearer("operator")
        ticket = factories.ticket(gone)
    scans = [
        {"nonce": f"refused-{n}", "ticket": one, "meeting_id": meeting, "source": "camera",
         "scanned_at": clock.now().isoformat()}
        for n, one in enumerate((ticket, "a" * 26))
    ]  # fmt: skip
    assert "没通过的扫码" not in desk(client, role).get(f"/console/runs/{run.id}").text
    sent = client.post(f"/api/v1/runs/{run.id}/scans", json={"scans": scans}, headers=teller)
    assert [one["verdict"] for one in sent.get_json()["items"]] == ["refused", "refused"]
    page = client.get(f"/console/runs/{run.id}").text
    shown = re.search(r"没通过的扫码（2）</summary>.*?</details>", page, re.DOTALL)
    assert shown
    assert "扫码" in shown[0]
    assert ("张三" in shown[0]) is named


def test_a_form_with_mistakes_keeps_what_was_typed(client: FlaskClient) -> None:
    desk(client)
    content = filled(capacity="many", title="周末<班>")
    reply = post(client, "/console/runs/new", "/console/runs/new", **content)
    assert reply.status_code == 422
    assert 'href="#f-capacity"' in reply.text
    assert 'value="周末&lt;班&gt;"' in reply.text
    assert f'value="{content["instructor_ids"][0]}" checked' in reply.text
    half = post(client, "/console/runs/new", "/console/runs/new", **filled(**{"m1.ends": ""}))
    assert "日期、开始和结束时间都要填" in half.text


def test_a_draft_comes_back_into_the_form(client: FlaskClient) -> None:
    desk(client)
    post(client, "/console/runs/new", "/console/runs/new", **filled(capacity="24"))
    run = db.session.scalars(select(CourseRun.id)).one()
    page = f"/console/runs/{run}/edit"
    text = client.get(page).text
    assert 'value="2026-12-05"' in text
    assert 'value="14:00"' in text
    changed = filled(capacity="30", title="改过的标题")
    assert post(client, page, page, **changed).status_code == 303
    assert db.session.scalars(select(SeatPool.capacity)).one() == 30


def test_a_unit_sees_and_drafts_its_own(client: FlaskClient) -> None:
    mine, with_other = a_run(title="本街道的"), None
    with factories.made():
        with_other = factories.run(title="别处的", unit_id=factories.unit("nanzha").id).id
    desk(client, "unit_manager", "chengjiang")
    page = client.get("/console/runs/").text
    assert ("本街道的" in page, "别处的" in page) == (True, False)
    assert client.get(f"/console/runs/{mine}").status_code == 200
    assert client.get(f"/console/runs/{with_other}").status_code == 404
    assert client.get(f"/console/runs/{mine}/publish").status_code == 403


def test_the_roster_is_masked(client: FlaskClient) -> None:
    run = a_run()
    with factories.made():
        row = factories.signup(db.session.get_one(CourseRun, run), "欧阳娜娜", phone="13800138000")
    text = desk(client).get(f"/console/runs/{run}").text
    assert "欧阳娜娜" in text
    assert "138****8000" in text
    assert "13800138000" not in text
    assert re.search(r"居民身份证尾号 [0-9]{3}[0-9X]", text)
    assert row.code not in text


def test_every_trainee_is_in_one_group_and_the_groups_sum_to_the_seated(client: FlaskClient) -> None:
    run = a_run()
    with factories.made():
        of = db.session.get_one(CourseRun, run)
        for group in ("students", "students", "medical", "other"):
            factories.signup(of, key_group=group)
        factories.signup(of, state="withdrawn", key_group="police")
    text = desk(client).get(f"/console/runs/{run}").text
    assert "学生 2 人，医疗机构人员 1 人，其他 1 人，共 4 人" in text
    assert sum(seated_by_group(run).values()) == run_with_seats(run).pool.taken == 4


def test_capacity_goes_up_and_not_below_the_seated(client: FlaskClient) -> None:
    run = a_run(capacity=2)
    with factories.made():
        factories.signup(db.session.get_one(CourseRun, run))
        factories.signup(db.session.get_one(CourseRun, run))
    desk(client)
    page = f"/console/runs/{run}"
    assert post(client, page, f"{page}/capacity", capacity="3").status_code == 303
    reply = post(client, page, f"{page}/capacity", capacity="1")
    assert (reply.status_code, "名额不能少于 2" in reply.text) == (409, True)


def test_a_run_is_closed_with_its_heads(client: FlaskClient) -> None:
    run = a_run(kind="popular", starts_in=clock.now() - clock.now())
    desk(client)
    page = f"/console/runs/{run}"
    unsure = post(client, page, f"{page}/close", head_count="120")
    assert (unsure.status_code, "请先勾选" in unsure.text) == (422, True)
    missing = post(client, page, f"{page}/close", sure="1")
    assert (missing.status_code, "请填写实到人数" in missing.text) == (422, True)
    assert post(client, page, f"{page}/close", head_count="120", sure="1").status_code == 303
    assert ">120 " in client.get(page).text


def test_a_place_is_given_back_on_somebodys_word(client: FlaskClient) -> None:
    run = a_run()
    with factories.made():
        row = factories.signup(db.session.get_one(CourseRun, run))
    desk(client)
    page = f"/console/runs/{run}"
    assert post(client, page, f"{page}/signups/{row.id}/withdraw", reason="来电取消").status_code == 303
    kept = db.session.get_one(Signup, row.id, populate_existing=True)
    assert (kept.state, kept.note) == ("withdrawn", "来电取消")
    assert post(client, page, f"/console/runs/{a_run()}/signups/{row.id}/withdraw").status_code == 404


def test_a_run_is_called_off(client: FlaskClient) -> None:
    run = a_run()
    desk(client)
    page = f"/console/runs/{run}"
    post(client, f"{page}/cancel", f"{page}/cancel", reason="场地停电", sure="1")
    assert "停课" in client.get(page).text
    assert post(client, page, f"{page}/capacity", capacity="9").status_code == 409


@pytest.mark.parametrize("path", ["/console/runs/", "/console/runs/new", "/console/settings/"])
def test_the_public_is_sent_to_sign_in(client: FlaskClient, path: str) -> None:
    assert client.get(path).headers["Location"].startswith("/console/signin?next=")


def test_settings_mark_what_nobody_has_confirmed(client: FlaskClient) -> None:
    desk(client, "auditor")
    text = client.get("/console/settings/").text
    assert "初级救护员" in text
    assert text.count("待业务核实") > 10
