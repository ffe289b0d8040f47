"""Beat's and the worker's side of the night's purge."""

from chengjiu_mp.core import jobs
from chengjiu_mp.core.celery import task
from chengjiu_mp.core.db import unit_of_work
from chengjiu_mp.reports import retention


# Once a night, at the first tick after two that a worker takes; a night that was slept through is made up for by day.
@task("reports.plan_purge", queue=jobs.SLOW, every=60.0)
def plan_purge() -> None:
    """Ask for tonight's purge."""
    if not retention.planned_tonight():
        with unit_of_work():
            retention.plan_purge()


@task(retention.PURGE_JOB, queue=jobs.SLOW)
def purge(job_id: int) -> None:
    """Do a night's purge, or its next part."""
    jobs.run(job_id, retention.purge)
