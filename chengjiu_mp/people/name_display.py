"""Names for the public and in lists: masked, and sorted by pinyin."""

import os
import re
import unicodedata
from collections.abc import Callable
from functools import cache, lru_cache

from chengjiu_mp.people import han

# Stands where a name was; every list shows it without knowing of erasure.
ERASED_NAME = "已删除"

_STARS = "***"
_PART_END = re.compile(r"[·\s]")
_FALLBACK = "~"  # sorts behind every letter


def mask_name(name: str) -> str:
    """Return a name as public pages show it: 张三 → 张*, 欧阳娜娜 → 欧阳**, 古丽·买买提 → 古丽***, JOHN SMITH → J***.

    Names of several parts and long ones end in three stars whatever their length. A single character keeps a star
    behind it, so that nobody takes it for the whole name.
    """
    name = name.strip()
    if not name or name == ERASED_NAME:
        return name
    if not han.is_han(name[0]):
        return (name.lstrip("'") or name)[0] + _STARS
    first = _PART_END.split(name, maxsplit=1)[0]
    if len(first) < len(name):
        return first[: 3 if len(first) > 3 else 2] + _STARS
    shown = _surname_length(name)
    if len(name) > 5:
        return name[:3] + _STARS
    return name[:shown] + "*" * max(len(name) - shown, 1)


def sort_key(name: str) -> str:
    """Return the text that lists are sorted by: pinyin with tones, character by character, Latin letters as lower case.

    Characters without a known reading follow all others, in the order of their code points.
    """
    surname = name[: _surname_length(name)]
    known = han.SURNAME_READINGS.get(surname, "").split() if len(name) > 1 else []
    syllables = [*known, *map(_reading, name[len(known) :])]
    parts = (f" {s}{ord(c):06x}" if han.is_han(c) else s for s, c in zip(syllables, name, strict=True))
    return "".join(parts).strip()


def _surname_length(name: str) -> int:
    """Return how many characters the surname takes; a name of two characters has a surname of one."""
    return next((n for n in (4, 3, 2) if len(name) > n and name[:n] in han.COMPOUND_SURNAMES), 1)


# The names of a city use a few thousand characters, the same ones again and again.
@lru_cache(maxsize=8_000)
def _reading(char: str) -> str:
    # A compatibility character is read as the one that it is a form of.
    return _pinyin()(unicodedata.normalize("NFC", char)) if han.is_han(char) else char.lower()


@cache
def _pinyin() -> Callable[[str], str]:
    # Loaded on first use and without its phrases: with them it costs every process 58 MB.
    os.environ.setdefault("PYPINYIN_NO_PHRASES", "true")
    from pypinyin import Style, lazy_pinyin  # noqa: PLC0415

    def reading(char: str) -> str:
        return str(lazy_pinyin(char, style=Style.TONE3, neutral_tone_with_five=True, errors=_unread)[0])

    return reading


def _unread(_chars: str) -> str:
    return _FALLBACK
