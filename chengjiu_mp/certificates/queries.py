"""Reads over certificates and their versions."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ScalarSelect, Select, func, select
from sqlalchemy.orm import aliased

from chengjiu_mp.certificates.models import Certificate, CertificateVersion
from chengjiu_mp.certificates.states import State, state_of
from chengjiu_mp.certificates.versions import verify_url
from chengjiu_mp.core import clock, ids
from chengjiu_mp.core.db import db
from chengjiu_mp.courses.models import CourseType

Rows = Select[Certificate, CertificateVersion, str, int]


@dataclass(frozen=True)
class Seen:
    """A certificate as one of its versions shows it; ``kind`` is the course kind's name."""

    certificate: Certificate
    version: CertificateVersion
    kind: str
    state: State

    @property
    def name(self) -> str:
        """The name as printed."""
        return self.version.name


def newest_version_number() -> ScalarSelect[int]:
    """Return, as SQL, the number of a certificate's newest version, for queries over Certificate."""
    other = aliased(CertificateVersion)
    newest = select(func.max(other.version)).where(other.certificate_id == Certificate.id)
    return newest.correlate(Certificate).scalar_subquery()


_newest = newest_version_number()


def _shown() -> Rows:
    return (
        select(Certificate, CertificateVersion, CourseType.name, _newest)
        .join(CertificateVersion, CertificateVersion.certificate_id == Certificate.id)
        .join(CourseType, CourseType.id == Certificate.course_type_id)
    )


def _seen(found: Rows) -> list[Seen]:
    today = clock.today()
    return [
        Seen(certificate, version, kind, state_of(certificate, version, newest, today))
        for certificate, version, kind, newest in db.session.execute(found)
    ]


def certificate_by_token(token: str) -> Seen | None:
    """Return the version that a code stands for, None for anything that is not one of ours."""
    # Something malformed costs the same look-up: the time it takes tells nothing.
    hashed = ids.token_hash(token)
    return next(iter(_seen(_shown().where(CertificateVersion.token_hash == hashed))), None)


def certificate_by_number(number: str) -> Seen | None:
    """Return the newest version of the certificate of this number."""
    newest = _shown().where(Certificate.number == number, CertificateVersion.version == _newest)
    return next(iter(_seen(newest)), None)


def newest_of(certificate_id: int) -> Seen:
    """Return the newest version of a certificate that exists."""
    return _seen(_shown().where(Certificate.id == certificate_id, CertificateVersion.version == _newest))[0]


def certificates_of_people(person_ids: Collection[int]) -> list[Seen]:
    """Return all certificates of these people, the newest first."""
    mine = _shown().where(Certificate.person_id.in_(person_ids), CertificateVersion.version == _newest)
    return _seen(mine.order_by(Certificate.issued_on.desc(), Certificate.id.desc()))


def export_person(person_id: int, signup_ids: Collection[int], *, whole: bool) -> list[dict[str, Any]]:
    """Return a person's certificates for the person, with ``whole`` all, else those that the sign-ups led to."""
    mine = [one for one in certificates_of_people([person_id]) if whole or one.certificate.signup_id in signup_ids]
    return [
        {
            "id": one.certificate.id, "number": one.certificate.number, "kind": one.kind, "state": one.state,
            "name": one.version.name, "issued_on": one.certificate.issued_on,
            "valid_until": one.certificate.valid_until, "verify_url": verify_url(one.version),
        }
        for one in mine
    ]  # fmt: skip


def newest_of_all(certificate_ids: Sequence[int]) -> list[Seen]:
    """Return the newest versions of several certificates, in the order given."""
    found = _seen(_shown().where(Certificate.id.in_(certificate_ids), CertificateVersion.version == _newest))
    by_id = {one.certificate.id: one for one in found}
    return [by_id[one] for one in certificate_ids]
