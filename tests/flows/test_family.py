"""A mother, her child of ten and the grandmother on one phone, to the last seats of a class, as they meet it."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import select

from chengjiu_mp.config import Settings
from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.courses.models import Signup
from chengjiu_mp.courses.signing_up import sign_up
from tests import factories, invariants
from tests.families import child_id
from tests.signups import entry
from tests.web.serving import PHONE, Site, served

pytestmark = pytest.mark.browser


@pytest.fixture
def site(base_settings: Settings, sqlite_template: Path, tmp_path: Path) -> Iterator[Site]:
    with served(base_settings, sqlite_template, tmp_path) as found:
        yield found


@pytest.fixture(params=[True, False], ids=["script", "no script"])
def phone(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    with browser.new_context(viewport=PHONE, java_script_enabled=request.param) as context:  # type: ignore[arg-type]
        yield context.new_page()


def states(site: Site) -> list[str]:
    with site.app.app_context():
        assert invariants.broken() == {}
        return list(db.session.scalars(select(Signup.state).order_by(Signup.id)))


def take_a_seat(site: Site) -> None:
    """Let somebody else come in between."""
    with site.app.app_context(), unit_of_work():
        run = db.session.scalars(select(Signup.run_id)).first()
        assert run is not None
        sign_up(run, entry(), channel="page")


def fill_in_the_family(page: Page) -> None:
    page.fill("#f-name", "王芳")
    page.fill("#f-doc_number", factories.resident_id())
    page.fill("#f-phone", "139 1234 5678")
    for index, name, number in ((1, "李小明", child_id()), (2, "陈桂英", factories.resident_id(birth="19500101"))):
        page.click("text=再加一位同行的人")
        page.fill(f"[id='f-people.{index}.name']", name)
        page.fill(f"[id='f-people.{index}.doc_number']", number)
    for box in page.query_selector_all("input[type=checkbox]"):
        box.check()


def name_the_guardian(page: Page) -> None:
    expect(page.locator("[id='f-guardian.name']")).to_have_value("王芳")
    expect(page.locator("[id='f-guardian.phone']")).to_have_value("139 1234 5678")
    page.check("input[value=mother]")
    page.click(".act button.main")


def agree(page: Page) -> None:
    code = re.search(r"验证码 (\d{6})", page.inner_text(".sms"))
    assert code
    page.fill("#f-code", code[1])
    page.check("#f-consent")
    page.click("text=我同意孩子参加")


def test_a_family_takes_the_last_seats_and_the_guardian_takes_one_back(phone: Page, site: Site) -> None:
    phone.goto(site.landing(kind="popular", capacity=3))
    phone.click("text=替家人或别人报名")
    fill_in_the_family(phone)
    phone.click(".act button.main")
    name_the_guardian(phone)
    guardian = phone.url
    assert states(site) == ["pending"] * 3
    agree(phone)
    assert states(site) == ["confirmed"] * 3
    expect(phone.locator("main")).to_contain_text("王芳")
    expect(phone.locator("main")).to_contain_text("这部手机上同场的还有 2 位")
    phone.click("text=李小明")
    expect(phone.locator("svg[aria-label*='签到码']")).to_be_visible()
    phone.goto(guardian)
    phone.click("summary:has-text('撤回同意')")
    phone.locator("button:has-text('撤回同意')").click()
    expect(phone.locator("main")).to_contain_text("已撤回同意")
    assert states(site) == ["confirmed", "withdrawn", "confirmed"]


def test_a_family_that_does_not_fit_chooses_and_is_not_parted_unasked(phone: Page, site: Site) -> None:
    phone.goto(f"{site.landing(kind='popular', capacity=2)}/signup")
    fill_in_the_family(phone)
    phone.click(".act button.main")
    name_the_guardian(phone)
    expect(phone.locator("#errors")).to_contain_text("只剩 2 个名额，不够 3 人一起")
    assert states(site) == []
    phone.get_by_role("button", name="能报几位报几位，其余候补").click()
    assert states(site) == ["confirmed", "pending", "confirmed"]
    agree(phone)
    assert states(site) == ["confirmed", "waitlisted", "confirmed"]


def test_a_seat_lost_before_the_guardian_s_word_is_said_and_chosen(phone: Page, site: Site) -> None:
    phone.goto(f"{site.landing(kind='popular', capacity=3)}/signup")
    fill_in_the_family(phone)
    phone.click(".act button.main")
    name_the_guardian(phone)
    take_a_seat(site)
    agree(phone)
    expect(phone.locator("main")).to_contain_text("只剩 2 个名额，不够 3 人一起")
    assert states(site) == ["pending"] * 3 + ["confirmed"]
    phone.get_by_role("button", name="能报几位报几位，其余候补").click()
    assert states(site) == ["confirmed", "confirmed", "waitlisted", "confirmed"]
    assert "/i/" in phone.url
