"""A design's fields stand where it says, whatever the quick way keeps; on pre-printed stock only the words do."""

import io
from dataclasses import replace
from itertools import pairwise

import pytest
from PIL import Image, ImageChops

from chengjiu_mp.certificates.layout import own_rows, statement_of
from chengjiu_mp.certificates.measuring import measuring_page
from chengjiu_mp.certificates.paper import SIZE
from chengjiu_mp.certificates.picture import render, render_page
from chengjiu_mp.certificates.printed import printed_page
from chengjiu_mp.certificates.template import BUILT_IN, Box, Line, Template
from chengjiu_mp.core.artwork import mm
from chengjiu_mp.core.strips import ROW, encode
from tests.pictures import VERIFY_URL, a_face, code_in, fonts, opened, worn

MOVED = Template(
    version="all-1", name=Box(40, 76, 150, 22), name_size=14, number=Line(40, 176), issued=Line(150, 150),
    until=Line(150, 170), code=Line(20, 80), code_side=36, photo=Line(240, 60),
    statement="{课程}，{学时}学时，{场次}，自{发证日期}至{有效期至}。",
)  # fmt: skip


def moved(**changes):
    return a_face(look=MOVED, template=MOVED.version, **changes)


def a_photo(color="navy", size=(350, 490)) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, color).save(out, "JPEG")
    return out.getvalue()


def test_the_name_moves_and_nothing_else_does():
    look = replace(BUILT_IN, version="all-1", name=replace(BUILT_IN.name, y=BUILT_IN.name.y + 10))
    up, down = (render_page(a_face(look=one, template="2026-1"), fonts()) for one in (BUILT_IN, look))
    box = ImageChops.difference(up, down).getbbox()
    assert box is not None
    assert box[1] >= mm(BUILT_IN.name.y)
    assert box[3] <= mm(look.name.y + look.name.height) + 24


@pytest.mark.parametrize("photo", [None, a_photo()])
def test_the_quick_way_follows_the_fields(photo):
    face = moved(photo=photo, document_tail="****12X4")
    assert render(face, fonts()) == encode(render_page(face, fonts()), 300)
    assert code_in(worn(opened(render(face, fonts())), share=0.5, quality=60)) == VERIFY_URL


def test_bands_are_whole_blocks_and_never_meet():
    for look in (BUILT_IN, MOVED, replace(MOVED, name=Box(40, 186, 150, 24), code=Line(20, 170))):
        bands = own_rows(look)
        assert all(top % ROW == rows % ROW == 0 < rows and top + rows <= SIZE[1] for top, rows in bands)
        assert all(a + rows < b for (a, rows), (b, _) in pairwise(bands))


def test_a_photo_stands_in_its_place_and_two_holders_share_the_page():
    page = render_page(moved(photo=a_photo()), fonts())
    middle = (mm(240 + 17.5), mm(60 + 24.5))
    assert page.getpixel(middle) == pytest.approx((0, 0, 128), abs=6)
    assert moved(photo=a_photo()).shared() == moved().shared()
    assert render_page(a_face(photo=a_photo()), fonts()) == render_page(a_face(), fonts())


def test_the_statement_is_filled_in():
    words = statement_of(moved())
    assert "4学时" in words
    assert "自2026年11月28日至2029年11月27日" in words
    assert "{" not in words


def test_words_alone_on_white():
    page = printed_page(a_face(), fonts())
    assert page.size == SIZE
    corner = page.crop((0, 0, SIZE[0], mm(35)))
    assert ImageChops.invert(corner).getbbox() is None
    assert code_in(worn(page, share=0.5)) == VERIFY_URL


@pytest.mark.parametrize(("part", "rows"), [("heading", (440, 860)), ("statement", (1370, 1640))])
def test_what_the_stock_carries_is_left_out(part, rows):
    look = replace(BUILT_IN, preprinted=(part,))
    page = printed_page(a_face(look=look), fonts()).crop((0, rows[0], SIZE[0], rows[1]))
    assert ImageChops.invert(page).getbbox() is None
    assert ImageChops.invert(printed_page(a_face(), fonts()).crop((0, rows[0], SIZE[0], rows[1]))).getbbox()


def test_the_offset_moves_every_word():
    still = ImageChops.invert(printed_page(a_face(), fonts())).getbbox()
    shifted = ImageChops.invert(printed_page(a_face(), fonts(), offset_mm=(2, -1.5))).getbbox()
    assert still is not None
    assert shifted == (still[0] + mm(2), still[1] + mm(-1.5), still[2] + mm(2), still[3] + mm(-1.5))


def test_a_tests_word_crosses_the_printed_words_too():
    corner = printed_page(a_face(watermark="测试"), fonts()).crop((0, 0, SIZE[0], mm(35)))
    assert ImageChops.invert(corner).getbbox() is not None


def test_the_measuring_page_has_its_cross_where_the_page_says():
    page = measuring_page(MOVED, fonts(), "三楼打印机", (0, 0))
    moved_page = measuring_page(MOVED, fonts(), "三楼打印机", (2, -1))
    assert page.size == SIZE
    for sheet, (across, down) in ((page, (20, 20)), (moved_page, (22, 19))):
        assert sheet.getpixel((mm(across), mm(down))) == 0
        assert sheet.getpixel((mm(across) + 30, mm(down) + 30)) == 255


def test_a_design_survives_its_row():
    words = {"version": "all-1", "statement": MOVED.statement}
    assert Template.of(words, MOVED.as_json()) == MOVED
