"""The Latin name of a passport (domain B), in two parts, beside the name that a certificate is made out to.

Optional, and taken as it stands in the passport: letters with their accents, apostrophe, hyphen, blank and full stop.
Whoever has one name alone fills in one part.
"""

from dataclasses import dataclass

from chengjiu_mp.core.errors import Refusal
from chengjiu_mp.people.name_refusals import NameRefused
from chengjiu_mp.people.names import MAX_LATIN, read_name

# What a name in one field may hold and a part of a Latin name may not: the parts are apart already.
_NOT_IN_A_PART = frozenset(",\u00b7")


class LatinNameCharacters(NameRefused):
    code = "latin_name_characters"
    message = "请照护照用拉丁字母填写，可以带撇号、短横、空格和句点，不要写汉字或数字。"


class LatinNameTooLong(NameRefused):
    """Over 100 characters, both parts and the blank between them together."""

    code = "latin_name_too_long"
    message = "拉丁字母姓名太长了，姓和名合起来最多 100 个字符。请照护照填写。"


@dataclass(frozen=True, slots=True)
class LatinName:
    """Surname and given names as a passport shows them; ``None`` for a part that was left out."""

    surname: str | None = None
    given: str | None = None

    @property
    def whole(self) -> str:
        """Return both parts in the passport's order, "" when there are none."""
        return " ".join(part for part in (self.surname, self.given) if part)


NO_LATIN_NAME = LatinName()


def read_latin_name(surname: str, given: str) -> LatinName:
    """Return what was typed, in the characters that are stored; nothing typed is no name.

    :raise LatinNameCharacters, LatinNameTooLong: with the field, ``latin_surname`` or ``latin_given``
    """
    found = LatinName(_part(surname, "latin_surname"), _part(given, "latin_given"))
    if len(found.whole) > MAX_LATIN:
        raise LatinNameTooLong(field="latin_given" if found.given else "latin_surname")
    return found


def speaks_of_passport(name: str, surname: str, given: str) -> bool:
    """Return whether what was typed as names is a passport's: its two parts, or a name in Latin letters alone."""
    return bool(surname.strip() or given.strip()) or (bool(name.strip()) and _latin(name.strip()))


def _part(raw: str, field: str) -> str | None:
    if not raw.strip():
        return None
    try:
        name = read_name(raw).name
    except Refusal as refusal:
        if refusal.code == "name_too_long":
            raise LatinNameTooLong(field=field) from None
        raise LatinNameCharacters(field=field) from None
    # Every character that read_name knows is Han, a Latin letter or punctuation: what is left over here is Han.
    if any(c in _NOT_IN_A_PART for c in name) or not _latin(name):
        raise LatinNameCharacters(field=field)
    return name


def _latin(name: str) -> bool:
    # Latin blocks of names.py end at U+1EFF; Han and its iteration mark begin beyond U+2E80.
    return all(ord(c) < 0x2000 for c in name)
