"""待取号: no certificate before its number; the numbers come back with a dry run, once."""

import hashlib
import threading
from datetime import date, datetime

import pytest
from flask import Flask
from sqlalchemy import func, select

from chengjiu_mp.certificates import waiting as queue
from chengjiu_mp.certificates import years
from chengjiu_mp.certificates.errors import NobodyWaits, NumbersJustChanged, NumbersRefused, ReasonMissing
from chengjiu_mp.certificates.issuing import confirm
from chengjiu_mp.certificates.models import Certificate, CertificateVersion
from chengjiu_mp.certificates.waiting_models import NumberExport, WaitingNumber
from chengjiu_mp.core import clock, spreadsheet
from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.core.models import AuditEntry, Job
from chengjiu_mp.courses.models import Signup
from chengjiu_mp.exams.models import ExamResult
from chengjiu_mp.outbox.models import Message
from chengjiu_mp.people.models import Attainment
from tests import invariants, issued
from tests import ledgers as old
from tests.waiting import keys, load, look, row, rule, waits


def count(model: type) -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count()).select_from(model)) or 0


def told() -> int:
    return db.session.scalar(select(func.count()).where(Message.kind == "certificate.issued")) or 0


def test_confirming_makes_people_wait_and_nothing_else(app: Flask) -> None:
    waits("张三", "李四")
    assert (count(WaitingNumber), count(Certificate), count(CertificateVersion), count(Attainment)) == (2, 0, 0, 0)
    assert (told(), count(Job)) == (0, 0)
    assert years.ledger() == [] and queue.number_waiting() == 2


def test_confirming_again_makes_nobody_wait_twice(app: Flask) -> None:
    run = waits("张三")
    with unit_of_work():
        by = issued.approver()
    with unit_of_work():
        assert confirm(run.id, by) == []
    assert count(WaitingNumber) == 1


def test_the_number_brings_certificate_picture_signature_and_message(app: Flask) -> None:
    waits("张三", "李四")
    made = load(row("张三", "苏红32-2026-000871"), row("李四", "苏红32-2026-000872"))
    assert [(c.number, c.counted, c.is_test, c.sequence) for c in made] == [
        ("苏红32-2026-000871", True, False, 1), ("苏红32-2026-000872", True, False, 2),
    ]  # fmt: skip
    assert (told(), count(Attainment), queue.number_waiting()) == (2, 2, 0)
    version = issued.draw(made[0])
    assert version.picture_state == "ready" and version.signed
    assert not [name for name in invariants.broken() if name.startswith(("I9", "N36"))]
    (line,) = years.ledger()
    assert (line.given, line.gaps, line.first, line.series.mode) == (2, (), "", "external")


def test_the_same_file_again_changes_nothing(app: Flask) -> None:
    waits("张三", "李四")
    rows = [row("张三", "SH2026-871"), row("李四")]
    assert len(load(*rows)) == 1
    before = (count(Certificate), told(), count(AuditEntry))
    made = look(*rows)
    assert [entry.action for entry in made.entries] == ["same", "later"] and made.faults == {}
    assert load(*rows) == []
    assert (count(Certificate), told(), count(AuditEntry)) == before


def test_every_row_that_does_not_fit_is_listed_and_the_rest_goes_on(app: Flask) -> None:
    local = issued.issue("周七", kind="junior")[0].number
    old.load(old.line(number="JYHS-2023-0007"))
    waits("张三", "李四", "王五", "赵六", "钱七", "孙八")
    load(row("孙八", "SH2026-808"))
    with pytest.raises(NumbersRefused) as refused:
        load(row("张三", "SH2026-1"), row("李四", "SH2026-2", key=99))
    assert [one["pointer"] for one in refused.value.errors] == ["/rows/3"]
    rows = [
        row("张三", "SH2026-801"),
        row("李四", "SH2026-802", said="李四四"),
        row("王五", "JYHS-2023-0007"),
        row("赵六", local),
        row("钱七", "JYA202600099"),
        row("孙八", "SH2026-809"),
        row("周九", "SH2026-803", key=99),
        row("周九", "SH2026-803", key=keys()["张三"], said="张三"),
        row("李四", "SH2026-801"),
    ]
    made = look(*rows)
    assert sorted(made.faults) == [3, 4, 5, 6, 7, 8, 9, 10] and [entry.row for entry in made.entries] == [2]
    said = {number: "".join(reasons) for number, reasons in made.faults.items()}
    for number, words in {
        3: "姓名不一样", 4: "别的证书的编号", 5: "别的证书的编号", 6: "号段里", 7: "已经有编号", 8: "没有这个申请号",
        9: "重复", 10: "重复",
    }.items():  # fmt: skip
        assert words in said[number], (number, said[number])
    assert [c.number for c in load(*rows, partial=True)] == ["SH2026-801"]
    assert sorted(db.session.scalars(select(Certificate.number))) == [local, "SH2026-801", "SH2026-808"]


