"""What is under way about a certificate ends when the certificate does: nothing is left to decide about it."""

from collections.abc import Sequence

from sqlalchemy import update

from chengjiu_mp.certificates.models import Certificate
from chengjiu_mp.certificates.request_models import CertificateRequest
from chengjiu_mp.core import audit, clock
from chengjiu_mp.core.db import db


def end_requests(certificate: Certificate, why: str) -> Sequence[CertificateRequest]:
    """End every open request of a certificate in this transaction, and return them.

    The caller holds the certificate's row, which whoever asks or decides takes first. Nobody decided these, so no
    decider stands in the row; the trail says whose deed ended them.
    """
    open_ = update(CertificateRequest).where(
        CertificateRequest.certificate_id == certificate.id, CertificateRequest.state.in_(("asked", "proposed"))
    )
    ended = open_.values(state="refused", decided_at=clock.now(), decision=why).returning(CertificateRequest)
    found = db.session.scalars(ended, execution_options={"populate_existing": True}).all()
    for row in found:
        audit.record("certificate.change_refused", row, unit_id=certificate.owner_unit_id, kind=row.kind, reason=why)
    return found
