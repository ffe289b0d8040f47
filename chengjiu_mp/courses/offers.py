"""An offered seat: accepted, declined, or lapsed and offered on (feat-A5). The seat is held meanwhile."""

from sqlalchemy import or_, select

from chengjiu_mp.core import audit, clock
from chengjiu_mp.core.db import db
from chengjiu_mp.courses import messages
from chengjiu_mp.courses.errors import OfferGone
from chengjiu_mp.courses.models import CourseRun, Signup
from chengjiu_mp.courses.promoting import SHORTEST_HOLD, held_until, promote_from_waitlist, settle_move
from chengjiu_mp.courses.queries import run_with_seats
from chengjiu_mp.courses.seats import locked_pools, release_place
from chengjiu_mp.outbox.queries import fate_of


def accept(signup: Signup) -> Signup:
    """Take the offered seat; doing it twice changes nothing. Declining is withdrawing.

    :raise OfferGone: when it lapsed, or was given back
    """
    locked_pools(signup.run_id)
    db.session.refresh(signup)
    if signup.state == "confirmed":
        return signup
    if signup.state != "offered":
        raise OfferGone
    _confirm(signup, run_with_seats(signup.run_id).run, by="holder")
    return signup


def unsettled_offers() -> list[int]:
    """Return the ids of the offers to look at: those whose clock has not started, and those whose time is over."""
    due = select(Signup.id).where(
        Signup.state == "offered", or_(Signup.offer_ends_at.is_(None), Signup.offer_ends_at <= clock.now())
    )
    return list(db.session.scalars(due.order_by(Signup.id).limit(500)))


def settle_offer(signup_id: int) -> None:
    """Start an offer's clock, let it lapse, or confirm it when nobody could be asked; looking again is harmless."""
    signup = db.session.get(Signup, signup_id)
    if signup is None:
        return
    pools = locked_pools(signup.run_id)
    db.session.refresh(signup)
    run = run_with_seats(signup.run_id).run
    if signup.state != "offered" or run.state != "published":
        return
    if signup.offer_ends_at is None:
        _start_clock(signup, run)
    elif signup.offer_ends_at <= clock.now():
        release_place(pools, signup)
        signup.state, signup.ended_at = "lapsed", clock.now()
        db.session.flush()
        audit.record("signup.offer_lapsed", signup, unit_id=run.unit_id)
        messages.tell_offer_lapsed(signup, run)
        promote_from_waitlist(pools, run)


def _start_clock(signup: Signup, run: CourseRun) -> None:
    fate = fate_of(messages.key("signup.offered", signup))
    if fate.delivered_at is not None:
        signup.offer_ends_at = held_until(run, fate.delivered_at)
        db.session.flush()
    elif fate.given_up or run.starts_at - clock.now() <= SHORTEST_HOLD:
        # No channel reached them, or there is no time left to wait for one: the seat is theirs, and staff call.
        _confirm(signup, run, by="nobody_asked")


def _confirm(signup: Signup, run: CourseRun, by: str) -> None:
    signup.state, signup.offer_ends_at = "confirmed", None
    if by == "holder":
        # Who just said that they come is not asked once more.
        signup.reconfirmed_at = clock.now()
    db.session.flush()
    audit.record("signup.offer_accepted", signup, unit_id=run.unit_id, by=by)
    messages.tell_promoted(signup, run, call=by != "holder")
    settle_move(signup)
