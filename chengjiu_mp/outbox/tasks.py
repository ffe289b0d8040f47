"""The worker's side of the outbox."""

from chengjiu_mp.core import jobs
from chengjiu_mp.core.celery import task
from chengjiu_mp.outbox import delivery


@task("outbox.deliver", queue=jobs.URGENT, also=jobs.BULK)
def deliver(job_id: int) -> None:
    """Deliver one message over one channel."""
    jobs.run(job_id, delivery.deliver)


@task("outbox.give_up", queue=jobs.SLOW, every=60.0)
def give_up() -> None:
    """Let the next channel take over where a delivery's job ended dead."""
    delivery.give_up_on_dead_jobs()
