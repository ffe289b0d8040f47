"""A guardian's word: asked once for a form's children, and no seat before it."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import inspect, select, text, update
from sqlalchemy.exc import IntegrityError

from chengjiu_mp.core import privacy
from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.core.errors import NotFound, Refusal
from chengjiu_mp.core.models import AuditEntry
from chengjiu_mp.core.parsing import Invalid
from chengjiu_mp.courses import guardians, tasks
from chengjiu_mp.courses.correcting import Correction, correct
from chengjiu_mp.courses.erasing import erase_signups
from chengjiu_mp.courses.errors import GuardianRequired, PartyDoesNotFit, SamePersonTwice, TooYoung
from chengjiu_mp.courses.guardians import Agreed
from chengjiu_mp.courses.models import CourseRun, SeatPool, Signup
from chengjiu_mp.courses.moving import move
from chengjiu_mp.courses.signing_up import Made, sign_up, sign_up_together
from chengjiu_mp.courses.withdrawing import withdraw
from chengjiu_mp.people.errors import ConsentMissing, NotTheGuardian, PaperReferenceMissing
from chengjiu_mp.people.guardians import asked_under, guardian_name, guardian_phone, guardian_token
from chengjiu_mp.people.models import GuardianConsent
from tests import factories, invariants
from tests.conftest import FrozenClock
from tests.families import FIFTEEN, THIRTEEN, child_id, mother, told
from tests.signups import entry


def run_of(capacity: int = 10, kind: str = "popular", **values: Any) -> int:
    with factories.made():
        return factories.run(kind=kind, capacity=capacity, **values).id


def family(run_id: int, *, children: int = 1, adults: int = 1, split: bool = False, **guardian: Any) -> list[Signup]:
    people = [entry() for _ in range(adults)] + [entry(doc_number=child_id()) for _ in range(children)]
    with unit_of_work():
        made = sign_up_together(run_id, people, channel="page", split=split, guardian=mother(**guardian))
    return [one.signup for one in made]


def consents(signups: Sequence[Signup]) -> list[GuardianConsent]:
    asked = [one.guardian_consent_id for one in signups if one.guardian_consent_id]
    query = select(GuardianConsent).where(GuardianConsent.id.in_(asked)).order_by(GuardianConsent.id)
    return list(db.session.scalars(query))


def agreed(signups: Sequence[Signup], *, split: bool = False) -> Agreed:
    with unit_of_work():
        asked = consents(signups)
        return guardians.agree(asked, asked[0].phone_index, 1, split=split)


def states(signups: Sequence[Signup]) -> list[str]:
    db.session.expire_all()
    assert invariants.broken() == {}
    # A task lets go of every row when it is done; their identity stays.
    return [db.session.get_one(Signup, inspect(one).identity).state for one in signups]


def taken() -> int:
    return db.session.scalars(select(SeatPool.taken).order_by(SeatPool.id)).first() or 0


def alone(run_id: int, birth: str = "20160301") -> Made:
    with unit_of_work():
        return sign_up(run_id, entry(doc_number=child_id(birth)), channel="page", guardian=mother())


# Asking


def test_a_child_waits_without_a_seat_for_the_guardian(app: Flask) -> None:
    made = alone(run_of())
    assert (made.signup.state, made.signup.needs_guardian, taken()) == ("pending", True, 0)
    asked = consents([made.signup])[0]
    assert (asked.person_id, asked.given_at, asked.relation) == (made.signup.person_id, None, "mother")
    assert guardian_name(asked) == "王芳"
    assert f"/g/{guardian_token(asked)}" in told("guardian.asked", guardian_phone(asked))[0]
    assert told("signup.confirmed") == []


def test_without_a_guardian_a_child_is_refused_as_before(app: Flask) -> None:
    run = run_of()
    with pytest.raises(GuardianRequired), unit_of_work():
        sign_up(run, entry(doc_number=child_id()), channel="page")


def test_an_adult_asks_nobody(app: Flask) -> None:
    run = run_of()
    with unit_of_work():
        made = sign_up(run, entry(), channel="page", guardian=mother(name="", phone=""))
    assert (made.signup.state, made.signup.needs_guardian, consents([made.signup])) == ("confirmed", False, [])


def test_the_course_s_age_is_judged_apart_from_the_guardian(app: Flask) -> None:
    """feat-F3: a guardian's word does not make a child of 13 a responder; what fits is named with its day."""
    fits, run = run_of(title="亲子普及班", starts_in=timedelta(days=6)), run_of(kind="responder")
    for guardian in (None, mother()):
        with pytest.raises(TooYoung) as said, unit_of_work():
            sign_up(run, entry(doc_number=child_id(THIRTEEN)), channel="page", guardian=guardian)
        assert ("年满 18 周岁" in said.value.sentence, "监护人" in said.value.sentence) == (True, False)
        assert [(a["id"], a["day"]) for a in said.value.facts["alternatives"]] == [(fits, "11月29日（周日）12:00")]


