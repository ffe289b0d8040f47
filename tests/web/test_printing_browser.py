"""The pick-up sheet as Chromium prints it, and the ledger of forty at a desk and on a phone."""

import io
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import pypdf
import pytest
from playwright.sync_api import Browser, Page

from chengjiu_mp.certificates import delivery
from chengjiu_mp.certificates.models import Certificate
from chengjiu_mp.config import Settings
from chengjiu_mp.core import context
from chengjiu_mp.core.db import db, unit_of_work
from tests import factories, issued
from tests.certificates.test_printing import clerk
from tests.web.serving import PHONE, Site, served

pytestmark = pytest.mark.browser

NAMES = (
    "古丽米热·阿卜杜热合曼",
    "𬭎䶮",
    "José O’Brien-Güler van der Østergård-Maximiliana",
    *(f"学员{n:02d}" for n in range(37)),
)
DESK = {"width": 1280, "height": 900}


@pytest.fixture
def site(base_settings: Settings, sqlite_template: Path, tmp_path: Path) -> Iterator[Site]:
    with served(base_settings, sqlite_template, tmp_path) as found:
        yield found


def prepared(site: Site) -> tuple[int, dict[str, str]]:
    """Forty people who fetch their paper; return the run and a clerk's headers."""
    with site.app.app_context():
        context.set_request("test", context.SYSTEM)
        of = [one.id for one in issued.issue(*NAMES)]
        by = clerk()
        with unit_of_work():
            delivery.choose_for_all([db.session.get_one(Certificate, one) for one in of], "pickup", by)
            for one in of:
                delivery.paper_is_there(one, by)
        run_id = db.session.get_one(Certificate, of[0]).run_id
        with factories.made():
            return run_id, factories.bearer("operator")


def too_wide(page: Page) -> int:
    return int(page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))


def test_the_pickup_sheet_prints_on_a4_with_every_row_whole(browser: Browser, site: Site) -> None:
    run_id, headers = prepared(site)
    with browser.new_context(viewport=DESK, extra_http_headers=headers) as around:  # type: ignore[arg-type]
        page = around.new_page()
        page.goto(f"{site.url}/console/printing/runs/{run_id}")
        page.get_by_role("button", name="打印领取表").click()
        page.wait_for_selector(".sheet.pickup")
        assert page.locator(".sheet.pickup").count() == 2
        printed = pypdf.PdfReader(io.BytesIO(page.pdf(prefer_css_page_size=True)))
    assert [round(float(side) * 25.4 / 72) for side in printed.pages[0].mediabox[2:]] == [210, 297]
    text = [unicodedata.normalize("NFKC", one.extract_text()) for one in printed.pages]
    assert len(text) == 2
    assert all("经手人签名" in one for one in text)


@pytest.mark.parametrize("size", [PHONE, DESK])
def test_the_ledger_fits_and_ticks_are_large_enough(browser: Browser, site: Site, size: dict[str, int]) -> None:
    run_id, headers = prepared(site)
    with browser.new_context(viewport=size, extra_http_headers=headers) as around:  # type: ignore[arg-type]
        page = around.new_page()
        page.goto(f"{site.url}/console/printing/runs/{run_id}")
        assert too_wide(page) <= 0
        box = page.locator(".ledger .tick").first.bounding_box()
        assert box is not None
        assert box["height"] >= 44
