"""Earlier certificates as people read them: by number, by person, in the office.

They are rows of old ledgers (历史数据): no code, no picture, no figure of the plan counts them.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Select, select, true

from chengjiu_mp.certificates.earlier_models import EarlierCertificate
from chengjiu_mp.certificates.lookup import same_name
from chengjiu_mp.certificates.policy import OFFICE_ROLES
from chengjiu_mp.certificates.states import WORDS, State
from chengjiu_mp.core import clock
from chengjiu_mp.core.context import Principal
from chengjiu_mp.core.db import db
from chengjiu_mp.core.errors import NotFound
from chengjiu_mp.courses.models import CourseType
from chengjiu_mp.people.models import Person
from chengjiu_mp.units.policy import open_units


@dataclass(frozen=True)
class EarlierSeen:
    """An earlier certificate as it reads today; ``kind`` is the course kind's name."""

    certificate: EarlierCertificate
    kind: str
    state: State

    @property
    def name(self) -> str:
        """The name on the paper."""
        return self.certificate.name


def state_of_earlier(one: EarlierCertificate, today: date | None = None) -> State:
    """Return what an earlier certificate is worth on ``today`` (default: today in Shanghai), in the public's states."""
    if one.state == "revoked":
        return "revoked"
    if one.state == "superseded":
        return "corrected"
    if one.valid_until is not None and (today or clock.today()) > one.valid_until:
        return "expired"
    return "valid"


def _shown() -> Select[EarlierCertificate, str]:
    return select(EarlierCertificate, CourseType.name).join(
        CourseType, CourseType.id == EarlierCertificate.course_type_id
    )


def _seen(found: Select[EarlierCertificate, str]) -> list[EarlierSeen]:
    today = clock.today()
    return [EarlierSeen(one, kind, state_of_earlier(one, today)) for one, kind in db.session.execute(found)]


def earlier_by_number(number: str) -> EarlierSeen | None:
    """Return the earlier certificate of this number."""
    return next(iter(_seen(_shown().where(EarlierCertificate.number == number))), None)


def earlier_of_people(person_ids: Collection[int]) -> list[EarlierSeen]:
    """Return the earlier certificates that these people may see, the newest first.

    The document alone opens nothing: a ledger's row belongs to who proved the name that stands on it.
    """
    mine = _shown().add_columns(Person.name).join(Person, Person.id == EarlierCertificate.person_id)
    rows = db.session.execute(
        mine.where(EarlierCertificate.person_id.in_(person_ids)).order_by(
            EarlierCertificate.issued_on.desc(), EarlierCertificate.id.desc()
        )
    )
    today = clock.today()
    return [
        EarlierSeen(one, kind, state_of_earlier(one, today))
        for one, kind, proved in rows
        if proved and same_name(one.name, proved)
    ]


def export_earlier(person_id: int, *, whole: bool) -> list[dict[str, Any]]:
    """Return a person's earlier certificates for the person; nothing unless ``whole``: no sign-up led to them."""
    return [
        {
            "number": one.certificate.number, "kind": one.kind, "state": one.state,
            "state_words": WORDS[one.state], "name": one.name, "issued_on": one.certificate.issued_on,
            "valid_until": one.certificate.valid_until, "source": one.certificate.source,
        }
        for one in (earlier_of_people([person_id]) if whole else ())
    ]  # fmt: skip


def newest_earlier(certificate_ids: Sequence[int]) -> list[EarlierSeen]:
    """Return several of them, in the order given."""
    by_id = {one.certificate.id: one for one in _seen(_shown().where(EarlierCertificate.id.in_(certificate_ids)))}
    return [by_id[one] for one in certificate_ids]


def earlier_visible_to(
    who: Principal, roles: Iterable[str] = OFFICE_ROLES, *, writing: bool = False
) -> ColumnElement[bool]:
    """Return the condition on EarlierCertificate that leaves what the caller's units open.

    A ledger tells neither sector nor key group: a grant over one of these alone opens none.
    """
    units = open_units(who, roles, writing=writing)
    return true() if units is None else EarlierCertificate.owner_unit_id.in_(units)


def earlier_for(
    who: Principal, certificate_id: int, *, roles: Iterable[str] = OFFICE_ROLES, writing: bool = False
) -> EarlierCertificate:
    """Return an earlier certificate in the caller's scope.

    :raise NotFound: missing or out of scope; both look alike
    """
    here = (EarlierCertificate.id == certificate_id, earlier_visible_to(who, roles, writing=writing))
    row = db.session.scalars(select(EarlierCertificate).where(*here)).first()
    if row is None:
        raise NotFound
    return row
