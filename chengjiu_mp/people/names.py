"""Names of persons: what a certificate can carry (民委发〔2016〕33号; GB 18030-2022).

The interpunct is U+00B7 and no other; at least fifty characters fit; traditional characters stay as they are. What was
typed is kept beside the name wherever the two differ.
"""

import re
import unicodedata
from dataclasses import dataclass
from itertools import groupby

from chengjiu_mp.people import han
from chengjiu_mp.people import name_refusals as refusals
from chengjiu_mp.people.invisible import BLANKS, DIRECTION_MARKS, DIRECTION_OVERRIDES, HYPHENS, ZERO_WIDTH
from chengjiu_mp.people.name_display import mask_name, sort_key
from chengjiu_mp.people.name_refusals import NameRefused

__all__ = ["MAX_HAN", "MAX_LATIN", "NameReading", "NameRefused", "mask_name", "read_name", "sort_key"]

MAX_HAN = 50
MAX_LATIN = 100
_MAX_TYPED = 1000  # no name comes near it, however many invisible characters a paste brings
DOT = "\u00b7"


@dataclass(frozen=True, slots=True)
class NameReading:
    """A name that was understood.

    ``name`` is what to store and print, ``raw`` what was typed. ``warnings`` are codes for staff:
    name_compatibility (which form does the card show?), name_mixed_scripts, name_single_character,
    name_iteration_mark (々), name_parts_joined (a long name was typed with a blank, maybe for the interpunct).
    """

    name: str
    raw: str
    warnings: tuple[str, ...] = ()


# What keyboards and pastes put where U+00B7 belongs.
_DOTS = "\u2022\u30fb\uff65\u2027\u0387\u2219\u22c5\u25cf\u26ab\u2e31\u2e33\ua78f\u16eb\u318d\u3002\uff61"
_FULL_STOPS = "\u2024\ufe52\uff0e"
_APOSTROPHES = "\u2018\u2019\u201b\u02b9\u02bb\u02bc\u02bd\u2032\u0060\u00b4\uff07"
_VARIATION_SELECTORS = (range(0x180B, 0x180E), range(0xFE00, 0xFE10), range(0xE0100, 0xE01F0))
_LATIN = (
    *(range(0x41, 0x5B), range(0x61, 0x7B), range(0xC0, 0xD7), range(0xD8, 0xF7), range(0xF8, 0x250)),
    *(range(0x300, 0x370), range(0x1E00, 0x1F00)),
)
_OTHER_SCRIPTS = (
    *(range(0x370, 0x1E00), range(0x1F00, 0x2000), range(0x2C00, 0x2E00), range(0x3040, 0x31F0)),
    *(range(0xA000, 0xD800), range(0xFB00, 0xFE00), range(0xFE70, 0xFEFD), range(0xFF66, 0xFFDD)),
    range(0x10000, 0x17000),
)
_MASKS = frozenset("*○◯□■×✕?\ufffd")
_SEVERAL = frozenset(",、/;|&+")
_ITERATION_MARK = "々"
# An accent belongs to a Latin letter; a heap of them (Zalgo) runs over the lines above and below.
_LOOSE_MARK = re.compile("(?<![A-Za-z\u00c0-\u024f\u1e00-\u1eff\u0300-\u036f])[\u0300-\u036f]|[\u0300-\u036f]{3}")
_PUNCTUATION = frozenset(f" -'.,{DOT}")

# Shapes over kinds: H Han, L Latin letter, punctuation as itself, # anything else.
_LATIN_SHAPE = re.compile(r"'?L+(?:(?:[-'·]|, ?|\.[ -]?|'? '?)L+)*[.']?")
_HAN_SHAPE = re.compile(r"H+(?:·H+)*")
_MIXED_SHAPE = re.compile(r"'?[HL]+(?:(?:[-'·]|\.[ -]?|'? '?)[HL]+)*[.']?")

# Nearly every name here: all rules leave it as it is, which a test tries with each of these characters.
_PLAIN = re.compile(f"[\u4e00-\u9fff]{{2,{MAX_HAN}}}")

_CLEANED: dict[int, str | None] = {
    **dict.fromkeys(map(ord, BLANKS), " "),
    **dict.fromkeys(map(ord, HYPHENS), "-"),
    **dict.fromkeys(map(ord, ZERO_WIDTH + DIRECTION_MARKS)),
    **dict.fromkeys(code for block in _VARIATION_SELECTORS for code in block),
    **{code: chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)},  # full-width ASCII
    **dict.fromkeys(map(ord, _APOSTROPHES), "'"),
    **dict.fromkeys(map(ord, _FULL_STOPS), "."),
    **dict.fromkeys(map(ord, _DOTS), DOT),
}


