"""The name as it will be printed: flagged while a font is missing, confirmed once by who looked at it."""

from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from chengjiu_mp.core import clock, fonts
from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.core.fonts import undrawable
from chengjiu_mp.core.models import AuditEntry
from chengjiu_mp.courses.models import Signup
from chengjiu_mp.courses.naming import confirm_name, name_stamp, warnings_now
from chengjiu_mp.people import han
from tests import factories
from tests.pictures import UNDRAWN, a_font
from tests.pictures import fonts as installed
from tests.signups import signed


def made(name: str) -> Signup:
    with factories.made():
        run = factories.run().id
    return db.session.get_one(Signup, signed(run, name=name).signup.id)


def test_what_needs_no_font_opened_is_drawn_by_the_first_one() -> None:
    easy = [chr(code) for first, last in han.RANGES[:3] for code in range(first, last + 1)]
    easy = [char for char in easy if char.encode("gb2312", "ignore")]
    assert len(easy) == 6763
    first = installed().led_by("serif").faces[0]
    assert all(map(first.covers, [*easy, "·", "A", "z", "é"]))


@pytest.mark.parametrize("name", ["张伟", "古丽米热·阿卜杜热合曼", "王䶮", "JOSÉ Nguyễn"])
def test_what_can_be_drawn_is_not_flagged(app: Flask, name: str) -> None:
    assert undrawable(name) == ()
    assert "glyph_missing" not in made(name).warnings


def test_a_missing_glyph_is_allowed_and_flagged_until_a_font_comes(app: Flask, tmp_path: Path) -> None:
    row = made(f"王{UNDRAWN}")
    assert (row.state, row.warnings, warnings_now(row)) == ("confirmed", ["glyph_missing"], ["glyph_missing"])
    fonts.use_font_folders([tmp_path])
    try:
        assert undrawable(row.name) == ("U+2EBF0",)
        a_font(ord(UNDRAWN)).save(tmp_path / "rare.ttf")
        assert undrawable(row.name) == ()
        assert warnings_now(row) == []
    finally:
        fonts.use_font_folders([])


def test_only_the_name_that_was_shown_is_confirmed(app: Flask) -> None:
    other, row = name_stamp(made("张伟")), made("张伟")
    stamp = name_stamp(row)
    with unit_of_work():
        assert not confirm_name(row, other)
    with unit_of_work():
        assert confirm_name(row, stamp)
        assert confirm_name(row, stamp)
    assert row.name_confirmed_at == clock.now()
    entries = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "signup.name_confirmed")).all()
    assert [entry.object_id for entry in entries] == [row.id]


def test_a_place_given_back_is_not_confirmed_any_more(app: Flask) -> None:
    row = made("张伟")
    with unit_of_work():
        db.session.get_one(Signup, row.id).state = "withdrawn"
    with unit_of_work():
        confirm_name(row, name_stamp(row))
    assert row.name_confirmed_at is None
