"""The hall's screen and a phone in a real Chromium: the code rotates, is scanned, and is never shown dead."""

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page
from sqlalchemy import select

from chengjiu_mp.checkin.models import CheckIn
from chengjiu_mp.checkin.wall_models import WallDisplay
from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.courses.models import Signup
from chengjiu_mp.signin import sessions
from tests.pictures import code_in
from tests.web.hall import PHONE, Hall, hall_of

pytestmark = pytest.mark.browser
HALL_SCREEN = {"width": 1280, "height": 720}
SHOTS = os.environ.get("WALL_SHOTS", "")


@pytest.fixture
def hall(base_settings, sqlite_template, tmp_path, frozen) -> Iterator[Hall]:
    with hall_of(base_settings, sqlite_template, tmp_path, ["欧阳娜娜", "张三", "李小明"]) as made:
        yield made


def trainee(hall: Hall, *names: str) -> dict[str, Any]:
    """Return the cookie of a phone on which these people signed up."""
    with hall.app.app_context(), unit_of_work():
        token, row = sessions.open_session("device")
        for name in names:
            db.session.get_one(Signup, hall.signups[name]).device_id = row.id
    signer = hall.app.session_interface.get_signing_serializer(hall.app)  # type: ignore[attr-defined]
    return {"name": "sid", "value": signer.dumps({"t": token, "_permanent": True}), "url": hall.url}


@contextmanager
def looking(browser: Browser, cookie: dict[str, Any] | None, size: dict[str, int], **options: Any) -> Iterator[Page]:
    around = browser.new_context(viewport=size, locale="zh-CN", **options)  # type: ignore[arg-type]
    if cookie:
        around.add_cookies([cookie])  # type: ignore[list-item]
    page = around.new_page()
    page.on("pageerror", lambda error: pytest.fail(str(error)))
    yield page
    around.close()


def on_the_wall(page: Page, hall: Hall) -> None:
    page.goto(hall.path("/wall"))
    page.click("text=打开墙上的码 >> nth=-1")
    page.wait_for_selector("[data-qr] svg")
    page.wait_for_load_state()  # with its style sheet: without, the code is as large as the window is wide


def asked(hall: Hall, page: Page) -> dict[str, Any]:
    """Return what the screen is told to show now."""
    found: dict[str, Any] = page.request.get(f"{hall.url}{page.get_attribute('[data-wall]', 'data-wall')}").json()
    return found


def code(hall: Hall, page: Page) -> str:
    """Return the address that the screen shows now, on this test's server."""
    return f"{hall.url}/w/{asked(hall, page)['url'].rpartition('/')[2]}"


def shot(page: Page, name: str) -> None:
    if SHOTS:
        page.screenshot(path=f"{SHOTS}/{name}.png", full_page=True)


def test_the_screen_rotates_and_a_phone_checks_in(hall: Hall, browser: Browser, frozen):
    frozen.now += timedelta(seconds=14.5)
    with looking(browser, hall.cookie(), HALL_SCREEN) as wall, looking(browser, trainee(hall, "张三"), PHONE) as phone:
        on_the_wall(wall, hall)
        first = int(wall.get_attribute("[data-wall]", "data-counter") or 0)
        drawn = wall.inner_html("[data-qr]")
        phone.goto(code(hall, wall))
        assert phone.inner_text(".figure") == "张三"
        phone.click("text=我到了，签到")
        phone.wait_for_url("**/w/done")
        assert "签到成功，12:00" in phone.inner_text(".verdict.ok")
        frozen.now += timedelta(seconds=1)
        wall.wait_for_selector(f"[data-counter='{first + 1}']")
        wall.wait_for_selector("[data-arrived] >> text=1")
        assert wall.inner_html("[data-qr]") != drawn
        assert wall.is_hidden("[data-dead]")
    assert [row.signup_id for row in hall.rows(CheckIn)] == [hall.signups["张三"]]


def test_a_screenshot_of_forty_seconds_ago_is_refused(hall: Hall, browser: Browser, frozen):
    """feat-B3."""
    with looking(browser, hall.cookie(), HALL_SCREEN) as wall, looking(browser, trainee(hall, "张三"), PHONE) as phone:
        on_the_wall(wall, hall)
        old = code(hall, wall)
        frozen.now += timedelta(seconds=40)
        phone.goto(old)
        assert "二维码已过期，请对着大屏幕再扫一次。" in phone.inner_text("main")
        phone.goto(code(hall, wall))
        assert phone.is_visible("text=我到了，签到")
    assert hall.rows(CheckIn) == []


