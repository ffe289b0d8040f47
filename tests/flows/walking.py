"""The real stack and the people who walk through it, page by page."""

import contextlib
import io
import json
import os
import re
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
import zxingcpp
from PIL import Image
from playwright.sync_api import Browser, Locator, expect

from chengjiu_mp.core import clock
from devtools.environment import app_environment
from devtools.paths import ROOT
from devtools.test import clean_environment

PHONE = {"width": 390, "height": 844}
DESK = {"width": 1280, "height": 900}
# Pages answer in well under a second; a busy machine gets more.
PATIENCE = 20_000
PICTURE = 60_000


class City:
    """`./dev run` with the demo city on a folder of its own, and the business time that all its processes share."""

    def __init__(self, process: subprocess.Popen[str], url: str, data: Path) -> None:
        self.process, self.url, self.data = process, url, data
        # The seed stands on the real time; the stories begin the next morning.
        self.morning = clock.at_local(clock.day_of(datetime.now(UTC)) + timedelta(days=1), 10)

    def at(self, moment: datetime) -> None:
        """Let it be `moment` for web, worker and beat."""
        body = json.dumps({"now": moment.isoformat()}).encode()
        asked = urllib.request.Request(f"{self.url}/_test/clock", body, {"Content-Type": "application/json"})
        with urllib.request.urlopen(asked, timeout=10) as reply:
            assert reply.status == 200

    def tick(self, task: str) -> None:
        """Send what beat sends at its hour: beat's own timetable follows the real day."""
        argv = [sys.executable, "-m", "celery", "-A", "celery_worker", "call", "--queue", "slow", task]
        env = {**app_environment(self.data), "CHENGJIU_TEST_HOOKS": "1"}
        subprocess.run(argv, cwd=ROOT, env=env, check=True, capture_output=True, timeout=60)

    def stop(self) -> list[psutil.Process]:
        """Send SIGTERM, check that the launcher ends well, and return what it left running."""
        family = psutil.Process(self.process.pid).children(recursive=True)
        self.process.send_signal(signal.SIGTERM)
        self.process.communicate(timeout=60)
        assert self.process.returncode == 0
        return [one for one in family if one.is_running()]


@contextlib.contextmanager
def running_city(data: Path) -> Iterator[City]:
    """Start everything with the launcher, and stop it."""
    argv = [str(ROOT / "dev"), "run", "--port", "0", "--data", str(data)]
    env = {**clean_environment(dict(os.environ)), "CHENGJIU_TEST_HOOKS": "1"}
    process = subprocess.Popen(argv, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert process.stdout is not None
    said = []
    for line in process.stdout:
        said.append(line)
        if line.startswith("READY "):
            break
    else:
        process.communicate(timeout=60)
        raise AssertionError("".join(said))
    city = City(process, json.loads(said[-1].removeprefix("READY "))["url"], data)
    try:
        yield city
    finally:
        assert city.stop() == []


class Person:
    """Somebody with a phone or at a desk, who sees pages and presses what they show."""

    def __init__(self, browser: Browser, city: City, *, script: bool = True, desk: bool = False) -> None:
        around = browser.new_context(
            viewport=DESK if desk else PHONE,  # type: ignore[arg-type]
            java_script_enabled=script, locale="zh-CN", timezone_id="Asia/Shanghai", base_url=city.url,
        )  # fmt: skip
        around.set_default_timeout(PATIENCE)
        self.city, self.page = city, around.new_page()

    def opens(self, path: str) -> None:
        reply = self.page.goto(path)
        assert reply is not None and reply.ok, f"{path}: {reply and reply.status}"

    def fills(self, **fields: str) -> None:
        for name, value in fields.items():
            self.page.locator(f"[id='f-{name.replace('__', '.')}']").fill(value)

    def chooses(self, **fields: str) -> None:
        for name, words in fields.items():
            self.page.locator(f"#f-{name}").select_option(label=words)

    def presses(self, words: str) -> None:
        """Press what bears exactly these words, in the dialog when one is open."""
        area = self.page.locator("dialog[open], body:not(:has(dialog[open]))")
        exactly = re.compile(rf"^\s*{re.escape(words)}\s*$")
        button, link = (area.get_by_role(role, name=words, exact=True) for role in ("button", "link"))
        button.or_(link).or_(area.locator("summary", has_text=exactly)).filter(visible=True).first.click()

    def sees(self, *words: str, within: str = "main", timeout: int = PATIENCE) -> None:
        for one in words:
            expect(self.page.locator(within)).to_contain_text(one, timeout=timeout)

    def comes_back_until(self, path: str, words: str) -> None:
        """Open a page again until it says so, for half a minute: work behind it takes a moment."""
        for _ in range(15):
            self.opens(path)
            with contextlib.suppress(AssertionError):
                self.sees(words, timeout=2_000)
                break
        self.sees(words)

    def reads_the_code(self, field: str) -> None:
        """Type the six digits of the demo's text message."""
        found = re.search(r"\d{6}", self.page.locator(".sms").inner_text())
        assert found is not None
        self.page.locator(field).fill(found.group())

    def ticket_code(self) -> str:
        return self.page.locator(".ticket .code").inner_text()

    def picture(self, selector: str) -> Image.Image:
        """Fetch a picture of the page with the page's own cookies."""
        source = self.page.locator(selector).get_attribute("src") or ""
        reply = self.page.request.get(source)
        assert reply.ok
        return Image.open(io.BytesIO(reply.body()))

    def leaves(self) -> None:
        self.page.context.close()


def qr_of(picture: Image.Image) -> str:
    """Return the text of the one code in a picture."""
    found = zxingcpp.read_barcodes(picture)
    assert len(found) == 1
    return found[0].text


def board_of(person: Person) -> dict[str, int]:
    """Return the certified figures of the public board: the whole city, its rows, its sectors."""
    person.opens("/board")
    city = person.page.locator("[aria-labelledby=totals] .gauge").first
    rows = person.page.locator(".rows > li").all()
    sectors = person.page.locator("figure", has=person.page.locator("h2", has_text="六进：新增持证")).locator(
        ".bars > li"
    )
    found = {"全市": _figure(city)}
    found |= {row.locator("h3").inner_text(): _figure(row.locator(".gauge").first) for row in rows}
    return found | {one.locator(".gauge > span").first.inner_text(): _figure(one) for one in sectors.all()}


def _figure(gauge: Locator) -> int:
    return int(gauge.locator("b").inner_text().replace(",", ""))
