"""Beat's and the worker's side of the refresher reminders."""

from chengjiu_mp.core import jobs
from chengjiu_mp.core.celery import task
from chengjiu_mp.core.db import unit_of_work
from chengjiu_mp.instructors import reminders


# Once a day, at the first tick after midnight that a worker takes, whatever happened before. What is written at night
# is delivered in the morning (outbox: quiet hours). The day is business time, so a clock that was set is followed at
# once.
@task("instructors.plan_reminders", queue=jobs.SLOW, every=60.0)
def plan_reminders() -> None:
    """Ask for today's scan."""
    if not reminders.planned_today():
        with unit_of_work():
            reminders.plan_scan()


@task(reminders.JOB, queue=jobs.SLOW)
def remind(job_id: int) -> None:
    """Do a day's scan."""
    jobs.run(job_id, reminders.scan)
