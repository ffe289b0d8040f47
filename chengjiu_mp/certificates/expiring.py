"""Telling a holder once that a certificate ends soon, with the way to the next course (feat-N27)."""

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import exists, or_, select
from sqlalchemy.orm import aliased

from chengjiu_mp.certificates import messages
from chengjiu_mp.certificates.models import Certificate
from chengjiu_mp.certificates.renewing import refreshers
from chengjiu_mp.core import audit, clock, privacy
from chengjiu_mp.core.db import db
from chengjiu_mp.courses.models import CourseType
from chengjiu_mp.outbox.models import Message
from chengjiu_mp.outbox.service import tell
from chengjiu_mp.people.models import Contact
from chengjiu_mp.people.queries import live_contacts

# Courses are held every few weeks: two months leave room for one or two that suit.
AHEAD = timedelta(days=60)
BATCH = 50


def due_for_notice() -> Sequence[int]:
    """Return the next ids of standing certificates that end within two months, whose holder proved a phone, was not
    told yet and has no later one of the kind.
    """
    today, later = clock.today(), aliased(Certificate)
    followed = exists().where(
        later.person_id == Certificate.person_id, later.course_type_id == Certificate.course_type_id,
        later.state == "issued", ~later.is_test,
        or_(later.valid_until.is_(None), later.valid_until > Certificate.valid_until),
    )  # fmt: skip
    told = exists().where(
        Message.kind == messages.EXPIRING, Message.subject_type == Certificate.__tablename__,
        Message.subject_id == Certificate.id,
    )  # fmt: skip
    reachable = exists().where(Contact.person_id == Certificate.person_id, Contact.ended_at.is_(None))
    query = select(Certificate.id).where(
        Certificate.state == "issued", ~Certificate.is_test, Certificate.valid_until >= today,
        Certificate.valid_until <= today + AHEAD, ~followed, ~told, reachable,
    )  # fmt: skip
    return db.session.scalars(query.order_by(Certificate.valid_until, Certificate.id).limit(BATCH)).all()


def give_notice(certificate_id: int) -> None:
    """Tell its holder; a second call tells nothing more."""
    row = db.session.get_one(Certificate, certificate_id)
    contacts = live_contacts(row.person_id)
    if row.valid_until is None or not contacts:
        return
    newest = contacts[-1]
    phone = privacy.unseal(newest.phone_sealed, place=Contact.PLACE, row=newest.uid)
    kind = db.session.get_one(CourseType, row.course_type_id).name
    body = messages.expiring(kind, row.valid_until, shorter=bool(refreshers(row)))
    tell(
        messages.EXPIRING, dedupe_key=f"certificate:{row.id}:expiring", body=body,
        phone=phone, about=row, unit_id=row.owner_unit_id,
        expires_at=clock.at_local(row.valid_until + timedelta(days=1)),
    )  # fmt: skip
    audit.record("certificate.expiry_told", row, unit_id=row.owner_unit_id)
