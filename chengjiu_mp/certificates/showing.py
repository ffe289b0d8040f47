"""From rows to what people are shown, and whether this caller may see them at all."""

from chengjiu_mp.certificates import passes, signing, versions
from chengjiu_mp.certificates.earlier import EarlierSeen
from chengjiu_mp.certificates.earlier_models import EarlierCertificate
from chengjiu_mp.certificates.models import Certificate
from chengjiu_mp.certificates.policy import OFFICE_ROLES, PICTURE_ROLES, certificate_for
from chengjiu_mp.certificates.queries import Seen, newest_of
from chengjiu_mp.certificates.request_queries import newer_path
from chengjiu_mp.certificates.schemas import CertificateOut, EarlierOut, VerifyOut, WaitingOut
from chengjiu_mp.certificates.states import WORDS
from chengjiu_mp.certificates.waiting import WAITING_WORDS, Waits
from chengjiu_mp.core import clock
from chengjiu_mp.core.context import Principal
from chengjiu_mp.core.db import db
from chengjiu_mp.people.name_display import mask_name
from chengjiu_mp.people.queries import live_contacts
from chengjiu_mp.signin.models import Account


def seen_by(who: Principal, certificate_id: int, key: str, *, picture: bool = False) -> Seen:
    """Return a certificate to its holder and to staff in scope.

    The holder comes with a look-up's key, or with an account of the proved phone and the printed name.

    :param picture: auditors see the record, not the picture
    :raise NotFound: missing, or not for this caller; both look alike
    """
    if is_holders(who, certificate_id, key):
        return newest_of(certificate_id)
    certificate_for(who, certificate_id, roles=PICTURE_ROLES if picture else OFFICE_ROLES)
    return newest_of(certificate_id)


def is_holders(who: Principal, certificate_id: int, key: str) -> bool:
    """Return whether the caller is a certificate's holder: by a look-up's key, or by their account."""
    return passes.opens(certificate_id, key) or _is_holder(who, certificate_id)


def _is_holder(who: Principal, certificate_id: int) -> bool:
    # The phone alone is not enough: a number may have gone to a stranger since (rulings: who owns).
    account = db.session.get(Account, who.account_id) if who.account_id else None
    if account is None or not account.name or db.session.get(Certificate, certificate_id) is None:
        return False
    seen = newest_of(certificate_id)
    contacts = live_contacts(seen.certificate.person_id)
    return seen.version.name == account.name and any(c.phone_index == account.phone_index for c in contacts)


def certificate_out(seen: Seen, key: str = "") -> CertificateOut:
    """Return a certificate for its holder or staff; ``key`` goes into the picture's address."""
    one = seen.certificate
    return CertificateOut(
        id=one.id, number=one.number, kind=seen.kind, state=seen.state, state_words=WORDS[seen.state],
        name=seen.version.name, issued_on=one.issued_on, valid_until=one.valid_until,
        picture=seen.version.picture_state, version=seen.version.version,  # type: ignore[arg-type]
        image_url=f"/api/v1/certificates/{one.id}/image" + (f"?key={key}" if key else ""),
        verify_url=versions.verify_url(seen.version), offline_url=signing.code_url(seen.version),
    )  # fmt: skip


def earlier_out(seen: EarlierSeen) -> EarlierOut:
    """Return an earlier certificate for its holder."""
    one = seen.certificate
    return EarlierOut(
        number=one.number, kind=seen.kind, state=seen.state, state_words=WORDS[seen.state], name=one.name,
        issued_on=one.issued_on, valid_until=one.valid_until, source=one.source,
    )  # fmt: skip


def waiting_out(one: Waits) -> WaitingOut:
    """Return what somebody waits for, for the holder."""
    return WaitingOut(kind=one.kind, passed_on=clock.day_of(one.since), words=WAITING_WORDS)


def verify_out(seen: Seen | EarlierSeen) -> VerifyOut:
    """Return what the public may know: no document digit, the name masked."""
    one = seen.certificate
    return VerifyOut(
        state=seen.state, state_words=WORDS[seen.state], type=seen.kind, number=one.number,
        name_masked=mask_name(seen.name), issued_on=one.issued_on, valid_until=one.valid_until,
        test=one.is_test, revoked_on=one.revoked_on if seen.state == "revoked" else None,
        source=one.source if isinstance(one, EarlierCertificate) else None,
        newer_path=(newer_path(seen) or None) if isinstance(seen, Seen) and seen.state == "corrected" else None,
    )  # fmt: skip
