"""Many rows in one statement: the same rows as one by one, whatever their number."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import DBAPIError, IntegrityError

from chengjiu_mp.core import clock
from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.core.many_rows import insert_each, insert_rows, update_each
from chengjiu_mp.core.models import AuditEntry, Job
from chengjiu_mp.units.models import Sector
from tests import counting

NUMBERS = pytest.mark.parametrize("many", [1, 3, 120])


def _codes(many: int) -> list[str]:
    return [f"{number:03d}" for number in range(many)]


@NUMBERS
def test_many_rows_are_one_statement_and_keep_their_order(app, many):
    with unit_of_work(), counting.statements() as sent:
        added = insert_each(Sector, [{"code": code, "name": code, "sort": 1} for code in _codes(many)], by="code")
    assert len(sent) == 1
    rows = db.session.execute(select(Sector.code, Sector.id).order_by(Sector.id)).all()
    assert [row.code for row in rows] == _codes(many)
    assert added == {row.code: row.id for row in rows}


@NUMBERS
def test_every_kind_of_column_comes_back_as_it_was_given(app, many):
    now = clock.now()
    given = [
        {"at": now + timedelta(microseconds=number), "action": "a", "object_type": "o", "actor_role": f"{number}",
         "object_id": number,
         "facts": [{"who": "，\"'{}", "of": [number]}, {}, [], [[1], [2, 3]], None][number % 5]}
        for number in range(many)
    ]  # fmt: skip
    with unit_of_work():
        insert_rows(AuditEntry, given)
    found = db.session.scalars(select(AuditEntry).order_by(AuditEntry.at)).all()
    assert [{name: getattr(row, name) for name in given[0]} for row in found] == given


@NUMBERS
def test_what_is_left_out_gets_the_columns_default(app, many):
    with unit_of_work():
        insert_rows(Job, [_job(code) for code in _codes(many)])
    for row in db.session.scalars(select(Job)).all():
        assert (row.state, row.attempts, row.due) == ("queued", 0, 0.0)
        assert isinstance(row.created_at, datetime)


def _job(key: str) -> dict[str, object]:
    return {"kind": "a", "queue": "slow", "subject_id": 1, "dedupe_key": key, "run_after": 0.5}


@NUMBERS
def test_what_is_there_already_is_passed_over(app, many):
    with unit_of_work():
        insert_rows(Job, [_job("001")])
    with unit_of_work():
        added = insert_each(Job, [_job(code) for code in _codes(many)], by="dedupe_key", unique=("dedupe_key",))
    assert added.keys() == set(_codes(many)) - {"001"}
    with pytest.raises(IntegrityError), unit_of_work():
        insert_rows(Job, [_job(code) for code in _codes(many)])


# SQLite keeps a text of any length.
@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_text_that_is_too_long_is_refused_and_not_cut(app):
    for many in (1, 60):
        with pytest.raises(DBAPIError, match="too long"), unit_of_work():
            insert_rows(Sector, [{"code": f"{code}{'x' * 200}", "name": code, "sort": 1} for code in _codes(many)])
    with unit_of_work():
        ids = insert_each(Sector, [{"code": code, "name": code, "sort": 1} for code in "ab"], by="code").values()
    with pytest.raises(DBAPIError, match="too long"), unit_of_work():
        update_each(Sector, [{"id": one, "code": "x" * 200} for one in ids])


@NUMBERS
def test_many_rows_are_changed_each_for_itself(app, many):
    with unit_of_work():
        added = insert_each(Job, [_job(code) for code in [*_codes(many), "other"]], by="dedupe_key")
        db.session.execute(update(Job).values(reason="before"))
    with unit_of_work(), counting.statements() as sent:
        update_each(Job, [
            {"id": added[code], "attempts": int(code), "reason": None if int(code) % 2 else code} for code in _codes(many)
        ])  # fmt: skip
    assert len(sent) == 1
    found = {row.dedupe_key: (row.attempts, row.reason) for row in db.session.scalars(select(Job))}
    assert found.pop("other") == (0, "before")
    assert found == {code: (int(code), None if int(code) % 2 else code) for code in _codes(many)}


@NUMBERS
def test_whole_numbers_stand_among_fractions(app, many):
    halves = {code: int(code) / 2 if int(code) % 2 else int(code) // 2 for code in _codes(many)}
    with unit_of_work():
        added = insert_each(Job, [{**_job(code), "due": half} for code, half in halves.items()], by="dedupe_key")
        update_each(Job, [{"id": added[code], "run_after": half} for code, half in halves.items()])
    assert {row.dedupe_key: row.due for row in db.session.scalars(select(Job))} == halves
    assert {row.dedupe_key: row.run_after for row in db.session.scalars(select(Job))} == halves


@pytest.mark.parametrize("many", [2, 120])
def test_a_row_with_more_columns_than_the_first_is_refused_and_loses_none(app, many):
    first, *others = _codes(many)
    rows = [_job(first), *({**_job(code), "reason": "because"} for code in others)]
    with pytest.raises(ValueError, match="same columns"), unit_of_work():
        insert_rows(Job, rows)
    with pytest.raises(ValueError, match="same columns"), unit_of_work():
        update_each(Job, [{"id": 1, "due": 1.0}, {"id": 2, "due": 1.0, "reason": "because"}])
