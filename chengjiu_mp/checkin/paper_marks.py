"""What a finger types from a signed sheet: codes, row numbers, links of a scanner that types, many in one field."""

import re
import unicodedata
from dataclasses import dataclass

from chengjiu_mp.checkin.tickets import NO_TICKET, Ticket, read_ticket

_BETWEEN = re.compile(r"[\s,、;。]+")
_HALF = re.compile(r"[0-9A-Z]{3}", re.IGNORECASE)
_ROW = re.compile(r"(?:([1-9][0-9]?)-)?0*([1-9][0-9]{0,2})号?")
_HALVES = re.compile(r"[0-9A-Z]{3}[-_.·][0-9A-Z]{3}", re.IGNORECASE)


@dataclass(frozen=True)
class Mark:
    """One thing that was typed: a row of a sheet (``sheet`` None when only the row was said), a ticket, or neither."""

    typed: str
    row: int | None = None
    sheet: int | None = None
    ticket: Ticket = NO_TICKET

    @property
    def key(self) -> str:
        """Return what makes two marks the same."""
        if self.row is not None:
            return f"{self.sheet or ''}-{self.row}"
        return self.ticket.token or self.ticket.code or self.typed.upper()


def read_marks(text: str) -> list[Mark]:
    """Return what ``text`` holds, each once, in its order; blanks, commas and new lines stand between, of any width.

    Six characters are a code. One to three digits are a row, "2-15" is row 15 of sheet 2. A code written in two halves,
    as tickets show it, is put together again on its line, unless both halves could be rows.
    """
    found: dict[str, Mark] = {}
    for line in unicodedata.normalize("NFKC", text).splitlines():
        for word in _whole_codes([one for one in _BETWEEN.split(line) if one]):
            mark = _mark(word)
            found.setdefault(mark.key, mark)
    return list(found.values())


def _whole_codes(words: list[str]) -> list[str]:
    whole: list[str] = []
    rest = iter(range(len(words)))
    for at in rest:
        pair = words[at : at + 2]
        if len(pair) == 2 and all(map(_HALF.fullmatch, pair)) and not all(map(str.isdigit, pair)):
            next(rest)
            whole.append("".join(pair))
        else:
            whole.append(words[at])
    return whole


def _mark(word: str) -> Mark:
    row = _ROW.fullmatch(word)
    if row and not _HALVES.fullmatch(word) and len(word) != 6:
        return Mark(word, row=int(row[2]), sheet=int(row[1]) if row[1] else None)
    return Mark(word, ticket=read_ticket(word))
