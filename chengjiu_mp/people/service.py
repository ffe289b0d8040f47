"""Persons, what they agreed to, and what was proved of them.

A person is a document. Nothing proved is ever replaced here: what contradicts it becomes an item for the desk, an audit
row ``person.conflict``.
"""

from collections.abc import Collection, Iterable, Sequence
from typing import Any, Protocol

from sqlalchemy import bindparam, or_, select, update
from sqlalchemy.orm.attributes import set_committed_value

from chengjiu_mp.core import audit, clock, ids, privacy
from chengjiu_mp.core.db import db, execute
from chengjiu_mp.core.many_rows import insert_each, insert_rows
from chengjiu_mp.core.rows import as_inserted, insert_new, insert_row, table_of
from chengjiu_mp.people.documents import DocumentReading
from chengjiu_mp.people.errors import ConsentMissing, ErasedMeanwhile
from chengjiu_mp.people.models import Consent, Contact, Person
from chengjiu_mp.people.queries import (
    NoticeInForce,
    notices_in_force,
    person_by_document,
    persons_by_document,
)
from chengjiu_mp.people.schemas import ConsentIn

# Said by every check-in, so built once.
_PERSON, _CONTACT = table_of(Person), table_of(Contact)
_PROVE_NAME = (
    update(_PERSON)
    .where(_PERSON.c.id == bindparam("who"), _PERSON.c.name.is_(None))
    .values({name: bindparam(name) for name in ("name", "name_proved_at", "name_proved_by")})
    .returning(_PERSON.c.id)
)
_LOCK_PERSON = update(_PERSON).where(_PERSON.c.id == bindparam("who")).values(uid=_PERSON.c.uid)
_LIVE_PHONES = select(_CONTACT.c.phone_index).where(
    _CONTACT.c.person_id == bindparam("who"), _CONTACT.c.ended_at.is_(None)
)


class HasId(Protocol):
    """A row that consent was given for."""

    @property
    def id(self) -> int: ...


def person_for(reading: DocumentReading) -> Person:
    """Return the person of this document, added when it is new."""
    return person_found(reading)[0]


def person_found(reading: DocumentReading) -> tuple[Person, bool]:
    """Return the person of this document, and whether it was added here: then nobody has written of it yet, and it is
    in no session, to be looked at alone.
    """
    index = privacy.document_index(reading.doc_type, reading.number)
    values = _new_person(index, reading)
    added = insert_new(Person, ("doc_index",), **values)
    if added is not None:
        return as_inserted(Person, added, values), True
    found = person_by_document(index)
    if found is None:
        # There when it was to be added, and forgotten since.
        raise ErasedMeanwhile
    return _back_again(found, reading), False


def persons_found(readings: Sequence[DocumentReading]) -> list[tuple[Person, bool]]:
    """Return what :func:`person_found` returns for each of these, in a fixed number of statements."""
    of = {privacy.document_index(one.doc_type, one.number): one for one in readings}
    found = {one.doc_index: one for one in persons_by_document(of)}
    # In one order: two lists with the same people at once must not wait for one another in a ring.
    values = {index: _new_person(index, of[index]) for index in sorted(of.keys() - found.keys())}
    added = insert_each(Person, list(values.values()), by="doc_index", unique=("doc_index",)) if values else {}
    fresh = {index: as_inserted(Person, added[index], values[index]) for index in added}
    if late := values.keys() - added.keys():
        found |= {one.doc_index: one for one in persons_by_document(late)}
    if len(fresh) + len(found) < len(of):
        raise ErasedMeanwhile
    back = {index: _back_again(person, of[index]) for index, person in found.items()}
    indexes = [privacy.document_index(one.doc_type, one.number) for one in readings]
    return [(fresh.get(index) or back[index], index in fresh) for index in indexes]


def _new_person(index: bytes, reading: DocumentReading) -> dict[str, Any]:
    uid = ids.new_uid()
    return {
        "uid": uid, "doc_type": reading.doc_type.value, "doc_index": index,
        "doc_sealed": privacy.seal(reading.number, place=Person.PLACE, row=uid), "created_at": clock.now(),
    }  # fmt: skip


def _back_again(person: Person, reading: DocumentReading) -> Person:
    """Return the person; who had the number erased and comes back with the document gives it anew."""
    if person.erased_at is not None:
        person.doc_sealed = privacy.seal(reading.number, place=Person.PLACE, row=person.uid)
        person.erased_at = None
        audit.record("person.came_back", person)
        db.session.flush()
    return person


