"""Every blueprint and task module, in the order of the slices; a slice adds itself here and nowhere else."""

from flask import Flask

from chengjiu_mp.outbox import tasks as outbox_tasks

TASKS = (outbox_tasks,)


def register(app: Flask) -> None:
    """Register the JSON routes, the pages and the command line."""
