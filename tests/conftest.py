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
from playwright.sync_api import Browser, sync_playwright
from sqlalchemy import Connection, Engine, event

from chengjiu_mp import create_app
from chengjiu_mp.config import Settings, from_environment
from chengjiu_mp.core import clock, context
from chengjiu_mp.core.db import db
from devtools import services
from tests import databases
from tests.browsing import FLAGS

pytest_plugins = ["tests.twins"]
DATABASES = os.environ.get("TEST_DATABASES", "sqlite,postgresql").split(",")
# A Monday; every test begins here unless it sets the clock itself.
NOON = datetime.fromisoformat("2026-11-23T12:00:00+08:00")

KEY = {
    "CHENGJIU_SECRET_KEY": "tests-only-0123456789-abcdefghijklmnop",
    "CHENGJIU_DATA_KEYS": '{"tst1": "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="}',
    "CHENGJIU_INDEX_KEY": "ZmVkY2JhOTg3NjU0MzIxMGZlZGNiYTk4NzY1NDMyMTA=",
    "CHENGJIU_ENV": "test",
    "PUBLIC_URL": "http://127.0.0.1:8000",
}


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Make all browser tests one counted skip where there is no Chromium; the fixture fails where it is required."""
    if shutil.which("chromium") or os.environ.get("CHENGJIU_REQUIRE_BROWSER") == "1":
        return
    idle = [item for item in items if item.get_closest_marker("browser")]
    if idle:
        idle[0].add_marker(pytest.mark.skip(reason=f"no chromium on PATH: {len(idle)} browser tests did not run"))
        config.hook.pytest_deselected(items=idle[1:])
        items[:] = [item for item in items if item not in idle[1:]]


@pytest.fixture(scope="session")
def base_settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return from_environment({**KEY, "CHENGJIU_DATA_DIR": str(tmp_path_factory.mktemp("data"))})


@pytest.fixture(scope="session")
def sqlite_template(base_settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("template") / "template.sqlite3"
    databases.migrate(dataclasses.replace(base_settings, database_url=f"sqlite:///{file}"))
    return file


@pytest.fixture(scope="session")
def postgres_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with services.postgres_server(tmp_path_factory.mktemp("pg")) as url:
        yield url


@pytest.fixture(scope="session")
def postgres_template(base_settings: Settings, postgres_url: str) -> None:
    databases.administer(postgres_url, f"create database {databases.TEMPLATE}")
    url = postgres_url.rpartition("/")[0] + f"/{databases.TEMPLATE}"
    databases.migrate(dataclasses.replace(base_settings, database_url=url))


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with services.redis_server(tmp_path_factory.mktemp("redis")) as url:
        yield url


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
    request.getfixturevalue("postgres_template")
    yield databases.fresh_postgres(request.getfixturevalue("postgres_url"))


@pytest.fixture
def settings(base_settings: Settings, database_url: str, tmp_path: Path) -> Settings:
    return dataclasses.replace(base_settings, database_url=database_url, data_dir=tmp_path)


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    """Close what a test opened beside its application, as a second one: else the collector does it, and warns in
    whichever test runs by then.
    """
    opened: set[Engine] = set()

    def note(connection: Connection) -> None:
        opened.add(connection.engine)

    event.listen(Engine, "engine_connect", note)
    yield
    event.remove(Engine, "engine_connect", note)
    for engine in list(opened):
        engine.dispose()


@pytest.fixture
def frozen() -> Iterator["FrozenClock"]:
    """Business time stands still at NOON; ``frozen.now = …`` moves it."""
    hand = FrozenClock(NOON)
    clock.set_source(lambda: hand.now)
    yield hand
    clock.set_source(None)


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
    """One Chromium for all: a process can drive only one."""
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.fail("no chromium on PATH")
    with sync_playwright() as playwright:
        chrome = playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
        yield chrome
        chrome.close()
