"""One head; the migrations make exactly the models' tables, on both databases; down and up again."""

import dataclasses
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask_migrate import downgrade, upgrade
from sqlalchemy import inspect, text
from sqlalchemy.pool import NullPool

from chengjiu_mp import MIGRATIONS, create_app
from chengjiu_mp.core.db import Base, UtcDateTime, db


def heads(folder: Path = MIGRATIONS) -> list[str]:
    return list(ScriptDirectory(str(folder)).get_heads())


def differences(connection: sa.Connection) -> list:
    options = {"compare_type": _compare_type, "compare_server_default": True}
    return compare_metadata(MigrationContext.configure(connection, opts=options), Base.metadata)


def _compare_type(_context, _inspected, column, _database, _model):
    # SQLite reports an instant without its zone.
    return False if isinstance(column.type, UtcDateTime) else None


@pytest.fixture
def connection(app):
    with db.engine.connect() as opened:
        yield opened


def test_there_is_one_head():
    assert len(heads()) == 1


def test_a_second_head_is_found(tmp_path):
    (tmp_path / "versions").mkdir()
    (tmp_path / "env.py").touch()
    for name in ("aa", "bb"):
        script = f'revision = "{name}"\ndown_revision = None\ndef upgrade(): pass\ndef downgrade(): pass\n'
        (tmp_path / "versions" / f"{name}.py").write_text(script)
    assert len(heads(tmp_path)) == 2


def test_the_migrations_make_the_models(connection):
    assert differences(connection) == []


@pytest.mark.parametrize(
    "change",
    [
        "alter table unit add column planted integer",
        "drop index ix_unit_parent_id",
        "create table planted (id integer primary key)",
    ],
)
def test_a_planted_difference_is_found(connection, change):
    connection.execute(text(change))
    assert differences(connection) != []


def _empty_database(settings, tmp_path) -> str:
    if settings.database_url.startswith("sqlite"):
        return f"sqlite:///{tmp_path / 'empty.sqlite3'}"
    engine = sa.create_engine(settings.database_url, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    with engine.connect() as connection:
        connection.execute(text("drop database if exists empty_one with (force)"))
        connection.execute(text("create database empty_one template template0"))
    return settings.database_url.rpartition("/")[0] + "/empty_one"


def test_up_down_and_up_again(settings, frozen, tmp_path):
    app = create_app(dataclasses.replace(settings, database_url=_empty_database(settings, tmp_path)))
    with app.app_context():
        upgrade()
        first = set(inspect(db.engine).get_table_names())
        downgrade(revision="base")
        assert set(inspect(db.engine).get_table_names()) == {"alembic_version"}
        upgrade()
        assert set(inspect(db.engine).get_table_names()) == first
        assert first >= set(Base.metadata.tables)
        db.engine.dispose()
