"""Reads over sign-ups: tickets, whose they are, the line, the roster."""

from collections.abc import Collection, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, false, func, or_, select
from sqlalchemy.orm import aliased, joinedload

from chengjiu_mp.core import clock, ids, privacy
from chengjiu_mp.core.context import Principal
from chengjiu_mp.core.db import db
from chengjiu_mp.core.errors import NotFound
from chengjiu_mp.core.site import site
from chengjiu_mp.courses.models import LIVE, SEATED, CourseRun, Meeting, SeatPool, Signup
from chengjiu_mp.people.models import Consent, Person
from chengjiu_mp.people.phones import mask_phone
from chengjiu_mp.signin.models import SignInSession
from chengjiu_mp.wechat.client import connected

# Carriers let a number that was given up rest for 90 days before somebody else gets it.
NUMBER_RESTS = timedelta(days=90)
# Nobody moves more often; a ring among rows would have no end.
MOVES_AT_MOST = 20


def signup_by_ticket(token: str) -> Signup:
    """Return the sign-up of a ticket, with its run, venue and syllabus.

    :raise NotFound: when there is none
    """
    if not ids.looks_like_token(token):
        raise NotFound
    found = db.session.scalars(_with_run(select(Signup).where(Signup.ticket_hash == ids.token_hash(token)))).first()
    if found is None:
        raise NotFound
    return found


def _with_run(query: Select[Signup]) -> Select[Signup]:
    run = joinedload(Signup.run, innerjoin=True)
    return query.options(
        run.joinedload(CourseRun.venue, innerjoin=True), run.joinedload(CourseRun.syllabus, innerjoin=True)
    )


def ticket_token(signup: Signup) -> str:
    return privacy.unseal(signup.ticket_sealed, place=Signup.PLACE_TICKET, row=signup.uid)


def ticket_url(signup: Signup) -> str:
    """Return the ticket's address, for its owner alone."""
    return site().link(f"/i/{ticket_token(signup)}")


def phone_of(signup: Signup) -> str:
    return privacy.unseal(signup.phone_sealed, place=Signup.PLACE_PHONE, row=signup.uid)


def account_of(signup: Signup) -> int | None:
    """Return the account that signed up, None where nobody is signed in; asked only where WeChat could reach it."""
    if connected() is None or signup.device_id is None:
        return None
    return db.session.scalar(select(SignInSession.account_id).where(SignInSession.id == signup.device_id))


def owned_by(who: Principal) -> ColumnElement[bool]:
    """Return the condition on Signup that leaves what was signed up on this device or by this account's sessions.

    Of who proved the phone, its account's lately alone: a number's next holder is let into the same account.
    """
    ways: list[ColumnElement[bool]] = []
    if who.device_id is not None:
        ways.append(Signup.device_id == who.device_id)
    if who.account_id is not None:
        sessions = select(SignInSession.id).where(SignInSession.account_id == who.account_id)
        theirs = Signup.device_id.in_(sessions)
        ways.append(theirs if who.phone_index is None else theirs & _lately())
    return or_(*ways) if ways else false()


def owned_signup(who: Principal, signup_id: int) -> Signup | None:
    """Return a sign-up of this device or account."""
    return db.session.scalars(_with_run(select(Signup).where(Signup.id == signup_id, owned_by(who)))).first()


def reached_by(who: Principal) -> ColumnElement[bool]:
    """Return the condition on Signup that leaves a caller's own, and what their proved phone opens by itself.

    That is what lies ahead and was signed up with this number so lately that it cannot have gone to a stranger since
    (docs/decisions, a code opens what is ahead). What is older asks for the name besides.
    """
    if who.account_id is None or who.phone_index is None:
        return owned_by(who)
    ahead = select(CourseRun.id).where(CourseRun.ends_at > clock.now())
    return or_(owned_by(who), (Signup.phone_index == who.phone_index) & _lately() & Signup.run_id.in_(ahead))


