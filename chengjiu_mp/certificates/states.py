"""What a certificate is worth today, in the public's words, and the verbs that change it after issue.

Who may say them is not asked here: ``requests.py`` sees to it that two people decide (rel 3.7).
"""

from datetime import date
from typing import Literal

from sqlalchemy import select, update

from chengjiu_mp.certificates import messages, signing, versions
from chengjiu_mp.certificates.errors import NotStanding, ReasonMissing, SameName
from chengjiu_mp.certificates.models import Certificate, CertificateVersion
from chengjiu_mp.certificates.request_ending import end_requests
from chengjiu_mp.core import audit, clock, privacy
from chengjiu_mp.core.db import db
from chengjiu_mp.courses.models import CourseType
from chengjiu_mp.outbox.service import tell
from chengjiu_mp.people.models import Attainment, Contact
from chengjiu_mp.people.names import read_name
from chengjiu_mp.people.queries import live_contacts

State = Literal["valid", "expired", "revoked", "corrected", "test"]

WORDS: dict[str, str] = {
    "valid": "有效", "expired": "已过期", "revoked": "已吊销", "corrected": "已更正", "unknown": "查无此证",
    "test": "测试证书，无效力",
}  # fmt: skip


def state_of(certificate: Certificate, version: CertificateVersion, newest: int, today: date | None = None) -> State:
    """Return a version's public state on ``today`` (default: today in Shanghai).

    A certificate is good through the end of its last day. Revocation outweighs everything; an older version and a
    certificate that a newer one replaced read corrected, whatever their dates.

    :param newest: number of the newest version of the certificate
    """
    # Whatever became of it since: nothing that is said of a real one may be said of it (feat-N36).
    if certificate.is_test:
        return "test"
    if certificate.state == "revoked":
        return "revoked"
    if version.version < newest or certificate.state == "superseded":
        return "corrected"
    today = today or clock.today()
    if certificate.valid_until is not None and today > certificate.valid_until:
        return "expired"
    return "valid"


def revoke(certificate: Certificate, reason: str, *, quiet: bool = False, ended: str = "证书已吊销") -> None:
    """Revoke from today on. What else is under way about the certificate ends with it.

    :param ended: the reason that stands with what ends
    :param quiet: the holder is told nothing, for another one takes its place at once
    :raise ReasonMissing: a reason of fewer than two characters; :raise NotStanding: it is revoked already
    """
    reason = reason_given(reason)
    today = clock.today()
    taken = db.session.scalar(
        update(Certificate)
        .where(Certificate.id == certificate.id, Certificate.state != "revoked")
        .values(state="revoked", revoked_on=today, revoke_reason=reason)
        .returning(Certificate.id)
    )
    if taken is None:
        raise NotStanding
    db.session.refresh(certificate)
    db.session.execute(
        update(Attainment)
        .where(Attainment.source == f"certificate:{certificate.id}", Attainment.ended_at.is_(None))
        .values(ended_at=clock.now())
    )
    audit.record("certificate.revoked", certificate, unit_id=certificate.owner_unit_id, reason=reason)
    if not quiet:
        _tell(certificate, "revoked", messages.revoked(_kind(certificate)))
    for request in end_requests(certificate, ended):
        if request.channel == "holder":
            body = messages.change_ended(_kind(certificate), ended)
            _tell(certificate, f"change_refused:{request.id}", body)


def correct_name(certificate: Certificate, new_name: str, reason: str) -> CertificateVersion:
    """Issue a new version under another name: the same number, a new code; the old code reads 已更正 from now on.

    :raise NameRefused: not a name; :raise SameName: it is on there already
    :raise ReasonMissing: a reason of fewer than two characters; :raise NotStanding: it is revoked
    """
    reason, name = reason_given(reason), read_name(new_name).name
    last = _locked(certificate)
    if last.name == name:
        raise SameName(field="name")
    fresh = _next_version(certificate, name, last, reason)
    audit.record(
        "certificate.corrected", certificate, unit_id=certificate.owner_unit_id, version=fresh.version, reason=reason
    )
    _tell(certificate, f"corrected:{fresh.version}", messages.corrected(_kind(certificate)))
    return fresh


def new_code(certificate: Certificate, reason: str) -> CertificateVersion:
    """Issue a new version under the same name because the code leaked: the same number; the old code reads 已更正.

    :raise ReasonMissing: a reason of fewer than two characters; :raise NotStanding: it is revoked
    """
    reason, last = reason_given(reason), _locked(certificate)
    fresh = _next_version(certificate, last.name, last, reason)
    audit.record(
        "certificate.code_changed", certificate, unit_id=certificate.owner_unit_id, version=fresh.version, reason=reason
    )
    _tell(certificate, f"code_changed:{fresh.version}", messages.code_changed(_kind(certificate)))
    return fresh


def tell_change_refused(certificate: Certificate, request_id: int) -> None:
    """Tell the holder that the name stays as it is, and where the reason can be read."""
    _tell(certificate, f"change_refused:{request_id}", messages.change_refused(_kind(certificate)))


def hold(certificate_id: int) -> Certificate:
    """Return a certificate as it is now.

    Its row is the lock, taken ahead of its requests' rows: changes follow each other.
    """
    held = update(Certificate).where(Certificate.id == certificate_id).values(state=Certificate.state)
    return db.session.scalars(held.returning(Certificate), execution_options={"populate_existing": True}).one()


def hold_standing(certificate: Certificate) -> None:
    """Hold a certificate that stands.

    :raise NotStanding: it is revoked or replaced
    """
    if hold(certificate.id).state != "issued":
        raise NotStanding


def _locked(certificate: Certificate) -> CertificateVersion:
    """Hold a certificate that stands, and return its newest version."""
    hold_standing(certificate)
    return versions.newest_version(certificate.id)


def _next_version(certificate: Certificate, name: str, last: CertificateVersion, reason: str) -> CertificateVersion:
    fresh = versions.add_version(certificate, name, version=last.version + 1, reason=reason)
    signing.sign([(certificate, fresh)])
    return fresh


def reason_given(reason: str) -> str:
    """Return why somebody changes a certificate.

    :raise ReasonMissing: fewer than two characters
    """
    reason = reason.strip()
    if len(reason) < 2:
        raise ReasonMissing(field="reason")
    return reason[:200]


def _kind(certificate: Certificate) -> str:
    return db.session.scalars(select(CourseType.name).where(CourseType.id == certificate.course_type_id)).one()


def _tell(certificate: Certificate, what: str, body: str) -> None:
    contacts = live_contacts(certificate.person_id)
    phone = None
    if contacts:
        newest = contacts[-1]
        phone = privacy.unseal(newest.phone_sealed, place=Contact.PLACE, row=newest.uid)
    tell(
        f"certificate.{what.partition(':')[0]}", dedupe_key=f"certificate:{certificate.id}:{what}", body=body,
        phone=phone, about=certificate, unit_id=certificate.owner_unit_id,
    )  # fmt: skip
