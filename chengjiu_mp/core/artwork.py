"""Colours, measures and drawn ornaments shared by certificate, poster and ticket.

The mark is a heart with an ECG line. No red cross is drawn anywhere: the emblem belongs to the society and
its use is regulated (红十字标志使用办法 arts 13-18).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence

from PIL import Image, ImageDraw

Rgb = tuple[int, int, int]
Point = tuple[float, float]

BRAND: Rgb = (0x0B, 0x6E, 0x75)
BRAND_STRONG: Rgb = (0x08, 0x4F, 0x55)
ACCENT: Rgb = (0xBC, 0x3F, 0x26)
INK: Rgb = (0x16, 0x21, 0x1F)
MUTED: Rgb = (0x55, 0x61, 0x5F)
LINE: Rgb = (0xDD, 0xE3, 0xE2)
PAPER: Rgb = (0xFC, 0xFE, 0xFD)
WHITE: Rgb = (255, 255, 255)

# One beat: flat line, small P wave, QRS spike, round T wave. x and y in units of the beat's length.
_BEAT: tuple[Point, ...] = (
    (0.00, 0.0), (0.22, 0.0), (0.28, -0.06), (0.34, 0.0), (0.40, 0.0), (0.44, 0.07), (0.50, -0.40),
    (0.57, 0.24), (0.61, 0.0), (0.68, 0.0), (0.75, -0.09), (0.82, 0.0), (1.00, 0.0),
)  # fmt: skip


def mm(value: float, dpi: int = 300) -> int:
    """Millimetres in whole pixels."""
    return round(value * dpi / 25.4)


def mix(ink: Rgb, ground: Rgb, share: float) -> Rgb:
    """``share`` of ``ink`` over ``ground``, 0 … 1."""
    red, green, blue = (round(a * share + b * (1 - share)) for a, b in zip(ink, ground, strict=True))
    return red, green, blue


def stroke_mask(
    size: tuple[int, int], curves: Iterable[Sequence[Point]], width: float, *, scale: int = 3
) -> Image.Image:
    """Curves as a smooth "L" mask of ``size``, drawn ``scale`` times larger: Pillow's lines are jagged."""
    mask = Image.new("L", (size[0] * scale, size[1] * scale))
    pen = ImageDraw.Draw(mask)
    for curve in curves:
        points = [(x * scale, y * scale) for x, y in curve]
        pen.line(points, fill=255, width=max(1, round(width * scale)), joint="curve")
    return mask.resize(size, Image.Resampling.BOX)


def braid(length: int, height: int, waves: int, strands: int) -> Iterator[list[Point]]:
    """Sine strands that weave a guilloche band; the band closes on itself after ``waves`` periods."""
    for strand in range(strands):
        phase = 2 * math.pi * strand / strands
        yield [
            (x, height / 2 * (1 + 0.92 * math.sin(2 * math.pi * waves * x / length + phase)))
            for x in range(0, length + 6, 6)
        ]


def rosette(radius: float, petals: int, rings: int, *, depth: float = 0.16) -> Iterator[list[Point]]:
    """Closed curves of a guilloche rosette around (radius, radius)."""
    for ring in range(rings):
        reach = radius * (1 - 0.62 * ring / rings)
        turn = 2 * math.pi * ring / rings / 2
        angles = [2 * math.pi * step / 720 for step in range(721)]
        lengths = [reach * (1 - depth + depth * math.cos(petals * angle + petals * turn)) for angle in angles]
        yield [
            (radius + length * math.cos(angle), radius + length * math.sin(angle))
            for angle, length in zip(angles, lengths, strict=True)
        ]


def swell(width: int, height: int, lines: int) -> Iterator[list[Point]]:
    """Lines of calm water (澄) over the width: two long waves drifting apart towards the lower edge."""
    for line in range(lines):
        share = line / max(lines - 1, 1)
        base = height * (0.25 + 0.7 * share)
        yield [
            (
                x,
                base
                + height * 0.16 * (1 - share * 0.5) * math.sin(2 * math.pi * x / width * 1.5 + 2.2 * share)
                + height * 0.07 * math.sin(2 * math.pi * x / width * 3.5 - 3.1 * share),
            )
            for x in range(0, width + 8, 8)
        ]


def beat(start: Point, length: float, *, lift: float = 1) -> list[Point]:
    """One heartbeat of an ECG line from ``start``, ``length`` long; ``lift`` scales its height."""
    return [(start[0] + x * length, start[1] + y * length * lift) for x, y in _BEAT]


def heart(centre: Point, width: float) -> list[Point]:
    """The outline of a heart ``width`` wide."""
    unit = width / 32
    outline = []
    for step in range(241):
        t = 2 * math.pi * step / 240
        across = 16 * math.sin(t) ** 3
        up = 13 * math.cos(t) - 5 * math.cos(2 * t) - 2 * math.cos(3 * t) - math.cos(4 * t)
        outline.append((centre[0] + unit * across, centre[1] - unit * (up + 2.4)))
    return outline


def heart_mark(side: int, fill: Rgb, line: Rgb) -> Image.Image:
    """The mark, "RGBA", ``side`` pixels square: a heart with one heartbeat across it."""
    big = side * 4
    mask = Image.new("L", (big, big))
    ImageDraw.Draw(mask).polygon(heart((big / 2, big / 2), big * 0.96), fill=255)
    pulse = stroke_mask((side, side), [beat((side * -0.08, side * 0.5), side * 1.16)], side * 0.045, scale=4)
    shape = mask.resize((side, side), Image.Resampling.BOX)
    colours = Image.composite(Image.new("RGB", (side, side), line), Image.new("RGB", (side, side), fill), pulse)
    colours.putalpha(shape)
    return colours
