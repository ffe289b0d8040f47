"""The command line: what a first start needs."""

import dataclasses

from sqlalchemy import func, select

from chengjiu_mp.core.db import db
from chengjiu_mp.signin.models import Account, RoleGrant
from chengjiu_mp.units.models import Unit
from tests import factories


def _run(app, *words, **options):
    result = app.test_cli_runner().invoke(args=list(words), **options)
    db.session.remove()
    return result


def test_setup_may_run_again(app):
    assert [_run(app, "setup").exit_code for _ in range(2)] == [0, 0]
    assert db.session.scalar(select(func.count()).select_from(Unit).where(Unit.is_row)) == 20


def test_the_first_operator_signs_in_by_password(app):
    with factories.made():
        factories.reference_data()
    words = ("add-account", "周敏", "--role", "operator", "--username", "ops")
    assert "12 characters" in _run(app, *words, input="short\nshort\n").output
    assert _run(app, *words, input="a-long-password\na-long-password\n").exit_code == 0
    account = db.session.scalars(select(Account).where(Account.username == "ops")).one()
    assert account.password_hash is not None and "a-long-password" not in account.password_hash
    assert db.session.scalars(select(RoleGrant.role).where(RoleGrant.account_id == account.id)).all() == ["operator"]


def test_an_account_nobody_could_sign_in_to_is_refused(app):
    assert _run(app, "add-account", "周敏", "--role", "operator").exit_code == 2
    assert db.session.scalar(select(func.count()).select_from(Account)) == 0


def test_production_holds_no_invented_people(app):
    app.config["SETTINGS"] = dataclasses.replace(app.config["SETTINGS"], environment="production")
    assert "no invented people" in _run(app, "seed", "--profile", "demo").output
    assert db.session.scalar(select(func.count()).select_from(Account)) == 0


def test_the_accounts_for_outside_checks_go_to_a_file_of_ones_own(app, tmp_path):
    out = tmp_path / "creds.json"
    assert _run(app, "seed", "--profile", "blackbox", "--out", str(out)).exit_code == 0
    assert out.stat().st_mode & 0o777 == 0o600
    assert '"run_token"' in out.read_text(encoding="utf-8")


def test_the_signing_key_is_rolled_and_declared_leaked(app):
    first = _run(app, "keys", "roll").output.split()[0]
    second = _run(app, "keys", "roll").output.split()[0]
    assert _run(app, "keys", "leaked", "00000000", "--yes").exit_code == 2
    assert _run(app, "keys", "leaked", second, input="n\n").exit_code == 1
    assert _run(app, "keys", "leaked", second, "--yes").exit_code == 0
    lines = _run(app, "keys", "list").output.splitlines()
    assert [line.split()[0] for line in lines[:2]] == [first, second]
    assert ["leaked" in line for line in lines] == [False, True, False]
    assert ["signs" in line for line in lines] == [False, False, True]
