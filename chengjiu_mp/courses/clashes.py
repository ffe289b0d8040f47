"""Two runs in one hall, or one instructor in two places, at the same time: a warning, as halls may have two rooms.

What another unit only drafts is nobody else's business (rel-Z2): it clashes once it is public.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import ColumnElement, and_, or_, select, true

from chengjiu_mp.core import context
from chengjiu_mp.core.day_words import day_time_range
from chengjiu_mp.core.db import db
from chengjiu_mp.courses.drafting import Draft
from chengjiu_mp.courses.models import CourseRun, Meeting, RunInstructor
from chengjiu_mp.courses.policy import runs_visible_to
from chengjiu_mp.instructors.models import Instructor
from chengjiu_mp.venues.models import Venue

VENUE, INSTRUCTOR = "venue_clash", "instructor_clash"


@dataclass(frozen=True)
class Slot:
    """A meeting and what it occupies. ``venue_id`` is None online; ``teachers`` {instructor id: name}.

    ``run_id`` is None for what is not drafted yet; then ``title`` says which of them it is.
    """

    starts_at: datetime
    ends_at: datetime
    venue_id: int | None = None
    venue_name: str = ""
    teachers: Mapping[int, str] = field(default_factory=dict)
    run_id: int | None = None
    title: str = ""
    state: str = "draft"


@dataclass(frozen=True)
class Clash:
    """Two meetings that cannot both be: ``code`` says over what, ``over`` names the hall or the instructor."""

    code: str
    over: str
    mine: Slot
    other: Slot

    @property
    def sentence(self) -> str:
        """Return it in words, naming the other run."""
        other = f"“{self.other.title}”（{day_time_range(self.other.starts_at, self.other.ends_at)}）"
        if self.other.state == "draft" and self.other.run_id:
            other += "（草稿）"
        if self.code == VENUE:
            return f"地点撞期：{self.over}同一时间还有{other}。"
        return f"师资撞期：{self.over}同一时间还要教{other}。"


def clashes_of(run_id: int) -> list[Clash]:
    """Return what a run clashes with, in the order of its meetings."""
    mine = _slots(CourseRun.id == run_id, hidden=True)
    return clashes(mine, occupied(mine)) if mine else []


def clashes_among(drafts: Sequence[Draft]) -> list[list[Clash]]:
    """Return what each of these runs to be clashes with, in their order: other runs, and one another."""
    slots = _slots_to_be(drafts)
    every = [slot for own in slots for slot in own]
    taken = occupied(every) if every else []
    return [clashes(own, [*taken, *(slot for rest in slots if rest is not own for slot in rest)]) for own in slots]


def _slots_to_be(drafts: Sequence[Draft]) -> list[list[Slot]]:
    """What each draft would occupy; a venue or an instructor that is not there occupies nothing."""
    halls = select(Venue.id, Venue.name).where(Venue.id.in_({one.venue_id for one in drafts}))
    venues = {row[0]: row[1] for row in db.session.execute(halls)}
    people = select(Instructor.id, Instructor.name)
    people = people.where(Instructor.id.in_({one for draft in drafts for one in draft.instructor_ids}))
    names = {row[0]: row[1] for row in db.session.execute(people)}
    found = []
    for draft in drafts:
        hall = draft.venue_id if draft.venue_id in venues and not draft.online else None
        teachers = {one: names[one] for one in draft.instructor_ids if one in names}
        name, label = venues.get(draft.venue_id, ""), draft.title or "同一批里的另一场"
        found.append([Slot(m.starts_at, m.ends_at, hall, name, teachers, title=label) for m in draft.meetings])
    return found


def occupied(mine: Sequence[Slot]) -> list[Slot]:
    """Return the meetings known to the caller between the first and the last of ``mine``."""
    begins, ends = min(one.starts_at for one in mine), max(one.ends_at for one in mine)
    # The run's own span has an index, the meetings' has none.
    within = and_(CourseRun.starts_at < ends, CourseRun.ends_at > begins)
    return _slots(and_(within, Meeting.starts_at < ends, Meeting.ends_at > begins))


def slots_between(begins: datetime, ends: datetime) -> tuple[list[Slot], list[Slot]]:
    """Return the meetings that begin in this time and are the caller's to see, and all that they may clash with."""
    begun = and_(Meeting.starts_at >= begins, Meeting.starts_at < ends)
    spanning = and_(CourseRun.starts_at < ends, CourseRun.ends_at > begins)
    seen = runs_visible_to(context.principal())
    ids = set(db.session.scalars(select(CourseRun.id).where(spanning, seen)))
    known = _slots(and_(spanning, begun))
    return [one for one in known if one.run_id in ids], known


def clashes(mine: Iterable[Slot], others: Sequence[Slot]) -> list[Clash]:
    """Return every overlap of a meeting in ``mine`` with one in ``others`` that shares its hall or an instructor."""
    ordered = sorted(others, key=lambda one: one.starts_at)
    return [clash for one in mine for clash in _against(one, ordered)]


def _against(one: Slot, ordered: Sequence[Slot]) -> Iterable[Clash]:
    for other in ordered:
        if other.starts_at >= one.ends_at:
            return
        same = other is one or (one.run_id is not None and other.run_id == one.run_id)
        if same or other.ends_at <= one.starts_at:
            continue
        if one.venue_id is not None and one.venue_id == other.venue_id:
            yield Clash(VENUE, one.venue_name, one, other)
        for teacher in one.teachers.keys() & other.teachers.keys():
            yield Clash(INSTRUCTOR, one.teachers[teacher], one, other)


def _slots(narrow: ColumnElement[bool], *, hidden: bool = False) -> list[Slot]:
    """:param hidden: whatever the caller may see of it"""
    known = or_(CourseRun.state.in_(("published", "closed")), runs_visible_to(context.principal()))
    query = (
        select(Meeting.starts_at, Meeting.ends_at, CourseRun, Venue.name)
        .join(CourseRun, CourseRun.id == Meeting.run_id)
        .join(Venue, Venue.id == CourseRun.venue_id)
        .where(narrow, true() if hidden else and_(known, CourseRun.state != "cancelled"))
        .order_by(Meeting.starts_at, Meeting.id)
    )
    rows = db.session.execute(query).all()
    teachers = teachers_by_run({row[2].id for row in rows})
    return [
        Slot(begins, ends, None if run.online else run.venue_id, name, teachers.get(run.id, {}), run.id, run.title,
             run.state)
        for begins, ends, run, name in rows
    ]  # fmt: skip


def teachers_by_run(run_ids: Iterable[int]) -> dict[int, dict[int, str]]:
    """Return {run id: {instructor id: name}}."""
    query = (
        select(RunInstructor.run_id, Instructor.id, Instructor.name)
        .join(Instructor, Instructor.id == RunInstructor.instructor_id)
        .where(RunInstructor.run_id.in_(run_ids))
        .order_by(Instructor.id)
    )
    found: dict[int, dict[int, str]] = {}
    for run_id, instructor_id, name in db.session.execute(query):
        found.setdefault(run_id, {})[instructor_id] = name
    return found
