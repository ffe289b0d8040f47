"""我的急救卡 on a phone: kept when its holder says so, open in airplane mode, worth what the server says, deleted whole."""

import io
import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page

from chengjiu_mp.certificates import passes, signing, states
from chengjiu_mp.certificates.models import Certificate
from chengjiu_mp.certificates.versions import verify_url
from chengjiu_mp.config import Settings
from chengjiu_mp.core import context, privacy
from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.people.models import Person
from chengjiu_mp.people.service import prove_phone
from tests import factories, issued
from tests.pictures import code_in
from tests.web.serving import PHONE, Site, served
from tests.web.storage import stored

pytestmark = pytest.mark.browser
SHOTS = os.environ.get("CARD_SHOTS", "")
NAME = "古丽米热·阿卜杜热合曼"


class Holder:
    """A site, somebody's certificate and the pass of their look-up."""

    def __init__(self, site: Site, name: str = NAME) -> None:
        self.site, self.url = site, f"{site.url}/card"
        with site.app.app_context():
            context.set_request("test", context.SYSTEM)
            one = issued.issue(name)[0]
            version = issued.version_of(one)
            self.id, self.number, self.token, self.held = one.id, one.number, issued.token(one), ""
            self.short, self.signed = verify_url(version), signing.code_url(version)
            db.session.remove()

    def cookie(self) -> dict[str, Any]:
        with self.site.app.app_context():
            held = self.held or issued.pass_of(db.session.get_one(Certificate, self.id))
            db.session.remove()
        signer = self.site.app.session_interface.get_signing_serializer(self.site.app)  # type: ignore[attr-defined]
        return {"name": "sid", "value": signer.dumps({"certificates": held}), "url": self.site.url}

    def without_any(self) -> None:
        """Become somebody who proved a phone and has no certificate."""
        with self.site.app.app_context():
            context.set_request("test", context.SYSTEM)
            phone = factories.phone()
            with factories.made():
                person = factories.person()
            with unit_of_work():
                prove_phone(db.session.get_one(Person, person.id), phone, "test")
            self.held = passes.pass_for([person.id], privacy.phone_index(phone))
            db.session.remove()

    def change(self, what: Any) -> None:
        with self.site.app.app_context():
            context.set_request("test", context.SYSTEM)
            with unit_of_work():
                what(db.session.get_one(Certificate, self.id))


@pytest.fixture
def site(base_settings: Settings, sqlite_template, tmp_path) -> Iterator[Site]:
    with served(base_settings, sqlite_template, tmp_path) as made:
        yield made


@pytest.fixture
def holder(site: Site) -> Holder:
    return Holder(site)


@pytest.fixture
def around(browser: Browser) -> Iterator[BrowserContext]:
    with browser.new_context(viewport=PHONE, locale="zh-CN") as context:  # type: ignore[arg-type]
        context.set_default_timeout(10_000)
        yield context


def _open(around: BrowserContext, holder: Holder, *, proved: bool = True) -> Page:
    if proved:
        around.add_cookies([holder.cookie()])  # type: ignore[list-item]
    page = around.new_page()
    page.on("pageerror", lambda error: pytest.fail(str(error)))
    page.goto(holder.url)
    page.wait_for_selector("body[data-ready]")
    return page


def _keep(around: BrowserContext, holder: Holder) -> Page:
    page = _open(around, holder)
    page.click("[data-save]")
    page.wait_for_selector("text=已存到这台手机。")
    return page


def _reload(page: Page) -> None:
    page.reload()
    page.wait_for_selector("body[data-ready]")


def _read(page: Page, label: str) -> str:
    return code_in(Image.open(io.BytesIO(page.locator(f"svg[aria-label={label}]").screenshot())))


def _shot(page: Page, name: str) -> None:
    if SHOTS:
        page.screenshot(path=f"{SHOTS}/{name}.png")
        page.screenshot(path=f"{SHOTS}/{name}-full.png", full_page=True)


def _nothing(page: Page) -> bool:
    found = stored(page)
    workers = page.evaluate("navigator.serviceWorker.getRegistrations().then((all) => all.length)")
    return (found["bases"], found["kept"], found["local"], found["session"], workers) == ({}, {}, {}, {}, 0)


def test_kept_it_opens_in_airplane_mode_and_both_codes_are_read(around: BrowserContext, holder: Holder) -> None:
    page = _keep(around, holder)
    _shot(page, "kept-online")
    around.clear_cookies()  # the half hour is over
    around.set_offline(True)
    _reload(page)
    words = page.inner_text("main")
    for one in (NAME, holder.number, "有效", "没有网络，显示的是这台手机里存的", "状态以联网核验为准。最近更新：20"):
        assert one in words
    assert _read(page, "查验二维码") == holder.short
    _shot(page, "kept-offline")
    page.click("text=查验的地方没有网络")
    assert _read(page, "离线核验码") == holder.signed
    _shot(page, "kept-offline-signed")


