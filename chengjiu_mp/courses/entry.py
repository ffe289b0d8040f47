"""What somebody typed into the sign-up form, read and judged before any lock is taken."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeVar

from chengjiu_mp.core import clock
from chengjiu_mp.core.day_words import day_time
from chengjiu_mp.core.errors import Refusal
from chengjiu_mp.core.parsing import Invalid
from chengjiu_mp.core.site import site
from chengjiu_mp.courses.errors import GuardianRequired, TooYoung
from chengjiu_mp.courses.models import CourseRun
from chengjiu_mp.courses.naming import glyph_warnings
from chengjiu_mp.courses.queries import RunFilter, run_url, runs_open_for_signup
from chengjiu_mp.people.ages import age_on
from chengjiu_mp.people.documents import DocType, DocumentReading, Verdict, read_document
from chengjiu_mp.people.models import Notice
from chengjiu_mp.people.names import NameReading, read_name
from chengjiu_mp.people.phones import PhoneReading, read_phone
from chengjiu_mp.people.schemas import ConsentIn
from chengjiu_mp.people.service import agreed_notices

GUARDIAN_AGE = 14
AGE_UNKNOWN = "age_unknown"
# The chosen type was not that of the number: the ticket says so (domain B).
DOC_RETYPED = "doc_retyped"
_SHOWN_ALTERNATIVES = 3
T = TypeVar("T")


@dataclass(frozen=True)
class Entry:
    """The form as typed. ``birth_date`` is asked for documents that do not tell it, judged and not kept."""

    name: str
    doc_number: str
    phone: str
    doc_type: DocType | None = None
    birth_date: date | None = None
    consents: Sequence[ConsentIn] = ()
    health_notice_read: bool = False


@dataclass(frozen=True)
class EntryReading:
    """The form as understood. ``warnings`` are codes for staff, never a wall for a citizen."""

    name: NameReading
    document: DocumentReading
    phone: PhoneReading
    notices: Sequence[Notice]
    warnings: tuple[str, ...]


def read_entry(entry: Entry, run: CourseRun, *, at: str = "") -> EntryReading:
    """Return what was typed, in the forms that are stored.

    :param at: where the entry stands in a form of several people, such as "people.1"; refusals' fields begin with it
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
    document = tried(read_document, entry.doc_number, entry.doc_type, today=clock.today())
    phone = tried(read_phone, entry.phone)
    notices = tried(agreed_notices, entry.consents)
    if name is None or document is None or phone is None or notices is None:
        raise _together(refused)
    birth = document.birth or entry.birth_date
    if birth:
        check_age(birth, run, at)
    warnings = (*name_warnings(name), *document_warnings(document, entry.birth_date), *phone.warnings)
    return EntryReading(name, document, phone, notices, warnings)


def name_warnings(name: NameReading) -> tuple[str, ...]:
    """Return what staff should look at in a name."""
    return (*name.warnings, *glyph_warnings(name.name))


def document_warnings(document: DocumentReading, birth_date: date | None) -> tuple[str, ...]:
    """Return what staff should look at in a document; ``birth_date`` is what was typed beside it."""
    retyped = (DOC_RETYPED,) if document.verdict is Verdict.RETYPE else ()
    unknown = () if document.birth or birth_date else (AGE_UNKNOWN,)
    return (*document.warnings, *retyped, *unknown)


def _together(refused: list[Refusal]) -> Refusal:
    if len(refused) == 1:
        return refused[0]
    return Invalid(
        [{"pointer": "/" + (r.field or "").replace(".", "/"), "code": r.code, "detail": r.sentence} for r in refused]
    )


def _placed(refusal: Refusal, at: str) -> Refusal:
    if at:
        refusal.field = f"{at}.{refusal.field}" if refusal.field else at
    return refusal


def check_age(birth: date, run: CourseRun, at: str = "") -> None:
    """Judge the guardian's consent by today, when the data is given, and the course's age by its first day.

    :param at: where in a form the fields of this person stand
    :raise GuardianRequired, TooYoung: saying what is open to this person
    """
    if age_on(birth, clock.today()) < GUARDIAN_AGE:
        phone = site().help_phone
        raise GuardianRequired(
            f"参加人未满 {GUARDIAN_AGE} 周岁，要由监护人同意。请监护人致电 {phone} 办理。",
            field=f"{at}.doc_number".lstrip("."), min_age=GUARDIAN_AGE, call=phone,
        )  # fmt: skip
    least = run.syllabus.min_age
    if age_on(birth, clock.day_of(run.starts_at)) >= least:
        return
    others = _alternatives(birth, run)
    advice = "可以改报下面的场次。" if others else "暂时没有适合的场次，请过些日子再来看看。"
    raise TooYoung(
        f"这门课要求开课当天年满 {least} 周岁。{advice}",
        field=f"{at}.doc_number".lstrip("."), min_age=least, alternatives=others,
    )  # fmt: skip


def _alternatives(birth: date, run: CourseRun) -> list[dict[str, Any]]:
    """Return what this person can join, the next one first."""
    fitting = (
        found
        for found in runs_open_for_signup(RunFilter())
        if found.run.id != run.id
        and found.phase in ("open", "full")
        and found.run.syllabus.course_type.family != "instructor"
        and age_on(birth, clock.day_of(found.run.starts_at)) >= found.run.syllabus.min_age
    )
    return [
        {
            "id": found.run.id, "title": found.run.title, "starts_at": found.run.starts_at.isoformat(),
            "day": day_time(found.run.starts_at), "min_age": found.run.syllabus.min_age, "url": run_url(found.run),
        }
        for found, _ in zip(fitting, range(_SHOWN_ALTERNATIVES), strict=False)
    ]  # fmt: skip
