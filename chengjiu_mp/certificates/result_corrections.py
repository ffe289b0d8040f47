"""A confirmed result is corrected only where no certificate stands: that is revoked first (rel-E3)."""

from sqlalchemy import select

from chengjiu_mp.certificates.models import Certificate
from chengjiu_mp.core.context import Principal
from chengjiu_mp.core.db import db
from chengjiu_mp.core.errors import Refusal
from chengjiu_mp.exams.correcting import record_correction
from chengjiu_mp.exams.models import ExamResult
from chengjiu_mp.exams.schemas import CorrectionIn


class CertificateStands(Refusal):
    """``certificate_id`` among the facts."""

    code = "certificate_stands"
    message = (
        "这位学员的证书还有效，成绩不能直接改。请复核人先吊销这张证书、写明原因，再来更正成绩；更正后合格的会重新发证。"
    )


def correct_result(run_id: int, given: CorrectionIn, by: Principal) -> ExamResult:
    """Record a correction that another person confirms; a pass then issues a certificate.

    :raise CertificateStands: revoke it first; and what :func:`record_correction` raises
    """
    result = record_correction(run_id, given, by)
    # Looked at under the round's lock: nothing is issued for this run in the meantime.
    if (standing := standing_certificate(given.signup_id)) is not None:
        raise CertificateStands(certificate_id=standing)
    return result


def standing_certificate(signup_id: int) -> int | None:
    """Return the id of the certificate that a sign-up's holder has, None where none stands."""
    query = select(Certificate.id).where(Certificate.signup_id == signup_id, Certificate.state != "revoked")
    return db.session.scalar(query)
