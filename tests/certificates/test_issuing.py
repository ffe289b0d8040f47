"""Confirming: two people, one transaction, numbers without a gap."""

import random
import threading
from collections import Counter
from datetime import date, datetime

import pytest
from flask import Flask
from sqlalchemy import func, select

from chengjiu_mp.certificates import issuing, versions
from chengjiu_mp.certificates.issuing import confirm
from chengjiu_mp.certificates.models import Certificate, CertificateVersion, NumberSeries
from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.core.errors import NotFound
from chengjiu_mp.core.models import AuditEntry, Job
from chengjiu_mp.courses.models import Signup, Syllabus
from chengjiu_mp.exams.errors import NotSubmitted, SamePerson
from chengjiu_mp.exams.models import Submission
from chengjiu_mp.outbox.models import Message
from chengjiu_mp.people.models import Attainment
from tests import exams_rows as rows
from tests import factories, issued


def count(model: type) -> int:
    return db.session.scalar(select(func.count()).select_from(model)) or 0


def test_everybody_present_who_passed_gets_one(app: Flask) -> None:
    run, by = issued.ready_run("张三", "李四")
    with factories.made():
        rows.result(rows.attended(run, "王五"), rows.FAIL, "failed")
        rows.result(factories.signup(run, "赵六", outcome="absent"))
        rows.attended(run, "钱七")
    with unit_of_work():
        given = confirm(run.id, by)
    assert [c.number for c in given] == ["JYA202600001", "JYA202600002"]
    assert (count(Certificate), count(CertificateVersion), count(Attainment)) == (2, 2, 2)
    assert db.session.scalar(select(Submission.confirmed_by)) == by.account_id


def test_each_brings_its_job_message_and_trail(app: Flask) -> None:
    one, two = issued.issue("张三", "李四")
    kinds = Counter(db.session.scalars(select(Job.kind)))
    assert kinds[versions.RENDER_JOB] == 2
    assert db.session.scalar(select(func.count()).where(Message.kind == "certificate.issued")) == 2
    told = select(AuditEntry.object_id).where(AuditEntry.action == "certificate.issued")
    assert set(db.session.scalars(told)) == {one.id, two.id}


def test_confirming_twice_issues_nothing_more(app: Flask) -> None:
    run, by = issued.ready_run("张三", "李四")
    with unit_of_work():
        first = [(c.id, c.number) for c in confirm(run.id, by)]
    with factories.made():
        other = issued.approver()
    with unit_of_work():
        assert [(c.id, c.number) for c in confirm(run.id, other)] == first
    assert (count(Certificate), db.session.scalar(select(NumberSeries.last))) == (2, 2)


def test_who_submitted_does_not_confirm(app: Flask) -> None:
    run, _ = issued.ready_run()
    with factories.made():
        who = issued.approver()
        db.session.scalars(select(Submission)).one().submitted_by = who.account_id
    with pytest.raises(SamePerson), unit_of_work():
        confirm(run.id, who)
    assert count(Certificate) == 0


def test_nothing_submitted_nothing_confirmed(app: Flask) -> None:
    run, by = issued.ready_run()
    with unit_of_work():
        db.session.scalars(select(Submission)).one().state = "open"
    with pytest.raises(NotSubmitted), unit_of_work():
        confirm(run.id, by)


def test_an_approver_of_another_unit_sees_no_run(app: Flask) -> None:
    run, _ = issued.ready_run()
    with factories.made():
        elsewhere = issued.approver(unit_code="nanzha")
    with pytest.raises(NotFound), unit_of_work():
        confirm(run.id, elsewhere)


