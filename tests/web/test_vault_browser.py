"""A day without network in a real Chromium: the PIN, names, what lies on the phone, and when it goes."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from chengjiu_mp.checkin.models import CheckIn, Scan
from chengjiu_mp.core import clock
from chengjiu_mp.core.db import db
from chengjiu_mp.courses.models import Signup
from chengjiu_mp.courses.signup_queries import phone_of
from tests.web.hall import Hall, film, hall_of, needs_decoder, phone, sees_ticket
from tests.web.storage import stored

pytestmark = pytest.mark.browser
NAMES = [
    "欧阳娜娜",
    "张三",
    "张伟",
    "李四",
    "王芳",
    "赵敏",
    "钱多多",
    "孙悦",
    "周杰",
    "吴昊",
    "郑晓禾",
    "冯小满",
    "陈晨",
    "褚小健",
]
PIN = "739154"


@pytest.fixture
def hall(base_settings, sqlite_template, tmp_path) -> Iterator[Hall]:
    with hall_of(base_settings, sqlite_template, tmp_path, NAMES) as made:
        yield made


@pytest.fixture
def sees(hall, tmp_path) -> Path:
    return sees_ticket(hall, tmp_path)


def _open(page: Page, hall: Hall) -> None:
    page.goto(hall.path("/scan"))
    page.wait_for_selector(f"body[data-kept][data-names='{len(NAMES)}']")


def _set_pin(page: Page, pin: str = PIN, again: str = PIN) -> None:
    if page.locator("[data-ready]").get_attribute("open") is None:
        page.click("[data-ready] > summary")
    page.fill("#f-new-pin", pin)
    page.fill("#f-again", again)
    page.click("[data-set] button")


def _ready(page: Page, hall: Hall) -> None:
    """Open the page online and set the PIN."""
    _open(page, hall)
    _set_pin(page)
    page.wait_for_selector("text=PIN 设好了")


def _unlock(page: Page, pin: str) -> None:
    page.fill("#f-pin", pin)
    page.press("#f-pin", "Enter")


def _type(page: Page, code: str) -> str:
    page.evaluate("document.querySelector('[data-answer]').replaceChildren()")
    page.fill("#f-code", code)
    page.press("#f-code", "Enter")
    return page.wait_for_selector("[data-answer] .verdict").inner_text()  # type: ignore[union-attr]


def _tick(page: Page, words: str) -> None:
    page.fill("#f-find", words)
    page.locator("[data-found] button", has_text="签到").first.click()
    page.wait_for_selector("[data-found] >> text=待上传")


def _phones(hall: Hall) -> list[str]:
    with hall.app.app_context():
        return [phone_of(one) for one in db.session.query(Signup)]


def _secrets(hall: Hall) -> list[str]:
    """Return everything that must not be read on a phone that was lost: whole and masked names, numbers, tickets."""
    tickets = [hall.ticket(name) for name in NAMES]
    codes = [hall.code(name) for name in NAMES]
    return [*NAMES, "欧阳*", "张*", "王*", *_phones(hall), *tickets, *codes]


def _readable(page: Page, hall: Hall) -> list[str]:
    text = json.dumps(stored(page), ensure_ascii=False)
    return [secret for secret in _secrets(hall) if secret in text]


def _queue_of(hall: Hall, folder: Path, names: list[str]) -> Path:
    """Return what the camera sees when these people come one after the other, long enough for a busy machine."""
    shown = [
        film(folder / f"{n}.mjpeg", f"https://example.test/i/{hall.ticket(name)}", seen=45, away=20)
        for n, name in enumerate(names)
    ]
    empty = film(folder / "empty.mjpeg", "", seen=0, away=300)
    whole = folder / "queue.mjpeg"
    whole.write_bytes(b"".join(one.read_bytes() for one in [*shown, empty]))
    return whole


def test_a_day_without_network_loses_nothing_and_shows_nothing(hall: Hall, tmp_path: Path, browser: Browser):
    needs_decoder()
    sees = _queue_of(hall, tmp_path, NAMES[:5])
    with phone(browser, hall, sees) as (page, around, _):
        _ready(page, hall)
        around.set_offline(True)
        page.reload()
        _unlock(page, "111222")
        page.wait_for_selector("text=PIN 不对，还可以试 9 次")
        _unlock(page, PIN)
        page.wait_for_selector(f"body[data-names='{len(NAMES)}']")
        page.click("[data-open]")
        for name in NAMES[:5]:
            page.wait_for_selector(f"[data-answer] >> text={name}")  # the ticket itself opens the whole name
        page.reload()
        _unlock(page, PIN)
        page.wait_for_selector(f"body[data-names='{len(NAMES)}']")
        for name in NAMES[5:10]:
            assert f"{name[0]}*" in _type(page, hall.code(name))  # a code does not
        for name in NAMES[10:13]:
            _tick(page, name[0])
        page.wait_for_selector("text=离线，待同步 13")
        full, seen = stored(page), clock.now()
        assert len(full["bases"]["checkin"]["queue"]) == 13
        assert _readable(page, hall) == []
        assert hall.rows(CheckIn) == []
        page.reload()
        around.set_offline(False)
        page.wait_for_selector("[data-arrived] >> text=13")
        assert stored(page)["bases"]["checkin"]["queue"] == []
        assert _readable(page, hall) == []
    scans = hall.rows(Scan)
    assert sorted(scan.source for scan in scans) == ["camera"] * 5 + ["code"] * 5 + ["name"] * 3
    assert {scan.reason for scan in scans} == {""}
    assert all(scan.scanned_at < seen < scan.received_at for scan in scans)
    assert {row.first_at for row in hall.rows(CheckIn)} == {scan.scanned_at for scan in scans}


def test_a_locked_phone_still_takes_codes_and_keeps_only_their_hash(hall: Hall, sees: Path, browser: Browser):
    with phone(browser, hall, sees) as (page, around, _):
        _ready(page, hall)
        around.set_offline(True)
        page.reload()
        page.wait_for_selector("[data-unlock]")
        assert "不能确认是否已报名" in _type(page, hall.code("张三"))
        assert "不是票" in _type(page, "https://example.test/s/abc")
        page.fill("#f-find", "张")
        page.wait_for_selector("text=名单已锁，输入 PIN 后才能按姓名找")
        assert "名单锁着" in (page.text_content("[data-blind-age]") or "")
        kept = stored(page)["bases"]["checkin"]["queue"]
        assert [sorted(set(one) & {"ticket", "ticket_key", "signup_id"}) for one in kept] == [
            ["ticket_key"],
            ["ticket"],
        ]
        assert kept[1]["ticket"] == "?"
        assert _readable(page, hall) == []
        around.set_offline(False)
        page.wait_for_selector("[data-arrived] >> text=1")
    assert [scan.code for scan in hall.rows(Scan)] == ["ok", "not_a_ticket"]


def test_ten_wrong_pins_take_the_names_but_not_the_scans(hall: Hall, sees: Path, browser: Browser):
    with phone(browser, hall, sees) as (page, around, _):
        _ready(page, hall)
        around.set_offline(True)
        page.reload()
        _type(page, hall.code("张三"))
        for left in range(9, 4, -1):
            _unlock(page, "000111")
            page.wait_for_selector(f"text=还可以试 {left} 次")
        page.reload()  # gives no try back
        for left in range(4, 0, -1):
            _unlock(page, "000111")
            page.wait_for_selector(f"text=还可以试 {left} 次")
        _unlock(page, "000111")
        page.wait_for_selector("text=PIN 输错 10 次，手机里的名单已清除")
        base = stored(page)["bases"]["checkin"]
        assert (base["vault"], base["roster"], len(base["queue"])) == ([], [], 1)
        around.set_offline(False)
        page.wait_for_selector("[data-arrived] >> text=1")
        _set_pin(page, "246813", "246813")
        page.wait_for_selector("text=PIN 设好了")


def test_a_right_pin_begins_the_count_anew_and_only_in_a_row_counts(hall: Hall, sees: Path, browser: Browser):
    with phone(browser, hall, sees) as (page, around, _):
        _ready(page, hall)
        around.set_offline(True)
        page.reload()
        _unlock(page, "000111")
        page.wait_for_selector("text=还可以试 9 次")
        _unlock(page, PIN)
        page.wait_for_selector("[data-unlock]", state="hidden")
        assert [record["wrong"] for record in stored(page)["bases"]["checkin"]["vault"]] == [0]


@pytest.mark.parametrize(
    ("pin", "again", "words"),
    [
        ("12345", "12345", "PIN 是 6 位数字"), ("111111", "111111", "太好猜"), ("987654", "987654", "太好猜"),
        ("739154", "739155", "两次输的不一样"),
    ],
)  # fmt: skip
def test_a_pin_that_will_not_do_is_said(hall: Hall, sees: Path, browser: Browser, pin: str, again: str, words: str):
    with phone(browser, hall, sees) as (page, _, _wrong):
        _open(page, hall)
        _set_pin(page, pin, again)
        page.wait_for_selector(f"text={words}")
        assert stored(page)["bases"]["checkin"]["vault"] == []


def test_a_forgotten_pin_is_set_anew_online_and_not_offline(hall: Hall, sees: Path, browser: Browser):
    with phone(browser, hall, sees) as (page, around, _):
        _ready(page, hall)
        before = stored(page)["bases"]["checkin"]["vault"]
        around.set_offline(True)
        page.reload()
        page.click("[data-lock] [data-forgot]")
        page.wait_for_selector("text=现在没有网络，不能重设 PIN")
        assert stored(page)["bases"]["checkin"]["vault"] == before
        around.set_offline(False)
        page.reload()
        page.wait_for_selector(f"body[data-names='{len(NAMES)}']")
        page.click("[data-ready] > summary")
        page.click("[data-pin-box] [data-forgot]")
        page.click("[data-pin-box] [data-anew]")
        _set_pin(page, "246813", "246813")
        page.wait_for_selector("text=PIN 设好了")
        assert stored(page)["bases"]["checkin"]["vault"][0]["wrapped"] != before[0]["wrapped"]


def test_an_online_page_works_locked_and_the_pin_renews_what_is_kept(hall: Hall, sees: Path, browser: Browser):
    with phone(browser, hall, sees) as (page, _, _wrong):
        _ready(page, hall)
        page.reload()
        page.wait_for_selector(f"body[data-names='{len(NAMES)}']")
        assert page.is_hidden("[data-lock]")
        before = stored(page)["bases"]["checkin"]["roster"]
        page.click("[data-ready] > summary")
        page.click("[data-ask]")
        _unlock(page, PIN)
        page.wait_for_selector("[data-pin-words] >> text=手机里存了 14 人的名单")
        assert stored(page)["bases"]["checkin"]["roster"][0]["at"] > before[0]["at"]


def test_people_of_one_masked_name_are_told_apart_and_a_tick_is_taken_back(hall: Hall, sees: Path, browser: Browser):
    with phone(browser, hall, sees) as (page, around, _):
        _open(page, hall)
        ends = dict(zip(NAMES, (number[-4:] for number in _phones(hall)), strict=True))
        around.set_offline(True)
        page.fill("#f-find", "张伟")  # by the mask alone 张三 may be meant as well, and is shown
        expect(page.locator("[data-found] li")).to_have_text(
            [f"张*　手机尾号 {ends['张三']}签到", f"张*　手机尾号 {ends['张伟']}签到"]
        )
        page.fill("#f-find", f"张 {ends['张伟']}")
        expect(page.locator("[data-found] li")).to_have_count(1)
        page.click("[data-found] button")
        page.click("[data-found] >> text=撤回")
        page.wait_for_selector("[data-answer] >> text=已撤回")
        assert stored(page)["bases"]["checkin"]["queue"] == []
        page.fill("#f-find", "欧阳")
        expect(page.locator("[data-found] li")).to_have_count(1)
        page.fill("#f-find", "欧阳锋")
        page.wait_for_selector("text=没有找到")


def test_a_tick_by_name_online_is_answered_by_the_server(hall: Hall, sees: Path, browser: Browser):
    with phone(browser, hall, sees) as (page, _, wrong):
        _open(page, hall)
        page.fill("#f-find", "王")
        page.click("[data-found] button")
        page.wait_for_selector("[data-answer] >> text=王芳")
        page.wait_for_selector("[data-found] >> text=已到")
        assert wrong == []
    assert [scan.source for scan in hall.rows(Scan)] == ["name"]


def test_the_day_after_the_names_are_gone(hall: Hall, sees: Path, browser: Browser):
    with phone(browser, hall, sees) as (page, _, _wrong):
        _ready(page, hall)
        page.clock.set_fixed_time(clock.at_local(clock.day_of(hall.run.ends_at) + timedelta(days=1)))
        page.goto(f"{hall.url}/teach/")
        page.wait_for_selector("[data-left]", state="attached")
        _gone(page)


def test_the_service_worker_lets_go_of_what_is_past(hall: Hall, sees: Path, browser: Browser):
    """Also on pages that know nothing of the roster; one that is not past stays."""
    with phone(browser, hall, sees) as (page, _, _wrong):
        _ready(page, hall)
        page.goto(f"{hall.url}/teach/refresher")
        assert len(stored(page)["bases"]["checkin"]["vault"]) == 1
        page.evaluate(
            """async () => {
                const base = await new Promise((done) => {
                    const asked = indexedDB.open("checkin");
                    asked.onsuccess = () => done(asked.result);
                });
                for (const name of ["vault", "roster"]) {
                    const store = base.transaction(name, "readwrite").objectStore(name);
                    await new Promise((done) => {
                        store.getAll().onsuccess = ({ target }) => {
                            for (const one of target.result) store.put({ ...one, until: Date.now() - 1 }).onsuccess = done;
                        };
                    });
                }
                base.close();
                for (const name of await caches.keys()) {
                    const cache = await caches.open(name);
                    for (const one of await cache.keys()) {
                        if (!one.url.endsWith("/scan")) continue;
                        await cache.put(one, new Response("", { headers: { "X-Kept-Until": "2020-01-01T00:00:00+00:00" } }));
                    }
                }
            }"""
        )
        page.goto(f"{hall.url}/teach/refresher")
        _gone(page, pages=True)


def _gone(page: Page, pages: bool = False) -> None:
    """Wait until no roster is left, and no scan page where that is asked."""
    for _ in range(50):
        found: dict[str, Any] = stored(page)
        base, kept = found["bases"]["checkin"], [path for path in found["kept"] if path.endswith("/scan")]
        if not base["vault"] and not base["roster"] and not (pages and kept):
            return
        page.wait_for_timeout(100)
    raise AssertionError((base, kept))


def test_signing_out_says_what_is_unsent_keeps_it_and_takes_the_names(hall: Hall, sees: Path, browser: Browser):
    with phone(browser, hall, sees) as (page, around, _):
        _ready(page, hall)
        around.route("**/scans", lambda route: route.abort())
        _type(page, hall.code("张三"))
        page.goto(f"{hall.url}/me")
        page.click("[data-signout] button")
        page.wait_for_selector("text=这台手机里还有 1 条签到没有上传")
        assert len(stored(page)["bases"]["checkin"]["vault"]) == 1
        page.click("text=仍要退出")
        page.wait_for_url(f"{hall.url}/")
        _gone(page, pages=True)
        assert len(stored(page)["bases"]["checkin"]["queue"]) == 1
        around.unroute("**/scans")
        around.add_cookies([hall.cookie()])  # type: ignore[list-item]
        page.goto(hall.path())
        page.wait_for_selector("text=都已上传")
    assert len(hall.rows(CheckIn)) == 1


def test_an_older_page_in_another_tab_holds_up_nothing(hall: Hall, sees: Path, browser: Browser):
    with phone(browser, hall, sees) as (page, around, _):
        old = around.new_page()
        old.goto(f"{hall.url}/healthz")
        old.evaluate(
            """() => new Promise((done) => {
                const asked = indexedDB.open("checkin", 1);
                asked.onsuccess = () => { window.held = asked.result; done(); };
            })"""
        )
        page.goto(hall.path("/scan"))
        assert "张三" in _type(page, hall.code("张三"))
        old.close()
        _ready(page, hall)


def test_a_page_left_open_over_night_drops_the_names(hall: Hall, sees: Path, browser: Browser):
    with phone(browser, hall, sees) as (page, around, _):
        page.clock.install()
        _ready(page, hall)
        around.set_offline(True)
        page.clock.set_system_time(clock.at_local(clock.day_of(hall.run.ends_at) + timedelta(days=1)))
        page.clock.run_for(130_000)
        page.wait_for_selector("body[data-names='past']")
        _gone(page)


def test_what_an_older_page_left_is_sent_and_its_names_are_gone(hall: Hall, sees: Path, browser: Browser):
    with phone(browser, hall, sees) as (page, _, _wrong):
        page.goto(f"{hall.url}/healthz")
        page.evaluate(
            """([scan, rows]) => new Promise((done) => {
                const asked = indexedDB.open("checkin", 1);
                asked.onupgradeneeded = () => {
                    asked.result.createObjectStore("queue", { keyPath: "order", autoIncrement: true }).add(scan);
                    asked.result.createObjectStore("roster", { keyPath: "meeting" }).add(rows);
                };
                asked.onsuccess = () => { asked.result.close(); done(); };
            })""",
            [
                {
                    "nonce": "0123456789abcdef", "run": hall.run_id, "meeting_id": hall.meeting_id, "source": "camera",
                    "ticket": f"https://example.test/i/{hall.ticket('张三')}", "scanned_at": clock.now().isoformat(),
                },
                {"meeting": hall.meeting_id, "at": 1, "rows": [{"name_masked": "张*"}]},
            ],
        )  # fmt: skip
        page.goto(hall.path("/scan"))
        page.wait_for_selector("[data-arrived] >> text=1")
        base = stored(page)["bases"]["checkin"]
        assert (base["queue"], base["roster"]) == ([], [])


def test_the_check_tries_everything_and_says_what_to_do(hall: Hall, sees: Path, browser: Browser):
    with phone(browser, hall, sees) as (page, _, wrong):
        page.goto(hall.path("/scan#check"))
        page.wait_for_selector(f"body[data-kept][data-names='{len(NAMES)}']")
        page.click("[data-check]")
        page.wait_for_selector("text=现在还不能断网")
        assert [_line(page, n) for n in range(8)] == [True] * 6 + [False, True]
        assert "请先做第 1 步" in page.inner_text("[data-checks] li:nth-child(7)")
        _set_pin(page)
        page.wait_for_selector("text=PIN 设好了")
        assert page.is_hidden("[data-check-total]")
        page.click("[data-check]")
        page.wait_for_selector("[data-check-total].ok >> text=今天可以断网")
        assert wrong == []


def _line(page: Page, number: int) -> bool:
    return page.locator("[data-checks] li").nth(number).get_attribute("data-good") == "yes"


NO_CAMERA = "navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('', 'NotAllowedError'))"
WECHAT = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 MicroMessenger/8.0.50"


@pytest.mark.parametrize(
    ("broken", "agent", "number", "words"),
    [
        (NO_CAMERA, None, 4, "没有允许用摄像头"), ("Date.now = () => 9e11", None, 7, "自动设置时间"),
        ("IDBObjectStore.prototype.put = () => { throw new Error() }", None, 1, "写进去读不出来"),
        ("delete window.WebAssembly", None, 3, "不能扫码"), ("", WECHAT, 0, "请用 Safari 打开"),
        ("Object.defineProperty(crypto, 'subtle', {value: undefined})", None, 6, "名单存不下"),
    ],
)  # fmt: skip
def test_what_is_broken_is_found_and_named(hall: Hall, sees: Path, browser: Browser, broken, agent, number, words):
    with phone(browser, hall, sees, **({"user_agent": agent} if agent else {})) as (page, around, _):
        around.add_init_script(broken)
        page.goto(hall.path("/scan#check"))
        page.wait_for_selector("body[data-kept]")
        page.click("[data-check]")
        page.wait_for_selector("text=现在还不能断网")
        assert not _line(page, number)
        assert words in page.inner_text(f"[data-checks] li:nth-child({number + 1})")


def test_where_nothing_can_be_sealed_the_page_works_and_no_ticket_is_written_down(
    hall: Hall, sees: Path, browser: Browser
):
    with phone(browser, hall, sees) as (page, around, _):
        around.add_init_script("Object.defineProperty(crypto, 'subtle', {value: undefined})")
        page.goto(hall.path("/scan"))
        page.wait_for_selector(f"body[data-names='{len(NAMES)}']")
        assert "张三" in _type(page, hall.code("张三"))
        around.set_offline(True)
        _type(page, hall.code("李四"))
        page.wait_for_selector("text=离线，待同步 1")
        assert stored(page)["bases"]["checkin"]["queue"] == []
        page.click("[data-ready] > summary")
        assert "手机不能存名单" in page.inner_text("[data-pin-words]")
        around.set_offline(False)
        page.wait_for_selector("[data-arrived] >> text=2")


def test_offline_the_page_says_what_it_cannot_know(hall: Hall, sees: Path, browser: Browser):
    with phone(browser, hall, sees) as (page, around, _):
        _open(page, hall)
        assert page.is_hidden("[data-blind]")
        around.set_offline(True)
        page.wait_for_selector("text=离线，扫到的会先存在手机里")
        page.click("[data-blind] > summary")
        said = page.inner_text("[data-blind]")
        for words in ("共 14 人", "才报名或退出", "别的手机", "现场加的人"):
            assert words in said


def test_a_revoked_phone_forgets_at_once_in_every_tab(hall: Hall, sees: Path, browser: Browser):
    with phone(browser, hall, sees) as (page, around, _):
        _ready(page, hall)
        other = around.new_page()
        other.goto(f"{hall.url}/teach/")
        other.evaluate("import('/static/scan-store.js').then((store) => store.forgetRosters())")
        page.wait_for_selector("body[data-names='none']")
        _gone(page, pages=True)


def test_the_phone_lists_who_is_missing_also_without_network(hall: Hall, sees: Path, browser: Browser):
    with phone(browser, hall, sees) as (page, around, wrong):
        _ready(page, hall)
        _type(page, hall.code("张三"))
        page.wait_for_selector("[data-missing] >> text=看还没到的 13 人")
        around.set_offline(True)
        page.reload()
        _type(page, hall.code("李四"))  # waits under its key: the roster is still locked
        _unlock(page, PIN)
        page.wait_for_selector("[data-missing] >> text=看还没到的 12 人")
        page.click("[data-missing]")
        expect(page.locator("[data-found] li")).to_have_count(12)
        assert "李*" not in page.inner_text("[data-found]")
        page.locator("[data-found] button", has_text="签到").first.click()
        expect(page.locator("[data-found] li")).to_have_count(11)
        page.click("text=收起还没到的 11 人")
        expect(page.locator("[data-found] li")).to_have_count(0)
        around.set_offline(False)
        page.wait_for_selector("[data-arrived] >> text=3")
        assert [one for one in wrong if "ERR_INTERNET_DISCONNECTED" not in one] == []


def test_the_answer_comes_into_view_and_the_list_stays_where_it_is(hall: Hall, sees: Path, browser: Browser):
    with phone(browser, hall, sees) as (page, _around, _wrong):
        _ready(page, hall)
        page.locator("[data-check]").scroll_into_view_if_needed()
        expect(page.locator("[data-answer]")).not_to_be_in_viewport()
        _type(page, hall.code("张三"))
        expect(page.locator("[data-answer] .verdict")).to_be_in_viewport(ratio=1)
        page.fill("#f-find", "王")
        page.locator("[data-check]").scroll_into_view_if_needed()
        page.locator("[data-found] button", has_text="签到").click()
        page.wait_for_selector("[data-found] >> text=已到")
        expect(page.locator("[data-answer]")).not_to_be_in_viewport()


def test_offline_the_age_of_the_names_is_seen_without_a_tap(hall: Hall, sees: Path, browser: Browser):
    with phone(browser, hall, sees) as (page, around, _):
        _open(page, hall)
        around.set_offline(True)
        page.wait_for_selector("[data-blind-old] >> text=名单：刚刚")
        page.clock.set_fixed_time(clock.now() + timedelta(minutes=12))
        _type(page, hall.code("张三"))
        page.wait_for_selector("[data-blind-old] >> text=名单：12 分钟前")
