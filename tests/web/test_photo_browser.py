"""A phone's photo, larger than what is taken, sent from a real Chromium."""

import io
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page
from sqlalchemy import select

from chengjiu_mp.checkin.record_models import RunEvidence
from chengjiu_mp.core import photos
from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.instructors.models import Instructor
from tests import factories
from tests.web.hall import PHONE, Hall, hall_of

pytestmark = pytest.mark.browser


@pytest.fixture
def hall(base_settings, sqlite_template, tmp_path) -> Iterator[Hall]:
    with hall_of(base_settings, sqlite_template, tmp_path, []) as made:
        with made.app.app_context(), unit_of_work():
            teacher = db.session.scalars(select(Instructor)).one()
            made.run_id = factories.run("popular", starts_in=timedelta(hours=-1), instructors=[teacher]).id
        yield made


def _photo() -> bytes:
    out, said = io.BytesIO(), Image.Exif()
    said[0x0112] = 6  # the phone was held upright
    said.get_ifd(0x8769)[0x9003] = "2024:05:01 09:30:00"
    Image.effect_noise((4000, 3000), 90).convert("RGB").save(out, "JPEG", quality=92, exif=said)
    assert len(out.getvalue()) > photos.MAX_BYTES + 1024 * 1024
    return out.getvalue()


def _send(page: Page, hall: Hall, content: bytes) -> None:
    page.goto(hall.path("/record"))
    page.set_input_files("#f-photo", {"name": "IMG_1.jpg", "mimeType": "image/jpeg", "buffer": content})
    # At once, before the picture can be ready.
    page.click("form[enctype] button")
    page.wait_for_selector("text=传好了")


def test_a_photo_that_is_too_large_is_made_smaller_on_the_phone(hall: Hall, browser: Browser):
    around = browser.new_context(viewport=PHONE, locale="zh-CN")  # type: ignore[arg-type]
    around.add_cookies([hall.cookie()])  # type: ignore[list-item]
    page = around.new_page()
    _send(page, hall, _photo())
    around.close()
    (kept,) = hall.rows(RunEvidence)
    assert (kept.width, kept.height) == (1500, 2000)
    assert kept.taken_at == datetime(2024, 5, 1, 1, 30, tzinfo=UTC)
