"""The keys of the second code, and its signature: made in the transaction that issues, and nowhere else (rel-V5)."""

import hashlib
from collections.abc import Iterable, Sequence
from datetime import date

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import select, text, update

from chengjiu_mp.certificates.models import Certificate, CertificateVersion, SigningKey
from chengjiu_mp.certificates.signing_format import Claims, code_text
from chengjiu_mp.certificates.versions import verify_path
from chengjiu_mp.core import audit, clock, ids, privacy
from chengjiu_mp.core.db import db
from chengjiu_mp.core.rows import insert_into
from chengjiu_mp.core.site import site
from chengjiu_mp.courses.models import CourseType
from chengjiu_mp.people.name_display import mask_name

# What a code of version 12 at level M holds; any camera reads one of 65 x 65 modules from a phone's screen.
MOST_CHARACTERS = 287


def sign(issued: Iterable[tuple[Certificate, CertificateVersion]]) -> None:
    """Sign the second codes of versions, in the transaction that issues them.

    Called last there: the first signature of a day locks the key's row until that transaction ends.
    """
    key = _key_of_today()
    private = private_key(key)
    for certificate, version in issued:
        kind = db.session.get_one(CourseType, certificate.course_type_id)
        claims = Claims(
            kid=key.kid, token_hash=version.token_hash, number=certificate.number, kind=kind.code,
            issued_on=certificate.issued_on, valid_until=certificate.valid_until, name=mask_name(version.name),
            test=certificate.is_test,
        )  # fmt: skip
        version.signed, version.kid = code_text(claims, private), key.kid
    db.session.flush()


def code_url(version: CertificateVersion) -> str | None:
    """Return the address of the second code; None for what was issued before there was one.

    What stands behind # never reaches the server. With a very long host the token is left out, so that the code
    stays readable; its page then tells by the signature and the list alone.
    """
    if version.signed is None:
        return None
    whole = site().link(f"{verify_path(version)}#s={version.signed}")
    return whole if len(whole) <= MOST_CHARACTERS else site().link(f"/verify/offline#s={version.signed}")


def active_key() -> SigningKey | None:
    """Return the key that signs now, None before the first certificate."""
    return db.session.scalars(select(SigningKey).where(SigningKey.retired_on.is_(None))).one_or_none()


def all_keys() -> Sequence[SigningKey]:
    """Return every key there ever was, the oldest first: what they signed stays good."""
    return db.session.scalars(select(SigningKey).order_by(SigningKey.id)).all()


def private_key(key: SigningKey) -> Ed25519PrivateKey:
    """Return the private half of the active key.

    :raise ValueError: for a retired one, whose private half is gone
    """
    if key.private_sealed is None:
        raise ValueError(f"{key.kid} is retired")
    opened = privacy.unseal(key.private_sealed, place=SigningKey.PLACE, row=key.uid)
    return Ed25519PrivateKey.from_private_bytes(bytes.fromhex(opened))


def roll() -> SigningKey:
    """Retire the active key and return a new one; what the old one signed stays good."""
    retiring = update(SigningKey).where(SigningKey.retired_on.is_(None))
    db.session.execute(retiring.values(retired_on=clock.today(), private_sealed=None))
    fresh = _add()
    audit.record("signing_key.rolled", fresh, kid=fresh.kid)
    return fresh


def mark_leaked(kid: str) -> bool:
    """Say of a key that others may have it: its codes are no longer believed without network. One that signs retires.

    :return: whether there is such a key
    """
    found = db.session.scalars(select(SigningKey).where(SigningKey.kid == kid)).one_or_none()
    if found is None:
        return False
    if found.retired_on is None:
        roll()
    if found.leaked_on is None:
        found.leaked_on = clock.today()
        audit.record("signing_key.leaked", found, kid=kid)
        db.session.flush()
    return True


def _key_of_today() -> SigningKey:
    """Return the active key, marked as used today: one write a day, so issuing waits for no other issuing."""
    key, today = active_key() or _add(), clock.today()
    if key.last_signed_on == today:
        return key
    # A key that is rolled while its row is waited for signs no more; the second try finds the one that follows.
    return db.session.get_one(SigningKey, _mark(today) or _mark(today), populate_existing=True)


def _mark(today: date) -> int | None:
    used = update(SigningKey).where(SigningKey.retired_on.is_(None)).values(last_signed_on=today)
    return db.session.scalar(used.returning(SigningKey.id))


def _add() -> SigningKey:
    """Return the active key, a new one unless another transaction was first."""
    private, uid = Ed25519PrivateKey.generate(), ids.new_uid()
    public = private.public_key().public_bytes_raw()
    fresh = insert_into(SigningKey).values(
        uid=uid, kid=hashlib.sha256(public).hexdigest()[:8], algorithm="Ed25519", public_key=public,
        private_sealed=privacy.seal(private.private_bytes_raw().hex(), place=SigningKey.PLACE, row=uid),
        created_on=clock.today(),
    )  # fmt: skip
    db.session.execute(
        fresh.on_conflict_do_nothing(index_elements=["algorithm"], index_where=text("retired_on is null"))
    )
    found = active_key()
    assert found is not None  # noqa: S101  ours, or the one that was in our way
    return found
