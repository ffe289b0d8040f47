"""What people hold by earlier certificates, told to the slices to the left: an old paper can be renewed too.

Only by the document that stands in the ledger, unless another name was proved of it, and while the paper stands.
It counts nowhere all the same.
"""

from collections.abc import Collection

from sqlalchemy import String, cast, delete, literal, or_, select, update

from chengjiu_mp.certificates.earlier_models import EarlierCertificate
from chengjiu_mp.core import clock
from chengjiu_mp.core.db import db
from chengjiu_mp.core.many_rows import insert_rows
from chengjiu_mp.courses.models import CourseType
from chengjiu_mp.people.models import Attainment, Person

_SOURCE = literal("earlier:") + cast(EarlierCertificate.id, String)


def hold(numbers: Collection[str]) -> None:
    """Write what the people of these papers hold by them; papers without a document, or ended, are nobody's here."""
    found = db.session.execute(
        select(EarlierCertificate.person_id, CourseType.code, EarlierCertificate.valid_until, _SOURCE)
        .join(CourseType, CourseType.id == EarlierCertificate.course_type_id)
        .join(Person, Person.id == EarlierCertificate.person_id)
        .where(
            EarlierCertificate.number.in_(numbers), EarlierCertificate.state == "issued",
            or_(Person.name.is_(None), Person.name == EarlierCertificate.name),
        )
    )  # fmt: skip
    rows = [
        {"person_id": person_id, "kind": kind, "valid_to": until, "source": source}
        for person_id, kind, until, source in found
    ]
    if rows:
        insert_rows(Attainment, rows)


def end(certificate: EarlierCertificate) -> None:
    """Say that nobody holds anything by a paper any more."""
    mine = (Attainment.source == f"earlier:{certificate.id}", Attainment.ended_at.is_(None))
    db.session.execute(update(Attainment).where(*mine).values(ended_at=clock.now()))


def forget(batch_id: int) -> None:
    """Take back what an import said that people hold, before its rows go."""
    sources = select(_SOURCE).where(EarlierCertificate.batch_id == batch_id)
    db.session.execute(
        delete(Attainment).where(Attainment.source.in_(sources)).execution_options(synchronize_session=False)
    )
