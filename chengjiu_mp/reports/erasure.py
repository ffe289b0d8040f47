"""删除我的信息: what goes, what stays, in one transaction; again, it changes nothing."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date, timedelta

from sqlalchemy import exists, select

from chengjiu_mp.certificates.delivery import forget_addresses_of
from chengjiu_mp.certificates.desk_forgetting import forget_desk_of
from chengjiu_mp.certificates.earlier_models import EarlierCertificate
from chengjiu_mp.certificates.holder_photos import forget_photos
from chengjiu_mp.certificates.models import Certificate
from chengjiu_mp.checkin.erasing import forget_phone
from chengjiu_mp.core import audit, clock
from chengjiu_mp.core.context import Principal
from chengjiu_mp.core.db import db
from chengjiu_mp.core.retention import periods
from chengjiu_mp.courses.erasing import erase_signups, give_places_back, with_moved
from chengjiu_mp.courses.models import LIVE, CourseRun, Signup
from chengjiu_mp.exams.erasing import erase_exemptions
from chengjiu_mp.lists.erasing import erase_rows
from chengjiu_mp.outbox.erasing import erase_messages_about
from chengjiu_mp.people.erasing import end_consents, erase_person, lock_people
from chengjiu_mp.people.models import Contact
from chengjiu_mp.reports.errors import NothingHeld
from chengjiu_mp.reports.reach import Held
from chengjiu_mp.signin.erasing import close_trainee_of

# How often it is looked for sign-ups that come while their people are erased.
_LOOKS = 5


@dataclass(frozen=True)
class Consequences:
    """What a person is told first. ``live``: places that are given back. ``unfinished``: trainings that somebody came
    to and that led to no certificate yet. ``index_until``: the last day of the document's index, None where nothing
    ends it.
    """

    signups: int
    live: int
    unfinished: int
    certificates: int
    index_until: date | None


@dataclass(frozen=True)
class Erased:
    """What was done, in figures; ``certificates`` stay."""

    people: int
    signups: int
    places: int
    messages: int
    account_closed: bool
    certificates: int


def consequences(held: Sequence[Held]) -> Consequences:
    """Return what :func:`erase` would do to these people."""
    ids = [one for each in held for one in each.signup_ids]
    certified = exists().where(Certificate.signup_id == Signup.id)
    rows = db.session.execute(
        select(Signup.state, Signup.outcome, CourseRun.starts_at, CourseRun.exam_scheme_id, certified)
        .join(CourseRun, CourseRun.id == Signup.run_id)
        .where(Signup.id.in_(ids))
    ).all()
    ahead = [state in LIVE and outcome is None and begins > clock.now() for state, outcome, begins, _, _ in rows]
    open_ = [outcome == "attended" and exam is not None and not done for _, outcome, _, exam, done in rows]
    kept = [one for each in held if each.whole for one in _certificates(each.person.id)]
    return Consequences(len(ids), sum(ahead), sum(open_), len(kept), _index_until(kept))


class _CameMeanwhile(Exception):
    """A sign-up of one of these people was written while theirs were erased: nothing is done yet, look again."""


def erase(find: Callable[[], Sequence[Held]], who: Principal, *, forget_certificates: bool = False) -> Erased:
    """Erase the data of the people that ``find`` returns, in the caller's transaction, and return what was done.

    A sign-up of theirs that is being written meanwhile is either erased with the others or made after all this, by
    somebody who came back: the people's rows are locked last, in everybody's order, and then it is looked for.

    A place that has not begun is given back. Certificates and counts stay; their look-up by phone ends. The index of
    a document goes with the person, but where certificates are held it lives on for its time (rulings), so that the
    holder is found again with the document in hand.

    :param forget_certificates: the person was told that then nobody finds the certificates for them, and insists
    :raise NothingHeld: there is nobody to erase
    """
    for _ in range(_LOOKS):
        held = find()
        if not held:
            raise NothingHeld
        with suppress(_CameMeanwhile), db.session.begin_nested():
            return _erased(held, who, forget_certificates=forget_certificates)
        db.session.expire_all()
    raise RuntimeError("somebody goes on signing up the people who are to be erased")


def _erased(held: Sequence[Held], who: Principal, *, forget_certificates: bool) -> Erased:
    phones = {row for each in held if each.whole for row in _phones(each)} | {who.phone_index}
    # Of all of them at once, so that the runs' places are taken in everybody's order; and ahead of the messages: giving
    # a place back writes one more, and it goes with the others.
    places, done = 0, set[int]()
    while fresh := {one for each in held for one in each.signup_ids} - done:
        places += give_places_back(fresh)
        done |= fresh
        held = [replace(each, signup_ids=with_moved(each.signup_ids)) for each in held]
    # All at once and by id, as a guardian's word takes them.
    signups = erase_signups({one for each in held for one in each.signup_ids})
    messages = [_erase_around(each) for each in held]
    kept = sum(len(_certificates(each.person.id)) for each in held if each.whole)
    for phone in sorted(filter(None, phones)):
        forget_phone(phone)
    _lock_alone({each.person.id for each in held}, {each.person.id for each in held if each.whole})
    for each, told in zip(held, messages, strict=True):
        _erase_person(each, told, forget_certificates=forget_certificates)
    closed = [close_trainee_of(phone) for phone in sorted(filter(None, phones)) if not _still_used(phone)]
    return Erased(len(held), signups, places, sum(messages), account_closed=any(closed), certificates=kept)


def _erase_around(held: Held) -> int:
    """Erase what hangs on the sign-ups; return how many messages that were."""
    erase_rows(held.signup_ids)
    erase_exemptions(held.signup_ids)
    forget_photos(held.signup_ids)
    certificates = [one.id for one in _certificates(held.person.id)] if held.whole else []
    messages = erase_messages_about({"signup": held.signup_ids, "certificate": certificates})
    if held.whole:
        forget_addresses_of(held.person.id)
    end_consents(held.person.id, held.signup_ids, whole=held.whole)
    return messages


def _lock_alone(people: set[int], whole: set[int]) -> None:
    """Lock the people's rows, and look whether a sign-up came while everything else of them was erased."""
    lock_people(people)
    if db.session.scalars(select(Signup.id).where(Signup.person_id.in_(whole), Signup.erased_at.is_(None))).first():
        raise _CameMeanwhile