def test_without_network_the_screen_says_so_and_comes_back(hall: Hall, browser: Browser):
    with looking(browser, hall.cookie(), HALL_SCREEN) as wall:
        wall.clock.install()
        on_the_wall(wall, hall)
        # The code is drawn by the server; the script counts its life from the moment it starts. It shows this button last.
        wall.wait_for_selector("[data-full]")
        wall.context.set_offline(True)
        wall.clock.fast_forward(14_000)
        assert wall.is_hidden("[data-dead]")
        wall.clock.fast_forward(17_000)
        wall.wait_for_selector("text=网络断了")
        shot(wall, "wall-offline")
        wall.context.set_offline(False)
        wall.clock.fast_forward(2_000)
        wall.wait_for_selector("[data-dead]", state="hidden")


def test_the_second_scan_is_announced_when_it_begins(hall: Hall, browser: Browser, frozen):
    with looking(browser, hall.cookie(), HALL_SCREEN) as wall, looking(browser, trainee(hall, "张三"), PHONE) as phone:
        on_the_wall(wall, hall)
        phone.goto(code(hall, wall))
        phone.click("text=我到了，签到")
        phone.wait_for_url("**/w/done")
        assert wall.is_hidden("[data-second]")
        with hall.app.app_context():
            frozen.now = db.session.scalars(select(WallDisplay.second_at)).one()
        wall.reload()
        wall.wait_for_selector("[data-second] >> text=第二次扫码")
        shot(wall, "wall-second")
        phone.goto(code(hall, wall))
        shot(phone, "phone-second")
        phone.click("text=我还在，第二次签到")
        phone.wait_for_url("**/w/done")
        assert "第二次扫码已记下" in phone.inner_text("main")


@pytest.mark.parametrize(
    "size", [HALL_SCREEN, {"width": 1920, "height": 1080}, {"width": 1024, "height": 768}, PHONE],
    ids=["projector", "full-hd", "tablet", "phone"],
)  # fmt: skip
def test_the_whole_code_and_every_word_stand_on_the_screen(hall: Hall, browser: Browser, size):
    with looking(browser, hall.cookie(), size) as wall:
        on_the_wall(wall, hall)
        shot(wall, f"wall-{size['width']}")
        box = wall.locator("[data-qr] svg").bounding_box()
        assert box is not None
        # A reader needs a code of a tenth of its distance: on a screen 2.4 m wide, half its height reaches 7 m.
        assert box["height"] >= (0.55 * size["height"] if size["width"] > size["height"] else 0.8 * size["width"])
        assert box["y"] + box["height"] <= size["height"]
        assert code_in(Image.open(io.BytesIO(wall.screenshot()))) == asked(hall, wall)["url"]
        assert wall.evaluate("document.documentElement.scrollWidth") <= size["width"]
        if size["width"] > size["height"]:
            assert wall.evaluate("document.documentElement.scrollHeight") <= size["height"]


def test_without_script_the_screen_loads_itself_again(hall: Hall, browser: Browser):
    with looking(browser, hall.cookie(), HALL_SCREEN, java_script_enabled=False) as wall:
        on_the_wall(wall, hall)
        assert wall.locator("noscript").count() == 1
        assert '<meta http-equiv="refresh" content="15">' in wall.content()


def test_ending_the_display_ends_its_codes(hall: Hall, browser: Browser):
    with looking(browser, hall.cookie(), HALL_SCREEN) as wall, looking(browser, trainee(hall, "张三"), PHONE) as phone:
        on_the_wall(wall, hall)
        last = code(hall, wall)
        address = wall.url
        wall.click("summary:has-text('收起签到码')")
        wall.click("form button:has-text('收起')")
        wall.wait_for_url(f"**/teach/runs/{hall.run_id}?*")
        shot(wall, "roster-1280")
        phone.goto(last)
        assert "已经收起" in phone.inner_text("main")
        wall.goto(address)
        assert "已经收起" in wall.inner_text("main")
