"""Sign-in and the API's page in a real Chromium: forms carry our own origin, and the policy stops nothing of ours."""

import dataclasses
import re
import shutil
import threading
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect
from werkzeug.serving import make_server

from chengjiu_mp import create_app

pytestmark = pytest.mark.browser


@pytest.fixture
def site(base_settings, sqlite_template, tmp_path) -> Iterator[str]:
    shutil.copyfile(sqlite_template, tmp_path / "site.sqlite3")
    settings = dataclasses.replace(base_settings, database_url=f"sqlite:///{tmp_path}/site.sqlite3", data_dir=tmp_path)
    server = make_server("127.0.0.1", 0, create_app(dataclasses.replace(settings, demo=True)), threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def page(browser: Browser, said) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 390, "height": 844})
    opened = context.new_page()
    opened.on("console", lambda message: said.append(message.text))
    opened.on("pageerror", lambda error: said.append(str(error)))
    yield opened
    context.close()


@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
def test_signing_in_takes_two_pages(browser, site, script):
    with browser.new_context(java_script_enabled=script, viewport={"width": 390, "height": 844}) as context:
        page = context.new_page()
        page.goto(f"{site}/signin?next=/privacy")
        page.fill("#f-phone", "139 0000 1111")
        page.click("button.main")
        page.fill("#f-code", re.findall(r"\d{6}", page.inner_text(".sms"))[0])
        page.click("button.main")
        assert page.url == f"{site}/privacy"


def test_a_wrong_code_brings_the_reader_to_what_to_change(page, site):
    page.goto(f"{site}/signin")
    page.fill("#f-phone", "13900001111")
    page.click("button.main")
    page.fill("#f-code", "abcdef")
    page.click("button.main")
    expect(page.locator("#errors")).to_be_focused()


def test_the_documents_page_renders_without_breaking_the_policy(page, site, said):
    page.goto(f"{site}/api/v1/docs")
    page.wait_for_selector(".opblock")
    page.click(".opblock-summary-control >> nth=0")
    page.wait_for_selector(".opblock-body")
    assert said == []
