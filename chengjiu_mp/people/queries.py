"""Reads over persons and the texts they agree to."""

from collections.abc import Collection, Sequence
from datetime import date
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import aliased

from chengjiu_mp.core import privacy
from chengjiu_mp.core.db import db, execute
from chengjiu_mp.core.rows import table_of
from chengjiu_mp.people.document_types import DocType
from chengjiu_mp.people.documents import mask_document
from chengjiu_mp.people.models import Attainment, Consent, Contact, GuardianConsent, Notice, Person
from chengjiu_mp.people.phones import mask_phone

# What a guardian agrees to, and nobody else: it stands on their own page, not among a participant's notices.
GUARDIAN_NOTICE = "guardian"


def current_notices() -> Sequence[Notice]:
    """Return the texts in force that a participant agrees to, in the order their purposes were introduced."""
    return db.session.scalars(_in_force()).all()


class NoticeInForce(NamedTuple):
    """What is asked of a text in force when somebody says that they agree to it."""

    id: int
    purpose: str
    version: int
    sha256: str
    required: bool


def notices_in_force() -> list[NoticeInForce]:
    """Return the same texts as :func:`current_notices` without their words."""
    return [NoticeInForce._make(row) for row in execute(_AGREED_TO)]


_NOTICE = table_of(Notice)
_AGREED_TO = (
    select(*(_NOTICE.c[name] for name in NoticeInForce._fields))
    .where(_NOTICE.c.current, _NOTICE.c.purpose != GUARDIAN_NOTICE)
    .order_by(_NOTICE.c.id)
)


@cache
def _in_force() -> Select[Notice]:
    other = aliased(Notice)
    introduced = select(func.min(other.id)).where(other.purpose == Notice.purpose).scalar_subquery()
    inside = Notice.current, Notice.purpose != GUARDIAN_NOTICE
    return select(Notice).where(*inside).order_by(introduced)


def guardian_notice() -> Notice:
    """Return the text in force that a child's guardian agrees to."""
    return db.session.scalars(
        select(Notice).where(Notice.current, Notice.purpose == GUARDIAN_NOTICE).order_by(Notice.id.desc()).limit(1)
    ).one()


def person_by_document(doc_index: bytes) -> Person | None:
    """Return the person whose document has this blind index."""
    return db.session.scalars(select(Person).where(Person.doc_index == doc_index)).first()


def persons_by_document(doc_indexes: Collection[bytes]) -> Sequence[Person]:
    """Return the persons whose documents have these blind indexes, of those that are there."""
    return db.session.scalars(select(Person).where(Person.doc_index.in_(doc_indexes))).all()


def live_contacts(person_id: int) -> Sequence[Contact]:
    """Return the phones proved to be a person's and not closed since."""
    return db.session.scalars(
        select(Contact).where(Contact.person_id == person_id, Contact.ended_at.is_(None)).order_by(Contact.id)
    ).all()


def attainments_on(person_id: int, day: date) -> Sequence[Attainment]:
    """Return what a person holds on ``day``."""
    return db.session.scalars(
        select(Attainment).where(
            Attainment.person_id == person_id, Attainment.ended_at.is_(None),
            or_(Attainment.valid_to.is_(None), Attainment.valid_to >= day),
        ).order_by(Attainment.id)
    ).all()  # fmt: skip


def consents_of(person_id: int, signup_ids: Collection[int], *, whole: bool) -> Sequence[tuple[Consent, Notice]]:
    """Return what was agreed to with these sign-ups, or with ``whole`` everything of the person; the newest first."""
    of = Consent.person_id == person_id
    if not whole:
        of = of & Consent.signup_id.in_(signup_ids)
    query = select(Consent, Notice).join(Notice, Notice.id == Consent.notice_id).where(of)
    rows = db.session.execute(query.order_by(Consent.given_at.desc(), Consent.id))
    return [(row[0], row[1]) for row in rows]


def export_person(person_id: int, signup_ids: Collection[int], *, whole: bool) -> dict[str, Any]:
    """Return what is held of a person here, for the person: number and phones masked, consents with their versions.

    :param whole: the caller proved to be the person; otherwise only what belongs to the sign-ups is told
    """
    person = db.session.get_one(Person, person_id)
    number = privacy.unseal(person.doc_sealed, place=Person.PLACE, row=person.uid)
    return {
        "document_type": DocType(person.doc_type).label, "document_number": mask_document(number) if number else None,
        "name_proved": person.name if whole else None,
        "phones_proved": [
            {"phone": mask_phone(_phone_of(one)), "proved_at": one.proved_at}
            for one in (live_contacts(person_id) if whole else ())
        ],
        "consents": [_consent(*found) for found in consents_of(person_id, signup_ids, whole=whole)],
        "guardians": [_guardian(one) for one in (_guardians_of(person_id) if whole else ())],
    }  # fmt: skip


def _guardians_of(person_id: int) -> Sequence[GuardianConsent]:
    of = select(GuardianConsent).where(GuardianConsent.person_id == person_id)
    return db.session.scalars(of.order_by(GuardianConsent.id)).all()


def _guardian(one: GuardianConsent) -> dict[str, Any]:
    phone = privacy.unseal(one.phone_sealed, place=GuardianConsent.PLACE_PHONE, row=one.uid)
    return {
        "relation": one.relation, "phone": mask_phone(phone) if phone else None, "channel": one.channel,
        "asked_at": one.asked_at, "given_at": one.given_at, "withdrawn_at": one.withdrawn_at,
    }  # fmt: skip


def _phone_of(contact: Contact) -> str:
    return privacy.unseal(contact.phone_sealed, place=Contact.PLACE, row=contact.uid)


def _consent(consent: Consent, notice: Notice) -> dict[str, Any]:
    return {
        "id": consent.id, "signup_id": consent.signup_id, "purpose": notice.purpose, "version": notice.version,
        "title": notice.title, "required": notice.required, "text_sha256": consent.text_sha256,
        "channel": consent.channel, "given_at": consent.given_at, "withdrawn_at": consent.withdrawn_at,
        "text_path": f"/privacy/{notice.purpose}/{notice.version}",
    }  # fmt: skip
