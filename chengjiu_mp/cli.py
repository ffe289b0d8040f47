"""The command line: reference data, the first account, seeds."""

from pathlib import Path

import click
from flask import Blueprint, current_app
from flask.cli import AppGroup

from chengjiu_mp import reference
from chengjiu_mp.certificates import signing
from chengjiu_mp.config import Settings
from chengjiu_mp.core import context
from chengjiu_mp.core.access import ROLES
from chengjiu_mp.core.db import unit_of_work
from chengjiu_mp.demo import city, ground
from chengjiu_mp.people.phones import read_phone
from chengjiu_mp.signin.service import add_account, grant_role

blueprint = Blueprint("command_line", __name__, cli_group=None)
keys = AppGroup("keys", help="The keys that sign certificates' second codes.")
blueprint.cli.add_command(keys)


@blueprint.cli.command("setup")
def setup() -> None:
    """Insert what every installation begins with; safe to run again."""
    with context.acting_as(context.SYSTEM), unit_of_work():
        reference.install()


@blueprint.cli.command("add-account")
@click.argument("name")
@click.option("--role", type=click.Choice(ROLES), required=True)
@click.option("--username", help="for sign-in by password, which is then asked for")
@click.option("--phone", help="for sign-in by phone code")
def add_account_command(name: str, role: str, username: str | None, phone: str | None) -> None:
    """Add a city-wide account, such as the first operator."""
    if not (username or phone):
        raise click.UsageError("give --username or --phone")
    password = click.prompt("Password", hide_input=True, confirmation_prompt=True) if username else None
    if password is not None and len(password) < 12:
        raise click.UsageError("a password has at least 12 characters")
    with context.acting_as(context.SYSTEM), unit_of_work():
        number = read_phone(phone).number if phone else None
        grant_role(add_account(name, phone=number, username=username, password=password), role)
    click.echo(f"{role}: {name}")


@blueprint.cli.command("seed")
@click.option("--profile", type=click.Choice(["demo", "blackbox"]), required=True)
@click.option("--data", type=click.Path(path_type=Path), help="the data folder; told to the launcher, unused here")
@click.option("--out", type=click.Path(path_type=Path), help="where to write the accounts (blackbox)")
def seed(profile: str, data: Path | None, out: Path | None) -> None:  # noqa: ARG001
    """Fill the database with invented people and runs; repeatable, the same ids each time."""
    settings: Settings = current_app.config["SETTINGS"]
    if settings.environment == "production":
        raise click.UsageError("production holds no invented people")
    with context.acting_as(context.SYSTEM):
        if profile == "demo":
            with unit_of_work():
                city.raise_city()
            (settings.data_dir / "demo.txt").write_text(city.SIGN_INS, encoding="utf-8")
            return
        text = ground.lay(settings.public_url, settings.data_dir / "run" / "blackbox.json")
    if out is None:
        click.echo(text)
    else:
        out.touch(mode=0o600)
        out.write_text(text, encoding="utf-8")


@keys.command("list")
def list_keys() -> None:
    """Show every key, the one that signs last."""
    for key in signing.all_keys():
        ended = f"retired {key.retired_on}" if key.retired_on else "signs"
        leaked = f", leaked {key.leaked_on}" if key.leaked_on else ""
        click.echo(f"{key.kid}  since {key.created_on}  {ended}{leaked}  last signed {key.last_signed_on or 'nothing'}")


@keys.command("roll")
def roll_keys() -> None:
    """Retire the key that signs and begin a new one, as once a year; what was signed stays good."""
    with context.acting_as(context.SYSTEM), unit_of_work():
        kid = signing.roll().kid
    click.echo(f"{kid} signs from now on")


@keys.command("leaked")
@click.argument("kid")
@click.confirmation_option(prompt="Codes of this key will no longer be believed without network, for ever. Go on?")
def leaked_key(kid: str) -> None:
    """Say that others may hold this key; if it signs, a new one follows."""
    with context.acting_as(context.SYSTEM), unit_of_work():
        if not signing.mark_leaked(kid):
            raise click.UsageError(f"there is no key {kid}")
    click.echo(f"{kid} is leaked")
