"""Beat's and the worker's side of the refresher reminders."""

from celery.schedules import crontab

from chengjiu_mp.core import jobs
from chengjiu_mp.core.celery import task
from chengjiu_mp.core.db import unit_of_work
from chengjiu_mp.instructors import reminders


# The first tick of a day that a worker takes does the day's scan; the later ones are there for an outage.
@task("instructors.plan_reminders", queue=jobs.SLOW, every=crontab(minute=40, hour="8-19"))
def plan_reminders() -> None:
    """Ask for today's scan."""
    with unit_of_work():
        reminders.plan_scan()


@task(reminders.JOB, queue=jobs.SLOW)
def remind(job_id: int) -> None:
    """Do a day's scan."""
    jobs.run(job_id, reminders.scan)
