"""Opening and ending a hall's screen, and what it shows now."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select

from chengjiu_mp.checkin import policy, queries, wall_codes
from chengjiu_mp.checkin.attendance import take_turn
from chengjiu_mp.checkin.wall_errors import WallEnded, WallOver, WallTooEarly
from chengjiu_mp.checkin.wall_models import WallDisplay
from chengjiu_mp.core import audit, clock
from chengjiu_mp.core.context import Principal
from chengjiu_mp.core.db import db
from chengjiu_mp.core.errors import NotFound
from chengjiu_mp.core.site import site
from chengjiu_mp.courses.models import CourseRun, Meeting

# How long the second scan stays open.
SECOND_FOR = timedelta(minutes=10)


@dataclass(frozen=True)
class Shown:
    """A display's code now. ``lives_for``: seconds until the next one comes; it is accepted a step longer than that."""

    display: WallDisplay
    counter: int
    url: str
    lives_for: float
    second: bool

    @property
    def dies_in(self) -> float:
        """Return the seconds until this code is refused."""
        return self.lives_for + self.display.step_seconds


def bound_to(display: WallDisplay, run: CourseRun, meeting: Meeting) -> wall_codes.Bound:
    """Return what the display's codes are bound to: a run that moved house, or day, has other codes."""
    day = clock.day_of(meeting.starts_at)
    return wall_codes.Bound(run.id, run.venue_id, day, display.code, display.step_seconds)


def refuse_outside(run: CourseRun, meeting: Meeting) -> None:
    """Let the wall be used from half an hour ahead of the meeting to its end (rel-C3).

    :raise WallTooEarly, WallOver
    """
    now = clock.now()
    if now > meeting.ends_at or run.state != "published":
        raise WallOver
    if now < policy.opens_at(meeting):
        raise WallTooEarly(opens_at=policy.opens_at(meeting).isoformat())


def asks_twice(run: CourseRun) -> bool:
    """Return whether a second scan is asked: where the run leads to a certificate."""
    return run.exam_scheme_id is not None


def second_open(display: WallDisplay) -> bool:
    """Return whether the second scan is under way."""
    return display.second_at is not None and display.second_at <= clock.now() < display.second_at + SECOND_FOR


def open_display(run_id: int, meeting_id: int | None, by: Principal, *, step: int = 15) -> WallDisplay:
    """Return a new display of a meeting, or the caller's own that is open already with this step.

    :raise NotFound, RosterNotOpen, NoMeetings: as the roster; :raise WallTooEarly, WallOver: outside of its hours
    """
    run = policy.run_to_check_in(by, run_id)
    meeting = queries.meeting_of(run.id, meeting_id)
    take_turn(run)
    refuse_outside(run, meeting)
    mine = select(WallDisplay).where(
        WallDisplay.meeting_id == meeting.id, WallDisplay.opened_by == by.account_id,
        WallDisplay.ended_at.is_(None), WallDisplay.step_seconds == step,
    )  # fmt: skip
    there = db.session.scalars(mine.order_by(WallDisplay.id)).first()
    return there or _opened(run, meeting, by, step)


def _opened(run: CourseRun, meeting: Meeting, by: Principal, step: int) -> WallDisplay:
    last = db.session.scalar(select(func.max(WallDisplay.number)).where(WallDisplay.run_id == run.id)) or 0
    row = WallDisplay(
        run_id=run.id, meeting_id=meeting.id, number=last + 1, code=wall_codes.new_display(), step_seconds=step,
        opened_by=by.account_id, second_at=_second_at(meeting) if asks_twice(run) else None,
    )  # fmt: skip
    db.session.add(row)
    db.session.flush()
    audit.record("wall.opened", row, unit_id=run.unit_id, run_id=run.id, meeting_id=meeting.id, number=row.number)
    return row


def _second_at(meeting: Meeting) -> datetime | None:
    """Return the other screens' time while it is still to come or under way, else a random one after half-time."""
    now = clock.now()
    known = db.session.scalar(select(func.max(WallDisplay.second_at)).where(WallDisplay.meeting_id == meeting.id))
    if known is not None and known + SECOND_FOR > now:
        return known
    half = meeting.starts_at + (meeting.ends_at - meeting.starts_at) / 2
    first, last = max(half, now), meeting.ends_at - SECOND_FOR
    room = int((last - first).total_seconds())
    return first + timedelta(seconds=secrets.randbelow(room + 1)) if room >= 0 else None


def display_of(run_id: int, display_id: int, by: Principal) -> WallDisplay:
    """Return a display of a run that the caller may check in to.

    :raise NotFound, RosterNotOpen
    """
    run = policy.run_to_check_in(by, run_id)
    row = db.session.get(WallDisplay, display_id)
    if row is None or row.run_id != run.id:
        raise NotFound
    return row


def shown_now(run_id: int, display_id: int, by: Principal) -> Shown:
    """Return what a display shows at this moment.

    :raise NotFound, RosterNotOpen: as the roster; :raise WallEnded, WallTooEarly, WallOver: it shows nothing
    """
    row = display_of(run_id, display_id, by)
    run, meeting = db.session.get_one(CourseRun, run_id), db.session.get_one(Meeting, row.meeting_id)
    if row.ended_at is not None:
        raise WallEnded
    refuse_outside(run, meeting)
    bound, now = bound_to(row, run, meeting), clock.now()
    counter = bound.counter_at(now)
    rest = (counter + 1) * row.step_seconds - now.timestamp()
    return Shown(row, counter, site().link(f"/w/{bound.code(counter)}"), rest, second_open(row))


def end_display(run_id: int, display_id: int, by: Principal) -> WallDisplay:
    """Put a display's codes out of use at once; a second time changes nothing.

    :raise NotFound, RosterNotOpen
    """
    row = display_of(run_id, display_id, by)
    run = db.session.get_one(CourseRun, run_id)
    take_turn(run)
    db.session.refresh(row)
    if row.ended_at is None:
        row.ended_at = clock.now()
        db.session.flush()
        audit.record("wall.ended", row, unit_id=run.unit_id, run_id=run.id, number=row.number)
    return row