def check_not_erased(person_ids: Collection[int]) -> None:
    """Look once more when a row that points at these people is written: it holds theirs against an erasure.

    An erasure that was first has been waited for and is seen here; one that comes later waits, and sees the row
    (:func:`people.erasing.lock_people`).

    :raise ErasedMeanwhile: the transaction, or its savepoint, is to be rolled back
    """
    if person_ids and execute(_ERASED, {"ids": list(person_ids)}).first() is not None:
        raise ErasedMeanwhile


_ERASED = select(_PERSON.c.id).where(
    _PERSON.c.id.in_(bindparam("ids", expanding=True)),
    or_(_PERSON.c.erased_at.is_not(None), _PERSON.c.forgotten_at.is_not(None)),
)


def agreed_notices(consents: Iterable[ConsentIn]) -> Sequence[NoticeInForce]:
    """Return the current notices that were agreed to; a text that is not in force counts for nothing.

    :raise ConsentMissing: when a required one is not among them
    """
    given = {(one.purpose, one.version) for one in consents}
    notices = notices_in_force()
    missing = [n.purpose for n in notices if n.required and (n.purpose, n.version) not in given]
    if missing:
        raise ConsentMissing(field="consents", purposes=missing)
    return [n for n in notices if (n.purpose, n.version) in given]


def record_consents(person: Person, signup: HasId | None, consents: Iterable[ConsentIn], channel: str) -> None:
    """Write who agreed to which text into the ledger.

    :param channel: page, api, desk or import
    :raise ConsentMissing: when a required notice is not among them
    """
    write_consents(person, signup, agreed_notices(consents), channel)


def write_consents(person: Person, signup: HasId | None, notices: Iterable[NoticeInForce], channel: str) -> None:
    """Write what :func:`agreed_notices` returned; for callers that check before they take a lock."""
    write_consents_of([(person, signup, notices)], channel)


def write_consents_of(given: Iterable[tuple[Person, HasId | None, Iterable[NoticeInForce]]], channel: str) -> None:
    """Write what many people agreed to, each with the sign-up that it is for, in one statement."""
    rows = [
        {
            "person_id": person.id, "signup_id": signup.id if signup else None, "channel": channel,
            "notice_id": notice.id, "text_sha256": notice.sha256,
        }
        for person, signup, notices in given
        for notice in notices
    ]  # fmt: skip
    if rows:
        insert_rows(Consent, rows)


def prove_name(person: Person, name: str, by: str) -> bool:
    """Make ``name`` the person's, unless another one was proved before; return whether it is theirs now.

    :param person: the row, or its :func:`named`
    :param by: how it was proved, at most 40 characters, such as "checkin:12" or "code"; no personal data
    """
    db.session.flush()
    now = {"name": name, "name_proved_at": clock.now(), "name_proved_by": by}
    taken = execute(_PROVE_NAME, {"who": person.id, **now}).first()
    if taken:
        # Written past the session: the object learns what the row holds now.
        for column, value in now.items():
            set_committed_value(person, column, value)
        audit.record("person.name_proved", person, by=by)
        return True
    held = db.session.get_one(Person, person.id, populate_existing=True)
    return held.name == name or record_conflict(held, "name", by)


def prove_phone(person: Person, number: str, by: str) -> bool:
    """Make a normalised phone the person's contact, unless another one is; return whether it is theirs now."""
    index = privacy.phone_index(number)
    db.session.flush()
    # The person's row is the lock: two first phones at once would both find none.
    execute(_LOCK_PERSON, {"who": person.id}).close()
    indexes = [row[0] for row in execute(_LIVE_PHONES, {"who": person.id})]
    if indexes:
        return index in indexes or record_conflict(person, "phone", by)
    uid = ids.new_uid()
    insert_row(Contact, {
        "uid": uid, "person_id": person.id, "phone_index": index, "proved_by": by, "proved_at": clock.now(),
        "phone_sealed": privacy.seal(number, place=Contact.PLACE, row=uid),
    })  # fmt: skip
    audit.record("person.phone_proved", person, by=by)
    return True


def record_conflict(person: Person, what: str, by: str) -> bool:
    """Leave to the desk that something contradicts what was proved of a person; return False, for it is not theirs.

    :param what: name, phone or document; :param by: where it came from, such as "checkin:12"; no personal data
    """
    audit.record("person.conflict", person, what=what, by=by)
    return False
