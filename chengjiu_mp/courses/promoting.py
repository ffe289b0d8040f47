"""The one function that moves the line, and how long an offered seat is held."""

from datetime import datetime, timedelta

from chengjiu_mp.core import audit, clock, jobs
from chengjiu_mp.core.db import db
from chengjiu_mp.courses import messages
from chengjiu_mp.courses.models import CourseRun, Signup
from chengjiu_mp.courses.seats import Pools, first_in_line
from chengjiu_mp.courses.signup_queries import phone_of

# Free public classes: a day to answer, but no later than half a day ahead; inside the last day an hour.
HOLD = timedelta(hours=24)
HOLD_ENDS_BEFORE = timedelta(hours=12)
SHORTEST_HOLD = timedelta(hours=1)

FINISH_MOVE = "courses.finish_move"


def held_until(run: CourseRun, delivered_at: datetime) -> datetime:
    """Return until when a seat is held for who was offered it by a message that arrived at ``delivered_at``."""
    regular = min(delivered_at + HOLD, run.starts_at - HOLD_ENDS_BEFORE)
    return min(max(regular, delivered_at + SHORTEST_HOLD), run.starts_at)


def promote_from_waitlist(pools: Pools, run: CourseRun) -> list[Signup]:
    """Give free seats to who waits, the smallest position first, until one of the two runs out (rel-S2, S4).

    The caller holds the pools' rows (:func:`locked_pools`). Who proved a phone is offered the seat and asked; anybody
    else is confirmed at once and listed for a call, so that no seat waits for a message that nobody may read.
    """
    pool, moved = pools.open, list[Signup]()
    while pool.waiting and pool.taken < pool.capacity and (next_one := first_in_line(pool)):
        position, next_one.position, next_one.promoted_at = next_one.position, None, clock.now()
        pool.waiting -= 1
        pool.taken += 1
        asked = _is_asked(next_one, run)
        next_one.state = "offered" if asked else "confirmed"
        db.session.flush()
        audit.record(
            "signup.offered" if asked else "signup.promoted", next_one, unit_id=run.unit_id, position=position,
            to_call=not asked,
        )  # fmt: skip
        if asked:
            messages.tell_offered(next_one, run, held_until(run, clock.now()))
        else:
            messages.tell_promoted(next_one, run, call=True)
            settle_move(next_one)
        moved.append(next_one)
    return moved


def settle_move(signup: Signup) -> None:
    """Give back the place in another run that was kept until this one was sure; by a job, which takes both locks."""
    if signup.moves_from_id is not None:
        jobs.ask(FINISH_MOVE, signup.id, queue=jobs.URGENT, dedupe_key=f"{FINISH_MOVE}:{signup.id}")


def _is_asked(signup: Signup, run: CourseRun) -> bool:
    # Numbers abroad are kept as contacts; no short message reaches them. Within the last hour nobody is asked.
    reachable = signup.phone_proved_at is not None and not phone_of(signup).startswith("+")
    return reachable and run.starts_at - clock.now() > SHORTEST_HOLD
