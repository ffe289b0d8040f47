"""One reader per document: given cleaned characters, say what they tell or refuse them.

Forms: GB 11643 for the numbers of eighteen characters; for permits and passports the published forms. No county
list, no unpublished rule (the last digit of old permanent-resident cards): such gates refuse good documents.
"""

import re
from collections.abc import Callable
from datetime import date
from typing import NamedTuple

from chengjiu_mp.people import document_refusals as refusals
from chengjiu_mp.people import iso3166, resident_number
from chengjiu_mp.people.ages import age_on
from chengjiu_mp.people.document_types import DocType
from chengjiu_mp.people.resident_number import Gender

# Nobody is known to have lived past 122; older birth dates are specimens, typing errors or forgeries.
OLD_AGE = 120
EARLIEST_BIRTH_YEAR = 1800


class Parts(NamedTuple):
    number: str
    birth: date | None = None
    gender: Gender | None = None
    warnings: tuple[str, ...] = ()


# Which document

_CN_PASSPORT = re.compile(r"E[0-9]{8}|E[A-HJ-NP-Z][0-9]{7}|G[0-9]{8}")
_HM_PERMIT = re.compile(r"([HM][0-9]{8})(?:[0-9]{2})?|[HM]A[0-9]{7}")
# A permit of Macao, and a passport of Korea as issued until 2021; since then a letter stands among the digits.
_M_PERMIT_OR_PASSPORT = re.compile(r"M[0-9]{8}")
_KR_PASSPORT = re.compile(r"M[0-9]{3}[A-Z][0-9]{4}")
_TW_PERMIT = re.compile(r"[0-9]{8}")
_TW_BOOKLET = re.compile(r"[0-9]{10}[A-Z]")
_OLD_PR = re.compile(r"[A-Z]{3}[0-9]{12}")
_CN_PASSPORT_SLIP = re.compile(r"E[0-9A-Z][0-9OIL]{7}|G[0-9OIL]{8}")
# Forms one or two characters off, which no state is known to number its passports by.
_SLIPS = (
    (_CN_PASSPORT_SLIP, DocType.CN_PASSPORT),
    (re.compile(r"[HM]A[0-9]{8,9}"), DocType.HM_TRAVEL_PERMIT),
    (re.compile(r"[A-Z]{3}[0-9]{11,13}"), DocType.FOREIGN_PR_ID),
)
_FORMS = (
    (_OLD_PR, DocType.FOREIGN_PR_ID),
    (_HM_PERMIT, DocType.HM_TRAVEL_PERMIT),
    (_CN_PASSPORT, DocType.CN_PASSPORT),
    (_TW_BOOKLET, DocType.TW_TRAVEL_PERMIT),
    (_TW_PERMIT, DocType.TW_TRAVEL_PERMIT),
    (_KR_PASSPORT, DocType.PASSPORT),
)


def type_of(number: str, chosen: DocType | None, *, latin_name: bool = False) -> DocType:
    """Return the type whose reader shall judge the number: what its form shows, else the chosen one.

    :param latin_name: whether the holder gave a passport's Latin name
    """
    shown = _shown_by_form(number)
    if chosen is None:
        if latin_name and _M_PERMIT_OR_PASSPORT.fullmatch(number):
            return DocType.PASSPORT
        return shown or _meant_by_form(number)
    if shown is None or shown is chosen:
        return chosen
    if chosen is DocType.PASSPORT:
        # Many states number their passports like our short forms; only the long ones speak for themselves.
        return shown if len(number) >= 15 else chosen
    if _TW_PERMIT.fullmatch(number) and chosen is not DocType.HMT_RESIDENCE_PERMIT:
        # Eight digits may as well be a number cut short.
        return chosen
    return shown


def is_permit_or_passport(number: str) -> bool:
    """Return whether a cleaned number is of the one form that two kinds of document share."""
    return _M_PERMIT_OR_PASSPORT.fullmatch(number) is not None


def _shown_by_form(number: str) -> DocType | None:
    if resident_number.FORM.fullmatch(number):
        if number[:2] in _HMT_PLACES:
            return DocType.HMT_RESIDENCE_PERMIT
        return DocType.FOREIGN_PR_ID if number[0] == "9" else DocType.RESIDENT_ID
    return next((doc_type for form, doc_type in _FORMS if form.fullmatch(number)), None)


def _meant_by_form(number: str) -> DocType:
    """Return the type that somebody meant who typed a slip, else a foreign passport, which may look like anything."""
    if _typed_as_id(number):
        return DocType.RESIDENT_ID
    return next((doc_type for slip, doc_type in _SLIPS if slip.fullmatch(number)), DocType.PASSPORT)


