"""A void is a row, not a hole; blocks for units; eight threads leave no gap and no double (rel-I9, feat-N34)."""

import random
import threading
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from chengjiu_mp.certificates import voids, years
from chengjiu_mp.certificates.errors import (
    BlockClosed,
    BlockSize,
    NotEntitled,
    NotStanding,
    NumberNotLeft,
    NumbersFromOutside,
    ReasonMissing,
)
from chengjiu_mp.certificates.issuing import confirm
from chengjiu_mp.certificates.models import Certificate, NumberSeries
from chengjiu_mp.certificates.void_models import NumberBlock, NumberVoid
from chengjiu_mp.core.context import Principal
from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.courses.models import CourseType
from chengjiu_mp.exams.models import ExamResult
from chengjiu_mp.outbox.models import Message
from chengjiu_mp.people.models import Attainment
from tests import factories, invariants, issued
from tests.ledgers import office
from tests.waiting import keys, load, row, rule, waits


def void(one: Certificate, reason: str = "印坏了", *, again: bool = True) -> Certificate | None:
    by = office("approver")
    with unit_of_work():
        return voids.void_certificate(db.session.get_one(Certificate, one.id), reason, by, again=again)


def block(count: int, unit: str = "chengjiang", by: Principal | None = None) -> int:
    by = by or office()
    with unit_of_work():
        kind = db.session.scalars(select(CourseType.id).where(CourseType.code == "cpr_aed")).one()
        return voids.make_block(kind, 2026, factories.unit(unit).id, count, by).id


def unit_id(code: str) -> int:
    with factories.made():
        return factories.unit(code).id


def close(block_id: int, reason: str = "这一年不用了") -> int:
    by = office()
    with unit_of_work():
        return voids.close_block(block_id, reason, by)


def spoil(block_id: int, number: str, reason: str = "印坏了") -> None:
    by = office()
    with unit_of_work():
        voids.void_number(block_id, number, reason, by)


def numbers(*names: str, **values: Any) -> list[str]:
    return [one.number for one in issued.issue(*names, **values)]


def figures() -> tuple[int, int, int, int, tuple[int, ...]]:
    db.session.rollback()
    (line,) = years.ledger()
    return line.standing, line.revoked, line.voided, line.left, line.gaps


def sound() -> bool:
    return not [name for name in invariants.broken() if name.startswith("I9")]


def messages(kind: str) -> int:
    return db.session.scalar(select(func.count()).where(Message.kind == f"certificate.{kind}")) or 0


def test_a_spoiled_certificate_is_void_and_another_number_takes_its_place(app: Flask) -> None:
    first, _ = issued.issue("张三", "李四")
    again = void(first)
    assert again is not None and again.number == "JYA202600003" and again.counted
    assert db.session.get_one(Certificate, first.id).state == "revoked"
    row_of = db.session.scalars(select(NumberVoid)).one()
    assert (row_of.number, row_of.certificate_id, row_of.reason) == ("JYA202600001", first.id, "印坏了")
    assert figures() == (2, 0, 1, 0, ()) and sound()
    assert (messages("revoked"), messages("issued")) == (0, 3)
    live = select(Attainment.source).where(Attainment.ended_at.is_(None))
    assert sorted(db.session.scalars(live)) == [f"certificate:{n}" for n in (first.id + 1, again.id)]


def test_a_mistake_is_void_without_another(app: Flask) -> None:
    one = issued.issue("张三")[0]
    assert void(one, again=False) is None
    assert figures() == (0, 0, 1, 0, ()) and sound() and messages("revoked") == 1
    assert numbers("李四") == ["JYA202600002"]


def test_a_void_asks_why_and_is_made_once(app: Flask) -> None:
    one = issued.issue("张三")[0]
    with pytest.raises(ReasonMissing):
        void(one, " ")
    void(one)
    with pytest.raises(NotStanding):
        void(one)
    assert figures() == (1, 0, 1, 0, ())


def test_who_has_no_pass_any_more_gets_no_other(app: Flask) -> None:
    one = issued.issue("张三")[0]
    with unit_of_work():
        db.session.scalars(select(ExamResult)).one().outcome = "failed"
    with pytest.raises(NotEntitled):
        void(one)
    assert figures() == (1, 0, 0, 0, ())


def test_where_numbers_come_from_outside_the_person_waits_again(app: Flask) -> None:
    waits("张三")
    (one,) = load(row("张三", "SH2026-1"))
    assert void(one) is None and keys()["张三"] == 2
    assert [c.number for c in load(row("张三", "SH2026-2"))] == ["SH2026-2"]
    assert figures() == (1, 0, 1, 0, ()) and sound()


