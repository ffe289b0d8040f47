"""The worker's tasks of this slice."""

from celery.schedules import crontab

from chengjiu_mp.certificates import delivery, expiring, printing
from chengjiu_mp.certificates.printing_making import make_file
from chengjiu_mp.certificates.rendering import render_version
from chengjiu_mp.certificates.versions import RENDER_JOB
from chengjiu_mp.core import clock, jobs, storage
from chengjiu_mp.core.celery import task
from chengjiu_mp.core.db import end_read, unit_of_work


@task(RENDER_JOB, queue=jobs.RENDER)
def render(job_id: int) -> None:
    """Make the picture of one certificate version."""
    jobs.run(job_id, render_version)


@task("certificates.tell_expiring", queue=jobs.SLOW, every=300.0)
def tell_expiring() -> None:
    """Tell the next holders whose certificate ends soon; what is left waits for the next look."""
    due = expiring.due_for_notice()
    end_read()
    if due:
        with unit_of_work():
            for certificate_id in due:
                expiring.give_notice(certificate_id)


@task(printing.MAKE, queue=jobs.SLOW)
def make_print_file(job_id: int) -> None:
    """Make sheets or a ZIP."""
    jobs.run(job_id, make_file)


@task("certificates.sweep_print_files", queue=jobs.SLOW, every=crontab(hour=3, minute=27))
def sweep_print_files() -> None:
    """Delete files that were made and never entered; what is being written is younger than that."""
    found = printing.strays()
    end_read()
    for name in found:
        storage.media().discard(name)
    storage.media().discard_halves(before=clock.now() - printing.FILE_LIVES)


@task("certificates.forget_paper", queue=jobs.SLOW, every=crontab(minute=47))
def forget_paper() -> None:
    """Delete print files whose day is over, and addresses that have served."""
    files, addresses = printing.due_to_go(), delivery.due_to_forget()
    end_read()
    for file_id in files:
        with unit_of_work():
            printing.let_go(file_id)
    for delivery_id in addresses:
        with unit_of_work():
            delivery.forget(delivery_id)