def _typed_as_id(number: str) -> bool:
    """Return whether somebody meant a resident number: many digits, and little else but X and what digits look like.

    Whoever types one wrong letter must not become the holder of a foreign passport.
    """
    if sum(c in "0123456789XOIL" for c in number) == len(number):
        return len(number) >= 13
    return len(number) >= 15 and sum(c in "0123456789" for c in number) >= len(number) - 3


# One reader per document

_HMT_PLACES = frozenset({"81", "82", "83"})
_SERVICE_PASSPORT = re.compile(r"[DPS][0-9]{7,8}|[DPS]E[0-9]{7}")
_EXIT_PERMIT = re.compile(r"[CWLT][0-9]{8}|C[A-Z][0-9]{7}")
_ONLY_DIGITS_AND_X = re.compile(r"[0-9X]+")
_HIDDEN_BY_X = re.compile(r"[0-9]+X{3,}[0-9]*X?")
_PHONE = re.compile(r"1[3-9][0-9]{9}")
_TW_CARD = re.compile(r"[A-Z][1289][0-9]{8}")
# The letters in the order of their two-digit codes, from 10.
_TW_AREAS = "ABCDEFGHJKLMNPQRSTUVXYWZIO"
_COUNTS = "零一两三四五六七八九"


def _refuse_unlike_18(number: str, label: str) -> None:
    """Raise what tells the person how `number` differs from eighteen characters of digits and a final X."""
    if resident_number.FORM.fullmatch(number):
        return
    if _EXIT_PERMIT.fullmatch(number):
        raise refusals.DocumentExitPermit
    if _HIDDEN_BY_X.fullmatch(number):
        raise refusals.DocumentMasked
    if _typed_as_id(number):
        _refuse_lookalikes(number)
    if len(number) == 18 or not _ONLY_DIGITS_AND_X.fullmatch(number):
        raise refusals.DocumentForm(f"{label}号码是 17 位数字加 1 位数字或字母 X，请对照证件再输一次。")
    missing = 18 - len(number)
    if abs(missing) > 9:
        raise refusals.DocumentLength(f"{label}号码共 18 位，请对照证件再输一次。")
    word = f"{'少' if missing > 0 else '多'}了{_COUNTS[abs(missing)]}位"
    raise refusals.DocumentLength(f"这个{label}号码{word}（共 18 位），请对照证件再输一次。")


def _refuse_lookalikes(number: str) -> None:
    """Raise where a letter stands that looks like a digit."""
    if "O" in number:
        raise refusals.DocumentLetterO
    if "I" in number or "L" in number:
        raise refusals.DocumentLetterI


def _birth_warnings(birth: date | None, today: date) -> tuple[str, ...]:
    """Raise where nobody alive can be born on that day; return the warning of a great age."""
    if birth is None or birth.year < EARLIEST_BIRTH_YEAR:
        raise refusals.DocumentBirthDate
    if birth > today:
        raise refusals.DocumentBirthFuture
    return ("age_over_120",) if age_on(birth, today) > OLD_AGE else ()


def _read_18(number: str, today: date, warnings: tuple[str, ...] = ()) -> Parts:
    birth = resident_number.birth_of(number)
    warnings += _birth_warnings(birth, today)
    if not resident_number.checks(number):
        raise refusals.DocumentChecksum
    return Parts(number, birth, resident_number.gender_of(number), warnings)


def _read_resident(number: str, today: date) -> Parts:
    if len(number) == 15 and _ONLY_DIGITS_AND_X.fullmatch(number):
        raise refusals.DocumentOld15
    _refuse_unlike_18(number, "身份证")
    province = number[:2]
    if province not in resident_number.PROVINCES - _HMT_PLACES:
        raise refusals.DocumentRegion
    return _read_18(number, today, ("region_taiwan",) if province == "71" else ())


def _read_residence_permit(number: str, today: date) -> Parts:
    _refuse_unlike_18(number, "居住证")
    if number[:2] not in _HMT_PLACES or number[2:6] != "0000":
        raise refusals.DocumentRegion("居住证号码以 81、82 或 83 开头，后面接四个 0，请对照证件再输一次。")
    return _read_18(number, today)


