"""Every test gets a database of its own, a copy of a migrated one, on SQLite and on PostgreSQL: real commits, no
savepoint tricks.
"""

import dataclasses
import os
import shutil
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from flask import Flask, g
from flask.testing import FlaskClient
from flask_migrate import upgrade
from playwright.sync_api import Browser, sync_playwright
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from chengjiu_mp import create_app
from chengjiu_mp.config import Settings, from_environment
from chengjiu_mp.core import clock, context
from chengjiu_mp.core.db import db
from devtools import services

DATABASES = os.environ.get("TEST_DATABASES", "sqlite,postgresql").split(",")
# A server given from outside is shared by the processes of one test run.
_PROCESS = os.environ.get("PYTEST_XDIST_WORKER", "alone")
_TEMPLATE, _ONE = f"template_{_PROCESS}", f"test_{_PROCESS}"
# A Monday; every test begins here unless it sets the clock itself.
NOON = datetime.fromisoformat("2026-11-23T12:00:00+08:00")

KEY = {
    "CHENGJIU_SECRET_KEY": "tests-only-0123456789-abcdefghijklmnop",
    "CHENGJIU_DATA_KEYS": '{"tst1": "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="}',
    "CHENGJIU_INDEX_KEY": "ZmVkY2JhOTg3NjU0MzIxMGZlZGNiYTk4NzY1NDMyMTA=",
    "CHENGJIU_ENV": "test",
    "PUBLIC_URL": "http://127.0.0.1:8000",
}

FLAGS = (
    "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip


@pytest.fixture(scope="session")
def base_settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return from_environment({**KEY, "CHENGJIU_DATA_DIR": str(tmp_path_factory.mktemp("data"))})


@pytest.fixture(scope="session")
def sqlite_template(base_settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("template") / "template.sqlite3"
    _migrate(dataclasses.replace(base_settings, database_url=f"sqlite:///{file}"))
    return file


@pytest.fixture(scope="session")
def postgres_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with services.postgres_server(tmp_path_factory.mktemp("pg")) as url:
        yield url


@pytest.fixture(scope="session")
def postgres_template(base_settings: Settings, postgres_url: str) -> str:
    _administer(postgres_url, f"create database {_TEMPLATE}")
    url = postgres_url.rpartition("/")[0] + f"/{_TEMPLATE}"
    _migrate(dataclasses.replace(base_settings, database_url=url))
    return _TEMPLATE


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with services.redis_server(tmp_path_factory.mktemp("redis")) as url:
        yield url


def _administer(url: str, statement: str) -> None:
    with create_engine(url, isolation_level="AUTOCOMMIT", poolclass=NullPool).connect() as connection:
        connection.execute(text(statement))


def _migrate(settings: Settings) -> None:
    app = create_app(settings)
    with app.app_context():
        upgrade()
        db.engine.dispose()


@pytest.fixture
def sqlite_database(sqlite_template: Path, tmp_path: Path) -> str:
    file = tmp_path / "test.sqlite3"
    shutil.copyfile(sqlite_template, file)
    return f"sqlite:///{file}"


@pytest.fixture(params=DATABASES)
def database_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """A fresh migrated database; each test that uses it runs once on SQLite and once on PostgreSQL."""
    if request.param == "sqlite":
        yield request.getfixturevalue("sqlite_database")
        return
    server = request.getfixturevalue("postgres_url")
    template = request.getfixturevalue("postgres_template")
    _administer(server, f"drop database if exists {_ONE} with (force)")
    _administer(server, f"create database {_ONE} template {template} strategy file_copy")
    yield server.rpartition("/")[0] + f"/{_ONE}"


@pytest.fixture
def settings(base_settings: Settings, database_url: str, tmp_path: Path) -> Settings:
    return dataclasses.replace(base_settings, database_url=database_url, data_dir=tmp_path)


@pytest.fixture
def frozen() -> Iterator["FrozenClock"]:
    """Business time stands still at NOON; ``frozen.now = …`` moves it."""
    hand = FrozenClock(NOON)
    clock.set_source(lambda: hand.now)
    yield hand
    clock.set_source(lambda: None)


@dataclasses.dataclass
class FrozenClock:
    now: datetime


class Visitor(FlaskClient):
    """The tests' application context outlives a request; what a request kept in ``g`` must not."""

    def open(self, *args, **options):
        for name in list(g):
            g.pop(name)
        return super().open(*args, **options)


@pytest.fixture
def app(settings: Settings, frozen: FrozenClock) -> Iterator[Flask]:
    """The application on a fresh database, within an application context, acting as the system."""
    app = create_app(settings)
    app.test_client_class = Visitor
    with app.app_context():
        context.set_request("test", context.SYSTEM)
        yield app
        db.session.remove()
        db.engine.dispose()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One Chromium for all; without one the tests are skipped, or fail where CHENGJIU_REQUIRE_BROWSER=1."""
    chromium = shutil.which("chromium")
    if chromium is None:
        reason = "no chromium on PATH"
        if os.environ.get("CHENGJIU_REQUIRE_BROWSER") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    with sync_playwright() as playwright:
        chrome = playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
        yield chrome
        chrome.close()
