"""The night's purge: what has served its time goes, nothing else does, however often it runs."""

import dataclasses
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from chengjiu_mp.certificates.models import Certificate
from chengjiu_mp.core import clock, ids, retention
from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.core.models import AuditEntry, BeatSlot, IdempotencyKey, Job
from chengjiu_mp.core.retention import Periods
from chengjiu_mp.courses.models import CourseRun, Signup
from chengjiu_mp.exams.models import ExamResult
from chengjiu_mp.outbox.models import Message
from chengjiu_mp.people.models import Person
from chengjiu_mp.reports import retention as purging
from chengjiu_mp.reports.tasks import plan_purge, purge
from chengjiu_mp.signin import codes, service, sessions
from chengjiu_mp.signin.models import Account, PhoneCode, SignInSession
from tests import exams_rows, factories, invariants, issued, owndata, signups
from tests.owndata import GONE, again, document_of, opened
from tests.waiting import waits


@pytest.fixture
def periods() -> Iterator[Any]:
    """Return a function that changes some periods for the test."""
    plain = retention.periods()
    yield lambda **days: retention.use_periods(dataclasses.replace(Periods(), **days))
    retention.use_periods(plain)


def night() -> int:
    """Let beat and the worker do a night; return how many parts the work took."""
    plan_purge()
    parts = 0
    while (job_id := _queued()) and parts < 20:
        purge(job_id)
        parts += 1
    return parts


def _queued() -> int | None:
    db.session.rollback()
    return db.session.scalar(select(Job.id).where(Job.kind == purging.PURGE_JOB, Job.state == "queued").limit(1))


def over(**values: Any) -> CourseRun:
    """Return a closed popular run that ended an hour ago."""
    return exams_rows.past_run("popular", state="closed", **values)


def last_day(certificate: Certificate) -> date:
    assert certificate.valid_until is not None
    return certificate.valid_until


def count(model: type[Any]) -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count()).select_from(model)) or 0


def test_with_no_retention_the_night_blanks_number_and_phone_and_keeps_counts(app, frozen, periods):
    periods(uncertified=0, unfinished=0, certified=0)
    certificate = issued.issue("张三")[0]
    with factories.made():
        here = exams_rows.attended(over(head_count=1), "李四")
    frozen.now += timedelta(days=1)
    night()
    assert (opened(here), document_of(here.person_id)) == (GONE, "")
    assert (again(here).outcome, db.session.get_one(CourseRun, here.run_id).head_count) == ("attended", 1)
    assert again(certificate).state == "issued"
    assert opened(db.session.get_one(Signup, certificate.signup_id))[0] == "张三"


@pytest.mark.parametrize(
    ("outcome", "state", "days"),
    [("attended", "confirmed", 365), ("absent", "confirmed", 180), (None, "withdrawn", 180), (None, "lapsed", 180)],
)
def test_each_kind_has_its_time(app, frozen, outcome, state, days):
    with factories.made():
        row = factories.signup(over(), outcome=outcome, state=state)
    frozen.now += timedelta(days=days - 1)
    night()
    assert opened(row)[0] == "张三"
    frozen.now += timedelta(days=1)
    night()
    assert opened(row) == GONE


def test_a_holders_data_lives_three_years_past_the_last_certificate(app, frozen):
    certificate = issued.issue("张三")[0]
    signup, person = db.session.get_one(Signup, certificate.signup_id), certificate.person_id
    frozen.now = clock.at_local(last_day(certificate) + timedelta(days=1095), 12)
    night()
    assert (opened(signup)[0], len(document_of(person))) == ("张三", 18)
    frozen.now += timedelta(days=1)
    night()
    assert (opened(signup), document_of(person)) == (GONE, "")
    assert again(db.session.get_one(Person, person)).forgotten_at is not None
    assert count(Certificate) == 1


def test_a_certificate_without_an_end_is_kept(app, frozen):
    certificate = issued.issue("张三")[0]
    with unit_of_work():
        certificate = db.session.get_one(Certificate, certificate.id)
        certificate.valid_until = None
    frozen.now += timedelta(days=20 * 366)
    night()
    assert opened(db.session.get_one(Signup, certificate.signup_id))[0] == "张三"


def test_results_that_wait_keep_their_people_for_a_month(app, frozen, periods):
    periods(uncertified=0, unfinished=0)
    run, _ = issued.ready_run("张三")
    with unit_of_work():
        db.session.get_one(CourseRun, run.id).state = "closed"
    here = db.session.scalars(select(Signup)).one()
    frozen.now += timedelta(days=29)
    night()
    assert opened(here)[0] == "张三"
    frozen.now += timedelta(days=2)
    night()
    assert opened(here) == GONE


def test_who_waits_for_a_number_from_outside_is_kept_however_long_it_takes(app, frozen, periods):
    periods(uncertified=365)
    run = waits("张三", state="closed")
    frozen.now += timedelta(days=800)
    night()
    signup = db.session.scalars(select(Signup).where(Signup.run_id == run.id)).one()
    assert (signup.name, signup.erased_at) == ("张三", None)
    with unit_of_work():
        db.session.scalars(select(ExamResult)).one().outcome = "failed"
    frozen.now += timedelta(days=1)
    night()
    assert again(signup).erased_at is not None


