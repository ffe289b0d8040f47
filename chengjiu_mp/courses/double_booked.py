"""Who of a run is somewhere else on a day it is moved to: a clerk is told before everybody is."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import aliased

from chengjiu_mp.core import clock
from chengjiu_mp.core.day_words import day_time_range
from chengjiu_mp.core.db import db
from chengjiu_mp.core.errors import Kind, Refusal
from chengjiu_mp.courses.models import LIVE, CourseRun, Meeting, Signup
from chengjiu_mp.courses.sittings import Sitting
from chengjiu_mp.people.name_display import mask_name


@dataclass(frozen=True)
class Elsewhere:
    """A person of the run and the other run they hold a place in; ``at_once``: at the very time, not only that day."""

    signup_id: int
    name: str
    other: CourseRun
    at_once: bool

    @property
    def sentence(self) -> str:
        """Return it in words; the name is masked."""
        when = day_time_range(self.other.starts_at, self.other.ends_at)
        return f"{mask_name(self.name)}：{self.other.title}，{when}" + ("，时间相撞" if self.at_once else "")


class ClashesUnseen(Refusal):
    """People are somewhere else that day, and nobody has said that they know; ``elsewhere`` holds who.

    ``people`` among the facts is how many, ``clashes`` who by id: {signup_id, run_id of the other run, at_once}.
    """

    code = "clashes_unseen"
    message = "有人当天另有课程。请先看清是谁，确定还要这样改，再勾选。"
    kind = Kind.CONFLICT

    def __init__(self, elsewhere: Sequence[Elsewhere], message: str | None = None, field: str = "clash_seen") -> None:
        clashes = [
            {"signup_id": one.signup_id, "run_id": one.other.id, "at_once": one.at_once} for one in elsewhere
        ]  # fmt: skip
        super().__init__(message, field=field, people=people_in(elsewhere), clashes=clashes)
        self.elsewhere = elsewhere


def people_in(elsewhere: Sequence[Elsewhere]) -> int:
    """Return how many different people these are."""
    return len({one.signup_id for one in elsewhere})


def elsewhere_on(run_id: int, sittings: Sequence[Sitting], but: Collection[int] = ()) -> list[Elsewhere]:
    """Return the people of a run who hold a live place in another published run on one of these days, in their order.

    :param but: ids of runs that do not count, such as the one they are moved to
    """
    days = {clock.day_of(one.starts_at) for one in sittings} | {clock.day_of(one.ends_at) for one in sittings}
    spans = [(clock.at_local(day), clock.at_local(day + timedelta(days=1))) for day in days]
    mine, theirs = aliased(Signup), aliased(Signup)
    query = (
        select(mine.id, mine.name, CourseRun, Meeting.starts_at, Meeting.ends_at)
        .join(theirs, (theirs.person_id == mine.person_id) & theirs.state.in_(LIVE))
        .join(CourseRun, CourseRun.id == theirs.run_id)
        .join(Meeting, Meeting.run_id == CourseRun.id)
        .where(mine.run_id == run_id, mine.state.in_(LIVE), CourseRun.id.not_in({run_id, *but}))
        .where(CourseRun.state == "published")
        .where(or_(*(and_(Meeting.starts_at < end, Meeting.ends_at > begin) for begin, end in spans)))
        .order_by(mine.id, CourseRun.starts_at, CourseRun.id, Meeting.starts_at)
    )
    found: dict[tuple[int, int], Elsewhere] = {}
    for signup_id, name, run, begins, ends in db.session.execute(query):
        at_once = any(begins < one.ends_at and one.starts_at < ends for one in sittings)
        known = found.get((signup_id, run.id))
        found[signup_id, run.id] = Elsewhere(signup_id, name, run, at_once or bool(known and known.at_once))
    return list(found.values())


def check_despite(run_id: int, sittings: Sequence[Sitting], *, despite: bool, but: Collection[int] = ()) -> None:
    """Let a program's change pass when nobody is elsewhere, or it says that this is known.

    :raise ClashesUnseen: otherwise, with who is where in ``clashes``
    """
    elsewhere = elsewhere_on(run_id, sittings, but)
    if elsewhere and not despite:
        said = "有人当天另有课程，见 clashes。确定还要这样改，请把 despite_clashes 设为 true 再提交。"
        raise ClashesUnseen(elsewhere, said, field="despite_clashes")


def check_seen(run_id: int, sittings: Sequence[Sitting], seen: int, but: Collection[int] = ()) -> None:
    """Let a change pass when nobody is elsewhere, or the clerk has seen how many are.

    :raise ClashesUnseen: otherwise, and when the number has changed since
    """
    elsewhere = elsewhere_on(run_id, sittings, but)
    if people_in(elsewhere) != seen and elsewhere:
        raise ClashesUnseen(elsewhere)
