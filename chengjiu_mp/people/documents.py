"""Identity documents: what a typed number is, and what follows from it.

What is unusual but possible is a warning for staff, never a wall for a citizen. A number is read on a day, because
a birth date can lie ahead of it.
"""

import re
import unicodedata
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from chengjiu_mp.people import document_refusals as refusals
from chengjiu_mp.people import resident_number
from chengjiu_mp.people.ages import age_on
from chengjiu_mp.people.document_readers import READERS, is_permit_or_passport, refuse_if_no_document, type_of
from chengjiu_mp.people.document_refusals import DocumentRefused, DocumentRegion
from chengjiu_mp.people.document_types import DocType
from chengjiu_mp.people.invisible import BLANKS, HYPHENS, INVISIBLE
from chengjiu_mp.people.resident_number import Gender

__all__ = [
    "DocType",
    "DocumentReading",
    "DocumentRefused",
    "Verdict",
    "age_on",
    "clean",
    "could_be_cut_short",
    "could_be_either",
    "last4",
    "mask_document",
    "read_document",
    "retype_sentence",
]


class Verdict(StrEnum):
    """What to do with a number that is not refused; `warn` asks staff to look at the document."""

    ACCEPT = "accept"
    NORMALIZE = "normalize"
    RETYPE = "retype"
    WARN = "warn"


@dataclass(frozen=True, slots=True)
class DocumentReading:
    """A number that was understood.

    ``number`` is what to store and to index. ``birth`` and ``gender`` are None where the number does not tell them.
    ``warnings`` are codes for staff: age_over_120, country_unknown, region_unknown, region_taiwan,
    permit_series_ended, service_passport, passport_looks_like_id, passport_without_digits.
    """

    verdict: Verdict
    doc_type: DocType
    number: str
    birth: date | None
    gender: Gender | None
    warnings: tuple[str, ...] = ()


def read_document(raw: str, chosen: DocType | None = None, *, today: date, latin_name: bool = False) -> DocumentReading:
    """Return what `raw` is, given the type the person chose (None: unknown) and the day it is read on.

    A number that is good for another type than the chosen one comes back as `retype` with that type.

    :param latin_name: whether the holder gave a passport's Latin name: M and eight digits number permits of Macao and
        passports of Korea alike, and without a chosen type that name says which

    :raise DocumentRefused: one of ``document_refusals``, saying what to do
    """
    number = clean(raw)
    doc_type = type_of(number, chosen, latin_name=latin_name)
    if chosen is None and doc_type is DocType.PASSPORT:
        refuse_if_no_document(number)
    try:
        parts = READERS[doc_type](number, today)
    except DocumentRefused as refused:
        if chosen is None or doc_type is chosen:
            raise
        if chosen is not DocType.PASSPORT and not isinstance(refused, DocumentRegion):
            raise
        # Not that other document after all: what the chosen one says of it is nearer to the person.
        doc_type, parts = chosen, READERS[chosen](number, today)
    verdict = Verdict.ACCEPT if parts.number == raw else Verdict.NORMALIZE
    if chosen is not None and doc_type is not chosen:
        verdict = Verdict.RETYPE
    elif parts.warnings:
        verdict = Verdict.WARN
    return DocumentReading(verdict, doc_type, *parts)


def retype_sentence(doc_type: DocType) -> str:
    """Return what a person reads when the chosen type was corrected."""
    return f"这是{doc_type.label}号码，已为您切换类型。"


def last4(number: str) -> str:
    """Return the last four characters, fewer where four would be more than half of the number."""
    return number[len(number) - min(4, len(number) // 2) :]


def mask_document(number: str) -> str:
    """Return the number for staff in scope: its end behind four stars, so that length and birth date stay hidden."""
    return f"****{last4(number)}"


# Cleaning

# From here on digits alone are read as a resident number, and refused for those that are missing.
_CARD_FROM = 13

_UPPER = {code: code - 32 for code in range(ord("a"), ord("z") + 1)}
_DROPPED = dict.fromkeys(map(ord, BLANKS + HYPHENS + INVISIBLE))
_LOOKALIKE_X = frozenset("ХхΧχ×✕✖✗✘╳☓ẋẊ")
_MASKED = re.compile(
    r"[0-9A-Z]*(?:\*|[#?\u2022\u25cf\u25cb\u25a1\u25a0_]{2})[0-9A-Z*#?\u2022\u25cf\u25cb\u25a1\u25a0_]*"
)
# Printed with their check digit in brackets: the cards of Hong Kong and of Macao.
_HOME_CARD = re.compile(r"[A-Z]{1,2}[0-9]{6}\([0-9A]\)|[157][0-9]{6}\([0-9]\)")
_PLAIN = re.compile(r"[0-9A-Z]+")
_SPREADSHEET = re.compile(r"[0-9]\.[0-9]+E\+?[0-9]{1,2}")
_TW_BRACKETS = re.compile(r"([0-9]{10})\(([A-Z0-9])\)")


def could_be_either(raw: str) -> bool:
    """Return whether a number is as good a permit of Macao as a passport of Korea: only its holder can say which."""
    try:
        return is_permit_or_passport(clean(raw))
    except DocumentRefused:
        return False


def could_be_cut_short(raw: str) -> bool:
    """Return whether a number is most likely the beginning of a resident number, or a birth date alone: digits, too few
    for a card, and in no form of another document but by chance. Some states' passports look like that; only the
    holder can say.
    """
    try:
        number = clean(raw)
        refuse_if_no_document(number)
    except DocumentRefused:
        return False
    if not number.isdigit() or not 5 <= len(number) < _CARD_FROM:
        return False
    # Eight digits are a permit of Taiwan, but where they are a day somebody was born on.
    return len(number) != 8 or (number[:2] in ("19", "20") and resident_number.day(number) is not None)


def clean(raw: str) -> str:
    """Return `raw` as NFKC capitals without blanks, hyphens and invisible characters.

    :raise DocumentRefused: when something else than [0-9A-Z] is left
    """
    number = unicodedata.normalize("NFKC", raw).translate(_DROPPED).translate(_UPPER)
    number = _TW_BRACKETS.sub(r"\1\2", number)
    if _PLAIN.fullmatch(number):
        return number
    if not number:
        raise refusals.DocumentEmpty
    if _MASKED.fullmatch(number):
        star_at_end = len(number) == 18 and number.find("*") == 17
        raise refusals.DocumentStar if star_at_end else refusals.DocumentMasked
    if _HOME_CARD.fullmatch(number):
        raise refusals.DocumentHomeCard
    if number[-1] in _LOOKALIKE_X:
        raise refusals.DocumentLookalikeX
    if _SPREADSHEET.fullmatch(unicodedata.normalize("NFKC", raw).strip().upper()):
        raise refusals.DocumentSpreadsheet
    raise refusals.DocumentCharacters
