"""A certificate as a picture: landscape A4 at 300 dpi, the same bytes for the same face and fonts.

What all certificates of a run share is drawn and encoded once and kept; for one holder two bands are drawn and
encoded. The JPEG is byte for byte the one that encoding the finished page gives.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from PIL import Image

from chengjiu_mp.certificates.face import TEMPLATE_VERSION, CertificateFace
from chengjiu_mp.certificates.layout import NAME_BAND, PROOF_BAND, draw_name, draw_proof, static_page
from chengjiu_mp.certificates.paper import DPI, SIZE
from chengjiu_mp.core.fonts import FontChain, MissingGlyphs, missing_glyphs
from chengjiu_mp.core.strips import StripPage

Format = Literal["jpeg", "png"]


class UnknownTemplate(Exception):
    """This release cannot draw that template version; an older certificate keeps the file it has."""


@dataclass(frozen=True)
class _SharedPage:
    """What a run's certificates have in common: the encoded page and, undrawn, the two bands of a holder."""

    encoded: StripPage
    name: Image.Image
    proof: Image.Image


def render(face: CertificateFace, chain: FontChain, fmt: Format = "jpeg") -> bytes:
    """The finished picture, 3508 x 2480 pixels marked as 300 dpi.

    :raise MissingGlyphs: with every code point that no font draws; nothing is ever drawn as an empty box
    :raise UnknownTemplate: if ``face.template`` is not the one this release draws
    """
    if face.template != TEMPLATE_VERSION:
        raise UnknownTemplate(face.template)
    absent = missing_glyphs("".join(face.texts()), chain)
    if absent:
        raise MissingGlyphs(absent)
    if fmt == "png":
        return _png(render_page(face, chain))
    shared = _shared_page(face.shared(), chain)
    name, proof = shared.name.copy(), shared.proof.copy()
    draw_name(name, face, chain)
    draw_proof(proof, face, chain)
    return shared.encoded.with_bands({NAME_BAND[0]: name, PROOF_BAND[0]: proof}, DPI)


def render_page(face: CertificateFace, chain: FontChain) -> Image.Image:
    """The finished page as an image, drawn as a whole."""
    page = static_page(face.shared(), chain)
    for (top, rows), draw in ((NAME_BAND, draw_name), (PROOF_BAND, draw_proof)):
        band = _band(page, top, rows)
        draw(band, face, chain)
        page.paste(band, (0, top))
    return page


@lru_cache(maxsize=2)
def _shared_page(face: CertificateFace, chain: FontChain) -> _SharedPage:
    # About 10 MB each: only the rows of the bands are kept as pixels, the rest as JPEG bytes.
    page = static_page(face, chain)
    return _SharedPage(StripPage.of(page, DPI), _band(page, *NAME_BAND), _band(page, *PROOF_BAND))


def _band(page: Image.Image, top: int, rows: int) -> Image.Image:
    return page.crop((0, top, SIZE[0], top + rows))


def _png(page: Image.Image) -> bytes:
    out = io.BytesIO()
    page.save(out, "PNG", dpi=(DPI, DPI), compress_level=1)
    return out.getvalue()