def test_an_exception_in_the_middle_uses_no_number(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    run, by = issued.ready_run("张三", "李四", "王五")
    told: list[int] = []

    def breaks(*args: object) -> None:
        told.append(1)
        if len(told) == 2:
            raise RuntimeError("planted")

    with monkeypatch.context() as planted, pytest.raises(RuntimeError), unit_of_work():
        planted.setattr(issuing, "_tell", breaks)
        confirm(run.id, by)
    assert (count(Certificate), count(NumberSeries), count(Job)) == (0, 0, 0)
    assert db.session.scalar(select(Submission.state)) == "submitted"
    db.session.rollback()
    with unit_of_work():
        assert [c.sequence for c in confirm(run.id, by)] == [1, 2, 3]


def test_numbers_have_no_gap_under_threads_and_rollbacks(app: Flask) -> None:
    work = [issued.ready_run("张三", "李四", "王五") for _ in range(20)]
    chance = random.Random(7)
    undone: list[int] = []
    fails = {run.id for run, _ in chance.sample(work, 4)}

    def confirm_some(mine: list) -> None:
        with app.app_context():
            for run, by in mine:
                try:
                    with unit_of_work():
                        confirm(run.id, by)
                        if run.id in fails:
                            raise ZeroDivisionError
                except ZeroDivisionError:
                    undone.append(run.id)
            db.session.remove()

    threads = [threading.Thread(target=confirm_some, args=(work[n::4],)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(undone) == sorted(fails)
    assert sorted(db.session.scalars(select(Certificate.sequence))) == list(range(1, 49))


def test_two_approvers_at_once_issue_once(app: Flask) -> None:
    run, by = issued.ready_run("张三", "李四")
    with factories.made():
        other = issued.approver()
    seen, start = [], threading.Barrier(2)

    def press(who) -> None:
        with app.app_context():
            start.wait()
            with unit_of_work():
                seen.append([c.number for c in confirm(run.id, who)])
            db.session.remove()

    threads = [threading.Thread(target=press, args=(who,)) for who in (by, other)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen[0] == seen[1] == ["JYA202600001", "JYA202600002"]
    assert count(Certificate) == 2


def again(person_of: Certificate, **values) -> Certificate:
    """The same person passes another run."""
    run, by = issued.ready_run("李四", **values)
    with unit_of_work():
        mine = db.session.scalars(select(Signup).where(Signup.run_id == run.id)).one()
        mine.person_id = person_of.person_id
    with unit_of_work():
        return confirm(run.id, by)[0]


def test_a_person_counts_once_per_kind_and_year(app: Flask) -> None:
    first = issued.issue()[0]
    assert (first.counted, first.count_year) == (True, 2026)
    assert again(first).counted is False
    assert again(first, kind="junior").counted is True


def test_who_renews_counts_in_the_new_plan_year_and_not_twice_in_one(app: Flask, frozen) -> None:
    # The rule counts a person once per kind and plan year; a certificate that is still good does not change that.
    first = issued.issue()[0]
    assert (again(first).counted, first.valid_until) == (False, date(2029, 11, 23))
    frozen.now = datetime.fromisoformat("2027-03-01T12:00:00+08:00")
    renewed = again(first)
    assert (renewed.counted, renewed.count_year, renewed.valid_until) == (True, 2027, date(2030, 3, 1))
    assert again(first).counted is False


def test_two_runs_at_once_count_the_person_once(app: Flask) -> None:
    work = [issued.ready_run("张三"), issued.ready_run("张三")]
    start = threading.Barrier(2)
    with unit_of_work():
        both = db.session.scalars(select(Signup)).all()
        both[1].person_id = both[0].person_id

    def press(run, by) -> None:
        with app.app_context():
            start.wait()
            with unit_of_work():
                confirm(run.id, by)
            db.session.remove()

    threads = [threading.Thread(target=press, args=one) for one in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(db.session.scalars(select(Certificate.counted))) == [False, True]


def test_the_plan_year_is_the_last_meetings_in_shanghai(app: Flask, frozen) -> None:
    frozen.now = datetime.fromisoformat("2027-01-01T02:00:00+08:00")
    # Begins 2026-12-31 22:00 and ends 2027-01-01 01:00 in Shanghai, while it is still the old year in UTC.
    assert issued.issue()[0].count_year == 2027


def test_after_a_revocation_another_counts_in_its_place(app: Flask) -> None:
    from_first = issued.issue()[0]
    with unit_of_work():
        db.session.get_one(Certificate, from_first.id).state = "revoked"
    assert again(from_first).counted is True


def test_a_test_certificate_counts_nowhere(app: Flask) -> None:
    run, by = issued.ready_run()
    with unit_of_work():
        one = confirm(run.id, by, mode="test")[0]
    assert (one.counted, one.is_test, one.number) == (False, True, "TEST-JYA202600001")


def test_a_leap_day_certificate_ends_on_the_28th(app: Flask, frozen) -> None:
    frozen.now = datetime.fromisoformat("2024-02-29T18:00:00+08:00")
    one = issued.issue()[0]
    assert (one.issued_on, one.valid_until) == (date(2024, 2, 29), date(2027, 2, 28))


def test_a_kind_without_an_end_has_none(app: Flask) -> None:
    run, by = issued.ready_run()
    with unit_of_work():
        db.session.get_one(Syllabus, run.syllabus_id).validity_months = None
    with unit_of_work():
        assert confirm(run.id, by)[0].valid_until is None
