"""One line of a sheet as typed -> what it says, or why not, in the words of the sheet's own columns."""

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, TypeVar

from chengjiu_mp.core import clock, privacy
from chengjiu_mp.core.errors import Refusal
from chengjiu_mp.core.parsing import Invalid
from chengjiu_mp.courses.entry import Entry, EntryReading, read_entry, together
from chengjiu_mp.courses.models import CourseRun
from chengjiu_mp.lists import sheet
from chengjiu_mp.lists.errors import BirthNotKnown, GroupNotKnown, RunNotChosen, RunNotKnown, TypeNotKnown
from chengjiu_mp.people.document_refusals import DocumentSpreadsheet
from chengjiu_mp.people.documents import DocType, DocumentReading, DocumentRefused, read_document
from chengjiu_mp.people.latin_names import speaks_of_passport
from chengjiu_mp.people.names import read_name
from chengjiu_mp.people.phones import read_phone
from chengjiu_mp.people.queries import NoticeInForce
from chengjiu_mp.people.schemas import ConsentIn
from chengjiu_mp.units.models import KEY_GROUPS

_COLUMN_OF = {
    "name": sheet.NAME, "doc_number": sheet.DOC, "doc_type": sheet.DOC_TYPE, "phone": sheet.PHONE,
    "birth_date": sheet.BIRTH, "key_group": sheet.GROUP, "run": sheet.RUN,
    "latin_surname": sheet.LATIN_SURNAME, "latin_given": sheet.LATIN_GIVEN,
}  # fmt: skip
# The documents' names, and what people say for them; which passport it is, the number tells.
_TYPES = {one.label: one for one in DocType} | {
    "身份证": DocType.RESIDENT_ID, "护照": None, "普通护照": None, "回乡证": DocType.HM_TRAVEL_PERMIT,
    "台胞证": DocType.TW_TRAVEL_PERMIT, "港澳台居住证": DocType.HMT_RESIDENCE_PERMIT,
}  # fmt: skip
_GROUPS = {words: code for code, words in KEY_GROUPS.items()}
_MAX_REASON = 300
_DAY_ZERO = date(1899, 12, 30)
T = TypeVar("T")


@dataclass(frozen=True)
class Fault:
    """Why a line is not taken: a stable code, what to do in Chinese, and the columns it is about."""

    code: str
    reason: str
    column: str = ""


@dataclass(frozen=True)
class Understood:
    """A line that can be acted on. ``reading`` is None when only the name is known (the rest comes over the link)."""

    run: CourseRun
    name: str
    key_group: str | None
    entry: Entry
    reading: EntryReading | None = None
    phone: str | None = None

    @property
    def doc_index(self) -> bytes | None:
        """Return the blind index of the document, None when there is none yet."""
        if self.reading is None:
            return None
        return privacy.document_index(self.reading.document.doc_type, self.reading.document.number)


@dataclass(frozen=True)
class Terms:
    """What the lines of one upload share: the list's runs, what was agreed to, whether a name alone is enough.

    ``notices`` are the texts of ``consents``.
    """

    runs: Sequence[CourseRun]
    consents: Sequence[ConsentIn]
    notices: Sequence[NoticeInForce]
    names_alone: bool = False


def fault_of(refusal: Refusal) -> Fault:
    """Return a refusal as a line's fault; several of one form stand together."""
    if isinstance(refusal, Invalid):
        fields = [e["pointer"].strip("/") for e in refusal.errors]
        columns = "、".join(dict.fromkeys(_COLUMN_OF.get(f, f) for f in fields))
        return Fault(refusal.errors[0]["code"], " ".join(e["detail"] for e in refusal.errors)[:_MAX_REASON], columns)
    column = _COLUMN_OF.get(refusal.field or "", sheet.DOC if refusal.field is None else refusal.field)
    return Fault(refusal.code, refusal.sentence[:_MAX_REASON], column)


