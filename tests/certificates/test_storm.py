"""Whatever is done to results and certificates, in whatever order and at once: the invariants hold, nothing is a fault."""

import random
import threading
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError

from chengjiu_mp.certificates import delivery, phone_desk, requests, series, voids
from chengjiu_mp.certificates.issuing import confirm
from chengjiu_mp.certificates.models import Certificate
from chengjiu_mp.certificates.number_import import import_numbers
from chengjiu_mp.certificates.number_sheet import read_rows
from chengjiu_mp.certificates.request_models import CertificateRequest
from chengjiu_mp.certificates.requests import Sight, Wish
from chengjiu_mp.certificates.result_corrections import correct_result
from chengjiu_mp.certificates.void_models import NumberBlock
from chengjiu_mp.certificates.waiting_models import WaitingNumber
from chengjiu_mp.core import clock, context
from chengjiu_mp.core.context import Principal
from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.core.errors import Refusal
from chengjiu_mp.core.spreadsheet import Sheet
from chengjiu_mp.courses.models import CourseRun, CourseType, Signup
from chengjiu_mp.exams.attempts import newest_results, stands_passed
from chengjiu_mp.exams.exempting import exempt
from chengjiu_mp.exams.models import ExamResult, Submission
from chengjiu_mp.exams.resits import open_resit
from chengjiu_mp.exams.schemas import CorrectionIn, ExemptionIn, ResultIn
from chengjiu_mp.exams.service import save_results
from chengjiu_mp.exams.submission import return_to_instructor, submit_results
from chengjiu_mp.people.documents import DocType
from chengjiu_mp.people.models import Person
from chengjiu_mp.reports.erasure import erase
from chengjiu_mp.reports.reach import Held
from chengjiu_mp.signin import sessions
from chengjiu_mp.signin.models import RoleGrant
from tests import exams_rows as rows
from tests import factories, invariants
from tests.printings import HOME
from tests.waiting import HEADER, row, rule

NAMES = "赵钱孙李周吴郑王"
HANDS, STEPS = 4, 45


class Town:
    """Two runs of one unit that are over, a block of numbers, and three accounts that may do everything."""

    def __init__(self) -> None:
        with factories.made():
            runs = [rows.past_run(), rows.past_run()]
            self.runs = [run.id for run in runs]
            for n, run in enumerate(runs):
                for name in NAMES[n * 4 : n * 4 + 4]:
                    rows.result(rows.attended(run, f"{name}一"), *choice_of(name))
            self.kind = db.session.scalars(select(CourseType.id).where(CourseType.code == "cpr_aed")).one()
            accounts = [factories.account("operator", name=name) for name in ("甲", "乙", "丙")]
            for one in accounts:
                db.session.add(RoleGrant(account_id=one.id, role="approver"))
            db.session.flush()
            self.staff = [
                Principal(account_id=one.id, name=one.name, grants=sessions.grants_of(one.id)) for one in accounts
            ]


def choice_of(name: str) -> tuple[dict[str, float], str]:
    return (rows.FAIL, "failed") if name in "钱周" else (rows.PASS, "passed")


