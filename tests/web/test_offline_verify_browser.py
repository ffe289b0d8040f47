"""A signed code on a phone: opened once with network, then without; changed, revoked, with an old list, an old browser."""

import io
import os
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page

from chengjiu_mp.certificates import signing, states
from chengjiu_mp.certificates.issuing import confirm
from chengjiu_mp.certificates.models import Certificate
from chengjiu_mp.certificates.signing_format import plain
from chengjiu_mp.config import Settings
from chengjiu_mp.core import clock, context
from chengjiu_mp.core.db import db, unit_of_work
from tests import issued
from tests.pictures import code_in
from tests.signed import unbase
from tests.web.serving import PHONE, Site, served

pytestmark = pytest.mark.browser
SHOTS = os.environ.get("SIGNED_SHOTS", "")
# Chromium before 137.
OLD_BROWSER = """
    const real = globalThis.SubtleCrypto?.prototype.importKey; // absent on about:blank
    if (real) SubtleCrypto.prototype.importKey = function (format, data, algorithm, ...more) {
        if (algorithm.name === "Ed25519") return Promise.reject(new DOMException("", "NotSupportedError"));
        return real.call(this, format, data, algorithm, ...more);
    };
"""
FLIPS = """async ([text, token, flips]) => {
    const { judge } = await import("/static/verify-check.js");
    const { load } = await import("/static/verify-keep.js");
    const { keys, list } = await load();
    const state = async (one) => (await judge({ text: one, token, keys, list, now: Date.now() })).state;
    const told = {};
    for (const [place, letter] of flips) {
        const one = await state(text.slice(0, place) + letter + text.slice(place + 1));
        told[one] = (told[one] || 0) + 1;
    }
    return [await state(text), told];
}"""


@dataclass
class Made:
    """A site with one certificate, and its second code's address here."""

    site: Site
    id: int
    token: str
    text: str
    kid: str

    @property
    def url(self) -> str:
        return f"{self.site.url}/v/{self.token}#s={self.text}"

    def change(self, what: Any) -> None:
        with self.site.app.app_context():
            context.set_request("test", context.SYSTEM)
            with unit_of_work():
                what(db.session.get_one(Certificate, self.id))


@pytest.fixture
def made(base_settings: Settings, sqlite_template: Path, tmp_path: Path) -> Iterator[Made]:
    with served(base_settings, sqlite_template, tmp_path) as site:
        yield _issue(site)


def _issue(site: Site, mode: str = "local") -> Made:
    with site.app.app_context():
        context.set_request("test", context.SYSTEM)
        run, by = issued.ready_run("欧阳娜娜")
        with unit_of_work():
            (one,) = confirm(run.id, by, mode=mode)
        version = issued.version_of(one)
        found = Made(site, one.id, issued.token(one), version.signed or "", version.kid or "")
        db.session.remove()
    return found


@pytest.fixture
def around(browser: Browser) -> Iterator[BrowserContext]:
    with browser.new_context(viewport=PHONE, locale="zh-CN") as context:  # type: ignore[arg-type]
        context.set_default_timeout(10_000)
        yield context


def kept(around: BrowserContext, made: Made, path: str = "/verify/offline") -> Page:
    """Open a page with network, until the phone has kept what it needs."""
    page = around.new_page()
    page.on("pageerror", lambda error: pytest.fail(str(error)))
    page.goto(made.site.url + path)
    page.wait_for_selector("body[data-kept]")
    return page


def told(page: Page, url: str, state: str) -> str:
    """Open an address without what stands behind #, then with it, as a camera does: from nothing."""
    page.goto("about:blank")
    page.goto(url)
    page.wait_for_selector(f"#signed[data-state={state}]")
    return page.inner_text("main")


def shot(page: Page, name: str) -> None:
    if SHOTS:
        for width in (PHONE["width"], 1280):
            page.set_viewport_size({"width": width, "height": 844})
            page.screenshot(path=f"{SHOTS}/{name}-{width}.png", full_page=width == PHONE["width"])
        page.set_viewport_size(PHONE)  # type: ignore[arg-type]


def test_once_with_network_then_without(made: Made, around: BrowserContext):
    page = kept(around, made)
    assert "这台手机没有网络也能核对了" in page.inner_text("main")
    shot(page, "ready")
    made_at = clock.local(clock.now())
    around.set_offline(True)
    words = told(page, made.url, "valid")
    assert "签名有效\n" in words
    assert "签名有效（离线核对）；吊销状态按 " in words
    assert f"{made_at.month}月{made_at.day}日 " in words
    assert "的名单（刚刚）" in words
    assert "已联网核对" not in words
    assert ("CPR+AED" in words, "JYA" in words, "欧阳**" in words, made.kid in words) == (True,) * 4
    assert "娜" not in words
    shot(page, "offline-valid")


