"""A slice imports only from its left; Flask stays at the edge; one place commits."""

import ast
from pathlib import Path

import pytest

from tests.guards.source import PACKAGE, Module, functions, imported, modules, plant

ORDER = (
    "core", "units", "people", "wechat", "outbox", "signin", "venues", "instructors", "courses", "lists", "checkin",
    "exams", "certificates", "surveys", "reports", "web",
)  # fmt: skip
# The package root puts the slices together, and the demo city uses what it made.
OUTSIDE = ("", "demo")
FLASK = ("core/asking.py", "core/http.py", "core/keyed.py", "core/access.py", "core/celery.py")
# The edge's transaction; and the driver's own end of one that only read (PostgreSQL forgets its plans at a ROLLBACK).
COMMITTING = ("core/db.py", "core/engines.py")
OURS = "chengjiu_mp"


def faults(package: Path = PACKAGE) -> list[str]:
    return [f"{module.name}: {what}" for module in modules(package) for what in _faults(module)]


def _faults(module: Module) -> list[str]:
    found = []
    for node in ast.walk(module.tree):
        names = imported(node)
        found += [f"imports {name}" for name in names[:1] if _is_flask(name) and not _may_flask(module)]
        found += [f"imports {name} from its right" for name in names if _from_the_right(module, name)]
        if _commits(node) and module.name not in COMMITTING:
            found.append("commits")
    inside = (node for function in functions(module.tree) for node in ast.walk(function))
    found += [f"imports {name} inside a function" for node in inside for name in imported(node)[:1] if _ours(name)]
    return sorted(set(found))


def _commits(node: ast.AST) -> bool:
    """Return whether a transaction is committed; releasing a savepoint is not."""
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute) or node.func.attr != "commit":
        return False
    return getattr(node.func.value, "id", "") != "savepoint"


def _ours(name: str) -> bool:
    return name == OURS or name.startswith(f"{OURS}.")


def _is_flask(name: str) -> bool:
    return name.partition(".")[0] in ("flask", "flask_wtf")


def _may_flask(module: Module) -> bool:
    return module.slice in ("", "web") or module.name in FLASK or module.name.endswith(("/api.py", "_api.py"))


def _from_the_right(module: Module, name: str) -> bool:
    parts = name.split(".")
    if module.slice in OUTSIDE or parts[0] != OURS or len(parts) < 2:
        return False
    # A slice that is not in the order, and a module of the package root, are to the right of all.
    place = {one: n for n, one in enumerate(ORDER)}
    return place.get(parts[1], len(ORDER)) > place.get(module.slice, -1)


def test_the_order_of_slices_flask_and_commits():
    assert faults() == []


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("units/queries.py", "from chengjiu_mp.people import models"),
        ("units/queries.py", "import chengjiu_mp.web.edge"),
        ("core/clock.py", "from chengjiu_mp import config"),
        ("newcomer/service.py", "from chengjiu_mp.core import clock"),
        ("units/service.py", "from flask import request"),
        ("units/service.py", "def f():\n    from chengjiu_mp.core import clock"),
        ("units/service.py", "def f(session):\n    session.commit()"),
    ],
)
def test_a_planted_fault_is_found(tmp_path, name, text):
    assert faults(plant(tmp_path, name, text)) != []


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("web/edge.py", "from flask import request\nfrom chengjiu_mp.units import queries"),
        ("units/api.py", "from flask import Blueprint"),
        ("core/db.py", "def f(session):\n    session.commit()"),
        ("cli.py", "from chengjiu_mp.demo import city"),
    ],
)
def test_what_is_allowed_passes(tmp_path, name, text):
    assert faults(plant(tmp_path, name, text)) == []
