"""How long the scan page takes from the first frame that holds a code to its answer, in a real browser.

The page of the running product, a camera that plays a film of tickets at 1280x720, and a processor that is four times
slower for the page (the browser does not slow its workers down, so decoding is reported by itself). The clock starts
where the page is given the frame; what is measured with is brought along and no part of the product.
"""

import io
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from flask import Flask
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Error, Page, sync_playwright
from sqlalchemy import select

from chengjiu_mp import create_app
from chengjiu_mp.config import from_environment
from chengjiu_mp.core.db import db
from chengjiu_mp.core.qr import qr_image
from chengjiu_mp.instructors.models import Instructor
from devtools.bench_checkin_figures import Scanned
from devtools.bench_checkin_ground import Halls
from devtools.bench_checkin_phones import TICKETS_AT
from devtools.bench_sides import Side
from devtools.stack import StackFailed
from tests.browsing import FLAGS
from tests.web.hall import Hall, phone  # what the browser tests scan with

SLOWER = 4
# Frames, 30 a second: before the first ticket, of each ticket, and of an empty desk after it.
LEAD, SEEN, AWAY = 60, 15, 45
# Scans that are not counted: the decoder starts with them.
WARM_UP = 2
LOOKS = {"online": "verdict ok", "offline": "verdict ok kept"}
INSTRUMENT = Path(__file__).with_name("bench_checkin_scan.js")


class Room(Hall):
    """A run on the product's server, as the browser tests know one."""

    def __init__(self, app: Flask, port: int, run_id: int) -> None:
        self.app, self.url, self.run_id = app, f"http://127.0.0.1:{port}", run_id
        with app.app_context():
            self.account_id = db.session.scalars(select(Instructor.account_id)).first()


def scanned(side: Side, halls: Halls, place: Path, scans: int) -> dict[str, Scanned]:
    """Return what scanning so many tickets took online, and as many others offline."""
    assert side.server is not None  # noqa: S101
    chromium = shutil.which("chromium")
    if chromium is None:
        raise StackFailed("There is no chromium on PATH; --no-browser measures the server alone.")
    app = create_app(from_environment(side.env))
    found = {}
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
            for way in LOOKS:
                hall = halls.hall(scans + WARM_UP)
                sees = reel(place / f"{way}.mjpeg", [TICKETS_AT + one for one in hall.tickets])
                found[way] = _scan(browser, Room(app, side.server.port, hall.run_id), sees, way, len(hall.tickets))
    except Error as exc:
        raise StackFailed(f"The browser could not scan: {exc}") from None
    finally:
        with app.app_context():
            db.session.remove()
            db.engine.dispose()
    return found


def _scan(browser: Browser, hall: Hall, sees: Path, way: str, tickets: int) -> Scanned:
    with phone(browser, hall, sees) as (page, around, _):
        around.add_init_script(path=INSTRUMENT)
        make_ready(page, hall)
        if way == "offline":
            around.set_offline(True)
        _slow_down(around, page)
        page.click("[data-open]")
        noted = _wait_for(page, tickets)
        print(f"{way}: {len(noted['began'])} codes, {len(noted['answers'])} answers", file=sys.stderr, flush=True)
    return figures_of(noted, LOOKS[way], tickets)


def make_ready(page: Page, hall: Hall) -> None:
    """Open the scan page, and wait until the phone keeps it, its parts and the roster: the camera is still off."""
    with page.expect_response(lambda reply: "/scan-roster" in reply.url):
        page.goto(hall.path("/scan"))
    page.wait_for_selector("body[data-kept]")


def _slow_down(around: BrowserContext, page: Page) -> None:
    around.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})


def _wait_for(page: Page, tickets: int) -> dict[str, Any]:
    """Wait until the film is over; its last ticket is followed by a desk, which an answer has time for."""
    frames = LEAD + tickets * (SEEN + AWAY)
    noted: dict[str, Any] = {}
    for _ in range(10 + frames // 15):
        page.wait_for_timeout(500)
        noted = page.evaluate("window.noted")
        if len(noted["began"]) >= tickets and len(noted["answers"]) >= tickets:
            break
    return noted


def figures_of(noted: dict[str, Any], look: str, tickets: int) -> Scanned:
    """Return what the page noted: each code with the first answer before the next code; the first ones are warm-up.

    :param look: the class of an answer that is as it should be; any other is a miss
    """
    began = noted["began"][:tickets]
    ends = [*began[1:], float("inf")][: len(began)]
    found = Scanned(decodes_ms=noted["decodes"][WARM_UP:], instrument_ms=noted["looks"])
    for start, end in list(zip(began, ends, strict=True))[WARM_UP:]:
        answer = next((one for one in noted["answers"] if start <= one["at"] < end), None)
        if answer is not None and answer["look"] == look:
            found.answers_ms.append(answer["at"] - start)
    found.missed = tickets - WARM_UP - len(found.answers_ms)
    return found


def reel(file: Path, texts: Sequence[str]) -> Path:
    """Write what the camera sees: an empty desk, then each code for a while; a white corner marks its frames."""
    desk = Image.new("RGB", (1280, 720), (120, 110, 100))
    empty = _jpeg(desk)
    frames = [empty * LEAD]
    for text in texts:
        ticket = desk.copy()
        ticket.paste(qr_image(text, 420), (430, 150))
        ticket.paste((255, 255, 255), (0, 0, 64, 64))
        frames += [_jpeg(ticket) * SEEN, empty * AWAY]
    # Longer than anybody looks: the film begins anew at its end.
    file.write_bytes(b"".join([*frames, empty * LEAD]))
    return file


def _jpeg(picture: Image.Image) -> bytes:
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=85)
    return out.getvalue()
