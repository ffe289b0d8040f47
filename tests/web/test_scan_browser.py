"""The scan page in a real Chromium with a camera that sees tickets: answers, no network, and what it may not do."""

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from chengjiu_mp.checkin.models import CheckIn, Scan
from chengjiu_mp.core import clock
from tests.web.hall import VENDOR, Hall, film, hall_of, needs_decoder, phone, sees_ticket, type_code

pytestmark = pytest.mark.browser
OFF = "net::ERR_INTERNET_DISCONNECTED"


@pytest.fixture
def hall(base_settings, sqlite_template, tmp_path) -> Iterator[Hall]:
    with hall_of(base_settings, sqlite_template, tmp_path, ["欧阳娜娜", "张三"]) as made:
        yield made


@pytest.fixture
def sees(hall, tmp_path) -> Path:
    return sees_ticket(hall, tmp_path)


def _open(page: Page, hall: Hall) -> None:
    """Open the scan page and wait until the phone has kept it and knows the names."""
    page.goto(hall.path("/scan"))
    page.wait_for_selector("body[data-kept][data-names='2']")


def _answer(page: Page, tone: str) -> str:
    return page.wait_for_selector(f"[data-answer] .verdict.{tone}").inner_text()  # type: ignore[union-attr]


def test_the_decoders_two_files_belong_together():
    needs_decoder()
    wasm = hashlib.sha256((VENDOR / "zxing_reader-3.1.4.wasm").read_bytes()).hexdigest()
    assert wasm in (VENDOR / "zxing-reader-3.1.4.js").read_text()


def test_a_ticket_turns_green_then_amber_with_time_and_name(hall: Hall, sees: Path, browser: Browser):
    with phone(browser, hall, sees) as (page, _, wrong):
        _open(page, hall)
        page.click("[data-open]")
        assert "欧阳娜娜\n\n签到成功" in _answer(page, "ok")
        page.wait_for_selector("[data-arrived] >> text=1")
        again = _answer(page, "warn")
        assert wrong == []
    first = hall.rows(CheckIn)[0].first_at
    assert f"{clock.local(first):%H:%M} 已由陈建国签到" in again
    assert [scan.source for scan in hall.rows(Scan)][:2] == ["camera", "camera"]


def test_a_code_that_is_no_ticket_turns_red(hall: Hall, sees: Path, tmp_path: Path, browser: Browser):
    sees = film(tmp_path / "poster.mjpeg", "https://example.test/s/" + "a" * 26)
    with phone(browser, hall, sees) as (page, _, wrong):
        _open(page, hall)
        page.click("[data-open]")
        assert "这不是票上的二维码" in _answer(page, "bad")
        assert wrong == []


def test_scans_without_network_wait_survive_a_reload_and_keep_their_time(hall: Hall, sees: Path, browser: Browser):
    with phone(browser, hall, sees) as (page, around, wrong):
        _open(page, hall)
        around.set_offline(True)
        page.click("[data-open]")
        assert "欧阳娜娜\n\n离线已记下" in _answer(page, "ok")
        page.wait_for_selector("text=离线，待同步 1")
        page.reload()
        page.wait_for_selector("text=离线，待同步 1")
        seen = clock.now()
        assert hall.rows(CheckIn) == []
        around.set_offline(False)
        page.wait_for_selector("[data-net]", state="hidden")
        page.wait_for_selector("[data-arrived] >> text=1")
        assert [said for said in wrong if OFF not in said] == []
    (scan,) = hall.rows(Scan)
    assert (scan.verdict, scan.reason) == ("accepted", "")
    assert hall.rows(CheckIn)[0].first_at == scan.scanned_at < seen < scan.received_at


def test_without_network_the_phone_says_what_it_knows_and_what_not(hall: Hall, sees: Path, browser: Browser):
    with phone(browser, hall, sees) as (page, around, _):
        _open(page, hall)
        type_code(page, hall.code("张三"))
        assert "张三" in _answer(page, "ok")
        page.reload()
        page.wait_for_selector("body[data-kept][data-names='2']")
        around.set_offline(True)
        type_code(page, hall.code("张三"))
        assert "张*\n\n已签过到" in _answer(page, "warn")
        type_code(page, "ZZZZZZ")
        assert "手机名单里没有" in _answer(page, "bad")
        type_code(page, hall.code("欧阳娜娜"))
        assert "离线已记下" in _answer(page, "ok")
        type_code(page, hall.code("欧阳娜娜"))
        assert "刚扫过" in _answer(page, "warn")
        assert "待同步 4" in page.inner_text("[data-net]")


def test_without_network_the_phone_does_not_wait(hall: Hall, sees: Path, browser: Browser):
    """No reply ever comes, and no clock strikes: what is answered is answered at once."""
    with phone(browser, hall, sees) as (page, around, _):
        _open(page, hall)
        around.set_offline(True)
        page.evaluate("window.fetch = () => new Promise(() => {}); window.setTimeout = () => 0")
        type_code(page, hall.code("张三"))
        assert "离线已记下" in _answer(page, "ok")


