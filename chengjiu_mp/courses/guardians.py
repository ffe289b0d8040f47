"""What follows from a guardian's word: places are given, sign-ups end, and silence ends them too (feat-N20)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import ColumnElement, and_, exists, or_, select, update
from sqlalchemy.orm import aliased

from chengjiu_mp.core import audit, clock
from chengjiu_mp.core.db import db
from chengjiu_mp.core.errors import Refusal
from chengjiu_mp.courses import messages
from chengjiu_mp.courses.errors import CannotWithdraw
from chengjiu_mp.courses.fitting import party_does_not_fit
from chengjiu_mp.courses.models import LIVE, CourseRun, Party, Signup
from chengjiu_mp.courses.queries import RunAndSeats, run_with_seats
from chengjiu_mp.courses.seats import Place, all_locked, locked_pools, take_place, take_seats
from chengjiu_mp.courses.signing_up import check_open, still_open, tell_of_place
from chengjiu_mp.courses.withdrawing import withdraw
from chengjiu_mp.people import guardians
from chengjiu_mp.people.models import GuardianConsent

# feat-N20: without a guardian's word no place is kept for longer.
PATIENCE = timedelta(hours=48)


@dataclass(frozen=True)
class Agreed:
    """What a guardian's yes led to. ``refusal`` says why the places could not be given; the consent stands anyway."""

    signups: Sequence[Signup]
    refusal: Refusal | None = None


def agree(consents: Sequence[GuardianConsent], proved: bytes, version: int | None, *, split: bool = False) -> Agreed:
    """Write the guardian's consent and give the places that waited for it; doing it twice changes nothing.

    :raise Refusal: what :func:`people.guardians.agree` refuses
    """
    _lock(consents)
    news = any(one.given_at is None for one in consents)
    guardians.agree(consents, proved, version)
    _prove_phone(consents, proved)
    if news and (told := _signups_of(consents)):
        messages.tell_guardian_agreed(told[0], run_with_seats(told[0].run_id).run, consents[0])
    return admit_after(consents, split=split)


def ask_again(consents: Sequence[GuardianConsent]) -> None:
    """Send the guardian's phone the question once more, with a code: they are not where the sign-up was made.

    :raise GuardianAskedLately: when it went there within this hour, and its code is still good
    :raise TooMany: when their phone got too many
    """
    waiting = [one for one in _signups_of(consents) if one.state == "pending" and one.needs_guardian]
    run = run_with_seats(waiting[0].run_id).run if waiting else None
    asked = {one.id: one for one in consents}
    if run:
        messages.tell_guardian_asked(waiting[0], run, asked[waiting[0].guardian_consent_id or 0])


def ask_phone_again(phone_index: bytes) -> None:
    """Send another code to a phone whose word is waited for; one code opens all that waits. Nothing to any other phone.

    :raise GuardianAskedLately, TooMany: as :func:`ask_again`
    """
    for consent in guardians.asked_of_phone(phone_index):
        if any(one.state == "pending" and one.needs_guardian for one in _signups_of([consent])):
            ask_again([consent])
            return


def _lock(consents: Sequence[GuardianConsent]) -> None:
    """Take what a guardian's word changes in the order in which an erasure takes it: the runs' places, the sign-ups,
    and then what the guardian was asked. Whichever is first is waited for, and found as it left things.
    """
    rested = Signup.guardian_consent_id.in_([one.id for one in consents])
    runs = set(db.session.scalars(select(Signup.run_id).where(rested, Signup.state.in_(LIVE))))
    if runs:
        all_locked(runs)
    parties = select(Signup.party_id).where(rested, Signup.party_id.is_not(None))
    theirs = select(Signup).where(or_(rested, Signup.party_id.in_(parties))).order_by(Signup.id)
    db.session.scalars(theirs.with_for_update().execution_options(populate_existing=True)).all()
    for one in sorted(consents, key=lambda each: each.id):
        db.session.refresh(one, with_for_update=True)


def _prove_phone(consents: Sequence[GuardianConsent], proved: bytes) -> None:
    """The family's phone is nearly always the guardian's: who just proved it need not prove it again to be asked."""
    signups = _signups_of(consents)
    parties = {one.party_id for one in signups if one.party_id is not None}
    theirs = or_(Signup.id.in_([one.id for one in signups]), Signup.party_id.in_(parties))
    db.session.execute(
        update(Signup)
        .where(theirs, Signup.phone_index == proved, Signup.phone_proved_at.is_(None))
        .values(phone_proved_at=clock.now())
        .execution_options(synchronize_session=False)
    )
    db.session.expire_all()


def agree_on_paper(signup: Signup, reference: str) -> Agreed:
    """Write that the signed paper of this child's guardian is there, and give the places that waited for it.

    :raise Refusal: what :func:`people.guardians.agree_on_paper` refuses
    """
    consent = consent_of(signup)
    if consent is None:
        return Agreed([])
    _lock([consent])
    guardians.agree_on_paper(consent, reference)
    return admit_after([consent])


def admit_after(consents: Sequence[GuardianConsent], *, split: bool = False) -> Agreed:
    """Give places to the children whose guardian agreed and to who came with them: seats for all, or none taken.

    :param split: let those who find no seat wait in the line instead
    """
    waiting = [one for one in _signups_of(consents) if one.state == "pending"]
    if not waiting:
        return Agreed([])
    try:
        with db.session.begin_nested():
            return Agreed(_admitted(waiting[0], split=split))
    except Refusal as refusal:
        return Agreed(waiting, refusal)


