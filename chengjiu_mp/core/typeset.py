"""Chinese and mixed text on an image: fitted to a width, broken by Chinese rules, on a baseline.

All lengths are pixels. Nothing is drawn unless the chain has a glyph for every character (``MissingGlyphs``).
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

from PIL import Image, ImageDraw

from chengjiu_mp.core.fonts import FontChain

Align = Literal["left", "centre", "right"]
Color = tuple[int, int, int] | int

# How far ink may reach above and below the baseline, in sizes, for any face of the chain.
ASCENT = 0.92
DESCENT = 0.26

_SMALLEST = 8
_NOT_FIRST = frozenset("，。、；：？！）》」』】〉〕’”…—·%％℃,.;:?!)]}")
_NOT_LAST = frozenset("（《「『【〈〔‘“([{")
# A Latin word, a figure or a date stays whole; any other character may stand at the end of a line.
_ATOM = re.compile(r"[A-Za-z0-9\u00c0-\u024f\u0370-\u052f'’.+/@_:%&#-]+|\s+|.", re.DOTALL)
_DATE = re.compile(r"\d{4}年\d{1,2}月\d{1,2}日|\d{1,2}月\d{1,2}日(?:（周.）)?|\d+(?:\.\d+)?\s?(?:学时|小时|人|元|号)")
_NAME_PART = re.compile(r"[^·\s]+·?|\s+")


class NoRoom(ValueError):
    """The text does not fit its box at any readable size. Holds nothing of the text (it may be a name)."""


@dataclass(frozen=True)
class Style:
    """How a text is drawn.

    ``bold`` thickens every stroke by that many pixels on each side: the wheel's fonts come in one weight.
    ``tracking`` is added after each character. ``leading`` is the distance of two baselines in sizes.
    """

    chain: FontChain
    size: int
    fill: Color
    bold: float = 0
    tracking: float = 0
    leading: float = 1.6

    def at(self, size: int) -> Style:
        """The same style in another size, stroke and tracking in proportion."""
        ratio = size / self.size
        return replace(self, size=size, bold=round(self.bold * ratio, 2), tracking=self.tracking * ratio)


@dataclass(frozen=True)
class Fitted:
    """Lines that fit, and the style they fit in."""

    lines: tuple[str, ...]
    style: Style

    @property
    def height(self) -> float:
        """From the highest possible ink of the first line to the lowest of the last."""
        return _block_height(self.style, len(self.lines))


def width_of(text: str, style: Style) -> float:
    """Width of one line as drawn, without the tracking that would follow the last character."""
    advance = sum(run.advance for run in style.chain.runs(text, style.size))
    return advance + style.tracking * max(len(text) - 1, 0)


def break_lines(text: str, style: Style, width: float) -> tuple[str, ...]:
    """``text`` in lines of at most ``width``, breaking between Han characters, at blanks and at new lines.

    Closing punctuation never begins a line, opening punctuation never ends one, Latin words and dates stay
    whole: one wider than ``width`` gets a line of its own and sticks out (:func:`fit` shrinks it instead).
    """
    return tuple(line for part in text.split("\n") for line in _fill(_atoms(part), style, width))


def fit(text: str, style: Style, width: float, *, floor: int, max_lines: int = 1, height: float = math.inf) -> Fitted:
    """The largest setting of ``text`` with as few lines as possible: shrink to ``floor``, then add a line.

    If even ``max_lines`` at ``floor`` are too few (one very long Latin word) or too high, the size goes below
    the floor rather than over the edge.

    :raise NoRoom: if nothing readable is left of it
    """
    for count in range(1, max_lines + 1):
        found = _largest(text, style, (width, height), range(floor, style.size + 1), count)
        if found:
            return found
    found = _largest(text, style, (width, height), range(_SMALLEST, floor), max_lines)
    if found is None:
        raise NoRoom
    return found


def draw_line(image: Image.Image, xy: tuple[float, float], text: str, style: Style, *, align: Align = "left") -> float:
    """Draw one line with the left, middle or right end of its baseline at ``xy``; return its width."""
    width = width_of(text, style)
    x, baseline = xy[0] - {"left": 0.0, "centre": width / 2, "right": width}[align], xy[1]
    pen = ImageDraw.Draw(image)
    for run in style.chain.runs(text, style.size):
        # Tracking is laid out here, character by character: fonts know only their own advances.
        for piece in run.text if style.tracking else (run.text,):
            pen.text(
                (x, baseline),
                piece,
                style.fill,
                run.font,
                anchor="ls",
                stroke_width=style.bold,
                stroke_fill=style.fill,
            )
            x += run.font.getlength(piece) + style.tracking
    return width


def draw_fitted(image: Image.Image, xy: tuple[float, float], fitted: Fitted, *, align: Align = "left") -> float:
    """Draw fitted lines downwards, the first baseline at ``xy``; return the baseline of the last."""
    step = fitted.style.size * fitted.style.leading
    for number, line in enumerate(fitted.lines):
        draw_line(image, (xy[0], xy[1] + number * step), line, fitted.style, align=align)
    return xy[1] + (len(fitted.lines) - 1) * step


def _largest(text: str, style: Style, room: tuple[float, float], sizes: range, count: int) -> Fitted | None:
    """The largest of ``sizes`` that holds ``text`` in ``count`` lines, found by halving."""
    best: Fitted | None = None
    low, high = sizes.start, sizes.stop - 1
    probe = high
    while low <= high:
        lines = _lines_within(text, style.at(probe), room[0], count)
        if lines and _block_height(style.at(probe), len(lines)) <= room[1]:
            best, low = Fitted(lines, style.at(probe)), probe + 1
        else:
            high = probe - 1
        probe = (low + high + 1) // 2
    return best


def _block_height(style: Style, lines: int) -> float:
    return style.size * (ASCENT + DESCENT + style.leading * (lines - 1))


def _atoms(text: str) -> list[str]:
    """The smallest pieces that may stand on a line by themselves, punctuation bound to its neighbour."""
    pieces: list[str] = []
    at = 0
    while at < len(text):
        found = _DATE.match(text, at) or _ATOM.match(text, at)
        piece = found.group() if found else text[at]
        at += len(piece)
        if pieces and (piece[0] in _NOT_FIRST or pieces[-1][-1] in _NOT_LAST):
            pieces[-1] += piece
        else:
            pieces.append(piece)
    return pieces


def _fill(atoms: Iterable[str], style: Style, width: float) -> list[str]:
    lines = [""]
    for atom in atoms:
        if lines[-1].strip() and width_of((lines[-1] + atom).rstrip(), style) > width:
            lines.append("")
        # A blank that led to a break has done its work.
        lines[-1] += atom if lines[-1] else atom.lstrip()
    return [line.rstrip() for line in lines if line.strip()] or [""]


def _lines_within(text: str, style: Style, width: float, count: int) -> tuple[str, ...]:
    """At most ``count`` lines no wider than ``width``, evened out; () if there is no such setting."""
    if count == 1:
        return (text,) if "\n" not in text and width_of(text, style) <= width else ()
    for atoms in _choices(text):
        if atoms and _holds(_fill_all(atoms, style, width), style, width, count):
            return _even(atoms, style, width)
    return ()


def _choices(text: str) -> list[list[list[str]]]:
    """Ways to cut: a name first only behind its interpunct and at blanks, then anywhere the rules allow."""
    parts = text.split("\n")
    by_part = [_NAME_PART.findall(part) for part in parts] if "·" in text else []
    return [by_part, [_atoms(part) for part in parts]]


def _fill_all(parts: list[list[str]], style: Style, width: float) -> tuple[str, ...]:
    return tuple(line for atoms in parts for line in _fill(atoms, style, width))


def _holds(lines: tuple[str, ...], style: Style, width: float, count: int) -> bool:
    return len(lines) <= count and all(width_of(line, style) <= width for line in lines)


def _even(parts: list[list[str]], style: Style, width: float) -> tuple[str, ...]:
    """The narrowest setting with the same number of lines: 13+13 characters instead of 25+1."""
    best = _fill_all(parts, style, width)
    low, high = 0.0, width
    while high - low > style.size / 4:
        middle = (low + high) / 2
        lines = _fill_all(parts, style, middle)
        if _holds(lines, style, middle, len(best)):
            best, high = lines, middle
        else:
            low = middle
    return best
