"""Under which settings the application runs, and what the running stack leaves for the other commands."""

import pytest

from devtools.environment import SERVER_NOTE, app_environment, data_folder, read_note, write_note
from devtools.leftovers import end_leftovers
from devtools.test import clean_environment, spread


@pytest.fixture
def data(tmp_path, monkeypatch):
    for name in ("CHENGJIU_DEMO", "CHENGJIU_ENV", "REDIS_URL", "PUBLIC_URL", "DATABASE_URL"):
        monkeypatch.delenv(name, raising=False)
    return data_folder(tmp_path / "data")


def test_a_new_folder_is_its_owners_alone(data):
    assert data.stat().st_mode & 0o777 == 0o700


def test_the_note_with_the_password_is_its_owners_alone(data):
    write_note(data, {"redis_url": "redis://:secret@127.0.0.1:1/0"})
    assert (data / SERVER_NOTE).stat().st_mode & 0o777 == 0o600


def test_other_commands_use_the_running_stack(data):
    write_note(data, {"redis_url": "redis://here", "public_url": "http://there"})
    env = app_environment(data)
    assert (env["REDIS_URL"], env["PUBLIC_URL"]) == ("redis://here", "http://there")


def test_the_callers_own_settings_win(data, monkeypatch):
    write_note(data, {"redis_url": "redis://here"})
    monkeypatch.setenv("REDIS_URL", "redis://mine")
    assert app_environment(data)["REDIS_URL"] == "redis://mine"


def test_no_demo_switches_demo_helps_off(data, monkeypatch):
    monkeypatch.setenv("CHENGJIU_DEMO", "1")
    assert app_environment(data, demo=False)["CHENGJIU_DEMO"] == "0"


@pytest.mark.parametrize(("note", "helps"), [({}, "1"), ({"demo": "0"}, "0")])
def test_other_commands_show_demo_helps_as_the_running_stack_does(data, note, helps):
    write_note(data, note)
    assert app_environment(data)["CHENGJIU_DEMO"] == helps


@pytest.mark.parametrize("broken", ["", "not json", "[1]"])
def test_a_broken_note_is_no_note(data, broken):
    (data / SERVER_NOTE).write_text(broken)
    assert read_note(data) == {}


def test_tests_never_meet_the_callers_database():
    dirty = {"DATABASE_URL": "x", "REDIS_URL": "x", "PUBLIC_URL": "x", "CHENGJIU_DATA_KEYS": "x", "PATH": "p"}
    kept = {"TEST_DATABASE_URL": "t", "CHENGJIU_REQUIRE_BROWSER": "1"}
    assert clean_environment({**dirty, **kept}) == {"PATH": "p", **kept}


def test_an_old_number_that_belongs_to_somebody_else_is_left_alone(data):
    (data / "run/web.pid").write_text("1\n")
    end_leftovers(data)
    assert not (data / "run/web.pid").exists()


def test_the_whole_suite_is_shared_among_the_cores_and_a_choice_is_not():
    assert spread(["tests/core"]) == spread(["-n", "0"]) == []
    assert spread(["-p", "no:cacheprovider"])[2:] in ([], ["--dist", "loadfile"])
