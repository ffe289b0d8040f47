"""Every blueprint and task module, in the order of the slices; a slice adds itself here and nowhere else."""

from flask import Flask

from chengjiu_mp.exams import api as exams
from chengjiu_mp.outbox import tasks as outbox_tasks
from chengjiu_mp.signin import api as signin

TASKS = (outbox_tasks,)


def register(app: Flask) -> None:
    """Register the JSON routes, the pages and the command line."""
    app.register_blueprint(signin.blueprint)
    app.register_blueprint(exams.blueprint)
