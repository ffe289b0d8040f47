"""Characters that a paste brings along and nobody sees: explicit lists, the same in every version of Python."""

# ASCII blanks and controls, no-break and typographic spaces, line and paragraph separators, the ideographic space.
BLANKS = "\t\n\x0b\x0c\r \x85\xa0\u1680" + "".join(map(chr, range(0x2000, 0x200B))) + "\u2028\u2029\u202f\u205f\u3000"

# Hyphens and dashes, from hyphen-minus to the full-width form.
HYPHENS = "-\u2010\u2011\u2012\u2013\u2014\u2015\u2043\u2212\ufe58\ufe63\uff0d"

# Marks and overrides that turn the reading direction around a piece of text.
DIRECTION_MARKS = "\u061c\u200e\u200f"
DIRECTION_OVERRIDES = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"

# Zero-width characters, soft hyphen, joiners, byte-order mark.
ZERO_WIDTH = "\xad\u034f\u180e\u200b\u200c\u200d\u2060\u2061\u2062\u2063\u2064\ufeff"

INVISIBLE = ZERO_WIDTH + DIRECTION_MARKS + DIRECTION_OVERRIDES


def to_be_seen(text: str) -> str:
    """Return words that others read, trimmed, without what hides or turns whatever stands around them."""
    return "".join(c for c in text if c not in INVISIBLE).strip()
