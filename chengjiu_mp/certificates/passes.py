"""Short-lived passes: what a proved look-up opens, sealed, so that no table and no URL holds personal data.

A pass says which people's certificates its bearer may see; a key opens one certificate. Both end by themselves, and at
once when the phone that was proved for them is no longer the person's: it is asked whenever one is read (rulings: who
owns a phone).
"""

from collections.abc import Iterable

from sqlalchemy import ColumnElement, and_, exists, select

from chengjiu_mp.certificates.models import Certificate
from chengjiu_mp.core import clock, privacy
from chengjiu_mp.core.db import db
from chengjiu_mp.people.models import Contact

LIFE_SECONDS = 1800

_PASS = "certificate.pass_of_phone"  # noqa: S105  a place for sealing
_PROOF = "certificate.proof"
_KEY = "certificate.key_of_phone"
_HOLDER = "person.pass"
_NOBODY = "-"


def pass_for(person_ids: Iterable[int], phone_index: bytes) -> str:
    """Return a pass to these people's certificates, good for half an hour and while the proved phone is theirs."""
    return _seal(f"{phone_index.hex()}|{','.join(map(str, sorted(person_ids)))}", _PASS, _NOBODY)


def people_of(sealed: str) -> frozenset[int]:
    """Return whose certificates a pass opens; nobody's when it has ended or is not one of ours.

    Who has another phone by now is left out.
    """
    opened = _open(sealed, _PASS, _NOBODY)
    if opened is None:
        return frozenset()
    phone, _, people = opened.partition("|")
    ids = [int(one) for one in people.split(",") if one]
    query = select(Contact.person_id).where(Contact.person_id.in_(ids), _proved(phone))
    return frozenset(db.session.scalars(query))


def proof_of(phone_index: bytes) -> str:
    """Return the proof that a phone answered its code: a mistyped name needs no second code."""
    return _seal(phone_index.hex(), _PROOF, _NOBODY)


def phone_of(proof: str) -> bytes | None:
    """Return the blind index of the phone that was proved, None when the proof has ended."""
    opened = _open(proof, _PROOF, _NOBODY)
    return bytes.fromhex(opened) if opened else None


def holder_pass(phone_index: bytes, name: str) -> str:
    """Return a pass of who proved a phone and said a name that fits, to the data held of them."""
    return _seal(f"{phone_index.hex()}|{name}", _HOLDER, _NOBODY)


def holder_of(sealed: str) -> tuple[bytes, str] | None:
    """Return (phone index, name) of a pass, None when it has ended or is not one of ours."""
    opened = _open(sealed, _HOLDER, _NOBODY)
    if opened is None:
        return None
    phone, _, name = opened.partition("|")
    return bytes.fromhex(phone), name


def key_of(certificate_id: int, phone_index: bytes) -> str:
    """Return a key to one certificate's own page and picture, while the proved phone is its holder's; a leaked one
    opens nothing else.
    """
    return _seal(phone_index.hex(), _KEY, str(certificate_id))


def opens(certificate_id: int, key: str) -> bool:
    """Return whether a key opens this certificate now."""
    phone = _open(key, _KEY, str(certificate_id))
    if phone is None:
        return False
    holder = select(Certificate.person_id).where(Certificate.id == certificate_id).scalar_subquery()
    return bool(db.session.scalar(select(exists().where(Contact.person_id == holder, _proved(phone)))))


def _proved(phone: str) -> ColumnElement[bool]:
    return and_(Contact.phone_index == bytes.fromhex(phone), Contact.ended_at.is_(None))


def _seal(value: str, place: str, row: str) -> str:
    ends = int(clock.now().timestamp()) + LIFE_SECONDS
    return privacy.seal(f"{ends}|{value}", place=place, row=row).hex()


def _open(sealed: str, place: str, row: str) -> str | None:
    try:
        ends, _, value = privacy.unseal(bytes.fromhex(sealed), place=place, row=row).partition("|")
    except (ValueError, privacy.Unsealable):
        return None
    return value if int(ends) > clock.now().timestamp() else None
