"""The transaction at the edge, the constraint's name, and the job's lease, on both databases."""

from datetime import datetime

import pytest
from sqlalchemy import String, func, select, text, type_coerce
from sqlalchemy.exc import DBAPIError, IntegrityError, StatementError

from chengjiu_mp.core import audit, clock, ids, jobs, limits
from chengjiu_mp.core.clock import SHANGHAI
from chengjiu_mp.core.db import after_commit, db, is_postgresql, savepoint, unit_of_work, violated
from chengjiu_mp.core.errors import TooMany
from chengjiu_mp.core.many_rows import insert_rows
from chengjiu_mp.core.models import AuditEntry, Job
from chengjiu_mp.core.rows import adopted, as_inserted, as_read, filled, insert_new, insert_object, put, table_of
from chengjiu_mp.units.models import Sector
from tests import counting


def _sector(code: str) -> Sector:
    return Sector(code=code, name=code, sort=1)


def test_an_exception_rolls_everything_back(app):
    with pytest.raises(ValueError, match="no"), unit_of_work() as session:
        session.add(_sector("a"))
        session.flush()
        raise ValueError("no")
    assert db.session.scalar(select(func.count()).select_from(Sector)) == 0


def test_after_commit_runs_after_the_real_commit_and_not_after_a_savepoint(app):
    seen = []
    with unit_of_work() as session:
        with session.begin_nested():
            session.add(_sector("a"))
            after_commit(lambda: seen.append("done"))
        assert seen == []
    assert seen == ["done"]


def test_a_nested_unit_of_work_is_refused(app):
    with pytest.raises(RuntimeError, match="nested"), unit_of_work(), unit_of_work():
        pass


def test_a_broken_unique_index_has_a_name_on_both_databases(app):
    with pytest.raises(IntegrityError) as caught, unit_of_work() as session:
        session.add_all([_sector("a"), _sector("a")])
    assert violated(caught.value, "uq_sector_code")
    assert not violated(caught.value, "uq_unit_code")


def test_a_broken_check_has_a_name_on_both_databases(app):
    with pytest.raises(IntegrityError) as caught, unit_of_work() as session:
        session.execute(
            text(
                "insert into job (kind, queue, subject_id, dedupe_key, state, attempts, run_after, announced_at, lease_until,"
                " created_at) values ('a','slow',1,'x','odd',0,0,0,0,'2026-01-01')"
            )
        )
    assert violated(caught.value, "ck_job_state")


def test_the_audit_trail_refuses_change(app):
    with unit_of_work() as session:
        row = _sector("a")
        session.add(row)
        session.flush()
        audit.record("made", row)
    for change in ("update audit_entry set action = 'x'", "delete from audit_entry"):
        with pytest.raises(DBAPIError, match="append-only"), unit_of_work() as session:
            session.execute(text(change))
    assert db.session.scalars(select(AuditEntry.action)).all() == ["made"]


def _job(key: str = "k") -> int:
    with unit_of_work():
        jobs.ask("test.kind", 7, queue=jobs.SLOW, dedupe_key=key)
    return db.session.scalars(select(Job.id).where(Job.dedupe_key == key)).one()


def test_a_job_asked_for_twice_is_one_job(app):
    assert _job() == _job()


def test_a_claimed_job_cannot_be_claimed_again_until_its_lease_ends(app):
    job_id = _job()
    held = jobs.claim(job_id)
    assert held is not None and held.subject_id == 7
    assert jobs.claim(job_id) is None
    with unit_of_work() as session:
        session.execute(text("update job set lease_until = 1"))
    again = jobs.claim(job_id)
    assert again is not None and again.attempts == 2
    with pytest.raises(jobs.LeaseLost), unit_of_work():
        jobs.finish(held)


def test_effect_and_completion_are_one_transaction(app):
    job_id = _job()
    assert jobs.run(job_id, lambda subject: lambda: db.session.add(_sector(f"s{subject}")))
    assert not jobs.run(job_id, lambda subject: lambda: db.session.add(_sector("again")))
    assert db.session.scalars(select(Sector.code)).all() == ["s7"]