def test_a_units_runs_take_from_its_block_and_others_do_not(app: Flask) -> None:
    block(3)
    assert numbers("甲一", "甲二", unit_id=unit_id("nanzha")) == ["JYA202600004", "JYA202600005"]
    assert numbers("乙一", "乙二") == ["JYA202600001", "JYA202600002"]
    assert figures() == (4, 0, 0, 1, ()) and sound()
    assert [year.ours for year in years.years()] == [4]
    # What the block has not, the series gives.
    assert numbers("丙一", "丙二") == ["JYA202600003", "JYA202600006"]
    assert numbers("丁一") == ["JYA202600007"]
    assert figures() == (7, 0, 0, 0, ()) and sound()


def test_a_spoiled_number_of_a_block_is_passed_over(app: Flask) -> None:
    mine = block(4)
    spoil(mine, "JYA202600002")
    assert figures() == (0, 0, 1, 3, ())
    assert numbers("甲一", "甲二") == ["JYA202600001", "JYA202600003"]
    for wrong in ("JYA202600002", "JYA202600001", "JYA202600005", ""):
        with pytest.raises(NumberNotLeft):
            spoil(mine, wrong)
    assert figures() == (2, 0, 1, 1, ()) and sound()


def test_the_end_of_the_series_goes_back_to_it(app: Flask) -> None:
    mine = block(5)
    numbers("甲一", "甲二")
    assert close(mine) == 0
    assert db.session.scalar(select(NumberSeries.last)) == 2
    assert numbers("乙一") == ["JYA202600003"] and figures() == (3, 0, 0, 0, ()) and sound()
    with pytest.raises(BlockClosed):
        close(mine)


def test_what_others_passed_by_is_void_and_never_given(app: Flask) -> None:
    mine = block(4)
    numbers("甲一")
    assert numbers("乙一", unit_id=unit_id("nanzha")) == ["JYA202600005"]
    assert close(mine) == 3
    assert figures() == (2, 0, 3, 0, ()) and sound()
    assert numbers("丙一") == ["JYA202600006"]


def test_a_spoiled_one_keeps_the_rest_from_going_back(app: Flask) -> None:
    mine = block(3)
    spoil(mine, "JYA202600002")
    assert close(mine) == 2
    assert figures() == (0, 0, 3, 0, ()) and sound() and numbers("甲一") == ["JYA202600004"]


@pytest.mark.parametrize("count", [0, -1, 2001])
def test_how_many_a_block_may_hold(app: Flask, count: int) -> None:
    with pytest.raises(BlockSize):
        block(count)


def test_no_block_of_numbers_from_outside(app: Flask) -> None:
    rule()
    with pytest.raises(NumbersFromOutside):
        block(3)


def test_eight_threads_roll_back_void_and_take_blocks_without_a_gap_or_a_double(app: Flask) -> None:
    work = [
        issued.ready_run("张三", "李四", "王五", unit_id=unit_id(("chengjiang", "nanzha")[n % 2])) for n in range(24)
    ]
    blocks, by, chance = [block(7), block(5, "nanzha")], office("approver"), random.Random(11)
    order = [list(range(n, 24, 8)) for n in range(8)]
    fails, broken, ends = set(chance.sample(range(24), 6)), [], threading.Barrier(8)

    def press(mine: list[int], thread: int) -> None:
        with app.app_context():
            ends.wait()
            for n in mine:
                run, approver = work[n]
                for tried in range(2 if n in fails else 1):
                    try:
                        with unit_of_work():
                            made = confirm(run.id, approver)
                            if n % 3 == 0:
                                voids.void_certificate(made[0], "印坏了", by, again=n % 2 == 0)
                            if n in fails and not tried:
                                raise ZeroDivisionError
                    except ZeroDivisionError:
                        broken.append(n)
            if thread < 2:
                with unit_of_work():
                    voids.close_block(blocks[thread], "收回", by)
            db.session.remove()

    threads = [threading.Thread(target=press, args=(order[n], n)) for n in range(8)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    db.session.rollback()
    voided = [n for n in range(24) if n % 3 == 0]
    again = [n for n in voided if n % 2 == 0]
    assert sorted(broken) == sorted(fails)
    found = list(db.session.scalars(select(Certificate.number)))
    assert len(found) == len(set(found)) == 72 + len(again)
    standing, revoked, nobody, left, gaps = figures()
    assert (standing, revoked, left, gaps) == (72 - len(voided) + len(again), 0, 0, ())
    assert nobody >= len(voided) and sound()
    last = db.session.scalar(select(NumberSeries.last))
    assert standing + nobody == last
    assert db.session.scalar(select(func.count()).select_from(NumberBlock).where(NumberBlock.closed_at.is_(None))) == 0
