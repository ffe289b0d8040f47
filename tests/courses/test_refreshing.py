"""Refreshers: only who has something to renew comes in, by whichever door; all others are shown the whole course."""

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from chengjiu_mp.core import clock
from chengjiu_mp.core.calendar import add_months
from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.courses.correcting import Correction, correct
from chengjiu_mp.courses.entry import read_entry
from chengjiu_mp.courses.errors import NothingToRenew
from chengjiu_mp.courses.models import CourseRun, CourseType, Signup
from chengjiu_mp.courses.moving import move
from chengjiu_mp.courses.nearby import alternatives_to, runs_nearby
from chengjiu_mp.courses.queries import run_with_seats
from chengjiu_mp.courses.refreshing import certified_kind, validity_of
from chengjiu_mp.courses.signing_up import sign_up_together
from chengjiu_mp.courses.signing_up_many import Wanted, sign_up_many
from chengjiu_mp.courses.signup_rows import Owner
from chengjiu_mp.courses.substituting import substitute
from chengjiu_mp.courses.walking_in import walk_in
from chengjiu_mp.people.models import Attainment
from tests import factories
from tests.counting import statements
from tests.signups import entry, signed

REFRESHER = "cpr_aed_refresher"


def run_of(kind: str = REFRESHER, **values: Any) -> CourseRun:
    with factories.made():
        return factories.run(kind, **values)


def holder(ends: int | None = 30, *, kind: str = "cpr_aed", revoked: bool = False) -> str:
    """Return the document of who holds a certificate of a kind that ends in so many days, None without an end."""
    number = factories.resident_id()
    with factories.made():
        person = factories.person(number)
        until = None if ends is None else clock.today() + timedelta(days=ends)
        db.session.add(Attainment(
            person_id=person.id, kind=kind, valid_to=until, source=f"certificate:{person.id}",
            ended_at=clock.now() if revoked else None,
        ))  # fmt: skip
    return number


def days_since_half_a_year() -> int:
    return (add_months(clock.today(), -6) - clock.today()).days


def test_the_shipped_refresher_renews_cpr_aed_and_is_as_long_good(app: Flask) -> None:
    with factories.made():
        syllabus = factories.syllabus(REFRESHER)
        assert (syllabus.course_type.family, syllabus.hours, syllabus.validity_months) == ("certified", 2, None)
        assert (certified_kind(syllabus.course_type).code, validity_of(syllabus)) == ("cpr_aed", 36)
        assert {"hours", "exam_scheme_id", "renew_within_months"} <= set(syllabus.unconfirmed)
        factories.syllabus("cpr_aed").validity_months = 24
        assert validity_of(syllabus) == 24


def test_an_older_installation_gets_it_at_the_end(app: Flask) -> None:
    with factories.made():
        factories.unit()
        kinds = [(one.id, one.code) for one in db.session.scalars(select(CourseType).order_by(CourseType.id))]
        assert [code for _, code in kinds][-2:] == ["instructor_refresh", REFRESHER]
        db.session.delete(factories.syllabus(REFRESHER))
        db.session.delete(db.session.get_one(CourseType, kinds[-1][0]))
        db.session.flush()
        factories.reference_data()
        again = [(one.id, one.code) for one in db.session.scalars(select(CourseType).order_by(CourseType.id))]
        assert (again[:-1], again[-1][1]) == (kinds[:-1], REFRESHER)
        assert factories.syllabus(REFRESHER).exam_scheme_id is not None


@pytest.mark.parametrize("ends", [None, 30, 0, -1, "half a year"])
def test_who_holds_one_or_did_until_lately_comes_in(app: Flask, ends: Any) -> None:
    run = run_of()
    number = holder(days_since_half_a_year() if ends == "half a year" else ends)
    assert signed(run.id, doc_number=number).signup.state == "confirmed"


@pytest.mark.parametrize(
    "held",
    [{"revoked": True}, {"kind": "responder"}, {"kind": REFRESHER}, {"ends": "too long"}, None],
    ids=["revoked", "another kind", "the refresher's own name", "ended a day too long ago", "nothing"],
)
def test_who_does_not_is_shown_the_whole_course(app: Flask, held: dict[str, Any] | None) -> None:
    run, fits = run_of(), run_of("cpr_aed", title="整班", starts_in=timedelta(days=9))
    run_of("popular", starts_in=timedelta(days=1)), run_of("junior", starts_in=timedelta(days=2))
    if held and held.get("ends"):
        held = {"ends": days_since_half_a_year() - 1}
    number = holder(**held) if held else factories.resident_id()
    with pytest.raises(NothingToRenew) as said:
        signed(run.id, doc_number=number)
    refusal = said.value
    assert (refusal.code, refusal.field) == ("nothing_to_renew", "doc_number")
    assert "请先参加列出的完整班" in refusal.sentence
    assert [one["id"] for one in refusal.facts["alternatives"]] == [fits.id]
    assert refusal.facts["call"] in refusal.sentence
    assert db.session.scalars(select(Signup)).all() == []


