"""The worker's side of lists: reading, enrolling, and forgetting in time."""

from celery.schedules import crontab

from chengjiu_mp.core import jobs
from chengjiu_mp.core.celery import task
from chengjiu_mp.core.db import end_read, unit_of_work
from chengjiu_mp.lists import enrolling, reading, shredding, uploading


@task(uploading.READ, queue=jobs.SLOW)
def read(job_id: int) -> None:
    """Do one leg of a dry run."""
    jobs.run(job_id, reading.read_leg)


@task(uploading.ENROL, queue=jobs.SLOW)
def enrol(job_id: int) -> None:
    """Do one leg of an enrolment."""
    jobs.run(job_id, enrolling.enrol_leg)


@task("lists.shred", queue=jobs.SLOW, every=crontab(minute=41))
def shred() -> None:
    """Destroy what has been kept long enough."""
    found = shredding.due()
    end_read()
    for upload_id in found:
        with unit_of_work():
            shredding.shred(upload_id)
