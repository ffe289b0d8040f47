"""A certificate for paper: on stock that was printed before, words and code alone, shifted for one printer."""

from __future__ import annotations

from dataclasses import replace

from PIL import Image

from chengjiu_mp.certificates.face import CertificateFace
from chengjiu_mp.certificates.layout import draw_own, draw_words
from chengjiu_mp.certificates.ornament import draw_watermark
from chengjiu_mp.certificates.paper import SIZE
from chengjiu_mp.certificates.picture import render_page
from chengjiu_mp.certificates.template import Template
from chengjiu_mp.core.artwork import WHITE, mm
from chengjiu_mp.core.fonts import FontChain, MissingGlyphs, missing_glyphs


def printed_page(
    face: CertificateFace, chain: FontChain, template: Template | None = None,
    offset_mm: tuple[float, float] = (0.0, 0.0), *, text_only: bool = True,
) -> Image.Image:  # fmt: skip
    """The page to send to a printer, landscape A4 at 300 dpi, "RGB" on white.

    :param template: the design to print by; None takes the one of ``face`` (``face_of`` fills it in)
    :param offset_mm: how far to move everything, to the right and downwards; negative the other way
    :param text_only: leave out frame, ornament, mark, and what the template says its stock carries already; the word
        across a test's or a sample's page stays
    :raise MissingGlyphs: with every code point that no font draws
    """
    if template is not None:
        face = replace(face, look=template, template=template.version, title=template.title, issuer=template.issuer)
    absent = missing_glyphs("".join(face.texts()), chain)
    if absent:
        raise MissingGlyphs(absent)
    page = _words(face, chain) if text_only else render_page(face, chain)
    return shifted(page, offset_mm)


def shifted(page: Image.Image, offset_mm: tuple[float, float]) -> Image.Image:
    """The page moved on white paper; what leaves the paper is lost, as in a printer."""
    across, down = mm(offset_mm[0]), mm(offset_mm[1])
    if not across and not down:
        return page
    moved = Image.new("RGB", page.size, WHITE)
    moved.paste(page, (across, down))
    return moved


def _words(face: CertificateFace, chain: FontChain) -> Image.Image:
    page = Image.new("RGB", SIZE, WHITE)
    if face.watermark:
        draw_watermark(page, face.watermark, chain)
    draw_words(page, face, chain, face.look.preprinted)
    draw_own(page, 0, face, chain)
    return page