def _lately() -> ColumnElement[bool]:
    """Return the condition on Signup that leaves what no next holder of its number can reach."""
    since = clock.now() - NUMBER_RESTS
    # A place that was moved or merged is new; what was agreed to with the number came along with its own time.
    before = select(Consent.id).where(Consent.signup_id == Signup.id, Consent.given_at <= since)
    return (Signup.created_at > since) & ~before.exists()


def my_signups(who: Principal, named: Collection[int] = ()) -> Sequence[Signup]:
    """Return the tickets of this device, account or proved phone, the latest training first.

    :param named: ids of further ones, opened by the name that was said
    """
    mine = or_(reached_by(who), Signup.id.in_(named)) if named else reached_by(who)
    query = _with_run(select(Signup).join(CourseRun, CourseRun.id == Signup.run_id).where(mine))
    return db.session.scalars(query.order_by(CourseRun.starts_at.desc(), Signup.id.desc()).limit(100)).all()


def my_live_signup(who: Principal, run_id: int) -> Signup | None:
    """Return the ticket to show when this device scans the poster again: of a few, the one that was made first."""
    query = select(Signup).where(reached_by(who), Signup.run_id == run_id, Signup.state.in_(LIVE))
    return db.session.scalars(query.order_by(Signup.id).limit(1)).first()


def my_places_in(who: Principal, run_id: int) -> Sequence[Signup]:
    """Return the live places in a run that were signed up on this device or by this account, in the form's order."""
    query = select(Signup).where(owned_by(who), Signup.run_id == run_id, Signup.state.in_(LIVE))
    return db.session.scalars(query.order_by(Signup.id).limit(20)).all()


def live_signup_of(run_id: int, person_id: int) -> Signup | None:
    """Return the one live place of a person in a run."""
    return db.session.scalars(
        select(Signup).where(Signup.run_id == run_id, Signup.person_id == person_id, Signup.state.in_(LIVE))
    ).first()


def live_signups_of(person_id: int) -> Sequence[Signup]:
    """Return every live place of a person; nearly always none or one."""
    return db.session.scalars(select(Signup).where(Signup.person_id == person_id, Signup.state.in_(LIVE))).all()


def overlaps_another(run_id: int, person_id: int, *, leaving: int | None = None) -> bool:
    """Return whether the person holds a live place in another run that meets at the same time (rel-S3).

    :param leaving: a run whose place is about to be given up and does not count
    """
    mine, other = aliased(Meeting), aliased(Meeting)
    clash = (
        select(Signup.id)
        .join(CourseRun, CourseRun.id == Signup.run_id)
        .join(other, other.run_id == Signup.run_id)
        .join(mine, (mine.starts_at < other.ends_at) & (other.starts_at < mine.ends_at))
        .where(
            Signup.person_id == person_id, Signup.state.in_(LIVE), Signup.run_id != run_id,
            CourseRun.state == "published", mine.run_id == run_id, Signup.run_id != (leaving or run_id),
        )
    )  # fmt: skip
    return db.session.scalar(select(clash.exists())) or False


def meet_at_once(run_id: int, other_id: int) -> bool:
    """Return whether two runs have sittings at the same time."""
    one, other = aliased(Meeting), aliased(Meeting)
    clash = select(one.id).join(other, (one.starts_at < other.ends_at) & (other.starts_at < one.ends_at))
    return db.session.scalar(select(clash.where(one.run_id == run_id, other.run_id == other_id).exists())) or False


def rank_of(signup: Signup) -> int | None:
    """Return 1 for who is next, None for who does not wait."""
    if signup.position is None:
        return None
    ahead = select(func.count()).where(
        Signup.pool_id == signup.pool_id, Signup.state == "waitlisted", Signup.position < signup.position
    )
    return (db.session.scalar(ahead) or 0) + 1


def ranks_of(signups: Sequence[Signup]) -> dict[int, int]:
    """Return {id: rank} of those who wait, in one statement."""
    waiting = [one.id for one in signups if one.position is not None]
    if not waiting:
        return {}
    ahead = aliased(Signup)
    rank = (
        select(func.count())
        .where(ahead.pool_id == Signup.pool_id, ahead.state == "waitlisted", ahead.position <= Signup.position)
        .scalar_subquery()
    )
    return {row[0]: row[1] for row in db.session.execute(select(Signup.id, rank).where(Signup.id.in_(waiting)))}


