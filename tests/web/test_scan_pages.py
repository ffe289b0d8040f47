"""The instructor's pages, by forms alone: today, roster, ticks and undo, the typed code, and what serves the camera."""

import re
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

from chengjiu_mp.checkin.models import CheckIn, Scan
from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.courses.models import Signup
from chengjiu_mp.signin import sessions
from tests import factories


def _sign_in(client: FlaskClient, account_id: int) -> None:
    with unit_of_work():
        token, _ = sessions.open_session("device", account_id)
    with client.session_transaction() as cookie:
        cookie["t"] = token


@pytest.fixture
def class_(app, client):
    """A run that begins in ten minutes with two people of one name; its instructor is signed in."""
    with factories.made():
        teacher = factories.instructor("陈建国")
        run = factories.run(starts_in=timedelta(minutes=10), instructors=[teacher])
        first, second = factories.signup(run, "张伟", phone="13900001111"), factories.signup(run, "张伟", code="AB2C9K")
    _sign_in(client, teacher.account_id or 0)
    path = f"/teach/runs/{run.id}"
    return {"run": run.id, "path": path, "first": first.id, "second": second.id, "account": teacher.account_id}


def _form(client: FlaskClient, path: str, marker: str) -> tuple[str, dict[str, str]]:
    """Return the address and the hidden fields of the page's first form that holds ``marker``."""
    for form in re.findall(r"<form.*?</form>", client.get(path).text, re.DOTALL):
        if marker in form:
            fields = dict(re.findall(r'name="(\w+)"[^>]*? value="([^"]*)"', form))
            return re.search(r'action="([^"]*)"', form)[1], fields  # type: ignore[index]
    raise AssertionError(f"no form with {marker}")


def _submit(client: FlaskClient, path: str, marker: str, **values: str):
    action, fields = _form(client, path, marker)
    return client.post(action, data=fields | values, follow_redirects=True)


def _count(model: type) -> int:
    return db.session.scalar(select(func.count()).select_from(model)) or 0


def test_today_lists_my_runs_by_day(client, class_):
    page = client.get("/teach/").text
    assert class_["path"] in page
    assert "今天" in page
    assert "已到 0/2" in page


def test_today_without_runs_says_so(client, app):
    with factories.made():
        teacher = factories.instructor("刘芳")
    _sign_in(client, teacher.account_id or 0)
    assert "今天没有您的课" in client.get("/teach/").text


def test_a_run_further_ahead_says_when_its_names_come(client, app):
    with factories.made():
        teacher = factories.instructor("刘芳")
        run = factories.run(instructors=[teacher])
    _sign_in(client, teacher.account_id or 0)
    assert "名单在开课前一天开放" in client.get("/teach/").text
    assert client.get(f"/teach/runs/{run.id}").status_code == 403


def test_a_name_is_ticked_and_the_tick_undone(client, class_):
    page = _submit(client, class_["path"], "签到</button>")
    assert "张伟 已签到" in page.text
    assert "已到（1）" in page.text
    assert _count(CheckIn) == 1
    undone = _submit(client, page.request.full_path, "撤销")
    assert "已撤销，本人可以重新签到" in undone.text
    assert _count(CheckIn) == 0


def test_a_form_sent_twice_is_one_scan(client, class_):
    action, fields = _form(client, class_["path"], "签到</button>")
    for _ in range(2):
        assert client.post(action, data=fields).status_code == 303
    assert _count(Scan) == 1


def test_an_older_check_in_is_taken_back_with_a_reason(client, class_):
    _submit(client, class_["path"], "签到</button>")
    _submit(client, class_["path"], "为什么撤销", reason="认错人了")
    assert db.session.scalars(select(Scan.reason).where(Scan.annuls_id.is_not(None))).all() == ["认错人了"]


def test_people_of_one_name_are_told_apart_and_found_by_last_digits(client, class_):
    found = _submit(client, class_["path"], 'role="search"', q="1111").text
    assert "139****1111" in found
    assert "还没到（1）" in found
    assert "没有找到" in _submit(client, class_["path"], 'role="search"', q="赵").text


