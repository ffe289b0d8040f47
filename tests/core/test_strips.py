"""A page with replaced bands is the very file that encoding the whole page gives."""

import random

import pytest
from PIL import Image, ImageDraw

from chengjiu_mp.core.strips import Misaligned, StripPage, encode

SIZE = (400, 480)


def scribble(seed: int, size: tuple[int, int]) -> Image.Image:
    dice = random.Random(seed)
    image = Image.new("RGB", size, "white")
    pen = ImageDraw.Draw(image)
    for _ in range(60):
        ends = [(dice.randrange(size[0]), dice.randrange(size[1])) for _ in range(2)]
        pen.line(ends, fill=(dice.randrange(256), dice.randrange(256), 90), width=dice.randrange(1, 9))
    return image


@pytest.mark.parametrize("top", [0, 16, 208, 400])
def test_a_replaced_band_gives_the_bytes_of_the_whole(top):
    page, band = scribble(1, SIZE), scribble(2, (SIZE[0], 80))
    spliced = StripPage.of(page, 300).with_bands({top: band}, 300)
    page.paste(band, (0, top))
    assert spliced == encode(page, 300)


def test_several_bands_and_none():
    page = scribble(3, SIZE)
    cut = StripPage.of(page, 300)
    assert cut.with_bands({}, 300) == encode(page, 300)
    bands = {0: scribble(4, (SIZE[0], 16)), 304: scribble(5, (SIZE[0], 176))}
    spliced = cut.with_bands(bands, 300)
    for top, band in bands.items():
        page.paste(band, (0, top))
    assert spliced == encode(page, 300)


def test_one_piece_for_each_row_of_blocks():
    assert len(StripPage.of(scribble(6, SIZE), 300).pieces) == SIZE[1] // 16


@pytest.mark.parametrize(("top", "size"), [(8, (400, 32)), (16, (400, 30)), (16, (384, 32))])
def test_a_band_between_the_rows_is_refused(top, size):
    page = StripPage.of(scribble(7, SIZE), 300)
    with pytest.raises(Misaligned):
        page.with_bands({top: scribble(8, size)}, 300)


def test_a_page_of_broken_height_is_refused():
    with pytest.raises(Misaligned):
        StripPage.of(scribble(9, (400, 470)), 300)