def _admitted(one: Signup, *, split: bool) -> list[Signup]:
    found = run_with_seats(one.run_id)
    locked_pools(one.run_id)
    party = _pending_with(one)
    if not all(guardians.is_live(consent_of(member)) for member in party if member.needs_guardian):
        return []  # A sibling's paper is still to come.
    check_open(found.run)
    places = _places(found, len(party), split=split or _chose_to_split(one))
    still_open(found.run)
    for index, (member, place) in enumerate(zip(party, places, strict=True)):
        member.state, member.position = place.state, place.position
        db.session.flush()
        unit = found.run.unit_id
        audit.record("signup.admitted", member, unit_id=unit, state=place.state, position=place.position)
        tell_of_place(member, found.run, place, messages.which(index, len(party)))
    return party


def _chose_to_split(one: Signup) -> bool:
    party = db.session.get(Party, one.party_id) if one.party_id is not None else None
    return party is not None and party.split


def _places(found: RunAndSeats, people: int, *, split: bool) -> list[Place]:
    pool = found.pool.id
    if people == 1 or split:
        return [take_place(pool) for _ in range(people)]
    if not take_seats(pool, people):
        raise party_does_not_fit(pool, people)
    return [Place(pool, "confirmed", None, 0)] * people


def _pending_with(one: Signup) -> list[Signup]:
    """Return who waits for this child's guardian: those of its party, each for a word or for the others."""
    alone = Signup.id == one.id
    company = and_(Signup.party_id == one.party_id, Signup.run_id == one.run_id) if one.party_id else alone
    query = select(Signup).where(Signup.state == "pending", company).order_by(Signup.id)
    return list(db.session.scalars(query.execution_options(populate_existing=True)))


def _signups_of(consents: Sequence[GuardianConsent]) -> list[Signup]:
    ids = [one.id for one in consents]
    query = select(Signup).where(Signup.guardian_consent_id.in_(ids), Signup.state.in_(LIVE))
    return list(db.session.scalars(query.order_by(Signup.run_id, Signup.id)))


def signups_under(consents: Sequence[GuardianConsent]) -> Sequence[Signup]:
    """Return every sign-up that rests on these consents, live or ended, the newest place of each last."""
    ids = [one.id for one in consents]
    return db.session.scalars(select(Signup).where(Signup.guardian_consent_id.in_(ids)).order_by(Signup.id)).all()


def consent_of(signup: Signup) -> GuardianConsent | None:
    """Return what the guardian of this child was asked, None for everybody else."""
    if signup.guardian_consent_id is None:
        return None
    return db.session.get(GuardianConsent, signup.guardian_consent_id)


def consents_of(run_id: int) -> dict[int, GuardianConsent]:
    """Return {sign-up id: what its guardian was asked} of a run's live places."""
    rows = db.session.execute(
        select(Signup.id, GuardianConsent)
        .join(GuardianConsent, GuardianConsent.id == Signup.guardian_consent_id)
        .where(Signup.run_id == run_id, Signup.needs_guardian, Signup.state.in_(LIVE))
    )
    return {row[0]: row[1] for row in rows}


def refuse(consents: Sequence[GuardianConsent]) -> list[Signup]:
    """End the guardian's consent from now on, or refuse it, and return the sign-ups that end with it.

    What has begun is not undone: the law leaves alone what was done while the consent stood. Twice changes nothing.
    """
    _lock(consents)
    guardians.take_back(consents)
    ended = []
    for one in _signups_of(consents):
        try:
            withdraw(one, "监护人没有同意或撤回了同意")
        except CannotWithdraw:
            continue
        ended.append(one)
    return ended


def unanswered() -> list[int]:
    """Return the ids of sign-ups that waited too long for a guardian's word, their own or a child's beside them."""
    due = or_(Signup.created_at <= clock.now() - PATIENCE, CourseRun.signup_closes_at <= clock.now())
    query = (
        select(Signup.id)
        .join(CourseRun, CourseRun.id == Signup.run_id)
        .where(Signup.state == "pending", due, or_(Signup.needs_guardian, _beside_a_child()))
    )
    return list(db.session.scalars(query.order_by(Signup.id).limit(500)))


def _beside_a_child(*more: ColumnElement[bool], child: type[Signup] | None = None) -> ColumnElement[bool]:
    one = child or aliased(Signup)
    same = (one.party_id == Signup.party_id, one.run_id == Signup.run_id, one.needs_guardian)
    return exists(select(one.id).where(*same, *more))


def left_alone() -> list[int]:
    """Return the ids of sign-ups that waited for a child beside them who does not come any more."""
    child = aliased(Signup)
    still_asked = _beside_a_child(child.state == "pending", child=child)
    query = select(Signup.id).where(Signup.state == "pending", ~Signup.needs_guardian, _beside_a_child(), ~still_asked)
    return list(db.session.scalars(query.order_by(Signup.id).limit(500)))


def go_on(signup_id: int) -> None:
    """Give places to who waited for a child that does not come; looking again is harmless."""
    signup = db.session.get(Signup, signup_id, populate_existing=True)
    if signup is None or signup.state != "pending":
        return
    try:
        with db.session.begin_nested():
            _admitted(signup, split=False)
    except Refusal:
        return  # Not enough seats, or too late: it ends with the time for an answer.


def end_unanswered(signup_id: int) -> None:
    """Let a sign-up lapse that nobody answered for, and tell of it once; looking again is harmless."""
    signup = db.session.get(Signup, signup_id)
    if signup is None:
        return
    locked_pools(signup.run_id)
    db.session.refresh(signup)
    if signup.state != "pending":
        return
    run = run_with_seats(signup.run_id).run
    signup.state, signup.ended_at = "lapsed", clock.now()
    db.session.flush()
    audit.record("signup.unanswered", signup, unit_id=run.unit_id)
    messages.tell_unanswered(signup, run)
