"""What a phone keeps for the offline check: our public keys, and the signed list of codes that no longer stand."""

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import ColumnElement, or_, select

from chengjiu_mp.certificates import signing
from chengjiu_mp.certificates.models import Certificate, CertificateVersion, SigningKey
from chengjiu_mp.certificates.queries import newest_version_number
from chengjiu_mp.certificates.signing_format import list_text, plain
from chengjiu_mp.core import clock
from chengjiu_mp.core.db import db
from chengjiu_mp.courses.models import CourseType

# How long a phone may answer from a list before it must say that the list is old (rel-V3).
LIFE = timedelta(hours=24)


def published_keys() -> dict[str, object]:
    """Return all public keys with their dates, and the names of the course kinds that codes name."""
    return {
        "keys": [_key_out(key) for key in signing.all_keys()],
        "kinds": {kind.code: kind.name for kind in db.session.scalars(select(CourseType))},
    }


def published_list() -> dict[str, str] | None:
    """Return the list, signed and made now; None while nothing was signed yet.

    A replaced or corrected certificate that has expired by itself is left out: it is not good either way, and the
    list stays short.
    """
    key = signing.active_key()
    if key is None:
        return None
    now, today = clock.now(), clock.today()
    ended = (Certificate.valid_until.is_not(None)) & (Certificate.valid_until < today)
    older = or_(CertificateVersion.version < newest_version_number(), Certificate.state == "superseded")
    revoked = _hashes(Certificate.state == "revoked")
    corrected = _hashes((Certificate.state != "revoked") & older & ~ended)
    return {"signed": list_text(key.kid, now, now + LIFE, revoked, corrected, signing.private_key(key))}


def _hashes(which: ColumnElement[bool]) -> Sequence[bytes]:
    found = (
        select(CertificateVersion.token_hash)
        .join(Certificate, Certificate.id == CertificateVersion.certificate_id)
        .where(CertificateVersion.signed.is_not(None), which)
        .order_by(CertificateVersion.token_hash)
    )
    return db.session.scalars(found).all()


def _key_out(key: SigningKey) -> dict[str, object]:
    return {
        "kid": key.kid, "algorithm": key.algorithm, "public": plain(key.public_key),
        "created_on": key.created_on.isoformat(),
        "retired_on": key.retired_on.isoformat() if key.retired_on else None,
        "leaked_on": key.leaked_on.isoformat() if key.leaked_on else None,
    }  # fmt: skip
