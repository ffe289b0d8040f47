"""What a person's earlier places mean for the next one: a cap on places ahead, and who is asked to confirm once more.

Nobody is refused for having been absent (feat-N24): two absences without a word only mean one more tap.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import exists, func, or_, select
from sqlalchemy.orm import aliased

from chengjiu_mp.core import clock
from chengjiu_mp.core.calendar import add_months
from chengjiu_mp.core.db import db
from chengjiu_mp.courses.errors import TooManyPlaces
from chengjiu_mp.courses.models import LIVE, SEATED, CourseRun, CourseType, Signup, Syllabus
from chengjiu_mp.courses.rules import rules

CONFIRM_HOUR = 18


def judge(held: Sequence[Signup], run: CourseRun, at: str = "") -> datetime | None:
    """Return until when a person is to confirm a place in ``run`` once more, None when they need not.

    :param held: the person's live places and past attendances; nearly always few, and then nothing is asked of the
        database
    :param at: where the person stands in a form of several, such as "people.1"
    :raise TooManyPlaces: when a certified course would be one too many ahead
    """
    if not held:
        return None
    person_id, certified = held[0].person_id, run.syllabus.course_type.family == "certified"
    many = certified and sum(one.outcome is None for one in held) >= rules().per_person
    if many and _certified_ahead(person_id) >= rules().per_person:
        raise TooManyPlaces(field=f"{at}.doc_number".lstrip("."), most=rules().per_person)
    missed = any(one.outcome == "absent" and one.excused_at is None for one in held)
    return confirm_by_for(person_id, run) if missed else None


def confirm_by_for(person_id: int, run: CourseRun) -> datetime | None:
    """Return the deadline when this person's record asks for it; who comes later than the deadline need not."""
    deadline = confirm_deadline(run)
    if clock.now() >= deadline or absences(person_id) < rules().no_shows:
        return None
    return deadline


def confirm_deadline(run: CourseRun) -> datetime:
    """Return 18:00 in Jiangyin on the day before a run begins."""
    return clock.at_local(clock.day_of(run.starts_at) - timedelta(days=1), CONFIRM_HOUR)


def absences(person_id: int) -> int:
    """Return how often somebody was absent without a word since they last came, within the window.

    A lecture where nobody was checked in says nothing of who came.
    """
    since = clock.at_local(add_months(clock.today(), -rules().no_show_months))
    other = aliased(Signup)
    somebody_came = exists().where(other.run_id == CourseRun.id, other.outcome == "attended")
    rows = db.session.execute(
        select(Signup.outcome, Signup.excused_at)
        .join(CourseRun, CourseRun.id == Signup.run_id)
        .join(Syllabus, Syllabus.id == CourseRun.syllabus_id)
        .join(CourseType, CourseType.id == Syllabus.course_type_id)
        .where(
            Signup.person_id == person_id, Signup.state.in_(SEATED), Signup.outcome.is_not(None),
            CourseRun.state == "closed", CourseRun.ends_at >= since,
            or_(CourseType.family != "popular", somebody_came),
        )
        .order_by(CourseRun.starts_at.desc(), Signup.id.desc())
    )  # fmt: skip
    found = 0
    for outcome, excused_at in rows:
        if outcome == "attended":
            break
        found += excused_at is None
    return found


def _certified_ahead(person_id: int) -> int:
    query = (
        select(func.count())
        .select_from(Signup)
        .join(CourseRun, CourseRun.id == Signup.run_id)
        .join(Syllabus, Syllabus.id == CourseRun.syllabus_id)
        .join(CourseType, CourseType.id == Syllabus.course_type_id)
        .where(
            Signup.person_id == person_id, Signup.state.in_(LIVE), Signup.outcome.is_(None),
            CourseType.family == "certified", CourseRun.state == "published", CourseRun.ends_at > clock.now(),
        )
    )  # fmt: skip
    return db.session.scalar(query) or 0