def left_run(run_id: int, visible: ColumnElement[bool]) -> Sequence[Signup]:
    """Return, in scope, whose place ended by a word or by none, and who excused an absence, the latest first."""
    query = (
        select(Signup)
        .join(CourseRun, CourseRun.id == Signup.run_id)
        .where(
            Signup.run_id == run_id, visible,
            or_(Signup.state.in_(("withdrawn", "lapsed")), Signup.excused_at.is_not(None)),
        )
        .order_by(func.coalesce(Signup.ended_at, Signup.excused_at).desc(), Signup.id.desc())
    )  # fmt: skip
    return db.session.scalars(query.limit(200)).all()


def queue_length(pool_id: int) -> int:
    """Return how many wait in a pool."""
    return db.session.scalar(select(SeatPool.waiting).where(SeatPool.id == pool_id)) or 0


def signup_in(visible: ColumnElement[bool], signup_id: int) -> Signup | None:
    """Return a sign-up in ``visible`` (a scope)."""
    query = select(Signup).join(CourseRun, CourseRun.id == Signup.run_id).where(Signup.id == signup_id, visible)
    return db.session.scalars(_with_run(query)).first()


def roster(run_id: int, visible: ColumnElement[bool]) -> Sequence[tuple[Signup, Person]]:
    """Return who holds or awaits a place, in scope: the seated by name, then the line in its order."""
    query = (
        select(Signup, Person)
        .join(Person, Person.id == Signup.person_id)
        .join(CourseRun, CourseRun.id == Signup.run_id)
        .where(Signup.run_id == run_id, Signup.state.in_(LIVE), visible)
        .order_by(Signup.position.is_not(None), Signup.position, Signup.sort_key, Signup.id)
    )
    return [(row[0], row[1]) for row in db.session.execute(query)]


def checked_in_count(run_id: int) -> int:
    """Return how many came: whoever checks somebody in writes ``outcome`` on the sign-up."""
    query = select(func.count()).where(Signup.run_id == run_id, Signup.outcome == "attended")
    return db.session.scalar(query) or 0


def export_person(signup_ids: Collection[int]) -> list[dict[str, Any]]:
    """Return a person's sign-ups for the person, the latest training first."""
    query = _with_run(select(Signup).join(CourseRun, CourseRun.id == Signup.run_id).where(Signup.id.in_(signup_ids)))
    rows = db.session.scalars(query.order_by(CourseRun.starts_at.desc(), Signup.id.desc()))
    return [_exported(row) for row in rows]


def _exported(row: Signup) -> dict[str, Any]:
    run = row.run
    return {
        "id": row.id, "run_id": run.id, "title": run.title, "kind": run.syllabus.course_type.name,
        "starts_at": run.starts_at, "ends_at": run.ends_at, "venue": run.venue.name, "state": row.state,
        "outcome": row.outcome, "name": row.name, "latin_name": row.latin_name or None,
        "phone": mask_phone(phone_of(row)), "channel": row.channel,
        "signed_up_at": row.created_at, "ended_at": row.ended_at, "reason": row.note or None,
        "health_notice_read_at": row.health_notice_read_at, "live": row.state in LIVE,
        "over_capacity": row.over_capacity,
    }  # fmt: skip


def kept_run(signup: Signup) -> CourseRun | None:
    """Return the other run in which a seat is kept until this one is sure, None when there is none.

    Who waited in one run and moved on to another has it further back: a place in a line is no date to keep, or give up.
    """
    before = signup.moves_from_id
    for _ in range(MOVES_AT_MOST):
        kept = select(Signup.state, Signup.run_id, Signup.moves_from_id).where(Signup.id == before)
        found = db.session.execute(kept).first() if before is not None else None
        if found is None or found.state not in (*LIVE, "moved"):
            break
        if found.state in SEATED:
            return db.session.get_one(CourseRun, found.run_id)
        before = found.moves_from_id
    return None
