"""What somebody typed into the sign-up form, read and judged before any lock is taken."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeVar

from chengjiu_mp.core import clock
from chengjiu_mp.core.errors import Refusal
from chengjiu_mp.core.parsing import Invalid
from chengjiu_mp.core.site import site
from chengjiu_mp.courses.errors import BirthDateMissing, GuardianRequired, TooYoung
from chengjiu_mp.courses.models import CourseRun
from chengjiu_mp.courses.naming import glyph_warnings
from chengjiu_mp.courses.nearby import offered, runs_nearby
from chengjiu_mp.people.ages import age_on
from chengjiu_mp.people.documents import DocType, DocumentReading, Verdict, read_document
from chengjiu_mp.people.latin_names import NO_LATIN_NAME, LatinName, read_latin_name, speaks_of_passport
from chengjiu_mp.people.names import NameReading, read_name
from chengjiu_mp.people.phones import PhoneReading, read_phone
from chengjiu_mp.people.queries import NoticeInForce
from chengjiu_mp.people.schemas import ConsentIn
from chengjiu_mp.people.service import agreed_notices

GUARDIAN_AGE = 14
ADULT_AGE = 18
# Warnings: codes on the sign-up, for staff and for the ticket.
AGE_UNKNOWN = "age_unknown"
# The chosen type was not that of the number: the ticket says so (domain B).
DOC_RETYPED = "doc_retyped"
MINOR = "minor"
T = TypeVar("T")


@dataclass(frozen=True)
class Entry:
    """The form as typed. ``birth_date`` is asked for documents that do not tell it, judged and not kept.

    ``birth_optional``: a document that tells no birth date is taken without one, and staff ask at the door: of who
    holds a certificate it was judged before, and a program that signs one person up has no form to show it at.
    """

    name: str
    doc_number: str
    phone: str
    doc_type: DocType | None = None
    birth_date: date | None = None
    consents: Sequence[ConsentIn] = ()
    health_notice_read: bool = False
    latin_surname: str = ""
    latin_given: str = ""
    birth_optional: bool = False


@dataclass(frozen=True)
class EntryReading:
    """The form as understood. ``warnings`` are codes for staff, never a wall for a citizen.

    ``needs_guardian``: under 14 today, so that a guardian agrees before any seat is taken.
    """

    name: NameReading
    document: DocumentReading
    phone: PhoneReading
    notices: Sequence[NoticeInForce]
    warnings: tuple[str, ...]
    needs_guardian: bool = False
    latin: LatinName = NO_LATIN_NAME


def read_entry(
    entry: Entry,
    run: CourseRun,
    *,
    at: str = "",
    guardian: bool = False,
    notices: Sequence[NoticeInForce] | None = None,
) -> EntryReading:
    """Return what was typed, in the forms that are stored.

    :param at: where the entry stands in a form of several people, such as "people.1"; refusals' fields begin with it
    :param guardian: whether a guardian was named, who will be asked
    :param notices: what all of many entries agreed to, read once for them; the entry's own consents when None
    :raise Refusal: the only one; :raise Invalid: with all of them, so that a person corrects a form once
    :raise TooYoung, GuardianRequired: by the birth date, when everything else is right
    """
    refused: list[Refusal] = []

    def tried(read: Callable[..., T], *args: Any, **named: Any) -> T | None:
        try:
            return read(*args, **named)
        except Refusal as refusal:
            refused.append(_placed(refusal, at))
            return None

    name = tried(read_name, entry.name)
    latin = tried(read_latin_name, entry.latin_surname, entry.latin_given)
    passport = speaks_of_passport(entry.name, entry.latin_surname, entry.latin_given)
    document = tried(read_document, entry.doc_number, entry.doc_type, today=clock.today(), latin_name=passport)
    birth = tried(birth_of, document, entry.birth_date, optional=entry.birth_optional) if document else None
    phone = tried(read_phone, entry.phone)
    agreed = tried(agreed_notices, entry.consents) if notices is None else notices
    if refused or name is None or latin is None or document is None or phone is None or agreed is None:
        raise together(refused)
    if birth:
        check_age(birth, run, at, guardian=guardian)
    warnings = (*name_warnings(name), *document_warnings(document, entry.birth_date), *phone.warnings)
    return EntryReading(name, document, phone, agreed, warnings, needs_guardian(birth), latin)


def birth_of(document: DocumentReading, typed: date | None, *, optional: bool = False) -> date | None:
    """Return the birth date that the number tells, else the one typed beside it; None where it may be missing.

    :raise BirthDateMissing: when neither does: a child of under 14 would go unnoticed
    """
    birth = document.birth or typed
    if birth is None and not optional:
        raise BirthDateMissing
    return birth


def needs_guardian(birth: date | None) -> bool:
    """Return whether a guardian has to agree, by the day on which the data is given (PIPL, art. 31)."""
    return birth is not None and age_on(birth, clock.today()) < GUARDIAN_AGE


def name_warnings(name: NameReading) -> tuple[str, ...]:
    """Return what staff should look at in a name."""
    return (*name.warnings, *glyph_warnings(name.name))


def document_warnings(document: DocumentReading, birth_date: date | None) -> tuple[str, ...]:
    """Return what staff should look at in a document; ``birth_date`` is what was typed beside it."""
    retyped = (DOC_RETYPED,) if document.verdict is Verdict.RETYPE else ()
    birth = document.birth or birth_date
    if birth is None:
        return (*document.warnings, *retyped, AGE_UNKNOWN)
    minor = (MINOR,) if age_on(birth, clock.today()) < ADULT_AGE else ()
    return (*document.warnings, *retyped, *minor)


def together(refused: Sequence[Refusal]) -> Refusal:
    """Return the one refusal, or one that holds them all, each at its own field."""
    if len(refused) == 1:
        return refused[0]
    errors: list[dict[str, str]] = []
    for one in refused:
        pointer = "/" + (one.field or "").replace(".", "/")
        errors += one.errors if isinstance(one, Invalid) else [
            {"pointer": pointer, "code": one.code, "detail": one.sentence}
        ]  # fmt: skip
    both = Invalid(errors)
    if offered := [one.facts["alternatives"] for one in refused if "alternatives" in one.facts]:
        # What all of those can join who are too young here: they came together.
        both.facts["alternatives"] = [one for one in offered[0] if all(one in others for others in offered)]
    return both


def _placed(refusal: Refusal, at: str) -> Refusal:
    if at:
        refusal.field = f"{at}.{refusal.field}" if refusal.field else at
    return refusal


def check_age(birth: date, run: CourseRun, at: str = "", *, guardian: bool) -> None:
    """Judge the course's age by its first day, and the guardian's consent by today, when the data is given.

    :param at: where in a form the fields of this person stand
    :param guardian: whether a guardian was named, or agreed before
    :raise TooYoung: saying what is open to this person, whether or not a guardian was named
    :raise GuardianRequired: when only the guardian is missing
    """
    least, at_field = run.syllabus.min_age, f"{at}.doc_number".lstrip(".")
    if age_on(birth, clock.day_of(run.starts_at)) < least:
        # No guardian's word opens a course to who is too young for it: only this one reason is told.
        others = offered(runs_nearby(run, born=birth))
        advice = "可以改报列出的场次。" if others else "暂时没有适合的场次，请过些日子再来看看。"
        said = f"这门课要求开课当天年满 {least} 周岁。{advice}"
        raise TooYoung(said, min_age=least, field=at_field, alternatives=others)
    if age_on(birth, clock.today()) < GUARDIAN_AGE and not guardian:
        phone = site().help_phone
        said = f"参加人未满 {GUARDIAN_AGE} 周岁，要由监护人同意。请填写监护人，或者请监护人致电 {phone} 办理。"
        raise GuardianRequired(said, min_age=GUARDIAN_AGE, field=at_field, call=phone)
