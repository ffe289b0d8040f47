"""A certificate as a picture: landscape A4 at 300 dpi, the same bytes for the same face and fonts.

What all certificates of a run share is drawn and encoded once and kept; for one holder a few bands are drawn and
encoded, where the template puts name, number, code and photo. The JPEG is byte for byte the one that encoding the
finished page gives.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from PIL import Image

from chengjiu_mp.certificates.face import CertificateFace
from chengjiu_mp.certificates.layout import draw_own, own_rows, static_page
from chengjiu_mp.certificates.paper import DPI, SIZE
from chengjiu_mp.core.fonts import FontChain, MissingGlyphs, missing_glyphs
from chengjiu_mp.core.strips import StripPage

Format = Literal["jpeg", "png"]


class UnknownTemplate(Exception):
    """This release cannot draw that template version; an older certificate keeps the file it has."""


@dataclass(frozen=True)
class _SharedPage:
    """What a run's certificates have in common: the encoded page and, undrawn, the bands of a holder by first row."""

    encoded: StripPage
    bands: tuple[tuple[int, Image.Image], ...]


def render(face: CertificateFace, chain: FontChain, fmt: Format = "jpeg") -> bytes:
    """The finished picture, 3508 x 2480 pixels marked as 300 dpi.

    :raise MissingGlyphs: with every code point that no font draws; nothing is ever drawn as an empty box
    :raise UnknownTemplate: if ``face.template`` is not the version of its look
    """
    if face.template != face.look.version:
        raise UnknownTemplate(face.template)
    common = face.shared()
    own = missing_glyphs(f"{face.number}{face.holder_name}{face.document_tail or ''}", chain)
    absent = tuple(dict.fromkeys((*own, *_absent(common, chain))))
    if absent:
        raise MissingGlyphs(absent)
    if fmt == "png":
        return _png(render_page(face, chain))
    shared = _shared_page(common, chain)
    bands = {top: band.copy() for top, band in shared.bands}
    for top, band in bands.items():
        draw_own(band, top, face, chain)
    return shared.encoded.with_bands(bands, DPI)


def render_page(face: CertificateFace, chain: FontChain) -> Image.Image:
    """The finished page as an image, drawn as a whole."""
    page = static_page(face.shared(), chain)
    for top, rows in own_rows(face.look):
        band = _band(page, top, rows)
        draw_own(band, top, face, chain)
        page.paste(band, (0, top))
    return page


@lru_cache(maxsize=4)
def _absent(face: CertificateFace, chain: FontChain) -> tuple[str, ...]:
    return missing_glyphs("".join(face.texts()), chain)


# A run at a time is drawn, or two by turns: one of each template, even when their jobs come mixed.
@lru_cache(maxsize=2)
def _shared_page(face: CertificateFace, chain: FontChain) -> _SharedPage:
    # About 10 MB each: only the rows of the bands are kept as pixels, the rest as JPEG bytes.
    page = static_page(face, chain)
    bands = tuple((top, _band(page, top, rows)) for top, rows in own_rows(face.look))
    return _SharedPage(StripPage.of(page, DPI), bands)


def _band(page: Image.Image, top: int, rows: int) -> Image.Image:
    return page.crop((0, top, SIZE[0], top + rows))


def _png(page: Image.Image) -> bytes:
    out = io.BytesIO()
    page.save(out, "PNG", dpi=(DPI, DPI), compress_level=1)
    return out.getvalue()
