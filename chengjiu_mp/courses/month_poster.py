"""The poster of a month: its runs in a list, and one code for all of them. A4 portrait at 300 dpi.

Pure rendering: words and a link in, PNG bytes out. The same face and fonts give the same bytes.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from PIL import Image, ImageDraw

from chengjiu_mp.core.artwork import BRAND_STRONG, INK, LINE, MUTED, WHITE, mm
from chengjiu_mp.core.fonts import FontChain, MissingGlyphs, missing_glyphs
from chengjiu_mp.core.typeset import ASCENT, Fitted, Style, draw_fitted, draw_line, fit, width_of
from chengjiu_mp.courses.poster_parts import LEFT, PALE, RIGHT, SIZE, TINT, head, panel, png

MOST = 25
_BANNER = 900
_PANEL = 2420
_QR_SIDE = mm(84)
_TOP, _BOTTOM = _BANNER + 110, _PANEL - 40
# Up to here a run has two lines: its name above its place.
_TALL, _TALLEST = 118, 290
_GAP = 60


@dataclass(frozen=True)
class MonthRow:
    """A run in words: "12月5日（周六）", "14:00–17:00", its title, and where unless it is the same for all."""

    day: str
    time: str
    title: str
    place: str = ""


@dataclass(frozen=True)
class MonthFace:
    """Everything printed on a month's poster. ``subtitle`` says whose runs these are, ``place`` where all of them are.

    More rows than :data:`MOST` are not printed; the poster says that the code shows the rest.
    """

    title: str
    subtitle: str
    place: str
    rows: tuple[MonthRow, ...]
    organiser: str
    url: str
    short_url: str
    phone: str | None = None
    programme: str = "“澄救百千万”应急救护培训"
    notice: str = ""
    steps: tuple[str, str, str] = ("扫码，选一场，填姓名和证件号", "收到入场码，存到手机里", "准时到场，凭码签到")


def render_month(face: MonthFace, chain: FontChain) -> bytes:
    """PNG bytes, 2480 x 3508 pixels marked as 300 dpi, in a palette of 128 colours.

    :raise MissingGlyphs: with every code point that no font draws
    """
    texts = [face.title, face.subtitle, face.place, face.organiser, face.short_url, face.phone or "", face.programme]
    texts += [face.notice, *(text for row in face.rows for text in (row.day, row.time, row.title, row.place))]
    absent = missing_glyphs("".join(texts), chain)
    if absent:
        raise MissingGlyphs(absent)
    sans = chain.led_by("sans")
    page = Image.new("RGB", SIZE, WHITE)
    head(page, _BANNER, face, sans)
    _titles(page, face, sans)
    _list(page, face.rows, sans)
    panel(page, _PANEL, _QR_SIDE, face, sans)
    return png(page)


def _titles(page: Image.Image, face: MonthFace, sans: FontChain) -> None:
    wide = RIGHT - LEFT
    down = 0 if face.place else 44  # two lines stand in the middle of the room of three
    draw_fitted(
        page, (LEFT, 556 + down), fit(face.title, Style(sans, 176, WHITE, bold=4.5, tracking=8), wide, floor=110)
    )
    draw_line(
        page, (LEFT, 672 + down), *_clipped(face.subtitle, Style(sans, 84, WHITE, bold=1.6, tracking=3), wide, 60)
    )
    if face.place:
        draw_line(page, (LEFT, 748), *_clipped(face.place, Style(sans, 54, PALE), wide, 40))


def _list(page: Image.Image, rows: tuple[MonthRow, ...], sans: FontChain) -> None:
    """The rows share the room there is; few runs stand large at its top, many in single lines."""
    more = len(rows) > MOST
    listed = rows[:MOST]
    if not listed:
        words = Style(sans, 72, MUTED)
        draw_line(page, (SIZE[0] / 2, (_TOP + _BOTTOM) / 2), "本月场次陆续发布，请扫码查看", words, align="centre")
        return
    step = min((_BOTTOM - _TOP) / (len(listed) + more), _TALLEST)
    for number, row in enumerate(listed):
        top = _TOP + number * step
        if number % 2 == 0:
            ImageDraw.Draw(page).rectangle((LEFT - 24, top, RIGHT + 24, top + step - 1), fill=TINT)
        (_tall if step >= _TALL else _flat)(page, row, (top, step), sans)
    end = _TOP + len(listed) * step
    ImageDraw.Draw(page).line((LEFT - 24, end, RIGHT + 24, end), fill=LINE, width=3)
    if more:
        words = Style(sans, min(round(step * 0.66), 60), BRAND_STRONG, bold=1.2, tracking=4)
        draw_line(page, (SIZE[0] / 2, end + step * 0.78), "更多场次请扫码", words, align="centre")


def _tall(page: Image.Image, row: MonthRow, at: tuple[float, float], sans: FontChain) -> None:
    """Two lines: the day above the hours, the name above the place."""
    top, step = at
    large, small = _sizes(step)
    upper, lower = top + step / 2 - large * 0.16, top + step / 2 + small * 1.16
    bold, plain = Style(sans, large, BRAND_STRONG, bold=1.4), Style(sans, small, INK)
    # As wide as the widest day, so that the names stand in one column.
    dates = width_of("12月30日（周六）", bold)
    x, room = LEFT + dates + _GAP, RIGHT - LEFT - dates - _GAP
    draw_line(page, (LEFT, upper), row.day, bold)
    draw_line(page, (LEFT, lower), *_clipped(row.time, plain, dates, 24))
    name = Style(sans, large, INK, bold=1.2)
    if row.place:
        draw_line(page, (x, upper), *_clipped(row.title, name, room, small))
        draw_line(page, (x, lower), *_clipped(row.place, Style(sans, small, MUTED), room, 34))
        return
    fitted = _whole(row.title, name, room, step * 0.9)
    draw_fitted(page, (x, top + (step - fitted.height) / 2 + fitted.style.size * ASCENT), fitted)


def _sizes(step: float) -> tuple[int, int]:
    return min(round(step * 0.4), 92), min(round(step * 0.3), 66)


def _whole(title: str, style: Style, room: float, height: float) -> Fitted:
    """A name that has the row for itself: one line, a little smaller if need be, else two, else cut."""
    style, small = replace(style, leading=1.25), round(style.size * 0.8)
    text, one = _clipped(title, style, room, small)
    if text.endswith("…") and width_of(title, style.at(small)) <= 2 * room:
        two = fit(title, style, room, floor=small, max_lines=2, height=height)
        if two.style.size >= small:
            return two
    return Fitted((text,), one)


def _flat(page: Image.Image, row: MonthRow, at: tuple[float, float], sans: FontChain) -> None:
    """One line in columns."""
    top, step = at
    size = round(step * 0.64)
    line = top + step / 2 + size * 0.36
    day, plain = Style(sans, size, BRAND_STRONG, bold=0.9), Style(sans, size, INK)
    widths = (390, 330, 760, 530) if row.place else (390, 330, 1320, 0)
    x: float = LEFT
    cells = ((row.day, day), (row.time, plain), (row.title, plain), (row.place, Style(sans, size, MUTED)))
    for (text, style), width in zip(cells, widths, strict=True):
        if text:
            draw_line(page, (x, line), *_clipped(text, style, width, round(size * 0.74)))
        x += width + 22


def _clipped(text: str, style: Style, room: float, floor: int) -> tuple[str, Style]:
    """The text in the largest size that holds it in one line, cut with … where even ``floor`` does not."""
    text = " ".join(text.split())
    for size in range(style.size, min(floor, style.size) - 1, -2):
        if width_of(text, style.at(size)) <= room:
            return text, style.at(size)
    small = style.at(min(floor, style.size))
    while text and width_of(text + "…", small) > room:
        text = text[:-1]
    return text + "…", small
