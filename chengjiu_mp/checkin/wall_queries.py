"""Reads about the wall: who came by it, who was not seen a second time, and what an instructor should look at."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Select, exists, func, or_, select
from sqlalchemy.orm import aliased

from chengjiu_mp.checkin.models import CheckIn, Scan
from chengjiu_mp.checkin.wall_checkin import SEEN
from chengjiu_mp.checkin.wall_displays import SECOND_FOR, asks_twice
from chengjiu_mp.checkin.wall_judging import PARTY
from chengjiu_mp.checkin.wall_models import WallDisplay, WallPresence
from chengjiu_mp.core import clock
from chengjiu_mp.core.db import db
from chengjiu_mp.courses.models import CourseRun, Meeting, Signup

# Nobody reads a page and taps within this; a script does.
_TOO_QUICK_MS = 300


@dataclass(frozen=True)
class ByWall:
    """Of a run: how many came by the wall's code alone, and how many of those were not seen a second time."""

    people: int
    unseen: int


@dataclass(frozen=True)
class Unseen:
    """Who scanned once, of those who should have twice: the instructor looks whether they are there."""

    signup_id: int
    name: str
    first_at: datetime


@dataclass(frozen=True)
class Hint:
    """What an instructor should look at; never a ground by itself. ``kind``: "many" on one phone, or "quick"."""

    kind: str
    names: Sequence[str]


@dataclass(frozen=True)
class WallOnRoster:
    """What the roster of a meeting shows of its wall. ``second``: begin and end of the second scan, for staff alone."""

    displays: Sequence[WallDisplay]
    people: int
    second: tuple[datetime, datetime] | None
    unseen: Sequence[Unseen]
    hints: Sequence[Hint]


def displays_of(meeting_id: int) -> Sequence[WallDisplay]:
    """Return a meeting's displays that were not ended, the first opened first."""
    query = select(WallDisplay).where(WallDisplay.meeting_id == meeting_id, WallDisplay.ended_at.is_(None))
    return db.session.scalars(query.order_by(WallDisplay.number)).all()


def on_roster(run: CourseRun, meeting: Meeting) -> WallOnRoster:
    """Return the wall's part of a meeting's roster."""
    begins = db.session.scalar(select(func.max(WallDisplay.second_at)).where(WallDisplay.meeting_id == meeting.id))
    people = _by_wall(func.count(CheckIn.id)).where(CheckIn.meeting_id == meeting.id)
    return WallOnRoster(
        displays=displays_of(meeting.id) if clock.now() <= meeting.ends_at else (),
        people=db.session.scalar(people) or 0, second=(begins, begins + SECOND_FOR) if begins else None,
        unseen=[Unseen(*row) for row in db.session.execute(_unseen(run, meeting.id))], hints=_hints(meeting.id),
    )  # fmt: skip


def by_wall(run: CourseRun) -> ByWall:
    """Return who came by the wall to any meeting of the run, for whoever holds the head count against it."""
    people = _by_wall(func.count(func.distinct(CheckIn.signup_id))).where(CheckIn.run_id == run.id)
    unseen = {row[0] for row in db.session.execute(_unseen(run))}
    return ByWall(db.session.scalar(people) or 0, len(unseen))


def _by_wall(what: ColumnElement[int]) -> Select[int]:
    """Select over check-ins that the wall's code made and nobody's eyes confirmed."""
    other, gone = aliased(Scan), aliased(Scan)
    seen = exists().where(
        other.signup_id == CheckIn.signup_id, other.meeting_id == CheckIn.meeting_id, other.source.in_(SEEN),
        other.verdict != "refused", other.annuls_id.is_(None), ~exists().where(gone.annuls_id == other.id),
    )  # fmt: skip
    return select(what).select_from(CheckIn).join(Scan, Scan.id == CheckIn.scan_id).where(Scan.source == "wall", ~seen)


def _unseen(run: CourseRun, meeting_id: int | None = None) -> Select[int, str, datetime]:
    """Select (sign-up, name, when first) of who should have scanned twice by now, and did not."""
    twice = exists().where(
        WallPresence.signup_id == CheckIn.signup_id, WallPresence.meeting_id == CheckIn.meeting_id,
        WallPresence.second, WallPresence.at >= CheckIn.first_at,
    )  # fmt: skip
    begun = exists().where(WallDisplay.meeting_id == CheckIn.meeting_id, WallDisplay.second_at <= clock.now())
    over = exists().where(Meeting.id == CheckIn.meeting_id, Meeting.ends_at <= clock.now())
    query = _by_wall(func.count()).with_only_columns(CheckIn.signup_id, Signup.name, CheckIn.first_at)
    query = query.join(Signup, Signup.id == CheckIn.signup_id).where(CheckIn.run_id == run.id, ~twice)
    query = query.where(or_(begun, over) if asks_twice(run) else CheckIn.id.is_(None))
    if meeting_id is not None:
        query = query.where(CheckIn.meeting_id == meeting_id)
    return query.order_by(Signup.sort_key, Signup.id)


def _hints(meeting_id: int) -> list[Hint]:
    query = (
        select(WallPresence.device_id, Signup.name, WallPresence.took_ms)
        .join(Signup, Signup.id == WallPresence.signup_id)
        .where(WallPresence.meeting_id == meeting_id, WallPresence.second.is_(False))
        .order_by(WallPresence.id)
    )
    phones: dict[int | None, list[str]] = defaultdict(list)
    quick: list[str] = []
    for device_id, name, took_ms in db.session.execute(query):
        phones[device_id].append(name)
        if took_ms < _TOO_QUICK_MS:
            quick.append(name)
    many = [Hint("many", names) for device, names in phones.items() if device is not None and len(names) > PARTY]
    return many + ([Hint("quick", quick)] if quick else [])


def just_now(
    device_id: int | None, within: timedelta = timedelta(minutes=15)
) -> Sequence[tuple[WallPresence, Signup, WallDisplay]]:
    """Return whom this phone checked in by a wall lately, the latest first: the page after the tap."""
    if device_id is None:
        return []
    query = (
        select(WallPresence, Signup, WallDisplay)
        .join(Signup, Signup.id == WallPresence.signup_id)
        .join(WallDisplay, WallDisplay.id == WallPresence.display_id)
        .where(WallPresence.device_id == device_id, WallPresence.at > clock.now() - within)
    )
    rows = db.session.execute(query.order_by(WallPresence.at.desc(), WallPresence.id))
    return [(row[0], row[1], row[2]) for row in rows]
