"""What may be done to earlier certificates after the import: revoke one, by two people as any other certificate, and
take a whole import back.
"""

from sqlalchemy import delete, func, select, update

from chengjiu_mp.certificates import earlier_held
from chengjiu_mp.certificates.desk_errors import OwnProposal, ProposalMissing, RequestOpen
from chengjiu_mp.certificates.earlier_models import EarlierBatch, EarlierCertificate
from chengjiu_mp.certificates.errors import BatchWithdrawn, NotStanding, YearDeclared
from chengjiu_mp.certificates.states import reason_given
from chengjiu_mp.certificates.years import declared_years
from chengjiu_mp.core import audit, clock
from chengjiu_mp.core.context import Principal
from chengjiu_mp.core.db import db


def revoke_earlier(certificate: EarlierCertificate, reason: str) -> None:
    """Revoke from today on: the verb. Pages say :func:`agree`, which sees to it that two people decide (rel 3.7).

    :raise ReasonMissing: a reason of fewer than two characters; :raise NotStanding: it is revoked already
    """
    reason = reason_given(reason)
    taken = db.session.scalar(
        update(EarlierCertificate)
        .where(EarlierCertificate.id == certificate.id, EarlierCertificate.state != "revoked")
        .values(state="revoked", revoked_on=clock.today(), revoke_reason=reason)
        .returning(EarlierCertificate.id)
    )
    if taken is None:
        raise NotStanding
    earlier_held.end(certificate)
    db.session.refresh(certificate)
    audit.record("earlier_certificate.revoked", certificate, unit_id=certificate.owner_unit_id, reason=reason)


def propose(certificate: EarlierCertificate, reason: str, by: Principal) -> None:
    """Propose to revoke it; nothing changes until somebody else agrees.

    :raise ReasonMissing: a reason of fewer than two characters; :raise NotStanding: it is revoked already
    :raise RequestOpen: somebody proposed it before
    """
    reason = reason_given(reason)
    free = (EarlierCertificate.id == certificate.id, EarlierCertificate.state != "revoked")
    taken = db.session.scalar(
        update(EarlierCertificate)
        .where(*free, EarlierCertificate.proposed_by.is_(None))
        .values(proposed_by=by.account_id, proposed_at=clock.now(), proposed_reason=reason)
        .returning(EarlierCertificate.id)
    )
    db.session.refresh(certificate)
    if taken is None:
        raise NotStanding if certificate.state == "revoked" else RequestOpen
    unit = certificate.owner_unit_id
    audit.record("earlier_certificate.revocation_proposed", certificate, unit_id=unit, reason=reason)


def agree(certificate: EarlierCertificate, by: Principal) -> None:
    """Revoke what somebody else proposed to revoke; the reason on record is the proposal's.

    :raise ProposalMissing: nobody did; :raise OwnProposal: the caller did; :raise NotStanding: it is revoked already
    """
    held = update(EarlierCertificate).where(
        EarlierCertificate.id == certificate.id, EarlierCertificate.state != "revoked",
        EarlierCertificate.proposed_by != by.account_id,
    )  # fmt: skip
    taken = db.session.scalar(held.values(revoked_by=by.account_id).returning(EarlierCertificate.id))
    db.session.refresh(certificate)
    if taken is None:
        if certificate.state == "revoked":
            raise NotStanding
        raise ProposalMissing if certificate.proposed_by is None else OwnProposal
    revoke_earlier(certificate, certificate.proposed_reason or "")


def decline(certificate: EarlierCertificate, by: Principal) -> None:
    """Refuse a proposed revocation, or take one's own back: the certificate stands as it did.

    :raise ProposalMissing: none is open
    """
    held = update(EarlierCertificate).where(
        EarlierCertificate.id == certificate.id, EarlierCertificate.state != "revoked",
        EarlierCertificate.proposed_by.is_not(None),
    )  # fmt: skip
    nobody = held.values(proposed_by=None, proposed_at=None, proposed_reason=None)
    own = certificate.proposed_by == by.account_id
    if db.session.scalar(nobody.returning(EarlierCertificate.id)) is None:
        raise ProposalMissing
    db.session.refresh(certificate)
    audit.record("earlier_certificate.revocation_refused", certificate, unit_id=certificate.owner_unit_id, own=own)


def withdraw_batch(batch: EarlierBatch, reason: str, by: Principal) -> int:
    """Take an import back, and its certificates with it: a file was the wrong one. Return how many went.

    Document numbers that came with it go with the night's purge, unless something else holds them; those that it added
    to older rows stay.

    :raise ReasonMissing: a reason of fewer than two characters; :raise BatchWithdrawn: taken back already
    :raise YearDeclared: one of its years has been declared complete since
    """
    reason = reason_given(reason)
    held = update(EarlierBatch).where(EarlierBatch.id == batch.id, EarlierBatch.withdrawn_at.is_(None))
    taken = held.values(withdrawn_at=clock.now(), withdrawn_by=by.account_id, withdraw_reason=reason)
    if db.session.scalar(taken.returning(EarlierBatch.id)) is None:
        raise BatchWithdrawn
    days = db.session.scalars(
        select(EarlierCertificate.issued_on).where(EarlierCertificate.batch_id == batch.id).distinct()
    )
    if closed := sorted({day.year for day in days} & declared_years()):
        raise YearDeclared(years=closed)
    gone = db.session.scalar(select(func.count()).where(EarlierCertificate.batch_id == batch.id)) or 0
    earlier_held.forget(batch.id)
    db.session.execute(delete(EarlierCertificate).where(EarlierCertificate.batch_id == batch.id))
    db.session.refresh(batch)
    audit.record("earlier_certificates.withdrawn", batch, rows=gone, reason=reason)
    return gone