class Hand:
    """One who does something at random; what is refused is refused, everything else is a fault."""

    def __init__(self, town: Town, seed: int) -> None:
        self.town, self.dice, self.seed = town, random.Random(seed), seed
        self.faults: list[str] = []
        self.done: Counter[str] = Counter()
        self.deeds: list[Callable[[], Any]] = [
            self.save, self.submit, self.submit, self.confirm, self.confirm, self.confirm, self.give_back, self.resit,
            self.correct, self.correct, self.exempt, self.propose, self.propose, self.decide, self.decide, self.decide,
            self.number, self.number, self.mode, self.block, self.close, self.way, self.erase, self.phone,
        ]  # fmt: skip

    def work(self, steps: int) -> None:
        for _ in range(steps):
            deed = self.dice.choice(self.deeds)
            self.by = self.dice.choice(self.town.staff)
            self.run = self.dice.choice(self.town.runs)
            try:
                with context.acting_as(self.by), unit_of_work():
                    deed()
                self.done[deed.__name__] += 1
            except Refusal:
                pass
            except OperationalError as exc:
                # The database ends a deadlock by itself; the caller is told to try again.
                if "deadlock" not in str(exc):
                    self.faults.append(f"{deed.__name__}: {exc!r}"[:600])
            except Exception as exc:  # noqa: BLE001
                self.faults.append(f"{deed.__name__}: {exc!r}"[:600])
            db.session.rollback()

    def signup(self) -> int:
        return self.dice.choice(db.session.scalars(select(Signup.id).where(Signup.run_id == self.run)).all())

    def certificate(self) -> Certificate | None:
        found = db.session.scalars(select(Certificate)).all()
        return self.dice.choice(found) if found else None

    def points(self) -> dict[str, float | None]:
        return {"theory": self.dice.choice([60, 85, 90]), "cpr": 88, "aed": 95}

    def save(self) -> None:
        one = self.signup()
        last = newest_results([one]).get(one)
        given = ResultIn(signup_id=one, version=last.version if last else 0, items=self.points())
        save_results(self.run, [given], self.by)

    def submit(self) -> None:
        left = db.session.scalars(select(Signup.id).where(Signup.run_id == self.run)).all()
        submit_results(self.run, left, self.by)

    def confirm(self) -> None:
        confirm(self.run, self.by, mode=self.dice.choice([None, None, None, None, "test"]))

    def give_back(self) -> None:
        if self.dice.random() < 0.3:
            return_to_instructor(self.run, "再看一遍", self.by)

    def resit(self) -> None:
        open_resit(self.run, self.signup(), self.by)

    def correct(self) -> None:
        items: dict[str, float | None] = {"theory": self.dice.choice([10.0, 82.0, 91.0])}
        correct_result(self.run, CorrectionIn(signup_id=self.signup(), items=items, reason="漏算一题"), self.by)

    def exempt(self) -> None:
        given = ExemptionIn(signup_id=self.signup(), item="aed", reason="持证", certificate_no="A1", original_seen=True)
        exempt(self.run, given, self.by)

    def propose(self) -> None:
        if (one := self.certificate()) is not None:
            kind = self.dice.choice(["revoke", "void", "void_again", "void_again", "leaked", "name"])
            sight = Sight(DocType.RESIDENT_ID, "陈老师", clock.today())
            requests.propose(one, Wish(kind, "写错了", self.dice.choice(["赵二", "钱二"]), sight))

    def decide(self) -> None:
        found = db.session.scalars(select(CertificateRequest).where(
            CertificateRequest.state == "proposed")).all()  # fmt: skip
        if found:
            one = self.dice.choice(found)
            requests.approve(one) if self.dice.random() < 0.8 else requests.refuse(one, "不对")

    def number(self) -> None:
        found = db.session.execute(
            select(WaitingNumber.id, Signup.name).join(Signup, Signup.id == WaitingNumber.signup_id)
            .where(WaitingNumber.state == "waiting")
        ).all()  # fmt: skip
        if found:
            key, name = self.dice.choice(found)
            said = f"SH{self.seed}-{self.dice.randrange(10**6)}"
            import_numbers(read_rows(Sheet([HEADER, row(name, said, key)])), self.by)

    def mode(self) -> None:
        mode = self.dice.choice(["local", "external"])
        made = series.propose(self.town.kind, 2026, mode, "JYA{year}{seq:05d}" if mode == "local" else "", self.by)
        series.put_in_force(made.id, next(one for one in self.town.staff if one != self.by))

    def block(self) -> None:
        unit = db.session.scalar(select(CourseRun.unit_id).where(CourseRun.id == self.run))
        assert unit is not None
        voids.make_block(self.town.kind, 2026, unit, self.dice.randint(1, 4), self.by)

    def close(self) -> None:
        found = db.session.scalars(select(NumberBlock.id)).all()
        if found:
            voids.close_block(self.dice.choice(found), "不用了", self.by)

    def way(self) -> None:
        if (one := self.certificate()) is not None:
            delivery.choose(one, "mail", HOME, None)

    def phone(self) -> None:
        if (one := self.certificate()) is not None:
            wish = phone_desk.NewPhone(phone=factories.phone(), reason="原号停用", seen=True)
            phone_desk.start(db.session.get_one(Person, one.person_id), wish)

    def erase(self) -> None:
        if self.dice.random() < 0.05:
            signup = db.session.get_one(Signup, self.signup())
            person = db.session.get_one(Person, signup.person_id)
            erase(lambda: [Held(person, (signup.id,), whole=True)], context.PUBLIC)


def too_many() -> dict[str, list[int]]:
    """What the invariants leave open: two standing ones of a sign-up, one without a standing pass behind it."""
    twice = select(Certificate.signup_id).where(Certificate.state != "revoked").group_by(Certificate.signup_id)
    passed = select(ExamResult.id).where(ExamResult.signup_id == Certificate.signup_id, stands_passed())
    unconfirmed = select(Certificate.id).where(Certificate.state != "revoked", ~passed.exists())
    alone = select(Submission.id).where(Submission.confirmed_by.in_(
        select(ExamResult.entered_by).where(ExamResult.run_id == Submission.run_id, ExamResult.round == Submission.round)))  # fmt: skip
    found = {
        "twice": list(db.session.scalars(twice.having(func.count() > 1))),
        "unconfirmed": list(db.session.scalars(unconfirmed)),
        "alone": list(db.session.scalars(alone)),
    }
    db.session.rollback()
    return {name: ids for name, ids in found.items() if ids}


@pytest.mark.parametrize("seed", range(4))
def test_a_storm_breaks_nothing(app: Flask, seed: int) -> None:
    town = Town()
    if seed % 2:
        rule()
    hands = [Hand(town, seed * 10 + n) for n in range(HANDS)]
    # The makers check nobody in.
    made = invariants.broken().keys()
    db.session.remove()

    def blow(hand: Hand) -> None:
        with app.app_context():
            hand.work(STEPS)
            db.session.remove()

    threads = [threading.Thread(target=blow, args=(hand,)) for hand in hands]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [fault for hand in hands for fault in hand.faults] == []
    assert sum(hand.done.total() for hand in hands) > HANDS * 5
    assert ({name: ids for name, ids in invariants.broken().items() if name not in made}, too_many()) == ({}, {})
    assert sum(hand.done[deed] for hand in hands for deed in ("number", "decide", "confirm", "correct", "resit")) > 5
