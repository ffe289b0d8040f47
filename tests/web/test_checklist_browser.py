"""技能考核表 on a phone in a hall without network: ticked, kept over a reload, sent later; a conflict is shown."""

import json
import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page

from chengjiu_mp.core import clock
from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.courses.models import Signup
from chengjiu_mp.exams.models import ExamResult
from tests.web.hall import PHONE, Hall, hall_of
from tests.web.storage import stored

pytestmark = pytest.mark.browser
NAMES = ["欧阳娜娜", "迪丽热巴·买买提江·阿不都热依木", "𠮷田一郎"]
VECTORS = json.loads((Path(__file__).parents[1] / "exams/step_vectors.json").read_text(encoding="utf-8"))
SHOTS = os.environ.get("CHECKLIST_SHOTS", "")
COUNT = """async ([item, vectors]) => {
    const { pointsOf, outcomeOf } = await import("/static/checklist-score.js");
    return vectors.map(({ ticks }) => {
        const points = pointsOf(item, ticks);
        return [points, outcomeOf([item], points === null ? {} : { [item.code]: points })];
    });
}"""
BEATS = """async () => {
    const { beat, stepped, clockWords } = await import("/static/checklist-beat.js");
    const two = (number) => Math.round(number * 1000) / 1000;
    return {
        at: [0, 1, 29, 30, 31, 32].map((n) => { const one = beat(n, 120); return [two(one.at), one.kind, one.number, one.round]; }),
        rates: [stepped(100, -5), stepped(110, 5), stepped(120, 5)],
        words: [120000, 119001, 500, 0, -500, -61000].map(clockWords),
    };
}"""


@pytest.fixture
def hall(base_settings, sqlite_template, tmp_path) -> Iterator[Hall]:
    with hall_of(base_settings, sqlite_template, tmp_path, NAMES) as made:
        with made.app.app_context(), unit_of_work():
            for signup in db.session.query(Signup):
                signup.outcome = "attended"
        yield made


@pytest.fixture
def around(browser: Browser, hall: Hall) -> Iterator[BrowserContext]:
    with browser.new_context(viewport=PHONE, locale="zh-CN") as context:  # type: ignore[arg-type]
        context.add_cookies([hall.cookie()])  # type: ignore[list-item]
        context.set_default_timeout(15_000)
        yield context


def _list(around: BrowserContext, hall: Hall) -> Page:
    """Open the list with network, until the phone has kept it."""
    page = around.new_page()
    page.on("pageerror", lambda error: pytest.fail(str(error)))
    page.goto(hall.path("/checklist"))
    page.wait_for_selector(f"body[data-kept][data-people='{len(NAMES)}']")
    return page


def _sheet(page: Page, hall: Hall, name: str = NAMES[0]) -> None:
    page.goto(hall.path(f"/checklist/{hall.signups[name]}"))
    page.wait_for_selector("body[data-ready]")


def _tick(page: Page, *failed: str) -> None:
    for step in page.locator("[data-step]").all():
        code = step.get_attribute("data-step")
        step.locator(".poor input" if code in failed else ".good input").click()


def _shot(page: Page, name: str) -> None:
    if SHOTS:
        page.screenshot(path=f"{SHOTS}/{name}.png")
        page.screenshot(path=f"{SHOTS}/{name}-full.png", full_page=True)


def test_the_phone_counts_as_the_server_does(around: BrowserContext, hall: Hall) -> None:
    page = around.new_page()
    page.goto(f"{hall.url}/healthz")
    found = page.evaluate(COUNT, [VECTORS["item"], VECTORS["vectors"]])
    assert found == [[one["points"], one["outcome"]] for one in VECTORS["vectors"]]