def test_a_server_that_does_not_answer_is_said_to_be_away_until_it_does(hall: Hall, sees: Path, browser: Browser):
    with phone(browser, hall, sees) as (page, around, _):
        _open(page, hall)
        # The browser itself gives up on a request after ten seconds: here when it is told to.
        page.evaluate(
            """() => {
                const soon = window.setTimeout.bind(window);
                window.late = [];
                window.setTimeout = (act, after, ...more) => (after >= 10000 ? late.push(act) : soon(act, after, ...more));
            }"""
        )
        around.route("**/scans", lambda _route: None)
        type_code(page, hall.code("张三"))
        assert "离线已记下" in _answer(page, "ok")
        page.wait_for_selector("[data-net] >> text=离线，待同步 1")
        type_code(page, hall.code("欧阳娜娜"))
        page.wait_for_selector("[data-net] >> text=离线，待同步 2")
        around.unroute("**/scans")
        page.evaluate("late.forEach((act) => act())")
        page.wait_for_selector("[data-arrived] >> text=2")
        page.wait_for_selector("[data-net]", state="hidden")
    assert len(hall.rows(CheckIn)) == 2


def test_a_network_that_leads_nowhere_is_said_before_anybody_is_scanned(hall: Hall, sees: Path, browser: Browser):
    with phone(browser, hall, sees) as (page, around, _):
        _open(page, hall)
        around.route("**/checkins?*", lambda route: route.abort())
        page.wait_for_selector("[data-net] >> text=离线，扫到的会先存在手机里")
        around.unroute("**/checkins?*")
        page.wait_for_selector("[data-net]", state="hidden")


def test_a_page_the_phone_has_not_kept_says_so(hall: Hall, sees: Path, browser: Browser):
    with phone(browser, hall, sees) as (page, around, _):
        _open(page, hall)
        around.set_offline(True)
        page.goto(hall.path())
        assert "现在没有网络" in page.inner_text("main")


def test_opened_from_the_home_screen_without_network_the_kept_runs_are_there(hall: Hall, sees: Path, browser: Browser):
    with phone(browser, hall, sees) as (page, around, _):
        _open(page, hall)
        start = page.evaluate(
            "fetch(document.querySelector('link[rel=manifest]').href).then((r) => r.json()).then((m) => m.start_url)"
        )
        around.set_offline(True)
        page.goto(hall.url + start)
        page.wait_for_selector(f"[data-kept-runs] >> text={hall.run.title}")
        page.click("[data-kept-runs] a")
        page.wait_for_selector("#scan")
        type_code(page, hall.code("张三"))
        assert "离线已记下" in _answer(page, "warn")


def test_where_no_run_is_kept_none_is_offered(hall: Hall, sees: Path, browser: Browser):
    with phone(browser, hall, sees) as (page, _around, _wrong):
        page.goto(f"{hall.url}/teach/offline")
        page.wait_for_selector("body[data-listed='0']")
        assert page.is_hidden("[data-kept-runs]")


def test_a_sign_in_in_between_loses_no_scan(hall: Hall, sees: Path, browser: Browser):
    """The page's token is of the first sign-in; the phone fetches a new one and sends again."""
    with phone(browser, hall, sees) as (page, around, _):
        _open(page, hall)
        around.clear_cookies()
        around.add_cookies([hall.cookie()])  # type: ignore[list-item]
        type_code(page, hall.code("张三"))
        assert "张三\n\n签到成功" in _answer(page, "ok")


def test_who_is_signed_out_is_told_and_keeps_the_scan(hall: Hall, sees: Path, browser: Browser):
    with phone(browser, hall, sees) as (page, around, _):
        _open(page, hall)
        around.clear_cookies()
        type_code(page, hall.code("张三"))
        page.wait_for_selector("text=登录已过期，扫到的还在手机里（1）")
        assert "/signin?next=" in (page.get_attribute("[data-net] a", "href") or "")
        around.add_cookies([hall.cookie()])  # type: ignore[list-item]
        page.goto(hall.path())
        page.wait_for_selector("text=都已上传")
    assert len(hall.rows(CheckIn)) == 1


@pytest.mark.parametrize("missing", ["WebAssembly", "navigator.mediaDevices"])
def test_where_the_camera_cannot_work_the_code_still_does(hall: Hall, sees: Path, browser: Browser, missing: str):
    take_away = {
        "WebAssembly": "delete window.WebAssembly",
        "navigator.mediaDevices": "Object.defineProperty(navigator, 'mediaDevices', {value: undefined})",
    }[missing]
    with phone(browser, hall, sees) as (page, around, wrong):
        around.add_init_script(take_away)
        page.goto(hall.path("/scan"))
        assert "输入票上的六位码" in page.inner_text("[data-camera-words]")
        assert page.is_hidden("[data-open]")
        type_code(page, hall.code("张三"))
        assert "签到成功" in _answer(page, "ok")
        assert wrong == []


@pytest.mark.parametrize("view", ["plain", "elder"])
def test_the_code_and_every_button_are_within_reach(hall: Hall, sees: Path, browser: Browser, view: str):
    with phone(browser, hall, sees) as (page, around, _):
        around.add_cookies([{"name": "view", "value": view, "url": hall.url}])
        page.goto(hall.path("/scan"))
        page.wait_for_selector("[data-toggles]", state="visible")
        field = page.locator("#f-code").bounding_box()
        assert field is not None
        assert field["y"] + field["height"] <= 844
        small = page.evaluate(
            "[...document.querySelectorAll('main button, main form a, .act input, .act button')].filter((e) => e.offsetParent)"
            ".map((e) => e.getBoundingClientRect()).filter((r) => r.height < 44 || r.width < 44).length"
        )
        assert small == 0
        assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_no_page_may_load_from_elsewhere():
    for file in (VENDOR.parent).glob("s*.js"):
        assert not re.search(r"https?://", file.read_text()), file.name
