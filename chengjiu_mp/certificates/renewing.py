"""再培训 (feat-N27): certificates that end soon, and where their holder renews them or takes the same course again."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from sqlalchemy import ColumnElement, and_, case, or_, select

from chengjiu_mp.certificates.models import Certificate
from chengjiu_mp.certificates.queries import Seen, certificates_of_people
from chengjiu_mp.core import clock, privacy
from chengjiu_mp.core.calendar import add_months
from chengjiu_mp.core.db import db
from chengjiu_mp.courses.entry import Entry
from chengjiu_mp.courses.models import CourseRun, CourseType, SeatPool, Syllabus
from chengjiu_mp.courses.queries import RunAndSeats, runs_by_id
from chengjiu_mp.courses.refreshing import who_may_renew
from chengjiu_mp.people.documents import DocType
from chengjiu_mp.people.models import Contact, Person
from chengjiu_mp.people.queries import live_contacts
from chengjiu_mp.people.schemas import ConsentIn
from chengjiu_mp.units.models import Unit

SOON_MONTHS = 6
_SHOWN = 6


@dataclass(frozen=True)
class Known:
    """What is known of a holder and need not be typed again. The number stays out of every page."""

    name: str
    phone: str
    doc_type: DocType
    doc_number: str = field(repr=False)


def expiring(person_ids: Collection[int]) -> list[Seen]:
    """Return these people's certificates that have ended or end within six months, the first to end first; one that a
    later one of the same kind follows is left out.
    """
    until, latest = add_months(clock.today(), SOON_MONTHS), dict[tuple[int, int], Seen]()
    for one in certificates_of_people(person_ids):
        ends, key = one.certificate.valid_until, (one.certificate.person_id, one.certificate.course_type_id)
        if one.state not in ("valid", "expired"):
            continue
        held = latest.get(key)
        if held is None or ends is None or (held.certificate.valid_until or ends) < ends:
            latest[key] = one
    found = [one for one in latest.values() if one.certificate.valid_until and one.certificate.valid_until <= until]
    return sorted(found, key=lambda one: (one.certificate.valid_until, one.certificate.id))


def runs_again(certificate: Certificate) -> list[RunAndSeats]:
    """Return runs of the same kind that take people now: those with a seat first, then the holder's own town's."""
    return _runs_of(certificate, Syllabus.course_type_id == certificate.course_type_id)


def refreshers(certificate: Certificate) -> list[RunAndSeats]:
    """Return runs of the kind's refreshers, in the order of :func:`runs_again`, that its holder may renew it by."""
    renews = select(CourseType.id).where(CourseType.refresh_of_id == certificate.course_type_id)
    found = _runs_of(certificate, Syllabus.course_type_id.in_(renews))
    return [one for one in found if who_may_renew([certificate.person_id], one.run)]


def _runs_of(certificate: Certificate, kinds: ColumnElement[bool]) -> list[RunAndSeats]:
    row = select(Unit.row_id).where(Unit.id == certificate.owner_unit_id).scalar_subquery()
    now = clock.now()
    query = (
        select(CourseRun.id)
        .join(SeatPool, (SeatPool.run_id == CourseRun.id) & SeatPool.unit_id.is_(None))
        .join(Syllabus, Syllabus.id == CourseRun.syllabus_id)
        .join(Unit, Unit.id == CourseRun.unit_id)
        .where(
            kinds, CourseRun.state == "published",
            CourseRun.signup_opens_at <= now, CourseRun.signup_closes_at > now, CourseRun.ends_at > now,
            or_(CourseRun.open_to_all, CourseRun.unit_id == certificate.owner_unit_id),
        )
        .order_by(
            case((and_(SeatPool.waiting == 0, SeatPool.taken < SeatPool.capacity), 0), else_=1),
            case((Unit.row_id == row, 0), else_=1), CourseRun.starts_at, CourseRun.id,
        )
    )  # fmt: skip
    return runs_by_id(db.session.scalars(query.limit(_SHOWN)).all())


def is_own_town(certificate: Certificate, found: RunAndSeats) -> bool:
    """Return whether a run is in the town that the holder's certificate counted for."""
    row = db.session.scalar(select(Unit.row_id).where(Unit.id == certificate.owner_unit_id))
    return row is not None and found.unit.row_id == row


def known_of(seen: Seen) -> Known:
    """Return a holder's name as printed, proved phone ("" when there is none any more) and document."""
    person = db.session.get_one(Person, seen.certificate.person_id)
    contacts = live_contacts(person.id)
    phone = ""
    if contacts:
        phone = privacy.unseal(contacts[-1].phone_sealed, place=Contact.PLACE, row=contacts[-1].uid)
    number = privacy.unseal(person.doc_sealed, place=Person.PLACE, row=person.uid)
    return Known(seen.version.name, phone, DocType(person.doc_type), number)


def entry_again(known: Known, name: str, phone: str, consents: Sequence[ConsentIn]) -> Entry:
    """Return the form as if it had been typed whole: name and phone as given now, the document as known."""
    return Entry(
        name=name, doc_number=known.doc_number, phone=phone, doc_type=known.doc_type, consents=consents,
        health_notice_read=True, birth_optional=True,
    )  # fmt: skip
