"""A unit's sheet for a refresher: who has nothing to renew is told in the preview and is not enrolled."""

from datetime import timedelta

from flask import Flask
from sqlalchemy import select

from chengjiu_mp.core import clock
from chengjiu_mp.core.db import db
from chengjiu_mp.courses.models import Signup
from chengjiu_mp.people.models import Attainment
from tests import factories, rosters


def test_the_preview_says_who_cannot_come_and_the_others_are_enrolled(app: Flask) -> None:
    people = [rosters.person(n) for n in (1, 2, 3)]
    with factories.made():
        run = factories.run("cpr_aed_refresher", starts_in=timedelta(days=9)).id
        for one, ends in zip(people, (30, -300, None), strict=True):
            who = factories.person(one["证件号码"])
            if ends:
                until = clock.today() + timedelta(days=ends)
                db.session.add(Attainment(person_id=who.id, kind="cpr_aed", valid_to=until, source=f"test:{who.id}"))
    stranger, lists = rosters.person(4), rosters.a_list(run)
    upload = rosters.uploaded(lists, rosters.sheet([*people, stranger]))
    told = [(line.plan, line.code) for line in rosters.lines(upload)]
    refused = ("fault", "nothing_to_renew")
    assert told == [("add", ""), refused, refused, refused]
    assert "请先参加" in rosters.lines(upload)[1].reason
    rosters.confirmed(lists, upload)
    rosters.work()
    (made,) = db.session.scalars(select(Signup).where(Signup.run_id == run))
    assert made.name == people[0]["姓名"]
