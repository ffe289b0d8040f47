"""Putting right what was typed into a sign-up, by whoever holds the ticket, until the list of names is final.

Name and phone belong to the sign-up until they are proved (rulings: ownership). What was proved is never replaced here:
the wish becomes an item for the desk, an audit row ``person.conflict``.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import and_, or_, select, update
from sqlalchemy.exc import IntegrityError

from chengjiu_mp.core import audit, clock, privacy
from chengjiu_mp.core.db import db, violated
from chengjiu_mp.core.site import site
from chengjiu_mp.courses import messages
from chengjiu_mp.courses.entry import birth_of, check_age, document_warnings, name_warnings
from chengjiu_mp.courses.errors import AlreadySignedUp, NothingToCorrect, OverlappingSignup, RosterLocked
from chengjiu_mp.courses.locking import roster_locked
from chengjiu_mp.courses.models import LIVE, CourseRun, Signup
from chengjiu_mp.courses.naming import GLYPH_MISSING
from chengjiu_mp.courses.queries import run_with_seats
from chengjiu_mp.courses.refreshing import check_may_renew
from chengjiu_mp.courses.signup_queries import overlaps_another, phone_of
from chengjiu_mp.people.documents import DocType, DocumentReading, read_document
from chengjiu_mp.people.latin_names import LatinName, read_latin_name, speaks_of_passport
from chengjiu_mp.people.models import Consent, GuardianConsent, Person
from chengjiu_mp.people.names import NameReading, read_name, sort_key
from chengjiu_mp.people.phones import PhoneReading, read_phone
from chengjiu_mp.people.queries import live_contacts
from chengjiu_mp.people.service import check_not_erased, person_for, record_conflict

CHANGED, SAME, TO_DESK = "changed", "same", "to_desk"


@dataclass(frozen=True)
class Correction:
    """What to put right; None leaves it. ``birth_date`` goes with documents that do not tell it, and is not kept.

    The Latin name is both its parts: where one of them is wished, the other is what is wished of it, or none.
    """

    name: str | None = None
    doc_number: str | None = None
    doc_type: DocType | None = None
    birth_date: date | None = None
    phone: str | None = None
    latin_surname: str | None = None
    latin_given: str | None = None


def may_correct(signup: Signup, run: CourseRun) -> bool:
    """Return whether the ticket's holder may still put things right: a live place, nobody here yet, the list open."""
    return _still_ahead(signup, run) and not roster_locked(run)


def _still_ahead(signup: Signup, run: CourseRun) -> bool:
    return signup.state in LIVE and signup.outcome is None and run.state == "published"


def correct(signup: Signup, wish: Correction, *, reason: str = "") -> dict[str, str]:
    """Put right what is wished; return {name, latin_name, document, phone: changed, same or to_desk} for what was.

    :param reason: why staff do it for the holder; the list being final does not stop them
    :raise NothingToCorrect: when nothing is wished; :raise RosterLocked: when the list is final
    :raise AlreadySignedUp, OverlappingSignup, BirthDateMissing, TooYoung, GuardianRequired: as at sign-up
    :raise Refusal: what the readers of names, documents and phones refuse
    """
    run = run_with_seats(signup.run_id).run
    surname, given = wish.latin_surname or signup.latin_surname, wish.latin_given or signup.latin_given
    passport = speaks_of_passport(wish.name or signup.name, surname or "", given or "")
    todo = _understood(wish, run, guardian=signup.guardian_consent_id is not None, latin_name=passport)
    if not todo:
        raise NothingToCorrect
    rows = _locked(signup)
    if not (_still_ahead(signup, run) if reason else may_correct(signup, run)):
        phone = site().help_phone
        raise RosterLocked(f"名单已经定了，不能在这里改。请致电 {phone}，由工作人员核对后更正。", call=phone)
    outcome = {what: change(rows, run) for what, change in todo.items()}
    db.session.flush()
    changed = [what for what, word in outcome.items() if word == CHANGED]
    if changed:
        audit.record("signup.corrected", signup, unit_id=run.unit_id, what=changed, reason=reason)
    return outcome