def test_opening_a_certificates_own_page_once_is_enough_too(made: Made, around: BrowserContext):
    page = kept(around, made, f"/v/{made.token}")
    around.set_offline(True)
    assert "签名有效（离线核对）" in told(page, made.url, "valid")


@pytest.mark.parametrize("offline", [False, True], ids=["online", "offline"])
def test_one_changed_character_is_no_good(made: Made, around: BrowserContext, offline: bool):
    page = kept(around, made)
    around.set_offline(offline)
    other = "A" if made.text[60] != "A" else "B"
    words = told(page, made.url.replace(made.text, made.text[:60] + other + made.text[61:]), "invalid")
    assert ("无效" in words, "签名对不上" in words, "签名有效" in words) == (True, True, False)
    assert ("已联网核对：有效" in words) == (not offline)
    forged = plain(unbase(made.text).replace(b'600001"', b'600009"'))
    assert forged != made.text
    told(page, made.url.replace(made.text, forged), "invalid")
    shot(page, "offline-invalid" if offline else "online-invalid")


def test_anothers_code_under_this_address_is_no_good(made: Made, around: BrowserContext):
    second = _issue(made.site)
    page = kept(around, made)
    around.set_offline(True)
    told(page, second.url.replace(second.text, made.text), "invalid")
    told(page, second.url, "valid")


def test_a_thousand_flips_in_the_browser(made: Made, around: BrowserContext):
    """rel-A9."""
    page = kept(around, made)
    draw = random.Random(1126)
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    places = [draw.randrange(len(made.text)) for _ in range(1000)]
    flips = [[place, draw.choice(letters.replace(made.text[place], ""))] for place in places]
    # The last character has bits that base64 throws away.
    flips += [[len(made.text) - 1, letter] for letter in letters.replace(made.text[-1], "")]
    for token in (made.token, ""):
        first, answers = page.evaluate(FLIPS, [made.text, token, flips])
        assert first == "valid"
        assert sum(answers.values()) == 1063
        assert set(answers) <= {"invalid", "unknown_key"}


def test_an_old_list_says_so(made: Made, around: BrowserContext):
    page = kept(around, made)
    around.set_offline(True)
    page.clock.set_fixed_time(datetime.now(UTC) + timedelta(hours=49))
    words = told(page, made.url, "unlisted")
    assert "有没有吊销要联网才知道" in words
    assert "的名单（2 天前），已超过 24 小时" in words
    assert page.locator(".verdict.warn").count() == 1
    shot(page, "offline-old-list")


def test_a_list_from_the_future_is_not_believed(made: Made, around: BrowserContext):
    page = kept(around, made)
    around.set_offline(True)
    page.clock.set_fixed_time(datetime.now(UTC) - timedelta(days=2))
    assert "这台手机的时间不准" in told(page, made.url, "unlisted")


def test_expired_by_the_phones_date(made: Made, around: BrowserContext):
    page = kept(around, made)
    around.set_offline(True)
    page.clock.set_fixed_time(datetime.now(UTC) + timedelta(days=4 * 366))
    assert "按这台手机上的日期，有效期已过" in told(page, made.url, "expired")


def test_revoked_with_network_and_with_the_list_that_was_fetched(made: Made, around: BrowserContext):
    page = kept(around, made)
    made.change(lambda one: states.revoke(one, "成绩登记有误"))
    words = told(page, made.url, "revoked")
    assert "已联网核对：已吊销" in words
    assert "签名有效（离线核对），但是已吊销" in words
    shot(page, "online-revoked")
    around.set_offline(True)
    words = told(page, made.url, "revoked")
    assert ("已吊销" in words, "不再有效" in words) == (True, True)
    shot(page, "offline-revoked")


def test_a_corrected_code_reads_so_without_network(made: Made, around: BrowserContext):
    made.change(lambda one: states.correct_name(one, "欧阳娜", "录错"))
    page = kept(around, made)
    around.set_offline(True)
    assert "请持证人出示新的证书" in told(page, made.url, "corrected")


def test_what_was_revoked_after_the_list_is_known_with_network_only(made: Made, around: BrowserContext):
    page = kept(around, made)
    around.set_offline(True)
    made.change(lambda one: states.revoke(one, "成绩登记有误"))
    told(page, made.url, "valid")
    around.set_offline(False)
    page.click("text=联网再查一次")
    page.wait_for_selector("#signed[data-state=revoked]")
    assert "已联网核对：已吊销" in page.inner_text("main")


