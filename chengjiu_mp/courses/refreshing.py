"""Refreshers (复训): short courses that renew the certificate of another kind, for who holds one or did until lately.

What they lead to and why nothing is counted by it: docs/decisions/2026-11-26-a-refresher-renews-and-counts-nothing.md.
"""

from collections.abc import Collection, Iterable, Mapping

from sqlalchemy import or_, select

from chengjiu_mp.core import clock
from chengjiu_mp.core.calendar import add_months
from chengjiu_mp.core.db import db
from chengjiu_mp.core.site import site
from chengjiu_mp.courses.errors import NothingToRenew
from chengjiu_mp.courses.models import CourseRun, CourseType, Syllabus
from chengjiu_mp.courses.nearby import offered, runs_nearby
from chengjiu_mp.courses.queries import current_syllabus
from chengjiu_mp.people.models import Attainment


def certified_kind(kind: CourseType) -> CourseType:
    """Return the kind whose certificates a course leads to: the one a refresher renews, else its own."""
    return kind if kind.refresh_of_id is None else db.session.get_one(CourseType, kind.refresh_of_id)


def validity_of(syllabus: Syllabus) -> int | None:
    """Return for how many months a certificate is good; a refresher's as long as the renewed kind says today."""
    kind = syllabus.course_type
    if kind.refresh_of_id is None:
        return syllabus.validity_months
    whole = current_syllabus(certified_kind(kind).code)
    return whole.validity_months if whole is not None else None


def who_may_renew(person_ids: Collection[int], run: CourseRun) -> frozenset[int]:
    """Return who of these holds today what a refresher run renews, or held it until lately enough."""
    since = add_months(clock.today(), -run.syllabus.renew_within_months)
    query = select(Attainment.person_id).where(
        Attainment.person_id.in_(person_ids), Attainment.kind == certified_kind(run.syllabus.course_type).code,
        Attainment.ended_at.is_(None), or_(Attainment.valid_to.is_(None), Attainment.valid_to >= since),
    )  # fmt: skip
    return frozenset(db.session.scalars(query))


def check_may_renew(person_id: int, run: CourseRun, at: str = "") -> None:
    """Let everybody into a course, and into a refresher only who has something to renew.

    :param at: where in a form the fields of this person stand, such as "people.1"
    :raise NothingToRenew: with the next whole courses of the kind
    """
    if run.syllabus.course_type.refresh_of_id is not None and person_id not in who_may_renew([person_id], run):
        raise nothing_to_renew(run, at)


# Of refresher runs: {run id: who may come, and what all the others are told}.
Renewing = Mapping[int, tuple[frozenset[int], NothingToRenew]]


def renewing_of(runs: Iterable[CourseRun], person_ids: Collection[int]) -> Renewing:
    """Return for the refreshers among these runs who of many people may come; :func:`check_among` judges by it."""
    refreshers = {run.id: run for run in runs if run.syllabus.course_type.refresh_of_id is not None}
    return {key: (who_may_renew(person_ids, run), nothing_to_renew(run)) for key, run in refreshers.items()}


def check_among(renewing: Renewing, run_id: int, person_id: int | None) -> None:
    """Judge one of many as :func:`check_may_renew` does, without another query.

    :raise NothingToRenew: also of a person who is not known yet (None)
    """
    may, refusal = renewing.get(run_id, (None, None))
    if may is not None and refusal is not None and person_id not in may:
        raise refusal


def nothing_to_renew(run: CourseRun, at: str = "") -> NothingToRenew:
    """Return the refusal of a refresher run, with the next whole courses of the kind that it renews."""
    kind, phone = certified_kind(run.syllabus.course_type), site().help_phone
    others = offered(runs_nearby(run, only=kind.id))
    advice = "请先参加列出的完整班" if others else "请先参加完整的培训班，眼下没有场次，过些日子再来看看"
    said = (
        f"复训班只收有{kind.name}证书的人（{renewable_words(run.syllabus)}），这个证件没有查到。{advice}；"
        f"有以前的纸质证书的，请致电 {phone}。"
    )
    return NothingToRenew(said, field=f"{at}.doc_number".lstrip("."), alternatives=others, call=phone)


def renewable_words(syllabus: Syllabus) -> str:
    """Return which certificates a refresher takes, in words."""
    months = syllabus.renew_within_months
    return f"还没到期，或者到期不超过 {months} 个月" if months else "还没到期的"