def read_name(raw: str) -> NameReading:
    """Return the name typed as `raw`, in the characters that are stored and printed.

    :raise NameRefused: one of ``name_refusals``, saying what to do
    """
    if _PLAIN.fullmatch(raw):
        return NameReading(raw, raw, ())
    return _read_by_the_rules(raw)


def _read_by_the_rules(raw: str) -> NameReading:
    if len(raw) > _MAX_TYPED:
        raise refusals.NameTooLong
    if any(c in DIRECTION_OVERRIDES for c in raw):
        raise refusals.NameDirection
    spaced = _in_standard_characters(raw)
    name = _without_stray_blanks(spaced)
    if not name:
        raise refusals.NameEmpty
    kinds = _kinds(name)
    _refuse_characters(name, kinds)
    _refuse_shape(kinds)
    if len(name) > (MAX_HAN if "H" in kinds else MAX_LATIN):
        raise refusals.NameTooLong
    return NameReading(name, raw, tuple(_warnings(spaced, name, kinds)))


def _in_standard_characters(raw: str) -> str:
    text = "".join(unicodedata.normalize("NFKC", c) if han.is_radical(c) else c for c in raw)
    text = _composed(text.translate(_CLEANED)).strip()
    kinds = _kinds(text)
    if "L" not in kinds:
        return text.replace(".", DOT)
    return "".join(DOT if c == "." and kinds[max(i - 1, 0) : i + 2] == "H.H" else c for i, c in enumerate(text))


def _composed(text: str) -> str:
    """Return `text` in NFC, but for compatibility characters: NFC would put another form on the certificate."""
    pieces = ((kept, "".join(chars)) for kept, chars in groupby(text, key=han.is_compatibility))
    return "".join(piece if kept else unicodedata.normalize("NFC", piece) for kept, piece in pieces)


def _without_stray_blanks(text: str) -> str:
    """Return `text` with single blanks, and none beside an interpunct, before a comma or between Han characters."""
    text = re.sub(rf" *{DOT} *", DOT, re.sub(" +", " ", text)).replace(" ,", ",")
    kinds = _kinds(text)
    return "".join(c for i, c in enumerate(text) if kinds[max(i - 1, 0) : i + 2] != "H H" or c != " ")


def _kinds(text: str) -> str:
    return "".join(map(_kind, text))


def _kind(char: str) -> str:
    if char in _PUNCTUATION:
        return char
    if han.is_han(char) or char == _ITERATION_MARK:
        return "H"
    return "L" if _among(char, _LATIN) else "#"


def _among(char: str, blocks: tuple[range, ...]) -> bool:
    return any(ord(char) in block for block in blocks)


def _refuse_characters(name: str, kinds: str) -> None:
    """Raise for the most telling of the characters that no name has."""
    if any(map(han.is_private, name)):
        raise refusals.NamePrivateCharacter
    if any(c in _MASKS for c in name):
        raise refusals.NameMasked
    if any(c in "0123456789" for c in name):
        raise refusals.NameDigits
    if _LOOSE_MARK.search(name):
        raise refusals.NameCharacters
    strange = [c for c, kind in zip(name, kinds, strict=True) if kind == "#" or (kind == "," and "H" in kinds)]
    if not strange:
        return
    if "H" in kinds and all(c in _SEVERAL for c in strange):
        raise refusals.NameSeveral
    if all(_among(c, _OTHER_SCRIPTS) for c in strange):
        raise refusals.NameScript
    raise refusals.NameCharacters


def _refuse_shape(kinds: str) -> None:
    han_shape = _MIXED_SHAPE if "L" in kinds else _HAN_SHAPE
    if (han_shape if "H" in kinds else _LATIN_SHAPE).fullmatch(kinds):
        return
    if "H" in kinds and (DOT in kinds or "-" in kinds):
        raise refusals.NameDots
    raise refusals.NameCharacters


def _warnings(spaced: str, name: str, kinds: str) -> list[str]:
    parts = spaced.split()
    joined = len(parts) > 1 and all(len(p) > 1 for p in parts) and "L" not in kinds and len(name) > 4
    found = {
        "name_compatibility": any(map(han.is_compatibility, name)),
        "name_mixed_scripts": "H" in kinds and "L" in kinds,
        "name_iteration_mark": _ITERATION_MARK in name,
        "name_single_character": kinds.count("H") + kinds.count("L") == 1,
        "name_parts_joined": joined and DOT not in name,
    }
    return [code for code, applies in found.items() if applies]
