"""The poster of a run: A4 portrait at 300 dpi, to be read across a corridor and scanned at arm's length.

Pure rendering: words and a link in, PNG bytes out. The same face and fonts give the same bytes.
"""

from __future__ import annotations

import io
from dataclasses import dataclass, replace

from PIL import Image, ImageDraw

from chengjiu_mp.core import artwork
from chengjiu_mp.core.artwork import ACCENT, BRAND, BRAND_STRONG, INK, LINE, MUTED, WHITE, Rgb, mix, mm
from chengjiu_mp.core.fonts import FontChain, MissingGlyphs, missing_glyphs
from chengjiu_mp.core.qr import qr_image
from chengjiu_mp.core.typeset import ASCENT, Fitted, Style, draw_fitted, draw_line, fit, width_of

DPI = 300
SIZE = (2480, 3508)  # ISO 216 A4, 210 x 297 mm
_LEFT, _RIGHT = mm(17), SIZE[0] - mm(17)
_BANNER = 1240
_PANEL = 2330
_QR_SIDE = mm(86)
_TEXT = _LEFT + mm(22)
_TINT: Rgb = (0xEE, 0xF5, 0xF4)
_PALE: Rgb = (0xD3, 0xE8, 0xE8)
_COLOURS = 128
_PART_GAP = 10


@dataclass(frozen=True)
class PosterFace:
    """Everything printed on a poster, already in words.

    ``dates`` holds one line for each meeting ("11月28日（周六）14:00"), ``seats`` the number of places,
    ``counts_for`` what the course leads to ("考核合格可得 CPR+AED 电子证书"). ``url`` is the link in the code;
    ``short_url`` the same link as a person would type it.
    """

    kind_name: str
    title: str
    dates: tuple[str, ...]
    place_name: str
    address: str
    seats: int
    organiser: str
    counts_for: str
    url: str
    short_url: str
    phone: str | None = None
    programme: str = "“澄救百千万”应急救护培训"
    notice: str = ""


def render_poster(face: PosterFace, chain: FontChain) -> bytes:
    """PNG bytes, 2480 x 3508 pixels marked as 300 dpi, in a palette of 128 colours.

    :raise MissingGlyphs: with every code point that no font draws
    """
    texts = (
        face.kind_name, face.title, *face.dates, face.place_name, face.address, face.organiser,
        face.counts_for, face.short_url, face.phone or "", face.programme, face.notice,
    )  # fmt: skip
    absent = missing_glyphs("".join(texts), chain)
    if absent:
        raise MissingGlyphs(absent)
    sans = chain.led_by("sans")
    page = Image.new("RGB", SIZE, WHITE)
    _banner(page, face, sans)
    _facts(page, face, sans)
    _panel(page, face, sans)
    return _png(page)


def _banner(page: Image.Image, face: PosterFace, sans: FontChain) -> None:
    pen = ImageDraw.Draw(page)
    pen.rectangle((0, 0, SIZE[0], _BANNER), fill=BRAND)
    water = artwork.stroke_mask((SIZE[0], 560), artwork.swell(SIZE[0], 560, 9), 3, scale=2)
    page.paste(mix(WHITE, BRAND, 0.13), (0, _BANNER - 560, SIZE[0], _BANNER), water)
    mark = artwork.heart_mark(mm(15), WHITE, ACCENT)
    page.paste(mark, (_LEFT, mm(15)), mark)
    beside = _LEFT + mm(19)
    draw_line(page, (beside, mm(21.5)), face.organiser, Style(sans, 66, WHITE, bold=1, tracking=6))
    draw_line(page, (beside, mm(28)), face.programme, Style(sans, 46, _PALE, tracking=4))
    free = Style(sans, 64, WHITE, bold=1.6, tracking=10)
    _pill(page, (_RIGHT, mm(25)), "免费参加", free)
    kind = fit(face.kind_name, Style(sans, 76, _PALE, bold=0.8, tracking=6), _RIGHT - _LEFT, floor=48)
    draw_fitted(page, (_LEFT, 560), kind)
    title = Style(sans, 212, WHITE, bold=5, tracking=6, leading=1.3)
    fitted = fit(face.title, title, _RIGHT - _LEFT, floor=136, max_lines=3, height=500)
    draw_fitted(page, (_LEFT, 620 + (520 - fitted.height) / 2 + fitted.style.size * ASCENT), fitted)
    pulse = artwork.stroke_mask((SIZE[0], 240), [_pulse()], 9, scale=2)
    page.paste(ACCENT, (0, _BANNER - 150, SIZE[0], _BANNER + 90), pulse)


