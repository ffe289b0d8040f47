"""A hall for the browser: the real application on a real SQLite file at the real time, and cameras that see tickets."""

import dataclasses
import io
import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page
from sqlalchemy import select
from werkzeug.serving import make_server

from chengjiu_mp import create_app
from chengjiu_mp.config import Settings
from chengjiu_mp.core import context
from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.core.qr import qr_image
from chengjiu_mp.courses.models import CourseRun, Meeting, Signup
from chengjiu_mp.signin import sessions
from tests import factories

VENDOR = Path(__file__).parents[2] / "chengjiu_mp/web/static/vendor"
PHONE = {"width": 390, "height": 844}
CAMERA = (
    "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-sync",
    "--disable-component-update", "--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream",
)  # fmt: skip


def needs_decoder() -> None:
    """Skip where it is not installed, as the browser's fixture does where there is none: CI installs it and fails."""
    if VENDOR.is_dir():
        return
    if os.environ.get("CHENGJIU_REQUIRE_BROWSER") == "1":
        pytest.fail("the decoder is not installed")
    pytest.skip("the decoder is not installed")


class Hall:
    """A run that began ten minutes ago, its instructor, and who signed up."""

    def __init__(self, app: Flask, names: list[str]) -> None:
        self.app, self.url = app, ""
        with app.app_context(), unit_of_work():
            context.set_request("test", context.SYSTEM)
            teacher = factories.instructor("陈建国")
            self.account_id = teacher.account_id
            run = factories.run(starts_in=timedelta(minutes=-10), capacity=max(50, len(names)), instructors=[teacher])
            self.run_id = run.id
            self.signups = {name: factories.signup(run, name, sort_key=str(n)).id for n, name in enumerate(names)}
            self.meeting_id = db.session.scalars(select(Meeting.id).where(Meeting.run_id == run.id)).one()

    def ticket(self, name: str) -> str:
        with self.app.app_context():
            return factories.ticket(db.session.get_one(Signup, self.signups[name]))

    def code(self, name: str) -> str:
        with self.app.app_context():
            return db.session.get_one(Signup, self.signups[name]).code

    def rows(self, model: type) -> list[Any]:
        with self.app.app_context():
            return list(db.session.scalars(select(model).order_by(model.id)))  # type: ignore[attr-defined]

    def path(self, tail: str = "") -> str:
        return f"{self.url}/teach/runs/{self.run_id}{tail}"

    def cookie(self) -> dict[str, Any]:
        """Return the cookie of a phone on which the instructor is signed in."""
        with self.app.app_context(), unit_of_work():
            token, _ = sessions.open_session("device", self.account_id)
        signer = self.app.session_interface.get_signing_serializer(self.app)  # type: ignore[attr-defined]
        return {"name": "sid", "value": signer.dumps({"t": token, "_permanent": True}), "url": self.url}

    @property
    def run(self) -> CourseRun:
        with self.app.app_context():
            return db.session.get_one(CourseRun, self.run_id)


@contextmanager
def served(settings: Settings, names: list[str]) -> Iterator[Hall]:
    """Serve a hall on this machine."""
    app = create_app(settings)
    hall = Hall(app, names)
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    hall.url = f"http://127.0.0.1:{server.server_port}"
    yield hall
    server.shutdown()
    thread.join()
    server.server_close()
    with app.app_context():
        db.session.remove()
        db.engine.dispose()


@contextmanager
def hall_of(base: Settings, template: Path, place: Path, names: list[str]) -> Iterator[Hall]:
    """Serve a hall on its own copy of the migrated database."""
    shutil.copyfile(template, place / "hall.sqlite3")
    settings = dataclasses.replace(base, database_url=f"sqlite:///{place}/hall.sqlite3", data_dir=place)
    with served(settings, names) as made:
        yield made


def sees_ticket(hall: Hall, place: Path) -> Path:
    """Return a film of 欧阳娜娜's ticket, where the decoder is installed."""
    needs_decoder()
    return film(place / "ticket.mjpeg", f"https://example.test/i/{hall.ticket('欧阳娜娜')}")


def type_code(page: Page, code: str) -> None:
    """Type a code on the scan page."""
    page.fill("#f-code", code)
    page.press("#f-code", "Enter")


def film(file: Path, text: str, *, seen: int = 15, away: int = 105) -> Path:
    """Write what a camera sees, 30 frames a second: a ticket's code, then an empty desk for longer than the page waits."""
    desk = Image.new("RGB", (1280, 720), (120, 110, 100))
    ticket = desk.copy()
    ticket.paste(qr_image(text, 420), (430, 150))
    file.write_bytes(_jpeg(ticket) * seen + _jpeg(desk) * away)
    return file


def _jpeg(picture: Image.Image) -> bytes:
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=85)
    return out.getvalue()


@contextmanager
def phone(browser: Browser, hall: Hall, sees: Path, **options: Any) -> Iterator[tuple[Page, BrowserContext, list[str]]]:
    """A phone whose camera sees a film; yields the page, its context and what went wrong (console, foreign hosts)."""
    flags = [*CAMERA, f"--use-file-for-fake-video-capture={sees}"]
    chrome = browser.browser_type.launch(executable_path=_executable(browser), args=flags)
    around = chrome.new_context(viewport=PHONE, permissions=["camera"], locale="zh-CN", **options)  # type: ignore[arg-type]
    around.add_cookies([hall.cookie()])  # type: ignore[list-item]
    page, wrong = around.new_page(), list[str]()
    page.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    around.on("request", lambda sent: None if sent.url.startswith((hall.url, "data:")) else wrong.append(sent.url))
    try:
        yield page, around, wrong
    finally:
        chrome.close()


def _executable(browser: Browser) -> str:
    return shutil.which("chromium") or ""
