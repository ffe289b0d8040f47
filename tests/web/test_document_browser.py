"""The number of a document on a phone: the X key, the echo in groups, the keyboard that fits the type."""

import pytest
from playwright.sync_api import Browser, Page
from sqlalchemy import select

from chengjiu_mp.core.db import db
from chengjiu_mp.courses.models import Signup
from tests.web.serving import PHONE, Site
from tests.web.test_citizen_browser import fill_in, site

__all__ = ["site"]

pytestmark = pytest.mark.browser

SPECIMEN = "32028119850615004X"
NUMBER, X_KEY, LETTERS, ECHO = "#f-doc_number", "[data-x-key]", "[data-letters]", "[data-echo]"


@pytest.fixture
def form(browser: Browser, site: Site) -> Page:
    page = browser.new_context(viewport=PHONE).new_page()  # type: ignore[arg-type]
    page.goto(f"{site.landing()}/signup")
    return page


def test_the_x_key_ends_a_number_typed_on_a_keyboard_of_digits(form: Page) -> None:
    assert form.evaluate("document.querySelector('#f-doc_number').inputMode") == "numeric"
    form.type(NUMBER, SPECIMEN[:17])
    form.click(X_KEY)
    assert form.input_value(NUMBER) == SPECIMEN
    assert form.evaluate("document.activeElement.id") == "f-doc_number"
    assert form.text_content(ECHO) == "320281 19850615 004X"
    form.click(X_KEY)
    assert form.input_value(NUMBER) == SPECIMEN
    box = form.locator(X_KEY).bounding_box()
    assert box
    assert (box["width"] >= 44, box["height"] >= 44) == (True, True)
    field = form.locator(NUMBER).bounding_box()
    assert field
    assert abs((field["y"] + field["height"] / 2) - (box["y"] + box["height"] / 2)) < 2


@pytest.mark.parametrize(
    ("typed", "echo"),
    [
        ("320281", ""),
        ("3202811", "320281 1"),
        ("320281198506150", "320281 19850615 0"),
        ("320281 1985-0615 004x", "320281 19850615 004X"),
        ("３２０２８１１９", "320281 19"),
        ("E12345678", ""),
    ],
)
def test_the_number_is_echoed_6_8_4_while_typing(form: Page, typed: str, echo: str) -> None:
    form.type(NUMBER, typed)
    assert form.text_content(ECHO) == echo


def test_a_type_with_letters_brings_the_whole_keyboard(form: Page) -> None:
    form.click("summary:has-text('用的不是居民身份证')")
    for doc_type, mode in (
        ("passport", "text"),
        ("resident_id", "numeric"),
        ("hm_travel_permit", "text"),
        ("", "numeric"),
    ):
        form.select_option("#f-doc_type", doc_type)
        assert form.evaluate("document.querySelector('#f-doc_number').inputMode") == mode
        assert form.is_visible(X_KEY) is (mode == "numeric")


def test_letters_are_one_tap_away_without_choosing_a_type(form: Page) -> None:
    form.click(LETTERS)
    assert form.evaluate("[document.activeElement.id, document.activeElement.inputMode]") == ["f-doc_number", "text"]
    assert form.text_content(LETTERS) == "只输数字"
    form.click(LETTERS)
    assert form.evaluate("document.querySelector('#f-doc_number').inputMode") == "numeric"


@pytest.mark.parametrize("view", ["plain", "elder"])
def test_eighteen_characters_fit_beside_the_key(form: Page, view: str) -> None:
    form.context.add_cookies([{"name": "view", "value": view, "url": form.url}])
    form.reload()
    form.fill(NUMBER, SPECIMEN)
    room = "document.querySelector('#f-doc_number')"
    assert form.evaluate(f"{room}.scrollWidth <= {room}.clientWidth")
    assert form.evaluate("document.documentElement.scrollWidth") == PHONE["width"]


def test_a_mistake_elsewhere_keeps_the_number_and_its_echo(form: Page) -> None:
    form.fill(NUMBER, SPECIMEN)
    form.click("button.main")
    form.wait_for_selector("#errors")
    assert form.input_value(NUMBER) == SPECIMEN
    assert form.text_content(ECHO) == "320281 19850615 004X"


def test_the_name_is_looked_at_and_put_right_without_script(browser: Browser, site: Site) -> None:
    with browser.new_context(viewport=PHONE, java_script_enabled=False) as context:  # type: ignore[arg-type]
        page = context.new_page()
        page.goto(f"{site.landing()}/signup")
        assert (page.is_visible(X_KEY), page.is_visible(LETTERS)) == (False, False)
        fill_in(page)
        page.click("button.main")
        page.wait_for_load_state("networkidle")
        picture = page.locator(".name-picture img")
        assert picture.evaluate("img => img.complete && img.naturalWidth") == 1080
        for words in ("要改一改", "改姓名"):
            page.click(f"text={words}")
        page.fill("#f-name", "王\U0002c35b")
        page.click("text=改好了")
        page.click("text=名字写对了")
        page.wait_for_selector("text=已记下")
        with site.app.app_context():
            row = db.session.scalars(select(Signup)).one()
            assert (row.name, row.name_confirmed_at is None) == ("王\U0002c35b", False)


def test_the_ticket_s_form_has_the_key_too(browser: Browser, site: Site) -> None:
    with browser.new_context(viewport=PHONE) as context:  # type: ignore[arg-type]
        page = context.new_page()
        page.goto(f"{site.landing()}/signup")
        fill_in(page)
        page.click("button.main")
        page.click("text=要改一改")
        page.click("text=改证件")
        page.type(NUMBER, SPECIMEN[:17])
        page.click(X_KEY)
        page.click("text=改好了")
        page.wait_for_selector("text=证件已改好")
