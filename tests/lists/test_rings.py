"""Many moves at once, by lists and by hand, in real threads: nobody is locked out by anybody else (rel-F16)."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from chengjiu_mp.core import jobs
from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.core.models import Job
from chengjiu_mp.courses import moving
from chengjiu_mp.courses.models import Signup
from chengjiu_mp.courses.signing_up import sign_up
from chengjiu_mp.lists import enrolling, uploading
from tests import factories, invariants, rosters
from tests.courses.test_seats import in_parallel
from tests.signups import entry

PEOPLE = 40


def to_and_fro(signup_id: int, here: int, there: int) -> Callable[[], None]:
    def work() -> None:
        mine, ways = signup_id, [there, here] * 10
        for goal in ways:
            with unit_of_work():
                mine = moving.move(db.session.get_one(Signup, mine), goal).signup.id

    return work


def enrolling_now() -> None:
    """Do the enrolment as a worker does; one that was thrown out of the database would raise here."""
    while found := db.session.scalars(
        select(Job.id).where(Job.kind == uploading.ENROL, Job.state == "queued").order_by(Job.id)
    ).all():
        db.session.rollback()
        for job_id in found:
            jobs.run(job_id, enrolling.enrol_leg)


@pytest.mark.slow
def test_a_list_that_moves_its_people_and_people_who_move_wait_for_each_other_in_one_order(app: Flask) -> None:
    with factories.made():
        early, late, last = (factories.run(capacity=200, starts_in=timedelta(days=5 + n)).id for n in range(3))
    list_id = rosters.a_list(early, late, last)
    # By turns from the second run to the third and from the first to the second.
    first = [rosters.person(n, 场次=str(early if n % 2 else late)) for n in range(PEOPLE)]
    then = [rosters.person(n, 场次=str(late if n % 2 else last)) for n in range(PEOPLE)]
    rosters.enrolled(list_id, rosters.sheet(first))
    rosters.confirmed(list_id, rosters.uploaded(list_id, rosters.sheet(then)))
    mine = []
    for _ in range(3):
        with unit_of_work():
            mine.append(sign_up(early, entry(), channel="api").signup.id)
    results = in_parallel(app, [enrolling_now, *(to_and_fro(one, early, late) for one in mine)])
    assert [one for one in results if isinstance(one, Exception)] == []
    seats = db.session.scalars(select(Signup.run_id).where(Signup.state == "confirmed")).all()
    assert {one: seats.count(one) for one in (early, late, last)} == {early: 3, late: PEOPLE // 2, last: PEOPLE // 2}
    assert invariants.broken() == {}
