"""The first screen of a ticket at 390x844, in both views: what is asked and the whole code at once."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from chengjiu_mp.config import Settings
from chengjiu_mp.core import context
from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.courses import changes
from chengjiu_mp.courses.models import CourseRun
from chengjiu_mp.courses.sittings import Sitting
from chengjiu_mp.web import view
from tests import factories, signups
from tests.web.serving import PHONE, Site, served

pytestmark = pytest.mark.browser

LONG = "“我会救”进企业：滨江东路长山工业园专场"


@pytest.fixture
def site(base_settings: Settings, sqlite_template: Path, tmp_path: Path) -> Iterator[Site]:
    with served(base_settings, sqlite_template, tmp_path) as found:
        yield found


def changed_ticket(site: Site) -> str:
    """Return the address of a ticket whose date was changed, and whose holder has not answered yet."""
    with site.app.app_context():
        context.set_request("test", context.SYSTEM)
        with factories.made():
            run = factories.run(title=LONG)
        made = signups.signed(run.id, name="阿卜杜热合曼·买买提吐尔逊")
        with unit_of_work():
            found = db.session.get_one(CourseRun, run.id)
            later = [Sitting(found.starts_at + timedelta(days=2), found.ends_at + timedelta(days=2))]
            changes.reschedule(found, later, "教室检修")
        return f"{site.url}/i/{made.ticket_token}"


def top_and_bottom(page: Page, selector: str) -> tuple[float, float]:
    box = page.locator(selector).first.bounding_box()
    assert box
    return box["y"], box["y"] + box["height"]


@pytest.mark.parametrize(("shown", "target"), [("plain", 44), ("elder", 60)])
def test_a_changed_date_and_the_whole_code_stand_on_the_first_screen(
    browser: Browser, site: Site, shown: str, target: int
) -> None:
    with browser.new_context(viewport=PHONE) as phone:  # type: ignore[arg-type]
        phone.add_cookies([{"name": view.COOKIE, "value": shown, "url": site.url}])
        page = phone.new_page()
        page.goto(changed_ticket(site))
        covered = top_and_bottom(page, ".act")[0]
        assert top_and_bottom(page, ".qr svg")[1] <= covered
        answers = page.locator(".thirds button")
        assert answers.all_inner_texts() == ["同意", "换一场", "退出"]
        for one in answers.all():
            box = one.bounding_box()
            assert box and box["height"] >= target and box["width"] >= target and box["y"] + box["height"] <= covered
        assert "为什么要改" in page.inner_text("main") and "教室检修" in page.inner_text("main")
        answers.first.click()
        page.wait_for_load_state()
        assert page.locator(".thirds").count() == 0
