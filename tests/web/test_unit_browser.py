"""A unit's code on the scan page in a real Chromium: without network, and on a helper's phone (feat-B13)."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from chengjiu_mp.checkin import devices
from chengjiu_mp.checkin.models import CheckIn, Scan
from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.courses.models import Signup
from chengjiu_mp.signin.service import principal_of_account
from tests import factories
from tests.web.hall import Hall, film, hall_of, needs_decoder, phone

pytestmark = pytest.mark.browser
TEACHERS = [f"教师{n:02}" for n in range(30)]


@pytest.fixture
def hall(base_settings, sqlite_template, tmp_path) -> Iterator[Hall]:
    with hall_of(base_settings, sqlite_template, tmp_path, ["欧阳娜娜", *TEACHERS]) as made:
        with made.app.app_context(), unit_of_work():
            school = factories.child_unit(name="澄江中心小学")
            made.unit_id = school.id  # type: ignore[attr-defined]
            for name in TEACHERS:
                db.session.get_one(Signup, made.signups[name]).owner_unit_id = school.id
        yield made


def _film(hall: Hall, place: Path) -> Path:
    needs_decoder()
    return film(place / "unit.mjpeg", hall.path(f"/group?unit={hall.unit_id}"))  # type: ignore[attr-defined]


def _tick_all_but(page: Page, left: int) -> None:
    boxes = page.locator("[data-unit] input")
    assert boxes.count() == 30
    for at in range(left):
        boxes.nth(at).uncheck()
    page.click(f"[data-unit] button:has-text('给勾选的 {30 - left} 人签到')")


def test_without_network_the_units_people_are_ticked_and_sent_once_later(hall: Hall, tmp_path: Path, browser: Browser):
    with phone(browser, hall, _film(hall, tmp_path)) as (page, around, _):
        page.goto(hall.path("/scan"))
        page.wait_for_selector("body[data-kept][data-names='31']")
        around.set_offline(True)
        page.click("[data-open]")
        page.wait_for_selector("[data-unit]:not([hidden])")
        assert "这个单位 30 人" in page.inner_text("[data-unit-words]")
        _tick_all_but(page, 3)
        page.wait_for_selector("[data-answer] .verdict.warn:has-text('记下了 27 人')")
        assert hall.rows(Scan) == []
        sent: list[str] = []
        page.on("request", lambda one: sent.append(one.url) if one.method == "POST" else None)
        around.set_offline(False)
        page.wait_for_selector("[data-arrived]:has-text('27')")
        assert [one.rpartition("/")[2] for one in sent] == ["scans"]
    in_order = sorted(TEACHERS, key=lambda name: str(TEACHERS.index(name) + 1))
    assert {row.signup_id for row in hall.rows(CheckIn)} == {hall.signups[name] for name in in_order[3:]}


def _helper(hall: Hall, page: Page, around: BrowserContext) -> None:
    with hall.app.app_context(), unit_of_work():
        url = devices.invitation_url(devices.invite(hall.run_id, principal_of_account(hall.account_id or 0)))
    around.clear_cookies()
    page.goto(f"{hall.url}/h/{url.rpartition('/')[2]}")
    page.fill("#f-label", "李明")
    page.press("#f-label", "Enter")
    page.wait_for_selector("body[data-names='31']")
    page.click("[data-open]")
    page.wait_for_selector("[data-unit]:not([hidden])")


def test_who_is_refused_is_named_and_not_counted(hall: Hall, tmp_path: Path, browser: Browser):
    with phone(browser, hall, _film(hall, tmp_path)) as (page, around, _):
        _helper(hall, page, around)
        with hall.app.app_context(), unit_of_work():
            gone = db.session.get_one(Signup, hall.signups[TEACHERS[0]])
            gone.state, gone.position = "withdrawn", None
        _tick_all_but(page, 0)
        page.wait_for_selector("[data-answer] .verdict.warn:has-text('记下了 29 人')")
        assert "1 人没有记上：教*" in page.inner_text("[data-answer]")
    assert len(hall.rows(CheckIn)) == 29


def test_a_phone_that_is_taken_back_lets_go_of_the_units_names(hall: Hall, tmp_path: Path, browser: Browser):
    with phone(browser, hall, _film(hall, tmp_path)) as (page, around, _):
        _helper(hall, page, around)
        with hall.app.app_context(), unit_of_work():
            devices.revoke_all(hall.run_id, principal_of_account(hall.account_id or 0))
        page.evaluate("dispatchEvent(new Event('online'))")
        page.wait_for_selector("[data-answer] .verdict:has-text('签到权限已收回')")
        page.wait_for_selector("[data-unit]", state="hidden")
        assert page.locator("[data-unit] li").count() == 0


def test_a_helpers_phone_ticks_a_unit_and_stays_on_its_page(hall: Hall, tmp_path: Path, browser: Browser):
    with phone(browser, hall, _film(hall, tmp_path)) as (page, around, wrong):
        _helper(hall, page, around)
        _tick_all_but(page, 3)
        page.wait_for_selector("[data-answer] .verdict.ok:has-text('记下了 27 人')")
        assert page.url.endswith("/scan")
        assert wrong == []
    assert {row.by_name for row in hall.rows(CheckIn)} == {"助手 李明"}
    assert len(hall.rows(CheckIn)) == 27