def test_with_network_both_checks_are_named(made: Made, around: BrowserContext):
    page = kept(around, made)
    words = told(page, made.url, "valid")
    assert ("已联网核对：有效" in words, "签名有效（离线核对）\n" in words) == (True, True)
    shot(page, "online-valid")


def test_the_servers_word_stands_on_the_kept_page_too(made: Made, around: BrowserContext):
    """A server that is down for a moment: the kept page comes, and asks by itself once the server answers."""
    page = kept(around, made)
    page.route("**/v/*", lambda route: route.abort())
    around.route("**/v/*", lambda route: route.abort())
    words = told(page, made.url, "valid")
    assert ("已联网核对：有效" in words, "签名有效（离线核对）" in words) == (True, True)


def test_a_test_certificate_is_worth_nothing(made: Made, around: BrowserContext):
    of = _issue(made.site, mode="test")
    page = kept(around, made)
    around.set_offline(True)
    words = told(page, of.url, "test")
    assert ("测试证书" in words, "无效力" in words) == (True, True)


def test_a_key_rolled_yesterday_still_opens_and_one_this_phone_lacks_does_not(made: Made, around: BrowserContext):
    page = kept(around, made)
    made.change(lambda _: signing.roll())
    second = _issue(made.site)
    assert second.kid != made.kid
    around.set_offline(True)
    told(page, made.url, "valid")
    assert "请联网打开这一页再核对" in told(page, second.url, "unknown_key")
    around.set_offline(False)
    told(page, second.url, "valid")
    told(page, made.url, "valid")
    around.set_offline(True)
    assert second.kid in told(page, second.url, "valid")
    assert made.kid in told(page, made.url, "valid")


def test_a_leaked_key_is_believed_with_network_only(made: Made, around: BrowserContext):
    made.change(lambda _: signing.mark_leaked(made.kid))
    page = kept(around, made)
    around.set_offline(True)
    words = told(page, made.url, "leaked_key")
    assert ("不能离线核对" in words, "签名有效" in words) == (True, False)


def test_an_old_browser_says_that_it_cannot(made: Made, around: BrowserContext):
    around.add_init_script(OLD_BROWSER)
    page = kept(around, made)
    around.set_offline(True)
    words = told(page, made.url, "unable")
    assert "这个浏览器不能离线核对，请联网查验" in words
    assert "签名有效" not in words
    around.set_offline(False)
    words = told(page, made.url, "unable")
    assert "已联网核对：有效" in words
    shot(page, "unable")


def test_the_first_code_without_network_says_what_it_needs(made: Made, around: BrowserContext):
    page = kept(around, made)
    around.set_offline(True)
    words = told(page, f"{made.site.url}/v/{made.token}", "unsigned")
    assert "请持证人在“我的证书”里出示“离线核验码”" in words


def test_the_code_is_read_from_the_holders_screen_and_opens(made: Made, around: BrowserContext):
    """From one phone to the other: what a camera reads on the holder's page is what verifies without network."""
    with made.site.app.app_context():
        kept_pass = issued.pass_of(db.session.get_one(Certificate, made.id))
        db.session.remove()
    signer = made.site.app.session_interface.get_signing_serializer(made.site.app)  # type: ignore[attr-defined]
    cookie = {"name": "sid", "value": signer.dumps({"certificates": kept_pass}), "url": made.site.url}
    around.add_cookies([cookie])  # type: ignore[list-item]
    page = around.new_page()
    page.goto(f"{made.site.url}/c/{made.id}")
    read = code_in(Image.open(io.BytesIO(page.locator("svg[aria-label=离线核验码]").screenshot())))
    assert read.partition("/v/")[2] == made.url.partition("/v/")[2]
    shot(page, "holder")
    checking = kept(around, made)
    around.set_offline(True)
    told(checking, made.url, "valid")


@pytest.mark.parametrize("offline", [False, True], ids=["online", "offline"])
def test_everybody_can_read_it(made: Made, around: BrowserContext, offline: bool):
    page = kept(around, made)
    around.set_offline(offline)
    told(page, made.url, "valid")
    assert Axe().run(page).response["violations"] == []
    page.set_viewport_size({"width": 320, "height": 568})
    assert page.evaluate("document.documentElement.scrollWidth") <= 320


def test_without_script_the_certificates_page_answers_as_before(made: Made, browser: Browser):
    with browser.new_context(viewport=PHONE, java_script_enabled=False) as context:  # type: ignore[arg-type]
        page = context.new_page()
        page.goto(made.url)
        assert "已联网核对：有效" in page.inner_text("main")
        page.goto(f"{made.site.url}/verify/offline")
        assert "请联网按编号和姓名查验" in page.inner_text("main")
