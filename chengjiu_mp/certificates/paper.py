"""The empty paper of a certificate: frame, guilloche, rosette, water lines. Landscape A4 at 300 dpi."""

from __future__ import annotations

from functools import lru_cache

from PIL import Image, ImageDraw

from chengjiu_mp.core import artwork
from chengjiu_mp.core.artwork import ACCENT, BRAND, PAPER, mix, mm

DPI = 300
SIZE = (3508, 2480)  # ISO 216 A4, 297 x 210 mm
CENTRE = SIZE[0] // 2

_OUTER = mm(8)
_BAND = mm(5)
_INNER = _OUTER + _BAND


@lru_cache(maxsize=1)
def paper() -> Image.Image:
    """The paper, "RGB"; about 26 MB, one copy per process. Callers copy it before they draw."""
    sheet = Image.new("RGB", SIZE, PAPER)
    _water(sheet)
    _rosette(sheet)
    _frame(sheet)
    return sheet


def _ink(sheet: Image.Image, at: tuple[int, int], mask: Image.Image, color: artwork.Rgb) -> None:
    sheet.paste(color, (*at, at[0] + mask.width, at[1] + mask.height), mask)


def _water(sheet: Image.Image) -> None:
    width, height = SIZE[0] - 2 * _INNER, mm(34)
    mask = artwork.stroke_mask((width, height), artwork.swell(width, height, 9), 2, scale=2)
    _ink(sheet, (_INNER, SIZE[1] - _INNER - height), mask, mix(BRAND, PAPER, 0.18))


def _rosette(sheet: Image.Image) -> None:
    radius = mm(62)
    side = 2 * radius + 4
    mask = artwork.stroke_mask((side, side), artwork.rosette(radius, 18, 11, depth=0.09), 2, scale=2)
    _ink(sheet, (CENTRE - side // 2, mm(101) - side // 2), mask, mix(BRAND, PAPER, 0.13))


def _frame(sheet: Image.Image) -> None:
    width, height = SIZE
    across, down = width - 2 * _INNER, height - 2 * _INNER
    tint = mix(BRAND, PAPER, 0.45)
    level = artwork.stroke_mask((across, _BAND), artwork.braid(across, _BAND, 26, 4), 2.4)
    upright = artwork.stroke_mask((down, _BAND), artwork.braid(down, _BAND, 18, 4), 2.4)
    upright = upright.transpose(Image.Transpose.ROTATE_90)
    for top in (_OUTER, height - _INNER):
        _ink(sheet, (_INNER, top), level, tint)
    for left in (_OUTER, width - _INNER):
        _ink(sheet, (left, _INNER), upright, tint)
    _corners(sheet, tint)
    _rules(sheet)


def _corners(sheet: Image.Image, tint: artwork.Rgb) -> None:
    radius = _BAND / 2 - 5
    curves = [[(x + 5, y + 5) for x, y in ring] for ring in artwork.rosette(radius, 6, 5, depth=0.22)]
    mask = artwork.stroke_mask((_BAND, _BAND), curves, 1.6, scale=4)
    pen = ImageDraw.Draw(sheet)
    for left in (_OUTER, SIZE[0] - _INNER):
        for top in (_OUTER, SIZE[1] - _INNER):
            _ink(sheet, (left, top), mask, tint)
            middle = (left + _BAND // 2, top + _BAND // 2)
            pen.polygon(artwork.heart(middle, mm(1.7)), fill=ACCENT)


def _rules(sheet: Image.Image) -> None:
    pen = ImageDraw.Draw(sheet)
    right, bottom = SIZE[0] - 1, SIZE[1] - 1
    for inset, width in ((_OUTER - mm(1.1), 7), (_OUTER, 3), (_INNER, 3), (_INNER + mm(1.1), 7)):
        pen.rectangle((inset, inset, right - inset, bottom - inset), outline=BRAND, width=width)
    for left in (_OUTER, SIZE[0] - _INNER):
        for top in (_OUTER, SIZE[1] - _INNER):
            pen.rectangle((left, top, left + _BAND, top + _BAND), outline=BRAND, width=3)
