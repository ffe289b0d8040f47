"""长辈版 on the product's own pages (feat-N21): type, targets, contrast, help, few presses, and a phone's larger type."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from chengjiu_mp.config import Settings
from chengjiu_mp.web import view
from tests import factories
from tests.families import child_id
from tests.web.serving import PHONE, Site, served

pytestmark = pytest.mark.browser

MEASURE = (Path(__file__).parent / "measure.js").read_text(encoding="utf-8")
LONG = "“我会救”进企业：江阴高新技术产业开发区滨江东路长山工业园专场"


@pytest.fixture
def site(base_settings: Settings, sqlite_template: Path, tmp_path: Path) -> Iterator[Site]:
    with served(base_settings, sqlite_template, tmp_path) as found:
        yield found


@pytest.fixture
def elder(browser: Browser, site: Site) -> Iterator[Page]:
    with browser.new_context(viewport=PHONE, bypass_csp=True) as context:  # type: ignore[arg-type]
        context.add_cookies([{"name": view.COOKIE, "value": "elder", "url": site.url}])
        yield context.new_page()


def sign_up(page: Page, landing: str) -> str:
    """Sign up and return the ticket's address."""
    page.goto(f"{landing}/signup")
    page.fill("#f-name", "阿卜杜热合曼·买买提吐尔逊")
    page.fill("#f-doc_number", factories.resident_id())
    page.fill("#f-phone", "13912345678")
    for box in page.query_selector_all("input[type=checkbox]"):
        box.check()
    page.click(".act button.main")
    return page.url


def a_child_is_asked_for(page: Page, landing: str) -> str:
    """Fill in a family's form up to the guardian's page, and return its address."""
    page.goto(f"{landing}/signup?other=1")
    page.click("text=再加一位同行的人")
    for field, typed in {
        "name": "王芳", "doc_number": factories.resident_id(), "phone": "13912345678", "people.1.name": "李小明",
        "people.1.doc_number": child_id(),
    }.items():  # fmt: skip
        page.fill(f"[id='f-{field}']", typed)
    for box in page.query_selector_all("input[type=checkbox]"):
        box.check()
    page.click(".act button.main")
    page.check("input[value=mother]")
    page.click(".act button.main")
    return page.url


def pages(page: Page, site: Site) -> dict[str, str]:
    """Return {name: address} of the pages on a citizen's way."""
    landing = site.landing(kind="popular", title=LONG)
    ticket = sign_up(page, landing)
    return {
        "home": site.url, "run": f"{landing}?look=1", "signup": f"{landing}/signup?other=1", "ticket": ticket,
        "me": f"{site.url}/me", "lookup": f"{site.url}/lookup", "withdraw": f"{ticket}/withdraw",
        "signin": f"{site.url}/signin", "not there": f"{site.url}/i/{'a' * 26}",
        "guardian": a_child_is_asked_for(page, landing),
    }  # fmt: skip


def looks(page: Page) -> dict[str, Any]:
    """Return what a person of 70 would stumble over on the page that is open."""
    page.wait_for_load_state()
    page.evaluate(MEASURE)
    found = page.evaluate(
        "() => ({ small: measure.targets(60).small, type: measure.type(), low: measure.contrast().low, "
        "hanging: measure.hanging(), wide: document.documentElement.scrollWidth, "
        "help: [...document.querySelectorAll('a[href^=\"tel:\"]')].map((a) => parseFloat(getComputedStyle(a).fontSize)), "
        "dialogs: document.querySelectorAll('dialog[open]').length })"
    )
    bad = {key: found[key] for key in ("small", "low", "hanging", "dialogs") if found[key]}
    if found["type"]["least"] < 18 or found["type"]["body"] < 22:
        bad["type"] = found["type"]
    if found["wide"] > PHONE["width"]:
        bad["wide"] = found["wide"]
    if not found["help"] or max(found["help"]) < 22:
        bad["help"] = found["help"]
    return bad


def test_every_page_is_large_clear_and_names_the_help_number(elder: Page, site: Site) -> None:
    found = {}
    for name, address in pages(elder, site).items():
        elder.goto(address)
        found[name] = looks(elder)
    assert {name: bad for name, bad in found.items() if bad} == {}
    assert len(found) >= 6


def test_forms_with_mistakes_are_as_large(elder: Page, site: Site) -> None:
    landing = site.landing(kind="popular", capacity=1)
    elder.goto(f"{landing}/signup")
    elder.click(".act button.main")
    assert looks(elder) == {}
    guardian = a_child_is_asked_for(elder, site.landing(kind="popular"))
    elder.goto(guardian)
    elder.click(".act button.main")
    elder.wait_for_selector("#errors")
    assert looks(elder) == {}


@pytest.mark.parametrize("chosen", ["elder", "plain"])
def test_a_phone_s_own_larger_type_breaks_no_page(elder: Page, site: Site, chosen: str) -> None:
    """WeChat's font scale: text at one and a half times its size, on the same screen."""
    addresses = pages(elder, site)
    elder.context.add_cookies([{"name": view.COOKIE, "value": chosen, "url": site.url}])
    found = {}
    for name, address in addresses.items():
        elder.goto(address)
        elder.evaluate("document.documentElement.style.fontSize = '150%'")
        elder.evaluate(MEASURE)
        found[name] = elder.evaluate("[measure.hanging(), document.documentElement.scrollWidth]")
    assert found == {name: [[], PHONE["width"]] for name in addresses}


def test_a_sign_up_needs_no_more_than_five_presses(elder: Page, site: Site) -> None:
    """From the home page; a keyboard's own "next" leads from field to field."""
    landing, presses = site.landing(kind="popular"), []
    elder.on("console", lambda message: presses.append(message.text) if message.text == "press" else None)
    elder.add_init_script("addEventListener('pointerdown', () => console.log('press'), true)")
    elder.goto(site.url)
    elder.click(".run h2 a")
    elder.click("text=我要报名")
    elder.focus("#f-name")
    for typed in ("欧阳娜娜", factories.resident_id(), "13912345678"):
        elder.keyboard.type(typed)
        elder.keyboard.press("Tab")
    for box in elder.query_selector_all("input[type=checkbox]"):
        box.click()
    elder.click(".act button.main")
    assert re.search(r"/i/\w{26}$", elder.url)
    assert len(presses) == 5
    assert landing.startswith(site.url)


def test_everybody_can_read_the_family_s_pages(elder: Page, site: Site) -> None:
    found, landing = {}, site.landing(kind="popular", capacity=2)
    guardian = a_child_is_asked_for(elder, landing)
    found["guardian"] = [v["id"] for v in Axe().run(elder).response["violations"]]
    elder.goto(f"{landing}/signup?other=1")
    elder.click("text=再加一位同行的人")
    elder.click(".act button.main")
    found["mistakes of two"] = [v["id"] for v in Axe().run(elder).response["violations"]]
    elder.goto(guardian)
    elder.click(".act button.main")
    found["guardian's mistakes"] = [v["id"] for v in Axe().run(elder).response["violations"]]
    assert {name: ids for name, ids in found.items() if ids} == {}
