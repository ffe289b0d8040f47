"""Nothing is too long to read: modules, functions, parameters, route bodies, task bodies, test files."""

import ast
from pathlib import Path

import pytest

from tests.guards.source import PACKAGE, ROOT, Function, functions, modules, plant

MODULE, FUNCTION, PARAMETERS, ROUTE, TASK, TEST_FILE = 300, 40, 7, 15, 10, 600
_ROUTES = ("route", "get", "post", "put", "delete", "patch")


def faults(package: Path = PACKAGE) -> list[str]:
    found = []
    for module in modules(package):
        lines = module.text.count("\n") + 1
        found += [f"{module.name}: {lines} lines"] if lines > MODULE else []
        found += [f"{module.name}:{f.name}: {what}" for f in functions(module.tree) for what in _too_long(f)]
    return found


def _too_long(function: Function) -> list[str]:
    lines = (function.end_lineno or 0) - function.lineno + 1
    marks = {_decorator(one) for one in function.decorator_list}
    body, found = _body_lines(function), []
    if lines > FUNCTION:
        found.append(f"{lines} lines")
    if _parameters(function) > PARAMETERS:
        found.append(f"{_parameters(function)} parameters")
    if marks & set(_ROUTES) and body > ROUTE:
        found.append(f"a route's body of {body} lines")
    if "task" in marks and body > TASK:
        found.append(f"a task's body of {body} lines")
    return found


def _decorator(node: ast.expr) -> str:
    target = node.func if isinstance(node, ast.Call) else node
    return target.attr if isinstance(target, ast.Attribute) else getattr(target, "id", "")


def _parameters(function: Function) -> int:
    given = function.args
    every = [*given.posonlyargs, *given.args, *given.kwonlyargs]
    return len([one for one in every if one.arg not in ("self", "cls")])


def _body_lines(function: Function) -> int:
    body = function.body[1:] if ast.get_docstring(function) else function.body
    return (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0


def long_tests(folder: Path = ROOT / "tests") -> list[str]:
    files = {file: file.read_text(encoding="utf-8").count("\n") for file in folder.rglob("*.py")}
    return [f"{file.name}: {lines} lines" for file, lines in files.items() if lines > TEST_FILE]


def test_nothing_is_too_long():
    assert faults() == []


def test_no_test_file_is_too_long():
    assert long_tests() == []


def _function(lines, head="def f():", mark=""):
    return f"{mark}\n{head}\n" + "    a = 1\n" * lines


@pytest.mark.parametrize(
    "text",
    [
        "a = 1\n" * 301,
        _function(40),
        _function(1, head="def f(a, b, c, d, *, e, f, g, h):"),
        _function(16, mark='@route(bp, "GET", "/x", PUBLIC)'),
        _function(16, mark='@blueprint.get("/x")'),
        _function(11, mark='@task("a.b", queue=SLOW)'),
    ],
)
def test_a_planted_fault_is_found(tmp_path, text):
    assert faults(plant(tmp_path, "units/service.py", text)) != []


def test_a_long_test_file_is_found(tmp_path):
    assert long_tests(plant(tmp_path, "test_a.py", "a = 1\n" * 601)) != []


def test_a_docstring_is_not_counted_as_work(tmp_path):
    text = '@task("a.b", queue=SLOW)\ndef f():\n    """One.\n' + "\n    more" * 12 + '\n    """\n    a = 1\n'
    assert faults(plant(tmp_path, "units/tasks.py", text)) == []
