"""JPEG pages of which only a few rows change: encode those rows, keep the bytes of the others.

A JPEG with a restart marker after each row of blocks is a list of pieces that can be read, and therefore
written, on their own. The page of a run is encoded once; for each holder only the bands with the name and the
code are. The result is byte for byte what encoding the finished page gives, at a fraction of the time.
"""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from dataclasses import dataclass

from PIL import Image

ROW = 16  # pixel rows of one row of blocks at 4:2:0
_QUALITY = 86
_START_OF_SCAN = b"\xff\xda"
_END = b"\xff\xd9"
# Inside the scan a data byte FF is always followed by 00, so FF D0 … FF D7 can only be a restart marker.
_RESTART = re.compile(rb"\xff[\xd0-\xd7]")


class Misaligned(ValueError):
    """A band does not begin or end on a row of blocks, or is not as wide as the page."""


def encode(image: Image.Image, dpi: int) -> bytes:
    """The whole image as JPEG: 4:2:0, standard Huffman tables, a restart marker after every row of blocks."""
    out = io.BytesIO()
    image.save(out, "JPEG", quality=_QUALITY, subsampling="4:2:0", dpi=(dpi, dpi), restart_marker_rows=1)
    return out.getvalue()


@dataclass(frozen=True)
class StripPage:
    """An encoded page cut at its restart markers. ``width`` in pixels; one piece per 16 pixel rows."""

    width: int
    head: bytes
    pieces: tuple[bytes, ...]

    @classmethod
    def of(cls, image: Image.Image, dpi: int) -> StripPage:
        """Encode and cut ``image``.

        :raise Misaligned: if its height is not a whole number of rows of blocks
        """
        if image.height % ROW:
            raise Misaligned(f"{image.height} rows")
        head, scan = _head_and_scan(encode(image, dpi))
        return cls(image.width, head, tuple(_RESTART.split(scan)))

    def with_bands(self, bands: Mapping[int, Image.Image], dpi: int) -> bytes:
        """The page as JPEG with whole-width ``bands`` in place of its own, keyed by their first pixel row.

        :raise Misaligned: if a band does not fit the rows of blocks
        """
        pieces = list(self.pieces)
        for top, band in bands.items():
            if top % ROW or band.height % ROW or band.width != self.width:
                raise Misaligned(f"{band.size} at row {top}")
            _, scan = _head_and_scan(encode(band, dpi))
            pieces[top // ROW : (top + band.height) // ROW] = _RESTART.split(scan)
        return self.head + _joined(pieces) + _END


def _head_and_scan(jpeg: bytes) -> tuple[bytes, bytes]:
    start = jpeg.rindex(_START_OF_SCAN)
    body = start + 2 + int.from_bytes(jpeg[start + 2 : start + 4], "big")
    return jpeg[:body], jpeg[body : -len(_END)]


def _joined(pieces: list[bytes]) -> bytes:
    # The markers count 0 … 7 and begin again; a piece itself does not know its number.
    out = bytearray(pieces[0])
    for number, piece in enumerate(pieces[1:]):
        out += bytes((0xFF, 0xD0 + number % 8))
        out += piece
    return bytes(out)
