"""A holder's name alone, set as on the certificate, for the holder to look at before anything is issued."""

from __future__ import annotations

import io

from PIL import Image, ImageDraw

from chengjiu_mp.certificates.layout import fit_name
from chengjiu_mp.core.artwork import BRAND, INK, PAPER
from chengjiu_mp.core.fonts import FontChain
from chengjiu_mp.core.typeset import ASCENT, Fitted, Style, draw_fitted, fit, width_of

PICTURE = (1080, 260)
_MARGIN, _RULE = 40, 238
_WIDTH = PICTURE[0] - 2 * _MARGIN
# What a phone's screen takes well, and from where on a character is no longer checked stroke by stroke.
_LARGEST, _SMALLEST = 150, 72


def render_name(name: str, chain: FontChain) -> bytes:
    """PNG bytes, 1080 x 260 pixels: face and spacing of the certificate; a long name in more lines than there.

    :raise MissingGlyphs: with every code point that no font draws
    """
    chain = chain.led_by("serif")
    sheet = Image.new("RGB", PICTURE, PAPER)
    fitted = _as_printed(fit_name(name, chain)) or _in_more_lines(name, chain)
    top, room = (0, _RULE) if len(fitted.lines) == 1 else (6, PICTURE[1] - 12)
    first = top + (room - fitted.height) / 2 + fitted.style.size * ASCENT
    draw_fitted(sheet, (PICTURE[0] / 2, first), fitted, align="centre")
    if len(fitted.lines) == 1:
        ImageDraw.Draw(sheet).line((_MARGIN, _RULE, PICTURE[0] - _MARGIN, _RULE), fill=BRAND, width=2)
    out = io.BytesIO()
    sheet.save(out, "PNG", compress_level=6)
    return out.getvalue()


def _as_printed(printed: Fitted) -> Fitted | None:
    """The certificate's own setting in another size; None where a phone would show it too small."""
    if len(printed.lines) > 1:
        return None
    ratio = _WIDTH / width_of(printed.lines[0], printed.style)
    size = min(int(printed.style.size * ratio), _LARGEST)
    return Fitted(printed.lines, printed.style.at(size)) if size >= _SMALLEST else None


def _in_more_lines(name: str, chain: FontChain) -> Fitted:
    style = Style(chain, 84, INK, bold=0.8, leading=1.24)
    return fit(name, style, _WIDTH, floor=46, max_lines=4, height=PICTURE[1] - 12)