def test_children_too_young_together_see_what_all_of_them_can_join(app: Flask) -> None:
    fits, run = run_of(kind="cpr_aed", starts_in=timedelta(days=6)), run_of(kind="responder")
    both = run_of(title="亲子普及班", starts_in=timedelta(days=7))
    children = [entry(doc_number=child_id(FIFTEEN)), entry(doc_number=child_id())]
    with pytest.raises(Invalid) as said, unit_of_work():
        sign_up_together(run, children, channel="page")
    assert [(e["pointer"], e["code"]) for e in said.value.errors] == [
        ("/people/0/doc_number", "too_young"), ("/people/1/doc_number", "too_young")
    ]  # fmt: skip
    assert [a["id"] for a in said.value.facts["alternatives"]] == [both]
    assert fits != both


def test_a_guardian_is_named_rightly_or_told_at_each_field(app: Flask) -> None:
    run, child = run_of(), entry(doc_number=child_id(), name="李3")
    with pytest.raises(Refusal) as only, unit_of_work():
        sign_up_together(run, [child], channel="page", guardian=mother(name="", relation="", phone="1"))
    assert only.value.field == "people.0.name"
    child = entry(doc_number=child_id())
    with pytest.raises(Invalid) as said, unit_of_work():
        sign_up_together(run, [child], channel="page", guardian=mother(name="", relation="", phone="1"))
    assert [e["pointer"] for e in said.value.errors] == ["/guardian/name", "/guardian/relation", "/guardian/phone"]


def test_the_database_keeps_a_child_without_a_guardian_out(app: Flask) -> None:
    made = alone(run_of())
    with pytest.raises(IntegrityError, match="ck_signup_guardian"), unit_of_work():
        db.session.execute(update(Signup).where(Signup.id == made.signup.id).values(guardian_consent_id=None))


def test_nothing_of_the_guardian_lies_open(app: Flask) -> None:
    made = alone(run_of())
    phone = guardian_phone(consents([made.signup])[0])
    for table in ("guardian_consent", "signup", "audit_entry", "message"):
        rows = str(db.session.execute(text(f"select * from {table}")).all())
        assert ("王芳" in rows, phone in rows) == (False, False), table


# Agreeing


def test_the_word_gives_the_family_its_seats(app: Flask) -> None:
    signups = family(run_of(), adults=2)
    assert (states(signups), taken()) == (["pending"] * 3, 0)
    assert agreed(signups).refusal is None
    assert (states(signups), taken()) == (["confirmed"] * 3, 3)
    assert "同行 3 位中的第 3 位" in told("signup.confirmed")[2]
    row = consents(signups)[0]
    assert (row.phone_proved_at is not None, row.paper_reference) == (True, None)
    assert "/g/" in told("guardian.agreed")[0]


def test_two_children_are_asked_for_once_and_agreed_to_at_once(app: Flask) -> None:
    signups = family(run_of(), children=2)
    first, second = consents(signups)
    assert guardian_token(first) == guardian_token(second)
    assert [one.id for one in asked_under(guardian_token(first))] == [first.id, second.id]
    assert len(told("guardian.asked")) == 1
    agreed(signups)
    assert states(signups) == ["confirmed"] * 3


def test_the_guardian_s_code_proves_the_family_s_phone_and_no_other(app: Flask) -> None:
    run, phone = run_of(), factories.phone()
    people = [entry(phone=phone), entry(phone=phone, doc_number=child_id()), entry()]
    with unit_of_work():
        made = sign_up_together(run, people, channel="page", guardian=mother(phone=phone))
        signups = [one.signup for one in made]
    agreed(signups)
    assert states(signups) == ["confirmed"] * 3
    rows = [db.session.get_one(Signup, inspect(one).identity) for one in signups]
    assert [row.phone_proved_at is not None for row in rows] == [True, True, False]


def test_saying_it_twice_is_once(app: Flask) -> None:
    signups = family(run_of())
    agreed(signups)
    agreed(signups)
    assert (states(signups), taken(), len(told("guardian.agreed"))) == (["confirmed"] * 2, 2, 1)