def understand(values: Mapping[str, str], terms: Terms, lossy: frozenset[str] = frozenset()) -> Understood:
    """Return what a line says.

    :raise Refusal: with its ``field``, several together, so that a line is put right once; :func:`fault_of` puts it
        into the sheet's words
    """
    if lossy & {sheet.DOC, sheet.PHONE}:
        raise DocumentSpreadsheet(field="doc_number" if sheet.DOC in lossy else "phone")
    refused: list[Refusal] = []
    run = _tried(refused, _run, values.get(sheet.RUN, ""), terms.runs)
    group = _tried(refused, _group, values.get(sheet.GROUP, ""))
    entry = Entry(
        name=values.get(sheet.NAME, ""), doc_number=values.get(sheet.DOC, ""), phone=values.get(sheet.PHONE, ""),
        doc_type=_tried(refused, _doc_type, values.get(sheet.DOC_TYPE, "")),
        birth_date=_tried(refused, _birth_of, values),
        consents=terms.consents, latin_surname=values.get(sheet.LATIN_SURNAME, ""),
        latin_given=values.get(sheet.LATIN_GIVEN, ""),
    )  # fmt: skip
    alone = terms.names_alone and not entry.doc_number.strip()
    if run is None or refused:
        _try_the_rest(refused, entry, alone=alone)
        raise together(refused)
    if alone:
        phone = read_phone(entry.phone).number if entry.phone.strip() else None
        return Understood(run, read_name(entry.name).name, group, entry, phone=phone)
    reading = read_entry(entry, run, notices=terms.notices)
    return Understood(run, reading.name.name, group, entry, reading, reading.phone.number)


def _tried(refused: list[Refusal], read: Callable[..., T], *args: Any, **named: Any) -> T | None:
    try:
        return read(*args, **named)
    except Refusal as refusal:
        refused.append(refusal)
        return None


def _try_the_rest(refused: list[Refusal], entry: Entry, *, alone: bool) -> None:
    """Add what else is wrong with a line that is not taken anyway; an age needs the run, and waits for it."""
    _tried(refused, read_name, entry.name)
    if not alone:
        passport = speaks_of_passport(entry.name, entry.latin_surname, entry.latin_given)
        _tried(refused, read_document, entry.doc_number, entry.doc_type, today=clock.today(), latin_name=passport)
    if entry.phone.strip() or not alone:
        _tried(refused, read_phone, entry.phone)


def document_key(values: Mapping[str, str]) -> bytes | None:
    """Return the blind index of a line's document, None where it is none; two lines of one person share it."""
    found = _document(values)
    return privacy.document_index(found.doc_type, found.number) if found else None


def _document(values: Mapping[str, str]) -> DocumentReading | None:
    try:
        chosen = _doc_type(values.get(sheet.DOC_TYPE, ""))
        names = [values.get(column, "") for column in (sheet.NAME, sheet.LATIN_SURNAME, sheet.LATIN_GIVEN)]
        passport = speaks_of_passport(*names)
        return read_document(values.get(sheet.DOC, ""), chosen, today=clock.today(), latin_name=passport)
    except (DocumentRefused, TypeNotKnown):
        return None


def _run(words: str, runs: Sequence[CourseRun]) -> CourseRun:
    if words:
        found = sheet.run_of(words, runs)
        if found is None:
            raise RunNotKnown(field="run")
        return found
    if len(runs) != 1:
        raise RunNotChosen(field="run")
    return runs[0]


def _group(words: str) -> str | None:
    if not words:
        return None
    if words not in _GROUPS:
        raise GroupNotKnown(field="key_group")
    return _GROUPS[words]


def _doc_type(words: str) -> DocType | None:
    if not words:
        return None
    if words not in _TYPES:
        raise TypeNotKnown(field="doc_type")
    return _TYPES[words]


def _birth_of(values: Mapping[str, str]) -> date | None:
    """Return the birth date of a line. One that nobody can read is asked for again where the number tells none: an
    office's own column holds a month (出生年月) or what else it likes.
    """
    try:
        return _birth(values.get(sheet.BIRTH, ""))
    except BirthNotKnown:
        found = _document(values)
        if found is not None and found.birth is None:
            raise
        return None


def _birth(words: str) -> date | None:
    if not words:
        return None
    # Digits of a Chinese keyboard are the same ones.
    words = unicodedata.normalize("NFKC", words)
    if re.fullmatch(r"(?!(?:19|20)\d\d[1-9]$)[1-9]\d{4}", words, re.ASCII):
        # A day as the spreadsheet counts it, in a cell that was not formatted as one. What could be a year and a month
        # too (19905) is asked for again.
        day: date | None = _DAY_ZERO + timedelta(days=int(words))
    else:
        day = _day(words)
    if day is None or not date(1900, 1, 1) <= day <= clock.today():
        raise BirthNotKnown(field="birth_date")
    return day


def _day(words: str) -> date | None:
    # Without anything between them there are eight digits: six are a month, and would be read as another day.
    found = re.fullmatch(r"(\d{4})(\d\d)(\d\d)", words, re.ASCII) or re.fullmatch(
        r"(\d{4})\D(\d{1,2})\D(\d{1,2})\D?(?: 00:00)?", words, re.ASCII
    )
    try:
        return date(*map(int, found.groups())) if found else None
    except ValueError:
        return None