def test_the_beat_is_thirty_to_two_between_100_and_120(around: BrowserContext, hall: Hall) -> None:
    page = around.new_page()
    page.goto(f"{hall.url}/healthz")
    found = page.evaluate(BEATS)
    assert found["at"] == [
        [0, "press", 1, 1], [0.5, "press", 2, 1], [14.5, "press", 30, 1], [15, "breath", 1, 1], [16.5, "breath", 2, 1],
        [18, "press", 1, 2],
    ]  # fmt: skip
    assert found["rates"] == [100, 115, 120]
    assert found["words"] == ["2:00", "2:00", "0:01", "0:00", "0:00", "超 1:01"]


def test_a_sheet_without_network_survives_a_reload_and_arrives(around: BrowserContext, hall: Hall) -> None:
    page = _list(around, hall)
    _shot(page, "list")
    around.set_offline(True)
    page.reload()
    page.wait_for_selector(f"body[data-people='{len(NAMES)}']")
    _shot(page, "list-offline")
    page.click("text=欧阳**")
    page.wait_for_selector("body[data-ready]")
    assert page.inner_text("h1") == "欧阳**"
    page.fill("[name='p.theory']", "９０")
    _tick(page, "rate", "breaths")
    page.locator("[data-step=rate] select").select_option("超时")
    assert "心肺复苏 75" in page.inner_text("[data-total]")
    assert "不合格" in page.inner_text("[data-total]")
    page.click("[data-step=breaths] .good input")
    page.wait_for_selector("body[data-draft=open]")
    page.reload()
    page.wait_for_selector("body[data-ready]")
    assert "理论 90" in page.inner_text("[data-total]")
    assert "心肺复苏 85" in page.inner_text("[data-total]")
    page.click(".act .btn.main")
    page.wait_for_selector("text=没有网络，待同步 1")
    _shot(page, "sheet-offline")
    page.goto(hall.path("/checklist"))
    page.wait_for_selector("[data-people] >> text=待同步")
    kept = json.dumps(stored(page), ensure_ascii=False)
    assert not [name for name in (*NAMES, "迪丽热巴", "一郎") if name in kept]
    assert hall.rows(ExamResult) == []
    around.set_offline(False)
    page.wait_for_selector("[data-people] >> text=合格")
    (row,) = hall.rows(ExamResult)
    assert (row.items, row.outcome) == ({"theory": 90, "cpr": 85, "aed": 100}, "passed")
    assert {code for code, why in row.steps["cpr"].items() if why} == {"rate"}
    assert row.steps["cpr"]["rate"] == "超时"
    assert stored(page)["bases"]["exam"]["drafts"] == []


def test_a_critical_step_fails_whatever_the_sum(around: BrowserContext, hall: Hall) -> None:
    page = _list(around, hall)
    _sheet(page, hall, NAMES[1])
    page.fill("[name='p.theory']", "100")
    _tick(page, "call")
    assert "79 分，关键步骤没做到，不合格" in page.inner_text("[data-item=cpr]")
    _shot(page, "sheet-failed")
    page.click(".act .btn.main")
    page.wait_for_selector("text=已保存：不合格")
    _shot(page, "sheet-saved")
    assert [(row.items["cpr"], row.outcome) for row in hall.rows(ExamResult)] == [(79, "failed")]


@pytest.mark.parametrize("mine", [True, False], ids=["mine", "theirs"])
def test_a_conflict_is_shown_and_nothing_written_over(around: BrowserContext, hall: Hall, mine: bool) -> None:
    page = _list(around, hall)
    around.set_offline(True)
    _sheet(page, hall)
    page.fill("[name='p.theory']", "90")
    _tick(page)
    page.click(".act .btn.main")
    page.wait_for_selector("text=没有网络，待同步 1")
    with hall.app.app_context(), unit_of_work():
        db.session.add(ExamResult(
            run_id=hall.run_id, signup_id=hall.signups[NAMES[0]], items={"theory": 60.0}, steps={}, outcome="incomplete"
        ))  # fmt: skip
    around.set_offline(False)
    page.wait_for_selector("[data-conflict] >> text=现在是：理论 60、心肺复苏 空、AED 操作 空")
    assert [row.items for row in hall.rows(ExamResult)] == [{"theory": 60}]
    _shot(page, "conflict")
    page.reload()
    page.wait_for_selector("[data-conflict] >> text=现在是：理论 60")
    page.click("[data-mine]" if mine else "[data-theirs]")
    page.wait_for_selector("text=已保存：合格" if mine else "body[data-draft='']")
    expected = {"theory": 90, "cpr": 100, "aed": 100} if mine else {"theory": 60}
    assert [row.items for row in hall.rows(ExamResult)] == [expected]
    assert page.input_value("[name='p.theory']") == ("90" if mine else "60")
    assert stored(page)["bases"]["exam"]["drafts"] == []


