"""Re-sits and corrections of others while somebody waits for a number, and after a certificate was spoiled."""

import threading
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from chengjiu_mp.certificates import delivery, voids
from chengjiu_mp.certificates import waiting as queue
from chengjiu_mp.certificates.errors import NumbersJustChanged, NumbersRefused
from chengjiu_mp.certificates.issuing import confirm
from chengjiu_mp.certificates.models import Certificate
from chengjiu_mp.certificates.result_corrections import CertificateStands, correct_result
from chengjiu_mp.certificates.waiting_models import WaitingNumber
from chengjiu_mp.core.context import Principal
from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.courses.models import Signup
from chengjiu_mp.exams.resits import open_resit
from chengjiu_mp.exams.schemas import CorrectionIn
from chengjiu_mp.exams.submission import submit_results
from tests import exams_rows as rows
from tests import factories, invariants, issued
from tests.ledgers import office
from tests.printings import HOME
from tests.waiting import keys, load, look, row, rule


class Run:
    """A confirmed run: 张三 passed, 李四 failed; with ``external`` 张三 waits for a number."""

    def __init__(self, *, external: bool) -> None:
        if external:
            rule()
        self.run, self.approver = issued.ready_run("张三")
        with factories.made():
            self.failed = rows.attended(self.run, "李四").id
            rows.result(db.session.get_one(Signup, self.failed), rows.FAIL, "failed")
        self.passed = db.session.scalars(select(Signup.id).where(Signup.name == "张三")).one()
        self.by = office()
        self.id = self.run.id
        self.confirm()

    def confirm(self) -> list[Certificate]:
        with unit_of_work():
            return confirm(self.id, self.approver)

    def correct(self, signup_id: int, by: Principal | None = None, **items: Any) -> None:
        by = by or self.by
        with unit_of_work():
            correct_result(self.id, CorrectionIn(signup_id=signup_id, items=items, reason="漏算一题"), by)

    def submit(self, *left_out: int) -> None:
        by = office()
        with unit_of_work():
            submit_results(self.id, left_out, by)


def spoil(of: Run) -> Certificate | None:
    by = office("approver")
    with unit_of_work():
        one = db.session.scalars(select(Certificate).where(Certificate.run_id == of.id)).one()
        return voids.void_certificate(one, "印坏了", by, again=True)


def numbers() -> list[str]:
    db.session.rollback()
    return list(db.session.scalars(select(Certificate.number).order_by(Certificate.id)))


def sound() -> bool:
    return not [name for name in invariants.broken() if name.startswith("I9")]


@pytest.mark.parametrize("confirmed", [False, True])
def test_somebody_elses_resit_keeps_nobody_from_their_number(app: Flask, confirmed: bool) -> None:
    of = Run(external=True)
    with unit_of_work():
        open_resit(of.id, of.failed, of.by)
    if confirmed:
        of.submit(of.failed)
        of.confirm()
    assert queue.number_waiting(of.id) == 1
    assert [one.number for one in load(row("张三", "SH2026-1"))] == ["SH2026-1"] and sound()


def test_a_spoiled_certificate_is_made_again_while_others_resit(app: Flask) -> None:
    of = Run(external=False)
    with unit_of_work():
        open_resit(of.id, of.failed, of.by)
    again = spoil(of)
    assert again is not None and again.number == "JYA202600002" and sound()
    of.submit(of.failed)
    of.confirm()
    assert numbers() == ["JYA202600001", "JYA202600002"]


def test_nothing_is_issued_on_a_correction_that_nobody_confirmed(app: Flask) -> None:
    of = Run(external=True)
    of.correct(of.passed, theory=85)
    assert queue.who_waits() == []
    assert list(look(row("张三", "SH2026-1")).faults) == [2]
    of.submit()
    assert list(look(row("张三", "SH2026-1")).faults) == [2]


def test_a_corrected_pass_keeps_its_place_in_line(app: Flask) -> None:
    of = Run(external=True)
    before = keys()
    of.correct(of.passed, theory=85)
    of.submit()
    assert of.confirm() == [] and keys() == before
    assert [one.number for one in load(row("张三", "SH2026-1"))] == ["SH2026-1"] and sound()


def test_who_fails_by_a_correction_waits_no_more_and_can_come_back(app: Flask) -> None:
    of = Run(external=True)
    for theory, wait in ((10, 0), (90, 1)):
        of.correct(of.passed, theory=theory)
        of.submit()
        of.confirm()
        assert (queue.number_waiting(), len(queue.who_waits()), len(queue.runs_waiting())) == (wait, wait, wait)
    assert len(db.session.scalars(select(WaitingNumber)).all()) == 1


def test_our_own_number_ends_the_wait(app: Flask) -> None:
    of = Run(external=True)
    rule("local", "JYA{year}{seq:05d}")
    of.correct(of.passed, theory=85)
    of.submit()
    assert [one.number for one in of.confirm()] == ["JYA202600001"]
    assert queue.number_waiting() == 0 and sound()
    assert list(look(row("张三", "SH2026-1")).faults) == [2]


def test_a_number_and_a_correction_at_once_follow_each_other(app: Flask) -> None:
    of = Run(external=True)
    line, start, ends = row("张三", "SH2026-1"), threading.Barrier(2), {}
    signup, by = of.passed, of.by
    db.session.remove()

    def press(what: str) -> None:
        with app.app_context():
            start.wait()
            try:
                if what == "number":
                    load(line)
                else:
                    of.correct(signup, by, theory=10)
                ends[what] = True
            except (NumbersJustChanged, NumbersRefused, CertificateStands):
                ends[what] = False
            db.session.remove()

    threads = [threading.Thread(target=press, args=(what,)) for what in ("number", "correction")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(ends.values()) == [False, True] and sound()


def test_the_way_of_the_paper_waits_for_the_number_with_its_holder(app: Flask) -> None:
    of = Run(external=True)
    (one,) = load(row("张三", "SH2026-1"))
    with unit_of_work():
        delivery.choose(db.session.get_one(Certificate, one.id), "mail", HOME, None)
    assert spoil(of) is None
    (made,) = load(row("张三", "SH2026-2"))
    kept = delivery.delivery_of(made.id)
    assert kept is not None and (kept.state, delivery.address_of(kept)) == ("chosen", HOME)
