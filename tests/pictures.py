"""Faces to draw and ways to look at pictures, for the tests of certificate, poster and ticket."""

from __future__ import annotations

import io
import os
from datetime import date
from decimal import Decimal
from functools import lru_cache

import pytest
import zxingcpp
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import TTFont
from PIL import Image

from chengjiu_mp.certificates.face import CertificateFace
from chengjiu_mp.core.fonts import FontChain, discover_fonts

VERIFY_URL = "https://jiuhu.example.cn/v/abcdefghijklmnopqrstuv2345"
# Drawn by no face of the wheel: only the HanaMin fonts have these (Ext B, Ext E, Ext F).
ONLY_HANAMIN = "𠮷𡚸𨰻𬺘𮧵"
# Ext I has no font at all; U+2EBF0 is its first character.
UNDRAWN = "\U0002ebf0"


@lru_cache(maxsize=1)
def fonts() -> FontChain:
    return discover_fonts()


def _hanamin_here() -> bool:
    return any("HanaMin" in face.path.name for face in fonts().faces)


needs_hanamin = pytest.mark.skipif(
    not _hanamin_here() and os.environ.get("CHENGJIU_REQUIRE_BROWSER") != "1",
    reason="the HanaMin fonts (Debian: fonts-hanazono) are not installed: rare-plane characters are not drawn",
)


def a_face(**changes: object) -> CertificateFace:
    given: dict = {
        "kind_name": "心肺复苏与自动体外除颤（CPR+AED）",
        "number": "JYCPR202600012X",
        "holder_name": "张三",
        "issued_on": date(2026, 11, 28),
        "valid_until": date(2029, 11, 27),
        "run_title": "澄江街道2026年第12期CPR+AED持证培训",
        "hours": Decimal("4.0"),
        "syllabus": "2026版",
        "verify_url": VERIFY_URL,
    }
    return CertificateFace(**(given | changes))


def opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))


def code_in(image: Image.Image) -> str:
    """What a scanner reads; the empty text if it finds nothing."""
    found = zxingcpp.read_barcode(image.convert("L"))
    return found.text if found else ""


def worn(image: Image.Image, *, share: float = 1, quality: int = 95, turned: float = 0) -> Image.Image:
    """The picture after a bad trip: scaled down, compressed again, turned."""
    small = image.convert("RGB").resize((round(image.width * share), round(image.height * share)))
    out = io.BytesIO()
    small.rotate(turned, expand=True, fillcolor="white").save(out, "JPEG", quality=quality)
    return Image.open(out)


def a_font(codepoint: int, name: str = "Signs-Regular") -> TTFont:
    """A font of one glyph, a triangle, drawn for this code point alone."""
    pen = TTGlyphPen(None)
    pen.moveTo((0, 0))
    pen.lineTo((500, 800))
    pen.lineTo((900, 0))
    pen.closePath()
    font = FontBuilder(1000, isTTF=True)
    font.setupGlyphOrder([".notdef", "sign"])
    font.setupCharacterMap({codepoint: "sign"})
    font.setupGlyf({".notdef": TTGlyphPen(None).glyph(), "sign": pen.glyph()})
    font.setupHorizontalMetrics({".notdef": (1000, 0), "sign": (1000, 0)})
    font.setupHorizontalHeader(ascent=880, descent=-120)
    font.setupNameTable({"familyName": "Signs", "styleName": "Regular", "psName": name, "version": "1"})
    font.setupOS2()
    font.setupPost()
    return font.font