def test_who_may_get_none_any_more_gets_none(app: Flask) -> None:
    waits("张三", "李四", "王五")
    with unit_of_work():
        people = {one.name: one for one in db.session.scalars(select(Signup))}
        people["张三"].erased_at = clock.now()
        mine = ExamResult.signup_id == people["李四"].id
        db.session.scalars(select(ExamResult).where(mine)).one().outcome = "failed"
    made = look(row("张三", "SH2026-1"), row("李四", "SH2026-2"), row("王五", "SH2026-3"))
    assert sorted(made.faults) == [2, 3] and len(made.entries) == 1
    assert queue.number_waiting() == 1


def test_a_number_that_comes_in_the_new_year_is_of_the_old_series_and_plan_year(app: Flask, frozen) -> None:
    waits("张三")
    frozen.now = datetime.fromisoformat("2027-01-05T09:00:00+08:00")
    (one,) = load(row("张三", "SH2026-871"))
    assert (one.issued_on, one.count_year, one.valid_until) == (date(2027, 1, 5), 2026, date(2030, 1, 5))
    assert [(line.series.year, line.given) for line in years.ledger()] == [(2026, 1)]


def test_back_to_our_own_numbers_leaves_who_waits_waiting(app: Flask) -> None:
    waits("张三")
    rule("local", "JYA{year}{seq:05d}")
    assert issued.issue("李四")[0].number == "JYA202600001"
    assert [c.number for c in load(row("张三", "SH2026-871"))] == ["SH2026-871"]


def exported(
    run_id: int | None = None, reason: str = "到省平台取号", *, documents: bool = False
) -> tuple[NumberExport, list]:
    by = old.office()
    with unit_of_work():
        batch, content = queue.export(by, reason, run_id=run_id, with_documents=documents)
        assert batch.sha256 == hashlib.sha256(content).hexdigest()
    return batch, spreadsheet.read(content).rows


def test_the_file_has_names_alone_unless_documents_are_asked_for(app: Flask) -> None:
    waits("张三", "=1+1李四")
    batch, lines = exported()
    assert f"批次 {batch.id}" in lines[0][0] and (batch.rows, len(lines)) == (2, 4)
    assert [line[1:4] for line in lines[2:]] == [["张三", "", ""], ["=1+1李四", "", ""]]
    shown = select(AuditEntry).where(AuditEntry.action == "number.document_shown")
    assert db.session.scalars(shown).all() == []
    _, lines = exported(documents=True)
    assert all(len(line[3]) == 18 for line in lines[2:])
    facts = [one.facts for one in db.session.scalars(shown)]
    assert facts == [{"reason": "到省平台取号"}] * 2


def test_one_runs_file_and_an_empty_one(app: Flask) -> None:
    first = waits("张三")
    waits("李四", external=False)
    assert [line[1] for line in exported(first.id)[1][2:]] == ["张三"]
    with pytest.raises(ReasonMissing):
        exported(reason=" ")
    with pytest.raises(NobodyWaits):
        exported(run_id=999)


def test_two_imports_at_once_issue_once(app: Flask) -> None:
    waits("张三", "李四")
    rows, start, ends = [row("张三", "SH2026-1"), row("李四", "SH2026-2")], threading.Barrier(2), []

    def press() -> None:
        with app.app_context():
            start.wait()
            try:
                ends.append(len(load(*rows)))
            except (NumbersJustChanged, NumbersRefused):
                ends.append(0)
            db.session.remove()

    threads = [threading.Thread(target=press) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(ends) == [0, 2]
    db.session.rollback()
    assert sorted(db.session.scalars(select(Certificate.number))) == ["SH2026-1", "SH2026-2"]
