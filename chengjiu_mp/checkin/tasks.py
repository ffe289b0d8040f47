"""Beat's side of check-in."""

from chengjiu_mp.checkin import reminding
from chengjiu_mp.core import jobs
from chengjiu_mp.core.celery import task
from chengjiu_mp.core.db import db, end_read, unit_of_work

# A look stays well within a task's time limit.
BATCHES = 20


@task("checkin.remind", queue=jobs.SLOW, every=60.0)
def remind() -> None:
    """Remind instructors to get their phone ready, in batches with a transaction each; a look that finds nobody writes
    nothing."""
    for _ in range(BATCHES):
        due = reminding.due_for_reminder()
        end_read()
        if not due:
            return
        with unit_of_work():
            reminding.remind(due)
        db.session.expunge_all()
