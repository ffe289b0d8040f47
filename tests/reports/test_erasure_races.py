"""Somebody's data is erased while a sign-up of theirs is being written, or their guardian says yes: real threads, real
commits. No sign-up is left of a person who is erased, and nobody waits for the other in a ring.
"""

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from chengjiu_mp.core import context, privacy
from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.core.errors import Refusal
from chengjiu_mp.courses import guardians
from chengjiu_mp.courses.models import Signup
from chengjiu_mp.courses.queries import run_to_enter
from chengjiu_mp.courses.seats import take_place
from chengjiu_mp.courses.signing_up import enter, sign_up, sign_up_together
from chengjiu_mp.courses.signup_reading import By, drafts_of
from chengjiu_mp.people.errors import ErasedMeanwhile
from chengjiu_mp.people.guardians import asked_under, guardian_token
from chengjiu_mp.people.models import GuardianConsent, Person
from chengjiu_mp.reports.erasure import erase
from chengjiu_mp.reports.errors import NothingHeld
from chengjiu_mp.reports.reach import Held, Holder, held_by_name
from chengjiu_mp.reports.retention import _purge_people
from tests import factories, invariants, signups
from tests.families import child_id, mother

NAME = "张三"


def held(phone: str) -> list[Held]:
    return held_by_name(Holder(privacy.phone_index(phone), NAME), context.PUBLIC)


def erased(phone: str) -> None:
    with unit_of_work():
        erase(lambda: held(phone), context.PUBLIC)


def two_runs(**values: Any) -> tuple[int, int]:
    with factories.made():
        return tuple(factories.run(capacity=30, starts_in=timedelta(days=d), **values).id for d in (3, 9))  # type: ignore[return-value]


def beside(app: Flask, work: Callable[[], Any]) -> tuple[threading.Thread, threading.Event, list[BaseException]]:
    """Begin some work in a thread of its own; the event says that it is done."""
    done, failed = threading.Event(), list[BaseException]()

    def go() -> None:
        with app.app_context():
            context.set_request("test", context.SYSTEM)
            try:
                work()
            except BaseException as exc:  # noqa: BLE001  handed to the test
                failed.append(exc)
            finally:
                db.session.remove()
                done.set()

    thread = threading.Thread(target=go)
    thread.start()
    return thread, done, failed


def at_once(app: Flask, *works: Callable[[], Any]) -> list[BaseException]:
    start = threading.Barrier(len(works))

    def after_start(work: Callable[[], Any]) -> Callable[[], Any]:
        return lambda: (start.wait(), work())

    begun = [beside(app, after_start(work)) for work in works]
    for thread, _, _ in begun:
        thread.join()
    return [exc for _, _, failed in begun for exc in failed]


def left_over() -> list[int]:
    """Return sign-ups that still hold data although their person is erased."""
    db.session.rollback()
    query = select(Signup.id).join(Person, Person.id == Signup.person_id)
    return list(db.session.scalars(query.where(Signup.erased_at.is_(None), Person.erased_at.is_not(None))))


@pytest.fixture
def typed(app: Flask) -> dict[str, Any]:
    return {"doc_number": factories.resident_id(), "phone": factories.phone(), "name": NAME}


def test_an_erasure_between_the_reading_and_the_writing_of_a_sign_up(app: Flask, typed: dict[str, Any]) -> None:
    first, second = two_runs()
    signups.signed(first, **typed)
    try:
        with unit_of_work():
            found = run_to_enter(second)
            drafts = drafts_of(found.run, [signups.entry(**typed)], By("api", None, None), None, [""])
            thread, done, failed = beside(app, lambda: erased(typed["phone"]))
            # SQLite lets nobody write beside us: there the erasure comes after.
            done.wait(0.5)
            enter(found, drafts, lambda: [take_place(found.pool_id)])  # type: ignore[arg-type]
    except ErasedMeanwhile:
        pass
    thread.join()
    assert (failed, left_over(), held(typed["phone"])) == ([], [], [])
    # Sent once more it is somebody new, whole.
    again = signups.signed(second, **typed).signup
    assert db.session.get_one(Person, again.person_id).erased_at is None
    assert invariants.broken() == {}


