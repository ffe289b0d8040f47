"""The 18-character number of GB 11643: region, birth date, order (odd = male), check character.

Resident cards, the residence permits of Hong Kong, Macao and Taiwan residents and the new permanent-resident cards
of foreigners share the layout and the check. County codes are no gate: they change, and lists of them refuse people.
Only the two province digits are checked.
"""

import re
from datetime import date
from typing import Literal

Gender = Literal["female", "male"]

FORM = re.compile(r"[0-9]{17}[0-9X]")
OLD_FORM = re.compile(r"[0-9]{15}")

# GB/T 2260, the first two digits: the mainland's provinces, Taiwan, Hong Kong, Macao.
_PROVINCES = "11 12 13 14 15 21 22 23 31 32 33 34 35 36 37 41 42 43 44 45 46 50 51 52 53 54 61 62 63 64 65"
PROVINCES = frozenset(_PROVINCES.split()) | {"71", "81", "82"}

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECKS = "10X98765432"
# Order codes that the 15-digit scheme kept for people of a hundred years and more: born in the 1800s.
_CENTENARIAN = frozenset({"996", "997", "998", "999"})


def check_character(body: str) -> str:
    """Return the check character of the first 17 digits (ISO 7064 MOD 11-2)."""
    return _CHECKS[sum(w * int(d) for w, d in zip(_WEIGHTS, body[:17], strict=True)) % 11]


def checks(number: str) -> bool:
    """Return whether the last character of an 18-character number fits the others."""
    return check_character(number[:17]) == number[17]


def day(digits: str) -> date | None:
    """Return the day written as YYYYMMDD, or None where the calendar has no such day."""
    try:
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:8]))
    except ValueError:
        return None


def birth_of(number: str) -> date | None:
    """Return the birth date inside an 18-character number, or None where the calendar has no such day."""
    return day(number[6:14])


def gender_of(number: str) -> Gender:
    """Return the gender inside an 18-character number: an odd order number is male."""
    return "male" if int(number[16]) % 2 else "female"


def from_15(number: str) -> str | None:
    """Return the 18-character form of a 15-digit number, for archives only: such cards ended on 2013-01-01.

    None where it cannot be said: not 15 digits, no such day in the 1900s, or an order code of a centenarian,
    who was born in the 1800s.
    """
    if not OLD_FORM.fullmatch(number) or is_centenarian_15(number):
        return None
    body = f"{number[:6]}19{number[6:]}"
    return body + check_character(body) if birth_of(body + "0") else None


def is_centenarian_15(number: str) -> bool:
    """Return whether a 15-digit number carries an order code kept for people of a hundred years and more."""
    return OLD_FORM.fullmatch(number) is not None and number[12:] in _CENTENARIAN
