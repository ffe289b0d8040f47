"""Whose data a caller may see as their own: possession, never a name and a document number (rulings: who owns).

A phone that answered a code, and the name, reach: the person whose proved phone it is; else the sign-ups that carry
both. A number that now belongs to a stranger opens nothing by itself, and whoever signs somebody up with a phone of
their own reaches that sign-up alone, not the person.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, exists, false, or_, select

from chengjiu_mp.certificates import lookup, passes
from chengjiu_mp.certificates.earlier_models import EarlierCertificate
from chengjiu_mp.certificates.models import Certificate, CertificateVersion
from chengjiu_mp.core.context import Principal
from chengjiu_mp.core.db import db
from chengjiu_mp.courses.models import Signup
from chengjiu_mp.people.models import Contact, Person
from chengjiu_mp.people.queries import live_contacts
from chengjiu_mp.signin.models import Account

STAFF = ("instructor", "unit_manager", "operator", "approver", "auditor", "system")


@dataclass(frozen=True)
class Holder:
    """A proved phone and the name that goes with it."""

    phone_index: bytes
    name: str


@dataclass(frozen=True)
class Held:
    """What is the caller's of one person: with ``whole`` everything, else these sign-ups and what hangs on them."""

    person: Person
    signup_ids: tuple[int, ...]
    whole: bool


def holder_of(who: Principal, sealed: str = "") -> Holder | None:
    """Return who the caller proved to be, by a pass for this session's phone, else by the account's own name."""
    opened = passes.holder_of(sealed) if sealed else None
    if opened and who.account_id is not None and opened[0] == who.phone_index:
        return Holder(*opened)
    account = db.session.get(Account, who.account_id) if who.account_id is not None else None
    if account is None or not account.name or account.phone_index is None:
        return None
    return Holder(account.phone_index, account.name)


def held_by_name(holder: Holder | None, who: Principal) -> list[Held]:
    """Return the people of this name that the phone reaches, with what this device signed up under the name."""
    if holder is None:
        return []
    mine = and_(Signup.phone_index == holder.phone_index, ~_left_behind(holder.phone_index))
    found = _signups(or_(mine, _made_here(who)))
    return _together([one for one in found if lookup.same_name(one.name, holder.name)], holder)


def held_here(holder: Holder | None, who: Principal) -> list[Held]:
    """Return what :func:`held_by_name` does, and whatever this device or token signed up: its tickets are its own.

    Staff sign others up: what they made is not theirs. Nor is it the account's elsewhere: its number may have gone to
    a stranger since.
    """
    tickets = false() if who.has(*STAFF) else _made_here(who)
    by_name = {one for held in held_by_name(holder, who) for one in held.signup_ids}
    return _together(_signups(or_(Signup.id.in_(by_name), tickets)), holder)


def _made_here(who: Principal) -> ColumnElement[bool]:
    return Signup.device_id == who.device_id if who.device_id is not None else false()


def _left_behind(phone_index: bytes) -> ColumnElement[bool]:
    """Whether the sign-up's person had this phone and has another one now: the number may be a stranger's, who hears
    the name from whoever calls.
    """
    ended = exists().where(
        Contact.person_id == Signup.person_id, Contact.phone_index == phone_index, Contact.ended_at.is_not(None)
    )
    live = exists().where(
        Contact.person_id == Signup.person_id, Contact.phone_index == phone_index, Contact.ended_at.is_(None)
    )
    return and_(ended, ~live)


def _signups(condition: ColumnElement[bool]) -> list[Signup]:
    query = select(Signup).where(Signup.erased_at.is_(None), condition)
    return list(db.session.scalars(query.order_by(Signup.id)))


def _together(signups: Sequence[Signup], holder: Holder | None) -> list[Held]:
    mine: dict[int, set[int]] = {}
    for one in signups:
        mine.setdefault(one.person_id, set()).add(one.id)
    proved = _proved(holder, signups) if holder else set()
    people = db.session.scalars(select(Person).where(Person.id.in_({*mine, *proved})).order_by(Person.id))
    return [_held(person, mine.get(person.id, set()), person.id in proved) for person in people]


def _held(person: Person, mine: set[int], proved: bool) -> Held:
    every = set(db.session.scalars(select(Signup.id).where(Signup.person_id == person.id, Signup.erased_at.is_(None))))
    whole = proved or (mine >= every and not live_contacts(person.id) and not _certified_elsewhere(person.id, mine))
    return Held(person, tuple(sorted(every if whole else mine)), whole)


def _certified_elsewhere(person_id: int, mine: set[int]) -> bool:
    """Return whether a certificate stands on a sign-up that is not among ``mine``, an erased one included, or on none:
    an earlier one.
    """
    other = exists().where(Certificate.person_id == person_id, Certificate.signup_id.not_in(mine))
    earlier = exists().where(EarlierCertificate.person_id == person_id)
    return bool(db.session.scalar(select(other | earlier)))


def _proved(holder: Holder, signups: Iterable[Signup]) -> set[int]:
    """Return whose proved phone it is, of those that the name fits: the proved one, a printed one, or a sign-up's."""
    rows = db.session.execute(
        select(Contact.person_id, Person.name, CertificateVersion.name)
        .join(Person, Person.id == Contact.person_id)
        .outerjoin(Certificate, Certificate.person_id == Person.id)
        .outerjoin(CertificateVersion, CertificateVersion.certificate_id == Certificate.id)
        .where(Contact.phone_index == holder.phone_index, Contact.ended_at.is_(None))
    ).all()
    signed = {one.person_id for one in signups if lookup.same_name(one.name, holder.name)}
    return {
        person
        for person, *names in rows
        if person in signed or any(name and lookup.same_name(name, holder.name) for name in names)
    }
