"""What exemptions say of the certificates they rest on, let go of with the sign-ups; that there was one stays."""

from collections.abc import Collection

from sqlalchemy import update

from chengjiu_mp.core.db import db
from chengjiu_mp.exams.exemption_models import ExamExemption
from chengjiu_mp.people.name_display import ERASED_NAME


def erase_exemptions(signup_ids: Collection[int]) -> int:
    """Erase the certificate's number and the reason of these sign-ups' exemptions; return how many."""
    held = update(ExamExemption).where(ExamExemption.signup_id.in_(signup_ids))
    gone = held.values(certificate_no=ERASED_NAME, reason=ERASED_NAME).returning(ExamExemption.id)
    return len(db.session.scalars(gone).all())
