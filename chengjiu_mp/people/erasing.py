"""What a person's own rows hold, made unreadable: sealed values are sealed over empty, indexes drawn at random.

Rows stay: counts, consents and certificates stand on them (docs/decisions/2026-11-25-erased-rows-stay.md).
"""

import secrets
from collections.abc import Collection

from sqlalchemy import select, update

from chengjiu_mp.core import clock, ids, privacy
from chengjiu_mp.core.db import db
from chengjiu_mp.people.models import Consent, Contact, GuardianConsent, Person


def lock_people(person_ids: Collection[int]) -> None:
    """Lock people's rows until the transaction ends: rows that point at them and are being written are waited for,
    and those that come later wait and find what was done. Look for such rows again after this.
    """
    rows = select(Person).where(Person.id.in_(person_ids)).order_by(Person.id).with_for_update()
    db.session.scalars(rows.execution_options(populate_existing=True)).all()


def erase_person(person: Person, *, forget: bool) -> None:
    """Erase number, proved name and proved phones; a second call changes nothing more.

    :param forget: destroy the document's index too: the person is never found by the document again
    """
    now = clock.now()
    if person.erased_at is None:
        person.erased_at = now
        person.doc_sealed = privacy.seal("", place=Person.PLACE, row=person.uid)
        person.name = person.name_proved_at = person.name_proved_by = None
    if forget and person.forgotten_at is None:
        person.forgotten_at, person.doc_index = now, no_index()
    _end_contacts(person.id)
    db.session.flush()


def _end_contacts(person_id: int) -> None:
    now = clock.now()
    for contact in db.session.scalars(select(Contact).where(Contact.person_id == person_id)):
        contact.ended_at = contact.ended_at or now
        contact.phone_sealed = privacy.seal("", place=Contact.PLACE, row=contact.uid)
        contact.phone_index = no_index()


def end_consents(person_id: int, signup_ids: tuple[int, ...], *, whole: bool) -> int:
    """Date the withdrawal of what still stands: of the sign-ups, or with ``whole`` of the person; return how many."""
    of = Consent.person_id == person_id
    if not whole:
        of = of & Consent.signup_id.in_(signup_ids)
    ended = update(Consent).where(of, Consent.withdrawn_at.is_(None)).values(withdrawn_at=clock.now())
    return len(db.session.scalars(ended.returning(Consent.id)).all())


def erase_guardians(consent_ids: Collection[int]) -> int:
    """Erase names, phones and links of guardians; what they said, when and to which text stays. Return how many."""
    query = select(GuardianConsent).where(GuardianConsent.id.in_(consent_ids)).order_by(GuardianConsent.id)
    rows = db.session.scalars(query.with_for_update()).all()
    for row in rows:
        token = ids.new_token()
        row.name_sealed = privacy.seal("", place=GuardianConsent.PLACE_NAME, row=row.uid)
        row.phone_index = no_index()
        row.phone_sealed = privacy.seal("", place=GuardianConsent.PLACE_PHONE, row=row.uid)
        row.token_hash = ids.token_hash(token)
        row.token_sealed = privacy.seal(token, place=GuardianConsent.PLACE_LINK, row=row.uid)
    db.session.flush()
    return len(rows)


def no_index() -> bytes:
    """Return 32 random bytes: an index that no value has."""
    return secrets.token_bytes(32)
