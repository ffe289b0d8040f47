"""The worker's side: the same picture whatever happens, and no picture with a hole in a name."""

import hashlib

import pytest
import zxingcpp
from flask import Flask
from PIL import Image
from sqlalchemy import select

from chengjiu_mp.certificates import rendering, versions
from chengjiu_mp.certificates.errors import PictureUnderWay
from chengjiu_mp.certificates.models import CertificateVersion
from chengjiu_mp.certificates.tasks import render
from chengjiu_mp.core import storage
from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.core.models import Job
from tests import issued

# A code point that Unicode has not given out: no font draws it.
UNDRAWN = "张\U0003fffd"


def test_the_file_is_what_the_row_says(app: Flask) -> None:
    version = issued.draw(issued.issue()[0])
    assert version.picture_state == "ready"
    assert version.file is not None
    data = storage.media().get(version.file)
    assert hashlib.sha256(data).hexdigest() == version.sha256
    assert data.startswith(b"\xff\xd8")
    assert data.endswith(b"\xff\xd9")


def test_its_code_leads_to_the_public_page(app: Flask) -> None:
    one = issued.issue()[0]
    version = issued.draw(one)
    with Image.open(storage.media().path(version.file or "")) as page:
        codes = zxingcpp.read_barcodes(page)
    assert [c.text for c in codes] == [f"{app.config['SETTINGS'].public_url}/v/{issued.token(one)}"]


def test_a_duplicate_delivery_changes_nothing(app: Flask) -> None:
    one = issued.issue()[0]
    version = issued.draw(one)
    before = (version.sha256, version.font_set)
    job = db.session.scalars(select(Job).where(Job.kind == versions.RENDER_JOB)).one()
    db.session.rollback()
    render(job.id)
    assert rendering.render_version(version.id) is None
    again = issued.version_of(one)
    assert ((again.sha256, again.font_set), job.attempts) == (before, 1)


def test_killed_between_file_and_row_it_is_simply_done_again(app: Flask) -> None:
    one = issued.issue()[0]
    version = issued.version_of(one)
    assert rendering.render_version(version.id) is not None  # the file is there; the effect never ran
    files = [path.name for path in (app.config["DATA_DIR"] / "media").rglob("*.*")]
    drawn = issued.draw(one)
    assert [drawn.file] == files == [path.name for path in (app.config["DATA_DIR"] / "media").rglob("*.*")]


def test_a_late_twin_does_not_touch_what_was_handed_out(app: Flask) -> None:
    one = issued.issue()[0]
    late = rendering.render_version(issued.version_of(one).id)
    version = issued.draw(one)
    with unit_of_work():
        db.session.get_one(CertificateVersion, version.id).font_set = "handed-out"
    assert late is not None
    with unit_of_work():
        late()
    assert issued.version_of(one).font_set == "handed-out"


def test_a_character_no_font_draws_waits_for_staff(app: Flask) -> None:
    version = issued.draw(issued.issue(UNDRAWN)[0])
    assert (version.picture_state, version.missing, version.file) == ("missing_glyphs", "U+3FFFD", None)
    assert db.session.scalars(select(Job.state).where(Job.kind == versions.RENDER_JOB)).one() == "done"


def test_staff_ask_again_once(app: Flask) -> None:
    one = issued.issue(UNDRAWN)[0]
    issued.draw(one)
    with unit_of_work():
        versions.render_again(issued.version_of(one))
    with pytest.raises(PictureUnderWay), unit_of_work():
        versions.render_again(issued.version_of(one))
    assert issued.draw(one).picture_state == "missing_glyphs"
    assert len(db.session.scalars(select(Job).where(Job.kind == versions.RENDER_JOB)).all()) == 2


def test_a_lost_file_can_be_made_again(app: Flask) -> None:
    one = issued.issue()[0]
    version = issued.draw(one)
    was = version.sha256
    with pytest.raises(PictureUnderWay), unit_of_work():
        versions.render_again(version)
    storage.media().path(version.file or "").unlink()
    with unit_of_work():
        versions.render_again(issued.version_of(one))
    assert issued.draw(one).sha256 == was