def test_a_job_that_keeps_failing_is_dead_after_five_attempts_and_says_why(app, frozen):
    job_id = _job()

    def fails(_subject: int) -> None:
        raise KeyError("13800138000")

    for _ in range(5):
        frozen.now = frozen.now.replace(year=frozen.now.year + 1)
        with pytest.raises(KeyError):
            jobs.run(job_id, fails)
    assert jobs.claim(job_id) is None
    job = db.session.get_one(Job, job_id)
    assert (job.state, job.attempts, job.reason) == ("dead", 5, "KeyError")


def test_announced_jobs_are_not_announced_again_at_once(app):
    job_id = _job()
    with unit_of_work():
        assert jobs.announceable() == [(job_id, "test.kind", "slow")]
    with unit_of_work():
        assert jobs.announceable() == []
        db.session.execute(text("update job set announced_at = announced_at - 11"))
        assert len(jobs.announceable()) == 1


def test_a_limit_holds_in_every_sliding_window(app, frozen):
    key = limits.Limit(ids.new_uid(), times=3, seconds=60)
    for _ in range(3):
        limits.spend(key)
    with pytest.raises(TooMany) as caught:
        limits.spend(key)
    assert 60 <= caught.value.facts["retry_after"] <= 67
    frozen.now = frozen.now.fromtimestamp(frozen.now.timestamp() + caught.value.facts["retry_after"], frozen.now.tzinfo)
    limits.spend(key)


def _entered(**values: str) -> int | None:
    given = {"kind": "a", "queue": jobs.SLOW, "subject_id": 1, "state": "queued", **values}
    return insert_new(Job, ("dedupe_key",), **given)


def test_a_row_that_is_there_is_not_inserted_again(app):
    with unit_of_work():
        first, other = _entered(dedupe_key="x"), _entered(dedupe_key="y")
        assert first and other and first != other
        assert _entered(dedupe_key="x", state="done") is None
    assert sorted(db.session.execute(select(Job.id, Job.state, Job.attempts)).all()) == [
        (first, "queued", 0), (other, "queued", 0),
    ]  # fmt: skip


def test_an_adopted_row_is_the_sessions_own(app):
    with unit_of_work():
        number = _entered(dedupe_key="x")
        job = adopted(Job(id=number, dedupe_key="x"))
        assert (job.state, db.session.get(Job, number) is job) == ("queued", True)
        job.state = "dead"
    assert db.session.scalar(select(Job.state)) == "dead"


def test_an_object_is_inserted_with_its_defaults(app):
    with unit_of_work() as session:
        new = Sector(code="a", name="名", sort=3)
        new.id = insert_object(new)
        assert session.get(Sector, new.id) is not new
        session.expunge_all()
        assert adopted(new) is session.get(Sector, new.id)
        new.name = "新名"
    assert db.session.execute(select(Sector.code, Sector.name, Sector.sort)).all() == [("a", "新名", 3)]


def test_an_object_past_the_session_knows_what_its_row_has(app, frozen):
    """NULL and constants are known without asking; what the column's own call made is read when it is asked for."""
    values = {"kind": "a", "queue": jobs.SLOW, "subject_id": 1, "dedupe_key": "x"}
    with unit_of_work() as session:
        job = filled(Job, **values)
        put(job, state="done")
        put(job, id=insert_object(job))
        whole = filled(Job, **{**values, "dedupe_key": "y"}, created_at=clock.now())
        put(whole, id=insert_object(whole))
        adopted(job)
        with counting.statements() as sent:
            adopted(whole)
            assert (whole.attempts, whole.run_after, whole.reason, whole.done_at) == (0, 0.0, None, None)
        assert (sent, job.created_at, job.state) == ([], frozen.now, "done")
        assert not session.dirty
        whole.reason = "late"
    rows = db.session.execute(select(Job.dedupe_key, Job.state, Job.attempts, Job.reason).order_by(Job.id)).all()
    assert rows == [("x", "done", 0, None), ("y", "queued", 0, "late")]


