"""Reads over persons and the texts they agree to."""

from collections.abc import Sequence
from datetime import date

from sqlalchemy import or_, select

from chengjiu_mp.core.db import db
from chengjiu_mp.people.models import Attainment, Contact, Notice, Person

# What a guardian agrees to, and nobody else: it stands on their own page, not among a participant's notices.
GUARDIAN_NOTICE = "guardian"


def current_notices() -> Sequence[Notice]:
    """Return the texts in force that a participant agrees to, in the order they were introduced."""
    return db.session.scalars(
        select(Notice).where(Notice.current, Notice.purpose != GUARDIAN_NOTICE).order_by(Notice.id)
    ).all()


def published_notices() -> Sequence[Notice]:
    """Return every text in force, whoever agrees to it, for everybody to read."""
    return db.session.scalars(select(Notice).where(Notice.current).order_by(Notice.id)).all()


def guardian_notice() -> Notice:
    """Return the text in force that a child's guardian agrees to."""
    return db.session.scalars(
        select(Notice).where(Notice.current, Notice.purpose == GUARDIAN_NOTICE).order_by(Notice.id.desc()).limit(1)
    ).one()


def person_by_document(doc_index: bytes) -> Person | None:
    """Return the person whose document has this blind index."""
    return db.session.scalars(select(Person).where(Person.doc_index == doc_index)).first()


def live_contacts(person_id: int) -> Sequence[Contact]:
    """Return the phones proved to be a person's and not closed since."""
    return db.session.scalars(
        select(Contact).where(Contact.person_id == person_id, Contact.ended_at.is_(None)).order_by(Contact.id)
    ).all()


def attainments_on(person_id: int, day: date) -> Sequence[Attainment]:
    """Return what a person holds on ``day``."""
    return db.session.scalars(
        select(Attainment).where(
            Attainment.person_id == person_id, Attainment.ended_at.is_(None),
            or_(Attainment.valid_to.is_(None), Attainment.valid_to >= day),
        ).order_by(Attainment.id)
    ).all()  # fmt: skip
