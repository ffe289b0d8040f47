"""A database that has been in use for long: sign-ups by the hundred thousand, copied from one that the product made."""

from typing import Any

from sqlalchemy import Connection, Engine, Table, text

from chengjiu_mp.core.db import Base

SIGNUPS, RUNS = 200_000, 10_000
# The columns that a copy cannot share with its original, and those that point to another copied row; `g` counts from 1,
# `per` are the sign-ups of a run. What is not named here is the original's.
_OTHERS = {
    "course_run": {
        "uid": "{hex}", "token_hash": "{hash}", "state": "case when g % 10 = 0 then 'published' else 'closed' end",
    },
    "seat_pool": {"run_id": "{course_run} + g", "taken": "{per}"},
    "meeting": {"run_id": "{course_run} + g"},
    "person": {"uid": "{hex}", "doc_index": "{hash}"},
    "signup": {
        "uid": "{hex}", "run_id": "{course_run} + 1 + (g - 1) / {per}", "pool_id": "{seat_pool} + 1 + (g - 1) / {per}",
        "person_id": "{person} + g", "phone_index": "{hash}", "ticket_hash": "{hash}",
        "code": "cast(100000 + g % 900000 as varchar(6))",
    },
    "consent": {"person_id": "{person} + g", "signup_id": "{signup} + g"},
    "message": {
        "uid": "{hex}", "subject_id": "{signup} + g", "dedupe_key": "'signup.confirmed:' || ({signup} + g)",
        "phone_index": "{hash}",
    },
    "delivery": {"message_id": "{message} + g", "state": "'delivered'"},
    "job": {
        "subject_id": "{delivery} + g", "dedupe_key": "'outbox.deliver:' || ({delivery} + g)", "state": "'done'",
    },
    "audit_entry": {"object_id": "{signup} + g"},
    "idempotency_key": {"uid": "{hex}", "key": "{hex}"},
}  # fmt: skip
_PER_RUN = ("course_run", "seat_pool", "meeting")
_WORDS = {
    "postgresql": {"hex": "md5('{table}' || g)", "hash": "sha256(('{column}' || g)::bytea)"},
    "sqlite": {"hex": "lower(hex(randomblob(16)))", "hash": "randomblob(32)"},
}
# What time has done in a database of that age; a fresh one would do it while it is measured.
_TIDY = {"postgresql": ("vacuum analyze",), "sqlite": ("analyze", "pragma wal_checkpoint(truncate)")}


def fill(engine: Engine, signups: int, runs: int) -> None:
    """Copy the newest sign-up, and all that was written with it, until there are so many in so many runs."""
    with engine.begin() as connection:
        bases = {name: _highest(connection, name) for name in _OTHERS}
        if engine.dialect.name == "postgresql":
            connection.execute(text("set local session_replication_role = replica"))  # no look-up for each key
            connection.execute(text("set local work_mem = '64MB'"))
        for name in _OTHERS:
            _multiply(connection, name, runs if name in _PER_RUN else signups, {**bases, "per": signups // runs})
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for sentence in _TIDY[engine.dialect.name]:
            connection.execute(text(sentence))


def _highest(connection: Connection, name: str) -> int:
    return int(connection.execute(text(f"select coalesce(max(id), 0) from {name}")).scalar_one())  # noqa: S608


def _multiply(connection: Connection, name: str, times: int, words: dict[str, Any]) -> None:
    """Copy the rows of the newest sign-up: several of `consent`, one of every other table."""
    table, dialect = Base.metadata.tables[name], connection.dialect.name
    of = f"signup_id = {words['signup']}" if name == "consent" else f"id = {words[name]}"
    for original in connection.execute(text(f"select id from {name} where {of} order by id")).scalars().all():  # noqa: S608
        series = f"generate_series(1, {times}) g"
        if dialect == "sqlite":
            series = (
                f"(with recursive s(g) as (select 1 union all select g + 1 from s where g < {times}) select g from s)"  # noqa: S608
            )
        chosen = ", ".join(_values(table, dialect, {**words, name: _highest(connection, name)}, words))
        columns = ", ".join(f'"{column.name}"' for column in table.columns)
        connection.execute(
            text(f"insert into {name} ({columns}) select {chosen} from {name} t, {series} where t.id = {original}")  # noqa: S608
        )
    if dialect == "postgresql":
        connection.execute(text(f"select setval(pg_get_serial_sequence('{name}', 'id'), max(id)) from {name}"))  # noqa: S608


def _values(table: Table, dialect: str, now: dict[str, Any], before: dict[str, Any]) -> list[str]:
    """Return what stands in each column of a copy, in SQL."""
    found = []
    for column in table.columns:
        other = f"{now[table.name]} + g" if column.name == "id" else _OTHERS[table.name].get(column.name)
        named = {word: sql.format(table=table.name, column=column.name) for word, sql in _WORDS[dialect].items()}
        found.append(other.format(**{**before, **named}) if other else f't."{column.name}"')
    return found