def test_what_was_inserted_to_be_looked_at_is_in_no_session(app):
    with unit_of_work() as session:
        values = {"code": "a", "name": "before", "sort": 1}
        found = as_inserted(Sector, insert_new(Sector, ("code",), **values) or 0, values)
        assert (found not in session, found.name) == (True, "before")
        found.name = "after"
    assert db.session.scalar(select(Sector.name)) == "before"


def test_a_number_that_was_rolled_back_may_be_given_again(app):
    with unit_of_work() as session:
        for name in ("x", "y"):
            savepoint = session.begin_nested()
            job = adopted(Job(id=_entered(dedupe_key=name), dedupe_key=name))
            if name == "x":
                savepoint.rollback()
        assert (job.dedupe_key, job.state) == ("y", "queued")
    assert db.session.scalars(select(Job.dedupe_key)).all() == ["y"]


def test_a_refused_try_counts_against_no_other_limit(app):
    minute, day = limits.Limit(ids.new_uid(), times=1, seconds=60), limits.Limit(ids.new_uid(), times=3, seconds=86400)
    limits.spend(minute, day)
    for _ in range(3):
        with pytest.raises(TooMany):
            limits.spend(minute, day)
    assert limits.spend(day)[day.key] == 2


def _codes():
    return set(db.session.scalars(select(Sector.code)))


def test_a_row_past_the_session_goes_back_with_the_sessions_savepoint(app):
    with unit_of_work() as session:
        insert_new(Sector, ("code",), code="a", name="a", sort=1)
        with pytest.raises(ValueError, match="no"), session.begin_nested():
            insert_new(Sector, ("code",), code="b", name="b", sort=1)
            raise ValueError("no")
        insert_new(Sector, ("code",), code="c", name="c", sort=1)
    assert _codes() == {"a", "c"}


def test_a_savepoint_of_its_own_goes_back_within_the_sessions(app):
    with unit_of_work() as session:
        with session.begin_nested():
            insert_new(Sector, ("code",), code="a", name="a", sort=1)
            with pytest.raises(ValueError, match="no"), savepoint():
                insert_new(Sector, ("code",), code="b", name="b", sort=1)
                assert _codes() == {"a", "b"}  # the session looks on under its own savepoint
                raise ValueError("no")
        with session.begin_nested(), savepoint():
            assert _codes() == {"a"}
    assert _codes() == {"a"}


def test_a_savepoint_within_a_savepoint_goes_back_alone(app):
    with unit_of_work():
        with savepoint():
            insert_new(Sector, ("code",), code="a", name="a", sort=1)
            with pytest.raises(IntegrityError), savepoint():
                insert_rows(Sector, [{"code": "a", "name": "again", "sort": 1}])
            insert_new(Sector, ("code",), code="b", name="b", sort=1)
        with pytest.raises(ValueError, match="no"), savepoint():
            with savepoint():
                insert_new(Sector, ("code",), code="c", name="c", sort=1)
            raise ValueError("no")
    assert _codes() == {"a", "b"}


def test_an_instant_is_written_as_the_database_writes_it(app):
    """On SQLite the text is made here: text that compares and sorts with what SQLAlchemy would have written."""
    moment = datetime(2026, 3, 1, 9, 0, tzinfo=SHANGHAI)
    with unit_of_work() as session:
        insert_new(Job, ("dedupe_key",), kind="a", queue="slow", subject_id=1, dedupe_key="x", created_at=moment)
        if not is_postgresql():
            assert session.scalar(select(type_coerce(Job.created_at, String))) == "2026-03-01 01:00:00.000000"
        assert session.scalar(select(Job.created_at)) == moment
        with pytest.raises(StatementError, match="naive"):
            insert_new(Job, ("dedupe_key",), kind="a", dedupe_key="y", created_at=datetime(2026, 3, 1))  # noqa: DTZ001


def test_what_was_read_to_be_looked_at_is_never_written(app):
    with unit_of_work():
        insert_new(Sector, ("code",), code="a", name="before", sort=1)
    with unit_of_work() as session:
        found = as_read(Sector, list(session.execute(select(*table_of(Sector).c)).one()))
        assert (found.code, found.name) == ("a", "before")
        found.name = "after"
    assert db.session.scalar(select(Sector.name)) == "before"