def _pulse() -> list[artwork.Point]:
    """A line along the lower edge of the banner with two heartbeats in its right half."""
    line: list[artwork.Point] = [(0, 150), (1240, 150)]
    beats = [point for x in (1240, 1760) for point in artwork.beat((x, 150), 520, lift=0.62)]
    return [*line, *beats, (2480, 150)]


def _pill(page: Image.Image, right_middle: tuple[int, int], text: str, style: Style) -> None:
    right, middle = right_middle
    left = right - round(width_of(text, style)) - 110
    pen = ImageDraw.Draw(page)
    pen.rounded_rectangle((left, middle - 66, right, middle + 66), radius=66, fill=ACCENT)
    draw_line(page, ((left + right) / 2, middle + 0.37 * style.size), text, style, align="centre")


def _facts(page: Image.Image, face: PosterFace, sans: FontChain) -> None:
    """When, where, how many and what for, each with its label at the left; the rows share the room there is."""
    when = Style(sans, 132, BRAND_STRONG, bold=2.4, tracking=1, leading=1.3)
    where = Style(sans, 92, INK, bold=1.6, leading=1.25)
    plain = Style(sans, 64, INK, leading=1.35)
    rows = (
        ("时间", (_set("\n".join(face.dates), when, max(len(face.dates), 2), 340),)),
        ("地点", (_set(face.place_name, where, 2, 190), _set(face.address, replace(plain, fill=MUTED), 2, 150))),
        ("名额", (_set(f"{face.seats} 人，先到先得，满员可以候补", plain, 1, 80),)),
        ("收获", (_set(face.counts_for, plain, 2, 150),)),
    )
    used = sum(part.height + _PART_GAP for _, parts in rows for part in parts)
    top, bottom = _BANNER + 70, _PANEL - 20
    gap = (bottom - top - used) / len(rows)
    y = top + gap / 2
    for label, parts in rows:
        tag = Style(sans, 58, BRAND, bold=1.2, tracking=8)
        draw_line(page, (_LEFT, y + parts[0].style.size * ASCENT), label, tag)
        for part in parts:
            draw_fitted(page, (_TEXT, y + part.style.size * ASCENT), part)
            y += part.height + _PART_GAP
        y += gap
        if label != rows[-1][0]:
            ImageDraw.Draw(page).line((_LEFT, y - gap / 2, _RIGHT, y - gap / 2), fill=LINE, width=3)


def _set(text: str, style: Style, lines: int, height: float) -> Fitted:
    return fit(text, style, _RIGHT - _TEXT, floor=round(style.size * 0.72), max_lines=lines, height=height)


def _panel(page: Image.Image, face: PosterFace, sans: FontChain) -> None:
    """The code with what to do, and the ways for people who cannot scan."""
    pen = ImageDraw.Draw(page)
    pen.rectangle((0, _PANEL, *SIZE), fill=_TINT)
    top = _PANEL + (SIZE[1] - _PANEL - _QR_SIDE) // 2
    frame = (_LEFT - 14, top - 14, _LEFT + _QR_SIDE + 13, top + _QR_SIDE + 13)
    pen.rounded_rectangle(frame, radius=24, fill=WHITE, outline=BRAND, width=8)
    page.paste(qr_image(face.url, _QR_SIDE), (_LEFT, top))
    x = _LEFT + _QR_SIDE + mm(8)
    room = _RIGHT - x
    draw_line(page, (x, top + 130), "微信扫一扫", Style(sans, 128, INK, bold=2.6, tracking=6))
    draw_line(page, (x, top + 320), "免费报名", Style(sans, 168, ACCENT, bold=4.5, tracking=10))
    steps = Style(sans, 56, INK)
    for number, step in enumerate(("扫码，填写姓名和证件号码", "收到入场码，存到手机里", "准时到场，凭码签到")):
        y = top + 460 + number * 98
        pen.ellipse((x, y - 52, x + 64, y + 12), fill=BRAND)
        draw_line(page, (x + 32, y - 4), str(number + 1), Style(sans, 44, WHITE, bold=1), align="centre")
        draw_fitted(page, (x + 88, y), fit(step, steps, room - 88, floor=40))
    small = Style(sans, 44, MUTED, leading=1.4)
    lines = [f"不方便扫码？浏览器打开\n{face.short_url}"]
    lines += [f"咨询电话 {face.phone}"] if face.phone else []
    lines += [face.notice] if face.notice else []
    block = fit("\n".join(lines), small, room, floor=30, max_lines=6, height=270)
    draw_fitted(page, (x, top + _QR_SIDE - block.height + block.style.size * ASCENT), block)


def _png(page: Image.Image) -> bytes:
    # Octree, no dithering: flat colours stay flat, which keeps the file small and the code clean.
    small = page.quantize(_COLOURS, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
    out = io.BytesIO()
    small.save(out, "PNG", dpi=(DPI, DPI), compress_level=6)
    return out.getvalue()