def test_another_phone_or_an_old_text_does_not_agree(app: Flask) -> None:
    signups = family(run_of())
    asked = consents(signups)
    with pytest.raises(NotTheGuardian), unit_of_work():
        guardians.agree(asked, privacy.phone_index(factories.phone()), 1)
    with pytest.raises(ConsentMissing), unit_of_work():
        guardians.agree(asked, asked[0].phone_index, 7)
    assert states(signups) == ["pending"] * 2


def test_a_family_that_lost_its_seats_is_not_parted_but_asked(app: Flask) -> None:
    run = run_of(capacity=2)
    signups = family(run)
    with unit_of_work():
        sign_up(run, entry(), channel="page")
    outcome = agreed(signups)
    assert isinstance(outcome.refusal, PartyDoesNotFit)
    assert (states(signups), taken()) == (["pending"] * 2, 1)
    assert consents(signups)[0].given_at is not None
    with unit_of_work():
        guardians.admit_after(consents(signups), split=True)
    assert (states(signups), taken()) == (["confirmed", "waitlisted"], 2)


def test_a_family_that_splits_waits_for_nobody_but_the_child(app: Flask) -> None:
    signups = family(run_of(capacity=2), adults=2, split=True)
    assert states(signups) == ["confirmed", "confirmed", "pending"]
    agreed(signups)
    assert states(signups) == ["confirmed", "confirmed", "waitlisted"]


def test_children_who_split_are_not_asked_again_when_their_guardian_agrees(app: Flask) -> None:
    signups = family(run_of(capacity=1), children=2, adults=0, split=True)
    assert states(signups) == ["pending", "pending"]
    assert agreed(signups).refusal is None
    assert states(signups) == ["confirmed", "waitlisted"]


def test_a_family_too_large_is_told_before_anybody_is_asked(app: Flask) -> None:
    with pytest.raises(PartyDoesNotFit) as said:
        family(run_of(capacity=2), adults=2)
    assert (said.value.facts["seats_left"], said.value.facts["people"]) == (2, 3)
    assert told("guardian.asked") == []


def test_paper_counts_with_its_number_and_each_child_needs_one(app: Flask) -> None:
    signups = family(run_of(), children=2)
    with pytest.raises(PaperReferenceMissing), unit_of_work():
        guardians.agree_on_paper(signups[1], " ")
    with unit_of_work():
        guardians.agree_on_paper(signups[1], "2026-教-017")
    assert states(signups) == ["pending"] * 3
    with unit_of_work():
        guardians.agree_on_paper(signups[2], "2026-教-018")
    assert states(signups) == ["confirmed"] * 3
    row = consents(signups)[0]
    assert (row.paper_reference, row.channel, row.phone_proved_at) == ("2026-教-017", "desk", None)


def test_a_run_that_closed_meanwhile_gives_no_seat(app: Flask, frozen: FrozenClock) -> None:
    run = run_of(starts_in=timedelta(hours=5))
    signups = family(run)
    frozen.now += timedelta(hours=6)
    outcome = agreed(signups)
    assert outcome.refusal is not None
    assert (outcome.refusal.code, taken()) == ("signup_closed", 0)


# Taking it back, and silence


def test_taking_it_back_ends_what_has_not_begun(app: Flask) -> None:
    signups = family(run_of())
    agreed(signups)
    for _ in "twice":
        with unit_of_work():
            guardians.refuse(consents(signups))
    assert (states(signups), taken()) == (["confirmed", "withdrawn"], 1)
    row = consents(signups)[0]
    assert row.withdrawn_at is not None
    actions = db.session.scalars(select(AuditEntry.action).where(AuditEntry.object_type == "guardian_consent")).all()
    assert list(actions) == ["guardian.asked", "guardian.agreed", "guardian.withdrawn"]
    assert len(told("signup.withdrawn")) == 1


def test_what_has_begun_is_left_alone(app: Flask, frozen: FrozenClock) -> None:
    signups = family(run_of(), adults=0)
    agreed(signups)
    frozen.now += timedelta(days=3, hours=1)
    with unit_of_work():
        assert guardians.refuse(consents(signups)) == []
    assert states(signups) == ["confirmed"]
    assert consents(signups)[0].withdrawn_at is not None