def test_an_answer_lost_on_its_way_is_no_conflict(around: BrowserContext, hall: Hall) -> None:
    page = _list(around, hall)
    _sheet(page, hall)
    page.fill("[name='p.theory']", "90")
    _tick(page)
    around.route("**/api/v1/runs/*/results", lambda route: (route.fetch(), route.abort()), times=1)
    page.click(".act .btn.main")
    page.wait_for_selector("text=已存在手机里")
    assert [row.version for row in hall.rows(ExamResult)] == [1]
    page.click(".act .btn.main")
    page.wait_for_selector("text=已保存：合格")
    assert [row.version for row in hall.rows(ExamResult)] == [1]


def test_signing_out_takes_the_names_and_says_what_is_unsent(around: BrowserContext, hall: Hall) -> None:
    page = _list(around, hall)
    around.set_offline(True)
    _sheet(page, hall)
    _tick(page)
    page.click(".act .btn.main")
    page.wait_for_selector("text=没有网络，待同步 1")
    around.route("**/api/v1/runs/*/results", lambda route: route.abort())
    around.set_offline(False)
    page.goto(f"{hall.url}/me")
    page.click("[data-signout] button")
    page.wait_for_selector("text=这台手机里还有 1 份考核没有上传")
    page.click("text=仍要退出")
    page.wait_for_url(f"{hall.url}/")
    found = stored(page)
    assert (found["bases"]["exam"]["people"], len(found["bases"]["exam"]["drafts"])) == ([], 1)
    assert [path for path in found["kept"] if "checklist/" in path or path.endswith("checklist")] == []


def test_the_day_after_the_names_are_gone(around: BrowserContext, hall: Hall) -> None:
    page = _list(around, hall)
    assert len(stored(page)["bases"]["exam"]["people"]) == 1
    page.clock.set_fixed_time(clock.at_local(clock.day_of(hall.run.ends_at) + timedelta(days=1)))
    page.goto(f"{hall.url}/teach/")
    for _ in range(50):
        if not stored(page)["bases"]["exam"]["people"]:
            return
        page.wait_for_timeout(100)
    raise AssertionError("still there")


@pytest.mark.parametrize("view", ["plain", "elder"])
def test_one_thumb_reaches_everything_and_everybody_can_read_it(around: BrowserContext, hall: Hall, view: str) -> None:
    around.add_cookies([{"name": "view", "value": view, "url": hall.url}])
    page = _list(around, hall)
    _sheet(page, hall, NAMES[1])
    _tick(page, "rate")
    page.click("[data-metronome]")
    page.wait_for_selector("[data-metronome] >> text=/^\\d+\\/30$/")
    page.click("[data-faster]")
    assert page.inner_text("[data-speed]") == "115"
    page.click("[data-timer]")
    page.click("[data-lap]")
    page.wait_for_selector("[data-laps] >> text=1：0:0")
    _shot(page, f"sheet-{view}")
    small = page.evaluate(
        "[...document.querySelectorAll('main button, main a.btn, .mark, main select, main input:not([type=hidden]), .act button')]"
        ".filter((e) => e.offsetParent).map((e) => e.getBoundingClientRect()).filter((r) => r.height < 44 || r.width < 44).length"
    )
    assert small == 0
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.click("[data-metronome]")
    page.click("[data-timer]")
    assert Axe().run(page).response["violations"] == []
