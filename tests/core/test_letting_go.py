"""What is done with is let go: a process that makes many applications, as the tests do, does not grow with them."""

import gc
import weakref

from chengjiu_mp import create_app


def test_an_application_that_is_done_with_leaves_the_memory(settings, frozen):
    made = weakref.ref(create_app(settings))
    latest = create_app(settings)  # Celery keeps the one that came last
    gc.collect()
    assert made() is None
    assert latest.extensions["celery"].conf.task_acks_late is True
