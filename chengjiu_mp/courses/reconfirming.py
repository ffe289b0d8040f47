"""Confirming a place once more, and giving on the places that nobody confirmed (feat-N24)."""

from datetime import timedelta

from sqlalchemy import select, update

from chengjiu_mp.core import audit, clock
from chengjiu_mp.core.db import db
from chengjiu_mp.courses import messages
from chengjiu_mp.courses.errors import SeatReleased
from chengjiu_mp.courses.models import LIVE, CourseRun, Signup
from chengjiu_mp.courses.promoting import promote_from_waitlist
from chengjiu_mp.courses.queries import run_with_seats
from chengjiu_mp.courses.seats import locked_pools, release_place
from chengjiu_mp.courses.standing import confirm_deadline
from chengjiu_mp.outbox.queries import fate_of

# Who taps as the clock strikes is still in time; a minute later the seat goes on.
GRACE = timedelta(minutes=1)


def asks_to_confirm(signup: Signup) -> bool:
    """Return whether the holder of a seat still has to say that they come."""
    return signup.state == "confirmed" and signup.confirm_by is not None and signup.reconfirmed_at is None


def reconfirm(signup: Signup) -> Signup:
    """Write that the holder comes; saying it twice changes nothing.

    :raise SeatReleased: when the seat went on before; or there is none
    """
    said = db.session.execute(
        update(Signup)
        .where(Signup.id == signup.id, Signup.state == "confirmed", Signup.reconfirmed_at.is_(None))
        .values(reconfirmed_at=clock.now())
        .returning(Signup.id)
    ).first()
    db.session.refresh(signup)
    if said is None and signup.state != "confirmed":
        raise SeatReleased
    if said is not None:
        audit.record("signup.reconfirmed", signup, unit_id=run_with_seats(signup.run_id).run.unit_id)
    return signup


def unconfirmed_places() -> list[int]:
    """Return the ids of the places whose time to confirm is over, in runs that are still to come."""
    now = clock.now()
    due = (
        select(Signup.id)
        .join(CourseRun, CourseRun.id == Signup.run_id)
        .where(
            Signup.state == "confirmed", Signup.confirm_by <= now - GRACE, Signup.reconfirmed_at.is_(None),
            Signup.outcome.is_(None), CourseRun.state == "published", CourseRun.starts_at > now,
        )
    )  # fmt: skip
    return list(db.session.scalars(due.order_by(Signup.id).limit(500)))


def settle_unconfirmed(signup_id: int) -> None:
    """Give an unconfirmed seat on, unless it came too late to be asked for, or nobody could be asked; looking again
    is harmless.
    """
    signup = db.session.get_one(Signup, signup_id)
    pools = locked_pools(signup.run_id)
    db.session.refresh(signup, with_for_update=True)
    run = run_with_seats(signup.run_id).run
    deadline = signup.confirm_by
    if not asks_to_confirm(signup) or deadline is None or deadline + GRACE > clock.now() or signup.outcome is not None:
        return
    if (signup.promoted_at or signup.created_at) >= deadline or _nobody_asked(signup):
        signup.confirm_by = None
        db.session.flush()
        audit.record("signup.kept_unconfirmed", signup, unit_id=run.unit_id)
        return
    release_place(pools, signup)
    signup.state, signup.ended_at = "lapsed", clock.now()
    db.session.flush()
    audit.record("signup.seat_released", signup, unit_id=run.unit_id)
    messages.tell_seat_released(signup, run)
    promote_from_waitlist(pools, run)


def follow_new_date(run: CourseRun) -> None:
    """Move the deadline of those who are asked, or will be once they have a seat, with the run; what they confirmed
    was another day.
    """
    deadline = confirm_deadline(run)
    db.session.execute(
        update(Signup)
        .where(Signup.run_id == run.id, Signup.state.in_(LIVE), Signup.confirm_by.is_not(None))
        .values(confirm_by=deadline if deadline > clock.now() else None, reconfirmed_at=None)
        .execution_options(synchronize_session="fetch")
    )


def _nobody_asked(signup: Signup) -> bool:
    """Return whether no channel took any of the messages that asked; staff have these people on their list to call."""
    fates = [fate_of(key) for key in messages.asking_keys(signup)]
    return any(one.given_up for one in fates) and not any(one.delivered_at or one.pending for one in fates)
