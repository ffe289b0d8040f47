"""Drafts of runs: what staff fill in before anything is public."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from typing import TypeVar

from sqlalchemy import delete, select

from chengjiu_mp.core import audit, clock, context, ids, privacy
from chengjiu_mp.core.db import Base, db
from chengjiu_mp.core.errors import NotFound
from chengjiu_mp.courses.errors import RunNotDraft, RunTimesWrong, UnknownChoice
from chengjiu_mp.courses.models import CourseRun, RunInstructor, SeatPool, Syllabus
from chengjiu_mp.courses.policy import units_in_scope
from chengjiu_mp.courses.queries import current_syllabus
from chengjiu_mp.courses.sittings import Sitting, rewrite_meetings
from chengjiu_mp.instructors.models import Instructor
from chengjiu_mp.units.models import KEY_GROUPS, Sector, Unit
from chengjiu_mp.venues.models import Venue

DRAFTING_ROLES = ("operator", "unit_manager")
DEFAULT_SECTOR = "community"
_FARTHEST = timedelta(days=3653)
R = TypeVar("R", bound=Base)


@dataclass(frozen=True)
class Draft:
    """What a run is made of. ``capacity``, ``title`` and the sign-up window have defaults from the rest."""

    kind: str
    unit_id: int
    venue_id: int
    meetings: Sequence[Sitting]
    sector: str = DEFAULT_SECTOR
    title: str = ""
    capacity: int | None = None
    signup_opens_at: datetime | None = None
    signup_closes_at: datetime | None = None
    instructor_ids: Sequence[int] = field(default=())
    open_to_all: bool = True
    online: bool = False
    key_group: str | None = None


def draft_run(draft: Draft) -> CourseRun:
    """Return a new run in the state draft, with its pool of seats; nobody sees it but staff in scope.

    :raise NotFound: when the unit is out of the caller's scope; :raise UnknownChoice, RunTimesWrong: with the field
    """
    uid, token = ids.new_uid(), ids.new_token()
    run = CourseRun(
        uid=uid,
        token_hash=ids.token_hash(token),
        token_sealed=privacy.seal(token, place=CourseRun.PLACE, row=uid),
        state="draft",
        created_by=context.principal().account_id,
        created_at=clock.now(),
    )
    syllabus = _fill(run, draft)
    db.session.add(run)
    db.session.flush()
    db.session.add(SeatPool(run_id=run.id, capacity=draft.capacity or syllabus.capacity_default))
    _attach(run, draft)
    audit.record("run.drafted", run, unit_id=run.unit_id, kind=draft.kind)
    return run


def edit_draft(run: CourseRun, draft: Draft) -> CourseRun:
    """Replace everything a draft holds.

    :raise RunNotDraft: when it is public already; else as :func:`draft_run`
    """
    if run.state != "draft":
        raise RunNotDraft
    syllabus = _fill(run, draft)
    pool = db.session.scalars(select(SeatPool).where(SeatPool.run_id == run.id)).one()
    pool.capacity = draft.capacity or syllabus.capacity_default
    db.session.execute(delete(RunInstructor).where(RunInstructor.run_id == run.id))
    _attach(run, draft)
    audit.record("run.edited", run, unit_id=run.unit_id, kind=draft.kind)
    return run


def _fill(run: CourseRun, draft: Draft) -> Syllabus:
    syllabus = current_syllabus(draft.kind)
    if syllabus is None:
        raise UnknownChoice(field="kind")
    if draft.key_group is not None and draft.key_group not in KEY_GROUPS:
        raise UnknownChoice(field="key_group")
    sector = db.session.scalars(select(Sector).where(Sector.code == draft.sector)).first()
    if sector is None:
        raise UnknownChoice(field="sector")
    run.unit_id, run.venue_id = _unit(draft.unit_id).id, _chosen(Venue, draft.venue_id, "venue_id").id
    run.syllabus_id, run.exam_scheme_id, run.sector_id = syllabus.id, syllabus.exam_scheme_id, sector.id
    called = "班" if syllabus.course_type.refresh_of_id is not None else "培训"
    run.title = _visible(draft.title) or f"{syllabus.course_type.name}{called}"
    run.open_to_all, run.online, run.key_group = draft.open_to_all, draft.online, draft.key_group
    run.starts_at, run.ends_at = span_of(draft.meetings)
    # At once is from its drafting on, however often it is edited: a series goes by that.
    run.signup_opens_at = draft.signup_opens_at or run.created_at
    run.signup_closes_at = draft.signup_closes_at or run.starts_at
    _check_years([run.signup_opens_at, run.signup_closes_at], "signup_opens_at")
    if not run.signup_opens_at < run.signup_closes_at <= run.ends_at:
        raise RunTimesWrong(field="signup_closes_at")
    return syllabus


def _visible(title: str) -> str:
    """Leave out what nobody sees: such characters turn a line around on the poster and in every list."""
    return "".join(c for c in title if unicodedata.category(c) not in ("Cc", "Cf")).strip()


def _check_years(instants: Sequence[datetime], field: str) -> None:
    """A year mistyped is told here; one at the calendar's end could not even be shown in Jiangyin's time."""
    now = clock.now()
    if any(abs(instant - now) > _FARTHEST for instant in instants):
        raise RunTimesWrong("日期离今天超过十年，请核对年份。", field=field)


def _unit(unit_id: int) -> Unit:
    scope = units_in_scope(context.principal(), (*DRAFTING_ROLES, "system"))
    unit = db.session.get(Unit, unit_id)
    if unit is None or not unit.active or (scope is not None and unit_id not in scope):
        raise NotFound(field="unit_id")
    return unit


def _chosen(model: type[R], row_id: int, name: str) -> R:
    row = db.session.get(model, row_id)
    if row is None or not getattr(row, "active", True):
        raise UnknownChoice(field=name)
    return row


def span_of(meetings: Sequence[Sitting]) -> tuple[datetime, datetime]:
    """Return the first begin and the last end of sittings in their order.

    :raise RunTimesWrong: when they are not in order, overlap, or lie in another decade
    """
    in_order = all(m.starts_at < m.ends_at for m in meetings)
    apart = all(one.ends_at <= other.starts_at for one, other in pairwise(meetings))
    if not meetings or not in_order or not apart:
        raise RunTimesWrong(field="meetings")
    span = meetings[0].starts_at, meetings[-1].ends_at
    _check_years(span, "meetings")
    return span


def _attach(run: CourseRun, draft: Draft) -> None:
    for instructor_id in dict.fromkeys(draft.instructor_ids):
        found = db.session.get(Instructor, instructor_id)
        if found is None or found.status != "active":
            raise UnknownChoice(field="instructor_ids")
        db.session.add(RunInstructor(run_id=run.id, instructor_id=instructor_id))
    rewrite_meetings(run, draft.meetings)