def _erase_person(held: Held, messages: int, *, forget_certificates: bool) -> None:
    certificates = _certificates(held.person.id) if held.whole else []
    forgotten = held.whole and (forget_certificates or not certificates)
    if held.whole:
        forget_desk_of(held.person.id)
        erase_person(held.person, forget=forgotten)
    audit.record(
        "person.erased", held.person, signups=len(held.signup_ids), messages=messages, certificates=len(certificates),
        whole=held.whole, forgotten=forgotten,
    )  # fmt: skip


def _certificates(person_id: int) -> list[Certificate | EarlierCertificate]:
    ours = db.session.scalars(select(Certificate).where(Certificate.person_id == person_id)).all()
    earlier = db.session.scalars(select(EarlierCertificate).where(EarlierCertificate.person_id == person_id)).all()
    return [*ours, *earlier]


def _phones(held: Held) -> set[bytes]:
    """Return the indexes under which this person signs in."""
    contacts = select(Contact.phone_index).where(Contact.person_id == held.person.id, Contact.ended_at.is_(None))
    signups = select(Signup.phone_index).where(Signup.id.in_(held.signup_ids))
    return {*db.session.scalars(contacts), *db.session.scalars(signups)}


def _still_used(phone_index: bytes) -> bool:
    """Return whether somebody else of the family is reached by this phone."""
    contact = exists().where(Contact.phone_index == phone_index, Contact.ended_at.is_(None))
    signup = exists().where(Signup.phone_index == phone_index)
    return bool(db.session.scalar(select(contact | signup)))


def _index_until(certificates: Sequence[Certificate | EarlierCertificate]) -> date | None:
    ends = [one.valid_until for one in certificates]
    last = max((end for end in ends if end is not None), default=None)
    return last + timedelta(days=periods().certified) if last and None not in ends else None
