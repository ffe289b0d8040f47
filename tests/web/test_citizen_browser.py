"""The citizen's way on a phone's screen: what is in sight, with and without script, and who else can read it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page
from sqlalchemy import select

from chengjiu_mp.config import Settings
from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.courses.models import Signup
from tests import factories
from tests.web.serving import PHONE, Site, served

pytestmark = pytest.mark.browser

LONG = "“我会救”进企业：江阴高新技术产业开发区滨江东路长山工业园专场"


@pytest.fixture
def site(base_settings: Settings, sqlite_template: Path, tmp_path: Path) -> Iterator[Site]:
    with served(base_settings, sqlite_template, tmp_path) as found:
        yield found


def fill_in(page: Page) -> None:
    page.fill("#f-name", "欧阳娜娜")
    page.fill("#f-doc_number", factories.resident_id())
    page.fill("#f-phone", "139 1234 5678")
    for box in page.query_selector_all("input[type=checkbox]"):
        box.check()


@pytest.mark.parametrize("title", ["周末班", LONG])
def test_all_that_decides_is_in_sight_without_scrolling(browser: Browser, site: Site, title: str) -> None:
    with browser.new_context(viewport=PHONE) as context:  # type: ignore[arg-type]
        page = context.new_page()
        page.goto(site.landing(title=title))
        top_of_bar = page.locator(".act").bounding_box()
        assert top_of_bar
        for what in ("h2:has-text('" + title[:4] + "')", ".when", "text=江阴市澄江中路 1 号", ".pill:has-text('席')"):
            box = page.locator(what).first.bounding_box()
            assert box, what
            assert box["y"] + box["height"] <= top_of_bar["y"], what
        button = page.locator("text=我要报名").bounding_box()
        assert button
        assert button["y"] + button["height"] <= PHONE["height"]
        assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]


@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
def test_from_poster_to_ticket(browser: Browser, site: Site, script: bool) -> None:
    with browser.new_context(viewport=PHONE, java_script_enabled=script) as context:  # type: ignore[arg-type]
        page, landing = context.new_page(), site.landing()
        page.goto(landing)
        page.click("text=我要报名")
        fill_in(page)
        page.click("button.main")
        assert "/i/" in page.url
        assert page.is_visible("svg[aria-label*='签到码']")
        ticket = page.url
        page.goto(landing)
        assert page.url == ticket


def test_what_was_told_at_a_field_goes_with_its_words_and_the_summary_stays(browser: Browser, site: Site) -> None:
    with browser.new_context(viewport=PHONE) as context:  # type: ignore[arg-type]
        page = context.new_page()
        page.goto(f"{site.landing()}/signup")
        fill_in(page)
        page.fill("#f-phone", "0510-86800000")
        page.fill("#f-name", "王5")
        page.click("button.main")
        page.wait_for_selector("#f-phone-error")
        number = page.locator("#errors .kept:has-text('0510')")
        assert all(one.bounding_box()["height"] < 40 for one in number.all())  # type: ignore[index]
        page.locator("#f-phone").press_sequentially("1")
        assert page.is_hidden("#f-phone-error")
        assert page.get_attribute("#f-phone", "aria-invalid") is None
        assert "error" not in (page.get_attribute("#f-phone", "aria-describedby") or "")
        assert page.is_visible("#f-name-error")
        assert page.get_attribute("#f-name", "aria-invalid") == "true"
        assert page.locator("#errors li").count() == 2


def test_the_ticket_says_by_itself_that_one_is_here(browser: Browser, site: Site) -> None:
    with browser.new_context(viewport=PHONE) as context:  # type: ignore[arg-type]
        page = context.new_page()
        page.goto(f"{site.landing()}/signup")
        fill_in(page)
        page.click("button.main")
        page.wait_for_selector("text=到场出示这个码签到")
        with site.app.app_context(), unit_of_work():
            db.session.scalars(select(Signup)).one().outcome = "attended"
        page.wait_for_selector("text=接下来是考核", timeout=8000)


def test_everybody_can_read_these_pages(browser: Browser, site: Site) -> None:
    with browser.new_context(viewport=PHONE, bypass_csp=True) as context:  # type: ignore[arg-type]
        page, landing, found = context.new_page(), site.landing(capacity=0), {}
        full = f"{landing}/signup"
        for path in ("/", landing, full, "/me"):
            page.goto(path if path.startswith("http") else site.url + path)
            found[path] = [v["id"] for v in Axe().run(page).response["violations"]]
        page.goto(full)
        page.click("button.main")
        found["mistakes"] = [v["id"] for v in Axe().run(page).response["violations"]]
        fill_in(page)
        page.click("button.main")
        page.wait_for_selector("text=第 1 位")
        found["waiting"] = [v["id"] for v in Axe().run(page).response["violations"]]
        assert {path: ids for path, ids in found.items() if ids} == {}
