"""Beat's and the worker's side of the line: offers settled, reserves released, moves finished."""

from collections.abc import Callable, Sequence

from chengjiu_mp.core import jobs
from chengjiu_mp.core.celery import task
from chengjiu_mp.core.db import db, end_read, unit_of_work
from chengjiu_mp.courses import guardians, moving, offers, reminding, reserving
from chengjiu_mp.courses.promoting import FINISH_MOVE
from chengjiu_mp.courses.reconfirming import settle_unconfirmed, unconfirmed_places

# A look stays well within a task's time limit.
BATCHES = 20


@task("courses.settle", queue=jobs.URGENT, every=5.0)
def settle() -> None:
    """Look after what time decides, each in a transaction of its own; a look that finds nothing writes nothing."""
    offered, unconfirmed, reserves = offers.unsettled_offers(), unconfirmed_places(), reserving.reserves_due()
    end_read()
    _each(offered, offers.settle_offer)
    _each(unconfirmed, settle_unconfirmed)
    for run_id, pool_id in reserves:
        with unit_of_work():
            reserving.release_places(run_id, pool_id)


@task("courses.end_unanswered", queue=jobs.URGENT, every=60.0)
def end_unanswered() -> None:
    """End what waited for a guardian's word for too long, and go on without children who do not come any more."""
    late, alone = guardians.unanswered(), guardians.left_alone()
    end_read()
    for act, found in ((guardians.end_unanswered, late), (guardians.go_on, alone)):
        for signup_id in found:
            with unit_of_work():
                act(signup_id)
            db.session.expunge_all()


def _each(signup_ids: Sequence[int], look_after: Callable[[int], None]) -> None:
    for signup_id in signup_ids:
        with unit_of_work():
            look_after(signup_id)
        db.session.expunge_all()


@task(FINISH_MOVE, queue=jobs.URGENT)
def finish_move(job_id: int) -> None:
    """End the place that was kept until a new one was sure."""
    jobs.run(job_id, lambda signup_id: lambda: moving.finish_move(signup_id))


@task("courses.remind", queue=jobs.SLOW, every=60.0)
def remind() -> None:
    """Remind who has a training tomorrow, in batches with a transaction each; what is left waits for the next look."""
    for _ in range(BATCHES):
        due = reminding.due_for_reminder()
        end_read()
        if not due:
            return
        with unit_of_work():
            reminding.remind(due)
        db.session.expunge_all()
