"""The worker's side of the outbox."""

from chengjiu_mp.core import jobs
from chengjiu_mp.core.celery import task
from chengjiu_mp.outbox import delivery


@task("outbox.deliver", queue=jobs.URGENT)
def deliver(job_id: int) -> None:
    """Deliver one message over one channel."""
    jobs.run(job_id, delivery.deliver)
