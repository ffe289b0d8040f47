"""The poster of a run: A4 portrait at 300 dpi, to be read across a corridor and scanned at arm's length.

Pure rendering: words and a link in, PNG bytes out. The same face and fonts give the same bytes.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from PIL import Image, ImageDraw

from chengjiu_mp.core.artwork import BRAND, BRAND_STRONG, INK, LINE, MUTED, WHITE, mm
from chengjiu_mp.core.fonts import FontChain, MissingGlyphs, missing_glyphs
from chengjiu_mp.core.typeset import ASCENT, Fitted, Style, draw_fitted, draw_line, fit
from chengjiu_mp.courses.poster_parts import LEFT, PALE, RIGHT, SIZE, head, panel, png

_BANNER = 1240
_PANEL = 2330
_QR_SIDE = mm(86)
_TEXT = LEFT + mm(22)
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
    steps: tuple[str, str, str] = ("扫码，填写姓名和证件号码", "收到入场码，存到手机里", "准时到场，凭码签到")


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
    head(page, _BANNER, face, sans)
    _title(page, face, sans)
    _facts(page, face, sans)
    panel(page, _PANEL, _QR_SIDE, face, sans)
    return png(page)


def _title(page: Image.Image, face: PosterFace, sans: FontChain) -> None:
    kind = fit(face.kind_name, Style(sans, 76, PALE, bold=0.8, tracking=6), RIGHT - LEFT, floor=48)
    draw_fitted(page, (LEFT, 560), kind)
    title = Style(sans, 212, WHITE, bold=5, tracking=6, leading=1.3)
    fitted = fit(face.title, title, RIGHT - LEFT, floor=136, max_lines=3, height=500)
    draw_fitted(page, (LEFT, 620 + (520 - fitted.height) / 2 + fitted.style.size * ASCENT), fitted)


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
        draw_line(page, (LEFT, y + parts[0].style.size * ASCENT), label, tag)
        for part in parts:
            draw_fitted(page, (_TEXT, y + part.style.size * ASCENT), part)
            y += part.height + _PART_GAP
        y += gap
        if label != rows[-1][0]:
            ImageDraw.Draw(page).line((LEFT, y - gap / 2, RIGHT, y - gap / 2), fill=LINE, width=3)


def _set(text: str, style: Style, lines: int, height: float) -> Fitted:
    return fit(text, style, RIGHT - _TEXT, floor=round(style.size * 0.72), max_lines=lines, height=height)
