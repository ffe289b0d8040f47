"""Beat's and the worker's side of the line: offers settled, reserves released, moves finished."""

from chengjiu_mp.core import jobs
from chengjiu_mp.core.celery import task
from chengjiu_mp.core.db import db, end_read, unit_of_work
from chengjiu_mp.courses import guardians, moving, offers, reserving
from chengjiu_mp.courses.promoting import FINISH_MOVE


@task("courses.settle", queue=jobs.URGENT, every=5.0)
def settle() -> None:
    """Look after what time decides, each in a transaction of its own; a look that finds nothing writes nothing."""
    offered, reserves = offers.unsettled_offers(), reserving.reserves_due()
    end_read()
    for signup_id in offered:
        with unit_of_work():
            offers.settle_offer(signup_id)
        db.session.expunge_all()
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


@task(FINISH_MOVE, queue=jobs.URGENT)
def finish_move(job_id: int) -> None:
    """End the place that was kept until a new one was sure."""
    jobs.run(job_id, lambda signup_id: lambda: moving.finish_move(signup_id))
