"""QR codes as pictures, as SVG for pages and as text for a terminal.

One mask for every code: choosing the best of eight takes six times as long as everything else, and no reader
needs it (every code drawn here is read back in the tests).
"""

from __future__ import annotations

from html import escape
from typing import Literal

import qrcode
from PIL import Image
from qrcode import constants

Level = Literal["L", "M", "Q", "H"]

QUIET = 4  # modules of white around the code, ISO/IEC 18004 6.3.8
_MASK = 2
_LEVELS = {
    "L": constants.ERROR_CORRECT_L,
    "M": constants.ERROR_CORRECT_M,
    "Q": constants.ERROR_CORRECT_Q,
    "H": constants.ERROR_CORRECT_H,
}


class QrTooSmall(ValueError):
    """The picture has fewer pixels than the code has modules."""


def qr_image(text: str, px: int, *, level: Level = "M") -> Image.Image:
    """A square of ``px`` pixels, mode "L", black on white, quiet zone included.

    Modules are whole pixels, so the code stays sharp; what is left over widens the quiet zone.

    :raise QrTooSmall: if ``px`` is less than one pixel a module
    """
    rows = _modules(text, level)
    side = len(rows)
    scale = px // (side + 2 * QUIET)
    if scale < 1:
        raise QrTooSmall(f"{px} px for {side + 2 * QUIET} modules")
    small = Image.frombytes("L", (side, side), bytes(0 if dark else 255 for row in rows for dark in row))
    picture = Image.new("L", (px, px), 255)
    margin = (px - side * scale) // 2
    picture.paste(small.resize((side * scale, side * scale), Image.Resampling.NEAREST), (margin, margin))
    return picture


def qr_svg(text: str, *, level: Level = "M", label: str = "二维码") -> str:
    """An ``<svg>`` element of one path, without style or script (fits a strict content policy).

    ``label`` is what a screen reader says. The style sheet gives the size; the quiet zone is part of it.
    """
    rows = _modules(text, level)
    side = len(rows) + 2 * QUIET
    path = "".join(f"M{x + QUIET} {y + QUIET}h{width}v1h-{width}z" for y, x, width in _bars(rows))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {side} {side}" role="img" '
        f'aria-label="{escape(label)}" shape-rendering="crispEdges">'
        f'<path fill="#fff" d="M0 0h{side}v{side}H0z"/><path d="{path}"/></svg>'
    )


def qr_terminal(text: str, *, level: Level = "L", ansi: bool = True) -> str:
    """The code in half blocks, two modules a character; ``ansi`` fixes the colours on light terminals too."""
    rows = _modules(text, level)
    quiet = 2
    blank = (False,) * (len(rows) + 2 * quiet)
    padded = [blank] * quiet + [(False,) * quiet + row + (False,) * quiet for row in rows] + [blank] * (quiet + 1)
    marks = {(False, False): "█", (False, True): "▀", (True, False): "▄", (True, True): " "}
    lines = [
        "".join(marks[pair] for pair in zip(*padded[y : y + 2], strict=True)) for y in range(0, len(padded) - 1, 2)
    ]
    return "\n".join(f"\x1b[97;40m{line}\x1b[0m" if ansi else line for line in lines)


def _modules(text: str, level: Level) -> tuple[tuple[bool, ...], ...]:
    code = qrcode.QRCode(error_correction=_LEVELS[level], border=0, mask_pattern=_MASK)
    code.add_data(text)
    code.make(fit=True)
    return tuple(tuple(bool(dark) for dark in row) for row in code.get_matrix())


def _bars(rows: tuple[tuple[bool, ...], ...]) -> list[tuple[int, int, int]]:
    """(y, x, width) of each horizontal stretch of dark modules."""
    bars: list[tuple[int, int, int]] = []
    for y, row in enumerate(rows):
        start = None
        for x, dark in enumerate((*row, False)):
            if dark and start is None:
                start = x
            elif not dark and start is not None:
                bars.append((y, start, x - start))
                start = None
    return bars
