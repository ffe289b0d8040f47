"""The short cut past the migrations agrees with Alembic, and says no in doubt."""

import sqlite3
from contextlib import closing

import pytest
from alembic.script import ScriptDirectory

from devtools.paths import ROOT
from devtools.schema import VERSIONS, _head, is_current


@pytest.fixture
def database(tmp_path):
    """Return a function that makes a database which records the given revisions."""

    def make(*revisions: str):
        file = tmp_path / "some.sqlite3"
        with closing(sqlite3.connect(file)) as connection, connection:
            connection.execute("CREATE TABLE alembic_version (version_num TEXT)")
            connection.executemany("INSERT INTO alembic_version VALUES (?)", [(one,) for one in revisions])
        return file

    return make


@pytest.fixture
def versions(tmp_path):
    (tmp_path / "one.py").write_text('revision = "a1"\ndown_revision = None\n')
    (tmp_path / "two.py").write_text('revision: str = "b2"\ndown_revision: str | None = "a1"\n')
    return tmp_path


def test_the_head_is_the_one_alembic_finds():
    assert _head(VERSIONS) == ScriptDirectory(str(ROOT / "migrations")).get_current_head()


def test_the_newest_revision_is_current(database, versions):
    assert is_current(database("b2"), versions)


@pytest.mark.parametrize("recorded", [[], ["a1"], ["unknown"], ["a1", "b2"]])
def test_any_other_record_is_not(database, versions, recorded):
    assert not is_current(database(*recorded), versions)


@pytest.mark.parametrize("recorded", ["b2", "c3"])
def test_two_heads_are_not(database, versions, recorded):
    (versions / "three.py").write_text('revision = "c3"\ndown_revision = "a1"\n')
    assert not is_current(database(recorded), versions)


def test_a_script_we_cannot_read_is_not(database, versions):
    (versions / "odd.py").write_text("revision = make_name()\n")
    assert not is_current(database("b2"), versions)


def test_a_missing_or_foreign_file_is_not(tmp_path, versions):
    assert not is_current(tmp_path / "none.sqlite3", versions)
    (tmp_path / "text.sqlite3").write_text("not a database, but long enough to be read as one")
    assert not is_current(tmp_path / "text.sqlite3", versions)
