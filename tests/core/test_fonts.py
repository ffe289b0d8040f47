"""Which font draws a character, and that nothing is ever drawn as an empty box."""

import shutil
from itertools import chain as joined

import pytest
from fontTools.ttLib import TTCollection
from PIL import ImageFont

from chengjiu_mp.core.fonts import FontFace, MissingGlyphs, discover_fonts, missing_glyphs
from tests.pictures import ONLY_HANAMIN, UNDRAWN, a_font, fonts, needs_hanamin

COMMON_NAMES = "张三欧阳娜娜古丽米热·阿卜杜热合曼王𬍛䶮㛃𠅤𬱖Müller Nguyễn Đặng"


def is_tofu(font: ImageFont.FreeTypeFont, char: str) -> bool:
    # U+FFFE is no character in any font, so its drawing is the font's own empty box.
    return bytes(font.getmask(char)) == bytes(font.getmask("\ufffe"))


def test_every_name_of_the_register_can_be_drawn():
    assert missing_glyphs(COMMON_NAMES, fonts()) == ()


def test_no_character_is_drawn_as_the_empty_box():
    runs = fonts().runs(COMMON_NAMES, 64)
    boxes = [char for run in runs for char in run.text if char != " " and is_tofu(run.font, char)]
    assert boxes == []


@needs_hanamin
def test_rare_planes_are_drawn_by_hanamin():
    runs = fonts().runs(ONLY_HANAMIN, 64)
    assert {"HanaMin" in str(run.font.path) for run in runs} == {True}
    assert not any(is_tofu(run.font, char) for run in runs for char in run.text)


@needs_hanamin
def test_polish_names_are_drawn_where_the_fonts_of_the_image_are():
    assert missing_glyphs("Łukasz Żółć", fonts()) == ()


@needs_hanamin
def test_a_text_is_cut_where_the_face_changes_and_nowhere_else():
    pieces = [run.text for run in fonts().runs("王𠮷Anna𡚸𨰻李", 64)]
    assert pieces == ["王", "𠮷", "Anna", "𡚸𨰻", "李"]


def test_missing_characters_are_named_once_in_reading_order():
    assert missing_glyphs(f"张\ue000{UNDRAWN}三\ue000", fonts()) == ("U+E000", "U+2EBF0")


def test_a_font_dropped_into_the_folder_draws_what_was_missing(tmp_path):
    a_font(ord(UNDRAWN)).save(tmp_path / "signs.ttf")
    chain = discover_fonts([tmp_path])
    assert missing_glyphs(f"张{UNDRAWN}", chain) == ()
    assert [run.font.getname()[0] for run in chain.runs(f"张{UNDRAWN}", 40)][1:] == ["Signs"]


@pytest.mark.parametrize("content", [b"", b"no font at all", b"OTTO\x00\x10" + b"\xff" * 400, b"ttcf" + b"\x00" * 40])
def test_a_broken_file_in_the_folder_is_left_out_and_reported(tmp_path, caplog, content):
    (tmp_path / "broken.ttf").write_bytes(content)
    (tmp_path / "broken.ttc").write_bytes(content)
    assert discover_fonts([tmp_path]).faces == fonts().faces
    assert [record.message for record in caplog.records] == ["fonts.unreadable"] * 2


def test_of_a_collection_the_mainland_face_is_taken(tmp_path):
    collection = TTCollection()
    collection.fonts = [a_font(ord(UNDRAWN), f"Signs{region}-Regular") for region in ("JP", "KR", "SC", "TC")]
    collection.save(tmp_path / "signs.ttc")
    assert discover_fonts([tmp_path]).face_for(UNDRAWN) == FontFace(tmp_path / "signs.ttc", 2)


def test_private_use_is_nobodys_name_even_where_a_font_draws_it(tmp_path):
    a_font(0xE001).save(tmp_path / "signs.ttf")
    assert missing_glyphs("\ue001", discover_fonts([tmp_path])) == ("U+E001",)


def test_a_missing_glyph_raises_before_anything_is_measured():
    with pytest.raises(MissingGlyphs) as caught:
        fonts().runs(f"张{UNDRAWN}", 64)
    assert caught.value.codepoints == ("U+2EBF0",)


def test_the_refusal_holds_code_points_and_nothing_of_the_name():
    with pytest.raises(MissingGlyphs) as caught:
        fonts().runs(f"欧阳{UNDRAWN}", 64)
    said = str(caught.value) + repr(caught.value.args)
    assert not any(char in said for char in f"欧阳{UNDRAWN}")


def test_line_ends_are_not_missing_glyphs():
    assert missing_glyphs("一\n二\t三", fonts()) == ()


def test_the_plain_look_asks_the_sans_faces_first():
    assert "Sans" in fonts().led_by("sans").faces[0].path.name
    assert "Serif" in fonts().led_by("serif").faces[0].path.name


def test_both_looks_are_one_font_set():
    assert fonts().led_by("sans").font_set_id == fonts().font_set_id
    assert len(fonts().font_set_id) == 12


def test_a_dropped_font_stands_behind_the_wheel_and_makes_another_font_set(tmp_path):
    house = fonts().faces[0].path
    shutil.copy(house, tmp_path / "MyNames-Serif.otf")
    found = discover_fonts([tmp_path])
    assert found.faces[0].path == house
    assert found.faces[1].path.parent == tmp_path
    assert found.font_set_id != fonts().font_set_id


def test_a_missing_folder_is_no_trouble(tmp_path):
    assert discover_fonts([tmp_path / "none"]).font_set_id == fonts().font_set_id


def test_files_that_are_no_fonts_are_left_alone(tmp_path):
    (tmp_path / "README.txt").write_text("fonts go here")
    assert discover_fonts([tmp_path]).faces == fonts().faces


def test_runs_hold_the_whole_text_with_its_width():
    runs = fonts().runs("急救 AED", 100)
    assert "".join(joined.from_iterable(run.text for run in runs)) == "急救 AED"
    assert sum(run.advance for run in runs) == pytest.approx(runs[0].font.getlength("急救 AED"))