def test_the_code_is_as_wide_as_the_phone(around: BrowserContext, holder: Holder) -> None:
    page = _open(around, holder)
    box = page.locator("svg[aria-label=查验二维码]").bounding_box()
    assert box is not None
    assert box["width"] == PHONE["width"]
    assert _read(page, "查验二维码") == holder.short


def test_what_is_kept_is_the_card_and_no_key_to_more(around: BrowserContext, holder: Holder) -> None:
    page = _keep(around, holder)
    found = stored(page)
    assert list(found["local"]) == ["aid-card"]
    assert (found["bases"], found["session"]) == ({}, {})
    pages = json.dumps(found["kept"], ensure_ascii=False)
    assert [one for one in (NAME, holder.number, holder.token, "csrf") if one in pages.replace("X-CSRFToken", "")] == []
    (card,) = json.loads(found["local"]["aid-card"])["cards"]
    assert set(card) == {"kind", "name", "number", "state", "token", "until", "renew", "qr", "offline"}


def test_without_keeping_nothing_is_stored(around: BrowserContext, holder: Holder) -> None:
    page = _open(around, holder)
    assert page.is_visible("[data-ask]")
    assert _nothing(page)
    _shot(page, "asked")


def test_deleting_leaves_nothing(around: BrowserContext, holder: Holder) -> None:
    page = _keep(around, holder)
    assert not _nothing(page)
    around.clear_cookies()
    _reload(page)
    page.click("[data-delete]")
    page.wait_for_selector("text=已从这台手机删除")
    assert NAME not in page.inner_text("main")
    assert _nothing(page)
    _reload(page)
    assert "先验证手机号" in page.inner_text("main")
    _shot(page, "deleted")


def test_revoked_it_reads_so_on_the_next_visit_with_network(around: BrowserContext, holder: Holder) -> None:
    page = _keep(around, holder)
    around.clear_cookies()
    holder.change(lambda one: states.revoke(one, "成绩登记有误"))
    around.set_offline(True)
    _reload(page)
    assert "已吊销" not in page.inner_text("main")
    around.set_offline(False)
    _reload(page)
    assert "已吊销" in page.inner_text("main")
    _shot(page, "revoked")
    around.set_offline(True)
    _reload(page)
    assert "已吊销" in page.inner_text("main")
    assert page.locator("svg[aria-label=查验二维码]").count() == 0
    assert "<svg" not in stored(page)["local"]["aid-card"]


def test_a_proved_visit_brings_the_kept_card_up_to_date(around: BrowserContext, holder: Holder) -> None:
    page = _keep(around, holder)
    holder.change(lambda one: states.correct_name(one, "古丽米热", "录错"))
    _reload(page)
    around.clear_cookies()
    around.set_offline(True)
    _reload(page)
    assert page.inner_text("[data-f=name]") == "古丽米热"
    assert _read(page, "查验二维码") != holder.short


def test_another_persons_visit_does_not_replace_what_is_kept(around: BrowserContext, holder: Holder) -> None:
    page = _keep(around, holder)
    other = Holder(holder.site, "𠮷田一郎")
    around.clear_cookies()
    around.add_cookies([other.cookie()])  # type: ignore[list-item]
    _reload(page)
    assert "现在存着别的急救卡" in page.inner_text("[data-ask]")
    assert NAME in stored(page)["local"]["aid-card"]
    _shot(page, "another-rare-name")


def test_expired_by_the_phones_date(around: BrowserContext, holder: Holder) -> None:
    page = _keep(around, holder)
    around.clear_cookies()
    around.set_offline(True)
    page.clock.set_fixed_time(datetime.now(UTC) + timedelta(days=4 * 366))
    _reload(page)
    assert "已过期" in page.inner_text("main")
    assert page.locator("svg[aria-label=查验二维码]").count() == 0
    _shot(page, "expired-offline")


def _end(one: Certificate) -> None:
    one.issued_on -= timedelta(days=1200)
    one.valid_until = one.issued_on + timedelta(days=1096)


def test_states_to_look_at(around: BrowserContext, site: Site) -> None:
    """No certificate, an expired one, a long Latin name: nothing runs over the edge and everybody can read it."""
    long = Holder(site, "ALEXANDRINA-MAGDALENA VON HOHENLOHE-SCHILLINGSFUERST")
    page = _open(around, long)
    _shot(page, "long-latin")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert Axe().run(page).response["violations"] == []
    long.change(_end)
    _reload(page)
    assert "没有在有效期内的证书" in page.inner_text("main")
    _shot(page, "expired")
    long.without_any()
    around.clear_cookies()
    page = _open(around, long)
    assert "还没有证书" in page.inner_text("main")
    _shot(page, "none")


def test_without_script_it_is_shown_and_not_kept(browser: Browser, holder: Holder) -> None:
    with browser.new_context(viewport=PHONE, java_script_enabled=False) as context:  # type: ignore[arg-type]
        context.add_cookies([holder.cookie()])  # type: ignore[list-item]
        page = context.new_page()
        page.goto(holder.url)
        assert _read(page, "查验二维码") == holder.short
        assert "不能存到手机里" in page.inner_text("main")
        assert page.is_hidden("[data-save]")