def test_a_move_takes_the_word_along_and_so_does_taking_it_back(app: Flask) -> None:
    first, second = run_of(), run_of(starts_in=timedelta(days=9))
    signups = family(first, adults=0)
    agreed(signups)
    with unit_of_work():
        moved = move(db.session.get_one(Signup, signups[0].id), second).signup
    assert states([*signups, moved]) == ["moved", "confirmed"]
    with unit_of_work():
        guardians.refuse(consents([moved]))
    assert states([moved]) == ["withdrawn"]


def test_silence_ends_it_after_48_hours_and_is_told_once(app: Flask, frozen: FrozenClock) -> None:
    """feat-N20: without the word no seat is consumed after 48 hours."""
    signups = family(run_of(starts_in=timedelta(days=9)))
    frozen.now += timedelta(hours=47, minutes=59)
    tasks.end_unanswered()
    assert states(signups) == ["pending"] * 2
    frozen.now += timedelta(minutes=1)
    for _ in "twice":
        tasks.end_unanswered()
    assert (states(signups), taken()) == (["lapsed"] * 2, 0)
    assert len(told("signup.unanswered")) == 2


def test_no_word_is_waited_for_beyond_the_end_of_sign_up(app: Flask, frozen: FrozenClock) -> None:
    signups = family(run_of(starts_in=timedelta(hours=5)))
    frozen.now += timedelta(hours=5)
    tasks.end_unanswered()
    assert states(signups) == ["lapsed"] * 2


def test_those_who_waited_for_a_child_go_on_without_it(app: Flask) -> None:
    signups = family(run_of())
    with unit_of_work():
        withdraw(db.session.get_one(Signup, signups[1].id))
    tasks.end_unanswered()
    assert states(signups) == ["confirmed", "withdrawn"]


def test_an_answered_run_is_not_looked_at_again(app: Flask, frozen: FrozenClock) -> None:
    signups = family(run_of(starts_in=timedelta(days=9)))
    agreed(signups)
    frozen.now += timedelta(days=3)
    assert (guardians.unanswered(), guardians.left_alone()) == ([], [])


# A few people in one form


def test_each_person_s_mistake_stands_at_its_own_field_and_nothing_is_taken(app: Flask) -> None:
    run = run_of()
    people = [entry(name="张3"), entry(), entry(doc_number="320281198506150012"), entry(phone="1")]
    with pytest.raises(Invalid) as said, unit_of_work():
        sign_up_together(run, people, channel="page")
    assert [e["pointer"] for e in said.value.errors] == [
        "/people/0/name", "/people/2/doc_number", "/people/3/phone",
    ]  # fmt: skip
    assert (taken(), db.session.scalars(select(Signup)).all()) == (0, [])


def test_one_person_does_not_come_twice(app: Flask) -> None:
    run, number = run_of(), factories.resident_id()
    with pytest.raises(SamePersonTwice) as said, unit_of_work():
        sign_up_together(run, [entry(doc_number=number), entry(doc_number=number)], channel="page")
    assert said.value.field == "people.1.doc_number"


def test_a_minor_of_14_is_noted_and_asks_nobody(app: Flask) -> None:
    made = alone(run_of(), birth="20110601")
    assert (made.signup.state, made.signup.warnings, made.signup.needs_guardian) == ("confirmed", ["minor"], False)
    assert db.session.scalars(select(CourseRun)).one().state == "published"


def test_the_guardian_goes_with_the_child_s_sign_up(app: Flask) -> None:
    made = family(run_of())
    [consent] = consents(made)
    token, phone = guardian_token(consent), consent.phone_index
    with unit_of_work():
        erase_signups([one.id for one in made])
    row = db.session.get_one(GuardianConsent, consent.id, populate_existing=True)
    named = privacy.unseal(row.name_sealed, place=GuardianConsent.PLACE_NAME, row=row.uid)
    assert (named, guardian_phone(row)) == ("", "")
    assert row.phone_index != phone
    with pytest.raises(NotFound):
        asked_under(token)
    assert (row.relation, row.notice_id) == (consent.relation, consent.notice_id)


def test_a_childs_number_put_right_leaves_the_guardians_word_with_the_child(app: Flask) -> None:
    signups = family(run_of(), adults=0)
    agreed(signups)
    with unit_of_work():
        one = db.session.get_one(Signup, signups[0].id)
        assert correct(one, Correction(doc_number=child_id(THIRTEEN))) == {"document": "changed"}
    assert states(signups) == ["confirmed"]
    (word,) = consents(signups)
    assert word.person_id == db.session.get_one(Signup, signups[0].id).person_id