def _read_foreign_pr(number: str, today: date) -> Parts:
    if _OLD_PR.fullmatch(number):
        return _read_old_foreign_pr(number, today)
    _refuse_unlike_18(number, "永久居留身份证")
    if number[0] != "9" or number[1:3] not in resident_number.PROVINCES:
        raise refusals.DocumentRegion("永久居留身份证号码以 9 开头，后面两位是省份代码，请对照证件再输一次。")
    return _read_18(number, today, () if number[3:6] in iso3166.NUMERIC else ("country_unknown",))


def _read_old_foreign_pr(number: str, today: date) -> Parts:
    """Read 3 letters (country), 4 digits (place), YYMMDD, 2 digits whose rule is not published."""
    births = [day for century in ("20", "19") if (day := resident_number.day(century + number[7:13]))]
    birth = next((day for day in births if day <= today), None)
    warnings = _birth_warnings(birth, today)
    if number[:3] not in iso3166.ALPHA3:
        warnings += ("country_unknown",)
    if number[3:5] not in resident_number.PROVINCES:
        warnings += ("region_unknown",)
    return Parts(number, birth, None, warnings)


def _read_hm_permit(number: str, _today: date) -> Parts:
    if found := _HM_PERMIT.fullmatch(number):
        # Old cards print the issue count behind the nine characters that stay with the person.
        return Parts(found[1] or number)
    if _EXIT_PERMIT.fullmatch(number):
        raise refusals.DocumentExitPermit
    raise refusals.DocumentForm(
        "通行证（回乡证）号码是 H 或 M 加 8 位数字，非中国籍是 HA 或 MA 加 7 位数字。请不要填港澳身份证号。"
    )


def _read_tw_permit(number: str, _today: date) -> Parts:
    if _TW_PERMIT.fullmatch(number):
        return Parts(number)
    if _TW_BOOKLET.fullmatch(number):
        # Eight digits for life, two of the issue count, the issuing office; none was issued after 2008-09-25.
        return Parts(number[:8], warnings=("permit_series_ended",))
    if _EXIT_PERMIT.fullmatch(number):
        raise refusals.DocumentExitPermit
    raise refusals.DocumentForm("台胞证号码是 8 位数字，请对照证件再输一次。")


def _read_cn_passport(number: str, _today: date) -> Parts:
    if _CN_PASSPORT.fullmatch(number):
        return Parts(number)
    if _SERVICE_PASSPORT.fullmatch(number):
        return Parts(number, warnings=("service_passport",))
    if _EXIT_PERMIT.fullmatch(number):
        raise refusals.DocumentExitPermit
    if _CN_PASSPORT_SLIP.fullmatch(number):
        _refuse_lookalikes(number)
    raise refusals.DocumentForm(
        "中国护照号码共 9 位：E 加 8 位数字，或 E 加一个字母（不含 I、O）加 7 位数字。请对照护照再输一次。"
    )


def refuse_if_no_document(number: str) -> None:
    """Raise where what reads as a foreign passport is rather a phone or a card of Taiwan; for who chose no type."""
    if _PHONE.fullmatch(number):
        raise refusals.DocumentPhone
    if _TW_CARD.fullmatch(number) and _checks_as_tw_card(number):
        raise refusals.DocumentHomeCard


def _checks_as_tw_card(number: str) -> bool:
    """Return whether the last digit of a Taiwanese identity card's number fits the others."""
    area = _TW_AREAS.index(number[0]) + 10
    digits = (area // 10, area % 10, *map(int, number[1:]))
    return sum(w * d for w, d in zip((1, 9, 8, 7, 6, 5, 4, 3, 2, 1, 1), digits, strict=True)) % 10 == 0


def _read_passport(number: str, _today: date) -> Parts:
    if not 5 <= len(number) <= 20:
        raise refusals.DocumentForm("护照号码是 5 至 20 位字母和数字，请对照护照再输一次。")
    digits = sum(c in "0123456789" for c in number)
    if not digits:
        return Parts(number, warnings=("passport_without_digits",))
    looks_like_id = len(number) >= 15 and digits >= len(number) - 1
    return Parts(number, warnings=("passport_looks_like_id",) if looks_like_id else ())


READERS: dict[DocType, Callable[[str, date], Parts]] = {
    DocType.RESIDENT_ID: _read_resident,
    DocType.HMT_RESIDENCE_PERMIT: _read_residence_permit,
    DocType.HM_TRAVEL_PERMIT: _read_hm_permit,
    DocType.TW_TRAVEL_PERMIT: _read_tw_permit,
    DocType.FOREIGN_PR_ID: _read_foreign_pr,
    DocType.CN_PASSPORT: _read_cn_passport,
    DocType.PASSPORT: _read_passport,
}
