"""A certificate as a card for the wallet (ISO/IEC 7810 ID-1, 85.6 x 54 mm) and as a third of an A4 page (210 x 99 mm).

Small drawings of their own from the same face: a scaled-down A4 page would have a code too small to read. Pixels at
300 dpi; a card is drawn with 3 mm of bleed on every side, and nothing that is read comes within 3 mm of the cut.
"""

from __future__ import annotations

import io

from PIL import Image, ImageDraw

from chengjiu_mp.certificates.face import CertificateFace, chinese_date
from chengjiu_mp.core import artwork
from chengjiu_mp.core.artwork import ACCENT, BRAND, BRAND_STRONG, INK, LINE, MUTED, PAPER, WHITE, mix, mm
from chengjiu_mp.core.fonts import FontChain, MissingGlyphs, missing_glyphs
from chengjiu_mp.core.qr import qr_image
from chengjiu_mp.core.typeset import ASCENT, Style, draw_fitted, draw_line, fit, width_of

BLEED_MM = 3
CARD_MM = (85.6, 54.0)
STRIP_MM = (210.0, 99.0)
BLEED = mm(BLEED_MM)
CARD_SIZE = (mm(CARD_MM[0] + 2 * BLEED_MM), mm(CARD_MM[1] + 2 * BLEED_MM))
STRIP_SIZE = (mm(STRIP_MM[0]), mm(STRIP_MM[1]))

# The code with its quiet zone: on a card the modules cover 18 mm and more, on a strip 27 mm and more.
CARD_CODE, STRIP_CODE = mm(26), mm(36)


def draw_card(face: CertificateFace, chain: FontChain) -> Image.Image:
    """The card with its bleed, a fresh "RGB" image of CARD_SIZE.

    :raise MissingGlyphs: with every code point that no font draws
    """
    _check(face, chain)
    card = Image.new("RGB", CARD_SIZE, WHITE)
    _band(card, BLEED + mm(12))
    if face.watermark:
        _watermark(card, face.watermark, chain, 90)
    left, sans = BLEED + mm(4), chain.led_by("sans")
    _mark(card, face, (left, BLEED + mm(2.5)), mm(7))
    text = left + mm(8.5)
    draw_line(card, (text, BLEED + mm(5.4)), face.issuer, Style(sans, 34, WHITE, bold=0.4, tracking=3))
    draw_line(card, (text, BLEED + mm(9.4)), _title(face), Style(sans, 30, WHITE, tracking=3))
    width = CARD_SIZE[0] - BLEED - mm(4) - CARD_CODE - left - mm(1)
    _name(card, face, chain, (left, BLEED + mm(13.5), width, mm(11)), 96)
    kind = fit(face.kind_name, Style(sans, 38, BRAND_STRONG, bold=0.5, leading=1.25), width, floor=28, max_lines=2)
    top = BLEED + mm(25.6)
    draw_fitted(card, (left, top + kind.style.size * ASCENT), kind)
    rows = (("编号", face.number), ("发证", chinese_date(face.issued_on)), _until(face))
    for place, (label, value) in enumerate(rows):
        baseline = BLEED + mm(40.2 + place * 4.6)
        draw_line(card, (left, baseline), label, Style(sans, 28, MUTED))
        fitted = fit(value, Style(sans, 33, INK, bold=0.3), width - mm(12), floor=22)
        draw_line(card, (left + mm(12), baseline), fitted.lines[0], fitted.style)
    _code(card, face, (CARD_SIZE[0] - BLEED - mm(4) - CARD_CODE, BLEED + mm(14)), CARD_CODE, sans)
    return card


def draw_strip(face: CertificateFace, chain: FontChain) -> Image.Image:
    """The third of a page, a fresh "RGB" image of STRIP_SIZE; its frame keeps 7 mm from every edge.

    :raise MissingGlyphs: with every code point that no font draws
    """
    _check(face, chain)
    strip = Image.new("RGB", STRIP_SIZE, WHITE)
    if face.watermark:
        _watermark(strip, face.watermark, chain, 170)
    _frame(strip)
    left, sans = mm(16), chain.led_by("sans")
    _mark(strip, face, (left, mm(13)), mm(12))
    draw_line(strip, (left + mm(15), mm(18)), face.issuer, Style(sans, 46, BRAND_STRONG, bold=0.5, tracking=6))
    title = fit(face.title, Style(chain, 62, BRAND_STRONG, bold=1, tracking=8), mm(112), floor=40)
    draw_line(strip, (left + mm(15), mm(24.5)), title.lines[0], title.style)
    width = STRIP_SIZE[0] - 2 * left - STRIP_CODE - mm(6)
    _name(strip, face, chain, (left, mm(28), width, mm(19)), 150)
    ImageDraw.Draw(strip).line((left, mm(48.5), left + width, mm(48.5)), fill=BRAND, width=3)
    kind = fit(face.kind_name, Style(sans, 60, BRAND_STRONG, bold=0.8, leading=1.2), width, floor=44, max_lines=2)
    draw_fitted(strip, (left, mm(50.2) + kind.style.size * ASCENT), kind)
    rows = (
        ("证书编号", face.number),
        ("培训场次", face.run_title),
        ("发证日期", chinese_date(face.issued_on)),
        _until(face),
    )
    for place, (label, value) in enumerate(rows):
        baseline = mm(67.5 + place * 6.4)
        draw_line(strip, (left, baseline), label, Style(sans, 40, MUTED))
        fitted = fit(value, Style(sans, 48, INK, bold=0.4), width - mm(22), floor=24)
        draw_line(strip, (left + mm(22), baseline), fitted.lines[0], fitted.style)
    _code(strip, face, (STRIP_SIZE[0] - left - STRIP_CODE, mm(28)), STRIP_CODE, sans)
    return strip


