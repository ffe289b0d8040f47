"""Two phones: the instructor shows a code, a helper opens it, scans and ticks, and is sent away."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page
from sqlalchemy import select

from chengjiu_mp.checkin import devices
from chengjiu_mp.checkin.device_models import PairedDevice
from chengjiu_mp.checkin.models import CheckIn, Scan
from chengjiu_mp.core import context
from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.signin.service import principal_of_account
from tests import factories
from tests.web.hall import PHONE, Hall, film, hall_of, needs_decoder, phone

pytestmark = pytest.mark.browser
KEPT = """async () => {
    const base = await new Promise((done) => {
        const asked = indexedDB.open("checkin");
        asked.onsuccess = () => done(asked.result);
    });
    const count = (name) => new Promise((done) => {
        const asked = base.transaction(name).objectStore(name).count();
        asked.onsuccess = () => done(asked.result);
    });
    return [await count("roster"), await count("queue")];
}"""

LEFT = """async (scan) => {
    const base = await new Promise((done) => {
        const asked = indexedDB.open("checkin");
        asked.onsuccess = () => done(asked.result);
    });
    await new Promise((done) => {
        const step = base.transaction("queue", "readwrite");
        step.objectStore("queue").add(scan);
        step.oncomplete = done;
    });
}"""


@pytest.fixture
def hall(base_settings, sqlite_template, tmp_path) -> Iterator[Hall]:
    with hall_of(base_settings, sqlite_template, tmp_path, ["欧阳娜娜", "张三", "李四"]) as made:
        yield made


@pytest.fixture
def teacher(hall: Hall, browser: Browser) -> Iterator[Page]:
    around = browser.new_context(viewport=PHONE, locale="zh-CN")  # type: ignore[arg-type]
    around.add_cookies([hall.cookie()])  # type: ignore[list-item]
    yield around.new_page()
    around.close()


@pytest.fixture
def helping(hall: Hall, browser: Browser) -> Iterator[BrowserContext]:
    around = browser.new_context(viewport=PHONE, locale="zh-CN")  # type: ignore[arg-type]
    yield around
    around.close()


def _invited(hall: Hall, teacher: Page) -> str:
    """Let the instructor show the code; return where it leads on this site."""
    teacher.goto(hall.path())
    teacher.click("text=准备签到、请人帮忙")
    teacher.click("text=出示邀请码")
    teacher.wait_for_selector("svg[aria-label^=邀请助手]")
    with hall.app.app_context():
        row = devices.open_invitation(hall.run_id)
        assert row is not None
        path = "/h/" + devices.invitation_url(row).rpartition("/")[2]
        db.session.remove()
    return hall.url + path


def _join(hall: Hall, teacher: Page, helping: BrowserContext) -> Page:
    page = helping.new_page()
    page.goto(_invited(hall, teacher))
    page.fill("#f-label", "李明")
    page.click("text=开始帮忙签到")
    page.wait_for_selector("body[data-kept]")
    return page


def _take_back(teacher: Page) -> None:
    teacher.reload()
    teacher.click("summary:has-text('收回')")
    teacher.click("dialog[open] button.danger")
    teacher.wait_for_selector("text=已收回，马上生效")


def _type(page: Page, code: str) -> None:
    page.fill("#f-code", code)
    page.press("#f-code", "Enter")


def test_a_helper_joins_by_the_code_checks_in_and_is_sent_away(hall: Hall, teacher: Page, helping: BrowserContext):
    page = _join(hall, teacher, helping)
    _type(page, hall.code("欧阳娜娜"))
    assert "签到成功" in page.wait_for_selector(".verdict.ok").inner_text()  # type: ignore[union-attr]
    page.goto(hall.path())
    page.click("button[aria-label=给张三签到]")
    page.wait_for_selector("text=张三 已签到")
    assert "证件" not in page.inner_text("main").replace("证件号", "")
    assert [scan.by_name for scan in hall.rows(Scan)] == ["助手 李明"] * 2
    page.goto(hall.path("/scan"))
    page.wait_for_selector("body[data-kept]")
    page.click("[data-ready] > summary")
    page.fill("#f-new-pin", "739154")
    page.fill("#f-again", "739154")
    page.click("[data-set] button")
    page.wait_for_selector("text=PIN 设好了")
    assert page.evaluate(KEPT) == [1, 0]

    _take_back(teacher)

    page.wait_for_selector("text=签到权限已收回")  # by itself: the page asks for the figures every few seconds
    assert page.is_hidden("#f-code")
    assert page.is_hidden("[data-open]")
    assert page.evaluate(KEPT)[0] == 0
    assert len(hall.rows(CheckIn)) == 2
    page.goto(hall.path())
    assert "这台手机的签到权限已被收回" in page.inner_text("main")


def test_what_was_not_sent_stays_on_the_phone_and_goes_up_when_the_helper_is_asked_again(
    hall: Hall, teacher: Page, helping: BrowserContext
):
    page = _join(hall, teacher, helping)
    helping.set_offline(True)
    _type(page, hall.code("李四"))
    page.wait_for_selector("text=离线，待同步 1")
    _take_back(teacher)
    helping.set_offline(False)
    page.wait_for_selector("text=还有 1 条没上传，都留在这台手机里")
    assert page.evaluate(KEPT) == [0, 1]
    assert hall.rows(Scan) == []
    again = _join(hall, teacher, helping)
    again.wait_for_selector("[data-arrived] >> text=1")
    assert [scan.verdict for scan in hall.rows(Scan)] == ["accepted"]
    assert again.evaluate(KEPT)[1] == 0


def test_a_teachers_lost_phone_stops_looking_and_is_signed_out(hall: Hall, browser: Browser, tmp_path: Path):
    needs_decoder()
    sees = film(tmp_path / "ticket.mjpeg", f"https://example.test/i/{hall.ticket('欧阳娜娜')}")
    with phone(browser, hall, sees) as (page, _, _wrong):
        page.goto(hall.path("/devices"))
        page.click("button:has-text('准备签到')")
        page.wait_for_selector("text=这台手机准备好了")
        page.goto(hall.path("/scan"))
        page.wait_for_selector("body[data-kept]")
        page.click("[data-open]")
        page.wait_for_selector(".verdict.ok")
        assert page.evaluate("Boolean(document.querySelector('video').srcObject)")
        with hall.app.app_context(), unit_of_work():
            context.set_request("test", context.SYSTEM)
            devices.revoke_all(hall.run_id, principal_of_account(factories.account("operator").id))
        page.wait_for_selector("text=签到权限已收回")
        assert not page.evaluate("Boolean(document.querySelector('video').srcObject)")
        page.goto(f"{hall.url}/teach/")
        assert "/signin" in page.url


def test_what_yesterdays_run_does_not_take_holds_up_no_other_run(hall: Hall, teacher: Page, helping: BrowserContext):
    """A helper's phone keeps what it could not send before its day was over; today it helps at another run."""
    page = _join(hall, teacher, helping)
    with hall.app.app_context(), unit_of_work():
        context.set_request("test", context.SYSTEM)
        ended = factories.run(starts_in=timedelta(days=-1)).id
        now = db.session.scalars(select(PairedDevice)).one()
        before = {"kind": "helper", "label": "李明", "paired_by": now.paired_by, "until": now.created_at}
        db.session.add(PairedDevice(run_id=ended, session_id=now.session_id, **before))
    page.click("[data-ready] > summary")
    page.fill("#f-new-pin", "739154")
    page.fill("#f-again", "739154")
    page.click("[data-set] button")
    page.wait_for_selector("text=PIN 设好了")
    page.evaluate(LEFT, {"nonce": "0123456789abcdef", "run": ended, "meeting_id": 1, "source": "camera",
                         "ticket_key": "0" * 64, "scanned_at": "2026-11-22T09:00:00+08:00"})  # fmt: skip
    _type(page, hall.code("李四"))
    assert "签到成功" in page.wait_for_selector(".verdict.ok").inner_text()  # type: ignore[union-attr]
    page.wait_for_selector("text=别的场次还有 1 条没有传上")
    assert [scan.verdict for scan in hall.rows(Scan)] == ["accepted"]
    assert page.evaluate(KEPT) == [1, 1]  # today's names, and what waits
    page.goto(hall.path())
    page.wait_for_selector("text=手机里还有 1 条签到没有上传。签到权限已收回")
    assert page.evaluate(KEPT) == [1, 1]
