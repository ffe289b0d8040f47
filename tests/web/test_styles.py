"""What the style guide's pages look like to a person: measured in a real browser, in every view."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from chengjiu_mp.web import templating

pytestmark = pytest.mark.browser

STATIC = Path(templating.__file__).parent / "static"
PAGES = ("home", "run", "form", "ticket", "states", "console", "problem")
VIEWS = ("plain", "elder")
Open = Callable[..., Any]

MEASURE = (Path(__file__).parent / "measure.js").read_text(encoding="utf-8")


@pytest.fixture
def look(browser: Browser, style_site: str) -> Iterator[Open]:
    """Return `look(page, width=, scheme=, view=, script=)`: a page of the style guide, which must not complain."""
    opened, complaints = [], []

    def show(name: str, width: int = 390, scheme: Any = "light", view: str = "plain", script: bool = True) -> Page:
        size: Any = {"width": width, "height": 844}
        context = browser.new_context(
            viewport=size, color_scheme=scheme, java_script_enabled=script, reduced_motion="reduce"
        )
        opened.append(context)
        page = context.new_page()
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(f"{style_site}/{name}?view={view}")
        if script:
            page.evaluate(MEASURE)
        return page

    yield show
    for context in opened:
        context.close()
    assert complaints == []


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("name", PAGES)
def test_every_text_has_contrast(look: Open, name: str, view: str) -> None:
    page = look(name, view=view)
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        found = page.evaluate("measure.contrast()")
        assert found["pairs"] > 5
        assert (scheme, found["low"]) == (scheme, [])


@pytest.mark.parametrize(("view", "least", "body", "small"), [("plain", 44, 17, 15), ("elder", 60, 22, 18)])
@pytest.mark.parametrize("name", PAGES)
def test_targets_and_type_are_large_enough(look: Open, name: str, view: str, least: int, body: int, small: int) -> None:
    page = look(name, view=view)
    targets, type_sizes = page.evaluate("least => [measure.targets(least), measure.type()]", least)
    assert targets["seen"] >= 4
    assert targets["small"] == []
    assert type_sizes["body"] >= body
    assert type_sizes["least"] >= small


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("name", PAGES)
def test_nothing_hangs_over_the_side(look: Open, name: str, view: str) -> None:
    page = look(name, view=view)
    for width in (320, 390, 768, 1280):
        page.set_viewport_size({"width": width, "height": 844})
        assert (width, page.evaluate("measure.hanging()")) == (width, [])
        assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_nothing(look: Open, name: str) -> None:
    results = Axe().run(look(name))
    assert results.violations_count == 0, results.generate_report()


def test_a_poster_lands_on_all_that_matters_without_scrolling(look: Open) -> None:
    page = look("run")
    for words in ("心肺复苏与 AED 初级救护员班", "11月28日（周六）14:00–17:00", "博爱家园", "余 12 席", "我要报名"):
        box = page.get_by_text(words, exact=False).first.bounding_box()
        assert box["y"] + box["height"] <= 844, words


def test_the_main_button_stays_within_reach_and_hides_no_field(look: Open) -> None:
    page = look("form")
    box = page.get_by_role("button", name="提交报名").bounding_box()
    assert 844 / 2 < box["y"] < 844
    page.get_by_label("想说的话").evaluate("e => e.scrollIntoView({ block: 'end' })")
    field = page.get_by_label("想说的话").bounding_box()
    assert field["y"] + field["height"] <= page.locator(".act").bounding_box()["y"]


def test_a_code_is_dark_on_white_at_night_too(look: Open) -> None:
    page = look("ticket", scheme="dark")
    assert page.locator(".qr").first.evaluate("e => getComputedStyle(e).backgroundColor") == "rgb(255, 255, 255)"


@pytest.mark.parametrize("script", [True, False])
def test_the_elder_view_is_one_tap_away_and_remembered(look: Open, script: bool) -> None:
    page = look("problem", script=script)
    page.goto(page.url.replace("?view=plain", ""))
    page.get_by_role("link", name="长辈版").click()
    expect(page.locator("html[data-view=elder]")).to_have_count(1)
    page.reload()
    page.get_by_role("link", name="标准版").click()
    expect(page.locator("html[data-view=elder]")).to_have_count(0)


def test_the_summary_is_read_first_and_leads_to_its_field(look: Open) -> None:
    page = look("form")
    expect(page.locator("#errors")).to_be_focused()
    page.get_by_role("link", name="这个身份证号少了一位").click()
    expect(page.get_by_label("证件号码", exact=True)).to_be_focused()


def test_two_presses_send_one_form(look: Open) -> None:
    page = look("form")
    sent = []
    page.on("request", lambda request: sent.append(request) if request.method == "POST" else None)
    with page.expect_response("**/slow"):
        page.get_by_role("button", name="提交报名").click()
    expect(page.get_by_role("button", name="正在报名…")).to_have_attribute("aria-disabled", "true")
    page.get_by_role("button", name="正在报名…").click(force=True)
    assert page.evaluate("fetch('/jobs/1').then(answer => answer.status)") == 200
    assert len(sent) == 1


@pytest.mark.parametrize("script", [True, False])
def test_what_cannot_be_undone_is_asked_again(look: Open, script: bool) -> None:
    page = look("states", script=script)
    sure = page.get_by_text("确定吊销 JY-2026-000128？")
    expect(sure).to_be_hidden()
    page.locator("summary", has_text="吊销这张证书").click()
    expect(sure).to_be_visible()
    expect(page.locator("dialog:modal")).to_have_count(1 if script else 0)
    expect(page.get_by_label("吊销的原因")).to_be_visible()


def test_a_missing_reason_is_said_in_the_dialog_which_stays(look: Open) -> None:
    page = look("states")
    sent = []
    page.on("request", lambda request: sent.append(request) if request.method == "POST" else None)
    page.locator("summary", has_text="吊销这张证书").click()
    dialog = page.get_by_role("dialog")
    why, said = dialog.get_by_label("吊销的原因"), dialog.get_by_text("请写明吊销的原因。")
    expect(said).to_be_hidden()
    for typed in ("", "   "):
        why.fill(typed)
        dialog.locator("button[type=submit]").click()
        expect(said).to_be_visible()
        expect(why).to_be_focused()
        expect(why).to_have_attribute("aria-invalid", "true")
    expect(dialog).to_be_visible()
    why.fill("印错")
    expect(said).to_be_hidden()
    assert (sent, why.evaluate("one => one.form.noValidate")) == ([], True)


def test_without_a_script_the_browser_asks_for_the_reason(look: Open) -> None:
    page = look("states", script=False)
    page.locator("summary", has_text="吊销这张证书").click()
    form = page.locator("details.confirm form", has_text="吊销的原因")
    assert (form.get_attribute("novalidate"), form.locator("[name=reason]").get_attribute("required")) == (None, "")


def test_leaving_the_question_returns_to_the_button(look: Open) -> None:
    page = look("states")
    page.locator("summary", has_text="吊销这张证书").click()
    page.get_by_role("button", name="先不").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.locator("summary", has_text="吊销这张证书")).to_be_focused()


def test_long_work_moves_on_when_it_is_done(look: Open) -> None:
    page = look("states")
    page.wait_for_url("**/home")


def test_the_sheet_and_the_script_stay_small() -> None:
    sheet, script = (STATIC / "app.css").stat().st_size, (STATIC / "app.js").stat().st_size
    assert sheet < 30_000
    assert sheet + script <= 35_000
