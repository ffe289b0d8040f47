"""The databases under the tests: a migrated template per process, and a fresh one for each test."""

import os

from flask_migrate import upgrade
from sqlalchemy import create_engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from chengjiu_mp import create_app
from chengjiu_mp.config import Settings
from chengjiu_mp.core.db import db

# A server given from outside is shared by the processes of one test run.
_PROCESS = os.environ.get("PYTEST_XDIST_WORKER", "alone")
TEMPLATE, ONE = f"template_{_PROCESS}", f"test_{_PROCESS}"

# Without triggers and foreign keys (they are the tables' own affair), sequences back at 1. A test that took a table
# away leaves a database that is made anew.
_EMPTY = """
do $$ declare one record; begin
  perform set_config('session_replication_role', 'replica', true);
  perform 1 from alembic_version;
  for one in select tablename from pg_tables where schemaname = 'public' and tablename <> 'alembic_version' loop
    execute format('delete from %I', one.tablename);
  end loop;
  perform setval(oid, 1, false) from pg_class where relkind = 'S' and relnamespace = 'public'::regnamespace;
end $$
"""


def administer(url: str, statement: str) -> None:
    """Run one statement outside of any transaction, as creating a database needs."""
    with create_engine(url, isolation_level="AUTOCOMMIT", poolclass=NullPool).connect() as connection:
        connection.execute(text(statement))


def migrate(settings: Settings) -> None:
    """Bring the database of ``settings`` to the newest schema."""
    app = create_app(settings)
    with app.app_context():
        upgrade()
        db.engine.dispose()


def fresh_postgres(server: str) -> str:
    """Return the address of this process's test database, with the schema and nothing in it."""
    url = server.rpartition("/")[0] + f"/{ONE}"
    if not _emptied(url):
        administer(server, f"drop database if exists {ONE} with (force)")
        administer(server, f"create database {ONE} template {TEMPLATE} strategy file_copy")
    return url


def _emptied(url: str) -> bool:
    """Empty the last test's database, ten times as fast as a copy; False when there is none or it was changed."""
    try:
        with create_engine(url, poolclass=NullPool).begin() as connection:
            connection.execute(text("set local lock_timeout = '3s'"))
            connection.execute(text(_EMPTY))
    except DBAPIError:
        return False
    return True
