"""Moving to another run without losing the place until the new one is sure (feat-N23)."""

from collections.abc import Sequence

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from chengjiu_mp.core import audit, clock
from chengjiu_mp.core.db import db, violated
from chengjiu_mp.courses import messages
from chengjiu_mp.courses.errors import AlreadySignedUp, CannotMove, OverlappingSignup
from chengjiu_mp.courses.models import LIVE, CourseRun, Signup
from chengjiu_mp.courses.promoting import promote_from_waitlist, settle_move
from chengjiu_mp.courses.queries import phase_of, run_with_seats
from chengjiu_mp.courses.refreshing import check_may_renew
from chengjiu_mp.courses.seats import Place, Pools, all_locked, both_locked, release_place, take_place
from chengjiu_mp.courses.signing_up import Made
from chengjiu_mp.courses.signup_queries import (
    MOVES_AT_MOST,
    kept_run,
    meet_at_once,
    overlaps_another,
    rank_of,
    ticket_token,
)
from chengjiu_mp.courses.signup_rows import moved_copy
from chengjiu_mp.people.models import Consent


def move(signup: Signup, run_id: int) -> Made:
    """Return the place in another run. With a seat there, the old place ends as ``moved`` at once; in the line there,
    the old place is kept until a seat comes.

    :raise CannotMove: the old place has ended or begun, or the other run takes nobody
    :raise AlreadySignedUp: the person holds a place there; :raise OverlappingSignup: it would meet at the same time
    """
    here, there = both_locked(signup.run_id, run_id)
    db.session.refresh(signup)
    left, found = run_with_seats(signup.run_id).run, run_with_seats(run_id)
    _check(signup, left, found.run)
    row, token = moved_copy(signup, found.run)
    row.moves_from_id = signup.id
    try:
        with db.session.begin_nested():
            place = take_place(there.open.id)
            row.pool_id, row.state, row.position = place.pool_id, place.state, place.position
            db.session.add(row)
    except IntegrityError as exc:
        if violated(exc, "uq_signup_one_live"):
            raise AlreadySignedUp from exc
        raise
    if place.state == "waitlisted" and meet_at_once(left.id, run_id):
        # Both could not be kept: two places of one person never meet at one time (rel-S3).
        raise OverlappingSignup("那一场时间相同，已经满员，换过去要先退掉这一场。请换一个时间不同的场次。")
    _carry(signup, row, found.run, place)
    if place.state == "confirmed":
        _leave(here, signup, left, row)
        if signup.moves_from_id is not None:
            # It was waited for itself, and a place is kept for it: that one ends with it.
            settle_move(row)
    return Made(row, place.rank or None, token, fresh=True)


def finish_move(signup_id: int) -> None:
    """Give back what was kept while its holder waited elsewhere; doing it twice changes nothing.

    Who waited in one run and moved on to another kept more than one place.
    """
    arrived = db.session.get(Signup, signup_id)
    if arrived is None or arrived.moves_from_id is None:
        return
    pools = all_locked({arrived.run_id, *(one.run_id for one in _behind(arrived))})
    db.session.refresh(arrived)
    if arrived.state != "confirmed":
        return
    for kept in _behind(arrived):
        left = run_with_seats(kept.run_id).run
        if kept.state in LIVE and kept.outcome is None and kept.run_id in pools:
            _leave(pools[kept.run_id], kept, left, arrived)


def _behind(arrived: Signup) -> list[Signup]:
    """Return the place that was kept for this one, and those that were kept for it, as they are now.

    A run that was called off or merged ends the row: nobody chose where its people are now.
    """
    found: list[Signup] = []
    before = arrived.moves_from_id
    while before is not None and len(found) < MOVES_AT_MOST:
        one = db.session.get_one(Signup, before, populate_existing=True)
        if one.state not in (*LIVE, "moved") or run_with_seats(one.run_id).run.state != "published":
            break
        found.append(one)
        before = one.moves_from_id
    return found


def moved_to(signup: Signup) -> Signup | None:
    """Return the live place that a moved sign-up became, through as many moves as there were."""
    here: Signup | None = signup
    for _ in range(MOVES_AT_MOST):
        if here is None or here.state != "moved":
            break
        here = db.session.scalars(
            select(Signup).where(Signup.moves_from_id == here.id).order_by(Signup.id.desc()).limit(1)
        ).first()
    return here if here is not signup else None


def leave_kept(signup: Signup) -> Made | None:
    """Return the waiting place elsewhere for which this one is kept, None when there is none."""
    row = next(iter(waiting_instead(signup)), None)
    return Made(row, rank_of(row), ticket_token(row), fresh=False) if row else None


def waiting_instead(signup: Signup) -> Sequence[Signup]:
    """Return the places in lines of runs that have not begun for which this one is kept."""
    waits = Signup.moves_from_id == signup.id, Signup.state.in_(("waitlisted", "offered"))
    query = select(Signup).join(CourseRun, CourseRun.id == Signup.run_id)
    return db.session.scalars(query.where(*waits, CourseRun.starts_at > clock.now()).order_by(Signup.id)).all()


def _check(signup: Signup, left: CourseRun, goal: CourseRun) -> None:
    begun = signup.outcome is not None or left.state != "published" or clock.now() >= left.starts_at
    if signup.state not in LIVE or signup.state == "pending" or begun or left.id == goal.id:
        raise CannotMove
    if phase_of(goal) != "open" or goal.syllabus.course_type.family == "instructor":
        raise CannotMove
    if overlaps_another(goal.id, signup.person_id, leaving=left.id):
        raise OverlappingSignup
    check_may_renew(signup.person_id, goal)


def carry_consents(signup: Signup, row: Signup) -> None:
    """Write what was agreed to for one sign-up for the one that follows it, with the time it was given."""
    given = db.session.scalars(select(Consent).where(Consent.signup_id == signup.id, Consent.withdrawn_at.is_(None)))
    db.session.add_all(
        Consent(
            person_id=one.person_id, signup_id=row.id, notice_id=one.notice_id, text_sha256=one.text_sha256,
            channel=one.channel, given_at=one.given_at,
        )
        for one in given
    )  # fmt: skip
    db.session.flush()


def _carry(signup: Signup, row: Signup, run: CourseRun, place: Place) -> None:
    carry_consents(signup, row)
    facts = {"state": row.state, "position": row.position, "moves_from": signup.id}
    audit.record("signup.made", row, unit_id=run.unit_id, channel=row.channel, **facts)
    if place.state == "confirmed":
        messages.tell_moved(row, run, left=kept_run(signup))
    else:
        messages.tell_waiting(row, run, place.rank, kept=kept_run(row))


def keep_instead(old: Signup, new: Signup) -> None:
    """Let who waits elsewhere for an old place keep the new one: a seat there must end it, or there would be two."""
    waits = Signup.moves_from_id == old.id, Signup.id != new.id, Signup.state.in_(LIVE)
    db.session.execute(update(Signup).where(*waits).values(moves_from_id=new.id))


def _leave(here: Pools, signup: Signup, left: CourseRun, new: Signup) -> None:
    """End the old place. Its holder hears of the new one only: one change, one message."""
    keep_instead(signup, new)
    release_place(here, signup)
    signup.state, signup.ended_at = "moved", clock.now()
    db.session.flush()
    audit.record("signup.moved", signup, unit_id=left.unit_id)
    promote_from_waitlist(here, left)
