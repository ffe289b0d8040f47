"""Scope: out of it, nothing exists."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from chengjiu_mp.core import context
from chengjiu_mp.core.db import db
from chengjiu_mp.core.errors import NotFound
from chengjiu_mp.courses import policy
from chengjiu_mp.courses.models import CourseRun, Signup
from chengjiu_mp.signin import sessions
from chengjiu_mp.signin.models import Account
from tests import factories


def _who(row: Account) -> context.Principal:
    return context.Principal(account_id=row.id, grants=sessions.grants_of(row.id))


def _names(who: context.Principal) -> list[str]:
    joined = select(Signup.name).join(CourseRun, CourseRun.id == Signup.run_id)
    return list(db.session.scalars(joined.where(policy.signups_visible_to(who)).order_by(Signup.id)))


def test_a_unit_manager_sees_the_units_runs_and_its_people_elsewhere(app):
    with factories.made():
        here, there = factories.run(), factories.run(unit_id=factories.unit("nanzha").id)
        factories.signup(here, "甲")
        factories.signup(there, "乙")
        factories.signup(there, "丙", owner_unit_id=factories.child_unit("chengjiang").id)
        who = _who(factories.account("unit_manager", "chengjiang"))
    assert _names(who) == ["甲", "丙"]
    assert policy.run_for(who, here.id).id == here.id
    with pytest.raises(NotFound):
        policy.run_for(who, there.id)


def test_an_instructor_sees_only_runs_taught_and_names_only_around_the_day(app):
    with factories.made():
        teacher = factories.instructor()
        soon, later = (factories.run(instructors=[teacher], starts_in=timedelta(hours=h)) for h in (20, 200))
        other = factories.run(starts_in=timedelta(hours=20))
        for of, name in ((soon, "甲"), (later, "乙"), (other, "丙")):
            factories.signup(of, name)
        who = _who(db.session.get_one(Account, teacher.account_id))
    assert _names(who) == ["甲"]
    assert policy.run_for(who, later.id).id == later.id
    with pytest.raises(NotFound):
        policy.run_for(who, other.id)


def test_a_read_only_grant_opens_nothing_for_change(app):
    with factories.made():
        of = factories.run()
        who = _who(factories.account("operator", read_only=True))
    assert policy.run_for(who, of.id).id == of.id
    with pytest.raises(NotFound):
        policy.run_for(who, of.id, roles=("operator",))


def test_sector_and_key_group_narrow_a_grant(app):
    with factories.made():
        of = factories.run()
        factories.signup(of, "甲", key_group="students")
        factories.signup(of, "乙", key_group="high_risk")
        who = _who(factories.account("auditor", key_group="high_risk"))
    assert _names(who) == ["乙"]


def test_the_public_sees_no_roster(app):
    with factories.made():
        factories.signup(factories.run(), "甲")
    assert _names(context.PUBLIC) == []
