"""签退 in a real Chromium: by camera, by code and by name, with the server and without a network."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from chengjiu_mp.checkin.attended_models import ExitScan
from chengjiu_mp.checkin.models import CheckIn
from chengjiu_mp.core import clock
from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.courses.models import CourseRun, Syllabus
from tests.web.hall import Hall, hall_of, phone, sees_ticket, type_code

pytestmark = pytest.mark.browser


@pytest.fixture
def hall(base_settings, sqlite_template, tmp_path) -> Iterator[Hall]:
    with hall_of(base_settings, sqlite_template, tmp_path, ["欧阳娜娜", "张三", "李小明"]) as made:
        with made.app.app_context(), unit_of_work():
            db.session.get_one(Syllabus, db.session.get_one(CourseRun, made.run_id).syllabus_id).exit_scan = True
        yield made


@pytest.fixture
def sees(hall, tmp_path) -> Path:
    return sees_ticket(hall, tmp_path)


def _open(page: Page, hall: Hall) -> None:
    page.goto(hall.path("/scan"))
    page.wait_for_selector("body[data-kept][data-names='3']")


def _answer(page: Page, tone: str, words: str) -> str:
    return page.wait_for_selector(f"[data-answer] .verdict.{tone}:has-text('{words}')").inner_text()  # type: ignore[union-attr]


def test_a_camera_scans_people_in_and_then_out(hall: Hall, sees: Path, browser: Browser):
    with phone(browser, hall, sees) as (page, _, wrong):
        _open(page, hall)
        assert page.get_attribute("[data-ways] button[value=in]", "aria-pressed") == "true"
        page.click("[data-open]")
        _answer(page, "ok", "签到成功")
        page.click("[data-ways] button[value=out]")
        _answer(page, "idle", "现在是签退")
        assert page.inner_text(".scan-code .btn") == "签退"
        assert "欧阳娜娜" in _answer(page, "ok", "已签退")
        assert wrong == []
    left = hall.rows(ExitScan)
    assert {row.signup_id for row in left} == {hall.signups["欧阳娜娜"]}
    assert left[0].scanned_at > hall.rows(CheckIn)[0].first_at


def test_who_did_not_come_cannot_leave(hall: Hall, sees: Path, browser: Browser):
    with phone(browser, hall, sees) as (page, _, _wrong):
        _open(page, hall)
        page.click("[data-ways] button[value=out]")
        type_code(page, hall.code("张三"))
        assert "请先签到或补签" in _answer(page, "bad", "这一课没有签到")
        page.reload()
        page.wait_for_selector("[data-ways] button[value=in][aria-pressed=true]")
    assert hall.rows(ExitScan) == []


def test_without_network_leaving_waits_behind_coming_and_keeps_its_time(hall: Hall, sees: Path, browser: Browser):
    with phone(browser, hall, sees) as (page, around, _wrong):
        _open(page, hall)
        around.set_offline(True)
        page.click("[data-ways] button[value=out]")
        type_code(page, hall.code("张三"))
        _answer(page, "warn", "还没有签到")
        page.click("[data-ways] button[value=in]")
        type_code(page, hall.code("李小明"))
        _answer(page, "ok", "离线已记下")
        page.click("[data-ways] button[value=out]")
        page.fill("#f-find", "李")
        page.click("[data-found] button:has-text('签退')")
        _answer(page, "ok", "离线已记下签退")
        page.wait_for_selector("[data-found] >> text=待上传")
        page.wait_for_selector("text=离线，待同步 3")
        page.reload()
        page.wait_for_selector("text=离线，待同步 3")
        seen = clock.now()
        around.set_offline(False)
        page.wait_for_selector("[data-net]:has-text('有 1 条上传后没有通过'), [data-net][hidden]", state="attached")
        page.wait_for_selector("[data-arrived] >> text=1")
        page.wait_for_function("document.querySelector('[data-net-words]').textContent.indexOf('待同步') < 0")
    (left,) = hall.rows(ExitScan)
    assert left.signup_id == hall.signups["李小明"]
    assert hall.rows(CheckIn)[0].first_at < left.scanned_at < seen < left.received_at


def test_without_an_exit_scan_in_the_syllabus_there_is_no_such_choice(hall: Hall, sees: Path, browser: Browser):
    with hall.app.app_context(), unit_of_work():
        db.session.get_one(Syllabus, db.session.get_one(CourseRun, hall.run_id).syllabus_id).exit_scan = False
    with phone(browser, hall, sees) as (page, _, _wrong):
        _open(page, hall)
        assert page.locator("[data-ways]").count() == 0
