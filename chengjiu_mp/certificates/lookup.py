"""Finding one's own certificates: a code to the proved phone, and the name (rel 3.3, rulings: who owns).

Equal answers: a phone that nobody proved gets the same reply in the same time, and no message.
"""

import contextlib
import unicodedata

from sqlalchemy import exists, select

from chengjiu_mp.certificates.errors import NameDiffers
from chengjiu_mp.certificates.models import Certificate, CertificateVersion
from chengjiu_mp.core import audit, ids, limits, privacy
from chengjiu_mp.core.db import db
from chengjiu_mp.core.limits import Limit
from chengjiu_mp.people.documents import DocumentRefused, clean
from chengjiu_mp.people.models import Contact, Person
from chengjiu_mp.people.names import NameRefused, read_name
from chengjiu_mp.signin import codes

PURPOSE = "lookup"

HOUR, DAY = 3600, 86400
_PER_NETWORK = ((60, 60), (600, DAY))
_PER_DEVICE = ((10, HOUR), (30, DAY))
_PER_NAME = ((10, HOUR), (30, DAY))
_PER_DOCUMENT = ((5, HOUR), (10, DAY))
# Who knows the birthday varies the last four characters, 500 candidates: the rest, and the rest with the name, are one
# target (rel-A3).
_PER_STEM = ((20, HOUR),)
_PER_TARGET = ((10, DAY),)


def spend_start(phone: str, network: str, device: int | None, name: str, document: str = "") -> None:
    """Count a look-up, ahead of the transaction, whether or not the person is known.

    :param network: :func:`chengjiu_mp.core.asking.network`; :param device: the device session's id
    :param document: type and number as typed, "" when none was given; only its keyed hash is kept
    :raise PhoneRefused, NoSms: when no code can go there; :raise TooMany: when a limit is used up
    """
    limits.spend(
        *codes.send_limits(phone, network),
        *_limits("net", network, _PER_NETWORK),
        *(_limits("device", str(device), _PER_DEVICE) if device else ()),
        *(_limits("name", _hashed("name", _tidy(name)), _PER_NAME) if name else ()),
        *(_document_limits(document, name) if document else ()),
    )


def _document_limits(document: str, name: str) -> list[Limit]:
    doc_type, _, number = document.partition("|")
    # What is no number is counted as it was typed: nothing is said of it either way.
    with contextlib.suppress(DocumentRefused):
        number = clean(number)
    whole = f"{doc_type}|{number}"
    stem = whole[:-4]
    return [
        *_limits("doc", _hashed("doc", whole), _PER_DOCUMENT),
        *_limits("stem", _hashed("stem", stem), _PER_STEM),
        *_limits("target", _hashed("target", f"{_tidy(name)}|{stem}"), _PER_TARGET),
    ]


def _tidy(name: str) -> str:
    """Return a name as it is counted: blanks and signs nobody sees make no other name of it."""
    try:
        return read_name(name).name
    except NameRefused:
        return name


def spend_name(what: str, about: str, network: str) -> None:
    """Count a try at a name: ``about`` is what it is held against (a proved phone, a certificate).

    :raise TooMany: when a limit is used up
    """
    limits.spend(*_name_limits(what, about), *_limits(f"try-{what}-net", network, _PER_NETWORK))


def count_name(what: str, about: str) -> None:
    """Count a try at a name as :func:`spend_name` does, in the current transaction; the network is counted elsewhere.

    :raise TooMany: when a limit is used up; back to a savepoint then
    """
    limits.count(*_name_limits(what, about))


def _name_limits(what: str, about: str) -> list[Limit]:
    return _limits(f"try-{what}", _hashed(what, about), _PER_NAME)


def start(phone: str) -> str:
    """Send a code when the phone is somebody's proved one; return a challenge in every case.

    Both ways do the same work: for an unknown phone it is rolled back to a savepoint before anything can leave.
    """
    number = codes.mobile(phone)
    known = _is_proved(privacy.phone_index(number))
    savepoint = db.session.begin_nested()
    challenge = codes.send_code(number, PURPOSE)
    if known:
        savepoint.commit()
        return challenge
    savepoint.rollback()
    return ids.new_token()


def _is_proved(index: bytes) -> bool:
    return bool(db.session.scalar(select(exists().where(Contact.phone_index == index, Contact.ended_at.is_(None)))))


def people_named(phone_index: bytes, name: str) -> frozenset[int]:
    """Return who of this name proved this phone. A number that now belongs to a stranger opens nothing.

    :raise NameDiffers: nobody
    """
    try:
        wanted = read_name(name).name
    except NameRefused:
        raise NameDiffers(field="name") from None
    rows = db.session.execute(
        select(Contact.person_id, Person.name, CertificateVersion.name)
        .join(Person, Person.id == Contact.person_id)
        .outerjoin(Certificate, Certificate.person_id == Person.id)
        .outerjoin(CertificateVersion, CertificateVersion.certificate_id == Certificate.id)
        .where(Contact.phone_index == phone_index, Contact.ended_at.is_(None))
    )
    found = frozenset(person for person, *names in rows if any(n and same_name(n, wanted) for n in names))
    if not found:
        raise NameDiffers(field="name")
    for person_id in sorted(found):
        audit.record("certificate.looked_up", db.session.get_one(Person, person_id))
    return found


def same_name(one: str, other: str) -> bool:
    """Return whether two names are the same: in Latin ones whatever the capitals, in Han whichever code of a form."""
    return unicodedata.normalize("NFC", one).casefold() == unicodedata.normalize("NFC", other).casefold()


def reads_as(typed: str, name: str) -> bool:
    """Return whether what somebody typed is this name."""
    try:
        return same_name(read_name(typed).name, name)
    except NameRefused:
        return False


def _limits(what: str, key: str, pairs: tuple[tuple[int, int], ...]) -> list[Limit]:
    return [Limit(f"lookup-{what}:{seconds}:{key}", times, seconds) for times, seconds in pairs]


def _hashed(label: str, value: str) -> str:
    return privacy.blind_index(f"lookup-{label}", value.strip().casefold()).hex()[:32]
