"""A number to call is as high as a finger wherever it stands, and pushes no lines apart."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from chengjiu_mp.config import Settings
from chengjiu_mp.core import context, privacy
from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.courses.models import CourseRun, Signup
from chengjiu_mp.courses.signing_up import sign_up
from chengjiu_mp.people.guardians import guardian_token
from chengjiu_mp.people.models import GuardianConsent
from chengjiu_mp.web import view
from tests import factories, signups
from tests.families import child_id, mother
from tests.guards.test_chinese import _opened, pages
from tests.web.serving import PHONE, Site, served

pytestmark = pytest.mark.browser

# What every phone link measures, and how much higher its paragraph is than with the link as plain text.
MEASURED = """() => [...document.querySelectorAll('a[href^="tel:"]')].filter((a) => a.checkVisibility()).map((a) => {
  const box = a.getBoundingClientRect(), text = a.parentElement, high = text.getBoundingClientRect().height;
  const plain = ['display', 'padding', 'margin'].map((name) => [name, name == 'display' ? 'inline' : '0']);
  if (a.matches('main :not(.btn)')) for (const [name, value] of plain) a.style.setProperty(name, value, 'important');
  const low = text.getBoundingClientRect().height;
  a.removeAttribute('style');
  return [Math.round(box.width), Math.round(box.height), Math.round(high - low), !!a.closest('main')];
})"""


@pytest.fixture
def site(base_settings: Settings, sqlite_template: Path, tmp_path: Path) -> Iterator[Site]:
    with served(base_settings, sqlite_template, tmp_path) as found:
        yield found


def tokens(site: Site) -> dict[str, str]:
    """Return what opens the pages with a token: a run, a ticket of it, and a guardian's page."""
    with site.app.app_context():
        context.set_request("test", context.SYSTEM)
        with factories.made():
            run = factories.run(kind="popular")
        with unit_of_work():
            child = sign_up(run.id, signups.entry(doc_number=child_id()), channel="page", guardian=mother()).signup
            asked = guardian_token(db.session.get_one(GuardianConsent, child.guardian_consent_id))
        made = signups.signed(run.id)
        row = db.session.get_one(CourseRun, run.id)
        begins = privacy.unseal(row.token_sealed, place=CourseRun.PLACE, row=row.uid)
        ticket = privacy.unseal(made.signup.ticket_sealed, place=Signup.PLACE_TICKET, row=made.signup.uid)
    return {"/s/": begins, "/i/": ticket, "/g/": asked}


def sign_in(page: Page, site: Site) -> None:
    page.goto(f"{site.url}/signin?next=/me/data")
    page.fill("#f-phone", "13912340000")
    page.click(".act button.main")
    page.fill("#f-code", page.inner_text(".sms").split("验证码")[1].strip()[:6])
    with page.expect_navigation(url="**/me/data**", wait_until="load"):
        page.click(".act button.main")


@pytest.mark.parametrize(("shown", "target"), [("plain", 44), ("elder", 60)])
def test_every_number_to_call_is_a_target(browser: Browser, site: Site, shown: str, target: int) -> None:
    found: dict[str, list[list[Any]]] = {}
    opens = tokens(site)
    with browser.new_context(viewport=PHONE, bypass_csp=True) as phone:  # type: ignore[arg-type]
        phone.add_cookies([{"name": view.COOKIE, "value": shown, "url": site.url}])
        page = phone.new_page()
        for rule in [one for one in pages(site.app) if "." not in one and one != "/g/<token>"]:
            page.goto(site.url + _opened(rule, opens))
            found[rule] = page.evaluate(MEASURED)
        page.goto(f"{site.url}/g/{opens['/g/']}")
        found["guardian"] = page.evaluate(MEASURED)
        sign_in(page, site)
        found["name"] = page.evaluate(MEASURED)
    bad = {rule: [m for m in all_ if min(m[:2]) < target or m[2]] for rule, all_ in found.items()}
    assert {rule: wrong for rule, wrong in bad.items() if wrong} == {}
    within = {rule for rule, all_ in found.items() if any(m[3] for m in all_)}
    assert {"/privacy", "/lookup", "guardian", "name", "/me/erased"} <= within
