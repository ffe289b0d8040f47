"""A worker's process behind the pages: it lets them go first."""

import os

from chengjiu_mp.core import celery


def test_a_worker_process_steps_behind_the_pages(app):
    before = os.nice(0)
    child = os.fork()
    if child == 0:
        celery._begin_process(app)
        os._exit(os.nice(0))
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == min(before + celery.NICE, 19)
