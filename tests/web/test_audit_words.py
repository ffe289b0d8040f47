"""Staff read words: for every action, fact and value of the audit trail, and for every kind of message."""

import ast
import re
from collections.abc import Iterator
from typing import cast

import pytest
from flask import Flask
from sqlalchemy import CheckConstraint, Table, select

from chengjiu_mp.core import context, spreadsheet
from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.core.errors import Refusal
from chengjiu_mp.core.models import AuditEntry
from chengjiu_mp.courses.changes import ANSWERS
from chengjiu_mp.courses.models import Signup
from chengjiu_mp.demo import city
from chengjiu_mp.instructors.sheet import COLUMNS
from chengjiu_mp.lists import errors as list_errors
from chengjiu_mp.lists.reading import FileGone
from chengjiu_mp.outbox.wording import KINDS
from chengjiu_mp.people.notices import PURPOSES
from chengjiu_mp.reports.retention import STEPS
from chengjiu_mp.web.admin.audit_actions import ACTIONS
from chengjiu_mp.web.admin.audit_values import facts_in_words
from chengjiu_mp.web.admin.audit_words import FACTS, OBJECTS
from tests.guards.source import modules

RAW = re.compile(r"[a-z]{2,}")


def records() -> Iterator[ast.Call]:
    for module in modules():
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("audit.record"):
                yield node


def literals(node: ast.AST) -> set[str]:
    return {one.value for one in ast.walk(node) if isinstance(one, ast.Constant) and isinstance(one.value, str)}


def signup_states() -> list[str]:
    checks = [str(one.sqltext) for one in cast(Table, Signup.__table__).constraints if isinstance(one, CheckConstraint)]
    return re.findall(r"'([a-z_]+)'", next(one for one in checks if one.startswith("state in")))


def file_codes() -> set[str]:
    named: list[type[Refusal]] = [FileGone, list_errors.ColumnsMissing, list_errors.NoPeople]
    return {one.code for one in (*named, *subclasses(spreadsheet.SheetRefused))}


def subclasses(of: type[Refusal]) -> Iterator[type[Refusal]]:
    for one in of.__subclasses__():
        yield one
        yield from subclasses(one)


def test_every_action_of_every_call_has_a_word() -> None:
    found = set().union(*(literals(call.args[0]) for call in records()))
    assert len(found) > 80
    assert found - set(ACTIONS) == set()


def test_every_fact_of_every_call_has_a_word() -> None:
    found = {keyword.arg for call in records() for keyword in call.keywords if keyword.arg} - {"unit_id"}
    assert found - set(FACTS) == set()


@pytest.mark.parametrize(
    ("fact", "values"),
    [
        ("state", signup_states()), ("was", ["confirmed", "waitlisted", "pending", "offered"]),
        ("channel", ["page", "api", "import", "desk", "unit_link"]), ("answer", list(ANSWERS)),
        ("purpose", [*PURPOSES, "guardian", "lookup", "signin"]), ("what", [name for name, _ in STEPS]),
        ("what", ["name", "document", "phone", "series", "unit", "venue"]), ("changed", [*COLUMNS, "key_group"]),
        ("code", sorted(file_codes())),
        ("by", ["checkin:1", "list:1", "row:1", "signup:1", "code", "paper", "password", "wechat", "holder", "nobody_asked"]),
    ],
)  # fmt: skip
def test_what_stands_in_a_fact_is_shown_in_words(fact: str, values: list[str]) -> None:
    assert {one: found for one in values if RAW.search(found := facts_in_words({fact: one}))} == {}


def test_paper_is_a_paper_not_a_check_in() -> None:
    assert facts_in_words({"by": "paper", "source": "paper"}) == "凭：纸质同意书；方式：纸质"


def test_the_demo_city_s_trail_shows_no_code(app: Flask) -> None:
    with context.acting_as(context.SYSTEM), unit_of_work():
        city.raise_city()
    rows = db.session.execute(select(AuditEntry.action, AuditEntry.object_type, AuditEntry.facts)).all()
    assert len(rows) > 100
    assert {one.object_type for one in rows} - set(OBJECTS) == set()
    assert {said for one in rows if RAW.search(said := facts_in_words(one.facts))} == set()


def test_every_kind_of_message_has_a_word() -> None:
    kinds = r'"((?:signup|guardian|certificate|refresher)\.[a-z_]+)"'
    written = {kind for one in modules() if one.name.endswith("/messages.py") for kind in re.findall(kinds, one.text)}
    assert len(written) > 15
    assert written - set(KINDS) == set()
