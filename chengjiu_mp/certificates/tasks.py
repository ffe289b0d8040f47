"""The worker's tasks of this slice."""

from chengjiu_mp.certificates.rendering import render_version
from chengjiu_mp.certificates.versions import RENDER_JOB
from chengjiu_mp.core import jobs
from chengjiu_mp.core.celery import task


@task(RENDER_JOB, queue=jobs.RENDER)
def render(job_id: int) -> None:
    """Make the picture of one certificate version."""
    jobs.run(job_id, render_version)