def test_what_is_searched_for_stays_out_of_the_address(client, class_):
    assert 'method="post"' in re.search(r"<form[^>]*role=.search.[^>]*>", client.get(class_["path"]).text)[0]  # type: ignore[index]


def test_a_typed_code_is_answered_on_the_scan_page(client, class_):
    path = f"{class_['path']}/scan"
    assert 'class="verdict ok"' in _submit(client, path, 'name="code"', code="ab2 c9k").text
    again = _submit(client, path, 'name="code"', code="AB2C9K").text
    assert 'class="verdict warn"' in again
    assert "12:00 已由陈建国签到" in again


def test_a_refused_scan_is_listed_on_the_roster(client, class_):
    assert 'class="verdict bad"' in _submit(client, f"{class_['path']}/scan", 'name="code"', code="ZZZZZZ").text
    page = client.get(class_["path"]).text
    assert "没通过的扫码（1）" in page
    assert "查不到这张票" in page


def test_before_the_window_nobody_can_be_ticked(client, class_, frozen):
    frozen.now -= timedelta(hours=3)
    page = client.get(class_["path"]).text
    assert "起可以签到" in page
    assert "签到</button>" not in page


def test_after_the_window_the_paper_list_is_typed_in(client, class_, frozen):
    frozen.now += timedelta(days=2)
    _sign_in(client, class_["account"])
    assert "补签" in _submit(client, class_["path"], "补签</button>").text
    assert db.session.scalars(select(Scan.source)).one() == "paper"


def test_the_scan_page_names_nobody(client, class_):
    page = client.get(f"{class_['path']}/scan").text
    assert "张伟" not in page
    assert "139" not in page


def test_operators_open_the_roster_in_the_console(client, class_):
    with factories.made():
        boss = factories.account("operator")
    _sign_in(client, boss.id)
    path = f"/console/runs/{class_['run']}/checkins"
    assert "还没到（2）" in client.get(path).text
    page = _submit(client, path, "签到</button>")
    assert page.request.path == path
    assert "已到（1）" in page.text


@pytest.mark.parametrize("tail", ["", "/scan"])
def test_a_strangers_run_is_not_found(client, class_, tail):
    with factories.made():
        stranger = factories.instructor("刘芳")
    _sign_in(client, stranger.account_id or 0)
    assert client.get(class_["path"] + tail).status_code == 404
    tick = {"signup_id": class_["first"], "meeting_id": 1, "nonce": "a" * 26}
    assert client.post(f"{class_['path']}/ticks", data=tick).status_code in (400, 404)
    assert db.session.get_one(Signup, class_["first"]).outcome is None


def test_the_instructors_pages_can_be_put_on_the_home_screen(client, class_):
    assert 'rel="manifest"' in client.get(f"{class_['path']}/scan").text
    reply = client.get("/teach/app.webmanifest")
    assert (reply.mimetype, reply.json["start_url"]) == ("application/manifest+json", "/teach/")
    assert 'href="/teach/app.webmanifest"' in client.get(reply.json["start_url"]).text


def test_the_worker_alone_may_compile_and_the_scan_page_alone_may_use_the_camera(client, class_):
    worker, page = client.get("/scan-worker.js"), client.get(f"{class_['path']}/scan")
    assert "'wasm-unsafe-eval'" in worker.headers["Content-Security-Policy"]
    assert "wasm-unsafe-eval" not in page.headers["Content-Security-Policy"]
    assert "camera=(self)" in page.headers["Permissions-Policy"]
    assert "camera=()" in client.get(class_["path"]).headers["Permissions-Policy"]


def test_the_service_worker_lists_only_what_is_there_and_public(client):
    text = client.get("/sw.js").text
    version, files = re.match(r'const VERSION = "(\w{12})";\nconst FILES = (\[.*?\]);', text).groups()  # type: ignore[union-attr]
    assert version
    for name in re.findall(r'"(.*?)"', files):
        with client.get(name) as reply:
            assert reply.status_code == 200, name