def _check(face: CertificateFace, chain: FontChain) -> None:
    absent = missing_glyphs("".join(face.texts()), chain)
    if absent:
        raise MissingGlyphs(absent)


def _title(face: CertificateFace) -> str:
    """On paper the part in brackets says it: 培训合格证明."""
    _, _, rest = face.title.partition("（")
    return rest.rstrip("）") or face.title


def _until(face: CertificateFace) -> tuple[str, str]:
    return ("有效期至", chinese_date(face.valid_until)) if face.valid_until else ("有效期", "长期有效")


def _name(
    image: Image.Image, face: CertificateFace, chain: FontChain, box: tuple[int, int, int, int], size: int
) -> None:
    left, top, width, height = box
    style = Style(chain, size, INK, bold=size * 0.006, tracking=size * 0.05, leading=1.15)
    fitted = fit(face.holder_name, style, width, floor=size // 2, max_lines=2, height=height)
    first = top + (height - fitted.height) / 2 + fitted.style.size * ASCENT
    draw_fitted(image, (left, first), fitted)


def _code(image: Image.Image, face: CertificateFace, at: tuple[int, int], side: int, sans: FontChain) -> None:
    image.paste(qr_image(face.verify_url, side), at)
    size = 30 if side == CARD_CODE else 40
    caption = Style(sans, size, BRAND_STRONG, bold=0.4, tracking=2)
    draw_line(image, (at[0] + side / 2, at[1] + side + size * 1.05), "扫一扫查验真伪", caption, align="centre")


def _band(card: Image.Image, height: int) -> None:
    """The coloured head runs over the cut into the bleed, with a heartbeat along its edge."""
    pen = ImageDraw.Draw(card)
    pen.rectangle((0, 0, CARD_SIZE[0], height), fill=BRAND)
    pulse = artwork.stroke_mask((mm(34), mm(10)), [artwork.beat((0, mm(6)), mm(34), lift=0.4)], 3)
    card.paste(mix(WHITE, BRAND, 0.35), (CARD_SIZE[0] - BLEED - mm(37), BLEED + mm(0.8)), pulse)
    pen.rectangle((0, CARD_SIZE[1] - BLEED - mm(1), CARD_SIZE[0], CARD_SIZE[1]), fill=BRAND)


def _frame(strip: Image.Image) -> None:
    pen = ImageDraw.Draw(strip)
    edge = mm(7)
    box = (edge, edge, STRIP_SIZE[0] - edge, STRIP_SIZE[1] - edge)
    pen.rectangle(box, outline=BRAND, width=5)
    inner = mm(1.2)
    pen.rectangle((box[0] + inner, box[1] + inner, box[2] - inner, box[3] - inner), outline=LINE, width=3)


def _mark(image: Image.Image, face: CertificateFace, at: tuple[int, int], side: int) -> None:
    if face.emblem:
        with Image.open(io.BytesIO(face.emblem), formats=("PNG",)) as opened:
            given = opened.convert("RGBA")
        given.thumbnail((side, side), Image.Resampling.LANCZOS)
        image.paste(WHITE, (at[0] - 6, at[1] - 6, at[0] + given.width + 6, at[1] + given.height + 6))
        image.paste(given, at, given)
        return
    ground = image.getpixel((at[0], at[1]))
    fill = WHITE if ground == BRAND else ACCENT
    mark = artwork.heart_mark(side, fill, BRAND if fill == WHITE else PAPER)
    image.paste(mark, at, mark)


def _watermark(image: Image.Image, text: str, chain: FontChain, size: int) -> None:
    style = Style(chain.led_by("sans"), size, 255, bold=1, tracking=size * 0.2)
    tile = Image.new("L", (round(width_of(text, style)) + size * 2, size * 2))
    draw_line(tile, (size, size * 1.4), text, style)
    turned = tile.rotate(24, Image.Resampling.BICUBIC, expand=True).point(lambda value: value // 6)
    for y in range(0, image.height, turned.height):
        for x in range(0, image.width, turned.width):
            image.paste(ACCENT, (x, y), turned)
