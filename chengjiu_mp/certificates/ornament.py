"""What decorates a certificate's page beside its words: mark or emblem, frame of the code, watermark."""

from __future__ import annotations

import io

from PIL import Image, ImageDraw

from chengjiu_mp.certificates.paper import CENTRE, SIZE
from chengjiu_mp.core import artwork
from chengjiu_mp.core.artwork import ACCENT, BRAND, WHITE, mm
from chengjiu_mp.core.fonts import FontChain
from chengjiu_mp.core.typeset import Style, draw_line, width_of


def draw_mark(page: Image.Image, emblem: bytes | None, side: int) -> None:
    """The society's own emblem unaltered on white, or the heart with its heartbeat running out to both sides."""
    top = mm(22)
    if emblem:
        with Image.open(io.BytesIO(emblem), formats=("PNG",)) as opened:
            given = opened.convert("RGBA")
        given.thumbnail((mm(60), side), Image.Resampling.LANCZOS)
        page.paste(WHITE, (CENTRE - given.width // 2 - 12, top - 12, CENTRE + given.width // 2 + 12, top + side + 12))
        page.paste(given, (CENTRE - given.width // 2, top), given)
        return
    reach, height = mm(52), mm(16)
    for left in (CENTRE - side // 2 - reach, CENTRE + side // 2):
        pulse = artwork.stroke_mask((reach, height), [artwork.beat((0, height * 0.6), reach, lift=0.4)], 4.2)
        fade = Image.linear_gradient("L").rotate(90 if left < CENTRE else -90).resize(pulse.size)
        black = Image.new("L", pulse.size)
        faded = Image.composite(pulse, black, fade)
        page.paste(BRAND, (left, top + side // 2 - round(height * 0.6)), faded)
    mark = artwork.heart_mark(side, ACCENT, WHITE)
    page.paste(mark, (CENTRE - side // 2, top), mark)


def draw_code_frame(page: Image.Image, at: tuple[int, int], side: int) -> None:
    """White ground and a line around the code, whose upper left corner is ``at``."""
    left, top = at
    pen = ImageDraw.Draw(page)
    pen.rounded_rectangle(
        (left - 5, top - 5, left + side + 4, top + side + 4), radius=6, fill=WHITE, outline=BRAND, width=4
    )


def draw_watermark(page: Image.Image, text: str, chain: FontChain) -> None:
    """The word across the whole page in pale coral, so that no cut-out hides it."""
    # Drawn at a third of the size: pale letters this large need no sharper edge, and turning a full page is slow.
    style = Style(chain.led_by("sans"), 87, 255, bold=1.3, tracking=20)
    tile = Image.new("L", (round(width_of(text, style)) + 120, 206))
    draw_line(tile, (60, 133), text, style)
    width, height = SIZE[0] // 3 + 1, SIZE[1] // 3 + 1
    sheet = Image.new("L", (width + 466, height + 600))
    for row, y in enumerate(range(0, sheet.height, tile.height)):
        for x in range(-(row % 2) * tile.width // 2, sheet.width, tile.width):
            sheet.paste(tile, (x, y))
    turned = sheet.rotate(24, Image.Resampling.BICUBIC).crop((233, 300, 233 + width, 300 + height))
    mask = turned.point(lambda value: value // 7).resize(SIZE, Image.Resampling.BILINEAR)
    page.paste(ACCENT, (0, 0), mask)
