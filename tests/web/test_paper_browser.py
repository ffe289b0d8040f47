"""The sheet as Chromium prints it: sixty people on A4, each square code read back from the paper's picture."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator

import pytest
import zxingcpp
from PIL import Image
from playwright.sync_api import Browser

from chengjiu_mp.checkin.models import CheckIn, Scan
from tests.web.hall import PHONE, Hall, hall_of

pytestmark = pytest.mark.browser

RARE = ["𠮷田", "㛃㛃", "迪丽热巴·买买提江·阿不都热依木·艾合买提", "欧阳娜娜", "𬭚𬬭", "阿" * 100]
NAMES = [*RARE, *(f"学员{n:02d}" for n in range(len(RARE), 60))]
MM = 150 / 25.4


@pytest.fixture
def hall(base_settings, sqlite_template, tmp_path) -> Iterator[Hall]:
    with hall_of(base_settings, sqlite_template, tmp_path, NAMES) as made:
        yield made


def open_page(browser: Browser, hall: Hall, **options):
    around = browser.new_context(viewport=PHONE, locale="zh-CN", **options)  # type: ignore[arg-type]
    around.add_cookies([hall.cookie()])  # type: ignore[list-item]
    page = around.new_page()
    page.goto(hall.path())
    return page


def pictures(page, folder) -> list[Image.Image]:
    """Print the page and return its sheets of paper, 150 dots an inch."""
    file = folder / "sheet.pdf"
    page.pdf(path=file, prefer_css_page_size=True, print_background=False)
    tool = shutil.which("pdftoppm")
    if tool is None:  # as the browser's fixture: CI installs it and fails
        (pytest.fail if os.environ.get("CHENGJIU_REQUIRE_BROWSER") == "1" else pytest.skip)("no pdftoppm on PATH")
    subprocess.run([tool, "-r", "150", "-gray", file, folder / "page"], check=True)
    return [Image.open(one) for one in sorted(folder.glob("page-*.pgm"))]


def test_sixty_people_are_printed_and_every_code_is_read_back(browser, hall, tmp_path):
    page = open_page(browser, hall)
    page.click("text=打印签到表")
    page.wait_for_selector(".sheet")
    sheets = pictures(page, tmp_path)
    assert [one.size for one in sheets] == [sheets[0].size] * 6  # 60 people and 5 empty rows, 11 a page
    assert sheets[0].size == pytest.approx((210 * MM, 297 * MM), abs=2)
    found = [code for one in sheets for code in zxingcpp.read_barcodes(one)]
    assert sorted(code.text.rpartition("/i/")[2] for code in found) == sorted(hall.ticket(name) for name in NAMES)
    sides = [code.position.top_right.x - code.position.top_left.x for code in found]
    assert min(sides) >= 16 * MM - 1


def test_a_phone_shows_what_was_typed_wrong_without_script(browser, hall):
    page = open_page(browser, hall, java_script_enabled=False)
    page.click("text=从纸质签到表录入")
    page.fill("textarea[name=codes]", f"{hall.code('欧阳娜娜')} QQ2Q9Q")
    page.click("form[action$='/paper'] button")
    assert page.inner_text("[role=status].card h2") == "录入了 1 人"
    assert page.input_value("textarea[name=codes]") == "QQ2Q9Q"
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    assert [one.signup_id for one in hall.rows(CheckIn)] == [hall.signups["欧阳娜娜"]]
    assert {one.source for one in hall.rows(Scan)} == {"paper"}
    assert not re.search("QQ2Q9Q", page.url)
