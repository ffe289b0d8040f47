"""Every task's queue is consumed, and every job that is asked for has a task that does it."""

import ast
from pathlib import Path

import pytest

from chengjiu_mp.core import jobs
from chengjiu_mp.core.celery import Declared, declared
from devtools.stack import worker_command
from tests.guards.source import PACKAGE, imported, modules, plant

ASKING = ("ask", "ask_each")


def unconsumed(tasks: tuple[Declared, ...], consumed: tuple[str, ...]) -> list[str]:
    return [task.name for task in tasks if not {task.queue, task.also or task.queue} <= {*consumed}]


def asked(package: Path = PACKAGE) -> set[tuple[str, str]]:
    """Return (kind, queue) of every ``jobs.ask`` and ``jobs.ask_each``; a kind that is not a plain text is "?"."""
    found, names = set(), _constants(package)
    for module in modules(package):
        if module.name == "core/jobs.py":
            continue
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Call) and getattr(node.func, "attr", "") in ASKING and _is_jobs(node.func):
                found.add((_text(node.args[0] if node.args else None, names), _queue(node)))
    return found


def _is_jobs(func: ast.expr) -> bool:
    return isinstance(func, ast.Attribute) and getattr(func.value, "id", "") == "jobs"


def _constants(package: Path) -> dict[str, str]:
    """Return the package's upper-case names that hold a plain text, where one name means one text."""
    found: dict[str, set[str]] = {}
    for module in modules(package):
        for node in module.tree.body:
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id.isupper():
                found.setdefault(node.targets[0].id, set()).add(_text(node.value, {}))
    return {name: texts.pop() for name, texts in found.items() if len(texts) == 1}


def _text(node: ast.expr | None, names: dict[str, str]) -> str:
    if isinstance(node, ast.Name):
        return names.get(node.id, "?")
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else "?"


def _queue(call: ast.Call) -> str:
    given = next((k.value for k in call.keywords if k.arg == "queue"), None)
    return str(getattr(jobs, given.attr, "?")) if isinstance(given, ast.Attribute) else "?"


def undone(wanted: set[tuple[str, str]], tasks: tuple[Declared, ...]) -> list[tuple[str, str]]:
    there = {(task.name, queue) for task in tasks for queue in (task.queue, task.also)}
    return sorted(wanted - there)


def test_every_queue_is_consumed(app):
    queues = tuple(queue.name for queue in app.extensions["celery"].conf.task_queues)
    # Without -Q a worker takes the configured queues, all of them.
    assert "-Q" not in worker_command()
    assert "--queues" not in worker_command()
    assert unconsumed(declared(), queues) == []


def test_every_job_has_its_task_on_its_queue(app):
    assert undone(asked(), declared()) == []


def test_every_task_module_is_loaded(app):
    loaded = {task.work.__module__ for task in declared()}
    using = {
        f"chengjiu_mp.{m.name[:-3].replace('/', '.')}"
        for m in modules()
        for node in ast.walk(m.tree)
        if "chengjiu_mp.core.celery.task" in imported(node)
    }
    assert using <= loaded


def test_a_task_on_a_foreign_queue_is_found():
    assert unconsumed((Declared("a.b", "nowhere", lambda: None),), jobs.QUEUES) == ["a.b"]
    assert unconsumed((Declared("a.b", jobs.SLOW, lambda: None, also="nowhere"),), jobs.QUEUES) == ["a.b"]


@pytest.mark.parametrize(
    "text",
    [
        'jobs.ask("a.missing", 1, queue=jobs.RENDER, dedupe_key="k")',
        'jobs.ask("outbox.deliver", 1, queue=jobs.SLOW, dedupe_key="k")',
        'jobs.ask(kind, 1, queue=jobs.RENDER, dedupe_key="k")',
        'jobs.ask_each("a.missing", [], queue=jobs.RENDER)',
    ],
)
def test_a_job_without_a_task_is_found(tmp_path, text):
    assert undone(asked(plant(tmp_path, "units/service.py", text)), declared()) != []