def test_an_erasure_that_meets_a_sign_up_being_written_waits_for_it(app: Flask, typed: dict[str, Any]) -> None:
    first, second = two_runs()
    signups.signed(first, **typed)
    with unit_of_work():
        sign_up(second, signups.entry(**typed), channel="api")
        thread, done, failed = beside(app, lambda: erased(typed["phone"]))
        done.wait(0.5)
    thread.join()
    assert (failed, left_over(), held(typed["phone"])) == ([], [], [])
    assert db.session.scalars(select(Signup.state)).all() == ["withdrawn"] * 2
    assert invariants.broken() == {}


def test_the_nights_purge_leaves_nobody_half_erased(app: Flask, frozen: Any, typed: dict[str, Any]) -> None:
    first, second = two_runs()
    signup = signups.signed(first, **typed).signup
    erased(typed["phone"])
    with factories.made():
        # Back since, and all but the person purged.
        person = factories.person(typed["doc_number"])
        person.created_at = frozen.now - timedelta(days=900)
    assert signup.person_id != person.id
    with unit_of_work():
        sign_up(second, signups.entry(**typed), channel="api")

        def purge() -> None:
            with unit_of_work():
                _purge_people()

        thread, done, failed = beside(app, purge)
        done.wait(0.5)
    thread.join()
    assert (failed, left_over()) == ([], [])
    (mine,) = held(typed["phone"])
    assert (mine.person.forgotten_at, mine.person.erased_at) == (None, None)


def test_twenty_erasures_race_twenty_sign_ups(app: Flask, typed: dict[str, Any]) -> None:
    first, second = two_runs()
    for _ in range(20):
        try:
            signups.signed(first, **typed)
        except Refusal:
            raise AssertionError("nobody may be shut out afterwards") from None
        failed = at_once(app, lambda: erased(typed["phone"]), lambda: signups.signed(second, **typed))
        assert [exc for exc in failed if not isinstance(exc, ErasedMeanwhile)] == []
        assert left_over() == []
        if held(typed["phone"]):
            erased(typed["phone"])
    assert invariants.broken() == {}


def test_twenty_guardians_say_yes_while_the_family_is_erased(app: Flask) -> None:
    run, _ = two_runs(kind="popular")
    allowed = (NothingHeld, Refusal)
    for _ in range(20):
        phone = factories.phone()
        people = [signups.entry(phone=phone), *(signups.entry(doc_number=child_id(), phone=phone) for _ in range(2))]
        with unit_of_work():
            sign_up_together(run, people, channel="page", guardian=mother(phone=phone))
        token = guardian_token(db.session.scalars(select(GuardianConsent).order_by(GuardianConsent.id.desc())).first())  # type: ignore[arg-type]

        def yes(token: str = token, phone: str = phone) -> None:
            with unit_of_work():
                guardians.agree(asked_under(token), privacy.phone_index(phone), 1)

        failed = at_once(app, yes, lambda phone=phone: erased(phone), yes)  # type: ignore[misc]
        assert [exc for exc in failed if not isinstance(exc, allowed)] == []
        assert (left_over(), held(phone)) == ([], [])
    assert invariants.broken() == {}
    assert set(db.session.scalars(select(Signup.state))) == {"withdrawn"}


def test_twenty_guardians_say_no_while_the_family_is_erased(app: Flask) -> None:
    run, _ = two_runs(kind="popular")
    for _ in range(20):
        phone = factories.phone()
        with unit_of_work():
            sign_up_together(
                run, [signups.entry(phone=phone), signups.entry(doc_number=child_id(), phone=phone)], channel="page",
                guardian=mother(phone=phone),
            )  # fmt: skip
            asked = db.session.scalars(select(GuardianConsent).order_by(GuardianConsent.id.desc())).first()
            assert asked is not None
            guardians.agree([asked], privacy.phone_index(phone), 1)
            token = guardian_token(asked)

        def no(token: str = token) -> None:
            with unit_of_work():
                guardians.refuse(asked_under(token))

        failed = at_once(app, no, lambda phone=phone: erased(phone))  # type: ignore[misc]
        assert [exc for exc in failed if not isinstance(exc, Refusal)] == []
        assert (left_over(), held(phone)) == ([], [])
    assert invariants.broken() == {}
