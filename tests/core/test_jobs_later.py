"""What is away outside ends no job: it rests, is no attempt older, and goes on in the order of what is due."""

import errno
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from chengjiu_mp.core import clock, jobs
from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.core.models import Job


def _asked(key="k", **values) -> int:
    with unit_of_work():
        jobs.ask("core.relay", 1, queue=jobs.URGENT, dedupe_key=key, **values)
    return db.session.scalars(select(Job.id).where(Job.dedupe_key == key)).one()


def _job(job_id) -> Job:
    db.session.expire_all()
    return db.session.get_one(Job, job_id)


def _away(until=None):
    def work(_subject):
        raise jobs.Later("away", until=until)

    return work


def test_two_hours_away_end_no_job(app, frozen):
    job_id, looks = _asked(), 0
    ends = frozen.now + timedelta(hours=2)
    while frozen.now < ends and looks < 100:
        assert jobs.run(job_id, _away()) is False
        looks += 1
        frozen.now += timedelta(seconds=_job(job_id).run_after - frozen.now.timestamp())
    row = _job(job_id)
    assert (row.state, row.attempts, row.reason, row.postponed) == ("queued", 0, "away", looks)
    assert looks < 40
    assert jobs.run(job_id, lambda _: None) is True
    assert _job(job_id).state == "done"


def test_the_rest_grows_to_five_minutes(app, frozen):
    job_id, rests = _asked(), []
    for _ in range(8):
        jobs.run(job_id, _away())
        rests.append(_job(job_id).run_after - frozen.now.timestamp())
        frozen.now += timedelta(seconds=rests[-1])
    assert rests == pytest.approx([5, 10, 20, 40, 80, 160, 300, 300], abs=0.01)


def test_who_says_until_when_is_believed(app, frozen):
    job_id, until = _asked(), clock.now().timestamp() + 77
    jobs.run(job_id, _away(until))
    assert _job(job_id).run_after == pytest.approx(until)
    assert jobs.claim(job_id) is None


def test_a_time_that_is_past_does_not_spin(app):
    job_id = _asked()
    jobs.run(job_id, _away(until=1.0))
    assert _job(job_id).run_after > clock.now().timestamp()


def test_a_fault_still_counts(app):
    def broken(_subject):
        raise ValueError

    job_id = _asked()
    with pytest.raises(ValueError, match=r"^$"):
        jobs.run(job_id, broken)
    assert (_job(job_id).attempts, _job(job_id).postponed) == (1, 0)


def test_what_is_due_first_is_announced_first(app):
    now = clock.now().timestamp()
    late, soon, usual = _asked("late", due=now + 500), _asked("soon", due=now - 500), _asked("usual")
    with unit_of_work():
        assert [one[0] for one in jobs.announceable()] == [soon, usual, late]


def test_a_full_disk_ends_no_job_and_is_looked_at_again_every_ten_seconds(app, frozen):
    """rel-F9; /dev/full answers every write as a full disk does."""

    def writes(_subject):
        Path("/dev/full").write_bytes(b"a picture")

    job_id = _asked()
    for _ in range(2 * jobs.MAX_ATTEMPTS):
        assert jobs.run(job_id, writes) is False
        row = _job(job_id)
        assert (row.state, row.attempts, row.reason) == ("queued", 0, "disk_full")
        assert row.run_after == frozen.now.timestamp() + jobs.DISK_FULL_SECONDS
        frozen.now += timedelta(seconds=jobs.DISK_FULL_SECONDS)
    assert jobs.run(job_id, lambda _: None) is True


def test_any_other_fault_of_the_disk_counts_as_an_attempt(app, frozen):
    def breaks(_subject):
        raise OSError(errno.EIO, "broken")

    job_id = _asked()
    with pytest.raises(OSError, match="broken"):
        jobs.run(job_id, breaks)
    assert (_job(job_id).attempts, _job(job_id).reason) == (1, "OSError")


def test_a_thousand_pictures_are_told_of_a_few_at_a_time_and_keep_no_message_waiting(app, frozen):
    def told() -> list[str]:
        with unit_of_work():
            return [queue for _, _, queue in jobs.announceable(limit=5)]

    with unit_of_work():
        for number in range(20):
            jobs.ask("certificates.render", number, queue=jobs.RENDER, dedupe_key=f"picture {number}")
    assert told() == [jobs.RENDER] * 5
    assert told() == []  # five wait at the workers
    _asked("message")
    assert told() == [jobs.URGENT]
    with unit_of_work():
        db.session.execute(update(Job).where(Job.announced_at > 0, Job.subject_id < 2).values(state="done"))
    assert told() == [jobs.RENDER] * 2


def test_messages_by_the_thousand_are_told_of_by_the_forty(app, frozen):
    def told() -> int:
        with unit_of_work():
            return len(jobs.announceable())

    with unit_of_work():
        wanted = [jobs.Asked(number, f"letter {number}") for number in range(100)]
        jobs.ask_each("outbox.deliver", wanted, queue=jobs.BULK)
    assert (told(), told()) == (40, 0)
    with unit_of_work():
        db.session.execute(update(Job).where(Job.announced_at > 0, Job.subject_id < 30).values(state="done"))
    assert told() == 30