def _locked(signup: Signup) -> list[Signup]:
    """Return the sign-up, and the place it is kept for or waits beside while its holder moves: one person's both.

    They are ours from here: whoever checks this person in, or takes the place back, waits or was first.
    """
    beside = or_(Signup.id == signup.moves_from_id, Signup.moves_from_id == signup.id)
    found = db.session.scalars(
        select(Signup)
        .where(or_(Signup.id == signup.id, and_(beside, Signup.state.in_(LIVE))))
        .order_by(Signup.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return sorted(found, key=lambda row: row.id != signup.id)


_Change = Callable[[Sequence[Signup], CourseRun], str]


def _understood(wish: Correction, run: CourseRun, *, guardian: bool, latin_name: bool) -> dict[str, _Change]:
    """Return what is to be done, all of it read before a row is locked; the document first: it decides whose."""
    todo: dict[str, _Change] = {}
    if wish.doc_number is not None:
        document = read_document(wish.doc_number, wish.doc_type, today=clock.today(), latin_name=latin_name)
        if birth := birth_of(document, wish.birth_date):
            check_age(birth, run, guardian=guardian)
        todo["document"] = lambda rows, of: _change_document(rows, of, document, wish.birth_date)
    if wish.name is not None:
        name = read_name(wish.name)
        todo["name"] = lambda rows, _: _change_name(rows, name)
    if wish.latin_surname is not None or wish.latin_given is not None:
        latin = read_latin_name(wish.latin_surname or "", wish.latin_given or "")
        todo["latin_name"] = lambda rows, _: _change_latin_name(rows, latin)
    if wish.phone is not None:
        phone = read_phone(wish.phone)
        todo["phone"] = lambda rows, of: _change_phone(rows, of, phone)
    return todo


def _change_document(rows: Sequence[Signup], run: CourseRun, reading: DocumentReading, birth_date: date | None) -> str:
    """Move the sign-up to the person of another document; the place stays the same one."""
    person = person_for(reading)
    if person.id == rows[0].person_id:
        return SAME
    if rows[0].name_proved_at is not None:
        return _to_desk(rows[0], "document")
    if any(overlaps_another(row.run_id, person.id) for row in rows):
        raise OverlappingSignup(field="doc_number")
    check_may_renew(person.id, run)
    try:
        with db.session.begin_nested():
            for row in rows:
                row.person_id = person.id
        check_not_erased([person.id])
    except IntegrityError as exc:
        if not violated(exc, "uq_signup_one_live"):
            raise
        raise AlreadySignedUp(field="doc_number") from exc
    for row in rows:
        row.warnings = _with(row, _DOCUMENT_CODES, document_warnings(reading, birth_date))
    # What was agreed to with this form was agreed to by the one person who filled it in.
    given = Consent.signup_id.in_([row.id for row in rows])
    db.session.execute(update(Consent).where(given).values(person_id=person.id))
    # So was what a guardian was asked, of the child that this form is about.
    asked = GuardianConsent.id.in_([row.guardian_consent_id for row in rows if row.guardian_consent_id])
    db.session.execute(update(GuardianConsent).where(asked).values(person_id=person.id))
    return CHANGED


def _change_name(rows: Sequence[Signup], reading: NameReading) -> str:
    if reading.name == rows[0].name:
        return SAME
    proved = db.session.get_one(Person, rows[0].person_id).name
    if rows[0].name_proved_at is not None or proved not in (None, reading.name):
        return _to_desk(rows[0], "name")
    for row in rows:
        row.name, row.name_raw, row.sort_key = reading.name, reading.raw, sort_key(reading.name)[:200]
        row.name_confirmed_at = None
        row.warnings = _with(row, _NAME_CODES, name_warnings(reading))
    return CHANGED


def _change_latin_name(rows: Sequence[Signup], reading: LatinName) -> str:
    if (reading.surname, reading.given) == (rows[0].latin_surname, rows[0].latin_given):
        return SAME
    if rows[0].name_proved_at is not None:
        return _to_desk(rows[0], "name")
    for row in rows:
        row.latin_surname, row.latin_given = reading.surname, reading.given
    return CHANGED


def _change_phone(rows: Sequence[Signup], run: CourseRun, reading: PhoneReading) -> str:
    """Take the new number and tell the old one, so that nobody's ticket moves away unnoticed."""
    asked, index = rows[0], privacy.phone_index(reading.number)
    old = phone_of(asked)
    if index == asked.phone_index:
        return SAME
    proved = {contact.phone_index for contact in live_contacts(asked.person_id)}
    if (asked.phone_proved_at is not None or asked.phone_index in proved) and index not in proved:
        return _to_desk(asked, "phone")
    for row in rows:
        row.phone_index, row.phone_proved_at = index, None
        row.phone_sealed = privacy.seal(reading.number, place=Signup.PLACE_PHONE, row=row.uid)
        row.warnings = _with(row, _PHONE_CODES, reading.warnings)
    db.session.flush()
    messages.tell_phone_left(asked, run, old)
    messages.tell_phone_taken(asked, run)
    return CHANGED


def _to_desk(row: Signup, what: str) -> str:
    record_conflict(db.session.get_one(Person, row.person_id), what, f"signup:{row.id}")
    return TO_DESK


_NAME_CODES = ("name_", GLYPH_MISSING)
_PHONE_CODES = ("phone_",)
_DOCUMENT_CODES = ("age_", "country_", "region_", "permit_", "service_", "passport_", "doc_")


def _with(row: Signup, replaced: tuple[str, ...], fresh: Sequence[str]) -> list[str]:
    """Return the warnings with those that begin like one of ``replaced`` exchanged for ``fresh``."""
    return [*(code for code in row.warnings if not code.startswith(replaced)), *fresh]
