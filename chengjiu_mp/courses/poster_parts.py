"""What the posters share: the paper, the head with its line, the panel with the code, and the file."""

from __future__ import annotations

import io
from typing import Protocol

from PIL import Image, ImageDraw

from chengjiu_mp.core import artwork
from chengjiu_mp.core.artwork import ACCENT, BRAND, INK, MUTED, WHITE, Rgb, mix, mm
from chengjiu_mp.core.fonts import FontChain
from chengjiu_mp.core.qr import qr_image
from chengjiu_mp.core.typeset import ASCENT, Style, draw_fitted, draw_line, fit, width_of

DPI = 300
SIZE = (2480, 3508)  # ISO 216 A4, 210 x 297 mm
LEFT, RIGHT = mm(17), SIZE[0] - mm(17)
TINT: Rgb = (0xEE, 0xF5, 0xF4)
PALE: Rgb = (0xD3, 0xE8, 0xE8)
_COLOURS = 128


class Linked(Protocol):
    """What the head and the panel of a poster say."""

    @property
    def organiser(self) -> str: ...
    @property
    def programme(self) -> str: ...
    @property
    def url(self) -> str: ...
    @property
    def short_url(self) -> str: ...
    @property
    def phone(self) -> str | None: ...
    @property
    def notice(self) -> str: ...
    @property
    def steps(self) -> tuple[str, str, str]: ...


def head(page: Image.Image, height: int, face: Linked, sans: FontChain) -> None:
    """Draw the banner down to ``height``: who holds it, that it is free, water and a pulse along the lower edge."""
    pen = ImageDraw.Draw(page)
    pen.rectangle((0, 0, SIZE[0], height), fill=BRAND)
    water = artwork.stroke_mask((SIZE[0], 560), artwork.swell(SIZE[0], 560, 9), 3, scale=2)
    page.paste(mix(WHITE, BRAND, 0.13), (0, height - 560, SIZE[0], height), water)
    mark = artwork.heart_mark(mm(15), WHITE, ACCENT)
    page.paste(mark, (LEFT, mm(15)), mark)
    beside = LEFT + mm(19)
    draw_line(page, (beside, mm(21.5)), face.organiser, Style(sans, 66, WHITE, bold=1, tracking=6))
    draw_line(page, (beside, mm(28)), face.programme, Style(sans, 46, PALE, tracking=4))
    _pill(page, (RIGHT, mm(25)), "免费参加", Style(sans, 64, WHITE, bold=1.6, tracking=10))
    pulse = artwork.stroke_mask((SIZE[0], 240), [_pulse()], 9, scale=2)
    page.paste(ACCENT, (0, height - 150, SIZE[0], height + 90), pulse)


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


def panel(page: Image.Image, top_edge: int, side: int, face: Linked, sans: FontChain) -> None:
    """Draw the code ``side`` pixels wide with what to do, and the ways for people who cannot scan."""
    pen = ImageDraw.Draw(page)
    pen.rectangle((0, top_edge, *SIZE), fill=TINT)
    top = top_edge + (SIZE[1] - top_edge - side) // 2
    frame = (LEFT - 14, top - 14, LEFT + side + 13, top + side + 13)
    pen.rounded_rectangle(frame, radius=24, fill=WHITE, outline=BRAND, width=8)
    page.paste(qr_image(face.url, side), (LEFT, top))
    x = LEFT + side + mm(8)
    room = RIGHT - x
    draw_line(page, (x, top + 130), "微信扫一扫", Style(sans, 128, INK, bold=2.6, tracking=6))
    draw_line(page, (x, top + 320), "免费报名", Style(sans, 168, ACCENT, bold=4.5, tracking=10))
    steps = Style(sans, 56, INK)
    for number, step in enumerate(face.steps):
        y = top + 460 + number * 98
        pen.ellipse((x, y - 52, x + 64, y + 12), fill=BRAND)
        draw_line(page, (x + 32, y - 4), str(number + 1), Style(sans, 44, WHITE, bold=1), align="centre")
        draw_fitted(page, (x + 88, y), fit(step, steps, room - 88, floor=40))
    small = Style(sans, 44, MUTED, leading=1.4)
    lines = [f"不方便扫码？浏览器打开\n{face.short_url}"]
    lines += [f"咨询电话 {face.phone}"] if face.phone else []
    lines += [face.notice] if face.notice else []
    block = fit("\n".join(lines), small, room, floor=30, max_lines=6, height=270)
    draw_fitted(page, (x, top + side - block.height + block.style.size * ASCENT), block)


def png(page: Image.Image) -> bytes:
    """Return a page as PNG bytes marked as 300 dpi, in a palette of 128 colours."""
    # Octree, no dithering: flat colours stay flat, which keeps the file small and the code clean.
    small = page.quantize(_COLOURS, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
    out = io.BytesIO()
    small.save(out, "PNG", dpi=(DPI, DPI), compress_level=6)
    return out.getvalue()
