"""The design's editor in a browser: the picture follows the figures before anything is kept; nothing runs off a phone."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests import factories
from tests.web.serving import PHONE, Site, served

pytestmark = pytest.mark.browser
LIST = "/console/certificates/templates/"


@pytest.fixture
def site(base_settings: Any, sqlite_template: Any, tmp_path: Any) -> Iterator[Site]:
    with served(base_settings, sqlite_template, tmp_path) as made:
        yield made


def begun(browser: Browser, site: Site, size: Any, **options: Any) -> Page:
    with site.app.app_context(), factories.made():
        headers = factories.bearer("operator")
    # On our own pages alone: a header for everything would follow a redirect anywhere.
    page = browser.new_context(viewport=size, locale="zh-CN", extra_http_headers=headers, **options).new_page()
    page.goto(site.url + LIST)
    page.select_option("#f-scope", "all")
    page.get_by_role("button", name="新建").click()
    page.wait_for_url(re.compile(rf"{LIST}\d+$"))
    return page


def test_the_picture_follows_the_figures_and_nothing_is_kept(browser: Browser, site: Site) -> None:
    page = begun(browser, site, {"width": 1280, "height": 900})
    live = page.locator("[data-live-picture]")
    expect(live).to_be_visible()
    with page.expect_response(lambda reply: "live.jpg" in reply.url) as drawn:
        page.fill("#f-name_y", "84")
    assert drawn.value.status == 200
    assert "name_y=84" in drawn.value.url
    page.reload()
    assert page.input_value("#f-name_y") == "81.28"
    page.context.close()


@pytest.mark.parametrize("script", [True, False])
def test_a_phone_shows_it_all_with_and_without_a_script(browser: Browser, site: Site, script: bool) -> None:
    page = begun(browser, site, PHONE, java_script_enabled=script)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"] if script else True
    page.fill("#f-name_y", "84")
    page.get_by_role("button", name="保存草稿，看样张").click()
    page.wait_for_url("**#samples")
    assert page.input_value("#f-name_y") == "84"
    page.context.close()


def test_the_picture_stands_beside_the_figures_and_goes_with_the_draft(browser: Browser, site: Site) -> None:
    page = begun(browser, site, {"width": 1280, "height": 860})
    field, live = page.locator("#f-name_y"), page.locator("section.live")
    field.scroll_into_view_if_needed()
    beside, figure = live.bounding_box(), field.bounding_box()
    assert beside is not None and figure is not None
    assert figure["x"] + figure["width"] <= beside["x"]
    assert 0 <= beside["y"] <= 860 - beside["height"]
    with site.app.app_context(), factories.made():
        other = factories.bearer("approver")
    expect(page.locator("form[action*=publish]")).to_have_count(0)
    page.context.set_extra_http_headers(other)
    page.reload()
    for tick in page.locator("form[action*=publish] input[type=checkbox]").all():
        tick.check()
    page.locator("form[action*=publish] button").first.click()
    expect(page.get_by_text("在用", exact=True)).to_be_visible()
    expect(page.locator("section.live")).to_have_count(0)
    page.context.close()
