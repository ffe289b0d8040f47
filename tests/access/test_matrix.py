"""Role x endpoint of the JSON API against the reviewed table ``matrix.csv`` (rel-Z1).

A cell is what a caller of that role gets before any row is looked at: 401, 403, or "may". To see what changed, run this test; to accept a
change that was reviewed against the role table, write the shown lines into the file.
"""

import csv
import difflib
import io
import re
from datetime import timedelta
from pathlib import Path

import pytest

from chengjiu_mp.core import clock, http
from chengjiu_mp.core.access import ROLES
from tests import factories

TABLE = Path(__file__).parent / "matrix.csv"
WHO = ("public", *ROLES)


def routes(app):
    rules = (r for r in app.url_map.iter_rules() if r.rule.startswith("/api/"))
    known = [(r, http.op_of(app.view_functions[r.endpoint])) for r in rules]
    return sorted((r.rule, next(iter((r.methods or set()) - {"HEAD", "OPTIONS"}))) for r, op in known if op)


def measured(app) -> str:
    """Return the table as the application answers it now."""
    client = app.test_client()
    with factories.made():
        accounts = [factories.account(role) for role in ROLES]
    out = io.StringIO()
    lines = csv.writer(out, lineterminator="\n")
    lines.writerow(["method", "path", *WHO])
    for rule, method in routes(app):
        with factories.made():  # a route may end the session it was called with
            headers = [{}, *(factories.headers_of(account) for account in accounts)]
        path = re.sub(r"<(?:\w+:)?\w+>", lambda m: "2000000000" if "row:" in m[0] else "a" * 26, rule)
        lines.writerow([method, rule, *(_cell(client, method, path, one) for one in headers)])
    return out.getvalue()


def _cell(client, method, path, headers) -> str:
    status = client.open(
        path, method=method, json={} if method in ("POST", "PUT") else None, headers=headers
    ).status_code
    return str(status) if status in (401, 403) else "may"


def difference(reviewed: str, now: str) -> str:
    """Return the changed lines, empty when nothing changed."""
    return "\n".join(difflib.unified_diff(reviewed.splitlines(), now.splitlines(), "reviewed", "now", "", "", 0))


def test_every_route_answers_every_role_as_reviewed(app):
    changed = difference(TABLE.read_text(encoding="utf-8"), measured(app))
    assert not changed, f"\n{changed}"


@pytest.mark.parametrize("role", ROLES)
def test_nobody_without_a_grant_that_holds_today_gets_further(app, client, role):
    with factories.made():
        headers = factories.headers_of(factories.account(role, valid_to=clock.today() - timedelta(days=1)))
    assert client.post("/api/v1/runs", json={}, headers=headers).status_code == 403


@pytest.mark.parametrize("role", ["operator", "unit_manager"])
def test_a_read_only_grant_does_not_write(client, role):
    with factories.made():
        headers = factories.bearer(role, read_only=True)
    assert client.post("/api/v1/runs", json={}, headers=headers).status_code == 403


def test_a_changed_cell_is_shown():
    reviewed = "method,path,public\nGET,/a,401\n"
    assert "+GET,/a,may" in difference(reviewed, reviewed.replace("401", "may"))
