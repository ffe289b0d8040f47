"""How much of a run somebody attended (feat-B10): a pure function of check-ins, exit scans and corrections."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select

from chengjiu_mp.checkin.attended_models import AttendanceCorrection, ExitScan
from chengjiu_mp.checkin.models import CheckIn
from chengjiu_mp.core import clock
from chengjiu_mp.core.db import db
from chengjiu_mp.courses.models import CourseRun, Meeting, Syllabus

_NOUGHT = timedelta(0)
# Fifty people take about this long at a door: who stands in its line, coming or going, misses nothing of the meeting.
AT_THE_DOOR = timedelta(minutes=15)
# Of a short meeting less, or both ends would meet and a glance at it would be all of it.
_PART_AT_THE_DOOR = 4


@dataclass(frozen=True)
class Attended:
    """``came`` to so many ``of`` the run's meetings, ``minutes`` of those ``planned``, ``added`` by corrections.

    ``no_exit`` of the meetings that are over were never left by a scan where the syllabus asks for one: they count 0.
    ``to_come``: minutes of meetings that are not over. ``known`` is false of somebody whom no check-in of a meeting
    vouches for or against: they were marked present some other way.
    """

    came: int
    of: int
    minutes: float
    planned: float
    required: float
    added: int = 0
    no_exit: int = 0
    to_come: float = 0
    known: bool = True

    @property
    def share(self) -> float:
        """Return the part attended, 0 … 1."""
        return _part(self.minutes + self.added, self.planned) if self.known else 1.0

    @property
    def enough(self) -> bool:
        """Return whether the required part was attended, or still can be: what is to come counts as attended."""
        best = _part(self.minutes + self.added + self.to_come, self.planned) if self.known else 1.0
        return best + 1e-9 >= self.required

    @property
    def words(self) -> str:
        """Return "2/3 次 · 66%"; a part is never shown as more than it is."""
        return f"{self.came}/{self.of} 次 · {percent(self.share)}%"


def _part(minutes: float, planned: float) -> float:
    return min(1.0, minutes / planned) if planned else 1.0


def percent(part: float) -> int:
    """Return a part in whole per cent, rounded down."""
    return int(part * 100 + 1e-9)


def syllabus_of(run: CourseRun) -> Syllabus:
    """Return the values that the run froze."""
    return db.session.get_one(Syllabus, run.syllabus_id)


def attended_of(run: CourseRun, signup_ids: Collection[int]) -> dict[int, Attended]:
    """Return for each sign-up how much of the run it attended so far."""
    asked, wanted = syllabus_of(run), list(signup_ids)
    meetings = db.session.scalars(select(Meeting).where(Meeting.run_id == run.id).order_by(Meeting.sequence)).all()
    rows = db.session.scalars(select(CheckIn).where(CheckIn.run_id == run.id, CheckIn.signup_id.in_(wanted)))
    here = {(row.signup_id, row.meeting_id): row.first_at for row in rows}
    left = exits_of(run.id) if asked.exit_scan else None
    sums = select(AttendanceCorrection.signup_id, func.sum(AttendanceCorrection.minutes))
    sums = sums.where(AttendanceCorrection.run_id == run.id).group_by(AttendanceCorrection.signup_id)
    added: dict[int, int] = {signup_id: int(minutes) for signup_id, minutes in db.session.execute(sums)}
    # A run that was closed is over, whatever its meetings say.
    now = clock.now() if run.closed_at is None else max(run.closed_at, run.ends_at)
    facts: dict[str, Any] = {"planned": sum(map(_length, meetings)), "required": asked.min_attendance_ratio}
    return {
        one: Attended(**_of_one(one, meetings, here, left, now), **facts, added=added.get(one, 0), of=len(meetings))
        for one in wanted
    }


def exits_of(run_id: int) -> dict[tuple[int, int], datetime]:
    """Return when each sign-up left each meeting, by the latest exit scan."""
    last = select(ExitScan.signup_id, ExitScan.meeting_id, func.max(ExitScan.scanned_at))
    rows = db.session.execute(last.where(ExitScan.run_id == run_id).group_by(ExitScan.signup_id, ExitScan.meeting_id))
    return {(signup_id, meeting_id): at for signup_id, meeting_id, at in rows}


def _length(meeting: Meeting) -> float:
    return (meeting.ends_at - meeting.starts_at).total_seconds() / 60


def line_at(meeting: Meeting) -> timedelta:
    """Return how long people may stand at the door of a meeting, coming or going, and have attended all of it."""
    return min(AT_THE_DOOR, (meeting.ends_at - meeting.starts_at) / _PART_AT_THE_DOOR)


def _between(meeting: Meeting, came: datetime, left: datetime) -> float:
    line = line_at(meeting)
    begun = meeting.starts_at if came <= meeting.starts_at + line else came
    gone = meeting.ends_at if left >= meeting.ends_at - line else left
    return max(gone - begun, _NOUGHT).total_seconds() / 60


def _of_one(
    signup_id: int, meetings: Sequence[Meeting], here: Mapping[tuple[int, int], datetime],
    left: Mapping[tuple[int, int], datetime] | None, now: datetime,
) -> dict[str, Any]:  # fmt: skip
    came = no_exit = 0
    minutes = to_come = 0.0
    for meeting in meetings:
        key = (signup_id, meeting.id)
        over = meeting.ends_at <= now
        if key not in here:
            to_come += 0 if over else _length(meeting)
            continue
        came += 1
        if left is None:
            minutes += _length(meeting)
        elif key in left:
            minutes += _between(meeting, here[key], left[key])
        else:
            no_exit += over
            to_come += 0 if over else _length(meeting)
    return {"came": came, "no_exit": no_exit, "minutes": minutes, "to_come": to_come, "known": came > 0}
