"""Finding the holder who came to the desk: by certificate number and name, or by the document's number (rel-Z2)."""

from collections.abc import Iterable

from sqlalchemy import ColumnElement, exists, or_, select

from chengjiu_mp.certificates.desk_errors import HolderNotFound
from chengjiu_mp.certificates.earlier import earlier_by_number, earlier_visible_to
from chengjiu_mp.certificates.earlier_models import EarlierCertificate
from chengjiu_mp.certificates.lookup import reads_as
from chengjiu_mp.certificates.models import Certificate
from chengjiu_mp.certificates.phone_models import PhoneChange
from chengjiu_mp.certificates.policy import certificates_visible_to
from chengjiu_mp.certificates.queries import certificate_by_number
from chengjiu_mp.certificates.verifying import tidy_number
from chengjiu_mp.core import clock, privacy
from chengjiu_mp.core.context import Principal
from chengjiu_mp.core.db import db
from chengjiu_mp.core.errors import NotFound
from chengjiu_mp.people.documents import DocType, DocumentRefused, read_document
from chengjiu_mp.people.models import Person

DESK, SECOND = ("operator",), ("operator", "approver")


def find_by_number(who: Principal, number: str, name: str) -> Person:
    """Return the holder of a certificate in the caller's scope, ours or an earlier one.

    :raise HolderNotFound: no such number, another name, or out of scope: all alike
    """
    tidy = tidy_number(number)
    seen = certificate_by_number(tidy) or earlier_by_number(tidy)
    if seen is None or not reads_as(name, seen.name):
        raise HolderNotFound(field="number")
    return _in_scope(who, seen.certificate.person_id, "number")


def find_by_document(who: Principal, number: str, doc_type: DocType | None) -> Person:
    """Return who holds a certificate in the caller's scope with this document.

    :raise HolderNotFound: nobody, or out of scope; :raise DocumentRefused: not a number
    """
    try:
        reading = read_document(number, doc_type, today=clock.today())
    except DocumentRefused as refused:
        refused.field = "doc_number"
        raise
    index = privacy.document_index(reading.doc_type, reading.number)
    person = db.session.scalars(select(Person.id).where(Person.doc_index == index)).first()
    return _in_scope(who, person, "doc_number")


def person_at_desk(who: Principal, person_id: int, roles: Iterable[str] = DESK) -> Person:
    """Return a person who holds a certificate that the caller may change.

    :raise NotFound: missing or out of scope; both look alike
    """
    grants = Principal(account_id=who.account_id, grants=tuple(g for g in who.grants if not g.read_only))
    row = db.session.scalars(select(Person).where(Person.id == person_id, _holds(grants, roles))).first()
    if row is None:
        raise NotFound
    return row


def change_for(who: Principal, change_id: int, roles: Iterable[str] = SECOND) -> PhoneChange:
    """Return a change of a person whom the caller may serve.

    :raise NotFound: missing or out of scope; both look alike
    """
    row = db.session.get(PhoneChange, change_id)
    if row is None:
        raise NotFound
    person_at_desk(who, row.person_id, roles)
    return row


def waiting_changes(who: Principal) -> list[PhoneChange]:
    """Return the minors' changes that wait for a second person in the caller's scope, the longest waiting first."""
    query = select(PhoneChange).join(Person, Person.id == PhoneChange.person_id)
    return list(
        db.session.scalars(query.where(PhoneChange.state == "proved", _holds(who, SECOND)).order_by(PhoneChange.id))
    )


def _in_scope(who: Principal, person_id: int | None, field: str) -> Person:
    try:
        return person_at_desk(who, person_id or 0)
    except NotFound:
        raise HolderNotFound(field=field) from None


def _holds(who: Principal, roles: Iterable[str]) -> ColumnElement[bool]:
    return or_(
        exists().where(Certificate.person_id == Person.id, certificates_visible_to(who, roles)),
        exists().where(EarlierCertificate.person_id == Person.id, earlier_visible_to(who, roles, writing=True)),
    )
