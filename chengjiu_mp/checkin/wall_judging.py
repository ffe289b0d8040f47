"""What a scanned code or a handed-in claim is worth, and keeping what was refused."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import or_, select

from chengjiu_mp.checkin import wall_codes
from chengjiu_mp.checkin.attendance import take_turn
from chengjiu_mp.checkin.models import Scan
from chengjiu_mp.checkin.wall_displays import bound_to, refuse_outside
from chengjiu_mp.checkin.wall_errors import (
    WallCodeOld,
    WallCodeUnknown,
    WallElsewhere,
    WallEnded,
    WallRefusal,
    WallTooSlow,
)
from chengjiu_mp.checkin.wall_models import WallDisplay
from chengjiu_mp.core import clock, limits
from chengjiu_mp.core.context import Principal
from chengjiu_mp.core.db import db
from chengjiu_mp.core.limits import Limit
from chengjiu_mp.courses.models import LIVE, CourseRun, Meeting, Signup
from chengjiu_mp.courses.signup_queries import reached_by

BY = "墙上的码"
# Between the scan and the tap: people read their name first.
CLAIM_LIVES = timedelta(seconds=120)
# A family shares a phone; more people than this on one of them is a hint for the instructor.
PARTY = 4
# Of one phone's refused tries so many are kept in ten minutes: nobody floods the instructor's list.
_KEPT, _KEPT_SECONDS = 6, 600


@dataclass(frozen=True)
class Judged:
    """A code or a claim that names a display of ours; ``refusal`` is None when it may be used now."""

    display: WallDisplay
    run: CourseRun
    meeting: Meeting
    counter: int
    refusal: WallRefusal | None = None


def judge_code(text: str) -> Judged:
    """Return what a scanned code is worth at this moment by the server's clock.

    Accepted are the step under way and the one before it (rel-C3): nothing older than two steps.

    :raise WallCodeUnknown: it names no display
    """
    code = wall_codes.read_code(text)
    found = _display(code.display) if code else None
    if code is None or found is None:
        raise WallCodeUnknown
    display, run, meeting = found
    bound = bound_to(display, run, meeting)
    refusal: WallRefusal | None = None
    if not bound.holds(code):
        refusal = WallCodeUnknown()
    else:
        age = bound.counter_at(clock.now()) - code.counter
        refusal = _shut(display, run, meeting) or (WallCodeOld() if age not in (0, 1) else None)
    return Judged(display, run, meeting, code.counter, refusal)


def judge_claim(text: str, who: Principal) -> tuple[Judged, int]:
    """Return what a form's claim is worth, and how many milliseconds ago it was made.

    :raise WallElsewhere: it names no display
    """
    claim, ours = wall_codes.read_claim(text, who.device_id)
    found = _display(claim.display) if claim else None
    if claim is None or found is None:
        raise WallElsewhere
    display, run, meeting = found
    took = now_ms() - claim.made_ms
    refusal: WallRefusal | None = None
    if not ours:
        refusal = WallElsewhere()
    elif took > CLAIM_LIVES.total_seconds() * 1000:
        refusal = WallTooSlow()
    return Judged(display, run, meeting, claim.counter, refusal or _shut(display, run, meeting)), took


def claim_for(judged: Judged, who: Principal) -> str:
    """Return the claim that this phone's form holds, "" without a session: then nothing was signed up on it."""
    if who.device_id is None:
        return ""
    return wall_codes.Claim(judged.display.code, judged.counter, now_ms()).sealed_for(who.device_id)


def now_ms() -> int:
    """Return the milliseconds since 1970, by business time."""
    return int(clock.now().timestamp() * 1000)


def _display(code: str) -> tuple[WallDisplay, CourseRun, Meeting] | None:
    query = (
        select(WallDisplay, CourseRun, Meeting)
        .join(CourseRun, CourseRun.id == WallDisplay.run_id)
        .join(Meeting, Meeting.id == WallDisplay.meeting_id)
        .where(WallDisplay.code == code)
    )
    found = db.session.execute(query.execution_options(populate_existing=True)).first()
    return (found[0], found[1], found[2]) if found else None


def _shut(display: WallDisplay, run: CourseRun, meeting: Meeting) -> WallRefusal | None:
    if display.ended_at is not None:
        return WallEnded()
    try:
        refuse_outside(run, meeting)
    except WallRefusal as refusal:
        return refusal
    return None


def own_signups(run_id: int, who: Principal) -> Sequence[Signup]:
    """Return whom this phone may check in: signed up on it, by its account, or with the number proved on it."""
    here = or_(Signup.state.in_(LIVE), Signup.outcome == "attended")
    query = select(Signup).where(Signup.run_id == run_id, Signup.erased_at.is_(None), here, reached_by(who))
    return db.session.scalars(query.order_by(Signup.id).limit(20).execution_options(populate_existing=True)).all()


def keep_refused(judged: Judged, who: Principal) -> int:
    """Keep a refused try as a scan of each person that this phone signed up (rel-C5); return how many were added.

    A phone without a sign-up in the run leaves nothing: nobody can be made to look refused by others. The same code is
    kept once.
    """
    people = own_signups(judged.run.id, who)[:PARTY]
    if judged.refusal is None or not people or who.device_id is None or judged.refusal.code == WallTooSlow.code:
        return 0
    counter = Limit(f"wall-refused:{who.device_id}", _KEPT, _KEPT_SECONDS, soft=True)
    if limits.count(counter)[counter.key] > _KEPT:
        return 0
    take_turn(judged.run)
    code, display = judged.refusal.code, judged.display
    nonces = {f"no.{display.code}.{judged.counter}.{one.id}.{code}": one for one in people}
    known = set(db.session.scalars(select(Scan.nonce).where(Scan.run_id == judged.run.id, Scan.nonce.in_(nonces))))
    fresh = {nonce: one for nonce, one in nonces.items() if nonce not in known}
    db.session.add_all(scan_of(judged, one, who, nonce, code) for nonce, one in fresh.items())
    db.session.flush()
    return len(fresh)


def scan_of(judged: Judged, signup: Signup, who: Principal, nonce: str, code: str) -> Scan:
    """Return a new scan from the wall with the verdict that ``code`` means."""
    return Scan(
        run_id=judged.run.id, meeting_id=judged.meeting.id, signup_id=signup.id, nonce=nonce, source="wall",
        scanned_at=clock.now(), received_at=clock.now(), account_id=who.account_id, by_name=BY,
        verdict="accepted" if code == "ok" else "refused", code=code,
    )  # fmt: skip
