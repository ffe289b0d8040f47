"""Sheets for the printer: cards with crop marks nine on a page, thirds of a page, whole pages, or the words alone on
stock that was printed before. A4 at 300 dpi.

``SHEETS`` is the one list of what can be printed.
"""

import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from PIL import Image, ImageDraw

from chengjiu_mp.certificates.face import CertificateFace
from chengjiu_mp.certificates.pdf import certificate_page, words_of
from chengjiu_mp.certificates.printed import printed_page
from chengjiu_mp.certificates.printing_card import (
    BLEED_MM,
    CARD_MM,
    STRIP_MM,
    draw_card,
    draw_strip,
)
from chengjiu_mp.core.artwork import LINE, WHITE, mm
from chengjiu_mp.core.fonts import FontChain
from chengjiu_mp.core.pdf import PdfPage
from chengjiu_mp.core.pdf_text import Placed

DPI = 300
_LONG, _SHORT = 297.0, 210.0
_COLUMNS, _ROWS = 3, 3
_WITH_BLEED = (CARD_MM[0] + 2 * BLEED_MM, CARD_MM[1] + 2 * BLEED_MM)
_LEFT = (_LONG - _COLUMNS * _WITH_BLEED[0]) / 2
_TOP = (_SHORT - _ROWS * _WITH_BLEED[1]) / 2
# Crop marks stand outside of the bleed, so that none is left on a card.
_MARK_GAP, _MARK_LENGTH = 1.0, 5.0
_QUALITY = 92
PREPRINTED = "preprinted"


@dataclass(frozen=True)
class Printed:
    """One certificate to be printed: what is on it, and its stored picture, read when its turn comes.

    ``offset_mm``: how far its page is moved on pre-printed stock, to the right and downwards.
    """

    face: CertificateFace
    picture: Callable[[], bytes]
    offset_mm: tuple[float, float] = (0.0, 0.0)


@dataclass(frozen=True)
class Sheet:
    """A way to print: its name for staff, how many certificates a page takes, and what makes a page of so many."""

    words: str
    per_page: int
    page: Callable[[Sequence[Printed], FontChain], PdfPage]


def pages(way: Sheet, wanted: Iterable[Printed], chain: FontChain) -> Iterator[PdfPage]:
    """Yield the pages of a file, in the order given, each made when it is asked for."""
    left = iter(wanted)
    while some := list(islice(left, way.per_page)):
        yield way.page(some, chain)


def card_slots() -> Iterator[tuple[float, float]]:
    """Yield the left upper corner of each card's bleed on a page, in millimetres, row by row."""
    for row in range(_ROWS):
        for column in range(_COLUMNS):
            yield _LEFT + column * _WITH_BLEED[0], _TOP + row * _WITH_BLEED[1]


def _cards(some: Sequence[Printed], chain: FontChain) -> PdfPage:
    sheet = Image.new("RGB", (mm(_LONG), mm(_SHORT)), WHITE)
    texts: list[Placed] = []
    for one, (left, top) in zip(some, card_slots(), strict=False):
        sheet.paste(draw_card(one.face, chain), (mm(left), mm(top)))
        texts += _words(one.face, left + BLEED_MM + 4, top + BLEED_MM + 22, 42)
    _crop_marks(sheet)
    return PdfPage(_jpeg(sheet), _LONG, _SHORT, texts)


def _crop_marks(sheet: Image.Image) -> None:
    """Short lines in the margins where each column and row of cards is cut."""
    pen = ImageDraw.Draw(sheet)
    for column in range(_COLUMNS):
        for cut in (BLEED_MM, BLEED_MM + CARD_MM[0]):
            x = mm(_LEFT + column * _WITH_BLEED[0] + cut)
            for top in (_TOP - _MARK_GAP - _MARK_LENGTH, _SHORT - _TOP + _MARK_GAP):
                pen.line((x, mm(top), x, mm(top + _MARK_LENGTH)), fill=(0, 0, 0), width=3)
    for row in range(_ROWS):
        for cut in (BLEED_MM, BLEED_MM + CARD_MM[1]):
            y = mm(_TOP + row * _WITH_BLEED[1] + cut)
            for left in (_LEFT - _MARK_GAP - _MARK_LENGTH, _LONG - _LEFT + _MARK_GAP):
                pen.line((mm(left), y, mm(left + _MARK_LENGTH), y), fill=(0, 0, 0), width=3)


def _strips(some: Sequence[Printed], chain: FontChain) -> PdfPage:
    sheet = Image.new("RGB", (mm(_SHORT), mm(_LONG)), WHITE)
    texts: list[Placed] = []
    for place, one in enumerate(some):
        top = place * STRIP_MM[1]
        sheet.paste(draw_strip(one.face, chain), (0, mm(top)))
        texts += _words(one.face, 16, top + 42, 130)
    pen = ImageDraw.Draw(sheet)
    for cut in (1, 2):
        y = mm(cut * STRIP_MM[1])
        for left in (0, sheet.width - mm(6)):
            pen.line((left, y, left + mm(6), y), fill=LINE, width=3)
    return PdfPage(_jpeg(sheet), _SHORT, _LONG, texts)


def _whole(some: Sequence[Printed], chain: FontChain) -> PdfPage:  # noqa: ARG001  the picture was drawn long ago
    return certificate_page(some[0].face, some[0].picture())


def _on_stock(some: Sequence[Printed], chain: FontChain) -> PdfPage:
    """What the stock does not carry yet, each certificate by its own design."""
    one = some[0]
    page = printed_page(one.face, chain, offset_mm=one.offset_mm)
    return PdfPage(_jpeg(page), _LONG, _SHORT, words_of(one.face, one.offset_mm))


def _words(face: CertificateFace, left: float, baseline: float, width: float) -> list[Placed]:
    return [Placed(face.holder_name, left, baseline, width, 6), Placed(face.number, left, baseline + 6, width, 3)]


def _jpeg(sheet: Image.Image) -> bytes:
    out = io.BytesIO()
    # 4:4:4: thin coloured letters would fray at half the colour's resolution.
    sheet.save(out, "JPEG", quality=_QUALITY, subsampling=0, dpi=(DPI, DPI))
    return out.getvalue()


SHEETS = {
    "cards": Sheet("卡片（85.6×54 毫米，A4 一页 9 张，带裁切线）", _COLUMNS * _ROWS, _cards),
    "strips": Sheet("三等分（A4 一页 3 张）", 3, _strips),
    "pages": Sheet("整页（A4 横向一页 1 张）", 1, _whole),
    PREPRINTED: Sheet("套打（用预先印好的证书纸，只打文字和二维码，一页 1 张）", 1, _on_stock),
}