def test_a_person_with_another_sign_up_is_kept(app, frozen, periods):
    periods(unfinished=0)
    document = factories.resident_id()
    with factories.made():
        soon, later = factories.run(), factories.run(starts_in=timedelta(days=60))
    first = signups.signed(soon.id, doc_number=document).signup
    second = signups.signed(later.id, doc_number=document).signup
    with unit_of_work():
        db.session.get_one(CourseRun, soon.id).state = "closed"
    frozen.now += timedelta(days=5)
    night()
    assert (opened(first), opened(second)[0], document_of(first.person_id)) == (GONE, "张三", document)


def test_who_erased_all_but_the_index_is_forgotten_in_the_end(app, client, frozen):
    certificate = issued.issue("张三")[0]
    headers = owndata.signed_in(issued.phone_of(certificate))
    body = {"confirm": True, "pass": owndata.passed(client, headers)}
    client.post("/api/v1/me/erasure", json=body, headers=headers)
    frozen.now = clock.at_local(last_day(certificate) + timedelta(days=1096), 12)
    night()
    assert again(db.session.get_one(Person, certificate.person_id)).forgotten_at is not None


def test_messages_lose_text_and_phone(app, frozen):
    with factories.made():
        run = factories.run(starts_in=timedelta(days=400))
    made = signups.signed(run.id).signup
    frozen.now += timedelta(days=179)
    night()
    assert owndata.texts_about(made)[0].startswith("【澄救】")
    frozen.now += timedelta(days=1, minutes=1)
    night()
    assert owndata.texts_about(made) == [""]
    message = db.session.scalars(select(Message)).one()
    assert (message.phone_index, message.phone_sealed) == (None, None)


def test_codes_replies_and_sessions_go(app, frozen):
    with unit_of_work():
        codes.send_code(factories.phone(), "signin")
        sessions.open_session("bearer")
        db.session.add(IdempotencyKey(uid=ids.new_uid(), principal="p", key="k", fingerprint=b"0" * 32))
    frozen.now += timedelta(days=1)
    night()
    assert (count(PhoneCode), count(IdempotencyKey), count(SignInSession)) == (1, 1, 1)
    frozen.now += timedelta(days=30)
    night()
    assert (count(PhoneCode), count(IdempotencyKey), count(SignInSession)) == (0, 0, 0)


def test_a_session_that_holds_a_ticket_only_forgets_its_phone(app, frozen):
    with factories.made():
        run = factories.run(starts_in=timedelta(days=400))
        _, kept = sessions.open_session("bearer")
        sessions.prove_phone(kept.id, b"1" * 32)
        factories.signup(run, device_id=kept.id)
    frozen.now += timedelta(days=60)
    night()
    assert again(kept).phone_index is None


def test_a_trainees_account_that_nobody_uses_is_closed(app, frozen):
    with factories.made():
        trainee = service.account_of_phone(b"1" * 32)
        staff = factories.account("operator")
    frozen.now += timedelta(days=366)
    night()
    assert (again(trainee).phone_index, again(trainee).active) == (None, False)
    assert again(staff).active
    assert count(Account) == 2


def test_a_night_is_asked_for_once_and_after_two(app, frozen):
    frozen.now = clock.at_local(clock.today() + timedelta(days=1), 1, 59)
    plan_purge()
    assert count(BeatSlot) == 0
    frozen.now += timedelta(minutes=1)
    plan_purge()
    plan_purge()
    with unit_of_work():
        assert not purging.plan_purge()
    assert (count(BeatSlot), _queued() is not None) == (1, True)


def test_a_large_night_goes_on_in_parts_and_is_counted(app, frozen, monkeypatch):
    monkeypatch.setattr(purging, "BATCH", 2)
    monkeypatch.setattr(purging, "FULL_BATCHES", 2)
    with factories.made():
        run = over()
        for _ in range(7):
            factories.signup(run, state="withdrawn")
    frozen.now += timedelta(days=200)
    assert night() > 1
    rows = db.session.scalars(select(AuditEntry.facts).where(AuditEntry.action == "retention.purged")).all()
    done = {what: sum(one["rows"] for one in rows if one["what"] == what) for what in ("signups", "people")}
    assert done == {"signups": 7, "people": 7}
    assert {frozenset(one) for one in rows} == {frozenset(("what", "rows"))}


def test_a_night_that_was_cut_off_goes_on(app, frozen, monkeypatch):
    with factories.made():
        rows = [factories.signup(over(), state="withdrawn") for _ in range(3)]
    frozen.now += timedelta(days=200)
    plan_purge()
    job_id = _queued()
    assert job_id is not None
    with monkeypatch.context() as cut, pytest.raises(ZeroDivisionError):
        cut.setattr(purging, "STEPS", (purging.STEPS[0], ("people", lambda: 1 // 0)))
        purge(job_id)
    assert [opened(row) for row in rows] == [GONE] * 3
    frozen.now += timedelta(minutes=1)
    purge(job_id)
    assert [document_of(row.person_id) for row in rows] == [""] * 3
    assert db.session.get_one(Job, job_id).state == "done"


def test_a_purge_breaks_nothing(app, frozen, periods):
    periods(uncertified=0, unfinished=0, messages=0)
    with factories.made():
        run = factories.run(capacity=1)
    for _ in range(3):
        signups.signed(run.id)
    frozen.now += timedelta(days=40)
    night()
    assert {opened(row) for row in db.session.scalars(select(Signup)).all()} == {GONE}
    assert invariants.broken() == {}
    assert night() == 0
