"""A ticket to keep in the phone's album: the code, the run, and six characters to read aloud when no camera works.

Pure rendering: words and a link in, PNG bytes out.
"""

from __future__ import annotations

import io
from dataclasses import dataclass

from PIL import Image, ImageDraw

from chengjiu_mp.core import artwork
from chengjiu_mp.core.artwork import ACCENT, BRAND, BRAND_STRONG, INK, LINE, MUTED, WHITE, Rgb, mix
from chengjiu_mp.core.fonts import FontChain, MissingGlyphs, missing_glyphs
from chengjiu_mp.core.qr import qr_image
from chengjiu_mp.core.typeset import ASCENT, Fitted, Style, draw_fitted, draw_line, fit

SIZE = (1080, 1920)
_PAGE: Rgb = (0xF4, 0xF7, 0xF6)
_EDGE, _PAD = 48, 108
_MIDDLE = SIZE[0] // 2
_HEAD = 330
_QR_SIDE = 600
_PERFORATION = 1270


@dataclass(frozen=True)
class TicketFace:
    """Everything on a ticket, already in words; ``name`` as it may be shown to whoever holds the phone.

    ``latin`` is a passport's Latin name, "" without one. ``code`` is the six-character code, ``when`` one
    line ("11月28日（周六）14:00"), ``note`` what to bring or wear.
    """

    url: str
    code: str
    name: str
    run_title: str
    when: str
    place_name: str
    address: str
    organiser: str = "江阴市红十字会"
    latin: str = ""
    note: str = "请提前15分钟到场，出示本码或报出六位编码签到。"


def render_ticket(face: TicketFace, chain: FontChain) -> bytes:
    """PNG bytes, 1080 x 1920 pixels (one phone screen).

    :raise MissingGlyphs: with every code point that no font draws
    """
    texts = (
        face.code, face.name, face.run_title, face.when, face.place_name, face.address, face.organiser, face.note,
        face.latin,
    )  # fmt: skip
    absent = missing_glyphs("".join(texts), chain)
    if absent:
        raise MissingGlyphs(absent)
    sans = chain.led_by("sans")
    page = Image.new("RGB", SIZE, _PAGE)
    _card(page)
    _head(page, face, sans)
    _code(page, face, sans)
    _facts(page, face, sans)
    out = io.BytesIO()
    page.save(out, "PNG", compress_level=6)
    return out.getvalue()


def _card(page: Image.Image) -> None:
    """A white card with a teal head and two notches, as a paper ticket has them."""
    pen = ImageDraw.Draw(page)
    box = (_EDGE, _EDGE, SIZE[0] - _EDGE, SIZE[1] - _EDGE)
    pen.rounded_rectangle(box, radius=36, fill=WHITE, outline=LINE, width=2)
    pen.rounded_rectangle(
        (_EDGE, _EDGE, SIZE[0] - _EDGE, _HEAD), radius=36, fill=BRAND, corners=(True, True, False, False)
    )
    width, height = SIZE[0] - 2 * _EDGE, 150
    water = artwork.stroke_mask((width, height), artwork.swell(width, height, 6), 2)
    page.paste(mix(WHITE, BRAND, 0.16), (_EDGE, _HEAD - height, _EDGE + width, _HEAD), water)
    for x in range(_EDGE + 60, SIZE[0] - _EDGE - 48, 28):
        pen.line((x, _PERFORATION, x + 14, _PERFORATION), fill=LINE, width=4)
    for x, beyond in ((_EDGE, (0, _EDGE - 1)), (SIZE[0] - _EDGE, (SIZE[0] - _EDGE + 1, SIZE[0]))):
        pen.ellipse((x - 30, _PERFORATION - 30, x + 30, _PERFORATION + 30), fill=_PAGE, outline=LINE, width=2)
        pen.rectangle((beyond[0], _PERFORATION - 32, beyond[1], _PERFORATION + 32), fill=_PAGE)


def _head(page: Image.Image, face: TicketFace, sans: FontChain) -> None:
    mark = artwork.heart_mark(64, WHITE, ACCENT)
    page.paste(mark, (_PAD, 92), mark)
    draw_line(page, (_PAD + 84, 138), face.organiser, Style(sans, 36, WHITE, tracking=3))
    draw_line(page, (SIZE[0] - _PAD, 138), "入场码", Style(sans, 40, WHITE, bold=0.8, tracking=6), align="right")
    title = Style(sans, 56, WHITE, bold=1.2, leading=1.3)
    fitted = fit(face.run_title, title, SIZE[0] - 2 * _PAD, floor=40, max_lines=2, height=140)
    draw_fitted(page, (_PAD, 176 + (140 - fitted.height) / 2 + fitted.style.size * ASCENT), fitted)


def _code(page: Image.Image, face: TicketFace, sans: FontChain) -> None:
    page.paste(qr_image(face.url, _QR_SIDE), (_MIDDLE - _QR_SIDE // 2, _HEAD + 24))
    top = _HEAD + 24 + _QR_SIDE
    draw_line(page, (_MIDDLE, top + 30), "扫不出来？请报出编码", Style(sans, 34, MUTED, tracking=2), align="centre")
    spoken = face.code if len(face.code) != 6 else f"{face.code[:3]} {face.code[3:]}"
    letters = fit(spoken, Style(sans, 150, BRAND_STRONG, bold=3, tracking=16), SIZE[0] - 2 * _PAD, floor=60)
    draw_fitted(page, (_MIDDLE, top + 200), letters, align="centre")


def _facts(page: Image.Image, face: TicketFace, sans: FontChain) -> None:
    room = SIZE[0] - 2 * _PAD - 130
    name = _set(face.name, Style(sans, 50, INK, bold=1), room, 2)
    latin = (_set(face.latin, Style(sans, 36, MUTED), room, 2),) if face.latin else ()
    rows: tuple[tuple[str, tuple[Fitted, ...]], ...] = (
        ("姓名", (name, *latin)),
        ("时间", (_set(face.when, Style(sans, 50, BRAND_STRONG, bold=1.2), room, 2),)),
        (
            "地点",
            (
                _set(face.place_name, Style(sans, 46, INK, bold=0.8), room, 2),
                _set(face.address, Style(sans, 36, MUTED), room, 2),
            ),
        ),
    )
    top, bottom = _PERFORATION + 36, SIZE[1] - _EDGE - 110
    gap = (bottom - top - sum(part.height for _, parts in rows for part in parts)) / (len(rows) + 1)
    y = top + gap
    for label, parts in rows:
        draw_line(page, (_PAD, y + parts[0].style.size * ASCENT), label, Style(sans, 38, MUTED))
        for part in parts:
            draw_fitted(page, (_PAD + 130, y + part.style.size * ASCENT), part)
            y += part.height + 6
        y += gap
    note = fit(face.note, Style(sans, 34, ACCENT), SIZE[0] - 2 * _PAD, floor=24, max_lines=2, height=90)
    draw_fitted(page, (_MIDDLE, SIZE[1] - _EDGE - 40 - note.height + note.style.size * ASCENT), note, align="centre")


def _set(text: str, style: Style, room: float, lines: int) -> Fitted:
    return fit(text, style, room, floor=round(style.size * 0.68), max_lines=lines, height=130)
