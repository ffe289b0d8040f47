"""Text in a PDF that cannot be seen: found by a search, copied as it was typed, in whatever script.

As OCR programs do it: a font whose one glyph is empty, two-byte codes given out in the order of first use, and a
ToUnicode map that says which character each code is. Any character of Unicode works, rare Han beyond the BMP too,
without one real glyph in the file.
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from fontTools.fontBuilder import FontBuilder
from fontTools.ttLib.tables._g_l_y_f import Glyph

_NAME = "ChengjiuInvisible"
# Of a character that is as wide as it is high, in thousandths of the size.
_EM = 1000
_AT_ONCE = 100  # entries of one bfchar block (Adobe technical note 5014)

DESCRIPTOR = (
    b"<</Type/FontDescriptor/FontName/ChengjiuInvisible/Flags 4/FontBBox[0 -200 1000 800]/ItalicAngle 0"
    b"/Ascent 800/Descent -200/CapHeight 700/StemV 80/FontFile2 %d 0 R>>"
)
DESCENDANT = (
    b"<</Type/Font/Subtype/CIDFontType2/BaseFont/ChengjiuInvisible/CIDToGIDMap %d 0 R/DW 1000/FontDescriptor %d 0 R"
    b"/CIDSystemInfo<</Registry(Adobe)/Ordering(Identity)/Supplement 0>>>>"
)
FONT = (
    b"<</Type/Font/Subtype/Type0/BaseFont/ChengjiuInvisible/Encoding/Identity-H/DescendantFonts[%d 0 R]"
    b"/ToUnicode %d 0 R>>"
)


@dataclass(frozen=True)
class Placed:
    """A line of text: its left end and baseline from the page's left upper corner, width and height, in mm."""

    text: str
    left: float
    baseline: float
    width: float
    size: float


@dataclass(frozen=True)
class Layer:
    """What a page draws, and the two maps of its font: from code to glyph, from code to Unicode."""

    drawn: bytes
    glyphs: bytes
    to_unicode: bytes


def lay(texts: Sequence[Placed], font: bytes, height: float) -> Layer:
    """Return the layer of a page ``height`` points high; ``font`` is the name of its font, "/F1"."""
    codes: dict[str, int] = {}
    for char in "".join(one.text for one in texts):
        codes.setdefault(char, len(codes) + 1)
    # Rendering mode 3: neither filled nor stroked.
    lines = b"".join(_line(one, font, codes, height) for one in texts if one.text)
    return Layer(b"BT 3 Tr\n" + lines + b"ET\n", b"\x00\x00" + b"\x00\x01" * len(codes), _to_unicode(codes))


def _line(one: Placed, font: bytes, codes: dict[str, int], height: float) -> bytes:
    size, wide = _pt(one.size), _pt(one.width) / len(one.text)
    hexed = "".join(f"{codes[char]:04X}" for char in one.text)
    return (
        f"{font.decode()} {size:.2f} Tf {100 * wide / size:.2f} Tz "
        f"1 0 0 1 {_pt(one.left):.2f} {height - _pt(one.baseline):.2f} Tm <{hexed}> Tj\n"
    ).encode()


def _pt(millimetres: float) -> float:
    return millimetres * 72 / 25.4


def _to_unicode(codes: dict[str, int]) -> bytes:
    pairs = [f"<{code:04X}> <{char.encode('utf-16-be').hex().upper()}>" for char, code in codes.items()]
    blocks = [pairs[at : at + _AT_ONCE] for at in range(0, len(pairs), _AT_ONCE)]
    said = "".join(f"{len(block)} beginbfchar\n" + "\n".join(block) + "\nendbfchar\n" for block in blocks)
    return (
        "/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n"
        "/CIDSystemInfo <</Registry (Adobe) /Ordering (UCS) /Supplement 0>> def\n"
        "/CMapName /Adobe-Identity-UCS def\n/CMapType 2 def\n"
        f"1 begincodespacerange\n<0000> <FFFF>\nendcodespacerange\n{said}"
        "endcmap\nCMapName currentdict /CMap defineresource pop\nend\nend\n"
    ).encode()


@lru_cache(maxsize=1)
def font_program() -> bytes:
    """A TrueType font of two empty glyphs, about 700 bytes; the same bytes in every process."""
    made = FontBuilder(_EM, isTTF=True)
    made.setupGlyphOrder([".notdef", "blank"])
    made.setupCharacterMap({})
    made.setupGlyf({".notdef": Glyph(), "blank": Glyph()})
    made.setupHorizontalMetrics({".notdef": (_EM, 0), "blank": (_EM, 0)})
    made.setupHorizontalHeader(ascent=800, descent=-200)
    made.setupNameTable({"familyName": _NAME, "styleName": "Regular", "psName": _NAME})
    made.setupOS2()
    made.setupPost()
    # Neither moment goes into the file: they would make each start's bytes new ones.
    made.updateHead(created=0, modified=0)
    made.font.recalcTimestamp = False
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()