def test_without_a_whole_course_ahead_it_says_so(app: Flask) -> None:
    with pytest.raises(NothingToRenew) as said:
        signed(run_of().id)
    assert "眼下没有场次" in said.value.sentence
    assert said.value.facts["alternatives"] == []


@pytest.mark.parametrize(("months", "welcome"), [(0, False), (2, True)])
def test_how_long_after_its_end_is_data(app: Flask, months: int, welcome: bool) -> None:
    run, number = run_of(), holder(-40)
    with unit_of_work():
        factories.syllabus(REFRESHER).renew_within_months = months
    if welcome:
        assert signed(run.id, doc_number=number).fresh
    else:
        with pytest.raises(NothingToRenew):
            signed(run.id, doc_number=number)


def test_a_whole_course_asks_the_database_nothing_more(app: Flask) -> None:
    whole, short = run_of("cpr_aed"), run_of(starts_in=timedelta(days=9))
    first, second = holder(), holder()
    with statements() as said:
        signed(whole.id, doc_number=first)
    assert not any("attainment" in one for one in said)
    with statements() as said:
        signed(short.id, doc_number=second)
    assert any("attainment" in one for one in said)


# Every other door


def test_of_a_party_each_is_named(app: Flask) -> None:
    run, people = run_of(), [entry(doc_number=holder()), entry()]
    with pytest.raises(NothingToRenew) as said, unit_of_work():
        sign_up_together(run.id, people, channel="page")
    assert said.value.field == "people.1.doc_number"


def test_of_many_the_others_go_on(app: Flask) -> None:
    run, whole = run_of(), run_of("cpr_aed", starts_in=timedelta(days=9))
    numbers = [holder(), factories.resident_id(), holder(ends=-300)]
    with unit_of_work():
        found = run_with_seats(run.id).run
        wanted = [Wanted(run.id, read_entry(entry(doc_number=one), found), Owner(run.unit_id)) for one in numbers]
        one, two, three = sign_up_many(wanted, channel="import")
    assert not isinstance(one, NothingToRenew)
    assert isinstance(two, NothingToRenew) and isinstance(three, NothingToRenew)
    assert [found["id"] for found in two.facts["alternatives"]] == [whole.id]


def test_at_the_door(app: Flask) -> None:
    run, known = run_of(starts_in=timedelta(hours=-1)), entry(doc_number=holder())
    with pytest.raises(NothingToRenew), unit_of_work():
        walk_in(run.id, entry(), over=False)
    with unit_of_work():
        assert walk_in(run.id, known, over=False).fresh


def test_nobody_moves_in(app: Flask) -> None:
    whole, run = run_of("cpr_aed"), run_of(starts_in=timedelta(days=9))
    first, held = signed(whole.id).signup.id, signed(whole.id, doc_number=holder()).signup.id
    with pytest.raises(NothingToRenew), unit_of_work():
        move(db.session.get_one(Signup, first), run.id)
    with unit_of_work():
        assert move(db.session.get_one(Signup, held), run.id).signup.run_id == run.id


def test_nobody_is_put_in_anothers_place(app: Flask) -> None:
    mine, known = signed(run_of().id, doc_number=holder()).signup.id, entry(doc_number=holder())
    with pytest.raises(NothingToRenew), unit_of_work():
        substitute(db.session.get_one(Signup, mine), entry(), channel="import")
    with unit_of_work():
        assert substitute(db.session.get_one(Signup, mine), known, channel="import").fresh


def test_another_document_is_judged_anew(app: Flask) -> None:
    mine = signed(run_of(starts_in=timedelta(days=9)).id, doc_number=holder()).signup.id
    with pytest.raises(NothingToRenew), unit_of_work():
        correct(db.session.get_one(Signup, mine), Correction(doc_number=factories.resident_id()))
    other = holder()
    with unit_of_work():
        assert correct(db.session.get_one(Signup, mine), Correction(doc_number=other)) == {"document": "changed"}


# Beside other runs


def test_a_refresher_is_offered_beside_its_own_kind_alone(app: Flask) -> None:
    whole, short = run_of("cpr_aed", starts_in=timedelta(days=5)), run_of(starts_in=timedelta(days=4))
    popular = run_of("popular", starts_in=timedelta(days=1))
    assert [one.run.id for one in runs_nearby(popular)] == [whole.id]
    with unit_of_work():
        db.session.get_one(CourseRun, short.id).signup_closes_at = clock.now()
    other = run_of(starts_in=timedelta(days=8))
    assert [one.run.id for one in alternatives_to(run_with_seats(short.id))] == [other.id, whole.id, popular.id]
